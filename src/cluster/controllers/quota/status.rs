//! The part of a FlinkTenant's status that is about quota: usage and the condition `WithinQuota`.
//!
//! Written by server-side apply with its own field manager; whether the tenant is in force is written
//! by [`crate::cluster::controllers::status`].

use crate::cluster::apply::{StatusPart, is_empty};
use crate::cluster::condition::{self, Condition};
use crate::quota::ledger::shortage::largest_users;
use crate::quota::ledger::{Ledger, MAX_LARGEST_OBJECTS, ObjectRef, Reconciliation, View};
use crate::quota::limits::Limits;
use crate::quota::{Usage, display};
use serde_json::{Value, json};

/// What is written here.
pub const PART: StatusPart =
    StatusPart { manager: "flinkgate-quota", fields: &["used", "clusters", "largest"] };
/// The condition that is written here.
const CONDITION: &str = "WithinQuota";

/// What a tenant uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuotaStatus {
    /// Of all its objects.
    pub total: Usage,
    /// The objects that use most, largest first.
    pub largest: Vec<(ObjectRef, Usage)>,
}

impl From<&Reconciliation> for QuotaStatus {
    fn from(settled: &Reconciliation) -> Self {
        Self { total: settled.total.clone(), largest: settled.largest.clone() }
    }
}

impl QuotaStatus {
    /// Where there is no ledger: counted as a ledger counts.
    pub fn of(view: &View) -> Self {
        let settled =
            Ledger::default().reconcile(view, &crate::quota::ledger::KnownLimits::default());
        settled.map(|settled| Self::from(&settled)).unwrap_or_default()
    }

    /// The status to write; `None` where it is `stored` so already. `now` is the time of a condition
    /// that changes.
    pub fn update(
        &self,
        limits: Option<&Limits>,
        stored: &Value,
        now: jiff::Timestamp,
    ) -> Option<Value> {
        let (holds, reason, message) = self.condition(limits);
        let changed =
            Condition { name: CONDITION, holds, reason, message: &message, generation: None }
                .update(stored, now);
        let is_stored = changed.is_none();
        let condition = changed.or_else(|| condition::stored(stored, CONDITION).cloned());
        let clusters = self.total.get("clusters").units_ceil();
        let largest: Vec<Value> = self
            .largest
            .iter()
            .take(MAX_LARGEST_OBJECTS)
            .map(|(object, used)| json!({"object": object.to_string(), "used": amounts(used)}))
            .collect();
        let wanted = json!({"used": amounts(&self.total), "clusters": clusters, "largest": largest, "conditions": [condition]});
        let same = |field: &&str| {
            let (stored, wanted) = (stored.get(field), wanted.get(field));
            stored == wanted || (is_empty(stored) && is_empty(wanted))
        };
        (!is_stored || !PART.fields.iter().all(same)).then_some(wanted)
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

    fn quota_status() -> QuotaStatus {
        let of = |name: &str, cpu| {
            (
                ObjectRef::new("FlinkDeployment", "prod", name),
                usage(&[("cpu", cpu), ("clusters", 1)]),
            )
        };
        QuotaStatus {
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
    fn a_status_says_what_is_used_and_by_whom() {
        let status = quota_status()
            .update(Some(&limits(10)), &Value::Null, at("2026-11-22T02:00:00Z"))
            .unwrap();
        let message = "14 cpu used, 4 more than the limit of 10; largest users of cpu: `FlinkDeployment/prod/fraud` (9), `FlinkDeployment/prod/etl` (5). \
            Nothing more of it is admitted; delete or shrink what is not needed, or raise spec.quota.hard";
        let condition = json!({"type": "WithinQuota", "status": "False", "reason": "OverLimits", "message": message, "lastTransitionTime": "2026-11-22T02:00:00Z"});
        let by = |name: &str, cpu: &str| json!({"object": format!("FlinkDeployment/prod/{name}"), "used": {"clusters": "1", "cpu": cpu}});
        assert_eq!(
            status,
            json!({"used": {"cpu": "14", "memory": "4Gi", "clusters": "2"}, "clusters": 2, "largest": [by("fraud", "9"), by("etl", "5")], "conditions": [condition]})
        );
        assert_eq!(
            quota_status().update(Some(&limits(10)), &status, at("2026-11-22T09:00:00Z")),
            None
        );
        // The time of a transition is that of the condition, not of the amounts.
        let less = QuotaStatus { total: usage(&[("cpu", 12)]), ..quota_status() }
            .update(Some(&limits(10)), &status, at("2026-11-22T09:00:00Z"))
            .unwrap();
        assert_eq!(less["conditions"][0]["lastTransitionTime"], "2026-11-22T02:00:00Z");
        let within =
            quota_status().update(Some(&limits(14)), &status, at("2026-11-22T09:00:00Z")).unwrap();
        assert_eq!(
            within["conditions"][0],
            json!({"type": "WithinQuota", "status": "True", "reason": "WithinLimits", "message": "within all limits", "lastTransitionTime": "2026-11-22T09:00:00Z"})
        );
    }

    #[test]
    fn other_conditions_make_no_difference() {
        let first = QuotaStatus::default()
            .update(None, &json!({"hard": {"cpu": "3"}}), at("2026-11-22T02:00:00Z"))
            .unwrap();
        assert_eq!(
            (&first["clusters"], &first["conditions"][0]["reason"]),
            (&json!(0), &json!("NoLimits"))
        );
        // As the API server returns it: without empty fields, with what others wrote.
        let stored = json!({"clusters": 0, "conditions": [{"type": "Ready", "status": "True"}, first["conditions"][0]]});
        assert_eq!(QuotaStatus::default().update(None, &stored, at("2026-11-22T09:00:00Z")), None);
    }
}
