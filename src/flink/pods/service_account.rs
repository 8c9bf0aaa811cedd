//! The service account of a pod, and the field that decides it.

use super::container::is_made_by_operator;
use crate::flink::{PodSet, Role, Workload};
use crate::resource::pointer;
use serde_json::Value;

/// A service account and its place.
#[derive(Debug)]
pub struct ServiceAccount<'a> {
    /// Its name.
    pub name: &'a str,
    /// JSON Pointer of the field or option.
    pub place: String,
}

impl<'a> ServiceAccount<'a> {
    /// The service account of a pod set. For the operator, an option of the role overrides
    /// `spec.serviceAccount`, which overrides the template. The default is `default`.
    pub fn of(set: &PodSet, template: &'a Value, workload: &'a Workload, root: &'a Value) -> Self {
        let operator = is_made_by_operator(set, workload);
        let by_template = || {
            let spec = template.get("spec")?;
            let named =
                |field| spec.get(field).and_then(Value::as_str).filter(|name| !name.is_empty());
            let (field, name) = ["serviceAccountName", "serviceAccount"]
                .into_iter()
                .find_map(|field| Some((field, named(field)?)))?;
            Some(Self { name, place: format!("{}/spec/{field}", set.path()) })
        };
        let given = operator.then(|| given(set.role, workload, root)).flatten();
        given.or_else(by_template).unwrap_or_else(|| Self {
            name: "default",
            place: if operator {
                spec_field(workload)
            } else {
                format!("{}/spec/serviceAccountName", set.path())
            },
        })
    }
}

fn given<'a>(role: Role, workload: &'a Workload, root: &'a Value) -> Option<ServiceAccount<'a>> {
    let component = role.component()?;
    let option = |key: &str| {
        let entry = workload.config.entry(key)?;
        let fallback = || {
            workload
                .config_pointer
                .as_deref()
                .map(|base| pointer::join(base, key))
                .unwrap_or_default()
        };
        Some(ServiceAccount {
            name: &entry.value,
            place: entry.pointer.clone().unwrap_or_else(fallback),
        })
    };
    let field = || {
        let place = spec_field(workload);
        let name = pointer::at(root, &place)?.as_str().filter(|name| !name.is_empty())?;
        Some(ServiceAccount { name, place })
    };
    option(&format!("kubernetes.{component}.service-account"))
        .or_else(field)
        .or_else(|| option("kubernetes.service-account"))
}

/// JSON Pointer of `serviceAccount`, in the same spec as the configuration.
fn spec_field(workload: &Workload) -> String {
    let spec = workload.config_pointer.as_deref().and_then(pointer::parent).unwrap_or("/spec");
    pointer::join(spec, "serviceAccount")
}
