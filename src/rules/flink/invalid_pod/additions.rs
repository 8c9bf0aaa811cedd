//! What Flink adds to the pods that the operator creates, and what must not be there before.

use super::words::Words;
use crate::flink::config::FlinkConfig;
use crate::flink::pods::Pods;
use crate::flink::{Mode, PodSet, Role, Template};
use crate::resource::fields::{elements, text};
use crate::resource::pointer;
use crate::rules::Subject;
use serde_json::Value;
use std::cell::OnceCell;
use std::collections::BTreeSet;

/// Volumes that Flink or an operator adds: the configuration, the template of TaskManagers, the
/// folder of a job's JARs, and those that options ask for.
const VOLUMES: [&str; 8] = [
    "flink-config-volume",
    "pod-template-volume",
    "hadoop-config-volume",
    "kerberos-keytab-volume",
    "kerberos-krb5conf-volume",
    "user-lib-dir",
    "flink-artifacts-volume",
    "gcp-service-account-volume",
];

/// Volumes of Secrets that options name have this end.
const SECRET_VOLUME: &str = "-volume";

/// The file with the template of TaskManagers.
const TEMPLATE_FOLDER: &str = "/opt/flink/pod-template";

const JOB_MANAGER_PORTS: &[&str] = &["rest", "jobmanager-rpc", "blobserver"];
const TASK_MANAGER_PORTS: &[&str] = &["taskmanager-rpc"];

/// Whether Flink may add a volume with this name.
pub fn may_add_volume(config: &FlinkConfig, name: &str) -> bool {
    VOLUMES.contains(&name)
        || (name.ends_with(SECRET_VOLUME) && config.get("kubernetes.secrets").is_some())
}

/// The claim templates of a set: each pod gets a volume for each.
pub struct ClaimTemplates<'a> {
    list: &'a [Value],
    names: OnceCell<BTreeSet<&'a str>>,
}

/// Longest list that is searched without an index.
const SHORT: usize = 16;

impl<'a> ClaimTemplates<'a> {
    /// Those of a pod set.
    pub fn of(object: &'a Value, set: &PodSet) -> Self {
        let owner = match &set.template {
            Template::InObject(place) => place.strip_suffix("/template"),
            Template::Generated(made) => Some(made.base.as_str()),
            Template::Merged(_) => None,
        };
        let owner = owner.and_then(|place| pointer::at(object, place));
        let list = owner.map_or(&[][..], |owner| elements(owner, "volumeClaimTemplates"));
        Self { list, names: OnceCell::new() }
    }

    /// Whether one has this name.
    pub fn has(&self, name: &str) -> bool {
        let name_of = |template: &'a Value| {
            template.get("metadata").map_or("", |metadata| text(metadata, "name"))
        };
        if self.list.len() <= SHORT {
            return self.list.iter().any(|template| name_of(template) == name);
        }
        self.names.get_or_init(|| self.list.iter().map(name_of).collect()).contains(name)
    }
}

/// Visits what the template has and Flink adds again: the API server refuses the pods.
pub fn repeated(pods: &Pods<'_>, subject: &Subject<'_>, mut visit: impl FnMut(String, &Words)) {
    let workload = subject.workload;
    let is_native = workload.mode != Some(Mode::Standalone);
    let has_template = is_native && pods.set.role == Role::JobManager;
    for (index, volume) in elements(pods.spec(), "volumes").iter().enumerate() {
        let name = text(volume, "name");
        if name == "flink-config-volume" || (name == "pod-template-volume" && has_template) {
            visit(format!("/spec/volumes/{index}/name"), &Words::of_addition("volume", name));
        }
    }
    let Some(main) = pods.containers.iter().find(|container| container.main) else { return };
    let Some(container) = main.spec else { return };
    if has_template {
        for (index, mount) in elements(container, "volumeMounts").iter().enumerate() {
            let path = text(mount, "mountPath");
            if path == TEMPLATE_FOLDER {
                let words = Words::of_addition("mount", path);
                visit(format!("{}/volumeMounts/{index}/mountPath", main.place("")), &words);
            }
        }
    }
    // Flink adds no ports to pods that use the node's network.
    let uses_host = workload.config.get("kubernetes.hostnetwork.enabled");
    if uses_host.is_some_and(|value| value.trim().eq_ignore_ascii_case("true")) {
        return;
    }
    let ports = match pods.set.role {
        Role::JobManager => JOB_MANAGER_PORTS,
        _ => TASK_MANAGER_PORTS,
    };
    for (index, port) in elements(container, "ports").iter().enumerate() {
        let name = text(port, "name");
        if ports.contains(&name) {
            visit(
                format!("{}/ports/{index}/name", main.place("")),
                &Words::of_addition("port", name),
            );
        }
    }
}
