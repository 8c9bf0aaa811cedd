//! `storage/ephemeral-state`

use super::shared::{allowed_directory, backing, directory, uri};
use crate::flink::Role;
use crate::flink::claims::CLAIMS_OPTION;
use crate::flink::state::StateDirectory;
use crate::flink::state_mount::Backing;
use crate::rules::{Findings, Level, Rule, Subject};
use std::collections::BTreeSet;

/// State that is deleted with its pods.
pub static RULE: Rule = Rule {
    id: "storage/ephemeral-state",
    level: Level::Error,
    since: "0.1.0",
    title: "State on ephemeral storage",
    tenant_fields: &["storage.checkpoints.locations", "storage.checkpoints.volume"],
    as_is: false,
    page: include_str!("ephemeral_state.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    for state in subject.state_directories() {
        if !state.is_ephemeral() {
            continue;
        }
        let lost = state.mounts.iter().filter(|mount| mount.backing.is_ephemeral());
        let places: BTreeSet<String> = lost.map(|mount| backing(&mount.backing)).collect();
        let places: Vec<String> = places.into_iter().collect();
        findings
            .at(subject.option_place(state.key, state.entry))
            .message(format!(
                "{}, which does not outlive its pods: it is on {}",
                directory(state),
                places.join(" and ")
            ))
            .help(help(subject, state))
            .key(state.key)
            .found(uri(&state.entry.value));
    }
}

fn help(subject: &Subject<'_>, state: &StateDirectory<'_>) -> String {
    let of = |role: Role| {
        let mut mounts = state.mounts.iter();
        mounts.find(|mount| mount.role == role).map(|mount| &mount.backing)
    };
    if of(Role::JobManager) == Some(&Backing::Container)
        && let Some(Backing::Claim(claim)) = of(Role::TaskManager)
        && subject.workload.config.under(CLAIMS_OPTION).next().is_some()
    {
        return format!(
            "mount claim `{claim}` in the JobManager's pod template too: the operator creates that \
             pod with a Flink that does not read `{CLAIMS_OPTION}`"
        );
    }
    match &subject.tenant.state_locations {
        Some(_) => format!("set it to {}", allowed_directory(subject)),
        None => "use a directory in an object store, or mount a ReadWriteMany claim at this \
                 directory in the JobManager and the TaskManagers"
            .into(),
    }
}
