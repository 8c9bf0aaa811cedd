//! What a FlinkTenant's status says of what it uses.
//!
//! Written by server-side apply under a name of its own, beside what [`crate::cluster::status`]
//! writes: who is in force is another matter than who uses how much.

use crate::cluster::condition::{self, Condition};
use crate::cluster::status;
use crate::quota::ledger::shortage::largest_users;
use crate::quota::ledger::{Ledger, MAX_LARGEST_OBJECTS, ObjectRef, Reconciliation, View};
use crate::quota::limits::Limits;
use crate::quota::{Usage, display};
use crate::tenant::FlinkTenant;
use kube::Client;
use kube::api::ApiResource;
use serde_json::{Map, Value, json};

/// Under this name the API server keeps what is written here apart from what others do.
pub const FIELD_MANAGER: &str = "flinkgate-quota";
/// The condition that is written here.
const CONDITION: &str = "WithinQuota";

/// What a tenant uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// All together.
    pub total: Usage,
    /// Who uses most, largest first.
    pub largest: Vec<(ObjectRef, Usage)>,
}

impl From<&Reconciliation> for Standing {
    fn from(settled: &Reconciliation) -> Self {
        Self { total: settled.total.clone(), largest: settled.largest.clone() }
    }
}

impl Standing {
    /// Where there is no ledger: counted as one would count.
    pub fn of(view: &View) -> Self {
        let settled =
            Ledger::default().reconcile(view, &crate::quota::ledger::KnownLimits::default());
        settled.map(|settled| Self::from(&settled)).unwrap_or_default()
    }

    /// The status as it should be; `None` where the `stored` one says so already. `now` is written
    /// where the condition changes.
    pub fn due(
        &self,
        limits: Option<&Limits>,
        stored: &Value,
        now: jiff::Timestamp,
    ) -> Option<Value> {
        let (holds, reason, message) = self.condition(limits);
        let due = Condition { name: CONDITION, holds, reason, message: &message, generation: None }
            .due(stored, now);
        let is_said = due.is_none();
        let condition = due.or_else(|| condition::said(stored, CONDITION).cloned());
        let clusters = self.total.get("clusters").units_ceil();
        let largest: Vec<Value> = self
            .largest
            .iter()
            .take(MAX_LARGEST_OBJECTS)
            .map(|(object, used)| json!({"object": object.to_string(), "used": amounts(used)}))
            .collect();
        let wanted = json!({"used": amounts(&self.total), "clusters": clusters, "largest": largest, "conditions": [condition]});
        // Nothing and an empty list or map are the same.
        let empty = |value: &Value| {
            value.as_array().is_some_and(Vec::is_empty)
                || value.as_object().is_some_and(Map::is_empty)
        };
        let same = |field: &str| match (stored.get(field), wanted.get(field)) {
            (None, Some(wanted)) => empty(wanted),
            (stored, wanted) => stored == wanted,
        };
        (!is_said || !["used", "clusters", "largest"].into_iter().all(same)).then_some(wanted)
    }

    fn condition(&self, limits: Option<&Limits>) -> (bool, &'static str, String) {
        let Some(limits) = limits else {
            return (
                true,
                "NoLimits",
                "the tenant has no limits: spec.quota names none".to_owned(),
            );
        };
        let mut over = Vec::new();
        let mut first = None;
        for (name, hard) in &limits.hard {
            let used = self.total.get(name);
            if let Some(more) = used.checked_sub(*hard).filter(|_| used > *hard) {
                let show = |amount| display(name, amount);
                over.push(format!(
                    "{} {name} used, {} more than the limit of {}",
                    show(used),
                    show(more),
                    show(*hard)
                ));
                first = first.or(Some(name));
            }
        }
        let Some(first) = first else {
            return (true, "WithinLimits", "within all limits".to_owned());
        };
        let mut largest: Vec<_> =
            self.largest.iter().map(|(object, used)| (object, used.get(first))).collect();
        largest.retain(|(_, used)| !used.is_zero());
        largest.sort_by_key(|(_, used)| std::cmp::Reverse(*used));
        let users = largest_users(first, largest);
        let advice = "Nothing more of it is admitted; delete or shrink what is not needed, or raise spec.quota.hard";
        (false, "OverLimits", format!("{}{users}. {advice}", over.join("; ")))
    }
}

fn amounts(usage: &Usage) -> Value {
    Value::Object(
        usage
            .iter()
            .map(|(name, amount)| (name.to_owned(), Value::from(display(name, amount))))
            .collect(),
    )
}

/// Writes a status.
///
/// # Errors
/// When the API server does not take it.
pub async fn write(client: &Client, tenant: &str, said: &Value) -> kube::Result<()> {
    status::write(client, &ApiResource::erase::<FlinkTenant>(&()), FIELD_MANAGER, tenant, said)
        .await
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::resource::quantity::Quantity;

    fn usage(amounts: &[(&str, u64)]) -> Usage {
        amounts
            .iter()
            .map(|(name, amount)| ((*name).to_owned(), Quantity::from_units(*amount)))
            .collect()
    }

    fn standing() -> Standing {
        let of = |name: &str, cpu| {
            (
                ObjectRef::new("FlinkDeployment", "prod", name),
                usage(&[("cpu", cpu), ("clusters", 1)]),
            )
        };
        Standing {
            total: usage(&[("cpu", 14), ("memory", 4 << 30), ("clusters", 2)]),
            largest: vec![of("fraud", 9), of("etl", 5)],
        }
    }

    fn limits(cpu: u64) -> Limits {
        Limits {
            hard: [
                ("cpu".to_owned(), Quantity::from_units(cpu)),
                ("clusters".to_owned(), Quantity::from_units(9)),
            ]
            .into(),
            ..Limits::default()
        }
    }

    fn at(time: &str) -> jiff::Timestamp {
        time.parse().unwrap()
    }

    #[test]
    fn a_status_says_what_is_used_by_whom_and_what_to_do_about_it() {
        let status =
            standing().due(Some(&limits(10)), &Value::Null, at("2026-11-22T02:00:00Z")).unwrap();
        let message = "14 cpu used, 4 more than the limit of 10; largest users of cpu: `FlinkDeployment/prod/fraud` (9), `FlinkDeployment/prod/etl` (5). \
            Nothing more of it is admitted; delete or shrink what is not needed, or raise spec.quota.hard";
        let condition = json!({"type": "WithinQuota", "status": "False", "reason": "OverLimits", "message": message, "lastTransitionTime": "2026-11-22T02:00:00Z"});
        let by = |name: &str, cpu: &str| json!({"object": format!("FlinkDeployment/prod/{name}"), "used": {"clusters": "1", "cpu": cpu}});
        assert_eq!(
            status,
            json!({"used": {"cpu": "14", "memory": "4Gi", "clusters": "2"}, "clusters": 2, "largest": [by("fraud", "9"), by("etl", "5")], "conditions": [condition]})
        );
        assert_eq!(standing().due(Some(&limits(10)), &status, at("2026-11-22T09:00:00Z")), None);
        // The time of a transition is that of the condition, not of the amounts.
        let less = Standing { total: usage(&[("cpu", 12)]), ..standing() }
            .due(Some(&limits(10)), &status, at("2026-11-22T09:00:00Z"))
            .unwrap();
        assert_eq!(less["conditions"][0]["lastTransitionTime"], "2026-11-22T02:00:00Z");
        let within =
            standing().due(Some(&limits(14)), &status, at("2026-11-22T09:00:00Z")).unwrap();
        assert_eq!(
            within["conditions"][0],
            json!({"type": "WithinQuota", "status": "True", "reason": "WithinLimits", "message": "within all limits", "lastTransitionTime": "2026-11-22T09:00:00Z"})
        );
    }

    #[test]
    fn others_conditions_make_no_difference_and_a_tenant_without_anything_says_so_once() {
        let first = Standing::default()
            .due(None, &json!({"hard": {"cpu": "3"}}), at("2026-11-22T02:00:00Z"))
            .unwrap();
        assert_eq!(
            (&first["clusters"], &first["conditions"][0]["reason"]),
            (&json!(0), &json!("NoLimits"))
        );
        // As the API server gives it back: without what is empty, beside what others wrote.
        let stored = json!({"clusters": 0, "conditions": [{"type": "Ready", "status": "True"}, first["conditions"][0]]});
        assert_eq!(Standing::default().due(None, &stored, at("2026-11-22T09:00:00Z")), None);
    }
}
