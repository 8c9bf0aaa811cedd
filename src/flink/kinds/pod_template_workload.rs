//! Lowers identical pods: a Pod, or the template of a Deployment, a StatefulSet or a Job.
//!
//! The commands of the containers decide what a pod runs. Labels are only a hint, because a tenant
//! writes them.

use super::counts::slots;
use super::dynamic_properties;
use super::image_configuration;
use super::local_cluster::{self, ClientWords};
use super::mounted_config;
use super::pod_template;
use super::process::Process;
use crate::flink::config::FlinkConfig;
use crate::flink::sizing::requests::PodRequests;
use crate::flink::sizing::{Size, SizeProblem};
use crate::flink::workload::{ConfigurationSource, MAIN_CONTAINER};
use crate::flink::{Engine, FlinkContext, Mode, PodSet, Role, Template, Workload, memory};
use crate::resource::fields::{elements, elements_at, text};
use crate::resource::pointer;
use serde_json::Value;

/// The configuration folder of Flink's images.
const CONFIGURATION_FOLDER: &str = "/opt/flink/conf";

/// A number of pods with one template.
pub struct PodTemplateWorkload<'a> {
    /// The object that contains them.
    pub object: &'a Value,
    /// JSON Pointer of their template; empty for a Pod.
    pub place: &'static str,
    /// The number of pods.
    pub replicas: u64,
    /// The cluster's name if no label has it.
    pub name: fn(&Value) -> &str,
    /// The namespace of the pods.
    pub namespace: &'a str,
    /// What else is known.
    pub context: &'a FlinkContext,
}

/// How much of a process's configuration is known.
#[derive(Clone, Copy)]
struct Known {
    /// Whether the file was read.
    whole: bool,
    /// Whether the image's file is the only one.
    complete: bool,
}

/// The result of the identification.
struct Identity {
    engine: Engine,
    mode: Option<Mode>,
    role: Role,
    main_container: Option<usize>,
    /// Whether its process runs its own job, as in application mode.
    runs_job: bool,
}

impl PodTemplateWorkload<'_> {
    /// The workload of these pods; `problems` are those found so far.
    pub fn lower(&self, mut problems: Vec<SizeProblem>) -> Workload {
        pod_template::check(self.object, self.place, &mut problems);
        let template = pointer::at(self.object, self.place).unwrap_or(&Value::Null);
        let containers = pointer::at(template, "/spec/containers")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        let (processes, clients): (Vec<_>, Vec<_>) =
            containers.iter().map(local_cluster::started).unzip();
        let Identity { engine, mode, role, main_container, runs_job } =
            identify(template, containers, &processes);
        let (mut config, mut file) = (FlinkConfig::default(), None);
        let mut text_faults = Vec::new();
        let mut source = ConfigurationSource::Unknown;
        let mut is_whole = false;
        if let Some((index, container)) =
            main_container.and_then(|index| Some((index, containers.get(index)?)))
        {
            let place = format!("{}/spec/containers/{index}", self.place);
            let at = (place.as_str(), self.namespace);
            let mounted = mounted_config::read(template, container, at, self.context);
            (source, file) = (mounted.source, mounted.file);
            // The image's entrypoint cannot write the environment into a mounted file, which is
            // read-only.
            if file.is_none() {
                text_faults = dynamic_properties::environment(container, &place, &mut config);
                config.fill(mounted.variables.cloned().unwrap_or_default());
            }
            dynamic_properties::arguments(container, &place, &mut config);
            config.fill(file.cloned().unwrap_or_default());
            if engine == Engine::Standalone
                && source == ConfigurationSource::Image
                && !brings_configuration(container)
                && let Some(defaults) = image_configuration::of(container)
            {
                config.fill(defaults);
                is_whole = true;
            }
        }
        let cluster = if engine == Engine::None { String::new() } else { self.cluster(template) };
        let main = main_container.and_then(|index| containers.get(index));
        let known = Known {
            whole: is_whole || file.is_some(),
            complete: file.is_some() || main.is_some_and(|main| !brings_configuration(main)),
        };
        let mut size = self.size(template, (role, mode), known, &config, problems);
        let (job_managers, with_job) =
            self.clusters(template, containers, processes.into_iter().zip(clients));
        if self.replicas > 0 {
            size.total.clusters = job_managers.max(u64::from(role == Role::JobManager));
            size.total.jobs = with_job;
        }
        let also_read =
            mounted_config::unchecked(template, self.place, self.namespace, self.context)
                .into_iter()
                .map(|config| Workload { engine, mode, config, ..Workload::default() })
                .collect();
        let unjudged_sources = mounted_config::unjudged(template, self.place);
        let template = Template::InObject(self.place.to_owned());
        let pods = vec![PodSet { role, replicas: self.replicas, template, main_container }];
        Workload {
            engine,
            mode,
            cluster,
            jobs: with_job.max(u64::from(runs_job)),
            pods,
            config,
            source,
            unjudged_sources,
            text_faults,
            size,
            also_read,
            ..Workload::default()
        }
    }

    /// The clusters in a pod's containers, and how many of them run their own job. A container
    /// other than the main one may start another JobManager, or run a job in a cluster within its process.
    fn clusters(
        &self,
        template: &Value,
        containers: &[Value],
        started: impl Iterator<Item = (Option<Process>, ClientWords)>,
    ) -> (u64, u64) {
        let others = ["/spec/initContainers", "/spec/ephemeralContainers"]
            .into_iter()
            .flat_map(|list| elements_at(template, list));
        let (mut all, mut with_job) = (0_u64, 0_u64);
        let others = others.map(|container| (container, local_cluster::started(container)));
        for (container, (process, client)) in containers.iter().zip(started).chain(others) {
            let process = process.filter(|own| own.role == Role::JobManager);
            let mounted = || {
                let at = ("", self.namespace);
                let mounted = mounted_config::read(template, container, at, self.context);
                [mounted.file, mounted.variables]
            };
            let is_local = || client.run_local(container, mounted);
            let runs_job = match process {
                Some(process) => process.runs_job,
                None if is_local() => true,
                None => continue,
            };
            all = all.saturating_add(1);
            with_job = with_job.saturating_add(u64::from(runs_job));
        }
        (all, with_job)
    }

    /// The cluster's id, according to labels or names.
    fn cluster(&self, template: &Value) -> String {
        // Spotify's operator labels the pods of every cluster `app: flink` and has a second label
        // for the cluster.
        let own = if label(template, "app") == "flink" { "cluster" } else { "app" };
        // Lyft's operator has a separate label for it.
        let named = ["flink-app", own, "app", "app.kubernetes.io/instance"]
            .map(|name| label(template, name))
            .into_iter()
            .find(|name| !name.is_empty());
        named
            .unwrap_or_else(|| {
                let name = (self.name)(self.object);
                name.split("-taskmanager").next().unwrap_or(name)
            })
            .into()
    }

    fn size(
        &self,
        template: &Value,
        (role, mode): (Role, Option<Mode>),
        Known { whole, complete }: Known,
        config: &FlinkConfig,
        problems: Vec<SizeProblem>,
    ) -> Size {
        let mut size = Size { problems, ..Size::default() };
        let mut own = Vec::new();
        let requests =
            PodRequests::of(template.get("spec").unwrap_or(&Value::Null), None, &mut own);
        size.problems.extend(own.into_iter().map(|problem| SizeProblem {
            pointer: format!("{}{}", self.place, problem.pointer),
            ..problem
        }));
        size.add_pods(self.replicas, &requests, &format!("{}/spec", self.place));
        // An unknown file may contain more. The values here override it, but Flink may refuse them
        // alone and accept them together with the rest.
        let given = |names: &[&str]| whole || config.first(names).is_some();
        let native = mode == Some(Mode::Native);
        match role {
            Role::JobManager => {
                let given = given(&[
                    "jobmanager.memory.process.size",
                    "jobmanager.memory.flink.size",
                    "jobmanager.memory.heap.size",
                ]);
                let derive =
                    if native { memory::job_manager } else { memory::job_manager_of_script };
                let breakdown =
                    given.then(|| derive(config, None)).filter(|memory| complete || memory.is_ok());
                size.set_job_managers(self.replicas, &requests, breakdown);
            }
            Role::TaskManager => {
                let slots = slots(config, &mut size.problems);
                // A native TaskManager gets every part of its memory.
                let given = given(&[
                    "taskmanager.memory.process.size",
                    "taskmanager.memory.flink.size",
                    "taskmanager.memory.task.heap.size",
                ]);
                let derive =
                    if native { memory::task_manager } else { memory::task_manager_of_script };
                let breakdown =
                    given.then(|| derive(config, None)).filter(|memory| complete || memory.is_ok());
                size.set_task_managers(self.replicas, &requests, slots, breakdown);
            }
            Role::Other => {}
        }
        size
    }
}

/// The role of pods with this template, without the rest of their workload.
pub fn role(template: &Value) -> Role {
    let containers = elements_at(template, "/spec/containers");
    let processes: Vec<_> =
        containers.iter().map(|container| Process::of(container, |_| false)).collect();
    identify(template, containers, &processes).role
}

/// What a pod is, by the processes of its containers.
fn identify(pod: &Value, containers: &[Value], processes: &[Option<Process>]) -> Identity {
    let named_main =
        containers.iter().position(|container| text(container, "name") == MAIN_CONTAINER);
    let running =
        |index: usize| processes.get(index).copied().flatten().map(|process| (index, process));
    let found = named_main.and_then(running).or_else(|| (0..containers.len()).find_map(running));
    let kind = label(pod, "type");
    if let Some((index, Process { role, mode, runs_job })) = found {
        let engine = match (mode, kind) {
            (Mode::Native, _) => Engine::Native,
            (Mode::Standalone, "flink-standalone-kubernetes") => Engine::Operator,
            (Mode::Standalone, _) => Engine::Standalone,
        };
        return Identity { engine, mode: Some(mode), role, main_container: Some(index), runs_job };
    }
    let component = match label(pod, "component") {
        "" => label(pod, "app.kubernetes.io/component"),
        component => component,
    };
    let role = [Role::JobManager, Role::TaskManager]
        .into_iter()
        .find(|role| role.component() == Some(component));
    let (engine, mode) = match kind {
        "flink-native-kubernetes" => (Engine::Native, Mode::Native),
        "flink-standalone-kubernetes" => (Engine::Operator, Mode::Standalone),
        _ if role.is_some() || named_main.is_some() => (Engine::Standalone, Mode::Standalone),
        _ => {
            return Identity {
                engine: Engine::None,
                mode: None,
                role: Role::Other,
                main_container: None,
                runs_job: false,
            };
        }
    };
    let by_name = || {
        containers
            .iter()
            .position(|container| Some(text(container, "name")) == role.and_then(Role::component))
    };
    // In native mode and with the operator, Flink's container is the first one, and webhooks append
    // others. The order of webhooks must not matter.
    let first = containers.len() == 1 || (engine != Engine::Standalone && !containers.is_empty());
    let main_container = named_main.or_else(by_name).or(first.then_some(0));
    Identity {
        engine,
        mode: Some(mode),
        role: role.unwrap_or(Role::Other),
        main_container,
        runs_job: false,
    }
}

/// Whether a container gets a configuration that its arguments and variables do not show.
fn brings_configuration(container: &Value) -> bool {
    elements(container, "volumeMounts")
        .iter()
        .any(|mount| text(mount, "mountPath").starts_with(CONFIGURATION_FOLDER))
        || elements(container, "env")
            .iter()
            .any(|variable| text(variable, "name") == "FLINK_CONF_DIR")
        || !elements(container, "envFrom").is_empty()
}

/// A label; empty if there is none.
pub fn label<'v>(pod: &'v Value, name: &str) -> &'v str {
    pod.get("metadata")
        .and_then(|metadata| metadata.get("labels"))
        .map_or("", |labels| text(labels, name))
}
