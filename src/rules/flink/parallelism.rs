//! `flink/parallelism`

use crate::flink::config::Entry;
use crate::flink::memory::java::parse_int;
use crate::flink::operator::DeclaredSpec;
use crate::flink::options::{MAX_PARALLELISM, PARALLELISM, SCHEDULER_MODE, canonical};
use crate::rules::{Findings, Level, Rule, Subject};
use serde_json::Value;

/// A parallelism above the number of key groups.
pub static RULE: Rule = Rule {
    id: "flink/parallelism",
    level: Level::Error,
    since: "0.1.0",
    title: "Maximum parallelism",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("parallelism.md"),
    check,
};

/// The largest number of key groups (`KeyGroupRangeAssignment.UPPER_BOUND_MAX_PARALLELISM`, Flink 1.16
/// to 2.3). `DefaultVertexParallelismInfo` refuses more, and `ExecutionJobVertex` a parallelism above
/// the number of key groups.
const MOST: i64 = 1 << 15;

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    if !subject.workload.is_flink() {
        return;
    }
    let number = |value: &str| parse_int(value).map(i64::from).filter(|number| *number > 0);
    let max_option = subject.workload.option(MAX_PARALLELISM);
    let max = max_option.and_then(|(_, entry)| number(&entry.value));
    let key = canonical(MAX_PARALLELISM);
    if let (Some((name, entry)), Some(max)) = (max_option, max)
        && max > MOST
        && subject.workload.config.exact(name).is_some()
    {
        findings
            .at(subject.option_place(name, entry))
            .message(format!("`{name}` is {max}, but Flink has {MOST} key groups at most"))
            .help(format!("set `{name}` to {MOST} or less"))
            .key(name)
            .wanted(MOST.to_string())
            .found(max.to_string());
    }
    // In reactive mode the slots decide.
    let is_reactive = subject
        .workload
        .option(SCHEDULER_MODE)
        .is_some_and(|(_, entry)| entry.value.eq_ignore_ascii_case("reactive"));
    let Some((source, parallelism)) = parallelism(subject).filter(|_| !is_reactive) else {
        return;
    };
    let most = max.unwrap_or(MOST).min(MOST);
    // What is in a mounted file is reported at its ConfigMap.
    let is_here = subject.workload.declares_cluster
        || source.is_in_object()
        || max_option.is_some_and(|(_, entry)| entry.pointer.is_some());
    if parallelism <= most || !is_here {
        return;
    }
    let (message, help) = if max.is_some_and(|max| max < MOST) {
        (
            format!(
                "the parallelism is {parallelism}, but `{key}` is {most}: the job cannot start"
            ),
            format!("lower the parallelism to {most}, or raise `{key}`"),
        )
    } else {
        (
            format!("the parallelism is {parallelism}, but Flink has {most} key groups at most"),
            format!("lower the parallelism to {most} or less"),
        )
    };
    findings
        .at(source.place(subject))
        .message(message)
        .help(help)
        .key(key)
        .wanted(most.to_string())
        .found(parallelism.to_string());
}

/// What sets the parallelism of a job.
enum Source<'a> {
    SessionJob(DeclaredSpec<'a>),
    Option(&'a str, &'a Entry),
}

impl Source<'_> {
    fn is_in_object(&self) -> bool {
        match self {
            Self::SessionJob(_) => true,
            Self::Option(_, entry) => entry.pointer.is_some(),
        }
    }

    fn place(&self, subject: &Subject<'_>) -> String {
        match self {
            Self::SessionJob(job) => job.at("/job/parallelism"),
            Self::Option(key, entry) => subject.option_place(key, entry),
        }
    }
}

/// The parallelism of the object's job, and what sets it.
fn parallelism<'a>(subject: &Subject<'a>) -> Option<(Source<'a>, i64)> {
    if let Some(job) = subject.session_job() {
        let parallelism = job.field("/job/parallelism").and_then(Value::as_i64)?;
        return Some((Source::SessionJob(job), parallelism));
    }
    let (key, entry) = subject.workload.config.first(PARALLELISM)?;
    Some((Source::Option(key, entry), i64::from(parse_int(&entry.value)?)))
}
