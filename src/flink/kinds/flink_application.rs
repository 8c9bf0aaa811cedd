//! `flink.k8s.io FlinkApplication`: a cluster and its job, which Lyft's operator creates from one
//! object.
//!
//! There is no pod template. The operator generates one for each role from fields of the role and
//! of the whole spec. This module does the same, as far as rules and sizes need it, and every place
//! refers to its field. Every update starts a second cluster before the first stops, so both count.

use super::counts::count;
use super::dynamic_properties;
use super::generated_template::{filled, size};
use crate::flink::catalog::{self, KeyLookup};
use crate::flink::config::{Entry, FlinkConfig};
use crate::flink::options::{JOB_MANAGER_MEMORY, TASK_MANAGER_MEMORY, TASK_SLOTS, canonical};
use crate::flink::sizing::SizeProblem;
use crate::flink::sizing::bounds::Bounds;
use crate::flink::text_form::{TextFault, TextForm, TextProblem};
use crate::flink::version::FlinkVersion;
use crate::flink::workload::GeneratedTemplate;
use crate::flink::{Engine, FlinkContext, Mode, PodSet, Role, Template, Workload};
use crate::resource::quantity::Quantity;
use crate::resource::{Resource, pointer};
use serde_json::{Map, Value, json};

const JOB_MANAGER: &str = "/spec/jobManagerConfig";
const TASK_MANAGER: &str = "/spec/taskManagerConfig";
const CONFIGURATION: &str = "/spec/flinkConfig";
/// The most options below other options that are read; an object with more is refused.
const MOST_NESTED: usize = 100;
/// Default slots of a TaskManager.
const TASK_MANAGER_SLOTS: u64 = 16;
/// The share of the requested memory for the system.
const SYSTEM_MEMORY: f64 = 0.2;

pub(crate) fn lower(resource: &Resource, object: &Value, context: &FlinkContext) -> Workload {
    let name = resource.name_in(object);
    let workload = Workload {
        engine: Engine::Lyft,
        mode: Some(Mode::Standalone),
        cluster: name.into(),
        ..Workload::default()
    };
    if !object.get("spec").is_some_and(Value::is_object) {
        return workload;
    }
    let mut problems = Vec::new();
    let slots = count(object, "/spec/taskManagerConfig/taskSlots", 1, &mut problems)
        .unwrap_or(TASK_MANAGER_SLOTS);
    let job_managers =
        count(object, "/spec/jobManagerConfig/replicas", 0, &mut problems).unwrap_or(1);
    let parallelism = count(object, "/spec/parallelism", 1, &mut problems).unwrap_or_default();
    if pointer::at(object, "/spec/parallelism").is_none_or(Value::is_null) {
        problems.push(SizeProblem::new(
            "/spec",
            "the job has no parallelism, so the number of TaskManagers is unknown",
            "set `spec.parallelism`",
        ));
    }
    let mut pods = vec![
        pod_set(object, name, Role::JobManager, JOB_MANAGER, job_managers),
        pod_set(object, name, Role::TaskManager, TASK_MANAGER, parallelism.div_ceil(slots)),
    ];
    let version = pointer::at(object, "/spec/flinkVersion")
        .and_then(Value::as_str)
        .and_then(FlinkVersion::parse_release);
    let version = context.version(version);
    let (mut config, mut text_faults) = configuration(object, slots);
    let mut size = size(object, &pods, &config, version, true, problems);
    (size.total.clusters, size.total.jobs) = (1, 1);
    // The image's entrypoint reads options from variables.
    for base in [JOB_MANAGER, TASK_MANAGER] {
        let place = format!("{base}/envConfig");
        let variables = pointer::at(object, &place).unwrap_or(&Value::Null);
        text_faults.extend(dynamic_properties::environment(variables, &place, &mut config));
    }
    size.bounds = Some(Bounds::fixed(parallelism.div_ceil(slots)));
    let mut workload = Workload {
        version,
        concurrent_clusters: 2,
        config,
        text_form: TextForm::Lines,
        text_faults,
        declares_cluster: true,
        ..workload
    };
    let clusters = workload.clusters();
    size.multiply(clusters, "/spec");
    for set in &mut pods {
        set.replicas = set.replicas.saturating_mul(clusters);
    }
    (workload.jobs, workload.pods, workload.size) = (clusters, pods, size);
    workload
}

fn pod_set(object: &Value, application: &str, role: Role, base: &str, replicas: u64) -> PodSet {
    let component = role.component().unwrap_or_default();
    let field = |place: &str| pointer::at(object, place).filter(|value| !value.is_null()).cloned();
    let own = |name: &str| field(&format!("{base}/{name}"));
    let places = [
        // Fields of the whole spec have the names of a pod's fields.
        ("/spec", "/spec".to_owned()),
        ("/spec/nodeSelector", format!("{base}/nodeSelector")),
        ("/spec/tolerations", format!("{base}/tolerations")),
        ("/spec/affinity", format!("{base}/affinity")),
        ("/spec/containers/0", base.to_owned()),
        ("/spec/containers/0/image", "/spec/image".to_owned()),
        ("/spec/containers/0/imagePullPolicy", "/spec/imagePullPolicy".to_owned()),
        ("/spec/containers/0/volumeMounts", "/spec/volumeMounts".to_owned()),
        ("/spec/containers/0/env", format!("{base}/envConfig/env")),
        ("/spec/containers/0/envFrom", format!("{base}/envConfig/envFrom")),
        // The object's labels and annotations apply to its pods too.
        ("/metadata", "/metadata".to_owned()),
    ];
    let fields = [
        ("image", field("/spec/image")),
        ("imagePullPolicy", field("/spec/imagePullPolicy")),
        ("env", own("envConfig/env")),
        ("envFrom", own("envConfig/envFrom")),
        ("volumeMounts", field("/spec/volumeMounts")),
        ("resources", Some(resources(object, base))),
    ];
    let main = filled(json!({"name": component, "args": [component]}), fields);
    let roles = ["nodeSelector", "tolerations", "affinity"].map(|name| (name, own(name)));
    let shared = ["volumes", "serviceAccountName", "securityContext", "imagePullSecrets"]
        .map(|name| (name, field(&format!("/spec/{name}"))));
    let spec = filled(filled(json!({"containers": [main]}), roles), shared);
    let mut labels: Map<String, Value> = field("/metadata/labels")
        .and_then(|labels| labels.as_object().cloned())
        .unwrap_or_default();
    labels.entry("flink-app").or_insert_with(|| application.into());
    labels.insert("flink-deployment-type".into(), component.into());
    let metadata =
        filled(json!({"labels": labels}), [("annotations", field("/metadata/annotations"))]);
    let places = places.into_iter().map(|(within, field)| (within.to_owned(), field)).collect();
    let template = Template::Generated(GeneratedTemplate {
        value: json!({"metadata": metadata, "spec": spec}),
        base: base.into(),
        places,
    });
    PodSet { role, replicas, template, main_container: Some(0) }
}

/// The requests of a container, with the operator's defaults.
fn resources(object: &Value, base: &str) -> Value {
    let written = pointer::at(object, &format!("{base}/resources"))
        .filter(|resources| !resources.is_null())
        .cloned();
    written.unwrap_or_else(|| {
        let amounts = if base == JOB_MANAGER {
            json!({"cpu": "4", "memory": "3072Mi"})
        } else {
            json!({"cpu": "2", "memory": "1024Mi"})
        };
        json!({"requests": amounts, "limits": amounts})
    })
}

/// Adds the options below other options. The operator writes YAML, of which Flink reads each line as
/// an option of its own. Returns what may set more options than are read here.
fn nested(object: &Value, config: &mut FlinkConfig) -> Option<TextFault> {
    let options = pointer::at(object, CONFIGURATION)?.as_object()?;
    let is_nested = |(_, value): &(&String, &Value)| value.is_object() || value.is_array();
    let mut pending: Vec<(&str, &Value)> =
        options.iter().filter(is_nested).map(|(key, value)| (key.as_str(), value)).collect();
    let mut count = 0;
    while let Some((key, value)) = pending.pop() {
        let entry = |value: &Value| Entry {
            value: value.as_str().map_or_else(|| value.to_string(), str::to_owned),
            pointer: Some(pointer::join(CONFIGURATION, key)),
        };
        let fault = |name: &str, value: &Value| TextFault {
            key: key.to_owned(),
            entry: entry(value),
            problem: TextProblem::HiddenOption(name.to_owned()),
        };
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let is_known = !matches!(catalog::find(name), KeyLookup::Unknown { .. });
                    if is_known && config.exact(name).is_none() {
                        count += 1;
                        if count > MOST_NESTED {
                            return Some(fault(name, value));
                        }
                        let Entry { value, pointer } = entry(value);
                        config.set(name.as_str(), value, pointer);
                    }
                    pending.push((key, value));
                }
            }
            Value::Array(elements) => pending.extend(elements.iter().map(|value| (key, value))),
            Value::String(text) if text.trim_end().contains(['\n', '\r']) => {
                return Some(fault(key, value));
            }
            _ => {}
        }
    }
    None
}

/// The operator's value of `FLINK_PROPERTIES`: the object's options, overridden by slots and sizes.
fn configuration(object: &Value, slots: u64) -> (FlinkConfig, Vec<TextFault>) {
    let mut config = FlinkConfig::from_object(
        pointer::at(object, CONFIGURATION).unwrap_or(&Value::Null),
        CONFIGURATION,
    );
    // The operator writes lines, whatever the version.
    let mut faults = TextForm::Lines.read_back(&mut config);
    faults.extend(nested(object, &mut config));
    config.set(canonical(TASK_SLOTS), slots.to_string(), Some(format!("{TASK_MANAGER}/taskSlots")));
    for (base, names) in [(JOB_MANAGER, JOB_MANAGER_MEMORY), (TASK_MANAGER, TASK_MANAGER_MEMORY)] {
        let fraction =
            pointer::at(object, &format!("{base}/systemMemoryFraction")).and_then(Value::as_f64);
        let fraction =
            fraction.filter(|fraction| (0.0..=1.0).contains(fraction)).unwrap_or(SYSTEM_MEMORY);
        let resources = resources(object, base);
        let requested = resources
            .get("requests")
            .and_then(|requests| Quantity::from_json(requests.get("memory")?).ok());
        let bytes = requested.unwrap_or_default().units_ceil() as f64;
        let kibibytes = ((bytes - bytes * fraction).round() / 1024.0) as u64;
        config.set(
            canonical(names),
            format!("{kibibytes}k"),
            Some(format!("{base}/resources/requests/memory")),
        );
    }
    (config, faults)
}
