//! The same questions, answered by Flinkgate.

use crate::questions::Question;
use flinkgate::flink::Workload;
use flinkgate::flink::config::FlinkConfig;
use flinkgate::flink::memory::java::double_text;
use flinkgate::flink::memory::{self, JobManagerMemory, MemoryError, TaskManagerMemory};
use flinkgate::flink::memory_size::parse_resource_memory;
use flinkgate::flink::version::FlinkVersion;
use flinkgate::kinds::lower;
use flinkgate::resource::Resource;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The numbers, or why Flink would refuse.
pub fn answer(question: &Question, version: FlinkVersion) -> Result<String, String> {
    let mut config = FlinkConfig::default();
    for (key, value) in &question.options {
        config.set(*key, value.as_str(), None);
    }
    let told = |error: MemoryError| error.message;
    match question.about {
        "jm" => memory::job_manager(&config, Some(version)).map(job_manager).map_err(told),
        "jm-script" => {
            memory::job_manager_of_script(&config, Some(version)).map(job_manager).map_err(told)
        }
        "tm" => memory::task_manager(&config, Some(version)).map(task_manager).map_err(told),
        "tm-script" => {
            memory::task_manager_of_script(&config, Some(version)).map(task_manager).map_err(told)
        }
        "cpu" => memory::task_manager_cpu(&config, Some(version)).map(double_text).map_err(told),
        "slots" => memory::task_slots(&config).map(|slots| slots.to_string()).map_err(told),
        "segment" => memory::segment_size(&config).map(|bytes| bytes.to_string()).map_err(told),
        "limits" => limits(&cluster(question, version)),
        "gpu" => Ok(external(&cluster(question, version))),
        "field" => parse_resource_memory(&question.options["memory"])
            .map(|bytes| bytes.to_string())
            .map_err(|error| error.to_string()),
        "factors" => factors(&cluster(question, version)),
        other => panic!("{other}"),
    }
}

fn job_manager(memory: JobManagerMemory) -> String {
    let JobManagerMemory { process, flink, heap, off_heap, metaspace, overhead } = memory;
    joined(&[process, flink, heap, off_heap, metaspace, overhead])
}

fn task_manager(memory: TaskManagerMemory) -> String {
    let TaskManagerMemory { process, flink, framework_heap, framework_off_heap, task_heap, .. } =
        memory;
    let TaskManagerMemory { task_off_heap, managed, network, metaspace, overhead, .. } = memory;
    joined(&[
        process,
        flink,
        framework_heap,
        framework_off_heap,
        task_heap,
        task_off_heap,
        managed,
        network,
        metaspace,
        overhead,
    ])
}

fn joined(numbers: &[u64]) -> String {
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(",")
}

/// A session cluster with these options, lowered as any FlinkDeployment is.
fn cluster(question: &Question, version: FlinkVersion) -> Workload {
    let options: Map<String, Value> =
        question.options.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
    let object = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {"name": "asked"},
        "spec": {"flinkVersion": version.to_string(), "jobManager": {"resource": {"memory": "2g", "cpu": 1}}, "flinkConfiguration": options}});
    let resource = Resource::from_manifest(object).unwrap();
    lower(&resource, &resource.object).unwrap()
}

fn refused(workload: &Workload, key: &str) -> Result<(), String> {
    match workload.size.problems.iter().find(|problem| problem.pointer.contains(key)) {
        Some(problem) => Err(problem.message.clone()),
        None => Ok(()),
    }
}

fn limits(workload: &Workload) -> Result<String, String> {
    refused(workload, "slotmanager")?;
    let bounds = workload.size.bounds.as_ref().unwrap();
    Ok(format!("{},{}", bounds.least, bounds.most.map_or("-".into(), |most| most.to_string())))
}

fn external(workload: &Workload) -> String {
    let extended = &workload.size.task_manager.as_ref().unwrap().extended;
    let amounts: BTreeMap<_, _> = extended.iter().collect();
    let amounts: Vec<_> = amounts
        .into_iter()
        .map(|(name, amount)| format!("{name}={}", amount.units_ceil()))
        .collect();
    format!("{{{}}}", amounts.join(","))
}

fn factors(workload: &Workload) -> Result<String, String> {
    refused(workload, "limit-factor")?;
    let role = workload.size.task_manager.as_ref().unwrap();
    let (cpu, memory) =
        role.limits.map_or((role.cpu, role.memory), |limits| (limits.cpu, limits.memory));
    Ok(format!("{},{}", double_text(cpu.as_cores_f64()), memory.units_ceil() >> 20))
}
