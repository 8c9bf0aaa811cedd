//! What tenants use, and what exceeds a limit.
//!
//! A [`Usage`] counts in a tenant's units, exactly. Offline the usage of a tenant is the sum over
//! the input; what an object is held against is `used` (by others) plus what it asks for itself.
//! Where objects come one by one, from several API servers at the same time, a tenant has a
//! [`ledger`] of what was promised and what is there; [`store`] is where ledgers are kept,
//! [`commit`] how many requests become one write.

pub mod commit;
pub mod ledger;
pub mod limits;
pub mod store;
pub mod undeclared;

use crate::flink::sizing::Total;
use crate::resource::quantity::Quantity;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Amounts by resource name, as a tenant's quota names them; a name that is absent counts as zero.
/// Names that Flinkgate itself knows are not copied.
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

    /// How much of a resource.
    pub fn get(&self, resource: &str) -> Quantity {
        self.0.get(resource).copied().unwrap_or_default()
    }

    /// Adds another usage; a sum too large to count stays at the largest amount, which no limit
    /// allows.
    pub fn add(&mut self, other: &Self) {
        for (name, amount) in &other.0 {
            let sum = self.get(name).checked_add(*amount).unwrap_or(Quantity::MAX);
            self.0.insert(name.clone(), sum);
        }
    }

    /// This usage without another that was counted into it.
    pub fn without(&self, other: &Self) -> Self {
        let rest = self.0.iter().map(|(name, amount)| {
            (name.clone(), amount.checked_sub(other.get(name)).unwrap_or_default())
        });
        Self(rest.filter(|(_, amount)| *amount > Quantity::default()).collect())
    }

    /// Raises every amount to that of another usage where that is larger.
    pub fn raise_to(&mut self, other: &Self) {
        for (name, amount) in &other.0 {
            if *amount > self.get(name) {
                self.0.insert(name.clone(), *amount);
            }
        }
    }

    /// Lowers every amount to that of another usage where that is smaller.
    pub fn lower_to(&mut self, other: &Self) {
        self.0.retain(|name, amount| {
            *amount = other.get(name).min(*amount);
            *amount > Quantity::default()
        });
    }

    /// Whether this is more than another usage of any resource.
    pub fn exceeds(&self, other: &Self) -> bool {
        self.0.iter().any(|(name, amount)| *amount > other.get(name))
    }

    /// Whether nothing is used.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps the amounts of some resources only.
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

/// Writes an amount as its resource is usually written: memory and storage in binary units.
pub fn display(resource: &str, amount: Quantity) -> String {
    match resource {
        "memory" | "storage" | "ephemeral-storage" => amount.display_bytes(),
        _ => amount.to_string(),
    }
}
