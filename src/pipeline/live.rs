//! A gate that follows its files: tenants and policies are loaded anew when they change, and swapped while
//! requests run. What does not load leaves everything as it was, and is told.

use super::{Gate, GateError, Unassigned};
use crate::policy::PolicyStore;
use crate::resource::files::{self, FilesError};
use arc_swap::ArcSwap;
use std::path::PathBuf;
use std::sync::Arc;

/// The gate in force, and the files it is made of.
#[derive(Debug)]
pub struct LiveGate {
    tenants: Vec<PathBuf>,
    policies: Vec<PathBuf>,
    unassigned: Unassigned,
    store: PolicyStore,
    gate: ArcSwap<Gate>,
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
        let (gate, warnings) = Gate::load(&tenants, &policies, unassigned)?;
        let store = PolicyStore::new(gate.policies().clone());
        let live = Self { tenants, policies, unassigned, store, gate: ArcSwap::from_pointee(gate) };
        Ok((live, warnings.iter().map(ToString::to_string).collect()))
    }

    /// The gate in force; hold it for the length of one request.
    pub fn current(&self) -> Arc<Gate> {
        self.gate.load_full()
    }

    /// A number for what the files hold now; it changes when they do.
    ///
    /// # Errors
    /// When the files cannot be listed.
    pub fn fingerprint(&self) -> Result<u64, FilesError> {
        let tenants = files::list_files(&self.tenants, &["yaml", "yml", "json"])?;
        let policies = files::list_files(&self.policies, &["rego"])?;
        Ok(files::fingerprint(&[tenants, policies].concat()))
    }

    /// Loads the files again if they changed since `seen`, which it renews.
    pub fn refresh(&self, seen: &mut u64) -> Change {
        let fingerprint = match self.fingerprint() {
            Ok(fingerprint) if fingerprint == *seen => return Change::None,
            Ok(fingerprint) => fingerprint,
            Err(error) => return Change::Refused(chain(&error)),
        };
        *seen = fingerprint;
        // Policies that do not load must not keep a tenant's change from taking force.
        let policies = self.store.reload(&self.policies).err().map(|error| chain(&error));
        match Gate::load_tenants(&self.tenants, self.store.current(), self.unassigned) {
            Err(error) => Change::Refused([policies, Some(chain(&error))].into_iter().flatten().collect::<Vec<_>>().join("; ")),
            Ok((gate, warnings)) => {
                self.gate.store(Arc::new(gate));
                match policies {
                    Some(error) => Change::Refused(error),
                    None => Change::Taken(warnings.iter().map(ToString::to_string).collect()),
                }
            }
        }
    }
}

/// An error with its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        text.push_str(": ");
        text.push_str(&deeper.to_string());
        cause = deeper.source();
    }
    text
}
