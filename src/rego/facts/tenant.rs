//! The tenant as rules see it: its spec with every default filled in, made once when tenants load.

use super::convert::convert;
use crate::flink::claims::DEFAULT_ACCESS_MODE;
use crate::flink::state::DEFAULT_MOUNT_PATH;
use crate::kubernetes::pod_security::minor_version;
use crate::tenant::{DEFAULT_TOPOLOGY_KEY, FlinkTenantSpec};
use regorus::Value;
use serde_json::{Value as Json, json};

/// The newest Kubernetes minor version, and one that no release reaches, for `latest`.
const LATEST: u64 = 999;

/// The spec with defaults filled in, and `security.podSecurity.minor`: the version as a number
/// rules can compare.
pub fn tenant_value(spec: &FlinkTenantSpec) -> Value {
    // A spec is plain data: its serialisation has no way to fail, and an empty mapping still judges
    // by defaults.
    let mut value = serde_json::to_value(spec).unwrap_or_else(|_| json!({}));
    let pod_security = &spec.security.pod_security;
    let minor = pod_security.version.as_deref().and_then(minor_version).unwrap_or(LATEST);
    let checkpoints = &spec.storage.checkpoints;
    let mut defaults = json!({
        "enforcement": "Enforce",
        "namespaces": {"names": []},
        "rules": [],
        "exemptions": [],
        "quota": {"hard": {}, "perCluster": {}},
        "labels": {},
        "network": {},
        "security": {
            "podSecurity": {"level": pod_security.level, "version": "latest", "minor": minor},
            "images": {"requireDigest": spec.security.images.require_digest, "forbidLatestTag": spec.security.images.forbid_latest_tag},
        },
        "scheduling": {"antiAffinity": {"topologyKey": DEFAULT_TOPOLOGY_KEY}, "nodeSelector": {}},
        "storage": {"checkpoints": {}},
        "flink": {"configuration": {"defaults": {}, "enforced": {}, "forbidden": []}, "resources": {}},
    });
    if checkpoints.volume.is_some() {
        let volume = json!({"mountPath": DEFAULT_MOUNT_PATH, "accessModes": [DEFAULT_ACCESS_MODE], "reclaim": "Retain"});
        fill(&mut defaults, json!({"storage": {"checkpoints": {"volume": volume}}}));
    }
    fill(&mut value, defaults);
    convert(&value)
}

/// Puts defaults where a value has nothing.
fn fill(value: &mut Json, defaults: Json) {
    match (value, defaults) {
        (Json::Object(fields), Json::Object(defaults)) => {
            for (key, default) in defaults {
                match fields.get_mut(&key) {
                    Some(field) => fill(field, default),
                    None => {
                        fields.insert(key, default);
                    }
                }
            }
        }
        (value @ Json::Null, default) => *value = default,
        _ => {}
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::super::get;
    use super::*;

    #[test]
    fn an_empty_spec_is_baseline_and_forbids_latest() {
        let value = tenant_value(&FlinkTenantSpec::default());
        assert_eq!(get(&value, &["security", "podSecurity", "level"]), &Value::from("baseline"));
        assert_eq!(get(&value, &["security", "podSecurity", "minor"]), &Value::from(LATEST));
        assert_eq!(get(&value, &["security", "images", "forbidLatestTag"]), &Value::Bool(true));
        assert_eq!(get(&value, &["security", "serviceAccounts"]), &Value::Undefined);
        assert_eq!(get(&value, &["enforcement"]), &Value::from("Enforce"));
    }

    #[test]
    fn what_the_spec_says_stays() {
        let spec = serde_json::from_value(json!({
            "security": {"podSecurity": {"level": "restricted", "version": "v1.24"}, "images": {"forbidLatestTag": false}},
            "storage": {"checkpoints": {"volume": {"claimName": "c"}}},
        }));
        let value = tenant_value(&spec.unwrap());
        assert_eq!(
            get(&value, &["security", "podSecurity"]),
            &Value::from(json!({"level": "restricted", "version": "v1.24", "minor": 24}))
        );
        assert_eq!(get(&value, &["security", "images", "forbidLatestTag"]), &Value::Bool(false));
        assert_eq!(
            get(&value, &["storage", "checkpoints", "volume", "mountPath"]),
            &Value::from(DEFAULT_MOUNT_PATH)
        );
    }
}
