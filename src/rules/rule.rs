//! A built-in rule.

use super::{Findings, Level, Subject};

/// A built-in rule: its metadata, its page and its check. `src/rules/<family>/<rule>.rs` defines it
/// as `pub static RULE`.
#[derive(Debug)]
pub struct Rule {
    /// `<family>/<name>` in kebab-case.
    pub id: &'static str,
    /// Level of its findings unless a finding sets its own.
    pub level: Level,
    /// Version of Flinkgate that first had it.
    pub since: &'static str,
    /// A noun phrase that names the subject.
    pub title: &'static str,
    /// Fields of [`FlinkTenantSpec`](crate::tenant::FlinkTenantSpec) that it reads, with dots:
    /// `security.serviceAccounts`.
    pub tenant_fields: &'static [&'static str],
    /// Whether its examples are judged without mutation, which would complete the bad one.
    pub as_is: bool,
    /// The text of `<rule>.md`.
    pub page: &'static str,
    /// Reports what is wrong with the subject. Allocates nothing where nothing is wrong.
    pub check: fn(&Subject<'_>, &mut Findings),
}

impl Rule {
    /// The part of the id before the slash.
    pub fn family(&self) -> &'static str {
        self.id.split_once('/').map_or(self.id, |(family, _)| family)
    }
}
