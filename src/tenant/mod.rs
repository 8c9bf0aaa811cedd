//! FlinkTenant: what each tenant may run, and which namespace belongs to which.
//!
//! [`load`] reads tenants from files with positions, [`schema`] holds their text against the very
//! schema that the cluster's API server uses, [`check`] is everything that can be wrong with one,
//! [`claims`] says whose a namespace is.

pub mod check;
pub mod crd;
mod demands;
pub mod load;
pub mod ownership;
mod prepared;
pub mod schema;
mod spec;
mod validate;

pub(crate) use demands::duration;
pub use ownership::{Owner, Tenants};
pub use prepared::PreparedTenant;
pub use spec::*;
pub(crate) use validate::namespace_pattern;

/// The label of a Namespace that names its tenant: only Flinkgate writes it, and webhooks select
/// namespaces by it.
pub const TENANT_LABEL: &str = "flinkgate.dev/tenant";

/// Families of rules: the part of a rule's id before the slash.
pub const FAMILIES: [&str; 8] =
    ["security", "scheduling", "storage", "network", "flink", "quota", "tenancy", "cost"];

/// One tenant, checked.
#[derive(Clone, Debug, Default)]
pub struct Tenant {
    /// The FlinkTenant's name.
    pub name: String,
    /// Its spec.
    pub spec: FlinkTenantSpec,
    /// `file:line` of its manifest, for messages; empty for the built-in tenant.
    pub source: String,
    /// The FlinkTenant's resource version when it said this, as far as is known; 0 for one from a
    /// file.
    pub version: u64,
}

/// Whether a name matches a pattern: exact, or by its beginning where the pattern ends in a star.
pub fn name_matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => pattern == name,
    }
}

/// How exactly a rule pattern (`*`, `family/*`, `family/name`) names a rule; `None` where it does
/// not.
pub fn rule_match(pattern: &str, rule: &str) -> Option<u8> {
    if pattern == rule {
        return Some(2);
    }
    match pattern.strip_suffix('*') {
        Some("") => Some(0),
        Some(family) if family.ends_with('/') && rule.starts_with(family) => Some(1),
        _ => None,
    }
}
