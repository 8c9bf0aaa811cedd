//! Kubernetes' Pod Security Standards: what a pod violates, at any level and version.
//!
//! A pod as plain JSON and a [`Standard`] go in. [`Violation`]s come out, each with its place; they
//! are the same that the cluster's PodSecurity admission finds. It has no messages: those are in
//! the rules.
//!
//! Each file is one control. A check allocates nothing if it finds nothing, because it runs for
//! every pod.
//!
//! `tests/cluster/pod_security.rs` compares it with Kubernetes' evaluator on random pods. JSON may
//! have values that Kubernetes' types cannot have (`privileged: "yes"`). Then the stricter reading
//! counts: the API server refuses such a pod, but a controller may accept such a template.

mod allow_privilege_escalation;
mod app_armor;
mod capabilities;
mod host_namespaces;
mod host_ports;
mod host_process;
mod pod;
mod privileged;
mod probe_hosts;
mod proc_mount;
mod run_as_non_root;
mod run_as_user;
mod se_linux;
mod seccomp;
mod standard;
mod sysctls;
mod violation;
mod volumes;

pub use pod::ContainerKind;
pub use standard::{PodSecurityLevel, Standard, minor_version};
pub use sysctls::safe_since;
pub use violation::{Control, PodPart, Violation};

use pod::{Pod, Subject};
use serde_json::Value;
use violation::Violations;

/// Checks a whole pod.
type PodCheck = for<'a> fn(&Pod<'a>, &mut Violations<'a>);

/// Checks one security context, or one container.
type SubjectCheck = for<'a> fn(&Pod<'a>, &Subject<'a>, &mut Violations<'a>);

const OF_PODS: [PodCheck; 5] = [
    host_namespaces::check,
    volumes::check,
    sysctls::check,
    app_armor::check_annotations,
    seccomp::check_pod_annotation,
];

/// Checks of pods and containers.
const OF_CONTEXTS: [SubjectCheck; 6] = [
    host_process::check,
    app_armor::check,
    se_linux::check,
    seccomp::check,
    run_as_non_root::check,
    run_as_user::check,
];

const OF_CONTAINERS: [SubjectCheck; 8] = [
    privileged::check,
    capabilities::check,
    host_ports::check,
    probe_hosts::check,
    proc_mount::check,
    seccomp::check_container,
    run_as_non_root::check_container,
    allow_privilege_escalation::check,
];

/// What a pod (`metadata` and `spec`) violates. `implied` is the name of a container without fields
/// after the pod's containers: Flink's operator adds it.
pub fn evaluate<'a>(
    template: &'a Value,
    implied: Option<&'a str>,
    standard: Standard,
) -> Vec<Violation<'a>> {
    if standard.level == PodSecurityLevel::Privileged {
        return Vec::new();
    }
    let pod = Pod::new(template, standard, &[]);
    let mut found = Violations::default();
    OF_PODS.iter().for_each(|check| check(&pod, &mut found));
    let own = pod.subject();
    if own.context.is_object() {
        OF_CONTEXTS.iter().for_each(|check| check(&pod, &own, &mut found));
    }
    pod.each_container(implied, |container| {
        if container.context.is_object() {
            OF_CONTEXTS.iter().for_each(|check| check(&pod, container, &mut found));
        }
        OF_CONTAINERS.iter().for_each(|check| check(&pod, container, &mut found));
    });
    found.list
}

/// The ports of the node that a pod uses, except the allowed ones. This is the only control that
/// applies at level `privileged`.
pub fn host_ports<'a>(template: &'a Value, allowed: &'a [u16]) -> Vec<Violation<'a>> {
    let standard = Standard { level: PodSecurityLevel::Privileged, minor: u64::MAX };
    let pod = Pod::new(template, standard, allowed);
    let mut found = Violations::default();
    pod.each_container(None, |container| host_ports::check(&pod, container, &mut found));
    found.list
}
