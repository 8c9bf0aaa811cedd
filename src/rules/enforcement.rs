//! What a finding does: the tenant's enforcement, its overrides by rule, its exemptions with their
//! end.

use super::Level;
use super::tenancy::unreadable_tenant;
use crate::resource::Resource;
use crate::tenant::{Enforcement, Exemption, FlinkTenantSpec, name_matches, rule_match};
use jiff::civil::Date;

/// The level of a rule's finding in this tenant; `None` where the object is exempt.
///
/// The tenant's own enforcement lowers errors: Warn to warnings, Audit to info. An entry of `rules`
/// does the same for what it names, the most exact entry winning, and the later of two that are
/// equally exact; naming a rule by its full id with Enforce also raises its warnings to errors.
pub fn level(
    spec: &FlinkTenantSpec,
    rule: &str,
    natural: Level,
    resource: &Resource,
    today: Date,
) -> Option<Level> {
    // An exemption or override was written for a tenant that can be read.
    let is_about_tenant = rule == unreadable_tenant::RULE.id;
    if !is_about_tenant
        && spec.exemptions.iter().any(|exemption| exempts(exemption, rule, resource, today))
    {
        return None;
    }
    let chosen = spec
        .rules
        .iter()
        .filter(|_| !is_about_tenant)
        .filter_map(|entry| Some((rule_match(&entry.rule, rule)?, entry.enforcement)))
        .max_by_key(|(exactness, _)| *exactness);
    let enforcement =
        chosen.map(|(_, enforcement)| enforcement).or(spec.enforcement).unwrap_or_default();
    Some(match enforcement {
        Enforcement::Enforce if chosen.is_some_and(|(exactness, _)| exactness == 2) => {
            natural.max(raised(natural))
        }
        Enforcement::Enforce => natural,
        Enforcement::Warn => natural.min(Level::Warning),
        Enforcement::Audit => natural.min(Level::Info),
    })
}

fn raised(natural: Level) -> Level {
    if natural == Level::Warning { Level::Error } else { natural }
}

fn exempts(exemption: &Exemption, rule: &str, resource: &Resource, today: Date) -> bool {
    let holds = exemption
        .until
        .as_deref()
        .is_none_or(|until| until.parse::<Date>().is_ok_and(|until| today <= until));
    // A name that the API server has yet to complete (`generateName`) matches by its known
    // beginning.
    let name = resource.display_name();
    let among = |patterns: &[String], name: &str| {
        patterns.is_empty() || patterns.iter().any(|pattern| name_matches(pattern, name))
    };
    holds
        && exemption.rules.iter().any(|pattern| rule_match(pattern, rule).is_some())
        && among(&exemption.names, name.trim_end_matches('*'))
        && among(&exemption.namespaces, &resource.namespace)
}

/// Today, in UTC.
pub fn today() -> Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn judged(spec: Value, rule: &str, natural: Level) -> Option<Level> {
        let spec: FlinkTenantSpec = serde_json::from_value(spec).unwrap();
        let resource = Resource {
            name: "legacy-etl".into(),
            namespace: "payments-prod".into(),
            ..Resource::default()
        };
        level(&spec, rule, natural, &resource, "2026-11-21".parse().unwrap())
    }

    #[test]
    fn the_most_exact_override_wins() {
        let rules = json!({"enforcement": "Audit", "rules": [
            {"rule": "security/privileged", "enforcement": "Enforce"},
            {"rule": "security/*", "enforcement": "Warn"},
        ]});
        assert_eq!(judged(rules.clone(), "security/privileged", Level::Error), Some(Level::Error));
        assert_eq!(
            judged(rules.clone(), "security/privileged", Level::Warning),
            Some(Level::Error)
        );
        assert_eq!(judged(rules.clone(), "security/seccomp", Level::Error), Some(Level::Warning));
        assert_eq!(judged(rules, "quota/exceeded", Level::Error), Some(Level::Info));
    }

    #[test]
    fn enforcement_never_raises_advice_by_itself() {
        assert_eq!(
            judged(json!({"enforcement": "Enforce"}), "cost/idle-slots", Level::Warning),
            Some(Level::Warning)
        );
        assert_eq!(
            judged(
                json!({"rules": [{"rule": "cost/*", "enforcement": "Enforce"}]}),
                "cost/idle-slots",
                Level::Warning
            ),
            Some(Level::Warning)
        );
    }

    #[test]
    fn an_exemption_holds_through_its_last_day() {
        let exempt = |until: &str| {
            judged(
                json!({"exemptions": [{"rules": ["security/*"], "names": ["legacy-*"], "until": until}]}),
                "security/seccomp",
                Level::Error,
            )
        };
        assert_eq!(exempt("2026-11-21"), None);
        assert_eq!(exempt("2026-11-20"), Some(Level::Error));
        assert_eq!(
            judged(
                json!({"exemptions": [{"rules": ["*"], "names": ["other"]}]}),
                "security/seccomp",
                Level::Error
            ),
            Some(Level::Error)
        );
        assert_eq!(
            judged(
                json!({"exemptions": [{"rules": ["*"], "namespaces": ["payments-*"]}]}),
                "security/seccomp",
                Level::Error
            ),
            None
        );
    }
}
