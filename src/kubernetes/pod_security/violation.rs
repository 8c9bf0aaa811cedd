//! What violates the standard, and where.

use std::borrow::Cow;

/// Violations of one control in one pod that are told; more would only hide the first.
const MOST: u8 = 50;

/// What the standard controls. The checks of the levels that ask more or less of the same thing are
/// one control.
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
    /// How many there are.
    const COUNT: usize = 16;

    /// The field of `input.flink.podSecurity`.
    pub fn key(self) -> &'static str {
        match self {
            Self::AllowPrivilegeEscalation => "allowPrivilegeEscalation",
            Self::AppArmor => "appArmor",
            Self::Capabilities => "capabilities",
            Self::HostNamespaces => "hostNamespaces",
            Self::HostPath => "hostPath",
            Self::HostPorts => "hostPorts",
            Self::HostProcess => "hostProcess",
            Self::Privileged => "privileged",
            Self::ProbeHosts => "probeHosts",
            Self::ProcMount => "procMount",
            Self::RunAsNonRoot => "runAsNonRoot",
            Self::RunAsUser => "runAsUser",
            Self::SeLinux => "seLinux",
            Self::Seccomp => "seccomp",
            Self::Sysctls => "sysctls",
            Self::VolumeTypes => "volumeTypes",
        }
    }
}

/// One thing about a pod that the standard does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What is violated.
    pub control: Control,
    /// Kubernetes' own id of the check at this level and version, such as
    /// `capabilities_restricted`.
    pub check: &'static str,
    /// Where in the pod, or would be, as a JSON Pointer:
    /// `/spec/containers/0/securityContext/privileged`.
    pub place: String,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to write instead.
    pub help: Cow<'static, str>,
}

/// What is said of a violation.
pub(super) struct Said {
    pub(super) place: String,
    pub(super) message: String,
    pub(super) help: Cow<'static, str>,
}

impl Said {
    pub(super) fn new(place: String, message: String, help: impl Into<Cow<'static, str>>) -> Self {
        Self { place, message, help: help.into() }
    }
}

/// The violations found so far.
#[derive(Default)]
pub(super) struct Found {
    pub(super) violations: Vec<Violation>,
    counts: [u8; Control::COUNT],
}

impl Found {
    /// Adds a violation, if there are not too many of its control yet.
    pub(super) fn add(
        &mut self,
        control: Control,
        check: &'static str,
        say: impl FnOnce() -> Said,
    ) {
        if let Some(count) = self.counts.get_mut(control as usize).filter(|count| **count < MOST) {
            *count = count.saturating_add(1);
            let Said { place, message, help } = say();
            self.violations.push(Violation { control, check, place, message, help });
        }
    }
}
