//! How jobs restart after failures: whether there is an end to it, and a pause.

use super::super::whole;
use super::{Found, Subject, shown, texts};
use crate::flink::memory::java::parse_int;
use crate::flink::options::Names;
use crate::tenant::duration;
use regorus::Value;

const TYPE: Names = &["restart-strategy.type", "restart-strategy"];

/// A strategy: its spellings, the option that bounds its restarts with Flink's default, and the
/// option with its pause.
struct Strategy {
    names: &'static [&'static str],
    restarts: Option<(&'static str, i32)>,
    pause: Option<(&'static str, &'static str)>,
}

/// The first name is the one that a tenant writes.
const STRATEGIES: [Strategy; 4] = [
    Strategy { names: &["none", "off", "disable"], restarts: None, pause: None },
    Strategy {
        names: &["fixed-delay", "fixeddelay"],
        restarts: Some(("restart-strategy.fixed-delay.attempts", 1)),
        pause: Some(("restart-strategy.fixed-delay.delay", "1 s")),
    },
    Strategy {
        names: &["failure-rate", "failurerate"],
        restarts: Some(("restart-strategy.failure-rate.max-failures-per-interval", 1)),
        pause: Some(("restart-strategy.failure-rate.delay", "1 s")),
    },
    Strategy {
        names: &["exponential-delay", "exponentialdelay"],
        restarts: Some((
            "restart-strategy.exponential-delay.attempts-before-reset-backoff",
            i32::MAX,
        )),
        pause: Some(("restart-strategy.exponential-delay.max-backoff", "1 min")),
    },
];

pub(super) fn judge(subject: &Subject<'_>, found: &mut Found) {
    let wanted = &subject.tenant["flink"]["restartStrategy"];
    if !matches!(wanted, Value::Object(_)) || !subject.workload.is_flink() {
        return;
    }
    let config = &subject.workload.config;
    let types = texts(&wanted["types"]);
    let Some((key, entry)) = config.first(TYPE) else {
        // A session job takes what its cluster has; of pods not all options are known.
        if subject.workload.declares_cluster {
            let first = types
                .as_ref()
                .and_then(|types| types.first())
                .copied()
                .unwrap_or("exponential-delay");
            let message = "no restart strategy is named, and Flink's default may restart a failing job for ever".to_owned();
            found.add(
                "restarts",
                &subject.vacancy("restart-strategy.type"),
                message,
                format!("set restart-strategy.type: {first}"),
            );
        }
        return;
    };
    let named = entry.value.trim();
    let strategy = STRATEGIES
        .iter()
        .find(|strategy| strategy.names.iter().any(|name| name.eq_ignore_ascii_case(named)));
    let canonical = strategy.and_then(|strategy| strategy.names.first()).copied().unwrap_or(named);
    if let Some(types) = types.filter(|types| !types.contains(&canonical)) {
        if subject.option(TYPE).is_some() {
            let message = format!("jobs must not have the restart strategy {:?}", shown(named));
            found.add(
                "restarts",
                &subject.place(key, entry),
                message,
                format!("use {}", types.join(" or ")),
            );
        }
        return;
    }
    let Some(strategy) = strategy else { return };
    if let (Some((key, default)), Some(most)) = (strategy.restarts, whole(&wanted["maxRestarts"])) {
        // A value that is no number is told as that.
        let restarts = config.get(key).map_or(Some(default), parse_int);
        if let Some(restarts) = restarts.filter(|restarts| i64::from(*restarts) > most)
            && subject.is_authors(&[key])
        {
            let many = if restarts == i32::MAX {
                "without end".to_owned()
            } else {
                format!("{restarts} times")
            };
            let message =
                format!("a failing job would restart {many}: {key} may be at most {most}");
            found.add("restarts", &subject.place_of(&[key]), message, format!("set {key}: {most}"));
        }
    }
    if canonical == "failure-rate" && wanted["maxRestarts"] != Value::Undefined {
        interval(subject, found);
    }
    if let (Some((key, default)), Value::String(least)) = (strategy.pause, &wanted["minDelay"]) {
        let pause = duration(config.get(key).unwrap_or(default));
        if let (Some(pause), Some(least_pause)) = (pause, duration(least))
            && pause < least_pause
            && subject.is_authors(&[key])
        {
            let message =
                format!("a failing job would restart too soon: {key} must be at least {least}");
            found.add(
                "restarts",
                &subject.place_of(&[key]),
                message,
                format!("set {key}: {least}"),
            );
        }
    }
}

/// A failure rate stops restarts only where so many failures, each a pause apart, fit into its
/// interval.
fn interval(subject: &Subject<'_>, found: &mut Found) {
    const INTERVAL: &str = "restart-strategy.failure-rate.failure-rate-interval";
    let config = &subject.workload.config;
    let value = |key: &str, default: &'static str| {
        config.get(key).map_or_else(|| default.to_owned(), str::to_owned)
    };
    let failures =
        parse_int(&value("restart-strategy.failure-rate.max-failures-per-interval", "1"));
    let pause = duration(&value("restart-strategy.failure-rate.delay", "1 s"));
    let span = duration(&value(INTERVAL, "1 min"));
    if let (Some(failures), Some(pause), Some(span)) = (failures, pause, span)
        && pause.saturating_mul(i128::from(failures)) >= span
        && subject.is_authors(&[INTERVAL])
    {
        let message = format!(
            "a failing job would restart without end: {failures} pauses are no shorter than {INTERVAL}"
        );
        found.add(
            "restarts",
            &subject.place_of(&[INTERVAL]),
            message,
            format!("set a longer {INTERVAL}, or a shorter pause"),
        );
    }
}
