//! The requests that the LimitRanges of a namespace give to containers without their own.

use crate::resource::fields::{elements_at, text};
use serde_json::Value;

/// The resources for which a LimitRange gives a container a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContainerDefaults {
    cpu: bool,
    memory: bool,
}

impl ContainerDefaults {
    /// Adds a LimitRange. The API server derives the default request from the default limit, that
    /// from the maximum, and without both takes the minimum.
    pub fn add(&mut self, limit_range: &Value) {
        let limits = elements_at(limit_range, "/spec/limits").iter();
        for limit in limits.filter(|limit| text(limit, "type") == "Container") {
            let gives = |resource: &str| {
                let mut maps = ["defaultRequest", "default", "max", "min"].iter();
                maps.any(|map| limit.get(map).is_some_and(|map| map.get(resource).is_some()))
            };
            self.cpu |= gives("cpu");
            self.memory |= gives("memory");
        }
    }

    /// Whether a container without a request for a resource gets one.
    pub fn has(self, resource: &str) -> bool {
        match resource {
            "cpu" => self.cpu,
            "memory" => self.memory,
            _ => false,
        }
    }
}

#[cfg(test)]
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
}
