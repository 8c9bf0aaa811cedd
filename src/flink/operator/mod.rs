//! What the Flink operator's own validator refuses in its custom resources, and what that validator
//! misses.
//!
//! The operator tells one problem at a time, after the object is stored, in a status field. Here
//! all are told, at their places, before. Each file is one subject; every check is silent and
//! allocates nothing where nothing is wrong.
//!
//! [`DeclaredSpec`] is what rules of the family `flink` read a custom resource with; those that moved to
//! [`rules`](crate::rules) have their checks there.

pub mod artifacts;
pub mod excluded_periods;
pub mod ingress;

use super::Workload;
use super::config::Entry;
use super::options::Names;
use crate::resource::pointer;
use serde_json::Value;

/// A custom resource that declares a cluster or a job, read where its spec is: at `/spec`, or in
/// the template of a FlinkBlueGreenDeployment.
#[derive(Clone, Copy, Debug)]
pub struct DeclaredSpec<'a> {
    workload: &'a Workload,
    spec: &'a Value,
    /// JSON Pointer of the spec.
    place: &'a str,
}

impl<'a> DeclaredSpec<'a> {
    /// Finds the spec; `None` where the object has none.
    pub fn new(object: &'a Value, workload: &'a Workload) -> Option<Self> {
        let place = workload.config_pointer.as_deref().and_then(pointer::parent).unwrap_or("/spec");
        Some(Self { workload, spec: pointer::at(object, place)?, place })
    }

    /// A field of the spec by its path, `/job/state`; `None` where it is missing or null.
    pub fn field(&self, path: &str) -> Option<&'a Value> {
        pointer::at(self.spec, path).filter(|value| !value.is_null())
    }

    /// Text of a field; `None` where it is missing, blank or not a string.
    pub fn text(&self, path: &str) -> Option<&'a str> {
        self.field(path).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
    }

    /// JSON Pointer of a field of the spec.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.place)
    }

    /// A field of the spec as people write it: `spec.job.state`.
    pub fn name(&self, path: &str) -> String {
        field_name(&self.at(path))
    }

    /// The first of an option's names that is set; where a session job does not set it, its
    /// cluster's value holds.
    pub fn option(&self, names: &[&str]) -> Option<(&'a str, &'a Entry)> {
        let of_cluster =
            || self.workload.session.as_ref().and_then(|session| session.config.first(names));
        self.workload.config.first(names).or_else(of_cluster)
    }

    /// Whether an option is set to true.
    pub fn is_true(&self, names: &[&str]) -> bool {
        self.option(names).is_some_and(|(_, entry)| entry.value.eq_ignore_ascii_case("true"))
    }

    /// Whether an option is missing or blank.
    pub fn is_blank(&self, names: Names) -> bool {
        self.option(names).is_none_or(|(_, entry)| entry.value.trim().is_empty())
    }

    /// Whether the object's author wrote an entry among the options; otherwise a field implies it,
    /// or the operator's own configuration.
    pub fn is_written(&self, entry: &Entry) -> bool {
        let (Some(place), Some(options)) =
            (entry.pointer.as_deref(), self.workload.config_pointer.as_deref())
        else {
            return false;
        };
        place.starts_with(options)
    }

    /// Where an option is written, or would be.
    pub fn place_of(&self, key: &str, entry: Option<&Entry>) -> String {
        entry.and_then(|entry| entry.pointer.clone()).unwrap_or_else(|| {
            pointer::join(
                self.workload.config_pointer.as_deref().unwrap_or("/spec/flinkConfiguration"),
                key,
            )
        })
    }
}

/// A pointer as people write a field: `spec.job.parallelism`.
pub fn field_name(place: &str) -> String {
    pointer::tokens(place).collect::<Vec<_>>().join(".")
}
