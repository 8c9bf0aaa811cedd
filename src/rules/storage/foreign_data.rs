//! `storage/foreign-data`

use super::shared::{uri, use_allowed_directory};
use crate::flink::options::{HIGH_AVAILABILITY, HIGH_AVAILABILITY_DIR, Names, canonical};
use crate::flink::state::{is_within, with_default_scheme};
use crate::flink::{Engine, Mode, Role};
use crate::resource::fields::elements;
use crate::resource::pointer;
use crate::rules::words::shown;
use crate::rules::{Findings, Level, Rule, Subject};
use serde_json::Value;

/// Data outside of the locations that the tenant allows.
pub static RULE: Rule = Rule {
    id: "storage/foreign-data",
    level: Level::Error,
    since: "0.1.0",
    title: "Locations of savepoints and archives",
    tenant_fields: &[
        "storage.checkpoints.locations",
        "storage.checkpoints.volume",
        "storage.zooKeeperPaths",
    ],
    as_is: false,
    page: include_str!("foreign_data.md"),
    check,
};

/// Options that name a directory, or several with commas, by what is there.
const DIRECTORIES: [(&str, Names); 4] = [
    ("a job starts from", &["execution.state-recovery.path", "execution.savepoint.path"]),
    ("finished jobs are archived in", &["jobmanager.archive.fs.dir"]),
    ("finished jobs are shown from", &["historyserver.archive.fs.dir"]),
    ("state changes are logged in", &["state.changelog.dstl.dfs.base-path", "dstl.dfs.base-path"]),
];
const FORST_DIR: &str = "state.backend.forst.primary-dir";
/// Values of [`FORST_DIR`] that name directories which other rules check, or the pod's own.
const FORST_WORDS: [&str; 2] = ["checkpoint-dir", "local-dir"];
/// Flink appends it to the directory, and to the path in ZooKeeper, of high availability.
const CLUSTER_ID: Names = &[
    "high-availability.cluster-id",
    "high-availability.zookeeper.path.namespace",
    "recovery.zookeeper.path.namespace",
];
const ROOT: Names = &["high-availability.zookeeper.path.root", "recovery.zookeeper.path.root"];
/// Flink's default of [`ROOT`].
const DEFAULT_ROOT: &str = "/flink";

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    if subject.workload.is_flink() {
        zoo_keeper(subject, findings);
        locations(subject, findings);
    }
}

fn locations(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(locations) = &subject.tenant.state_locations else { return };
    let config = &subject.workload.config;
    let default_scheme = config.get("fs.default-scheme");
    let mut check = |what: &str, directory: &str, key: Option<&str>, place: &dyn Fn() -> String| {
        let directory = directory.trim();
        let in_file_system = with_default_scheme(directory, default_scheme);
        if !directory.is_empty()
            && !is_within(&in_file_system, locations.iter().map(String::as_str))
        {
            let found = uri(directory);
            let finding = findings
                .at(place())
                .message(format!("{what} `{found}`, which is not in an allowed location"))
                .help(use_allowed_directory(subject))
                .found(found);
            if let Some(key) = key {
                finding.key(key);
            }
        }
    };
    for (what, names) in DIRECTORIES {
        if let Some((key, entry)) = subject.option(names) {
            let place = || subject.option_place(key, entry);
            entry.value.split(',').for_each(|directory| check(what, directory, Some(key), &place));
        }
    }
    // The operator's objects are refused with any id.
    if let Some((key, entry)) = subject.option(CLUSTER_ID).filter(|_| !subject.is_for_operator())
        && let Some((_, directory)) = config.first(HIGH_AVAILABILITY_DIR)
    {
        let directory = format!("{}/{}", directory.value.trim(), entry.value);
        let place = || subject.option_place(key, entry);
        check("the data of high availability is in", &directory, Some(key), &place);
    }
    if let Some((key, entry)) = subject.option(&[FORST_DIR])
        && !FORST_WORDS.iter().any(|word| entry.value.trim().eq_ignore_ascii_case(word))
    {
        let place = || subject.option_place(key, entry);
        check("the state of running tasks is in", &entry.value, Some(key), &place);
    }
    for field in savepoint_fields(subject) {
        let savepoint = subject.spec().and_then(|spec| pointer::at(spec, field));
        if let Some(savepoint) = savepoint.and_then(Value::as_str) {
            let place = || format!("{}{field}", subject.spec_place());
            check("a job starts from", savepoint, None, &place);
        }
    }
    for arguments in [savepoint_arguments, savepoint_of_job] {
        arguments(subject, &mut |savepoint, place| {
            check("a job starts from", savepoint, None, place)
        });
    }
}

/// Fields of a custom resource's spec that name the savepoint of a job's first start.
fn savepoint_fields(subject: &Subject<'_>) -> &'static [&'static str] {
    match subject.workload.engine {
        Engine::Operator if subject.is_for_operator() => &["/job/initialSavepointPath"],
        Engine::Spotify => &["/job/fromSavepoint"],
        Engine::Lyft => &["/savepointPath", "/savepointInfo/savepointLocation"],
        _ => &[],
    }
}

/// The savepoint in the arguments of a job: an operator appends them to those of a standalone
/// JobManager. Flink's parser stops at the first word that it does not know; what follows is the
/// job's own.
fn savepoint_of_job(subject: &Subject<'_>, check: &mut dyn FnMut(&str, &dyn Fn() -> String)) {
    let workload = subject.workload;
    if !workload.declares_cluster || workload.mode != Some(Mode::Standalone) {
        return;
    }
    let job = subject.spec().and_then(|spec| spec.get("job")).unwrap_or(&Value::Null);
    let mut words = elements(job, "args").iter().map(|word| word.as_str().unwrap_or_default());
    let mut index = 0;
    while let Some(word) = words.next() {
        let (name, joined) = word.split_once('=').map_or((word, None), |(n, v)| (n, Some(v)));
        let long = name.strip_prefix("--").or_else(|| name.strip_prefix('-')).unwrap_or_default();
        let of_letter = word.strip_prefix("-s").filter(|rest| !rest.is_empty());
        let is_savepoint = name == "-s" || (!long.is_empty() && SAVEPOINT.starts_with(long));
        let (value, at) = match (is_savepoint, joined.or(of_letter)) {
            (true, Some(value)) => (Some(value), index),
            (true, None) => {
                index += 1;
                (words.next(), index)
            }
            (false, _) if name.starts_with("-D") => {
                if word == "-D" {
                    let pair = words.next().unwrap_or_default();
                    index += if pair.contains('=') { 1 } else { 2 };
                    if !pair.contains('=') {
                        words.next();
                    }
                }
                (None, index)
            }
            (false, _) if FLAGS.contains(&name) => (None, index),
            (false, _) if WITH_VALUE.contains(&name) => {
                if joined.is_none() {
                    words.next();
                    index += 1;
                }
                (None, index)
            }
            (false, Some(value)) if of_letter.is_some() => (Some(value), index),
            (false, _) => return,
        };
        if let Some(value) = value {
            check(value, &|| format!("{}/job/args/{at}", subject.spec_place()));
        }
        index += 1;
    }
}

/// The argument with the savepoint; Flink's parser also takes its beginning.
const SAVEPOINT: &str = "fromSavepoint";
/// Other arguments of a JobManager that brings its job, without and with a value.
const FLAGS: [&str; 3] = ["-n", "--allowNonRestoredState", "-allowNonRestoredState"];
const WITH_VALUE: [&str; 18] = [
    "-c",
    "--configDir",
    "-h",
    "--host",
    "-j",
    "--job-classname",
    "-jid",
    "--job-id",
    "-jars",
    "--jars",
    "-r",
    "--webui-port",
    "-rm",
    "--restoreMode",
    "-claimMode",
    "--claimMode",
    "-x",
    "--executionMode",
];

/// What follows `--fromSavepoint` in the arguments of a JobManager that brings its job.
fn savepoint_arguments(subject: &Subject<'_>, check: &mut dyn FnMut(&str, &dyn Fn() -> String)) {
    for pods in subject.pods.iter().filter(|pods| pods.set.role == Role::JobManager) {
        let Some(main) = pods.set.main_container else { continue };
        let Some(container) = elements(pods.spec(), "containers").get(main) else { continue };
        for field in ["command", "args"] {
            let mut is_value = false;
            for (index, word) in elements(container, field).iter().enumerate() {
                let word = word.as_str();
                let place = || pods.place(format!("/spec/containers/{main}/{field}/{index}"));
                let joined = word.and_then(|word| word.strip_prefix("--fromSavepoint="));
                if let Some(savepoint) = joined.or(word.filter(|_| is_value)) {
                    check(savepoint, &place);
                }
                is_value = matches!(word, Some("-s" | "--fromSavepoint" | "-fromSavepoint"));
            }
        }
    }
}

fn zoo_keeper(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(allowed) = &subject.tenant.spec.storage.zoo_keeper_paths else { return };
    let config = &subject.workload.config;
    let Some((key, mode)) = config
        .first(HIGH_AVAILABILITY)
        .filter(|(_, mode)| mode.value.trim().eq_ignore_ascii_case("zookeeper"))
    else {
        return;
    };
    let written = subject.option(ROOT).or_else(|| subject.option(CLUSTER_ID));
    // A root that the tenant sets is allowed.
    if written.is_none() && config.first(ROOT).is_some() {
        return;
    }
    let root = config.first(ROOT).map_or(DEFAULT_ROOT, |(_, entry)| entry.value.trim());
    let cluster = config.first(CLUSTER_ID).map_or("", |(_, entry)| entry.value.trim());
    let path = format!("/{}/{cluster}", root.trim_start_matches('/'));
    if !is_within(&path, allowed.iter().map(String::as_str)) {
        let (key, entry) = written.unwrap_or((key, mode));
        let found = shown(path.trim_end_matches('/'));
        let help = match allowed.first() {
            Some(first) => format!("set `{}: {first}`", canonical(ROOT)),
            None => "set `high-availability.type: kubernetes`".into(),
        };
        findings
            .at(subject.option_place(key, entry))
            .message(format!(
                "high availability keeps its nodes at `{found}` in ZooKeeper, which is not an \
                 allowed path"
            ))
            .help(help)
            .key(key)
            .found(found);
    }
}
