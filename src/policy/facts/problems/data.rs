//! Data that is not the tenant's: what a job starts from, archives, and nodes in ZooKeeper. Where state is written is told by
//! `flink.state`.

use super::super::state::places;
use super::{Found, Subject, shown, texts};
use crate::flink::options::HIGH_AVAILABILITY;
use crate::flink::state::{lies_within, with_default_scheme};
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

pub(super) fn judge(subject: &Subject<'_>, found: &mut Found) {
    if !subject.workload.is_flink() {
        return;
    }
    zoo_keeper(subject, found);
    let Some(places) = places(subject.tenant) else { return };
    let default_scheme = subject.workload.config.get("fs.default-scheme");
    let mut note = |what: &str, uri: &str, place: &str| {
        let uri = uri.trim();
        if !uri.is_empty() && !lies_within(&with_default_scheme(uri, default_scheme), places.iter().copied()) {
            let message = format!("the directory {:?} that {what} must lie in {}", shown(uri), places.join(" or "));
            found.add("data", place, message, None);
        }
    };
    for (what, names) in DIRECTORIES {
        if let Some((key, entry)) = subject.option(names) {
            entry.value.split(',').for_each(|uri| note(what, uri, &subject.place(key, entry)));
        }
    }
    let key = "state.backend.forst.primary-dir";
    if let Some((_, entry)) = subject.option(&[key]) {
        // Two words stand for directories that are judged themselves, or are the pod's own.
        if !["checkpoint-dir", "local-dir"].iter().any(|word| entry.value.trim().eq_ignore_ascii_case(word)) {
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
    let spec = subject.workload.config_pointer.as_deref().and_then(pointer::parent).unwrap_or("/spec");
    let fields: &[&str] = match subject.workload.engine {
        Engine::Operator if subject.workload.config_pointer.is_some() => &["/job/initialSavepointPath"],
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
            let words = pointer::at(set.template(subject.root), &within).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
            let place = |index: usize| format!("{}{within}/{index}", set.path());
            for (index, pair) in words.windows(2).enumerate() {
                if let [Json::String(option), Json::String(uri)] = pair
                    && ["-s", "--fromSavepoint", "-fromSavepoint"].contains(&option.as_str())
                {
                    found.push((uri.as_str(), place(index.saturating_add(1))));
                }
            }
            let joined = words.iter().enumerate().filter_map(|(index, word)| Some((index, word.as_str()?)));
            found.extend(joined.filter_map(|(index, word)| Some((word.strip_prefix("--fromSavepoint=")?, place(index)))));
        }
    }
    found
}

fn zoo_keeper(subject: &Subject<'_>, found: &mut Found) {
    let Some(allowed) = texts(&subject.tenant["storage"]["zooKeeperPaths"]) else { return };
    let config = &subject.workload.config;
    let Some((key, mode)) = config.first(HIGH_AVAILABILITY).filter(|(_, mode)| mode.value.trim().eq_ignore_ascii_case("zookeeper")) else {
        return;
    };
    let (place, root) = match config.first(&ROOT) {
        Some((key, entry)) => (subject.place(key, entry), entry.value.as_str()),
        None => (subject.place(key, mode), DEFAULT_ROOT),
    };
    let (given, allowed_by) = (config.first(&ROOT).is_some() && subject.option(&ROOT).is_none(), allowed.iter().copied());
    if !given && !lies_within(&format!("/{}", root.trim().trim_start_matches('/')), allowed_by) {
        let message = format!("high availability must not keep its nodes below {:?} in ZooKeeper", shown(root));
        let help = match allowed.first() {
            Some(first) => format!("set {}: {first}", ROOT[0]),
            None => "use high-availability.type: kubernetes".into(),
        };
        found.add("data", &place, message, help);
    }
}
