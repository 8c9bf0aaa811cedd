//! `flink/read-only-directory`

use crate::flink::Role;
use crate::flink::claims::{mounted_by_flink, mounted_read_only};
use crate::flink::option_mounts::{option_mounts, own_mounts};
use crate::flink::pods::{Container, Pods};
use crate::flink::redaction;
use crate::flink::written_directories::{
    FLINK_HOME, directories_of_variables, is_around, written_directories,
};
use crate::resource::fields::{elements, text};
use crate::resource::pointer;
use crate::rules::words::shown;
use crate::rules::{Findings, Level, Rule, Subject};
use serde_json::Value;

/// Directories of options that Flink cannot write to, because the root file system is read-only.
pub static RULE: Rule = Rule {
    id: "flink/read-only-directory",
    level: Level::Error,
    since: "0.1.0",
    title: "Directories on a read-only root",
    tenant_fields: &["security.readOnlyRootFilesystem"],
    as_is: false,
    page: include_str!("read_only_directory.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    // Both roles may read one option.
    let mut reported: Vec<(String, String)> = Vec::new();
    for pods in &subject.pods {
        let Some((container, main)) = read_only_main(pods) else { continue };
        let own = text(main, "workingDir");
        let working = if own.is_empty() { FLINK_HOME } else { own };
        let role = pods.set.role;
        for directory in written_directories(&subject.workload.config, role, working) {
            if !directory.is_needed || is_writable(subject, pods, main, &directory.path) {
                continue;
            }
            let place = subject.option_place(directory.key, directory.entry);
            let seen = (place, directory.path);
            if !reported.contains(&seen) {
                let (place, path) = (&seen.0, &seen.1);
                report(subject, (role, main), (place, directory.key, path), findings);
                reported.push(seen);
            }
        }
        for (index, name, path) in directories_of_variables(main, working) {
            if !is_writable(subject, pods, main, &path) {
                let place = format!("{}/env/{index}", container.place(pods.set.path()));
                report(subject, (role, main), (&place, name, &path), findings);
            }
        }
    }
}

/// Reports a directory that an option or a variable names.
fn report(
    subject: &Subject<'_>,
    (role, main): (Role, &Value),
    (place, key, path): (&str, &str, &str),
    findings: &mut Findings,
) {
    let is_by_tenant = subject.tenant.spec.security.read_only_root_filesystem;
    let own = own_mounts(subject.workload, role).any(|own| is_around(own.path, path));
    let (path, key) = (redaction::uri(path), shown(key));
    findings
        .at(place)
        .level(if is_by_tenant { Level::Error } else { Level::Warning })
        .message(format!(
            "Flink cannot write to `{}`, which `{key}` names: the root file system of container \
             `{}` is read-only, and no writable volume is mounted there",
            shown(&path),
            shown(text(main, "name")),
        ))
        .help(help(&key, own))
        .key(key)
        .found(shown(&path));
}

/// What to write. Where Flink mounts a volume of its own, no other volume can be mounted.
fn help(key: &str, is_flinks: bool) -> String {
    let help =
        format!("write a directory in which nothing of the image is, such as `{key}: /flink-data`");
    if is_flinks { help } else { format!("{help}, or mount a volume there") }
}

/// Flink's container, if its root file system is read-only.
fn read_only_main<'p, 'a>(pods: &'p Pods<'a>) -> Option<(&'p Container<'a>, &'a Value)> {
    let container = pods.containers.iter().find(|container| container.main)?;
    let main = container.spec?;
    let is_read_only = pointer::at(main, "/securityContext/readOnlyRootFilesystem");
    (is_read_only == Some(&Value::Bool(true))).then_some((container, main))
}

/// Whether the volume that is mounted deepest around a directory can be written to.
fn is_writable(subject: &Subject<'_>, pods: &Pods<'_>, main: &Value, path: &str) -> bool {
    let role = pods.set.role;
    let by_option =
        mounted_by_flink(subject.workload, role).iter().any(|(_, at)| is_around(at, path));
    if by_option {
        return !mounted_read_only(subject.workload);
    }
    if let Some(own) = own_mounts(subject.workload, role).find(|own| is_around(own.path, path)) {
        return own.is_writable;
    }
    // The others are Secrets and ConfigMaps.
    if option_mounts(subject.workload, role).iter().any(|mount| is_around(&mount.path, path)) {
        return false;
    }
    let around = elements(main, "volumeMounts").iter().filter(|mount| {
        let at = text(mount, "mountPath");
        !at.is_empty() && is_around(at, path)
    });
    let deepest = around.max_by_key(|mount| text(mount, "mountPath").trim_end_matches('/').len());
    let Some(mount) = deepest else { return false };
    let volumes = elements(pods.spec(), "volumes").iter();
    let volume = volumes.clone().find(|volume| text(volume, "name") == text(mount, "name"));
    let is_read_only = |owner: &Value| owner.get("readOnly") == Some(&Value::Bool(true));
    let of_objects = ["configMap", "secret", "projected", "downwardAPI", "image"];
    let is_fixed = volume.is_some_and(|volume| {
        of_objects.iter().any(|kind| volume.get(kind).is_some_and(|source| !source.is_null()))
            || volume.get("persistentVolumeClaim").is_some_and(is_read_only)
    });
    !is_fixed && !is_read_only(mount)
}
