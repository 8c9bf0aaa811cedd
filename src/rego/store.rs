//! The policy set in force, swapped while requests run.

use super::error::PolicyError;
use super::set::PolicySet;
use crate::causes::with_causes;
use arc_swap::{ArcSwap, ArcSwapOption};
use std::path::PathBuf;
use std::sync::Arc;

/// Holds the current set. A change that does not compile leaves the old set in force and is
/// remembered.
#[derive(Debug)]
pub struct PolicyStore {
    current: ArcSwap<PolicySet>,
    last_error: ArcSwapOption<String>,
}

impl PolicyStore {
    /// Starts with a set that is known to be good.
    pub fn new(set: Arc<PolicySet>) -> Self {
        Self { current: ArcSwap::new(set), last_error: ArcSwapOption::empty() }
    }

    /// The set in force; hold it for the length of one request, so that all its rules are of one
    /// set.
    pub fn current(&self) -> Arc<PolicySet> {
        self.current.load_full()
    }

    /// Loads the built-in rules and these files anew, and puts them in force if all is well.
    ///
    /// # Errors
    /// When a policy is refused: the old set stays.
    pub fn reload(&self, paths: &[PathBuf]) -> Result<(), PolicyError> {
        self.replace(PolicySet::load(paths))
    }

    /// Puts a set in force that was made elsewhere, or remembers why there is none.
    ///
    /// # Errors
    /// The one that came in.
    pub fn replace(&self, set: Result<PolicySet, PolicyError>) -> Result<(), PolicyError> {
        match set {
            Ok(set) => {
                self.current.store(Arc::new(set));
                self.last_error.store(None);
                Ok(())
            }
            Err(error) => {
                self.last_error.store(Some(Arc::new(with_causes(&error))));
                Err(error)
            }
        }
    }

    /// Why the last change was not taken, for `/readyz`; `None` once one was.
    pub fn last_error(&self) -> Option<String> {
        self.last_error.load().as_deref().cloned()
    }
}
