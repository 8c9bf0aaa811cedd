//! `flink/autoscaler`

use crate::flink::config::Entry;
use crate::flink::memory::java::parse_double;
use crate::flink::operator::{DeclaredSpec, excluded_periods::is_period};
use crate::flink::options::{AUTOSCALER, Names};
use crate::flink::values::parse_duration;
use crate::flink::version::FlinkVersion;
use crate::rules::words::shown;
use crate::rules::{Findings, Level, Rule, Subject};

/// Options of the autoscaler that the operator refuses.
pub static RULE: Rule = Rule {
    id: "flink/autoscaler",
    level: Level::Error,
    since: "0.1.0",
    title: "Ranges of autoscaler options",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("autoscaler.md"),
    check,
};

/// The current name of an option of the autoscaler, and the older one.
macro_rules! names {
    ($name:literal) => {
        &[concat!("job.autoscaler.", $name), concat!("kubernetes.operator.job.autoscaler.", $name)]
    };
}

const TARGET: Names = &[
    "job.autoscaler.utilization.target",
    "kubernetes.operator.job.autoscaler.utilization.target",
    "job.autoscaler.target.utilization",
    "kubernetes.operator.job.autoscaler.target.utilization",
];
const DEFAULT_TARGET: f64 = 0.7;
const MAX_UTILIZATION: Names = names!("utilization.max");
const MIN_UTILIZATION: Names = names!("utilization.min");
const EXCLUDED_PERIODS: Names = names!("excluded.periods");
const WINDOW: Names = names!("metrics.window");
const RECONCILE_INTERVAL: Names = &[
    "kubernetes.operator.reconcile.interval",
    "kubernetes.operator.reconciler.reschedule.interval",
];
/// One minute in nanoseconds: the operator's default.
const DEFAULT_INTERVAL: i128 = 60_000_000_000;
/// The Flink version whose classes the operator uses to parse durations, for every object.
const OPERATORS_OWN: FlinkVersion = FlinkVersion::new(1, 20);

/// An option with a number, its range, and the option that enables it.
struct Range {
    names: Names,
    min: f64,
    max: f64,
    only_if: Option<Names>,
}

const fn range(names: Names, min: f64, max: f64) -> Range {
    Range { names, min, max, only_if: None }
}

const RANGES: [Range; 9] = [
    range(names!("scale-down.max-factor"), 0.0, f64::INFINITY),
    range(names!("scale-up.max-factor"), 0.0, f64::INFINITY),
    range(TARGET, 0.0, 1.0),
    range(names!("target.utilization.boundary"), 0.0, f64::INFINITY),
    range(names!("memory.gc-pressure.threshold"), 0.0, 1.0),
    range(names!("memory.heap-usage.threshold"), 0.0, 1.0),
    Range {
        only_if: Some(names!("observed-scalability.enabled")),
        ..range(names!("observed-scalability.coefficient-min"), 0.01, 1.0)
    },
    Range {
        only_if: Some(names!("scaling.effectiveness.detection.enabled")),
        ..range(names!("scaling.effectiveness.threshold"), 0.0, 1.0)
    },
    Range {
        only_if: Some(names!("memory.tuning.enabled")),
        ..range(names!("memory.tuning.overhead"), 0.0, 1.0)
    },
];

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(declared) = subject.operators_cluster().or_else(|| subject.session_job()) else {
        return;
    };
    if !declared.is_true(AUTOSCALER) {
        return;
    }
    for range in RANGES {
        if range.only_if.is_none_or(|option| declared.is_true(option)) {
            check_range(&declared, &range, findings);
        }
    }
    // The target of a session job may come from its cluster, which may be unknown.
    let is_known = subject.workload.declares_cluster || subject.workload.session.is_some();
    let target = declared
        .option(TARGET)
        .map_or(is_known.then_some(DEFAULT_TARGET), |(_, entry)| parse_double(&entry.value));
    let above_target = range(MAX_UTILIZATION, target.unwrap_or(0.0), 1.0);
    check_range(&declared, &above_target, findings);
    let below_target = range(MIN_UTILIZATION, 0.0, target.unwrap_or(1.0));
    check_range(&declared, &below_target, findings);
    check_periods(&declared, findings);
    check_window(&declared, findings);
}

/// `flink/invalid-value` reports what is not a number or not a duration.
fn check_range(declared: &DeclaredSpec<'_>, range: &Range, findings: &mut Findings) {
    let Range { min, max, .. } = range;
    let Some((key, entry)) = declared.option(range.names) else { return };
    // NaN is in every range.
    let is_outside = |value: f64| value < *min || value > *max;
    if parse_double(&entry.value).is_some_and(is_outside) {
        let help = if max.is_finite() {
            format!("write a number from {min} to {max}")
        } else {
            format!("write a number of {min} or more")
        };
        findings
            .at(declared.place_of(key, Some(entry)))
            .message(format!("`{key}` is `{}`, which is outside its range", shown(&entry.value)))
            .help(help)
            .key(key)
            .found(shown(&entry.value));
    }
}

fn check_periods(declared: &DeclaredSpec<'_>, findings: &mut Findings) {
    let Some((key, entry)) = declared.option(EXCLUDED_PERIODS) else { return };
    let mut periods = entry.value.split(';').map(str::trim).filter(|period| !period.is_empty());
    if let Some(period) = periods.find(|period| !is_period(period)) {
        let help = "write `9:30-11:00`, a Quartz expression such as `* * 9-11 * * ?`, or one of \
                    each joined with `&&`";
        findings
            .at(declared.place_of(key, Some(entry)))
            .message(format!("`{}` in `{key}` is not a period", shown(period)))
            .help(help.to_owned())
            .key(key)
            .found(shown(period));
    }
}

fn check_window(declared: &DeclaredSpec<'_>, findings: &mut Findings) {
    let duration = |entry: &Entry| parse_duration(&entry.value, OPERATORS_OWN);
    let Some((key, entry)) = declared.option(WINDOW) else { return };
    let interval = declared
        .option(RECONCILE_INTERVAL)
        .map_or(Some(DEFAULT_INTERVAL), |(_, entry)| duration(entry));
    if let (Some(window), Some(interval)) = (duration(entry), interval)
        && window < interval
    {
        let seconds = interval.saturating_add(999_999_999) / 1_000_000_000;
        findings
            .at(declared.place_of(key, Some(entry)))
            .message(format!(
                "`{key}` is shorter than the operator's reconcile interval, so the autoscaler \
                 never scales"
            ))
            .help(format!("write `{seconds} s` or more"))
            .key(key)
            .found(shown(&entry.value));
    }
}
