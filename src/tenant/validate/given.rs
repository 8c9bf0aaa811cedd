//! Checks of what Flinkgate gives to pods and claims: the API server must accept it.
//!
//! The facts are those of `pkg/apis/core/validation` of Kubernetes 1.34.

use super::Problems;
use super::forms::{Described, Form};
use crate::flink::claims::{AccessScope, access_scope, claim_for};
use crate::flink::memory_size::parse_resource_memory;
use crate::resource::pointer;
use crate::resource::quantity::Quantity;
use crate::tenant::{CheckpointVolume, FlinkTenantSpec, RoleResources};
use k8s_openapi::api::core::v1::Toleration;
use std::collections::BTreeMap;

/// Labels that Flink, its operators and Kubernetes give to pods and select them by.
const SELECTED_BY: [&str; 4] = ["app", "component", "type", "pod-template-hash"];

/// Folders that every container of Flink needs as they are in its image or on its node.
const NEEDED: [&str; 10] = [
    "/opt/flink/bin",
    "/opt/flink/conf",
    "/opt/flink/lib",
    "/bin",
    "/dev",
    "/etc",
    "/lib",
    "/proc",
    "/sys",
    "/usr",
];

/// The longest name of a cluster that the Flink operator accepts.
const LONGEST_CLUSTER: usize = 45;

/// Reports what the API server would refuse.
pub(super) fn check(spec: &FlinkTenantSpec, problems: &mut Problems) {
    labels(&spec.labels, "/labels", problems);
    for key in spec.labels.keys().filter(|key| SELECTED_BY.contains(&key.as_str())) {
        let message = format!(
            "Flink and Kubernetes set the label `{key}` of pods and select them by it: choose another key"
        );
        problems.refuse(pointer::join("/labels", key), message);
    }
    let scheduling = &spec.scheduling;
    labels(&scheduling.node_selector, "/scheduling/nodeSelector", problems);
    let tolerations = scheduling.tolerations.as_deref().unwrap_or_default();
    each_toleration(tolerations, "/scheduling/tolerations", problems);
    if let Some(key) = &scheduling.anti_affinity.topology_key {
        form(Form::Key, key, "/scheduling/antiAffinity/topologyKey", problems);
    }
    if let Some(spot) = &spec.cost.spot {
        labels(&spot.node_selector, "/cost/spot/nodeSelector", problems);
        each_toleration(&spot.tolerations, "/cost/spot/tolerations", problems);
    }
    for (index, key) in spec.cost.labels.iter().enumerate() {
        form(Form::Key, key, format!("/cost/labels/{index}"), problems);
    }
    for (index, name) in spec.namespaces.names.iter().enumerate() {
        // The characters are checked elsewhere.
        if super::namespace_pattern(name).is_ok() && !Form::DnsLabel.can_match(name) {
            let message =
                format!("no namespace can have the name `{name}`: {}", Form::DnsLabel.help());
            problems.refuse(format!("/namespaces/names/{index}"), message);
        }
    }
    if let Some(selector) = &spec.namespaces.selector {
        let expected = selector.match_labels.iter().flatten();
        for (key, value) in expected {
            let place = pointer::join("/namespaces/selector/matchLabels", key);
            form(Form::Key, key, place.clone(), problems);
            form(Form::LabelValue, value, place, problems);
        }
        for (index, one) in selector.match_expressions.iter().flatten().enumerate() {
            let place = format!("/namespaces/selector/matchExpressions/{index}");
            form(Form::Key, &one.key, format!("{place}/key"), problems);
            for (number, value) in one.values.iter().flatten().enumerate() {
                form(Form::LabelValue, value, format!("{place}/values/{number}"), problems);
            }
        }
    }
    if let Some(volume) = &spec.storage.checkpoints.volume {
        checkpoint_volume(volume, problems);
    }
    let roles = &spec.flink.resources;
    for (name, role) in [("jobManager", &roles.job_manager), ("taskManager", &roles.task_manager)] {
        if let Some(role) = role {
            resources(role, &format!("/flink/resources/{name}"), problems);
        }
    }
}

/// Reports a text that does not have a form.
fn form(form: Form, text: &str, place: impl Into<String>, problems: &mut Problems) {
    if !form.fits(text) {
        let message = format!("`{text}` is not {}: {}", form.article(), form.help());
        problems.refuse(place.into(), message);
    }
}

fn labels(labels: &BTreeMap<String, String>, base: &str, problems: &mut Problems) {
    for (key, value) in labels {
        let place = pointer::join(base, key);
        if Form::Key.fits(key) {
            form(Form::LabelValue, value, place, problems);
        } else {
            let message = format!("`{key}` is not {}: {}", Form::Key.article(), Form::Key.help());
            problems.refuse_key(place, message);
        }
    }
}

fn each_toleration(tolerations: &[Toleration], base: &str, problems: &mut Problems) {
    for (index, toleration) in tolerations.iter().enumerate() {
        check_toleration(toleration, &format!("{base}/{index}"), problems);
    }
}

fn check_toleration(toleration: &Toleration, base: &str, problems: &mut Problems) {
    let given = |field: &Option<String>| field.clone().unwrap_or_default();
    let (key, operator) = (given(&toleration.key), given(&toleration.operator));
    let (value, effect) = (given(&toleration.value), given(&toleration.effect));
    if !key.is_empty() {
        form(Form::Key, &key, format!("{base}/key"), problems);
    } else if operator != "Exists" {
        let message = "a toleration without `key` tolerates every taint: set `operator: Exists`, or set `key`";
        problems.refuse(base.to_owned(), message.into());
    }
    match operator.as_str() {
        "" | "Equal" => form(Form::LabelValue, &value, format!("{base}/value"), problems),
        "Exists" if !value.is_empty() => {
            let message = "`operator: Exists` does not compare values: remove `value`, or set `operator: Equal`";
            problems.refuse(format!("{base}/value"), message.into());
        }
        "Exists" => {}
        "Lt" | "Gt" if value.parse::<i64>().is_ok() => {
            let message = format!(
                "`{operator}` needs the feature gate `TaintTolerationComparisonOperators` of Kubernetes: without it the API server refuses every pod"
            );
            problems.warn(format!("{base}/operator"), message);
        }
        "Lt" | "Gt" => {
            let message = format!("`{value}` is not an integer, which `{operator}` compares");
            problems.refuse(format!("{base}/value"), message);
        }
        other => {
            let message = format!("`{other}` is not an operator: write `Exists` or `Equal`");
            problems.refuse(format!("{base}/operator"), message);
        }
    }
    if !["", "NoSchedule", "PreferNoSchedule", "NoExecute"].contains(&effect.as_str()) {
        let message = format!(
            "`{effect}` is not an effect: write `NoSchedule`, `PreferNoSchedule` or `NoExecute`, or remove it for all effects"
        );
        problems.refuse(format!("{base}/effect"), message);
    }
    if toleration.toleration_seconds.is_some() && effect != "NoExecute" {
        let message =
            "`tolerationSeconds` needs `effect: NoExecute`: set it, or remove `tolerationSeconds`";
        problems.refuse(format!("{base}/tolerationSeconds"), message.into());
    }
}

fn checkpoint_volume(volume: &CheckpointVolume, problems: &mut Problems) {
    let base = "/storage/checkpoints/volume";
    claim_name(&volume.claim_name, &format!("{base}/claimName"), problems);
    // An empty class is that of volumes that were made by hand.
    if let Some(class) = volume.storage_class_name.as_deref().filter(|class| !class.is_empty()) {
        form(Form::DnsSubdomain, class, format!("{base}/storageClassName"), problems);
    }
    if let Some(size) = &volume.size
        && Quantity::parse(&size.0).is_ok_and(|size| size <= Quantity::default())
    {
        let message = format!("`{}` is not a size of a claim: write more than 0", size.0);
        problems.refuse(format!("{base}/size"), message);
    }
    let modes = &volume.access_modes;
    if modes.len() > 1
        && let Some(index) = modes.iter().position(|mode| mode == "ReadWriteOncePod")
    {
        let message =
            "`ReadWriteOncePod` does not go with other access modes: remove it or the others";
        problems.refuse(format!("{base}/accessModes/{index}"), message.into());
    }
    if access_scope(modes.iter().map(String::as_str)) == Some(AccessScope::ReadOnly) {
        let message = "no pod can write to a claim with `ReadOnlyMany` alone: add `ReadWriteMany`";
        problems.refuse(format!("{base}/accessModes"), message.into());
    }
    if let Some(path) = &volume.mount_path {
        mount_path(path, &format!("{base}/mountPath"), problems);
    }
}

fn claim_name(pattern: &str, place: &str, problems: &mut Problems) {
    let (shortest, longest) =
        (claim_for(pattern, "c"), claim_for(pattern, &"c".repeat(LONGEST_CLUSTER)));
    let message = if let Some(start) = shortest.find(['{', '}']) {
        let rest = shortest.get(start..).unwrap_or_default();
        let placeholder = rest.split_inclusive('}').next().unwrap_or(rest);
        format!("`{placeholder}` is not a placeholder: write `{{cluster}}` for the cluster's name")
    } else if !Form::DnsSubdomain.fits(&shortest) {
        format!(
            "claim `{shortest}` of a cluster `c` has no valid name: {}",
            Form::DnsSubdomain.help()
        )
    } else if !Form::DnsSubdomain.fits(&longest) {
        format!(
            "the claim of a cluster with a name of {LONGEST_CLUSTER} characters has a name of {} characters, and 253 are possible: shorten it",
            longest.len()
        )
    } else {
        return;
    };
    problems.refuse(place.to_owned(), message);
}

fn mount_path(path: &str, place: &str, problems: &mut Problems) {
    // Other paths are refused where the spec is read.
    if !path.starts_with('/') {
        return;
    }
    let parts = || path.split('/').filter(|part| !part.is_empty() && *part != ".");
    let hides = |needed: &&&str| {
        let mut segments = needed.split('/').filter(|part| !part.is_empty());
        parts().all(|part| segments.next() == Some(part))
    };
    if path.contains(':') {
        let message = "a mount path must not contain `:`: choose another path";
        problems.refuse(place.to_owned(), message.into());
    } else if let Some(hidden) = NEEDED.iter().find(hides) {
        let message = format!(
            "a volume at `{path}` hides `{hidden}` of the image: choose another path, such as `/flink/state`"
        );
        problems.refuse(place.to_owned(), message);
    }
}

fn resources(role: &RoleResources, base: &str, problems: &mut Problems) {
    if let Some(cpu) = role.cpu.filter(|cpu| !cpu.is_finite() || *cpu <= 0.0) {
        let message = format!("`{cpu}` is not a number of cores: write more than 0, such as `0.5`");
        problems.refuse(format!("{base}/cpu"), message);
    }
    let memory = role.memory.as_deref();
    if let Some((text, error)) =
        memory.and_then(|text| Some((text, parse_resource_memory(text).err()?)))
    {
        let message = format!("`{text}` is not a memory size: {}", error.help());
        problems.refuse(format!("{base}/memory"), message);
    } else if let Some(text) = memory.filter(|text| parse_resource_memory(text) == Ok(0)) {
        let message = format!("`{text}` is no memory: write more than 0, such as `2048m`");
        problems.refuse(format!("{base}/memory"), message);
    }
}
