//! Violations of the standard: values and places, without messages.

use super::pod::{ContainerKind, text};
use serde_json::Value;
use std::borrow::Cow;

/// The maximum number of reported violations for each control of one pod.
const MOST: u8 = 50;

/// The controls of the standard. Checks of the same field at different levels or versions are one
/// control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)] // Each is named for what it controls.
pub enum Control {
    AllowPrivilegeEscalation,
    AppArmor,
    Capabilities,
    HostNamespaces,
    HostPath,
    HostPorts,
    HostProcess,
    Privileged,
    ProbeHosts,
    ProcMount,
    RunAsNonRoot,
    RunAsUser,
    SeLinux,
    Seccomp,
    Sysctls,
    VolumeTypes,
}

impl Control {
    /// The number of controls.
    const COUNT: usize = 16;
}

/// The part of a pod that violates the standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodPart<'a> {
    /// The pod itself.
    Pod,
    /// An annotation of the pod; [`Violation::field`] is its key.
    Annotation,
    /// A container, with its name.
    Container(ContainerKind, &'a str),
    /// A volume, with its name.
    Volume(&'a str),
}

/// One violation of the standard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation<'a> {
    /// The violated control.
    pub control: Control,
    /// Kubernetes' id of the check at this level and version, such as `capabilities_restricted`.
    pub check: &'static str,
    /// JSON Pointer of the value in the pod, which may be missing:
    /// `/spec/containers/0/securityContext/privileged`.
    pub place: String,
    /// The part of the pod that has or lacks the value.
    pub part: PodPart<'a>,
    /// The field, probe, volume type or annotation that decides: `hostPID`, `livenessProbe`,
    /// `nfs`.
    pub field: &'a str,
    /// The value; `None` if a required value is missing.
    pub found: Option<&'a Value>,
    /// The values that the level accepts at this place; empty if it accepts none.
    pub accepted: &'static [&'static str],
}

impl Violation<'_> {
    /// The value as text, or as JSON if it is not a string; empty if it is missing.
    pub fn found_text(&self) -> Cow<'_, str> {
        text(self.found)
    }
}

/// The violations found so far.
#[derive(Default)]
pub(super) struct Violations<'a> {
    pub(super) list: Vec<Violation<'a>>,
    counts: [u8; Control::COUNT],
}

impl<'a> Violations<'a> {
    /// Adds a violation, unless its control has [`MOST`] of them.
    pub(super) fn add(
        &mut self,
        control: Control,
        describe: impl FnOnce(Control) -> Violation<'a>,
    ) {
        if let Some(count) = self.counts.get_mut(control as usize).filter(|count| **count < MOST) {
            *count = count.saturating_add(1);
            self.list.push(describe(control));
        }
    }
}
