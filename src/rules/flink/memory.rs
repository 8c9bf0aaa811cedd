//! `flink/memory`

use crate::flink::Engine;
use crate::flink::memory::{Fault, MemoryError, RECOMMENDED_HEAP, segment_size, shown};
use crate::flink::operator::field_name;
use crate::flink::options::Names;
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Memory with which Flink does not start.
pub static RULE: Rule = Rule {
    id: "flink/memory",
    level: Level::Error,
    since: "0.1.0",
    title: "Memory breakdown",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("memory.md"),
    check,
};

/// Options that the JobManager's heap is derived from, nearest first.
const HEAP: Names = &[
    "jobmanager.memory.heap.size",
    "jobmanager.memory.flink.size",
    "jobmanager.memory.process.size",
];

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let size = &subject.workload.size;
    match size.job_manager.as_ref().and_then(|role| role.breakdown.as_ref()) {
        Some(Err(error)) => refused(subject, "the JobManager", error, findings),
        Some(Ok(memory)) if memory.heap < RECOMMENDED_HEAP => {
            small_heap(subject, memory.heap, findings);
        }
        _ => {}
    }
    let Some(role) = &size.task_manager else { return };
    let error = role.breakdown.as_ref().and_then(|memory| memory.as_ref().err());
    if let Some(error) = error {
        refused(subject, "a TaskManager", error, findings);
    }
    // The breakdown may have stopped at the same mistake.
    if let Err(segment) = segment_size(&subject.workload.config)
        && error.is_none_or(|error| error.option != segment.option)
    {
        refused(subject, "a TaskManager", &segment, findings);
    }
}

fn refused(subject: &Subject<'_>, role: &str, error: &MemoryError, findings: &mut Findings) {
    let place = place_of(subject, &error.option);
    let is_size = place.is_some_and(|place| subject.is_size_problem(place));
    // `flink/size` reports a missing size, and `flink/invalid-value` an unreadable one that the
    // object or its configuration file sets.
    let is_invalid = error.fault == Fault::Unreadable
        && (place.is_some() || subject.workload.config_pointer.is_none());
    if is_size || is_invalid || error.fault == Fault::Missing {
        return;
    }
    let (name, option) = (name(subject, &error.option), &error.option);
    let bound = if error.fault == Fault::TooLarge { "less" } else { "more" };
    let instead = error.instead();
    let help = match &instead {
        Some(size) if is_derived(subject, place) => Advice::words(format!(
            "change `{name}` until `{option}`, which is derived from it, is `{size}` or {bound}"
        )),
        Some(size) => {
            let words = format!("set `{name}` to `{size}` or {bound}");
            match place.filter(|place| !subject.workload.is_written_at(place)) {
                Some(field) => Advice::set_at(field.to_owned(), option, size.as_str()),
                None => Advice::set_option(option, size),
            }
            .in_words(words)
        }
        None if error.fault == Fault::Overflow => {
            Advice::words(format!("set `{name}` to a smaller size"))
        }
        None => Advice::words(format!("correct `{name}`, or the options that it contradicts")),
    };
    let finding = findings.at(subject.place_of_option(&[option]));
    finding.message(format!("{role} cannot start: {}", error.problem)).advise(help).key(option);
    if let Some(size) = instead {
        finding.wanted(size);
    }
}

fn small_heap(subject: &Subject<'_>, heap: u64, findings: &mut Findings) {
    let option = subject
        .workload
        .config
        .first(HEAP)
        .map_or("jobmanager.memory.process.size", |(key, _)| key);
    findings
        .at(subject.place_of_option(&[option]))
        .level(Level::Warning)
        .message(format!(
            "the JobManager has {} of heap, Flink recommends {} or more",
            shown(heap),
            shown(RECOMMENDED_HEAP)
        ))
        .help(format!("increase `{}`", name(subject, option)))
        .key(option);
}

/// Where an option is set.
fn place_of<'a>(subject: &Subject<'a>, option: &str) -> Option<&'a str> {
    subject.workload.config.entry(option)?.pointer.as_deref()
}

/// The field that sets an option, as people write it, or else the option.
fn name(subject: &Subject<'_>, option: &str) -> String {
    let place = place_of(subject, option);
    match (place, subject.workload.config_pointer.as_deref()) {
        (Some(place), Some(options)) if !place.starts_with(options) => field_name(place),
        (Some(place), None) if is_derived(subject, Some(place)) => field_name(place),
        _ => option.to_owned(),
    }
}

/// Whether an option is derived from a field with another value: the resources of a container.
fn is_derived(subject: &Subject<'_>, place: Option<&str>) -> bool {
    matches!(subject.workload.engine, Engine::Spotify | Engine::Lyft)
        && place.is_some_and(|place| place.contains("/resources/"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::flink::Workload;
    use crate::flink::catalog::{OptionFault, faulty_options};
    use crate::kinds::lower;
    use crate::resource::Resource;
    use crate::rules::testing::reported;
    use serde_json::json;

    fn lowered(version: &str, option: &str, value: &str) -> Workload {
        let object = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {"name": "etl"}, "spec": {
            "flinkVersion": version, "flinkConfiguration": {option: value, "jobmanager.memory.process.size": "2g"},
            "taskManager": {"resource": {"memory": "4g"}}, "job": {"parallelism": 1}}});
        let resource = Resource::from_manifest(object).unwrap();
        lower(&resource, &resource.object).unwrap()
    }

    #[test]
    fn unreadable_sizes_are_only_reported_as_invalid_values() {
        let sizes = [
            "jobmanager.memory.process.size",
            "jobmanager.memory.flink.size",
            "jobmanager.memory.heap.size",
            "jobmanager.memory.off-heap.size",
            "jobmanager.memory.jvm-metaspace.size",
            "jobmanager.memory.jvm-overhead.min",
            "jobmanager.memory.jvm-overhead.max",
            "jobmanager.memory.jvm-overhead.fraction",
            "taskmanager.memory.flink.size",
            "taskmanager.memory.managed.size",
            "taskmanager.memory.size",
            "taskmanager.memory.managed.fraction",
            "taskmanager.memory.framework.heap.size",
            "taskmanager.memory.framework.off-heap.size",
            "taskmanager.memory.task.off-heap.size",
            "taskmanager.memory.network.min",
            "taskmanager.memory.network.max",
            "taskmanager.memory.network.fraction",
            "taskmanager.network.memory.fraction",
            "taskmanager.network.numberOfBuffers",
            "taskmanager.memory.segment-size",
            "taskmanager.memory.jvm-metaspace.size",
            "taskmanager.memory.jvm-overhead.min",
            "taskmanager.memory.jvm-overhead.fraction",
        ];
        for version in ["v1_16", "v1_20", "v2_0", "v2_3", "v9_9"] {
            for name in sizes {
                let workload = lowered(version, name, "plenty");
                assert_eq!(reported(&RULE, &workload, json!({})), [], "{name} on {version}");
                let roles = (
                    workload.size.job_manager.as_ref().unwrap(),
                    workload.size.task_manager.as_ref().unwrap(),
                );
                let stops = |fault: Option<&MemoryError>| {
                    fault.is_some_and(|error| error.fault == Fault::Unreadable)
                };
                let job_manager =
                    stops(roles.0.breakdown.as_ref().and_then(|memory| memory.as_ref().err()));
                let task_manager =
                    stops(roles.1.breakdown.as_ref().and_then(|memory| memory.as_ref().err()));
                if job_manager || task_manager {
                    let faults = faulty_options(&workload);
                    let mut invalid = faults.iter().filter(|option| {
                        option.key == name && matches!(option.fault, OptionFault::Invalid(_))
                    });
                    assert!(invalid.next().is_some(), "{name} on {version}");
                }
            }
        }
    }

    #[test]
    fn the_suggested_size_is_the_nearest_that_works() {
        let cases = [
            ("taskmanager.memory.jvm-metaspace.size", "5g"),
            ("taskmanager.memory.framework.off-heap.size", "3g"),
            ("taskmanager.memory.managed.size", "3333333333"),
            ("taskmanager.memory.task.off-heap.size", "4095m"),
            ("taskmanager.memory.network.min", "3g"),
            ("taskmanager.memory.jvm-overhead.min", "7g"),
            ("jobmanager.memory.off-heap.size", "2g"),
        ];
        for (option, value) in cases {
            let workload = lowered("v1_20", option, value);
            let size = &workload.size;
            let refused =
                size.job_manager.as_ref().unwrap().breakdown.as_ref().unwrap().as_ref().err();
            let refused = refused
                .or(size.task_manager.as_ref().unwrap().breakdown.as_ref().unwrap().as_ref().err())
                .unwrap();
            let accepts = |bytes: u64| {
                let mut config = workload.config.clone();
                config.set(refused.option.as_str(), bytes.to_string(), None);
                crate::flink::memory::task_manager(&config, None).is_ok()
                    && crate::flink::memory::job_manager(&config, None).is_ok()
            };
            let Some(nearest) = refused.nearest else {
                // No overhead of the JVM satisfies both bounds.
                assert_eq!(option, "taskmanager.memory.jvm-overhead.min");
                continue;
            };
            assert!(accepts(nearest) && !accepts(nearest - (1 << 20)), "{option}: {refused:?}");
        }
    }
}
