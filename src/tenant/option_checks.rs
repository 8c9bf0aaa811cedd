//! Checks what a tenant gives every object: options that cannot be together.

use super::FlinkTenantSpec;
use crate::flink::catalog::other_names;
use crate::flink::config::FlinkConfig;
use crate::flink::operator::overlapping_keys::overlapping_keys;
use crate::flink::version::FlinkVersion;
use crate::flink::{Engine, Workload};
use crate::resource::pointer;

/// The version with which overlapping keys began to matter.
const FLINK_2: FlinkVersion = FlinkVersion::new(2, 0);

/// Options of which the operator refuses some for Flink 2, unless the tenant does not allow it.
pub(super) fn overlapping(spec: &FlinkTenantSpec, mut warning: impl FnMut(String, String)) {
    let is_flink_2 = |version: &String| FlinkVersion::parse(version) >= Some(FLINK_2);
    if spec.flink.versions.as_ref().is_some_and(|allowed| !allowed.iter().any(is_flink_2)) {
        return;
    }
    let options = &spec.flink.configuration;
    let mut config = FlinkConfig::default();
    for (field, given) in [("defaults", &options.defaults), ("enforced", &options.enforced)] {
        for (key, value) in given {
            let place = pointer::join(&format!("/flink/configuration/{field}"), key);
            config.set(key, value.text(), Some(place));
        }
    }
    let workload = Workload {
        engine: Engine::Operator,
        declares_cluster: true,
        version: Some(FLINK_2),
        config,
        ..Workload::default()
    };
    for overlap in overlapping_keys(&workload) {
        let (key, longer) = (overlap.key, overlap.longer);
        let by = if overlap.is_added { ", which the operator adds" } else { "" };
        let instead = match other_names(key).newer.first() {
            Some(successor) => format!("write `{successor}`"),
            None => "rename or remove it".into(),
        };
        warning(
            overlap.entry.pointer.clone().unwrap_or_default(),
            format!(
                "option `{key}` is also the beginning of `{longer}`{by}: the operator deploys no \
                 job of Flink 2 with both, {instead}"
            ),
        );
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn found(
        spec: Value,
        check: fn(&FlinkTenantSpec, &mut dyn FnMut(String, String)),
    ) -> Vec<String> {
        let mut places = Vec::new();
        check(&serde_json::from_value(spec).unwrap(), &mut |place, _| places.push(place));
        places
    }

    #[test]
    fn overlapping_options_matter_where_flink_2_is_allowed() {
        let of = |versions: Value, defaults: Value, enforced: Value| {
            let configuration = json!({"defaults": defaults, "enforced": enforced});
            let spec = json!({"flink": {"versions": versions, "configuration": configuration}});
            found(spec, |spec, report| overlapping(spec, report))
        };
        let (alias, longer) = (
            json!({"state.backend": "rocksdb"}),
            json!({"state.backend.rocksdb.memory.managed": true}),
        );
        let place = "/flink/configuration/defaults/state.backend";
        assert_eq!(of(Value::Null, alias.clone(), longer.clone()), [place]);
        assert_eq!(of(json!(["v1_20", "v2_1"]), alias.clone(), longer.clone()), [place]);
        assert_eq!(of(json!(["v1_20"]), alias.clone(), longer.clone()), [""; 0]);
        assert_eq!(of(Value::Null, alias, json!({})), [""; 0]);
        assert_eq!(
            of(Value::Null, json!({"high-availability": "kubernetes"}), json!({})),
            ["/flink/configuration/defaults/high-availability"]
        );
        assert_eq!(
            of(Value::Null, json!({"high-availability.type": "kubernetes"}), longer),
            [""; 0]
        );
    }
}
