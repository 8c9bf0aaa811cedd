//! Reads custom resources of the Flink operator for the rules of the family `flink`: what its
//! validator refuses, and what that validator misses.
//!
//! The operator reports one problem at a time, in a status field, after the object is stored. Rules
//! report all of them before. [`DeclaredSpec`] and the files here give them the fields; they
//! contain no messages.

pub mod artifacts;
pub mod autoscaler_state;
pub mod excluded_periods;
pub mod ingress;
pub mod jar;
pub mod overlapping_keys;
pub mod session_options;
pub mod version;

use super::Workload;
use super::config::Entry;
use super::options::Names;
use crate::resource::pointer;
use serde_json::Value;

/// The spec of a custom resource that declares a cluster or a job: at `/spec`, or in the template
/// of a FlinkBlueGreenDeployment.
#[derive(Clone, Copy, Debug)]
pub struct DeclaredSpec<'a> {
    workload: &'a Workload,
    spec: &'a Value,
    /// JSON Pointer of the spec.
    place: &'a str,
}

impl<'a> DeclaredSpec<'a> {
    /// Finds the spec; `None` if the object has none.
    pub fn new(object: &'a Value, workload: &'a Workload) -> Option<Self> {
        let place = workload.config_pointer.as_deref().and_then(pointer::parent).unwrap_or("/spec");
        Some(Self { workload, spec: pointer::at(object, place)?, place })
    }

    /// The spec.
    pub fn spec(&self) -> &'a Value {
        self.spec
    }

    /// A field of the spec by its path, such as `/job/state`; `None` if it is missing or null.
    pub fn field(&self, path: &str) -> Option<&'a Value> {
        pointer::at(self.spec, path).filter(|value| !value.is_null())
    }

    /// The text of a field; `None` if it is missing, blank or not a string.
    pub fn text(&self, path: &str) -> Option<&'a str> {
        self.field(path).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
    }

    /// JSON Pointer of a field of the spec.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.place)
    }

    /// A field of the spec in dotted form: `spec.job.state`.
    pub fn name(&self, path: &str) -> String {
        field_name(&self.at(path))
    }

    /// The first of an option's names that is set; the cluster's value applies to a session job
    /// that does not set it.
    pub fn option(&self, names: &[&str]) -> Option<(&'a str, &'a Entry)> {
        self.workload.option(names)
    }

    /// Whether an option is set to true.
    pub fn is_true(&self, names: &[&str]) -> bool {
        self.option(names).is_some_and(|(_, entry)| entry.value.eq_ignore_ascii_case("true"))
    }

    /// Whether an option is missing or blank.
    pub fn is_blank(&self, names: Names) -> bool {
        self.option(names).is_none_or(|(_, entry)| entry.value.trim().is_empty())
    }

    /// Whether the object's author wrote an option; otherwise a field or the operator's
    /// configuration sets it.
    pub fn is_written(&self, entry: &Entry) -> bool {
        let (Some(place), Some(options)) =
            (entry.pointer.as_deref(), self.workload.config_pointer.as_deref())
        else {
            return false;
        };
        place.starts_with(options)
    }

    /// JSON Pointer of an option, even if it is missing.
    pub fn place_of(&self, key: &str, entry: Option<&Entry>) -> String {
        entry.and_then(|entry| entry.pointer.clone()).unwrap_or_else(|| {
            pointer::join(
                self.workload.config_pointer.as_deref().unwrap_or("/spec/flinkConfiguration"),
                key,
            )
        })
    }
}

/// The dotted form of a pointer: `spec.job.parallelism`.
pub fn field_name(place: &str) -> String {
    pointer::tokens(place).collect::<Vec<_>>().join(".")
}
