//! What Flink adds to the pods that the operator creates, and what must not be there before.

use super::words::Words;
use crate::flink::option_mounts::{OptionMount, TEMPLATE_FOLDER, option_mounts};
use crate::flink::pods::Pods;
use crate::flink::{Mode, PodSet, Role, Template, Workload};
use crate::kubernetes::validation::{Fault, Form, Place};
use crate::resource::fields::{elements, text};
use crate::resource::pointer;
use crate::rules::Subject;
use serde_json::Value;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

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

const JOB_MANAGER_PORTS: &[&str] = &["rest", "jobmanager-rpc", "blobserver"];
const TASK_MANAGER_PORTS: &[&str] = &["taskmanager-rpc"];

/// Whether Flink may add a volume with this name.
pub fn may_add_volume(workload: &Workload, role: Role, name: &str) -> bool {
    VOLUMES.contains(&name)
        || option_mounts(workload, role).iter().any(|mount| mount.volume == name)
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

/// Visits what options mount, and the template or another option mounts too: the API server refuses the
/// pods. A name of a volume that Flink makes of a Secret's may be none.
pub fn mounted_twice(pods: &Pods<'_>, subject: &Subject<'_>, visit: &mut dyn FnMut(Where, &Words)) {
    let mounts = option_mounts(subject.workload, pods.set.role);
    if mounts.is_empty() {
        return;
    }
    let index = |list: &'static str, spec: &'_ Value, field| -> BTreeMap<String, usize> {
        let elements = elements(spec, list).iter().enumerate().rev();
        elements.map(|(index, element)| (text(element, field).to_owned(), index)).collect()
    };
    let volumes = index("volumes", pods.spec(), "name");
    let main = pods.containers.iter().find(|container| container.main);
    let container = main.and_then(|main| main.spec).unwrap_or(&Value::Null);
    let paths = index("volumeMounts", container, "mountPath");
    let (mut names_seen, mut paths_seen) = (BTreeSet::new(), BTreeSet::new());
    for OptionMount { volume, path, option, entry } in &mounts {
        let at_option = || Where::Object(subject.option_place(option, entry));
        let by_option = |kind, name: &str| Words::of_option(kind, name, option);
        if let Some(index) = volumes.get(volume).filter(|_| !volume.is_empty()) {
            let place = format!("/spec/volumes/{index}/name");
            visit(Where::Pod(place), &by_option("volume", volume));
        }
        if let Some((index, main)) = paths.get(path).zip(main) {
            let place = format!("{}/volumeMounts/{index}/mountPath", main.place(""));
            visit(Where::Pod(place), &by_option("mount", path));
        }
        if !volume.is_empty() && !Form::DnsLabel.fits(volume) {
            let at = Place::ROOT;
            let fault = Fault::Malformed(volume, Form::DnsLabel);
            visit(at_option(), &Words::of(fault, &at.field(option), "").about(option));
        }
        if path.trim().is_empty() {
            visit(at_option(), &Words::without_path(option));
        } else if !paths_seen.insert(path.as_str()) {
            visit(at_option(), &Words::of_two_mounts(path, option));
        } else if !volume.is_empty() && !names_seen.insert(volume.as_str()) {
            visit(at_option(), &Words::of_two_volumes(volume, option));
        }
    }
}

/// Where a fault is.
pub enum Where {
    /// Within the pod.
    Pod(String),
    /// In the object.
    Object(String),
}
