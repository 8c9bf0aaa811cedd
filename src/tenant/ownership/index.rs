//! Finds the tenants that select a namespace without asking all of them.

use super::TenantEntry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Finds the tenants that select a namespace without asking all of them.
#[derive(Debug, Default)]
pub(super) struct NamespaceIndex {
    /// Indices of tenants by the exact names that they list.
    by_name: HashMap<String, Vec<usize>>,
    /// Indices of tenants by the prefixes that they list.
    by_prefix: HashMap<String, Vec<usize>>,
    /// The lengths of those prefixes in bytes.
    prefix_lengths: BTreeSet<usize>,
    /// Indices of tenants of which it cannot be read what they own, by name.
    pub(super) unread: BTreeMap<String, usize>,
    /// Indices of tenants that select by labels.
    pub(super) by_labels: Vec<usize>,
}

impl NamespaceIndex {
    pub(super) fn of(entries: &[TenantEntry]) -> Self {
        let mut index = Self::default();
        for (tenant, entry) in entries.iter().enumerate() {
            for pattern in entry.names() {
                let (map, name) = match pattern.strip_suffix('*') {
                    Some(prefix) => {
                        index.prefix_lengths.insert(prefix.len());
                        (&mut index.by_prefix, prefix)
                    }
                    None => (&mut index.by_name, pattern.as_str()),
                };
                map.entry(name.to_owned()).or_default().push(tenant);
            }
            if !entry.tenant.knows_its_namespaces() {
                index.unread.insert(entry.tenant.name.clone(), tenant);
            }
            if entry.selector.is_some() {
                index.by_labels.push(tenant);
            }
        }
        index
    }

    /// Indices of the tenants that list a namespace by name or prefix, in no order.
    pub(super) fn listing(&self, namespace: &str) -> Vec<usize> {
        let prefixes = self.prefix_lengths.iter().filter_map(|length| namespace.get(..*length));
        let by_prefix = prefixes.filter_map(|prefix| self.by_prefix.get(prefix));
        by_prefix.chain(self.by_name.get(namespace)).flatten().copied().collect()
    }
}
