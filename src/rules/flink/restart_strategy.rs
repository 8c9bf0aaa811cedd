//! `flink/restart-strategy`

use crate::flink::memory::java::parse_int;
use crate::flink::options::{RESTART_STRATEGY as TYPE, canonical};
use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};
use crate::tenant::{RestartStrategy, RestartType, duration};

/// Restarts beyond the tenant's limits.
pub static RULE: Rule = Rule {
    id: "flink/restart-strategy",
    level: Level::Error,
    since: "0.1.0",
    title: "Limited restarts",
    tenant_fields: &["flink.restartStrategy"],
    as_is: false,
    page: include_str!("restart_strategy.md"),
    check,
};

const FAILURES: &str = "restart-strategy.failure-rate.max-failures-per-interval";
const FAILURE_DELAY: &str = "restart-strategy.failure-rate.delay";
const FAILURE_INTERVAL: &str = "restart-strategy.failure-rate.failure-rate-interval";

struct Strategy {
    kind: RestartType,
    /// Its spellings; the first one is the tenant's.
    names: &'static [&'static str],
    /// The option that limits its restarts, with Flink's default.
    restarts: Option<(&'static str, i32)>,
    /// The option with the delay between them, with Flink's default.
    delay: Option<(&'static str, &'static str)>,
}

const STRATEGIES: [Strategy; 4] = [
    Strategy {
        kind: RestartType::None,
        names: &["none", "off", "disable"],
        restarts: None,
        delay: None,
    },
    Strategy {
        kind: RestartType::FixedDelay,
        names: &["fixed-delay", "fixeddelay"],
        restarts: Some(("restart-strategy.fixed-delay.attempts", 1)),
        delay: Some(("restart-strategy.fixed-delay.delay", "1 s")),
    },
    Strategy {
        kind: RestartType::FailureRate,
        names: &["failure-rate", "failurerate"],
        restarts: Some((FAILURES, 1)),
        delay: Some((FAILURE_DELAY, "1 s")),
    },
    Strategy {
        kind: RestartType::ExponentialDelay,
        names: &["exponential-delay", "exponentialdelay"],
        restarts: Some((
            "restart-strategy.exponential-delay.attempts-before-reset-backoff",
            i32::MAX,
        )),
        delay: Some(("restart-strategy.exponential-delay.max-backoff", "1 min")),
    },
];

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(limits) = &subject.tenant.spec.flink.restart_strategy else { return };
    if !subject.workload.is_flink() {
        return;
    }
    let Some((key, entry)) = subject.workload.config.first(TYPE) else {
        // A session job has the strategy of its cluster, and the options of a pod may be incomplete.
        if subject.workload.declares_cluster {
            let key = canonical(TYPE);
            findings
                .at(subject.missing_option_place(key))
                .message("no restart strategy is set: Flink may restart a failing job indefinitely")
                .advise(help(subject, limits))
                .key(key);
        }
        return;
    };
    let named = entry.value.trim();
    let is_named = |name: &&str| name.eq_ignore_ascii_case(named);
    let strategy = STRATEGIES.iter().find(|strategy| strategy.names.iter().any(is_named));
    let is_allowed = limits
        .types
        .as_ref()
        .is_none_or(|allowed| strategy.is_some_and(|strategy| allowed.contains(&strategy.kind)));
    if !is_allowed {
        if subject.option(TYPE).is_some() {
            findings
                .at(subject.option_place(key, entry))
                .message(format!("restart strategy `{}` is not allowed", shown(named)))
                .advise(help(subject, limits))
                .key(key)
                .found(named);
        }
    } else if let Some(strategy) = strategy {
        restarts(subject, strategy, limits, findings);
        delay(subject, strategy, limits, findings);
    }
}

/// The settings that make a strategy of the tenant's fit its limits.
fn help(subject: &Subject<'_>, limits: &RestartStrategy) -> Advice {
    let kind = match &limits.types {
        None => Some(&RestartType::ExponentialDelay),
        Some(types) => types.first(),
    };
    let Some(strategy) = STRATEGIES.iter().find(|strategy| Some(&strategy.kind) == kind) else {
        return Advice::words("ask the platform team: the tenant allows no restart strategy");
    };
    let name = strategy.names.first().copied().unwrap_or_default();
    // The option may be set under an older name.
    let key = subject.workload.config.first(TYPE).map_or(canonical(TYPE), |(key, _)| key);
    let mut advice =
        Advice::set_option(key, name).in_words(format!("set `{}: {name}`", canonical(TYPE)));
    if let Some((key, _, most)) = excess_restarts(subject, strategy, limits) {
        advice = advice.and(Advice::set_option(key, most));
    }
    if let Some((key, _, least)) = short_delay(subject, strategy, limits) {
        advice = advice.and(Advice::set_option(key, least));
    }
    advice
}

/// The option that allows more restarts than the tenant, its value and the tenant's maximum.
fn excess_restarts(
    subject: &Subject<'_>,
    strategy: &Strategy,
    limits: &RestartStrategy,
) -> Option<(&'static str, i32, u32)> {
    let (key, default) = strategy.restarts?;
    // `flink/invalid-value` reports a value that is not a number.
    let restarts = subject.workload.config.get(key).map_or(Some(default), parse_int)?;
    let most = limits.max_restarts.filter(|most| i64::from(restarts) > i64::from(*most))?;
    Some((key, restarts, most))
}

/// The option whose delay is shorter than the tenant's, its value and the tenant's minimum.
fn short_delay<'a>(
    subject: &'a Subject<'_>,
    strategy: &Strategy,
    limits: &'a RestartStrategy,
) -> Option<(&'static str, &'a str, &'a str)> {
    let (key, default) = strategy.delay?;
    let value = subject.workload.config.get(key).unwrap_or(default);
    let is_short = duration(value)? < subject.tenant.min_restart_delay?;
    is_short.then_some((key, value, limits.min_delay.as_deref()?))
}

fn restarts(
    subject: &Subject<'_>,
    strategy: &Strategy,
    limits: &RestartStrategy,
    findings: &mut Findings,
) {
    if let Some((key, restarts, most)) = excess_restarts(subject, strategy, limits)
        && subject.is_authors_choice(&[key])
    {
        let often = match restarts {
            i32::MAX => "indefinitely".into(),
            restarts => format!("{restarts} times"),
        };
        findings
            .at(subject.place_of_option(&[key]))
            .message(format!("a failing job would restart {often}, the tenant's maximum is {most}"))
            .advise(Advice::set_option(key, most))
            .key(key)
            .wanted(most.to_string())
            .found(restarts.to_string());
    }
    if strategy.kind == RestartType::FailureRate && limits.max_restarts.is_some() {
        failure_rate(subject, findings);
    }
}

/// A failure rate stops restarts only if so many failures, each after a delay, fit into its
/// interval.
fn failure_rate(subject: &Subject<'_>, findings: &mut Findings) {
    let value =
        |key: &str, default: &'static str| subject.workload.config.get(key).unwrap_or(default);
    let failures = parse_int(value(FAILURES, "1"));
    let delay = duration(value(FAILURE_DELAY, "1 s"));
    let interval = duration(value(FAILURE_INTERVAL, "1 min"));
    if let (Some(failures), Some(delay), Some(interval)) = (failures, delay, interval)
        && delay.saturating_mul(i128::from(failures)) >= interval
        && subject.is_authors_choice(&[FAILURE_INTERVAL])
    {
        findings
            .at(subject.place_of_option(&[FAILURE_INTERVAL]))
            .message(format!(
                "a failing job would restart indefinitely: {failures} delays do not fit into \
                 `{FAILURE_INTERVAL}`"
            ))
            .help(format!("raise `{FAILURE_INTERVAL}`"))
            .key(FAILURE_INTERVAL);
    }
}

fn delay(
    subject: &Subject<'_>,
    strategy: &Strategy,
    limits: &RestartStrategy,
    findings: &mut Findings,
) {
    if let Some((key, value, least)) = short_delay(subject, strategy, limits)
        && subject.is_authors_choice(&[key])
    {
        findings
            .at(subject.place_of_option(&[key]))
            .message(format!(
                "a failing job would restart after `{value}`, the tenant's minimum is `{least}`"
            ))
            .advise(Advice::set_option(key, least))
            .key(key)
            .wanted(least)
            .found(value);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::rules::testing::reported_of_manifest;
    use serde_json::{Value, json};

    fn helps(strategy: Value, options: Value) -> Vec<String> {
        let manifest = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
            "metadata": {"name": "etl"}, "spec": {"flinkConfiguration": options}});
        let tenant = json!({"flink": {"restartStrategy": strategy}});
        let findings = reported_of_manifest(&RULE, manifest, tenant).into_iter();
        findings.map(|finding| finding.help.unwrap()).collect()
    }

    #[test]
    fn the_help_names_every_option_that_the_tenant_limits() {
        assert_eq!(
            helps(json!({"maxRestarts": 10, "minDelay": "10 s"}), json!({})),
            [
                "set `restart-strategy.type: exponential-delay` and `restart-strategy.exponential-delay.attempts-before-reset-backoff: 10`"
            ]
        );
        assert_eq!(
            helps(
                json!({"types": ["fixed-delay"], "minDelay": "10 s"}),
                json!({"restart-strategy": "off"})
            ),
            [
                "set `restart-strategy.type: fixed-delay` and `restart-strategy.fixed-delay.delay: 10 s`"
            ]
        );
        assert_eq!(
            helps(json!({"types": []}), json!({})),
            ["ask the platform team: the tenant allows no restart strategy"]
        );
    }
}
