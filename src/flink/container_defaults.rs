//! The requests that the LimitRanges of a namespace give to containers without their own.

use crate::resource::fields::{elements_at, text};
use crate::resource::quantity::Quantity;
use serde_json::Value;

/// The requests that LimitRanges give a container without its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContainerDefaults {
    cpu: Option<Quantity>,
    memory: Option<Quantity>,
}

impl ContainerDefaults {
    /// Adds a LimitRange. The API server derives the default request from the default limit, that
    /// from the maximum, and without both takes the minimum.
    pub fn add(&mut self, limit_range: &Value) {
        let limits = elements_at(limit_range, "/spec/limits").iter();
        for limit in limits.filter(|limit| text(limit, "type") == "Container") {
            let given = |resource: &str| {
                let mut maps = ["defaultRequest", "default", "max", "min"].iter();
                let amount = maps.find_map(|map| limit.get(map)?.get(resource))?;
                // A tenant may write any amount. One below zero would hide what others use.
                Some(Quantity::from_json(amount).unwrap_or_default().max(Quantity::default()))
            };
            self.raise_to(Self { cpu: given("cpu"), memory: given("memory") });
        }
    }

    /// Of several LimitRanges, the API server takes any. The largest request is the safe one.
    fn raise_to(&mut self, other: Self) {
        self.cpu = self.cpu.max(other.cpu);
        self.memory = self.memory.max(other.memory);
    }

    /// The request that a container without one for a resource gets.
    pub fn get(self, resource: &str) -> Option<Quantity> {
        match resource {
            "cpu" => self.cpu,
            "memory" => self.memory,
            _ => None,
        }
    }

    /// Whether a container without a request for a resource gets one.
    pub fn has(self, resource: &str) -> bool {
        self.get(resource).is_some()
    }
}

impl FromIterator<Self> for ContainerDefaults {
    fn from_iter<I: IntoIterator<Item = Self>>(all: I) -> Self {
        let mut defaults = Self::default();
        all.into_iter().for_each(|one| defaults.raise_to(one));
        defaults
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_limits_of_containers_give_requests() {
        for (limit, cpu, memory) in [
            (json!({"type": "Container", "defaultRequest": {"cpu": "1"}}), true, false),
            (json!({"type": "Container", "default": {"memory": "1Gi"}}), false, true),
            (json!({"type": "Container", "max": {"cpu": "1"}, "min": {"memory": "1"}}), true, true),
            (json!({"type": "Pod", "max": {"cpu": "1", "memory": "1Gi"}}), false, false),
            (json!({"type": "Container", "maxLimitRequestRatio": {"cpu": "2"}}), false, false),
            (json!("nonsense"), false, false),
        ] {
            let mut defaults = ContainerDefaults::default();
            defaults.add(&json!({"spec": {"limits": [limit]}}));
            assert_eq!((defaults.has("cpu"), defaults.has("memory")), (cpu, memory), "{limit}");
        }
    }

    #[test]
    fn the_request_is_the_api_servers() {
        for (limit, cpu) in [
            (
                json!({"defaultRequest": {"cpu": "250m"}, "default": {"cpu": 2}, "max": {"cpu": 4}}),
                "250m",
            ),
            (json!({"default": {"cpu": 2}, "max": {"cpu": 4}, "min": {"cpu": "100m"}}), "2"),
            (json!({"max": {"cpu": 4}, "min": {"cpu": "100m"}}), "4"),
            (json!({"min": {"cpu": "100m"}}), "100m"),
            (json!({"default": {"cpu": "-2"}}), "0"),
        ] {
            let mut limit = limit;
            limit["type"] = "Container".into();
            let mut defaults = ContainerDefaults::default();
            defaults.add(&json!({"spec": {"limits": [limit]}}));
            assert_eq!(defaults.get("cpu").unwrap_or_default().to_string(), cpu, "{limit}");
        }
    }
}
