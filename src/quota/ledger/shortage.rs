//! What a refusal says: what was asked for, what is used and by whom, what is free, and what would
//! fit.

use super::{Ledger, ObjectRef, Request};
use crate::quota::display;
use crate::resource::quantity::Quantity;
use std::collections::BTreeSet;
use std::fmt;

/// How many of those who use most are named.
const NAMED: usize = 3;

/// Why a request does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// The object that asks.
    pub object: ObjectRef,
    /// Every limit that it would pass.
    pub missing: Vec<Missing>,
    /// Who uses most of the first of the tenant's resources that is missing, largest first; the
    /// object itself is not among them.
    pub largest: Vec<(ObjectRef, Quantity)>,
    /// How many more use it.
    pub others: usize,
    /// What to change.
    pub advice: String,
}

/// One limit that would be passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Whose limit it is.
    pub scope: Scope,
    /// The resource.
    pub resource: String,
    /// What is used without the request.
    pub used: Quantity,
    /// What would be used with it.
    pub wanted: Quantity,
    /// The limit.
    pub hard: Quantity,
}

/// Whose limit would be passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The tenant's, over all its namespaces.
    Tenant,
    /// That of any one cluster.
    Cluster(ObjectRef),
}

impl Missing {
    /// What the request would add.
    pub fn asked(&self) -> Quantity {
        self.wanted.checked_sub(self.used).unwrap_or_default()
    }

    /// What is left for it; nothing where more than the limit is used.
    pub fn free(&self) -> Quantity {
        self.hard.checked_sub(self.used).unwrap_or_default().max(Quantity::default())
    }
}

impl Shortage {
    pub(super) fn new(ledger: &Ledger, request: &Request, missing: Vec<Missing>) -> Self {
        let first = missing.iter().find(|missing| missing.scope == Scope::Tenant);
        let mut largest: Vec<(ObjectRef, Quantity)> = first.map_or_else(Vec::new, |missing| {
            let used =
                ledger.charges().map(|(object, charge)| (object, charge.get(&missing.resource)));
            let used = used.filter(|(object, used)| !used.is_zero() && **object != request.object);
            used.map(|(object, used)| (object.clone(), used)).collect()
        });
        largest.sort_by(|(a, used_by_a), (b, used_by_b)| {
            used_by_b.cmp(used_by_a).then_with(|| a.cmp(b))
        });
        let others = largest.len().saturating_sub(NAMED);
        largest.truncate(NAMED);
        let advice = advice(request, &missing);
        Self { object: request.object.clone(), missing, largest, others, advice }
    }
}

/// The fewest TaskManagers that must go for the request to fit; otherwise in general.
fn advice(request: &Request, missing: &[Missing]) -> String {
    let fewer = request.task_managers.as_ref().and_then(|task_managers| {
        let needed = missing.iter().map(|missing| {
            let over = missing.wanted.checked_sub(missing.hard)?;
            let each = task_managers.each.get(&missing.resource);
            // By halves: how many are enough, if all but one are.
            let enough = |count: u64| each.checked_mul(count).is_some_and(|freed| freed >= over);
            let most = task_managers.count.saturating_sub(1);
            enough(most).then(|| least(most, enough))
        });
        needed
            .collect::<Option<Vec<u64>>>()
            .and_then(|needed| Some((needed.into_iter().max()?, task_managers.count)))
    });
    match fewer {
        Some((1, count)) => format!("one TaskManager fewer (of {count}) would fit"),
        Some((fewer, count)) => format!("{fewer} TaskManagers fewer (of {count}) would fit"),
        None => {
            let resources: BTreeSet<&str> =
                missing.iter().map(|missing| missing.resource.as_str()).collect();
            let resources: Vec<&str> = resources.into_iter().collect();
            format!(
                "ask for less ({}), let something else of the tenant's go first, or have the limit raised",
                resources.join(" and ")
            )
        }
    }
}

/// The least count that is enough, where `most` is.
fn least(most: u64, enough: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, most);
    while low < high {
        let middle = low + (high - low) / 2;
        if enough(middle) { high = middle } else { low = middle + 1 }
    }
    high
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |amount| display(&self.resource, amount);
        match &self.scope {
            Scope::Tenant => write!(
                f,
                "{} more {} asked for, {} of {} free, {} used",
                show(self.asked()),
                self.resource,
                show(self.free()),
                show(self.hard),
                show(self.used)
            ),
            Scope::Cluster(cluster) => {
                write!(
                    f,
                    "{cluster} would use {} {}, and one cluster may use {}",
                    show(self.wanted),
                    self.resource,
                    show(self.hard)
                )
            }
        }
    }
}

impl Shortage {
    /// What is missing of the tenant's limits, and who uses most; `None` where they are kept.
    pub fn of_tenant(&self) -> Option<String> {
        let missing = self.told(|scope| *scope == Scope::Tenant)?;
        Some(format!("{missing}{}", self.users()))
    }

    /// What is missing of the limits of one cluster; `None` where they are kept.
    pub fn of_cluster(&self) -> Option<String> {
        self.told(|scope| *scope != Scope::Tenant)
    }

    fn told(&self, of: impl Fn(&Scope) -> bool) -> Option<String> {
        let told: Vec<String> = self
            .missing
            .iter()
            .filter(|missing| of(&missing.scope))
            .map(ToString::to_string)
            .collect();
        (!told.is_empty()).then(|| told.join("; "))
    }

    /// Who uses most of what is missing.
    fn users(&self) -> String {
        let resource = self
            .missing
            .iter()
            .find(|missing| missing.scope == Scope::Tenant)
            .map(|missing| missing.resource.as_str());
        let Some(resource) = resource else { return String::new() };
        let users =
            largest_users(resource, self.largest.iter().map(|(object, used)| (object, *used)));
        let more =
            if self.others > 0 { format!(" and {} more", self.others) } else { String::new() };
        format!("{users}{more}")
    }
}

/// The next sentence about a resource: the first few of those who use most of it, largest first;
/// empty where there are none.
pub fn largest_users<'o>(
    resource: &str,
    largest: impl IntoIterator<Item = (&'o ObjectRef, Quantity)>,
) -> String {
    let users = largest
        .into_iter()
        .take(NAMED)
        .map(|(object, used)| format!("{object} ({})", display(resource, used)));
    let users: Vec<String> = users.collect();
    if users.is_empty() {
        String::new()
    } else {
        format!(". Largest users of {resource}: {}", users.join(", "))
    }
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is more than is left: ", self.object)?;
        for (index, missing) in self.missing.iter().enumerate() {
            write!(f, "{}{missing}", if index > 0 { "; " } else { "" })?;
        }
        f.write_str(&self.users())?;
        write!(f, ". {}", capitalised(&self.advice))
    }
}

fn capitalised(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}
