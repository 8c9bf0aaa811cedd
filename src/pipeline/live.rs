//! A gate that follows its files: tenants and policies are loaded anew when they change, and swapped while
//! requests run. What does not load leaves everything as it was, and is told.

use super::{Gate, GateError, Unassigned};
use crate::causes::with_causes;
use crate::policy::PolicyStore;
use crate::resource::files::{self, FilesError};
use arc_swap::ArcSwap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The gate in force, and the files it is made of.
#[derive(Debug)]
pub struct LiveGate {
    tenants: Vec<PathBuf>,
    policies: Vec<PathBuf>,
    unassigned: Unassigned,
    store: PolicyStore,
    gate: ArcSwap<Gate>,
    /// What the files held when they were last looked at.
    seen: AtomicU64,
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
    pub fn load(tenants: Vec<PathBuf>, policies: Vec<PathBuf>, unassigned: Unassigned) -> Result<(Self, Vec<String>), GateError> {
        // Before the files are read: what changes in between is seen by the first refresh.
        let seen = AtomicU64::new(fingerprint(&tenants, &policies).unwrap_or_default());
        let (gate, warnings) = Gate::load(&tenants, &policies, unassigned)?;
        let store = PolicyStore::new(gate.policies().clone());
        let warnings = gate.warnings(&warnings);
        let live = Self { tenants, policies, unassigned, store, gate: ArcSwap::from_pointee(gate), seen };
        Ok((live, warnings))
    }

    /// The gate in force; hold it for the length of one request.
    pub fn current(&self) -> Arc<Gate> {
        self.gate.load_full()
    }

    /// Loads the files again if they changed since they were last looked at.
    pub fn refresh(&self) -> Change {
        let found = fingerprint(&self.tenants, &self.policies).map_err(|error| with_causes(&error));
        // A failure is a state of its own: it is told once, and files that come back unchanged are a change.
        let now = found.as_ref().map_or_else(hash, |fingerprint| *fingerprint);
        if self.seen.swap(now, Ordering::Relaxed) == now {
            return Change::None;
        }
        if let Err(error) = found {
            return Change::Refused(error);
        }
        // What does not load must not keep the rest from taking force: neither policies a tenant's change, nor the reverse.
        let policies = self.store.reload(&self.policies).err().map(|error| with_causes(&error));
        let tenants = match Gate::load_tenants(&self.tenants, self.store.current(), self.unassigned) {
            Ok((gate, warnings)) => {
                let warnings = gate.warnings(&warnings);
                self.gate.store(Arc::new(gate));
                Ok(warnings)
            }
            Err(error) => {
                let old = self.current();
                self.gate.store(Arc::new(Gate::new(old.tenants().clone(), self.store.current(), self.unassigned)));
                Err(with_causes(&error))
            }
        };
        match (policies, tenants) {
            (None, Ok(warnings)) => Change::Taken(warnings),
            (Some(error), Ok(_)) | (None, Err(error)) => Change::Refused(error),
            (Some(policies), Err(tenants)) => Change::Refused(format!("{policies}; {tenants}")),
        }
    }
}

/// A number for what the files hold now; it changes when they do.
fn fingerprint(tenants: &[PathBuf], policies: &[PathBuf]) -> Result<u64, FilesError> {
    let tenants = files::list_files(tenants, &["yaml", "yml", "json"])?;
    let policies = files::list_files(policies, &["rego"])?;
    Ok(files::fingerprint(&[tenants, policies].concat()))
}

fn hash(text: &String) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
