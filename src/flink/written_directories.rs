//! The local directories that Flink's options name and that its processes write to.
//!
//! Read in Flink's sources 1.16.3, 1.18.1, 1.20.4, 2.0.2 and 2.3.0 (`ConfigurationUtils`, the option
//! classes and their users in flink-core, flink-runtime, flink-kubernetes, the state backends and
//! flink-table-api-java), in `config.sh` and `flink-console.sh` of the distribution 2.3.0, and in
//! apache/flink-docker dev-1.16, dev-1.18, dev-1.20 and dev-2.3 (`docker-entrypoint.sh`).
//! `ConfigurationUtils.splitPaths` splits lists at commas and at the path separator; `FileSystem` reads
//! URIs; everything else is a `java.io.File`, relative to the working directory of the process.
//!
//! By default all are below `/tmp` (`java.io.tmpdir`, `env.pid.dir`) or `/opt/flink/log`, which every
//! container has, or below another one of them. The entrypoint writes to `/opt/flink/conf` and, with
//! `ENABLE_BUILT_IN_PLUGINS`, to `/opt/flink/plugins`; no option moves these.

mod java_options;

use super::Role;
use super::config::{Entry, FlinkConfig};
use super::location::Location;
use super::options::names_of;
use crate::resource::fields::{elements, text};
use crate::resource::steps;
use serde_json::Value;

/// Where Flink's images start a process, and where their programs are.
pub const FLINK_HOME: &str = "/opt/flink";

/// The most directories that are read.
pub const MOST: usize = 64;

/// How an option names directories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// One path.
    Path,
    /// Paths, separated by commas or colons.
    List,
    /// One URI, which is local or not.
    Uri,
    /// Options of the JVM, some of which name a directory or a file.
    JavaOptions,
}

/// Which processes write to a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writer {
    JobManager,
    TaskManager,
    Both,
}

/// Options that name directories to write to. `user.artifacts.base-dir` is none of them: Flink mounts
/// a volume there itself.
const OPTIONS: [(&str, Form, Writer); 40] = [
    ("application-result-store.storage-path", Form::Uri, Writer::JobManager),
    ("blob.storage.directory", Form::Path, Writer::Both),
    ("env.java.default-opts.all", Form::JavaOptions, Writer::Both),
    ("env.java.default-opts.jobmanager", Form::JavaOptions, Writer::JobManager),
    ("env.java.default-opts.taskmanager", Form::JavaOptions, Writer::TaskManager),
    ("env.java.opts.all", Form::JavaOptions, Writer::Both),
    ("env.java.opts.jobmanager", Form::JavaOptions, Writer::JobManager),
    ("env.java.opts.taskmanager", Form::JavaOptions, Writer::TaskManager),
    ("env.log.dir", Form::Path, Writer::Both),
    ("env.pid.dir", Form::Path, Writer::Both),
    ("execution.checkpointing.dir", Form::Uri, Writer::Both),
    ("execution.checkpointing.local-backup.dirs", Form::List, Writer::TaskManager),
    ("execution.checkpointing.savepoint-dir", Form::Uri, Writer::Both),
    // What the file systems of Hadoop and Presto buffer before they send it.
    ("fs.azure.buffer.dir", Form::List, Writer::Both),
    ("fs.oss.buffer.dir", Form::List, Writer::Both),
    ("fs.s3a.buffer.dir", Form::List, Writer::Both),
    ("high-availability.storageDir", Form::Uri, Writer::Both),
    ("io.tmp.dirs", Form::List, Writer::Both),
    ("job-result-store.storage-path", Form::Uri, Writer::JobManager),
    ("jobmanager.archive.fs.dir", Form::Uri, Writer::JobManager),
    ("kubernetes.flink.log.dir", Form::Path, Writer::Both),
    (JOB_MANAGER_WORKING_DIR, Form::Path, Writer::JobManager),
    (TASK_MANAGER_WORKING_DIR, Form::Path, Writer::TaskManager),
    (WORKING_DIR, Form::Path, Writer::Both),
    ("presto.s3.staging-directory", Form::Path, Writer::Both),
    ("rest.profiling.dir", Form::Path, Writer::Both),
    ("s3.buffer.dir", Form::List, Writer::Both),
    ("s3.staging-directory", Form::Path, Writer::Both),
    ("s3a.buffer.dir", Form::List, Writer::Both),
    ("state.backend.forst.cache.dir", Form::Path, Writer::TaskManager),
    ("state.backend.forst.local-dir", Form::List, Writer::TaskManager),
    ("state.backend.forst.log.dir", Form::Path, Writer::TaskManager),
    // Shortcuts such as `checkpoint-dir` are no paths.
    ("state.backend.forst.primary-dir", Form::Uri, Writer::TaskManager),
    ("state.backend.rocksdb.localdir", Form::List, Writer::TaskManager),
    ("state.backend.rocksdb.log.dir", Form::Path, Writer::TaskManager),
    ("state.changelog.dstl.dfs.base-path", Form::Uri, Writer::Both),
    ("table.resources.download-dir", Form::Path, Writer::Both),
    ("taskmanager.network.hybrid-shuffle.remote.path", Form::Uri, Writer::Both),
    ("web.tmpdir", Form::Path, Writer::JobManager),
    ("web.upload.dir", Form::Path, Writer::JobManager),
];

const WORKING_DIR: &str = "process.working-dir";
const JOB_MANAGER_WORKING_DIR: &str = "process.jobmanager.working-dir";
const TASK_MANAGER_WORKING_DIR: &str = "process.taskmanager.working-dir";

/// Places of the image, the kernel and Kubernetes: a volume at one of them, around it or within it would
/// hide what a process needs, or cannot be mounted.
const OCCUPIED: [&str; 20] = [
    "/bin",
    "/dev",
    "/docker-entrypoint.sh",
    "/etc",
    "/lib",
    "/lib64",
    "/opt/flink/bin",
    "/opt/flink/conf",
    "/opt/flink/examples",
    "/opt/flink/lib",
    "/opt/flink/opt",
    "/opt/flink/plugins",
    "/opt/flink/usrlib",
    "/opt/java",
    "/proc",
    // The images link `/var/run` to `/run`.
    "/run/secrets/kubernetes.io",
    "/sbin",
    "/sys",
    "/usr",
    "/var/run/secrets/kubernetes.io",
];

/// Shared memory, which every container can write to.
const SHARED_MEMORY: &str = "/dev/shm";

/// One directory that an option names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenDirectory<'c> {
    /// The option's key, as it is written.
    pub key: &'c str,
    /// Its value and place.
    pub entry: &'c Entry,
    /// The absolute path, without dots and doubled slashes.
    pub path: String,
    /// Whether a process fails that cannot write there.
    pub is_needed: bool,
}

/// The directories that options name for the processes of a role, at most [`MOST`]. A path that only
/// the running process can resolve is none of them. Allocates only for directories.
pub fn written_directories<'c>(
    config: &'c FlinkConfig,
    role: Role,
    working_directory: &str,
) -> Vec<WrittenDirectory<'c>> {
    let mut found = Vec::new();
    let default_scheme = config.get("fs.default-scheme").and_then(|uri| uri.split(':').next());
    for (option, form, writer) in OPTIONS {
        let is_used = match writer {
            Writer::JobManager => role == Role::JobManager,
            Writer::TaskManager => role == Role::TaskManager,
            Writer::Both => role != Role::Other,
        };
        let Some((key, entry)) = entry(config, option).filter(|_| is_used) else { continue };
        if option == WORKING_DIR && entry_of_role(config, role) {
            continue;
        }
        let mut add_path = |path: &str, is_needed: bool| {
            steps::step();
            if found.len() < MOST
                && let Some(path) = absolute(path, working_directory)
                && !is_around(SHARED_MEMORY, &path)
            {
                found.push(WrittenDirectory { key, entry, path, is_needed });
            }
        };
        if form == Form::JavaOptions {
            java_options::directories(&entry.value, add_path);
            continue;
        }
        let mut add = |path: &str| add_path(path, true);
        let value = entry.value.trim();
        match form {
            Form::List => value.split([',', ':']).for_each(add),
            Form::Path => add(value.strip_prefix("file:").unwrap_or(value)),
            Form::Uri => {
                let location = Location::parse(value, default_scheme);
                if location.is_local() && location.path.starts_with('/') {
                    add(location.path);
                }
            }
            Form::JavaOptions => {}
        }
    }
    found
}

/// Variables by which the start scripts take a directory, and heed no option for it.
const VARIABLES: [&str; 2] = ["FLINK_LOG_DIR", "FLINK_PID_DIR"];

/// The directories that variables of Flink's container name, with the variable's index.
pub fn directories_of_variables<'v>(
    container: &'v Value,
    working_directory: &str,
) -> impl Iterator<Item = (usize, &'v str, String)> {
    let variables = elements(container, "env").iter().enumerate();
    variables.filter_map(move |(index, variable)| {
        steps::step();
        let name = text(variable, "name");
        let path = VARIABLES.contains(&name).then(|| text(variable, "value"))?;
        let path = absolute(path, working_directory)?;
        (!is_around(SHARED_MEMORY, &path)).then_some((index, name, path))
    })
}

/// Whether a volume can be mounted at a path without hiding anything that processes need.
pub fn can_be_mounted(path: &str) -> bool {
    let hides = |place: &&str| is_around(path, place) || is_around(place, path);
    path != "/" && !OCCUPIED.iter().any(hides)
}

/// An option under any of its names.
fn entry<'c>(config: &'c FlinkConfig, option: &'static str) -> Option<(&'c str, &'c Entry)> {
    std::iter::once(option).chain(names_of(option)).find_map(|name| config.first(&[name]))
}

/// Whether a role has a working directory of its own.
fn entry_of_role(config: &FlinkConfig, role: Role) -> bool {
    let option =
        if role == Role::JobManager { JOB_MANAGER_WORKING_DIR } else { TASK_MANAGER_WORKING_DIR };
    config.exact(option).is_some()
}

/// A path from the root on; `None` for none, or where a variable or the file system decides.
fn absolute(path: &str, working_directory: &str) -> Option<String> {
    let has_unknown = path.contains(['$', ':', '\\']) || path.chars().any(char::is_control);
    // A list in YAML's own syntax is a text that is no path.
    if path.is_empty() || has_unknown || path.starts_with(['~', '[']) {
        return None;
    }
    let base = if path.starts_with('/') { "" } else { working_directory };
    let mut segments: Vec<&str> = Vec::new();
    for segment in base.split('/').chain(path.split('/')) {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    Some(format!("/{}", segments.join("/")))
}

/// Whether a directory is another one, or contains it.
pub fn is_around(outer: &str, inner: &str) -> bool {
    let outer = outer.trim_end_matches('/');
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Keys that look like directories and are none that Flink writes to in its pods.
    const NOT_WRITTEN: [&str; 33] = [
        // Read, or handed to other programs.
        "$internal.deployment.config-dir",
        "$internal.yarn.log-config-file",
        "env.hadoop.conf.dir",
        "env.hbase.conf.dir",
        "env.yarn.conf.dir",
        "execution.savepoint.path",
        "execution.state-recovery.path",
        "external-resource.<name>.param.discovery-script.path",
        "internal.jobgraph-path",
        "kubernetes.config.file",
        "kubernetes.entry.path",
        "kubernetes.flink.conf.dir",
        "kubernetes.pod-template-file",
        "kubernetes.pod-template-file.default",
        "kubernetes.pod-template-file.jobmanager",
        "kubernetes.pod-template-file.taskmanager",
        "python.files",
        "python.pythonpath",
        "rest.path",
        "security.kerberos.krb5-conf.path",
        "taskmanager.log.path",
        "web.log.path",
        // Nodes of ZooKeeper.
        "high-availability.zookeeper.path.applications",
        "high-availability.zookeeper.path.execution-plans",
        "high-availability.zookeeper.path.jobgraphs",
        "high-availability.zookeeper.path.root",
        "high-availability.zookeeper.path.running-registry",
        // Other programs' than JobManagers and TaskManagers.
        "historyserver.archive.fs.dir",
        "historyserver.web.tmpdir",
        "kubernetes.operator.user.artifacts.base.dir",
        // Flink mounts a volume there.
        "user.artifacts.base-dir",
        // Options of YARN.
        "yarn.provided.lib.dirs",
        "yarn.provided.usrlib.dir",
    ];

    #[test]
    fn every_option_that_may_name_a_directory_is_decided() {
        let mut undecided = BTreeSet::new();
        for line in include_str!("catalog/options.tsv").lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            let [key, kind, ..] = fields[..] else { continue };
            let words = || key.split(['.', '-']);
            let is_named = words().any(|word| {
                let word = word.to_ascii_lowercase();
                word.ends_with("dir")
                    || [
                        "dirs",
                        "directory",
                        "path",
                        "tmpdir",
                        "file",
                        "files",
                        "folder",
                        "localdir",
                    ]
                    .contains(&word.as_str())
            });
            let is_text = matches!(kind, "String" | "List<String>");
            let by_yarn = key.starts_with("yarn.") || key.starts_with("$internal.");
            let is_decided = OPTIONS
                .iter()
                .any(|(option, ..)| *option == key || names_of(option).any(|name| name == key))
                || NOT_WRITTEN.contains(&key);
            if is_named && is_text && !by_yarn && !is_decided {
                undecided.insert(key);
            }
        }
        let known = ["pipeline.cached-files", "execution.checkpointing.file-merging.enabled"];
        undecided.retain(|key| !known.contains(key));
        assert_eq!(undecided, BTreeSet::new());
    }

    fn paths(options: &[(&str, &str)], role: Role) -> Vec<String> {
        let mut config = FlinkConfig::default();
        options.iter().for_each(|(key, value)| config.set(*key, *value, None));
        written_directories(&config, role, FLINK_HOME).into_iter().map(|found| found.path).collect()
    }

    #[test]
    fn values_are_read_as_flink_reads_them() {
        for (key, value, expected) in [
            ("io.tmp.dirs", "/a,/b:/c", &["/a", "/b", "/c"][..]),
            ("taskmanager.tmp.dirs", "/a//x/./y/../z/", &["/a/x/z"]),
            ("process.working-dir", "work", &["/opt/flink/work"]),
            ("env.log.dir", "../../../logs", &["/logs"]),
            ("web.upload.dir", "${java.io.tmpdir}/x", &[]),
            ("blob.storage.directory", "", &[]),
            ("execution.checkpointing.dir", "s3://bucket/x", &[]),
            ("state.checkpoints.dir", "file:///checkpoints", &["/checkpoints"]),
            ("high-availability.storageDir", "file:/ha", &["/ha"]),
            ("jobmanager.archive.fs.dir", "hdfs:///archive", &[]),
            ("io.tmp.dirs", "/dev/shm/x", &[]),
            ("state.backend.forst.primary-dir", "checkpoint-dir", &[]),
            ("dstl.dfs.base-path", "file:///changelog", &["/changelog"]),
            ("s3.buffer.dir", "/buffer,${hadoop.tmp.dir}/x", &["/buffer"]),
            ("env.java.opts", "-XX:+UseG1GC -Djava.io.tmpdir=/jtmp", &["/jtmp"]),
        ] {
            let role = if key.contains("forst") { Role::TaskManager } else { Role::JobManager };
            assert_eq!(paths(&[(key, value)], role), expected, "{key}: {value}");
        }
        let options = [("fs.default-scheme", "s3://bucket"), ("execution.checkpointing.dir", "/x")];
        assert_eq!(paths(&options, Role::TaskManager), [""; 0]);
    }

    #[test]
    fn each_role_writes_to_its_own() {
        let options = [
            ("process.working-dir", "/both"),
            ("process.taskmanager.working-dir", "/tm"),
            ("state.backend.rocksdb.localdir", "/rocks"),
            ("web.tmpdir", "/web"),
        ];
        assert_eq!(paths(&options, Role::JobManager), ["/both", "/web"]);
        assert_eq!(paths(&options, Role::TaskManager), ["/tm", "/rocks"]);
        assert_eq!(paths(&options, Role::Other), [""; 0]);
    }

    #[test]
    fn nothing_that_processes_need_is_hidden() {
        let can =
            |path: &str| can_be_mounted(&paths(&[("env.log.dir", path)], Role::JobManager)[0]);
        for path in [
            "/",
            "/opt",
            "/opt/flink",
            "/opt/flink/lib",
            "/opt/flink/conf/x",
            "/usr",
            "/var",
            "/proc/x",
            "/usr/lib",
            "/docker-entrypoint.sh",
            "/run/secrets",
            ".",
        ] {
            assert!(!can(path), "{path}");
        }
        for path in ["/scratch", "/opt/flink/work", "/opt/flink/libs", "/var/tmp", "tmp"] {
            assert!(can(path), "{path}");
        }
    }
}
