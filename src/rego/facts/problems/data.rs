//! Data that is not the tenant's: what a job starts from, archives, and nodes in ZooKeeper. Where
//! state is written is told by [`super::state`].

use super::state::places;
use super::{Found, Subject, shown, texts};
use crate::flink::options::{HIGH_AVAILABILITY, HIGH_AVAILABILITY_DIR};
use crate::flink::state::{lies_within, with_default_scheme, without_password};
use crate::flink::{Engine, Role};
use crate::resource::pointer;
use serde_json::Value as Json;

/// Options that name directories, by what is there; a list of them has commas.
const DIRECTORIES: [(&str, &[&str]); 4] = [
    ("a job starts from", &["execution.state-recovery.path", "execution.savepoint.path"]),
    ("finished jobs are archived in", &["jobmanager.archive.fs.dir"]),
    ("finished jobs are shown from", &["historyserver.archive.fs.dir"]),
    ("state changes are logged in", &["state.changelog.dstl.dfs.base-path", "dstl.dfs.base-path"]),
];
/// Below it Flink keeps its nodes in ZooKeeper unless told otherwise.
const DEFAULT_ROOT: &str = "/flink";
const ROOT: [&str; 2] = ["high-availability.zookeeper.path.root", "recovery.zookeeper.path.root"];
/// Stands behind the directory, and behind the path in ZooKeeper, where high availability keeps a
/// cluster's data.
const CLUSTER_ID: [&str; 3] = [
    "high-availability.cluster-id",
    "high-availability.zookeeper.path.namespace",
    "recovery.zookeeper.path.namespace",
];

pub(super) fn judge(subject: &Subject<'_>, found: &mut Found) {
    if !subject.workload.is_flink() {
        return;
    }
    zoo_keeper(subject, found);
    let Some(places) = places(subject.tenant) else { return };
    let default_scheme = subject.workload.config.get("fs.default-scheme");
    let mut note = |what: &str, uri: &str, place: &str| {
        let uri = uri.trim();
        if !uri.is_empty()
            && !lies_within(&with_default_scheme(uri, default_scheme), places.iter().copied())
        {
            let message = format!(
                "the directory {:?} that {what} must lie in {}",
                shown(&without_password(uri).0),
                places.join(" or ")
            );
            found.add("data", place, message, None);
        }
    };
    for (what, names) in DIRECTORIES {
        if let Some((key, entry)) = subject.option(names) {
            entry.value.split(',').for_each(|uri| note(what, uri, &subject.place(key, entry)));
        }
    }
    let directory =
        subject.workload.config.first(HIGH_AVAILABILITY_DIR).map(|(_, entry)| entry.value.trim());
    // Of the operator's objects it is refused whatever it says.
    if let (Some((key, entry)), Some(directory), false) =
        (subject.option(&CLUSTER_ID), directory, subject.is_for_operator())
    {
        note(
            "holds the data of high availability",
            &format!("{directory}/{}", entry.value),
            &subject.place(key, entry),
        );
    }
    let key = "state.backend.forst.primary-dir";
    if let Some((_, entry)) = subject.option(&[key]) {
        // Two words stand for directories that are judged themselves, or are the pod's own.
        if !["checkpoint-dir", "local-dir"]
            .iter()
            .any(|word| entry.value.trim().eq_ignore_ascii_case(word))
        {
            note("holds the state of running tasks", &entry.value, &subject.place(key, entry));
        }
    }
    for place in savepoint_fields(subject) {
        if let Some(uri) = pointer::at(subject.root, &place).and_then(Json::as_str) {
            note("a job starts from", uri, &place);
        }
    }
    for (uri, place) in savepoint_arguments(subject) {
        note("a job starts from", uri, &place);
    }
}

/// Fields of custom resources that name the savepoint of a job's first start.
fn savepoint_fields(subject: &Subject<'_>) -> Vec<String> {
    let spec =
        subject.workload.config_pointer.as_deref().and_then(pointer::parent).unwrap_or("/spec");
    let fields: &[&str] = match subject.workload.engine {
        Engine::Operator if subject.is_for_operator() => &["/job/initialSavepointPath"],
        Engine::Spotify => &["/job/fromSavepoint"],
        Engine::Lyft => &["/savepointPath", "/savepointInfo/savepointLocation"],
        _ => &[],
    };
    fields.iter().map(|field| format!("{spec}{field}")).collect()
}

/// What follows `--fromSavepoint` in the arguments of a JobManager that brings its job.
fn savepoint_arguments<'a>(subject: &Subject<'a>) -> Vec<(&'a str, String)> {
    let mut found = Vec::new();
    for set in subject.workload.pods.iter().filter(|set| set.role == Role::JobManager) {
        let Some(main) = set.main_container else { continue };
        for field in ["command", "args"] {
            let within = format!("/spec/containers/{main}/{field}");
            let words = pointer::at(set.template(subject.root), &within)
                .and_then(Json::as_array)
                .map(Vec::as_slice)
                .unwrap_or_default();
            let place = |index: usize| format!("{}{within}/{index}", set.path());
            for (index, pair) in words.windows(2).enumerate() {
                if let [Json::String(option), Json::String(uri)] = pair
                    && ["-s", "--fromSavepoint", "-fromSavepoint"].contains(&option.as_str())
                {
                    found.push((uri.as_str(), place(index.saturating_add(1))));
                }
            }
            let joined =
                words.iter().enumerate().filter_map(|(index, word)| Some((index, word.as_str()?)));
            found.extend(joined.filter_map(|(index, word)| {
                Some((word.strip_prefix("--fromSavepoint=")?, place(index)))
            }));
        }
    }
    found
}

fn zoo_keeper(subject: &Subject<'_>, found: &mut Found) {
    let Some(allowed) = texts(&subject.tenant["storage"]["zooKeeperPaths"]) else { return };
    let config = &subject.workload.config;
    let Some((key, mode)) = config
        .first(HIGH_AVAILABILITY)
        .filter(|(_, mode)| mode.value.trim().eq_ignore_ascii_case("zookeeper"))
    else {
        return;
    };
    let written = subject.option(&ROOT).or_else(|| subject.option(&CLUSTER_ID));
    // What the tenant itself sets is within its bounds.
    if written.is_none() && config.first(&ROOT).is_some() {
        return;
    }
    let root = config.first(&ROOT).map_or(DEFAULT_ROOT, |(_, entry)| entry.value.trim());
    let cluster = config.first(&CLUSTER_ID).map_or("", |(_, entry)| entry.value.trim());
    let path = format!("/{}/{cluster}", root.trim_start_matches('/'));
    if !lies_within(&path, allowed.iter().copied()) {
        let place = written
            .map_or_else(|| subject.place(key, mode), |(key, entry)| subject.place(key, entry));
        let message = format!(
            "high availability must not keep its nodes at {:?} in ZooKeeper",
            shown(path.trim_end_matches('/'))
        );
        let help = match allowed.first() {
            Some(first) => format!("set {}: {first}", ROOT[0]),
            None => "use high-availability.type: kubernetes".into(),
        };
        found.add("data", &place, message, help);
    }
}
