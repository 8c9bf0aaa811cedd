//! `flinkoperator.k8s.io FlinkCluster`: a whole cluster, which Spotify's operator creates from one
//! object.
//!
//! There is no pod template. The operator generates one for each role from fields of the role and
//! of the whole spec. This module does the same, as far as rules and sizes need it, and every place
//! refers to its field. Pods are mutated when they are created, so rules check the templates in
//! their later state.

use super::counts::count;
use super::dynamic_properties;
use super::generated_template::{filled, size};
use super::ingress;
use super::process::SUBMITTER;
use super::variables::Variables;
use crate::flink::budgets::Budget;
use crate::flink::config::FlinkConfig;
use crate::flink::exposures::{Exposure, ExposureKind, Target};
use crate::flink::options::{JOB_MANAGER_MEMORY, TASK_MANAGER_MEMORY, TASK_SLOTS, canonical};
use crate::flink::sizing::SizeProblem;
use crate::flink::sizing::bounds::{Bounds, Growth, GrowthCause};
use crate::flink::text_form::{TextFault, TextForm};
use crate::flink::version::FlinkVersion;
use crate::flink::workload::GeneratedTemplate;
use crate::flink::{Engine, FlinkContext, Mode, PodSet, Role, Template, Workload};
use crate::resource::quantity::Quantity;
use crate::resource::{Resource, pointer};
use serde_json::{Value, json};

const JOB_MANAGER: &str = "/spec/jobManager";
const TASK_MANAGER: &str = "/spec/taskManager";
const JOB: &str = "/spec/job";
const PROPERTIES: &str = "/spec/flinkProperties";
/// Default number of TaskManagers.
const TASK_MANAGERS: u64 = 3;
/// Flink's share of the memory limit in per cent.
const MEMORY_RATIO: u64 = 80;

pub(crate) fn lower(resource: &Resource, object: &Value, context: &FlinkContext) -> Workload {
    let name = resource.name_in(object);
    let mode = Some(Mode::Standalone);
    let workload =
        Workload { engine: Engine::Spotify, mode, cluster: name.into(), ..Workload::default() };
    if !object.get("spec").is_some_and(Value::is_object) {
        return workload;
    }
    let mut problems = Vec::new();
    let job = pointer::at(object, JOB).filter(|job| !job.is_null());
    let application =
        job.is_some_and(|job| job.get("mode").and_then(Value::as_str) == Some("Application"));
    count(object, "/spec/job/parallelism", 1, &mut problems);
    let job_managers = count(object, "/spec/jobManager/replicas", 0, &mut problems)
        .filter(|_| !application)
        .unwrap_or(1);
    let task_managers =
        count(object, "/spec/taskManager/replicas", 0, &mut problems).unwrap_or(TASK_MANAGERS);
    let args = if application { "standalone-job" } else { "jobmanager" };
    let mut pods = vec![
        pod_set(object, name, Role::JobManager, JOB_MANAGER, &[args], job_managers),
        pod_set(object, name, Role::TaskManager, TASK_MANAGER, &["taskmanager"], task_managers),
    ];
    if job.is_some() && !application {
        // A separate pod submits the job to the JobManager.
        pods.push(pod_set(object, name, Role::Other, JOB, &["bash", SUBMITTER], 1));
    }
    let version = pointer::at(object, "/spec/flinkVersion")
        .and_then(Value::as_str)
        .and_then(FlinkVersion::parse_release);
    let version = context.version(version);
    let (mut config, text_faults) = configuration(object, &mut problems);
    let jobs = u64::from(job.is_some());
    let mut size = size(object, &pods, &config, version, problems);
    (size.total.clusters, size.total.jobs) = (1, jobs);
    if application && let (Some(job), Some(set)) = (job, pods.first()) {
        // Flink's own entrypoint reads the arguments of the job.
        let template = set.template(object);
        let main = pointer::at(template, "/spec/containers/0").unwrap_or(&Value::Null);
        dynamic_properties::arguments_with(job, &Variables::of(main), JOB, &mut config);
    }
    size.bounds = Some(bounds(object, task_managers, &mut size.problems));
    let exposures = access(object).into_iter().chain(ingress::of_spotify(object, name)).collect();
    let budgets = budget(object, name).into_iter().collect();
    Workload {
        version,
        jobs,
        pods,
        config,
        text_form: TextForm::Lines,
        text_faults,
        size,
        exposures,
        declares_cluster: true,
        budgets,
        ..workload
    }
}

/// The operator creates a PodDisruptionBudget for all pods of a cluster with a job; the field
/// configures it.
fn budget(object: &Value, cluster: &str) -> Option<Budget> {
    let place = "/spec/podDisruptionBudget";
    let is_there = |place| pointer::at(object, place).is_some_and(|value| !value.is_null());
    (is_there(JOB) || is_there(place)).then(|| {
        let selector = Some(json!({"matchLabels": {"app": "flink", "cluster": cluster}}));
        Budget { name: String::new(), selector, ..Budget::read(object, place) }
    })
}

/// The number of TaskManagers under the operator's HorizontalPodAutoscaler.
fn bounds(object: &Value, task_managers: u64, problems: &mut Vec<SizeProblem>) -> Bounds {
    let autoscaler = "/spec/taskManager/horizontalPodAutoscaler";
    match count(object, &format!("{autoscaler}/maxReplicas"), 1, problems) {
        Some(most) => {
            let least =
                count(object, &format!("{autoscaler}/minReplicas"), 0, problems).unwrap_or(1);
            let by = GrowthCause::HorizontalPodAutoscaler;
            Bounds {
                least,
                most: Some(most.max(task_managers)),
                open: None,
                growth: Some(Growth { by, unit: 1, uncounted: 0 }),
            }
        }
        None => Bounds::fixed(task_managers),
    }
}

fn pod_set(
    object: &Value,
    cluster: &str,
    role: Role,
    base: &str,
    args: &[&str],
    replicas: u64,
) -> PodSet {
    let part = pointer::at(object, base).unwrap_or(&Value::Null);
    let own = |field: &str| part.get(field).filter(|value| !value.is_null()).cloned();
    let shared = |place: &str| pointer::at(object, place).filter(|value| !value.is_null()).cloned();
    // Fields of the role have the names of a pod's fields.
    let mut places: Vec<(String, String)> = [
        ("/spec", base),
        ("/spec/containers/0", base),
        ("/spec/containers/0/image", "/spec/image/name"),
        ("/spec/containers/0/imagePullPolicy", "/spec/image/pullPolicy"),
        ("/spec/containers/0/env", "/spec/envVars"),
        ("/spec/containers/0/envFrom", "/spec/envFrom"),
        ("/spec/serviceAccountName", "/spec/serviceAccountName"),
        ("/spec/imagePullSecrets", "/spec/image/pullSecrets"),
    ]
    .map(|(within, field)| (within.to_owned(), field.to_owned()))
    .into();
    places.push(("/metadata/labels".into(), format!("{base}/podLabels")));
    places.push(("/metadata/annotations".into(), format!("{base}/podAnnotations")));

    let container = role.component().unwrap_or("main");
    let fields = [
        ("image", shared("/spec/image/name")),
        ("imagePullPolicy", shared("/spec/image/pullPolicy")),
        ("env", shared("/spec/envVars")),
        ("envFrom", shared("/spec/envFrom")),
        ("volumeMounts", own("volumeMounts")),
        ("resources", Some(resources(part))),
    ];
    let main = filled(json!({"name": container, "args": args}), fields);
    let sidecars =
        part.get("sidecars").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    places.extend((0..sidecars.len()).map(|index| {
        (format!("/spec/containers/{}", index + 1), format!("{base}/sidecars/{index}"))
    }));
    let containers: Vec<Value> = std::iter::once(main).chain(sidecars.iter().cloned()).collect();
    let fields =
        ["initContainers", "volumes", "nodeSelector", "tolerations", "affinity", "securityContext"]
            .map(|field| (field, own(field)));
    let spec = filled(json!({"containers": containers}), fields);
    let fields = [
        ("serviceAccountName", shared("/spec/serviceAccountName")),
        ("imagePullSecrets", shared("/spec/image/pullSecrets")),
    ];
    let spec = filled(spec, fields);

    let mut labels = json!({"app": "flink", "cluster": cluster});
    if let (Some(component), Some(labels)) = (role.component(), labels.as_object_mut()) {
        labels.insert("component".into(), component.into());
    }
    let more = own("podLabels");
    if let (Some(labels), Some(more)) =
        (labels.as_object_mut(), more.as_ref().and_then(Value::as_object))
    {
        labels.extend(more.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
    let mut spec = spec;
    for given in GIVEN_VOLUMES {
        given.add(object, &mut spec, &mut places);
    }
    let metadata = filled(json!({"labels": labels}), [("annotations", own("podAnnotations"))]);
    let template = Template::Generated(GeneratedTemplate {
        value: json!({"metadata": metadata, "spec": spec}),
        base: base.into(),
        places,
    });
    PodSet { role, replicas, template, main_container: Some(0) }
}

/// A volume that the operator mounts into every pod because of a field of the spec.
struct GivenVolume {
    /// JSON Pointer of the field.
    field: &'static str,
    /// The field below it with the name of the object.
    name: &'static str,
    /// Where a volume has that name.
    source: [&'static str; 2],
    /// The operator's name of the volume.
    volume: &'static str,
    /// The variable that the operator sets.
    variable: &'static str,
}

const GIVEN_VOLUMES: [GivenVolume; 2] = [
    GivenVolume {
        field: "/spec/hadoopConfig",
        name: "configMapName",
        source: ["configMap", "name"],
        volume: "hadoop-config-volume",
        variable: "HADOOP_CONF_DIR",
    },
    GivenVolume {
        field: "/spec/gcpConfig/serviceAccount",
        name: "secretName",
        source: ["secret", "secretName"],
        volume: "gcp-service-account-volume",
        variable: "GOOGLE_APPLICATION_CREDENTIALS",
    },
];

impl GivenVolume {
    /// Adds the volume, its mount and its variable to a pod's spec.
    fn add(&self, object: &Value, spec: &mut Value, places: &mut Vec<(String, String)>) {
        let Self { field, name, source: [source, source_name], volume: volume_name, variable } =
            self;
        let Some(given) = pointer::at(object, field).filter(|given| given.is_object()) else {
            return;
        };
        let text = |key: &str| given.get(key).and_then(Value::as_str).unwrap_or_default();
        let main = "/spec/containers/0";
        let volume = json!({"name": volume_name, *source: {*source_name: text(name)}});
        if let Some(index) = push(spec, "/volumes", volume) {
            places.push((
                format!("/spec/volumes/{index}/{source}/{source_name}"),
                format!("{field}/{name}"),
            ));
        }
        let mount = json!({"name": volume_name, "mountPath": text("mountPath")});
        if let Some(index) = push(spec, "/containers/0/volumeMounts", mount) {
            places.push((format!("{main}/volumeMounts/{index}"), (*field).to_owned()));
        }
        let value = json!({"name": variable, "value": text("mountPath")});
        if let Some(index) = push(spec, "/containers/0/env", value) {
            places.push((format!("{main}/env/{index}/name"), (*field).to_owned()));
        }
    }
}

/// Adds an element to a list of a pod's spec, which may be missing. Returns its index.
fn push(spec: &mut Value, list: &str, element: Value) -> Option<usize> {
    let (parent, field) = list.rsplit_once('/')?;
    let parent = spec.pointer_mut(parent)?.as_object_mut()?;
    let elements = parent.entry(field).or_insert_with(|| json!([])).as_array_mut()?;
    elements.push(element);
    elements.len().checked_sub(1)
}

/// The requests of a container, with the operator's defaults.
fn resources(part: &Value) -> Value {
    let is_filled = |list: &str| {
        part.get("resources")
            .and_then(|all| all.get(list)?.as_object())
            .is_some_and(|list| !list.is_empty())
    };
    match part.get("resources") {
        Some(written)
            if is_filled("requests")
                || is_filled("limits")
                || !written.is_object() && !written.is_null() =>
        {
            written.clone()
        }
        _ => {
            json!({"requests": {"cpu": "200m", "memory": "512Mi"}, "limits": {"cpu": "2", "memory": "2Gi"}})
        }
    }
}

/// The JobManager's Service; `accessScope` defines its type.
fn access(object: &Value) -> Option<Exposure> {
    let place = "/spec/jobManager/accessScope";
    let service_type = match pointer::at(object, place).and_then(Value::as_str)? {
        "Headless" => "Headless_ClusterIP",
        "NodePort" => "NodePort",
        // A load balancer within the cloud's network, and a public one.
        "VPC" | "External" => "LoadBalancer",
        _ => "ClusterIP",
    };
    let kind = ExposureKind::Service(service_type.to_owned());
    let target = Target::OwnRestPort;
    Some(Exposure { kind, pointer: place.to_owned(), target, ..Exposure::default() })
}

/// The operator's `flink-conf.yaml`: sizes from the containers' limits, overridden by the object's
/// properties.
fn configuration(object: &Value, problems: &mut Vec<SizeProblem>) -> (FlinkConfig, Vec<TextFault>) {
    let mut config = FlinkConfig::from_object(
        pointer::at(object, PROPERTIES).unwrap_or(&Value::Null),
        PROPERTIES,
    );
    // The operator writes lines, whatever the version.
    let faults = TextForm::Lines.read_back(&mut config);
    let limit = |base: &str, name: &str| {
        let resources = resources(pointer::at(object, base).unwrap_or(&Value::Null));
        resources
            .get("limits")
            .and_then(|limits| Quantity::from_json(limits.get(name)?).ok())
            .unwrap_or_default()
            .units_ceil()
    };
    for (base, names) in [(JOB_MANAGER, JOB_MANAGER_MEMORY), (TASK_MANAGER, TASK_MANAGER_MEMORY)] {
        let ratio = count(object, &format!("{base}/memoryProcessRatio"), 0, problems)
            .unwrap_or(MEMORY_RATIO);
        let bytes = limit(base, "memory").saturating_mul(ratio).div_ceil(100);
        if bytes > 0 && config.first(names).is_none() {
            config.set(
                canonical(names),
                format!("{}m", bytes.div_ceil(1 << 20)),
                Some(format!("{base}/resources/limits/memory")),
            );
        }
    }
    if config.first(TASK_SLOTS).is_none() {
        let slots = (limit(TASK_MANAGER, "cpu") / 2).max(1);
        config.set(
            canonical(TASK_SLOTS),
            slots.to_string(),
            Some(format!("{TASK_MANAGER}/resources/limits/cpu")),
        );
    }
    let savepoints = "/spec/job/savepointsDir";
    if let Some(directory) = pointer::at(object, savepoints).and_then(Value::as_str) {
        config.set("state.savepoints.dir", directory, Some(savepoints.into()));
    }
    (config, faults)
}
