//! Jobs that scale without a change to their object: the floor and the ceiling of their
//! parallelism. How large a cluster may become at all is the quota's business.

use super::super::whole;
use super::{Found, Subject, Weight};
use crate::flink::memory::java::parse_int;
use crate::flink::options::{Names, PARALLELISM};

const AUTOSCALER: Names = &["job.autoscaler.enabled", "kubernetes.operator.job.autoscaler.enabled"];
const LEAST: Names = &[
    "job.autoscaler.vertex.min-parallelism",
    "kubernetes.operator.job.autoscaler.vertex.min-parallelism",
];
const MOST: Names = &[
    "job.autoscaler.vertex.max-parallelism",
    "kubernetes.operator.job.autoscaler.vertex.max-parallelism",
];
/// What the autoscaler goes by where nothing is set.
const DEFAULTS: (i32, i32) = (1, 200);

pub(super) fn judge(subject: &Subject<'_>, found: &mut Found) {
    if !subject.is_for_operator() {
        return;
    }
    let config = &subject.workload.config;
    let value_is = |key: &[&str], word: &str| {
        config.first(key).is_some_and(|(_, entry)| entry.value.trim().eq_ignore_ascii_case(word))
    };
    let autoscaled = value_is(AUTOSCALER, "true");
    let follows_slots = value_is(&["scheduler-mode"], "reactive")
        || value_is(&["jobmanager.scheduler"], "adaptive");
    if !autoscaled && !follows_slots {
        return;
    }
    let wanted = &subject.tenant["flink"]["elasticity"];
    let (floor, ceiling) = (whole(&wanted["minParallelism"]), whole(&wanted["maxParallelism"]));
    let name = |names: Names| names.first().copied().unwrap_or_default();
    // A value that is no number is told as that.
    let number = |names: Names, default| {
        config.first(names).map_or(Some(default), |(_, entry)| parse_int(&entry.value))
    };
    if autoscaled {
        let (least, most) = (number(LEAST, DEFAULTS.0), number(MOST, DEFAULTS.1));
        if let (Some(least), Some(most)) = (least, most)
            && least > most
        {
            let message = format!(
                "the autoscaler shall keep a parallelism of at least {least} and at most {most}, which none is"
            );
            let help = format!("lower {} or raise {}", name(LEAST), name(MOST));
            found.weigh("elasticity", &subject.place_of(LEAST), message, help, Weight::Warning);
        }
        if let (Some(least), Some(floor)) = (least.map(i64::from), floor)
            && least < floor
            && subject.is_authors(LEAST)
        {
            let message = format!(
                "the autoscaler may go down to a parallelism of {least}, below the tenant's {floor}"
            );
            found.add(
                "elasticity",
                &subject.place_of(LEAST),
                message,
                format!("set {}: {floor}", name(LEAST)),
            );
        }
        if let (Some(most), Some(ceiling)) = (most.map(i64::from), ceiling)
            && most > ceiling
            && subject.is_authors(MOST)
        {
            let message = format!(
                "the autoscaler may go up to a parallelism of {most}, above the tenant's {ceiling}"
            );
            found.add(
                "elasticity",
                &subject.place_of(MOST),
                message,
                format!("set {}: {ceiling}", name(MOST)),
            );
        }
    } else if let Some((key, entry)) = config.first(PARALLELISM)
        && let Some(parallelism) = parse_int(&entry.value).map(i64::from)
        && subject.is_authors(PARALLELISM)
    {
        let below = floor.filter(|floor| parallelism < *floor).map(|floor| ("at least", floor));
        let outside = below.or_else(|| {
            ceiling.filter(|ceiling| parallelism > *ceiling).map(|ceiling| ("at most", ceiling))
        });
        if let Some((words, bound)) = outside {
            let message = format!(
                "a job that scales with its slots has a parallelism of {parallelism}, and must have {words} {bound}"
            );
            found.add(
                "elasticity",
                &subject.place(key, entry),
                message,
                format!("set a parallelism of {words} {bound}"),
            );
        }
    }
}
