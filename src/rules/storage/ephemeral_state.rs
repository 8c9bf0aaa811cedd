//! `storage/ephemeral-state`

use super::shared::{allowed_directory, backing, directory, name, uri};
use crate::flink::Role;
use crate::flink::claims::CLAIMS_OPTION;
use crate::flink::state::StateDirectory;
use crate::flink::state_mount::Backing;
use crate::resource::fields::{elements, text};
use crate::rules::{Findings, Level, Rule, Subject};
use std::collections::BTreeSet;

/// State that is deleted with its pods, or stays on one node.
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
        let finding = findings
            .at(subject.option_place(state.key, state.entry))
            .message(format!("{}{}", directory(subject, state), problem(state)))
            .help(help(subject, state))
            .key(state.key)
            .found(uri(&state.entry.value));
        if let Some(volume) = volume_of_node(subject, state) {
            finding.caused_by(volume);
        }
    }
}

/// The place of the volume that puts the state on the nodes of its pods. Where the tenant does not allow
/// such volumes, there is nothing else to correct.
fn volume_of_node(subject: &Subject<'_>, state: &StateDirectory<'_>) -> Option<String> {
    let mut ephemeral = state.mounts.iter().filter(|mount| mount.backing.is_ephemeral());
    let mount = ephemeral.next().filter(|mount| mount.backing.is_of_node())?;
    if !ephemeral.all(|other| other.backing == mount.backing) {
        return None;
    }
    let Backing::Volume { name, .. } = &mount.backing else { return None };
    let pods = subject.pods.get(mount.pods)?;
    let mut volumes = elements(pods.spec(), "volumes").iter();
    let index = volumes.position(|volume| text(volume, "name") == *name)?;
    Some(pods.place(format!("/spec/volumes/{index}")))
}

/// What happens to the state. A node keeps its files, but the pods of other nodes do not see them.
fn problem(state: &StateDirectory<'_>) -> String {
    let places = |of_node: bool| {
        let backings = state.mounts.iter().map(|mount| &mount.backing);
        let found = backings.filter(|one| one.is_ephemeral() && one.is_of_node() == of_node);
        let names: BTreeSet<String> = found.map(backing).collect();
        names.into_iter().collect::<Vec<_>>().join(" and ")
    };
    let (of_pods, of_node) = (places(false), places(true));
    let deleted = || format!(", which is deleted with its pods: it is on {of_pods}");
    let unseen = || format!("pods of other nodes do not see {of_node}");
    match (of_pods.is_empty(), of_node.is_empty()) {
        (true, _) => format!(", but {}", unseen()),
        (false, true) => deleted(),
        (false, false) => format!("{}, and {}", deleted(), unseen()),
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
        Some(_) => format!("set `{}` to {}", name(subject, state), allowed_directory(subject)),
        None => format!(
            "set `{}` to a directory in an object store, or mount a ReadWriteMany claim at this \
             directory in the JobManager and the TaskManagers",
            name(subject, state)
        ),
    }
}
