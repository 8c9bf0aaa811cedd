//! The fields of Flink's custom resources, as the operators' own definitions have them.
//!
//! The API server refuses a wrong type, an unknown word of an enumeration and a missing field, and it
//! drops a field that the definition does not have. Offline there is no API server: a table in this
//! folder has what the definitions of each release say, and [`faults`] holds an object against it.
//! The README of the folder names the source of the table.

mod fault;
mod nearest;
mod path;
mod table;
mod walk;

pub use fault::{Expected, FaultKind, Nearest, Releases, SchemaFault};

use crate::flink::dialects::{is_emr, is_field_of_emr};
use crate::flink::operator::version::OperatorVersion;
use crate::resource::{GroupVersionKind, Resource, pointer};
use table::Table;
use walk::Walk;

/// The group of Lyft's operator.
const LYFT: &str = "flink.k8s.io";

/// The known releases of Apache's operator, oldest first.
pub fn operator_releases() -> &'static [&'static str] {
    let kind = GroupVersionKind {
        group: "flink.apache.org".into(),
        version: "v1beta1".into(),
        kind: "FlinkDeployment".into(),
    };
    Table::get().kind(&kind).map(|kind| kind.releases).unwrap_or_default()
}

/// What an API server with the definitions of the object's operator would refuse or drop of an
/// object. Without a release of the operator, what any release accepts is right. Allocates nothing
/// if there are no faults.
pub fn faults<'a>(
    resource: &'a Resource,
    operator: Option<OperatorVersion>,
) -> Vec<SchemaFault<'a>> {
    let object = &resource.object;
    let Some(kind) = Table::get().kind(&resource.kind) else { return Vec::new() };
    if resource.sub_resource.is_some() || !object.is_object() {
        return Vec::new();
    }
    // The release is that of Apache's operator.
    let operator = operator.filter(|_| resource.kind.group == "flink.apache.org");
    let mut faults = Walk::new(kind, operator).over(object);
    if resource.kind.group == LYFT {
        faults.retain(|fault| !is_kept(fault));
    }
    if !faults.is_empty() && is_emr(object) {
        faults.retain(|fault| !is_field_of_emr(&fault.place));
    }
    faults
}

/// Whether an API server with Lyft's definition keeps an unknown field. That of 0.6 is one of
/// `apiextensions.k8s.io/v1beta1` without `preserveUnknownFields: false`, and that of 0.7 preserves them
/// in the spec: what they list of options, node selectors and volumes is not all there is. A field of the
/// spec that is like a known one is misspelt all the same.
fn is_kept(fault: &SchemaFault<'_>) -> bool {
    match &fault.kind {
        FaultKind::Unknown { nearest, .. } => {
            !matches!(nearest, Some(Nearest::Field(_)))
                || pointer::parent(&fault.place) != Some("/spec")
        }
        _ => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests;
