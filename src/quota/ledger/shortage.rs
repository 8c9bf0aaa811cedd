//! The messages of refusals: what a request needs, what is used, which limit it exceeds, and what
//! would fit.

use super::{Ledger, ObjectRef, Request};
use crate::quota::display;
use crate::resource::quantity::Quantity;
use std::collections::BTreeMap;
use std::fmt;

/// How many of the largest users a message names.
const NAMED: usize = 3;

/// Why a request does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// The limits that the request exceeds.
    pub shortfalls: Vec<Shortfall>,
    /// The largest users of the first resource that exceeds a limit of the tenant, largest first,
    /// without the object itself.
    pub largest: Vec<(ObjectRef, Quantity)>,
    /// The number of further users.
    pub others: usize,
    /// How many of the request's TaskManagers would fit, and how many it has. `None` if fewer
    /// TaskManagers do not help.
    pub task_managers: Option<(u64, u64)>,
    /// Whether the usage may fall with the next reconciliation, because the request replaces an
    /// object that is leaving or gone, or because pods of clusters that are gone still count.
    pub may_shrink: bool,
    /// Where a new cluster exceeds a limit of the tenant and nothing in the ledger says that the usage
    /// may fall: the objects that use what is missing, with their UIDs. Some may be deleted
    /// already.
    pub counted: Vec<(ObjectRef, String)>,
}

/// A limit that a request exceeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortfall {
    /// What the limit applies to.
    pub owner: LimitOwner,
    /// The resource.
    pub resource: String,
    /// The usage without the request.
    pub used: Quantity,
    /// The usage with the request.
    pub total: Quantity,
    /// The limit.
    pub hard: Quantity,
}

/// What a limit applies to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LimitOwner {
    /// All of the tenant's namespaces together.
    Tenant,
    /// One cluster.
    Cluster(ObjectRef),
}

impl Shortfall {
    /// What the request adds.
    pub fn requested(&self) -> Quantity {
        self.total.checked_sub(self.used).unwrap_or_default()
    }

    /// What is left for the request; zero if the usage exceeds the limit already.
    pub fn free(&self) -> Quantity {
        self.hard.checked_sub(self.used).unwrap_or_default().max(Quantity::default())
    }

    /// How much the usage with the request exceeds the limit.
    fn excess(&self) -> Quantity {
        self.total.checked_sub(self.hard).unwrap_or_default()
    }

    /// `2 cpu`.
    fn amount(&self, amount: Quantity) -> String {
        format!("{} {}", display(&self.resource, amount), self.resource)
    }
}

impl fmt::Display for Shortfall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |amount| display(&self.resource, amount);
        let (used, hard) = (show(self.used), show(self.hard));
        match &self.owner {
            LimitOwner::Tenant => {
                let (requested, resource) = (show(self.requested()), &self.resource);
                write!(f, "{requested} more {resource} ({used} used, the quota is {hard})")
            }
            LimitOwner::Cluster(cluster) => {
                let total = self.amount(self.total);
                write!(f, "cluster `{cluster}` would use {total}, the limit is {hard}")
            }
        }
    }
}

impl Shortage {
    pub(super) fn new(ledger: &Ledger, request: &Request, shortfalls: Vec<Shortfall>) -> Self {
        let first = shortfalls.iter().find(|shortfall| shortfall.owner == LimitOwner::Tenant);
        let mut largest: Vec<(ObjectRef, Quantity)> = first.map_or_else(Vec::new, |shortfall| {
            let used =
                ledger.charges().map(|(object, charge)| (object, charge.get(&shortfall.resource)));
            let used = used.filter(|(object, used)| !used.is_zero() && **object != request.object);
            used.map(|(object, used)| (object.clone(), used)).collect()
        });
        largest.sort_by(|(a, used_by_a), (b, used_by_b)| {
            used_by_b.cmp(used_by_a).then_with(|| a.cmp(b))
        });
        let others = largest.len().saturating_sub(NAMED);
        largest.truncate(NAMED);
        let task_managers = fitting_task_managers(request, &shortfalls);
        Self { shortfalls, largest, others, task_managers, may_shrink: false, counted: Vec::new() }
    }

    /// The message about the tenant's limits; `None` if the request exceeds none of them.
    pub fn tenant_message(&self, tenant: &str) -> Option<String> {
        self.tenant_message_about(tenant, "this object requests")
    }

    /// The same about a request with other words: `resuming it requests`.
    pub fn tenant_message_about(&self, tenant: &str, subject: &str) -> Option<String> {
        let resource = &self.of_tenant().next()?.resource;
        let requested = join(self.of_tenant().map(ToString::to_string));
        let largest = self.largest.iter().map(|(object, used)| (object, *used));
        let users = largest_users(resource, largest);
        let more =
            if self.others > 0 { format!(" and {} more", self.others) } else { String::new() };
        Some(format!("tenant `{tenant}`: {subject} {requested}{users}{more}"))
    }

    /// The message about the limits of one cluster; `None` if the request exceeds none of them.
    pub fn cluster_message(&self) -> Option<String> {
        let messages: Vec<String> = self.of_clusters().map(ToString::to_string).collect();
        (!messages.is_empty()).then(|| messages.join("; "))
    }

    /// What would fit into the tenant's limits.
    pub fn tenant_help(&self) -> String {
        self.task_manager_help().unwrap_or_else(|| {
            let fits = if self.of_tenant().any(|shortfall| shortfall.free().is_zero()) {
                let excess = join(self.of_tenant().map(|one| one.amount(one.excess())));
                format!("delete or shrink other objects of the tenant by {excess}")
            } else {
                let free = self.of_tenant().map(|one| {
                    format!("{} more {}", display(&one.resource, one.free()), one.resource)
                });
                format!("request at most {}", join(free))
            };
            format!("{fits}, or ask the platform team for a higher quota")
        })
    }

    /// What would fit into the limits of one cluster.
    pub fn cluster_help(&self) -> String {
        self.task_manager_help().unwrap_or_else(|| {
            // Several clusters have the same limits.
            let limits: BTreeMap<&str, String> = self
                .of_clusters()
                .map(|one| (one.resource.as_str(), one.amount(one.hard)))
                .collect();
            let limits = join(limits.into_values());
            format!("use at most {limits} for one cluster, or ask the platform team for more")
        })
    }

    fn task_manager_help(&self) -> Option<String> {
        let (fitting, all) = self.task_managers?;
        Some(format!("{fitting} of the {all} TaskManagers would fit"))
    }

    fn of_tenant(&self) -> impl Iterator<Item = &Shortfall> {
        self.shortfalls.iter().filter(|shortfall| shortfall.owner == LimitOwner::Tenant)
    }

    fn of_clusters(&self) -> impl Iterator<Item = &Shortfall> {
        self.shortfalls.iter().filter(|shortfall| shortfall.owner != LimitOwner::Tenant)
    }
}

/// The most TaskManagers with which the request would fit, and how many it has.
fn fitting_task_managers(request: &Request, shortfalls: &[Shortfall]) -> Option<(u64, u64)> {
    let task_managers = request.task_managers.as_ref()?;
    let most = task_managers.count.saturating_sub(1);
    let removed = shortfalls.iter().map(|shortfall| {
        let excess = shortfall.excess();
        let each = task_managers.each.get(&shortfall.resource);
        let enough = |count: u64| each.checked_mul(count).is_some_and(|freed| freed >= excess);
        enough(most).then(|| least(most, enough))
    });
    let removed = removed.collect::<Option<Vec<u64>>>()?.into_iter().max()?;
    Some((task_managers.count.saturating_sub(removed), task_managers.count))
}

/// The least count that is enough, by bisection; `most` is enough.
fn least(most: u64, enough: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, most);
    while low < high {
        let middle = low + (high - low) / 2;
        if enough(middle) { high = middle } else { low = middle + 1 }
    }
    high
}

/// The end of a message: the first few of the largest users of a resource; empty without any.
pub fn largest_users<'o>(
    resource: &str,
    largest: impl IntoIterator<Item = (&'o ObjectRef, Quantity)>,
) -> String {
    let users: Vec<String> = largest
        .into_iter()
        .take(NAMED)
        .map(|(object, used)| format!("`{object}` ({})", display(resource, used)))
        .collect();
    if users.is_empty() {
        String::new()
    } else {
        format!("; largest users of {resource}: {}", users.join(", "))
    }
}

/// `a`, `a and b`, `a, b and c`.
fn join(parts: impl Iterator<Item = String>) -> String {
    let mut parts: Vec<String> = parts.collect();
    let last = parts.pop().unwrap_or_default();
    if parts.is_empty() { last } else { format!("{} and {last}", parts.join(", ")) }
}
