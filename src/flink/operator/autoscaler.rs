//! Options of the autoscaler: numbers in their ranges, periods that are some, and a window that
//! holds samples.
//!
//! Read only where the autoscaler is on. What is no number or duration at all is an invalid value,
//! and told as that.

use super::excluded_periods;
use super::{Declared, Found, OPERATORS_OWN, Subject, shown};
use crate::flink::config::Entry;
use crate::flink::memory::java::parse_double;
use crate::flink::options::Names;
use crate::flink::values::parse_duration;

const ENABLED: Names = &["job.autoscaler.enabled", "kubernetes.operator.job.autoscaler.enabled"];
const RECONCILE_INTERVAL: Names = &[
    "kubernetes.operator.reconcile.interval",
    "kubernetes.operator.reconciler.reschedule.interval",
];

/// One minute in nanoseconds, which is how often the operator looks after an object unless told
/// otherwise.
const DEFAULT_INTERVAL: i128 = 60_000_000_000;

const DEFAULT_TARGET: f64 = 0.7;

/// A number's option without `job.autoscaler.`, its range, and the option without which it is not
/// read.
type Range = (&'static str, f64, f64, Option<&'static str>);

const RANGES: [Range; 9] = [
    ("scale-down.max-factor", 0.0, f64::INFINITY, None),
    ("scale-up.max-factor", 0.0, f64::INFINITY, None),
    ("utilization.target", 0.0, 1.0, None),
    ("target.utilization.boundary", 0.0, f64::INFINITY, None),
    ("memory.gc-pressure.threshold", 0.0, 1.0, None),
    ("memory.heap-usage.threshold", 0.0, 1.0, None),
    ("observed-scalability.coefficient-min", 0.01, 1.0, Some("observed-scalability.enabled")),
    ("scaling.effectiveness.threshold", 0.0, 1.0, Some("scaling.effectiveness.detection.enabled")),
    ("memory.tuning.overhead", 0.0, 1.0, Some("memory.tuning.enabled")),
];

/// All options that the operator checks.
pub(super) fn options(declared: &Declared<'_>, found: &mut Found) {
    if !declared.is_true(ENABLED) {
        return;
    }
    for (name, least, most, only_if) in RANGES {
        if only_if.is_none_or(|only_if| {
            option(declared, only_if)
                .is_some_and(|(_, entry)| entry.value.eq_ignore_ascii_case("true"))
        }) {
            range(declared, name, least, most, found);
        }
    }
    // A session job's target may come from its cluster, where that is not known.
    let known = declared.workload.declares_cluster || declared.workload.session.is_some();
    let otherwise = known.then_some(DEFAULT_TARGET);
    let target = option(declared, "utilization.target")
        .map_or(otherwise, |(_, entry)| parse_double(&entry.value));
    range(declared, "utilization.max", target.unwrap_or(0.0), 1.0, found);
    range(declared, "utilization.min", 0.0, target.unwrap_or(1.0), found);
    if let Some((key, entry)) = option(declared, "excluded.periods") {
        let periods = entry.value.split(';').map(str::trim).filter(|period| !period.is_empty());
        if let Some((period, problem)) =
            periods.filter_map(|period| Some((period, excluded_periods::problem(period)?))).next()
        {
            let message = format!("`{}` in {key} is no period: {problem}", shown(period));
            let help = "write 9:30-11:00, a Quartz expression such as * * 9-11 * * ?, or both joined with &&";
            found.tell_with_help(
                Subject::Autoscaler,
                declared.place_of(key, Some(entry)),
                message,
                help,
            );
        }
    }
    window(declared, found);
}

fn range(declared: &Declared<'_>, name: &str, least: f64, most: f64, found: &mut Found) {
    let Some((key, entry)) = option(declared, name) else { return };
    // NaN lies outside of no range.
    let Some(value) = parse_double(&entry.value).filter(|value| *value < least || *value > most)
    else {
        return;
    };
    let range = if most.is_finite() {
        format!("a number from {least} to {most}")
    } else {
        format!("a number of {least} or more")
    };
    let place = declared.place_of(key, Some(entry));
    found.tell_with_help(
        Subject::Autoscaler,
        place,
        format!("{key} is {value}, outside of its range"),
        format!("write {range}"),
    );
}

fn window(declared: &Declared<'_>, found: &mut Found) {
    let Some((key, entry)) = option(declared, "metrics.window") else { return };
    let duration = |entry: &Entry| parse_duration(&entry.value, OPERATORS_OWN);
    let interval = declared
        .option(RECONCILE_INTERVAL)
        .map_or(Some(DEFAULT_INTERVAL), |(_, entry)| duration(entry));
    if let (Some(window), Some(interval)) = (duration(entry), interval)
        && window < interval
    {
        let message = format!(
            "{key} is shorter than the time between two looks of the operator, so the autoscaler never acts"
        );
        let help =
            format!("write {} s or more", interval.saturating_add(999_999_999) / 1_000_000_000);
        found.tell_with_help(
            Subject::Autoscaler,
            declared.place_of(key, Some(entry)),
            message,
            help,
        );
    }
}

/// An option of the autoscaler under its names.
fn option<'a>(declared: &Declared<'a>, name: &str) -> Option<(&'a str, &'a Entry)> {
    let of = |name: &str| {
        let (now, before) = (
            format!("job.autoscaler.{name}"),
            format!("kubernetes.operator.job.autoscaler.{name}"),
        );
        declared.option(&[now.as_str(), before.as_str()])
    };
    of(name).or_else(|| if name == "utilization.target" { of("target.utilization") } else { None })
}
