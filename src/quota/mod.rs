//! Counts what tenants use and checks it against their limits.
//!
//! A [`Usage`] and a tenant's [`limits`] go in; the exceeded limits come out. In a cluster, each
//! tenant has a [`ledger`] of reservations and live objects: [`commit`] batches requests into
//! writes, [`store`] reads and writes ledgers. Nothing here watches objects, and nothing except a
//! [`store`] does I/O.

pub mod admitted_store;
pub mod commit;
pub mod growth;
pub mod ledger;
pub mod limits;
pub mod store;
pub mod undeclared;

use crate::flink::sizing::Total;
use crate::resource::quantity::Quantity;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Amounts by resource name, as in a tenant's quota. A missing name counts as zero. Names that
/// Flinkgate knows are not copied.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usage(BTreeMap<Cow<'static, str>, Quantity>);

impl Usage {
    /// The usage of one workload.
    pub fn of(total: &Total) -> Self {
        let counts = [
            ("pods", total.pods),
            ("taskManagers", total.task_managers),
            ("taskSlots", total.task_slots),
            ("clusters", total.clusters),
            ("jobs", total.jobs),
            ("persistentVolumeClaims", total.persistent_volume_claims),
        ];
        let amounts = [("cpu", total.cpu), ("memory", total.memory), ("storage", total.storage)];
        let extended = total.extended.iter().map(|(name, amount)| (name.clone().into(), *amount));
        let all = counts
            .into_iter()
            .map(|(name, count)| (name, Quantity::from_units(count)))
            .chain(amounts)
            .map(|(name, amount)| (Cow::Borrowed(name), amount))
            .chain(extended)
            .filter(|(_, amount)| !amount.is_zero());
        Self(all.collect())
    }

    /// The amount of a resource.
    pub fn get(&self, resource: &str) -> Quantity {
        self.0.get(resource).copied().unwrap_or_default()
    }

    /// Adds another usage. A sum that overflows becomes the largest amount, which exceeds every
    /// limit.
    pub fn add(&mut self, other: &Self) {
        for (name, amount) in &other.0 {
            let sum = self.get(name).checked_add(*amount).unwrap_or(Quantity::MAX);
            self.0.insert(name.clone(), sum);
        }
    }

    /// This usage minus another one that is part of it.
    pub fn without(&self, other: &Self) -> Self {
        let rest = self.0.iter().map(|(name, amount)| {
            (name.clone(), amount.checked_sub(other.get(name)).unwrap_or_default())
        });
        Self(rest.filter(|(_, amount)| *amount > Quantity::default()).collect())
    }

    /// Raises each amount to at least that of another usage.
    pub fn raise_to(&mut self, other: &Self) {
        for (name, amount) in &other.0 {
            if *amount > self.get(name) {
                self.0.insert(name.clone(), *amount);
            }
        }
    }

    /// Lowers each amount to at most that of another usage.
    pub fn lower_to(&mut self, other: &Self) {
        self.0.retain(|name, amount| {
            *amount = other.get(name).min(*amount);
            *amount > Quantity::default()
        });
    }

    /// Whether any amount is larger than in another usage.
    pub fn exceeds(&self, other: &Self) -> bool {
        self.0.iter().any(|(name, amount)| *amount > other.get(name))
    }

    /// Whether nothing is used.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps only the resources for which `keep` is true.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.0.retain(|name, _| keep(name));
    }

    /// All amounts by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Quantity)> {
        self.0.iter().map(|(name, amount)| (&**name, *amount))
    }
}

/// Amounts above zero, by resource name.
impl<N: Into<Cow<'static, str>>> FromIterator<(N, Quantity)> for Usage {
    fn from_iter<I: IntoIterator<Item = (N, Quantity)>>(amounts: I) -> Self {
        let amounts = amounts.into_iter().filter(|(_, amount)| *amount > Quantity::default());
        Self(amounts.map(|(name, amount)| (name.into(), amount)).collect())
    }
}

/// Formats an amount in the usual unit of its resource: memory and storage in binary units.
pub fn display(resource: &str, amount: Quantity) -> String {
    match resource {
        "memory" | "storage" | "ephemeral-storage" => amount.display_bytes(),
        _ => amount.to_string(),
    }
}
