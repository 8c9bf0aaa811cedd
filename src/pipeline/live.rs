//! A gate that reloads its files when they change and swaps tenants and policies while requests run.
//! Files that fail to load change nothing and are reported.

use super::{Gate, GateError, Unassigned};
use crate::causes::with_causes;
use crate::flink::operator::version::OperatorVersion;
use crate::flink::requester::OperatorUsers;
use crate::rego::{PolicyStore, source};
use crate::resource::files::{self, FilesError};
use arc_swap::ArcSwap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The current gate and its files.
#[derive(Debug)]
pub struct LiveGate {
    files: GateFiles,
    unassigned: Unassigned,
    store: PolicyStore,
    gate: ArcSwap<Gate>,
    /// Fingerprint of the files at the last refresh.
    fingerprint: AtomicU64,
}

/// The files of a gate.
#[derive(Clone, Debug, Default)]
pub struct GateFiles {
    /// Files and folders with FlinkTenants.
    pub tenants: Vec<PathBuf>,
    /// Files and folders with policies.
    pub policies: Vec<PathBuf>,
    /// The Flink operator's configuration.
    pub operator_config: Option<PathBuf>,
    /// The users of the operators.
    pub operator_users: OperatorUsers,
    /// The release of the operator.
    pub operator_version: Option<OperatorVersion>,
}

/// The result of a refresh.
#[derive(Debug)]
pub enum Reload {
    /// The files are the same.
    Unchanged,
    /// The new files are loaded, with these warnings.
    Loaded(Vec<String>),
    /// The new files are invalid, for this reason; the old ones stay loaded.
    Failed(String),
}

impl LiveGate {
    /// Loads the files for the first time.
    ///
    /// # Errors
    /// When a tenant or policy is invalid.
    pub fn load(
        files: GateFiles,
        unassigned: Unassigned,
    ) -> Result<(Self, Vec<String>), GateError> {
        // Taken before the files are read, so that the first refresh sees changes in between.
        let fingerprint = AtomicU64::new(files.fingerprint().unwrap_or_default());
        let (gate, warnings) = Gate::load(&files.tenants, &files.policies, unassigned)?;
        let gate = gate.with_ledgers().with_operator_users(files.operator_users.clone());
        let gate = gate.with_operator_config(files.operator_config.as_deref())?;
        let gate = gate.with_operator_version(files.operator_version);
        let store = PolicyStore::new(gate.policies().clone());
        let warnings = gate.warnings(&warnings);
        let gate = ArcSwap::from_pointee(gate);
        let live = Self { files, unassigned, store, gate, fingerprint };
        Ok((live, warnings))
    }

    /// The current gate; hold it for one request.
    pub fn current(&self) -> Arc<Gate> {
        self.gate.load_full()
    }

    /// Loads the files again if they changed since the last refresh.
    pub fn refresh(&self) -> Reload {
        let found = self.files.fingerprint().map_err(|error| with_causes(&error));
        // A failure is a state of its own: it is reported once, and files that come back unchanged
        // are loaded again.
        let now = found.as_ref().map_or_else(hash, |fingerprint| *fingerprint);
        if self.fingerprint.swap(now, Ordering::Relaxed) == now {
            return Reload::Unchanged;
        }
        if let Err(error) = found {
            return Reload::Failed(error);
        }
        // Invalid policies must not block a change of tenants, and the reverse.
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
        let gate = gate.with_ledgers().with_operator_users(self.files.operator_users.clone());
        let gate = gate.with_operator_version(self.files.operator_version);
        let (gate, operator) =
            match gate.clone().with_operator_config(self.files.operator_config.as_deref()) {
                Ok(gate) => (gate, None),
                Err(error) => (gate.with_context(old.context()), Some(with_causes(&error))),
            };
        self.gate.store(Arc::new(gate));
        let failures: Vec<String> = [policies, tenants, operator].into_iter().flatten().collect();
        if failures.is_empty() {
            Reload::Loaded(warnings)
        } else {
            Reload::Failed(failures.join("; "))
        }
    }
}

impl GateFiles {
    /// A number that changes when the files change.
    fn fingerprint(&self) -> Result<u64, FilesError> {
        let tenants = files::list_files(&self.tenants, &["yaml", "yml", "json"])?;
        let policies = files::list_files(&source::on_disk(&self.policies), &source::EXTENSIONS)?;
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
