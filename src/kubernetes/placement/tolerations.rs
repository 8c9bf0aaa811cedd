//! Tolerations of pod templates and of Flink's options, and which of them a tenant's tolerations
//! cover.

use crate::flink::config::{Entry, FlinkConfig};
use crate::flink::map_options::map_list;
use crate::flink::values::Pairs;
use crate::resource::fields::text;
use k8s_openapi::api::core::v1::Toleration;
use serde_json::Value;
use std::collections::BTreeMap;

/// Maximum readings of one toleration; more duplicates of a field are not realistic.
const MOST_READINGS: usize = 16;

/// Taints that every pod tolerates for some minutes: Kubernetes adds these tolerations.
const TOLERATED_BY_ALL: [&str; 2] =
    ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

/// The fields of a toleration that decide which taints it matches; a missing field is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PodToleration<'a> {
    /// The taint's key; empty for all keys.
    pub key: &'a str,
    /// `Exists` or `Equal`.
    pub operator: &'a str,
    /// The taint's value, for `Equal`.
    pub value: &'a str,
    /// The taint's effect; empty for all effects.
    pub effect: &'a str,
}

impl<'a> PodToleration<'a> {
    fn of(field: impl Fn(&'static str) -> &'a str) -> Self {
        let operator = Some(field("operator")).filter(|operator| !operator.is_empty());
        Self {
            key: field("key"),
            operator: operator.unwrap_or("Equal"),
            value: field("value"),
            effect: field("effect"),
        }
    }

    /// The toleration of a pod template.
    pub fn of_template(toleration: &'a Value) -> Self {
        Self::of(|field| text(toleration, field))
    }

    /// The toleration of a tenant.
    pub fn of_tenant(toleration: &'a Toleration) -> Self {
        let Toleration { key, operator, value, effect, .. } = toleration;
        Self::of(|field| {
            let field = match field {
                "key" => key,
                "operator" => operator,
                "value" => value,
                _ => effect,
            };
            field.as_deref().unwrap_or_default()
        })
    }

    /// Whether one of these tolerations, or one that every pod has, tolerates all that this one
    /// does.
    pub fn is_covered_by(self, others: &'a [Toleration]) -> bool {
        self.is_of_every_pod() || others.iter().any(|other| Self::of_tenant(other).covers(self))
    }

    /// Whether Kubernetes adds this toleration to every pod.
    pub fn is_of_every_pod(self) -> bool {
        TOLERATED_BY_ALL.contains(&self.key) && self.effect == "NoExecute"
    }

    /// Whether it tolerates everything that another one does.
    pub fn covers(self, other: Self) -> bool {
        let same_or_all = |own: &str, other: &str| own.is_empty() || own == other;
        same_or_all(self.key, other.key)
            && same_or_all(self.effect, other.effect)
            && (self.operator == "Exists"
                || (self.operator == other.operator && self.value == other.value))
    }
}

/// A toleration that an option sets on pods.
#[derive(Debug)]
pub struct OptionToleration<'a> {
    /// The option with its place.
    pub entry: &'a Entry,
    fields: BTreeMap<String, String>,
}

impl OptionToleration<'_> {
    /// Its fields.
    pub fn fields(&self) -> PodToleration<'_> {
        PodToleration::of(|field| self.fields.get(field).map_or("", String::as_str))
    }
}

/// The tolerations of an option such as `kubernetes.taskmanager.tolerations`:
/// `key:k,operator:Exists;key:…`.
pub fn option_tolerations<'a>(
    config: &'a FlinkConfig,
    option: &str,
) -> impl Iterator<Item = OptionToleration<'a>> {
    map_list(config, option).into_iter().flat_map(|(entry, tolerations)| {
        let readings = tolerations.into_iter().flat_map(readings);
        readings.map(move |fields| OptionToleration { entry, fields })
    })
}

/// The ways in which Flink may read a toleration: it accepts `Key` for `key`, and either value if
/// both are written.
fn readings(fields: Pairs) -> Vec<BTreeMap<String, String>> {
    let (mut first, mut others) = (BTreeMap::new(), Vec::new());
    for (key, value) in fields {
        let key = key.to_ascii_lowercase();
        let differs = first.get(&key).is_some_and(|other| *other != value);
        if differs && others.len() < MOST_READINGS {
            others.push((key, value));
        } else {
            first.insert(key, value);
        }
    }
    let mut all: Vec<_> = others
        .into_iter()
        .map(|field| first.clone().into_iter().chain([field]).collect())
        .collect();
    all.insert(0, first);
    all
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of_option(text: &str) -> Vec<(String, String, String, String)> {
        let mut config = FlinkConfig::default();
        config.set("kubernetes.taskmanager.tolerations", text, None);
        let found = option_tolerations(&config, "kubernetes.taskmanager.tolerations");
        found
            .map(|toleration| {
                let PodToleration { key, operator, value, effect } = toleration.fields();
                (key.to_owned(), operator.to_owned(), value.to_owned(), effect.to_owned())
            })
            .collect()
    }

    #[test]
    fn options_are_read_as_flink_reads_them() {
        let fields = |all: [&str; 4]| (all[0].into(), all[1].into(), all[2].into(), all[3].into());
        assert_eq!(
            of_option("key:a,operator:Exists;key:b,value:'c',effect:NoSchedule"),
            [fields(["a", "Exists", "", ""]), fields(["b", "Equal", "c", "NoSchedule"])]
        );
        assert_eq!(
            of_option("key:flink,Operator:Exists,Key:gpu"),
            [fields(["flink", "Exists", "", ""]), fields(["gpu", "Exists", "", ""])]
        );
    }

    #[test]
    fn same_and_narrower_tolerations_are_covered() {
        let tenant: Vec<Toleration> = serde_json::from_value(json!([
            {"key": "flink", "operator": "Exists"},
            {"key": "spot", "value": "yes", "effect": "NoSchedule"}]))
        .unwrap();
        for (toleration, expected) in [
            (json!({"key": "flink", "value": "batch", "effect": "NoSchedule"}), true),
            (
                json!({"key": "spot", "operator": "Equal", "value": "yes", "effect": "NoSchedule"}),
                true,
            ),
            (json!({"key": "spot", "value": "yes"}), false),
            (json!({"key": "spot", "operator": "Exists", "effect": "NoSchedule"}), false),
            (json!({"operator": "Exists"}), false),
        ] {
            let covered = |tenant| PodToleration::of_template(&toleration).is_covered_by(tenant);
            assert_eq!(covered(&tenant), expected, "{toleration}");
            assert!(!covered(&[]), "{toleration}");
        }
        let added = json!({"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300});
        assert!(PodToleration::of_template(&added).is_covered_by(&[]));
    }
}
