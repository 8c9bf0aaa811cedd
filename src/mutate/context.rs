//! What every injector can read: the object, its workload and its tenant.

use super::edit::Path;
use crate::flink::workload::MAIN_CONTAINER;
use crate::flink::{PodSet, Role, Template, Workload};
use crate::resource::{Resource, pointer};
use crate::tenant::FlinkTenantSpec;
use serde_json::Value;

/// The inputs that all injectors of one mutation share.
pub(super) struct Context<'a> {
    pub(super) resource: &'a Resource,
    pub(super) workload: &'a Workload,
    pub(super) tenant: &'a FlinkTenantSpec,
    /// The Flink cluster whose claim is mounted. A blue/green child shares its parent's claim.
    pub(super) cluster: &'a str,
}

/// One pod set in its current state.
pub(super) struct Pods<'a> {
    pub(super) set: &'a PodSet,
    pub(super) object: &'a Value,
    pub(super) template: &'a Value,
}

impl<'a> Pods<'a> {
    /// The view of one pod set.
    pub(super) fn new(set: &'a PodSet, object: &'a Value) -> Self {
        Self { set, object, template: set.template(object) }
    }

    /// The template's pod spec; `Null` if it has none.
    pub(super) fn spec(&self) -> &'a Value {
        self.template.get("spec").unwrap_or(&Value::Null)
    }

    /// Whether the pods run a JobManager or a TaskManager.
    pub(super) fn runs_flink(&self) -> bool {
        matches!(self.set.role, Role::JobManager | Role::TaskManager)
    }

    /// Whether Kubernetes runs the pods on Windows, where Linux's security settings are refused.
    pub(super) fn is_windows(&self) -> bool {
        pointer::at(self.spec(), "/os/name").and_then(Value::as_str) == Some("windows")
    }

    /// Whether the operator adds the main container when the template has none.
    pub(super) fn operator_adds_main_container(&self) -> bool {
        matches!(self.set.template, Template::Merged(_))
    }

    /// The index of the container that runs Flink.
    pub(super) fn main_container(&self) -> Option<usize> {
        match self.set.template {
            Template::InObject(_) | Template::Generated(_) => self.set.main_container,
            Template::Merged(_) => {
                let containers = self.spec().get("containers")?.as_array()?;
                containers
                    .iter()
                    .position(|container| super::edit::named(container, MAIN_CONTAINER))
            }
        }
    }

    /// JSON Pointer in the object for a path in the template.
    pub(super) fn locate(&self, path: &Path) -> String {
        let mut within = String::new();
        for step in &path.0 {
            step.push_to(&mut within);
        }
        self.set.locate(self.object, &within)
    }
}

/// A field that exists and is not null.
pub(super) fn present<'a>(parent: &'a Value, field: &str) -> Option<&'a Value> {
    parent.get(field).filter(|value| !value.is_null())
}
