//! What violates the standard: values and places, no sentences.

use super::pod::{ContainerKind, text};
use serde_json::Value;
use std::borrow::Cow;

/// The number of violations of one control in one pod that are kept.
const MOST: u8 = 50;

/// What the standard controls. Where levels or versions check the same thing differently, these
/// checks are one control.
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

/// One thing about a pod that the standard does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation<'a> {
    /// What is violated.
    pub control: Control,
    /// Kubernetes' own id of the check at this level and version, such as
    /// `capabilities_restricted`.
    pub check: &'static str,
    /// JSON Pointer of the value in the pod; the field may be missing:
    /// `/spec/containers/0/securityContext/privileged`.
    pub place: String,
    /// The part of the pod that has the value, or lacks it.
    pub part: PodPart<'a>,
    /// The field, probe, volume type or annotation that decides: `hostPID`, `livenessProbe`,
    /// `nfs`.
    pub field: &'a str,
    /// The value; `None` where the standard requires one that is missing.
    pub found: Option<&'a Value>,
    /// The values that the level accepts at this place; empty where it accepts none.
    pub accepted: &'static [&'static str],
}

impl Violation<'_> {
    /// The value as text, as JSON where it is not a string; empty where it is missing.
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
