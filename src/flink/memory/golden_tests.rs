//! Compares with all of Flink's answers, and tests cases that the golden file lacks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;
use crate::flink::config::FlinkConfig;
use crate::flink::version::FlinkVersion;
use serde_json::{Value, json};

const GOLDEN: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/memory-golden.jsonl"));
const V1_20: FlinkVersion = FlinkVersion::new(1, 20);
const V2_0: FlinkVersion = FlinkVersion::new(2, 0);

fn config(options: &Value) -> FlinkConfig {
    FlinkConfig::from_object(options, "")
}

fn answer(case: &Value, version: FlinkVersion) -> Result<Value, MemoryError> {
    let config = config(&case["conf"]);
    let script = case["legacy"] == "standalone";
    if case["role"] == "jm" {
        let derive = if script { job_manager_of_script } else { job_manager };
        let memory = derive(&config, Some(version))?;
        return Ok(json!({
            "process": memory.process, "flink": memory.flink, "metaspace": memory.metaspace, "overhead": memory.overhead,
            "jvmHeap": memory.heap, "jvmDirect": memory.off_heap, "heap": memory.heap, "offHeap": memory.off_heap,
        }));
    }
    let derive = if script { task_manager_of_script } else { task_manager };
    let memory = derive(&config, Some(version))?;
    Ok(json!({
        "process": memory.process, "flink": memory.flink, "metaspace": memory.metaspace, "overhead": memory.overhead,
        "jvmHeap": memory.framework_heap + memory.task_heap,
        "jvmDirect": memory.framework_off_heap + memory.task_off_heap + memory.network,
        "frameworkHeap": memory.framework_heap, "frameworkOffHeap": memory.framework_off_heap,
        "taskHeap": memory.task_heap, "taskOffHeap": memory.task_off_heap, "network": memory.network, "managed": memory.managed,
        "cpu": task_manager_cpu(&config, Some(version))?, "slots": task_slots(&config)?,
    }))
}

fn check(id: &Value, expected: &Value, actual: Result<Value, MemoryError>, version: FlinkVersion) {
    match actual {
        Ok(memory) => assert_eq!(expected["ok"], memory, "{id} on {version}"),
        Err(error) => {
            let message = error.message.split(" Caused by: ").next().unwrap();
            let message =
                message.strip_prefix("JobManager memory configuration failed: ").unwrap_or(message);
            assert_eq!(expected["error"], message, "{id} on {version}");
            assert!(!error.option.is_empty(), "{id} on {version} names no option");
        }
    }
}

#[test]
fn results_match_recorded_results_of_flink() {
    let mut cases = 0;
    for line in GOLDEN.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let answers = case["versions"].as_array().unwrap();
        if answers.contains(&json!("2.x")) {
            check(&case["id"], &case, answer(&case, V2_0), V2_0);
        }
        let expected = if answers.contains(&json!("1.20")) { &case } else { &case["1.20"] };
        check(&case["id"], expected, answer(&case, V1_20), V1_20);
        cases += 1;
    }
    assert_eq!(cases, 60);
}

#[test]
fn sizes_stop_at_the_exact_byte() {
    let tm = |key: &str, bytes: u64| task_manager(&config(&json!({ key: bytes })), None);
    let jm = |key: &str, bytes: u64| job_manager(&config(&json!({ key: bytes })), None);
    assert!(tm("taskmanager.memory.process.size", 1_029_002_586).is_ok());
    assert!(tm("taskmanager.memory.process.size", 1_029_002_585).is_err());
    assert!(tm("taskmanager.memory.flink.size", 559_240_538).is_ok());
    assert!(tm("taskmanager.memory.flink.size", 559_240_537).is_err());
    assert!(jm("jobmanager.memory.process.size", 603_979_777).is_ok());
    assert!(jm("jobmanager.memory.process.size", 603_979_776).is_err());
    assert!(jm("jobmanager.memory.flink.size", 134_217_729).is_ok());
    assert!(jm("jobmanager.memory.flink.size", 134_217_728).is_err());
}

#[test]
fn errors_name_the_option_as_written() {
    let cases = [
        (json!({"taskmanager.memory.process.size": "2Gi"}), "taskmanager.memory.process.size"),
        (
            json!({"taskmanager.memory.process.size": "4g", "taskmanager.memory.size": "x"}),
            "taskmanager.memory.size",
        ),
        (
            json!({"taskmanager.memory.process.size": "4g", "taskmanager.network.memory.fraction": "1.5"}),
            "taskmanager.network.memory.fraction",
        ),
        (
            json!({"taskmanager.memory.process.size": "4g", "taskmanager.memory.network.min": "2g", "taskmanager.memory.network.max": "1g"}),
            "taskmanager.memory.network.max",
        ),
        (
            json!({"taskmanager.memory.process.size": "4g", "taskmanager.memory.task.heap.size": "1g", "taskmanager.network.memory.max": "1m", "taskmanager.memory.network.min": "0"}),
            "taskmanager.network.memory.max",
        ),
        (json!({"taskmanager.heap.size": "100m"}), "taskmanager.heap.size"),
        (json!({"taskmanager.heap.mb": "100"}), "taskmanager.heap.mb"),
        (json!({"taskmanager.heap.mb": "-1"}), "taskmanager.heap.mb"),
        (
            json!({"taskmanager.memory.flink.size": "100m", "taskmanager.memory.process.size": "4g"}),
            "taskmanager.memory.flink.size",
        ),
        (json!({}), "taskmanager.memory.process.size"),
    ];
    for (options, option) in cases {
        assert_eq!(
            task_manager(&config(&options), Some(V1_20)).unwrap_err().option,
            option,
            "{options}"
        );
    }
}

#[test]
fn only_flink_1_prefixes_job_manager_errors() {
    let message = |version| {
        job_manager(&config(&json!({"jobmanager.memory.process.size": "576m"})), version)
            .unwrap_err()
            .message
    };
    assert!(
        message(Some(V1_20)).starts_with("JobManager memory configuration failed: The configured")
    );
    assert!(message(Some(V2_0)).starts_with("The configured"));
}

#[test]
fn network_memory_is_limited_before_1_17() {
    let options = config(&json!({"taskmanager.memory.process.size": "32g"}));
    let network =
        |minor| task_manager(&options, Some(FlinkVersion::new(1, minor))).unwrap().network;
    assert_eq!(network(16), 1 << 30);
    assert_eq!(network(17), 3_301_756_158);
}

#[test]
fn flink_1_counts_buffers_without_newer_options() {
    let options = |extra: Value| {
        let mut options = json!({"taskmanager.memory.process.size": "4g", "taskmanager.network.numberOfBuffers": "2048"});
        options.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        config(&options)
    };
    assert_eq!(task_manager(&options(json!({})), Some(V1_20)).unwrap().network, 64 << 20);
    assert_eq!(task_manager(&options(json!({})), Some(V2_0)).unwrap().network, 359_703_515);
    assert_eq!(
        task_manager(&options(json!({"taskmanager.memory.network.min": "64m"})), Some(V1_20))
            .unwrap()
            .network,
        359_703_515
    );
    for segment in ["1k", "33000", "4g", "32 kilos"] {
        let error = task_manager(
            &options(json!({"taskmanager.memory.segment-size": segment})),
            Some(V1_20),
        )
        .unwrap_err();
        assert_eq!(error.option, "taskmanager.memory.segment-size");
    }
}

#[test]
fn sizes_beyond_a_java_long_are_an_overflow() {
    let max = "9223372036854775807";
    let cases = [
        json!({"taskmanager.memory.flink.size": max}),
        json!({"taskmanager.memory.process.size": max, "taskmanager.memory.jvm-metaspace.size": max}),
        json!({"taskmanager.memory.task.heap.size": max, "taskmanager.memory.managed.size": max}),
    ];
    for options in cases {
        assert_eq!(
            task_manager(&config(&options), Some(V2_0)).unwrap_err().message,
            "long overflow",
            "{options}"
        );
    }
    assert_eq!(
        job_manager(&config(&json!({"jobmanager.memory.heap.size": max})), Some(V2_0))
            .unwrap_err()
            .message,
        "long overflow"
    );
}
