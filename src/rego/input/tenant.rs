//! `input.tenant`: made once a tenant, when its first object is checked.

use crate::flink::claims::DEFAULT_ACCESS_MODE;
use crate::flink::state::DEFAULT_MOUNT_PATH;
use crate::tenant::{DEFAULT_TOPOLOGY_KEY, FlinkTenantSpec, Tenant};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// A FlinkTenant's name and its spec, with defaults filled in.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TenantInput {
    /// The FlinkTenant's name.
    name: String,
    #[serde(flatten)]
    #[schemars(with = "FlinkTenantSpec")]
    spec: Map<String, Value>,
}

impl TenantInput {
    /// What policies see of a tenant.
    pub fn of(tenant: &Tenant) -> Self {
        let mut spec = serde_json::to_value(&tenant.spec).unwrap_or_default();
        fill(&mut spec, defaults(&tenant.spec));
        let spec = match spec {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        Self { name: tenant.name.clone(), spec }
    }
}

fn defaults(spec: &FlinkTenantSpec) -> Value {
    let security = &spec.security;
    let mut defaults = json!({
        "enforcement": "Enforce",
        "namespaces": {"names": []},
        "rules": [],
        "exemptions": [],
        "quota": {"hard": {}, "perCluster": {}, "suspended": "Reserve"},
        "labels": {},
        "network": {},
        "security": {
            "podSecurity": {"level": security.pod_security.level, "version": "latest"},
            "images": {
                "requireDigest": security.images.require_digest,
                "forbidLatestTag": security.images.forbid_latest_tag,
            },
        },
        "scheduling": {"antiAffinity": {"topologyKey": DEFAULT_TOPOLOGY_KEY}, "nodeSelector": {}},
        "storage": {"checkpoints": {}},
        "flink": {
            "configuration": {"defaults": {}, "enforced": {}, "forbidden": []},
            "resources": {},
        },
    });
    if spec.storage.checkpoints.volume.is_some() {
        let volume = json!({
            "mountPath": DEFAULT_MOUNT_PATH,
            "accessModes": [DEFAULT_ACCESS_MODE],
            "reclaim": "Retain",
        });
        fill(&mut defaults, json!({"storage": {"checkpoints": {"volume": volume}}}));
    }
    defaults
}

/// Puts defaults where a value has nothing.
fn fill(value: &mut Value, defaults: Value) {
    match (value, defaults) {
        (Value::Object(fields), Value::Object(defaults)) => {
            for (key, default) in defaults {
                fill(fields.entry(key).or_insert(Value::Null), default);
            }
        }
        (value @ Value::Null, default) => *value = default,
        _ => {}
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn input(spec: Value) -> Value {
        let spec = serde_json::from_value(spec).unwrap();
        let tenant = Tenant { name: "payments".into(), spec, ..Tenant::default() };
        serde_json::to_value(TenantInput::of(&tenant)).unwrap()
    }

    #[test]
    fn an_empty_spec_has_its_defaults() {
        let tenant = input(json!({}));
        assert_eq!(tenant["name"], "payments");
        assert_eq!(tenant["enforcement"], "Enforce");
        let security = json!({"podSecurity": {"level": "baseline", "version": "latest"},
            "images": {"requireDigest": false, "forbidLatestTag": true}});
        assert_eq!(tenant["security"], security);
    }

    #[test]
    fn a_value_in_the_spec_beats_its_default() {
        let tenant = input(json!({
            "security": {"images": {"forbidLatestTag": false}},
            "storage": {"checkpoints": {"volume": {"claimName": "c", "reclaim": "Delete"}}},
        }));
        assert_eq!(tenant["security"]["images"]["forbidLatestTag"], false);
        let volume = &tenant["storage"]["checkpoints"]["volume"];
        assert_eq!(
            (&volume["mountPath"], &volume["reclaim"]),
            (&json!(DEFAULT_MOUNT_PATH), &json!("Delete"))
        );
    }
}
