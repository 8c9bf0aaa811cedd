//! FlinkTenant: what each tenant may run, and which namespaces it owns.
//!
//! Goes in: FlinkTenants from files ([`load`]) or from the cluster. Comes out: checked specs
//! ([`check`], with the CRD's [`schema`]), the [`readable`] parts of those that fail the check, and
//! the owner of a namespace ([`ownership`]). It does not check what tenants run: the
//! [rules](crate::rules) do.

pub mod changes;
pub mod check;
pub mod crd;
mod demands;
pub mod doors;
mod kept;
pub mod load;
mod option_checks;
pub mod ownership;
mod prepared;
pub mod readable;
pub mod schema;
mod spec;
mod validate;

pub(crate) use demands::duration;
pub use kept::KeptState;
pub use ownership::{Owner, Tenants};
pub use prepared::PreparedTenant;
pub use spec::*;
pub(crate) use validate::namespace_pattern;
pub use validate::{NamespacePatternError, unknown_rule};

/// The label of a Namespace that names its tenant. Only Flinkgate may set it, and webhooks select
/// namespaces by it.
pub const TENANT_LABEL: &str = "flinkgate.dev/tenant";

/// Families of rules: the part before the slash in a rule id.
pub const FAMILIES: [&str; 8] =
    ["security", "scheduling", "storage", "network", "flink", "quota", "tenancy", "cost"];

/// A checked tenant.
#[derive(Clone, Debug, Default)]
pub struct Tenant {
    /// The FlinkTenant's name.
    pub name: String,
    /// Its spec.
    pub spec: FlinkTenantSpec,
    /// `file:line` of its manifest, for messages; empty for the built-in tenant.
    pub source: String,
    /// The FlinkTenant's resource version; 0 where it is unknown or the tenant is from a file.
    pub version: u64,
    /// The parts of the FlinkTenant that could not be read, and what holds in their place.
    pub unread: Vec<readable::UnreadPart>,
}

/// Whether a name matches a pattern: exactly, or by prefix where the pattern ends in a star.
pub fn name_matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => pattern == name,
    }
}

/// How exactly a pattern (`*`, `family/*`, `family/name`) matches a rule id; `None` if it does not.
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
