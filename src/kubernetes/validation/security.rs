//! Security contexts of pods and containers.

use super::context::Context;
use super::fault::{Fault, Reason, Report};
use super::fields::{
    each, fits, is_given, is_true, object, one_of, one_of_given, repeated, required, required_form,
    text, within,
};
use super::forms::Form;
use super::place::Place;
use crate::resource::fields::elements;
use serde_json::Value;

/// Numbers of users and groups.
const ID: (i64, i64) = (0, i32::MAX as i64);

/// Checks the security context of a container.
pub fn of_container(pod: &Context<'_>, container: &Value, at: &Place<'_>, report: &mut Report<'_>) {
    let Some(context) = object(container, "securityContext") else { return };
    let at = at.field("securityContext");
    ids(context, &at, report);
    profiles(context, &at, report);
    one_of_given(context, "procMount", &["Default", "Unmasked"], &at, report);
    if text(context, "procMount") == Some("Unmasked") && pod.host_users {
        report(&at.field("procMount"), Fault::Refused(Reason::Unmasked));
    }
    let added = context.get("capabilities").unwrap_or(&Value::Null);
    let is_admin = || elements(added, "add").iter().any(|name| name == "CAP_SYS_ADMIN");
    if context.get("allowPrivilegeEscalation") == Some(&Value::Bool(false))
        && (is_true(context, "privileged") || is_admin())
    {
        let at = at.field("allowPrivilegeEscalation");
        report(&at, Fault::Refused(Reason::PrivilegeEscalation));
    }
}

/// Checks the security context of a pod, and what it shares with its node.
pub fn of_pod(pod: &Context<'_>, at: &Place<'_>, report: &mut Report<'_>) {
    let spec = pod.spec;
    if is_true(spec, "hostPID") && is_true(spec, "shareProcessNamespace") {
        report(&at.field("shareProcessNamespace"), Fault::Refused(Reason::SharedProcesses));
    }
    if !pod.host_users {
        for field in ["hostPID", "hostIPC"] {
            if is_true(spec, field) {
                report(&at.field(field), Fault::Refused(Reason::HostUsers));
            }
        }
    }
    let Some(context) = object(spec, "securityContext") else { return };
    let at = at.field("securityContext");
    ids(context, &at, report);
    profiles(context, &at, report);
    within(context, "fsGroup", ID, &at, report);
    let at_groups = at.field("supplementalGroups");
    for (index, group) in elements(context, "supplementalGroups").iter().enumerate() {
        if let Some(group) = group.as_i64().filter(|group| *group < ID.0 || *group > ID.1) {
            report(&at_groups.index(index), Fault::OutOfRange(group, ID.0, ID.1));
        }
    }
    one_of_given(context, "fsGroupChangePolicy", &["Always", "OnRootMismatch"], &at, report);
    one_of_given(context, "supplementalGroupsPolicy", &["Merge", "Strict"], &at, report);
    one_of_given(context, "seLinuxChangePolicy", &["MountOption", "Recursive"], &at, report);
    each(context, "sysctls", &at, |sysctl, at| {
        let Some(name) = required_form(sysctl, "name", Form::Sysctl, at, report) else { return };
        if (is_true(spec, "hostNetwork") && is_of(name, &["net."]))
            || (is_true(spec, "hostIPC")
                && is_of(name, &["kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue."]))
        {
            report(&at.field("name"), Fault::Refused(Reason::HostSysctl));
        }
    });
    let at = at.field("sysctls");
    repeated(
        elements(context, "sysctls"),
        |sysctl| text(sysctl, "name"),
        |index, name| {
            report(&at.index(index).field("name"), Fault::Repeated(name));
        },
    );
}

/// Whether a kernel parameter has one of these beginnings, with dots or slashes.
fn is_of(name: &str, beginnings: &[&str]) -> bool {
    let same = |(one, other): (u8, u8)| one == other || (one == b'/' && other == b'.');
    beginnings.iter().any(|beginning| {
        name.len() >= beginning.len() && name.bytes().zip(beginning.bytes()).all(same)
    })
}

fn ids(context: &Value, at: &Place<'_>, report: &mut Report<'_>) {
    for field in ["runAsUser", "runAsGroup"] {
        within(context, field, ID, at, report);
    }
}

fn profiles(context: &Value, at: &Place<'_>, report: &mut Report<'_>) {
    for field in ["seccompProfile", "appArmorProfile"] {
        let Some(profile) = object(context, field) else { continue };
        let at = at.field(field);
        required(profile, "type", &at, report);
        one_of(profile, "type", &["Localhost", "RuntimeDefault", "Unconfined"], &at, report);
        let path = "localhostProfile";
        match text(profile, "type") {
            Some("Localhost") => {
                // An empty path is one, for seccomp.
                let is_set = profile.get(path).is_some_and(|path| !path.is_null());
                if field != "seccompProfile" || !is_set {
                    required(profile, path, &at, report);
                } else if let Some(own) = text(profile, path) {
                    fits(own, Form::Below, &at.field(path), report);
                }
            }
            Some(_) if is_given(profile, path) => {
                report(&at.field(path), Fault::Refused(Reason::LocalhostProfile));
            }
            _ => {}
        }
    }
}
