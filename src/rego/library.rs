//! The library: policies in the binary that users switch on by name, copy and adapt.
//!
//! `policies/<name>/` holds each with its tests and a FlinkPolicy that installs it in a cluster.
//! None applies until a user names it: `--policies library/naming`, or `library` for all.

use super::error::PolicyError;
use super::rule;
use super::source::PolicySource;
use crate::rules::Documentation;
use crate::spelling::closest;
use std::path::Path;

/// What a path begins with that names policies of the library.
const PREFIX: &str = "library";

/// `policies/*/` by name; `build.rs` makes the list.
static POLICIES: &[LibraryPolicy] = include!(concat!(env!("OUT_DIR"), "/library.rs"));

/// One policy of the library.
#[derive(Debug)]
pub struct LibraryPolicy {
    /// Its name, which is its folder's.
    pub name: &'static str,
    /// The policy.
    pub rego: &'static str,
    /// Its tests.
    pub tests: &'static str,
    /// A FlinkPolicy object, as YAML, that installs it in a cluster.
    pub flink_policy: &'static str,
}

/// All policies of the library, sorted by name.
pub fn policies() -> &'static [LibraryPolicy] {
    POLICIES
}

/// The policy with this name.
///
/// # Errors
/// When there is none.
pub fn find(name: &str) -> Result<&'static LibraryPolicy, PolicyError> {
    POLICIES.iter().find(|policy| policy.name == name).ok_or_else(|| {
        let names: Vec<&str> = POLICIES.iter().map(|policy| policy.name).collect();
        PolicyError::UnknownPolicy {
            name: name.into(),
            advice: match closest(name, &names) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`flinkgate policies` lists all".into(),
            },
        }
    })
}

/// The name below `library` if a path names the library: `naming`, or nothing for all policies.
///
/// A folder of the same name is `./library`.
pub fn name(path: &Path) -> Option<&str> {
    path.strip_prefix(PREFIX).ok()?.to_str()
}

/// The files of one policy, or of all where the name is empty, with their tests.
///
/// # Errors
/// When there is no such policy.
pub(super) fn sources(name: &str) -> Result<Vec<PolicySource>, PolicyError> {
    let policies = match name {
        "" => POLICIES,
        name => std::slice::from_ref(find(name)?),
    };
    Ok(policies.iter().flat_map(LibraryPolicy::sources).collect())
}

impl LibraryPolicy {
    fn sources(&self) -> [PolicySource; 2] {
        let source = |ending: &str, text: &str| PolicySource {
            path: format!("{PREFIX}/{name}/{name}{ending}", name = self.name),
            text: text.into(),
            ..PolicySource::default()
        };
        [source(".rego", self.rego), source("_test.rego", self.tests)]
    }

    /// What its metadata says.
    ///
    /// # Errors
    /// When the metadata cannot be read, which a test rules out.
    pub fn documentation(&self) -> Result<Documentation, PolicyError> {
        let [source, _] = self.sources();
        rule::read(&source, &[]).map_err(|problem| PolicyError::Rejected(vec![problem]))
    }
}
