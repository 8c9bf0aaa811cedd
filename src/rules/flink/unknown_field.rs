//! `flink/unknown-field`

use crate::flink::dialects::is_emr;
use crate::flink::operator::field_name;
use crate::flink::schemas::{FaultKind, Nearest, SchemaFault};
use crate::resource::{GroupVersionResource, pointer};
use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Fields that the custom resource definitions of Flink's operators do not have.
pub static RULE: Rule = Rule {
    id: "flink/unknown-field",
    level: Level::Error,
    since: "0.1.0",
    title: "Unknown fields",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("unknown_field.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    for fault in subject.schema_faults() {
        let FaultKind::Unknown { name, nearest } = &fault.kind else { continue };
        let parent = || pointer::parent(&fault.place).map(field_name).unwrap_or_default();
        let within = || match parent() {
            parent if parent.is_empty() => String::new(),
            parent => format!(" in `{parent}`"),
        };
        let meant = match nearest {
            Some(Nearest::Field(field)) => format!(": did you mean `{field}`?"),
            Some(Nearest::Elsewhere(path)) => format!(": did you mean `{path}`?"),
            Some(Nearest::Option(key)) => format!(": did you mean the option `{key}`?"),
            None => allowed_since(fault).unwrap_or_default(),
        };
        let help = match nearest {
            Some(Nearest::Field(field)) => Advice::rename(field).safe(),
            Some(Nearest::Elsewhere(path)) => Advice::words(format!("write it as `{path}`")),
            Some(Nearest::Option(key)) => {
                Advice::words(format!("set `{key}` in `flinkConfiguration`"))
            }
            None => Advice::remove(&shown(name)).then(", or correct its name"),
        };
        let finding = findings
            .at(fault.place.as_str())
            .message(format!("unknown field `{}`{}{meant}", shown(name), within()))
            .advise(help)
            .key(*name)
            .at_key();
        // An API server drops unknown fields before it asks: this one knows what it sends.
        if is_emr(subject.object) {
            finding.level(Level::Info);
        } else if subject.resource.of != GroupVersionResource::default() {
            finding.level(Level::Warning);
        }
        if let Some(Nearest::Field(field)) = nearest {
            finding.wanted(*field);
        }
    }
}

/// Which releases of the operator allow what the given one does not, as the end of a message.
pub(super) fn allowed_since(fault: &SchemaFault<'_>) -> Option<String> {
    let (first, last) = fault.releases.first_and_last()?;
    Some(match first == last {
        true => format!(": only version {first} of the operator allows it"),
        false => format!(": versions {first} to {last} of the operator allow it"),
    })
}
