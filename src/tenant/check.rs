//! What is wrong with one FlinkTenant, whoever asks: files, the webhook and the watch in the
//! cluster say the same.

use super::validate::remarks;
use super::{FlinkTenantSpec, TENANT_LABEL, crd, schema};
use crate::resource::{metadata_text, pointer};
use jiff::civil::Date;
use serde_json::Value;

/// One thing to say about a FlinkTenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// JSON Pointer from the object's root.
    pub pointer: String,
    /// What is wrong and what to do.
    pub message: String,
    /// Whether the field's name is to blame, whatever stands behind it.
    pub on_key: bool,
    /// Whether the tenant can be used all the same.
    pub warning: bool,
}

/// Longest name: it becomes the value of the label [`TENANT_LABEL`].
const NAME_LENGTH: usize = 63;

/// Reads a FlinkTenant; `rules` are the ids that exist. The spec is there when nothing but warnings
/// was found.
pub fn check(
    tenant: &Value,
    rules: &[&str],
    today: Date,
) -> (Option<FlinkTenantSpec>, Vec<Remark>) {
    let mut found = Vec::new();
    let mut error = |pointer: &str, message: String, on_key: bool| {
        found.push(Remark { pointer: pointer.into(), message, on_key, warning: false });
    };
    let name = metadata_text(tenant, "name");
    if name.is_empty() {
        error("/metadata", "the tenant has no name: give metadata.name".into(), false);
    }
    if name.len() > NAME_LENGTH {
        error("/metadata/name", long_name(), false);
    }
    for field in tenant.as_object().into_iter().flatten().map(|(field, _)| field) {
        if !["apiVersion", "kind", "metadata", "spec", "status"].contains(&field.as_str()) {
            let message = format!(
                "unknown field {field:?}: a FlinkTenant has apiVersion, kind, metadata and spec"
            );
            error(&pointer::join("", field), message, true);
        }
    }
    let empty = Value::Object(serde_json::Map::new());
    let spec = tenant.get("spec").filter(|spec| !spec.is_null()).unwrap_or(&empty);
    for mismatch in schema::check(&crd::SPEC_SCHEMA, spec) {
        error(&format!("/spec{}", mismatch.pointer), mismatch.message, mismatch.unknown);
    }
    if !found.is_empty() {
        return (None, found);
    }
    let spec: FlinkTenantSpec = match serde_json::from_value(spec.clone()) {
        Ok(spec) => spec,
        Err(problem) => {
            return (
                None,
                vec![Remark {
                    pointer: "/spec".into(),
                    message: problem.to_string(),
                    on_key: false,
                    warning: false,
                }],
            );
        }
    };
    found.extend(remarks(&spec, rules, today).into_iter().map(|remark| Remark {
        pointer: format!("/spec{}", remark.pointer),
        message: remark.message,
        on_key: false,
        warning: remark.warning,
    }));
    let usable = found.iter().all(|remark| remark.warning);
    (usable.then_some(spec), found)
}

/// What is said of a name that is no label value; the CRD says the same.
pub(super) fn long_name() -> String {
    format!(
        "the tenant's name is longer than the {NAME_LENGTH} characters that the label {TENANT_LABEL} can hold: choose a shorter one"
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    fn messages(tenant: Value) -> Vec<String> {
        let (spec, remarks) =
            check(&tenant, &["security/privileged"], "2026-11-21".parse().unwrap());
        assert_eq!(spec.is_some(), remarks.iter().all(|remark| remark.warning));
        remarks.into_iter().map(|remark| format!("{} {}", remark.pointer, remark.message)).collect()
    }

    #[test]
    fn an_object_from_the_cluster_is_checked_like_a_file() {
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
                    "/spec/rules/0/rule there is no rule \"security/priviledged\": did you mean security/privileged?",
                ],
            ),
            (object("", json!({})), vec!["/metadata the tenant has no name: give metadata.name"]),
            (
                object(&"a".repeat(64), json!({})),
                vec![
                    "/metadata/name the tenant's name is longer than the 63 characters that the label flinkgate.dev/tenant can hold: choose a shorter one",
                ],
            ),
            (
                object(
                    "a",
                    json!({"namespaces": {"selector": {"matchLabels": {"flinkgate.dev/tenant": "a"}}}}),
                ),
                vec![
                    "/spec/namespaces/selector the label flinkgate.dev/tenant says what the tenants' claims come to and cannot be one: select by another label",
                ],
            ),
            (object("a", json!({"security": {"podSecurity": {"version": "v1.34"}}})), vec![]),
            (
                object("a", json!({"security": {"podSecurity": {"version": "v1.25.3"}}})),
                vec![
                    "/spec/security/podSecurity/version \"v1.25.3\" is not a version of the Pod Security Standards: write v1.N, such as v1.34, or latest",
                ],
            ),
        ];
        for (tenant, expected) in cases {
            assert_eq!(messages(tenant), expected);
        }
    }
}
