//! The statuses and labels that differ from what they should be.

use super::configuration::{CheckedTenant, Configuration, InForce};
use crate::cluster::apply::is_empty;
use crate::cluster::condition::{self, Condition};
use crate::cluster::controllers::status::Update;
use crate::cluster::watch::records::{NamespaceRecord, Record};
use crate::rego::PolicyProblem;
use crate::rego::flink_policy::FlinkPolicyError;
use crate::tenant::check::NAME_LENGTH;
use crate::tenant::readable::dotted;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The condition that says whether an object is in force.
const READY: &str = "Ready";

/// Everything that the leader has to write. `now` is the time of a condition that changes.
pub fn updates(
    configuration: &Configuration,
    tenants: &BTreeMap<String, Record>,
    policies: &BTreeMap<String, Record>,
    namespaces: &BTreeMap<String, NamespaceRecord>,
    now: jiff::Timestamp,
) -> Vec<Update> {
    let tenants = tenants.iter().filter_map(|(name, record)| {
        let status = tenant_status(configuration, name, record, now)?;
        Some(Update::Tenant { name: name.clone(), status })
    });
    let policies = policies.iter().filter_map(|(name, record)| {
        let status = policy_status(configuration, name, record, now)?;
        Some(Update::Policy { name: name.clone(), status })
    });
    let namespaces =
        namespaces.iter().filter(|(_, record)| !record.deleting).filter_map(|(name, record)| {
            let tenant = configuration
                .gate()?
                .tenants()
                .owner(name)
                .tenant()
                .map(|tenant| tenant.name.clone())
                // A label cannot hold a longer name.
                .filter(|tenant| tenant.len() <= NAME_LENGTH);
            (tenant != record.tenant).then(|| Update::Namespace { name: name.clone(), tenant })
        });
    tenants.chain(policies).chain(namespaces).collect()
}

/// The status that a tenant should have, unless it has it.
fn tenant_status(
    configuration: &Configuration,
    name: &str,
    record: &Record,
    now: jiff::Timestamp,
) -> Option<Value> {
    let checked = configuration.tenants().get(name)?;
    let doubles = configuration.doubles_of(name);
    let (reason, message) = match checked.in_force {
        InForce::AsStored if doubles.is_empty() => {
            ("InForce", with_remarks("in force".to_owned(), checked, true))
        }
        InForce::AsStored => (
            "NamespaceTaken",
            format!("in force but for this: {}; the older one keeps it", doubles.join("; ")),
        ),
        InForce::LastValid => {
            let start = "the last valid version is in force, because this one cannot be read";
            ("LastValidInForce", with_remarks(start.to_owned(), checked, false))
        }
        InForce::ReadableParts => ("PartlyInForce", partly_in_force(checked)),
        InForce::Nothing => {
            let start = "nothing can be read, so what runs in its namespaces is refused";
            ("Unreadable", with_remarks(start.to_owned(), checked, false))
        }
    };
    let ready = reason == "InForce";
    let hard = json!(checked.tenant.spec.quota.hard);
    let status = record.status.value();
    let condition = condition((record, &status), ready, reason, &message, now);
    let stored = status.get("hard");
    let has_hard = stored == Some(&hard) || (is_empty(stored) && is_empty(Some(&hard)));
    if condition.is_none() && has_hard {
        return None;
    }
    let condition = condition.or_else(|| ready_condition(&status).cloned()).unwrap_or_default();
    let conditions = [condition];
    let limited = hard.as_object().is_some_and(|hard| !hard.is_empty());
    Some(if limited {
        json!({"conditions": conditions, "hard": hard})
    } else {
        json!({"conditions": conditions})
    })
}

/// A message with the errors, or the warnings, about a tenant.
fn with_remarks(start: String, checked: &CheckedTenant, warnings: bool) -> String {
    let chosen = checked.remarks.iter().filter(|remark| remark.is_usable() == warnings);
    let remarks = chosen.map(|remark| format!("{}: {}", dotted(&remark.pointer), remark.message));
    std::iter::once(start).chain(remarks).collect::<Vec<_>>().join("; ")
}

/// What holds in place of the parts of a tenant that cannot be read.
fn partly_in_force(checked: &CheckedTenant) -> String {
    let parts = checked
        .tenant
        .unread
        .iter()
        .map(|part| format!("{}: {} ({})", part.place(), part.message, part.instead.as_str()));
    let start = "in force but for what cannot be read".to_owned();
    // What is wrong outside of the spec changes nothing.
    let outside = checked
        .remarks
        .iter()
        .filter(|remark| !remark.is_usable() && !remark.pointer.starts_with("/spec"));
    let outside = outside.map(|remark| format!("{}: {}", dotted(&remark.pointer), remark.message));
    std::iter::once(start).chain(parts).chain(outside).collect::<Vec<_>>().join("; ")
}

/// The status that a policy should have, unless it has it.
fn policy_status(
    configuration: &Configuration,
    name: &str,
    record: &Record,
    now: jiff::Timestamp,
) -> Option<Value> {
    let problems = configuration.problems_of(name);
    let errors = json!(problems.iter().map(FlinkPolicyError::from).collect::<Vec<_>>());
    let in_force = configuration.policy_in_force(name);
    let (reason, start) = match in_force {
        InForce::AsStored => ("InForce", "in force"),
        InForce::LastValid => ("LastValidInForce", "the last valid version is in force"),
        InForce::ReadableParts => ("PartlyInForce", "in force but for what cannot be read"),
        InForce::Nothing => ("Invalid", "not in force"),
    };
    let message = match problems {
        [] => start.to_owned(),
        [first, rest @ ..] => {
            let more = if rest.is_empty() {
                String::new()
            } else {
                format!(" (and {} more, see status.errors)", rest.len())
            };
            let PolicyProblem { line, column, message, .. } = first;
            format!("{start}: line {line}, column {column}: {message}{more}")
        }
    };
    let ready = in_force == InForce::AsStored;
    let status = record.status.value();
    let condition = condition((record, &status), ready, reason, &message, now);
    let has_errors = status.get("errors").cloned().unwrap_or_else(|| json!([])) == errors;
    if condition.is_none() && has_errors {
        return None;
    }
    let condition = condition.or_else(|| ready_condition(&status).cloned()).unwrap_or_default();
    let conditions = [condition];
    Some(if problems.is_empty() {
        json!({"conditions": conditions})
    } else {
        json!({"conditions": conditions, "errors": errors})
    })
}

fn ready_condition(status: &Value) -> Option<&Value> {
    condition::stored(status, READY)
}

/// The condition Ready as it should be; `None` where it is stored so.
fn condition(
    (record, status): (&Record, &Value),
    ready: bool,
    reason: &str,
    message: &str,
    now: jiff::Timestamp,
) -> Option<Value> {
    let condition = Condition {
        name: READY,
        holds: ready,
        reason,
        message,
        generation: Some(record.generation),
    };
    condition.update(status, now)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::cluster::controllers::tenants::configuration::Changes;
    use crate::pipeline::Unassigned;

    fn now() -> jiff::Timestamp {
        "2026-11-21T12:00:00Z".parse().unwrap()
    }

    fn record(spec: Value, status: Value) -> Record {
        Record { created: 1, version: 1, generation: 3, spec: spec.into(), status: status.into() }
    }

    #[test]
    fn errors_are_in_the_status_and_written_once() {
        let mut tenants = BTreeMap::from([
            (
                "good".to_string(),
                record(
                    json!({"quota": {"hard": {"cpu": "4"}}, "namespaces": {"names": ["x"]}}),
                    Value::Null,
                ),
            ),
            ("bad".to_string(), record(json!({"quota": {"hard": {"cpus": "4"}}}), Value::Null)),
        ]);
        let mut policies = BTreeMap::from([(
            "bad".to_string(),
            record(json!({"rego": "package bad\nx := ]\n"}), Value::Null),
        )]);
        let namespaces = BTreeMap::from([
            ("x".to_string(), NamespaceRecord::default()),
            (
                "y".to_string(),
                NamespaceRecord { tenant: Some("good".into()), ..NamespaceRecord::default() },
            ),
            (
                "z".to_string(),
                NamespaceRecord {
                    tenant: Some("good".into()),
                    deleting: true,
                    ..NamespaceRecord::default()
                },
            ),
        ]);
        let mut configuration = Configuration::new(Unassigned::Warn);
        let changes = Changes { tenants: true, policies: true, ..Changes::default() };
        configuration.take(&changes, &[], &tenants, &policies, &namespaces).unwrap();
        let first = updates(&configuration, &tenants, &policies, &namespaces, now());
        let condition = |status: &str, reason: &str, message: &str| {
            json!({"type": "Ready", "status": status, "reason": reason, "message": message, "observedGeneration": 3,
                "lastTransitionTime": "2026-11-21T12:00:00Z"})
        };
        let message = "in force but for what cannot be read; spec.quota.hard.cpus: a quota cannot count `cpus`: did you mean `cpu`? (passed over)";
        assert_eq!(
            first[..2],
            [
                Update::Tenant {
                    name: "bad".into(),
                    status: json!({"conditions": [condition("False", "PartlyInForce", message)]})
                },
                Update::Tenant {
                    name: "good".into(),
                    status: json!({"conditions": [condition("True", "InForce", "in force")], "hard": {"cpu": "4"}})
                },
            ]
        );
        let Update::Policy { status, .. } = &first[2] else { panic!("{first:?}") };
        assert_eq!(
            (&status["errors"][0]["line"], &status["errors"][0]["column"]),
            (&json!(2), &json!(6))
        );
        assert_eq!(
            first[3..],
            [
                Update::Namespace { name: "x".into(), tenant: Some("good".into()) },
                Update::Namespace { name: "y".into(), tenant: None },
            ]
        );
        for update in first {
            match update {
                Update::Tenant { name, status } => {
                    tenants.get_mut(&name).unwrap().status = status.into()
                }
                Update::Policy { name, status } => {
                    policies.get_mut(&name).unwrap().status = status.into()
                }
                Update::Namespace { .. } => {}
            }
        }
        let again = updates(&configuration, &tenants, &policies, &BTreeMap::new(), now());
        assert_eq!(again, []);
    }
}
