//! Checks of `spec.network`, `spec.flink` and `spec.cost` that a schema cannot express.

use super::FlinkTenantSpec;
use crate::flink::values::parse_duration;
use crate::flink::version::FlinkVersion;

/// Reports values that are invalid, or that no object could satisfy.
pub(super) fn check(spec: &FlinkTenantSpec, error: &mut impl FnMut(String, String)) {
    for (index, host) in spec.network.ingress_hosts.iter().flatten().enumerate() {
        let is_label = |label: &str| {
            !label.is_empty()
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-*".contains(&b))
        };
        if !host.split('.').all(is_label) {
            let message = format!(
                "`{host}` is not a host name: write one without scheme, port and path, such as `*.payments.example.com`"
            );
            error(format!("/network/ingressHosts/{index}"), message);
        }
    }
    let strategy = spec.flink.restart_strategy.as_ref();
    if let Some(delay) = strategy.and_then(|strategy| strategy.min_delay.as_deref())
        && duration(delay).is_none()
    {
        let message =
            format!("`{delay}` is not a duration: write a whole number and a unit, such as `10 s`");
        error("/flink/restartStrategy/minDelay".into(), message);
    }
    let elasticity = &spec.flink.elasticity;
    if let (Some(least), Some(most)) = (elasticity.min_parallelism, elasticity.max_parallelism)
        && least > most
    {
        let message = format!(
            "`minParallelism` {least} is greater than `maxParallelism` {most}: lower one or raise the other"
        );
        error("/flink/elasticity/minParallelism".into(), message);
    }
    if let Some(spot) = &spec.cost.spot
        && spot.node_selector.is_empty()
        && spot.tolerations.is_empty()
    {
        let message = "`spot` describes no nodes: set `nodeSelector` or `tolerations`";
        error("/cost/spot".into(), message.into());
    }
}

/// A duration in Flink's syntax, in nanoseconds.
pub(crate) fn duration(text: &str) -> Option<i128> {
    parse_duration(text, FlinkVersion::new(1, 20))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn places(spec: Value) -> Vec<String> {
        let mut found = Vec::new();
        check(&serde_json::from_value(spec).unwrap(), &mut |place, _| found.push(place));
        found
    }

    #[test]
    fn invalid_values_are_reported_at_their_place() {
        for (spec, expected) in [
            (
                json!({"network": {"ingressHosts": ["*.a.example.com", "*", "a-*.example.com"]}}),
                vec![],
            ),
            (
                json!({"network": {"ingressHosts": ["https://a.example.com", "a.example.com:443", "a..b", ""]}}),
                vec![
                    "/network/ingressHosts/0",
                    "/network/ingressHosts/1",
                    "/network/ingressHosts/2",
                    "/network/ingressHosts/3",
                ],
            ),
            (json!({"flink": {"restartStrategy": {"minDelay": "10 s"}}}), vec![]),
            (
                json!({"flink": {"restartStrategy": {"minDelay": "soon"}}}),
                vec!["/flink/restartStrategy/minDelay"],
            ),
            (
                json!({"flink": {"elasticity": {"minParallelism": 9, "maxParallelism": 8}}}),
                vec!["/flink/elasticity/minParallelism"],
            ),
            (json!({"cost": {"spot": {"taskManagers": true}}}), vec!["/cost/spot"]),
            (json!({"cost": {"spot": {"nodeSelector": {"pool": "spot"}}}}), vec![]),
        ] {
            assert_eq!(places(spec.clone()), expected, "{spec}");
        }
    }
}
