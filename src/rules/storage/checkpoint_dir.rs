//! `storage/checkpoint-dir`

use super::shared::{
    allowed_directory, checkpoint_volume, directory, name, set_allowed_directory, uri,
};
use crate::flink::Engine;
use crate::flink::options::CHECKPOINT_DIR;
use crate::flink::state::{
    DirectoryProblem, StateDirectory, is_within, name_for, with_default_scheme,
};
use crate::flink::state_mount::Backing;
use crate::rules::{Findings, Level, Rule, Subject};

/// State directories that are missing, unusable or not allowed.
pub static RULE: Rule = Rule {
    id: "storage/checkpoint-dir",
    level: Level::Error,
    since: "0.1.0",
    title: "State directories",
    tenant_fields: &["storage.checkpoints.locations", "storage.checkpoints.volume"],
    as_is: true,
    page: include_str!("checkpoint_dir.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    missing(subject, findings);
    for directory in subject.state_directories() {
        if let Some(problem) = directory.problem {
            unusable(subject, directory, problem, findings);
        } else if let Some(locations) = &subject.tenant.state_locations
            && !is_allowed(subject, directory, locations)
        {
            let StateDirectory { key, entry, .. } = directory;
            let name = name(subject, directory);
            findings
                .at(subject.option_place(key, entry))
                .message(format!(
                    "{}, which is not in an allowed location",
                    super::shared::directory(subject, directory)
                ))
                .help(set_allowed_directory(subject, &name))
                .key(*key)
                .found(uri(&entry.value));
        }
    }
}

/// The cluster of a session job may name the directory for all of its jobs.
fn missing(subject: &Subject<'_>, findings: &mut Findings) {
    let workload = subject.workload;
    if !workload.is_flink()
        || !workload.declares_cluster
        || workload.config.first(CHECKPOINT_DIR).is_some()
    {
        return;
    }
    let by_mode = || matches!(subject.upgrade_mode(), Some("savepoint" | "last-state"));
    let by_tenant = workload.engine == Engine::Operator && subject.tenant.state_locations.is_some();
    if by_tenant || by_mode() {
        let option = name_for(CHECKPOINT_DIR, workload.version);
        findings
            .at(subject.missing_option_place(option))
            .message(format!("`{option}` is not set"))
            .help(format!("set `{option}` to {}", allowed_directory(subject)))
            .key(option);
    }
}

fn unusable(
    subject: &Subject<'_>,
    state: &StateDirectory<'_>,
    problem: DirectoryProblem,
    findings: &mut Findings,
) {
    let (key, name) = (state.key, name(subject, state));
    let directory = || directory(subject, state);
    let (message, help) = match problem {
        DirectoryProblem::IgnoredOption(option) => {
            (format!("this Flink version ignores `{key}`"), format!("set `{option}` instead"))
        }
        DirectoryProblem::Empty => (
            format!("`{name}` is empty"),
            format!("set `{name}` to {}", allowed_directory(subject)),
        ),
        DirectoryProblem::Host => (
            format!("{}, whose first segment is read as a host", directory()),
            format!("write three slashes: `{}`", uri(&state.entry.value).replacen("//", "///", 1)),
        ),
        DirectoryProblem::Relative => (
            format!("{}, which is not an absolute path", directory()),
            format!("set `{name}` to {}", allowed_directory(subject)),
        ),
        DirectoryProblem::Password => (
            format!("{}, which contains a password", directory()),
            "remove the password from the URI".into(),
        ),
    };
    findings
        .at(subject.option_place(key, state.entry))
        .message(message)
        .help(help)
        .key(key)
        .found(uri(&state.entry.value));
}

/// Whether a directory is in one of the tenant's locations, or on its claim wherever that is
/// mounted, or set by the tenant.
fn is_allowed(subject: &Subject<'_>, directory: &StateDirectory<'_>, locations: &[String]) -> bool {
    let uri = &directory.entry.value;
    let default_scheme = subject.workload.config.get("fs.default-scheme");
    let is_on_claim = || {
        let mut backings = directory.mounts.iter().map(|mount| &mount.backing);
        !directory.mounts.is_empty()
            && backings.all(|backing| {
                matches!(backing, Backing::Claim(claim) if checkpoint_volume(subject, claim).is_some())
            })
    };
    let locations = locations.iter().map(String::as_str);
    is_within(&with_default_scheme(uri, default_scheme), locations)
        || is_on_claim()
        || subject.tenant.gives_option(directory.key, uri)
}
