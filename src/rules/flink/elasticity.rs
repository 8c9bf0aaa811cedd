//! `flink/elasticity`

use crate::flink::memory::java::parse_int;
use crate::flink::options::{
    AUTOSCALER, AUTOSCALER_PARALLELISM_MAX, Names, PARALLELISM, SCHEDULER, SCHEDULER_MODE,
    canonical,
};
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Parallelism beyond the tenant's bounds in jobs that scale by themselves.
pub static RULE: Rule = Rule {
    id: "flink/elasticity",
    level: Level::Error,
    since: "0.1.0",
    title: "Bounds of automatic scaling",
    tenant_fields: &["flink.elasticity"],
    as_is: false,
    page: include_str!("elasticity.md"),
    check,
};

const MIN: Names = &[
    "job.autoscaler.vertex.min-parallelism",
    "kubernetes.operator.job.autoscaler.vertex.min-parallelism",
];
const MAX: Names = AUTOSCALER_PARALLELISM_MAX;
/// The autoscaler's own bounds.
const DEFAULTS: (i32, i32) = (1, 200);

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    if !subject.is_for_operator() {
        return;
    }
    let is_set_to = |names: Names, value: &str| {
        let option = subject.workload.config.first(names);
        option.is_some_and(|(_, entry)| entry.value.trim().eq_ignore_ascii_case(value))
    };
    if is_set_to(AUTOSCALER, "true") {
        autoscaler(subject, findings);
    } else if is_set_to(SCHEDULER_MODE, "reactive") || is_set_to(SCHEDULER, "adaptive") {
        parallelism(subject, findings);
    }
}

fn autoscaler(subject: &Subject<'_>, findings: &mut Findings) {
    let bounds = &subject.tenant.spec.flink.elasticity;
    // `flink/invalid-value` reports a value that is not a number.
    let number = |names: Names, default| {
        let option = subject.workload.config.first(names);
        option.map_or(Some(default), |(_, entry)| parse_int(&entry.value)).map(i64::from)
    };
    let (min, max) = (number(MIN, DEFAULTS.0), number(MAX, DEFAULTS.1));
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        findings
            .at(subject.place_of_option(MIN))
            .level(Level::Warning)
            .message(format!(
                "the autoscaler's minimum parallelism {min} is above its maximum {max}"
            ))
            .help(format!("lower `{}` or raise `{}`", canonical(MIN), canonical(MAX)));
    }
    let mut report = |names: Names, words: &str, value: i64, bound: u32| {
        let key = canonical(names);
        findings
            .at(subject.place_of_option(names))
            .message(format!(
                "the autoscaler's {words} parallelism is {value}, the tenant's is {bound}"
            ))
            .advise(
                Advice::set_option(
                    subject.workload.config.first(names).map_or(key, |(key, _)| key),
                    bound,
                )
                .in_words(format!("set `{key}: {bound}`")),
            )
            .key(key)
            .wanted(bound.to_string())
            .found(value.to_string());
    };
    if let (Some(min), Some(bound)) = (min, bounds.min_parallelism)
        && min < i64::from(bound)
        && subject.is_authors_choice(MIN)
    {
        report(MIN, "minimum", min, bound);
    }
    if let (Some(max), Some(bound)) = (max, bounds.max_parallelism)
        && max > i64::from(bound)
        && subject.is_authors_choice(MAX)
    {
        report(MAX, "maximum", max, bound);
    }
}

/// The parallelism of a job that takes the slots that there are.
fn parallelism(subject: &Subject<'_>, findings: &mut Findings) {
    let Some((key, entry)) = subject.option(PARALLELISM) else { return };
    let Some(parallelism) = parse_int(&entry.value).map(i64::from) else { return };
    let bounds = &subject.tenant.spec.flink.elasticity;
    let below = bounds.min_parallelism.filter(|min| parallelism < i64::from(*min));
    let above = bounds.max_parallelism.filter(|max| parallelism > i64::from(*max));
    let (words, bound) = match (below, above) {
        (Some(min), _) => ("below the tenant's minimum", min),
        (None, Some(max)) => ("above the tenant's maximum", max),
        (None, None) => return,
    };
    findings
        .at(subject.option_place(key, entry))
        .message(format!(
            "the parallelism {parallelism} is {words} of {bound} for automatic scaling"
        ))
        .help(format!("set the parallelism to {bound}"))
        .wanted(bound.to_string())
        .found(parallelism.to_string());
}
