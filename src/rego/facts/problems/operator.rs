//! Options of a custom resource that reach into the operator itself: the files of its pod, whom it
//! acts as, and what only it sets.
//!
//! The operator takes the whole configuration of an object for its own while it deploys that
//! object. In the ConfigMap that it writes, and in pods, the same keys name files of those pods and
//! are nobody's concern.

use super::credentials::HEADERS;
use super::{Found, Subject, shown};
use crate::flink::Mode;
use crate::flink::config::Entry;
use crate::flink::map_options::map_entries;

/// Headers for which clouds hand out the credentials of the machine that asks, or that send a
/// request elsewhere.
const OF_CLOUDS: [&str; 6] = [
    "metadata-flavor",
    "metadata",
    "x-aws-ec2-metadata-token",
    "x-aws-ec2-metadata-token-ttl-seconds",
    "x-google-metadata-request",
    "host",
];

pub(super) fn judge(subject: &Subject<'_>, found: &mut Found) {
    if !subject.is_for_operator() {
        return;
    }
    for (key, entry) in subject.workload.config.iter() {
        // Nearly every key begins otherwise.
        if !key.starts_with(['k', 's', '$']) {
            continue;
        }
        let judged = files(subject, key, entry).or_else(|| identity(key));
        if let Some((list, message, help)) = judged
            && let Some(place) = subject.written(key, entry)
        {
            found.add(list, place, message, help.to_owned());
        }
    }
    for header in map_entries(&subject.workload.config, HEADERS) {
        if OF_CLOUDS.iter().any(|name| header.key.trim().eq_ignore_ascii_case(name))
            && let Some(place) = subject.written(header.option, header.entry)
        {
            let message = format!(
                "option {HEADERS} must not send the header {:?} in the operator's name",
                shown(&header.key)
            );
            found.add("operatorIdentity", place, message, "leave the header out".to_owned());
        }
    }
}

type Judged = Option<(&'static str, String, &'static str)>;

fn files(subject: &Subject<'_>, key: &str, entry: &Entry) -> Judged {
    let help = match key {
        "kubernetes.pod-template-file"
        | "kubernetes.pod-template-file.default"
        | "kubernetes.pod-template-file.jobmanager"
        | "kubernetes.pod-template-file.taskmanager" => {
            "write the pod template into spec.podTemplate"
        }
        "security.kerberos.login.keytab"
        | "security.keytab"
        | "security.kerberos.login.principal"
        | "security.principal"
        | "security.kerberos.krb5-conf.path" => {
            // What deploys clusters of standalone mode has no switch for it.
            let has_switch = subject.workload.mode == Some(Mode::Native);
            let mount = subject
                .workload
                .config
                .get("kubernetes.decorator.kerberos-mount.enabled")
                .filter(|_| has_switch);
            if mount.is_some_and(|mount| mount.eq_ignore_ascii_case("false")) {
                return None;
            }
            "mount a Secret of your own with the pod template, and set kubernetes.decorator.kerberos-mount.enabled: false"
        }
        "$internal.deployment.config-dir" | "kubernetes.config.file" => "remove the option",
        "kubernetes.artifacts.local-upload-enabled" if entry.value.eq_ignore_ascii_case("true") => {
            "put the jar into the image, or name where Flink fetches it"
        }
        _ => return None,
    };
    Some((
        "operatorFiles",
        format!("option {key} makes the operator read files of its own pod"),
        help,
    ))
}

fn identity(key: &str) -> Judged {
    let message = match key {
        "kubernetes.context" => {
            format!("option {key} makes the operator act as another, in another cluster")
        }
        "kubernetes.jobmanager.owner.reference" => {
            format!("option {key} gives the JobManager an owner, which only the operator may")
        }
        _ => return None,
    };
    Some(("operatorIdentity", message, "remove the option"))
}
