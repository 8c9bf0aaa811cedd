//! A gate that follows its files: tenants and policies are loaded anew when they change, and
//! swapped while requests run. What does not load leaves everything as it was, and is told.

use super::{Gate, GateError, Unassigned};
use crate::causes::with_causes;
use crate::rego::{PolicyStore, source};
use crate::resource::files::{self, FilesError};
use arc_swap::ArcSwap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The gate in force, and the files it is made of.
#[derive(Debug)]
pub struct LiveGate {
    files: GateFiles,
    unassigned: Unassigned,
    store: PolicyStore,
    gate: ArcSwap<Gate>,
    /// What the files held when they were last looked at.
    seen: AtomicU64,
}

/// The files that a gate is made of.
#[derive(Clone, Debug, Default)]
pub struct GateFiles {
    /// Files and folders with FlinkTenants.
    pub tenants: Vec<PathBuf>,
    /// Files and folders with more rules.
    pub policies: Vec<PathBuf>,
    /// The Flink operator's configuration.
    pub operator_config: Option<PathBuf>,
}

/// What a look at the files found.
#[derive(Debug)]
pub enum Change {
    /// Nothing has changed.
    None,
    /// The new files are in force; what is worth a warning about them.
    Taken(Vec<String>),
    /// The new files are not right; the old ones stay in force.
    Refused(String),
}

impl LiveGate {
    /// Loads the files for the first time.
    ///
    /// # Errors
    /// When a tenant or policy is not right: there is nothing yet to fall back on.
    pub fn load(
        files: GateFiles,
        unassigned: Unassigned,
    ) -> Result<(Self, Vec<String>), GateError> {
        // Before the files are read: what changes in between is seen by the first refresh.
        let seen = AtomicU64::new(files.fingerprint().unwrap_or_default());
        let (gate, warnings) = Gate::load(&files.tenants, &files.policies, unassigned)?;
        let gate = gate.with_ledgers().with_operator_config(files.operator_config.as_deref())?;
        let store = PolicyStore::new(gate.policies().clone());
        let warnings = gate.warnings(&warnings);
        let live = Self { files, unassigned, store, gate: ArcSwap::from_pointee(gate), seen };
        Ok((live, warnings))
    }

    /// The gate in force; hold it for the length of one request.
    pub fn current(&self) -> Arc<Gate> {
        self.gate.load_full()
    }

    /// Loads the files again if they changed since they were last looked at.
    pub fn refresh(&self) -> Change {
        let found = self.files.fingerprint().map_err(|error| with_causes(&error));
        // A failure is a state of its own: it is told once, and files that come back unchanged are
        // a change.
        let now = found.as_ref().map_or_else(hash, |fingerprint| *fingerprint);
        if self.seen.swap(now, Ordering::Relaxed) == now {
            return Change::None;
        }
        if let Err(error) = found {
            return Change::Refused(error);
        }
        // What does not load must not keep the rest from taking force: neither policies a tenant's
        // change, nor the reverse.
        let policies =
            self.store.reload(&self.files.policies).err().map(|error| with_causes(&error));
        let old = self.current();
        let (gate, warnings, tenants) =
            match Gate::load_tenants(&self.files.tenants, self.store.current(), self.unassigned) {
                Ok((gate, warnings)) => {
                    let warnings = gate.warnings(&warnings);
                    (gate, warnings, None)
                }
                Err(error) => (
                    Gate::new(old.tenants().clone(), self.store.current(), self.unassigned),
                    Vec::new(),
                    Some(with_causes(&error)),
                ),
            };
        let gate = gate.with_ledgers();
        let (gate, operator) =
            match gate.clone().with_operator_config(self.files.operator_config.as_deref()) {
                Ok(gate) => (gate, None),
                Err(error) => (gate.with_context(old.context()), Some(with_causes(&error))),
            };
        self.gate.store(Arc::new(gate));
        let refused: Vec<String> = [policies, tenants, operator].into_iter().flatten().collect();
        if refused.is_empty() {
            Change::Taken(warnings)
        } else {
            Change::Refused(refused.join("; "))
        }
    }
}

impl GateFiles {
    /// A number for what the files hold now; it changes when they do.
    fn fingerprint(&self) -> Result<u64, FilesError> {
        let tenants = files::list_files(&self.tenants, &["yaml", "yml", "json"])?;
        let policies = files::list_files(&source::on_disk(&self.policies), &["rego"])?;
        Ok(files::fingerprint(
            &[tenants, policies, self.operator_config.iter().cloned().collect()].concat(),
        ))
    }
}

fn hash(text: &String) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
