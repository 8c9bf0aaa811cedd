//! Checks one FlinkTenant. Files, the webhook and the watch in the cluster report the same problems.

use super::validate::{Described, Form};
use super::{FlinkTenantSpec, TENANT_LABEL, crd, schema, validate};
use crate::resource::{metadata_text, pointer};
use jiff::civil::Date;
use serde_json::Value;

/// One problem in a FlinkTenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// JSON Pointer from the object's root.
    pub pointer: String,
    /// What is wrong and what to write.
    pub message: String,
    /// Whether the field's name is wrong, not its value.
    pub on_key: bool,
    /// What the problem does.
    pub severity: Severity,
}

/// What a problem in a FlinkTenant does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The tenant can be used, but not as it was meant.
    Warning,
    /// Kubernetes would refuse what the tenant gives to pods, or the field can match nothing. A new
    /// tenant, a file and a change of the field are refused. A stored one stays in force as it is
    /// written: an earlier version of Flinkgate admitted it.
    Refused,
    /// The field cannot be read: only the [readable](super::readable) parts of the tenant hold.
    Unreadable,
}

impl FieldProblem {
    /// Whether the tenant can be used as it is written.
    pub fn is_usable(&self) -> bool {
        self.severity < Severity::Unreadable
    }
}

/// Longest name: it is the value of the label [`TENANT_LABEL`].
pub(crate) const NAME_LENGTH: usize = 63;

/// Reads a FlinkTenant; `rules` are the ids of all rules. The spec is `None` if a field cannot be
/// read.
pub fn check(
    tenant: &Value,
    rules: &[&str],
    today: Date,
) -> (Option<FlinkTenantSpec>, Vec<FieldProblem>) {
    let mut found = Vec::new();
    let mut error = |pointer: &str, message: String, on_key: bool| {
        found.push(FieldProblem {
            pointer: pointer.into(),
            message,
            on_key,
            severity: Severity::Unreadable,
        });
    };
    let name = metadata_text(tenant, "name");
    let mut refused = None;
    if name.is_empty() {
        error("/metadata", "the tenant has no name: set `metadata.name`".into(), false);
    }
    if name.len() > NAME_LENGTH {
        error("/metadata/name", long_name(), false);
    }
    if !name.is_empty() && name.len() <= NAME_LENGTH && !Form::DnsSubdomain.fits(name) {
        let message = format!("`{name}` is not a name of an object: {}", Form::DnsSubdomain.help());
        refused = Some(message);
    }
    for field in tenant.as_object().into_iter().flatten().map(|(field, _)| field) {
        if !["apiVersion", "kind", "metadata", "spec", "status"].contains(&field.as_str()) {
            let message = format!(
                "unknown field `{field}`: a FlinkTenant has `apiVersion`, `kind`, `metadata` and `spec`"
            );
            error(&pointer::join("", field), message, true);
        }
    }
    found.extend(refused.map(|message| FieldProblem {
        pointer: "/metadata/name".into(),
        message,
        on_key: false,
        severity: Severity::Refused,
    }));
    let empty = Value::Object(serde_json::Map::new());
    let stored = tenant.get("spec").filter(|spec| !spec.is_null()).unwrap_or(&empty);
    let (spec, problems) = match spec(stored, rules, today) {
        Ok((spec, problems)) => (Some(spec), problems),
        Err(problems) => (None, problems),
    };
    let below_spec = |problem: FieldProblem| FieldProblem {
        pointer: format!("/spec{}", problem.pointer),
        ..problem
    };
    found.extend(problems.into_iter().map(below_spec));
    let usable = found.iter().all(FieldProblem::is_usable);
    (spec.filter(|_| usable), found)
}

/// Reads a spec that fits the schema, with problems that the schema cannot show. Pointers are below
/// `spec`.
///
/// # Errors
/// The mismatches with the schema.
pub(super) fn spec(
    spec: &Value,
    rules: &[&str],
    today: Date,
) -> Result<(FlinkTenantSpec, Vec<FieldProblem>), Vec<FieldProblem>> {
    let problem = |pointer: String, message: String, on_key: bool| FieldProblem {
        pointer,
        message,
        on_key,
        severity: Severity::Unreadable,
    };
    let mismatches: Vec<FieldProblem> = schema::check(&crd::SPEC_SCHEMA, spec)
        .into_iter()
        .map(|mismatch| problem(mismatch.pointer, mismatch.message, mismatch.unknown))
        .collect();
    if !mismatches.is_empty() {
        return Err(mismatches);
    }
    let spec: FlinkTenantSpec = serde_json::from_value(spec.clone())
        .map_err(|error| vec![problem(String::new(), error.to_string(), false)])?;
    let problems = validate::problems(&spec, rules, today);
    Ok((spec, problems))
}

/// The message about a name that is too long for a label, here and in the CRD.
pub(super) fn long_name() -> String {
    format!(
        "the tenant's name is longer than the {NAME_LENGTH} characters that the label `{TENANT_LABEL}` can hold: choose a shorter one"
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    fn messages(tenant: Value) -> Vec<String> {
        let (spec, problems) =
            check(&tenant, &["security/privileged"], "2026-11-21".parse().unwrap());
        assert_eq!(spec.is_some(), problems.iter().all(FieldProblem::is_usable));
        let line = |problem: FieldProblem| format!("{} {}", problem.pointer, problem.message);
        problems.into_iter().map(line).collect()
    }

    #[test]
    fn objects_are_checked_like_files() {
        let object = |name: &str, spec: Value| json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant", "metadata": {"name": name, "uid": "u"}, "spec": spec, "status": {}});
        let cases = [
            (object("a", json!({})), vec![]),
            (
                object(
                    "a",
                    json!({"rules": [{"rule": "security/privileged", "enforcement": "Warn"}]}),
                ),
                vec![],
            ),
            (
                object(
                    "a",
                    json!({"rules": [{"rule": "security/priviledged", "enforcement": "Warn"}]}),
                ),
                vec![
                    "/spec/rules/0/rule there is no rule `security/priviledged`: did you mean `security/privileged`?",
                ],
            ),
            (object("", json!({})), vec!["/metadata the tenant has no name: set `metadata.name`"]),
            (
                object(&"a".repeat(64), json!({})),
                vec![
                    "/metadata/name the tenant's name is longer than the 63 characters that the label `flinkgate.dev/tenant` can hold: choose a shorter one",
                ],
            ),
            (
                object(
                    "a",
                    json!({"namespaces": {"selector": {"matchLabels": {"flinkgate.dev/tenant": "a"}}}}),
                ),
                vec![
                    "/spec/namespaces/selector Flinkgate sets the label `flinkgate.dev/tenant`: select by another label",
                ],
            ),
            (object("a", json!({"security": {"podSecurity": {"version": "v1.34"}}})), vec![]),
            (
                object("a", json!({"security": {"podSecurity": {"version": "v1.25.3"}}})),
                vec![
                    "/spec/security/podSecurity/version `v1.25.3` is not a version of the Pod Security Standards: write `latest` or `v1.N`, such as `v1.34`",
                ],
            ),
        ];
        for (tenant, expected) in cases {
            assert_eq!(messages(tenant), expected);
        }
    }
}
