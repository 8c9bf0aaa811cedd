//! The local directories that Flink's options name and that its processes write to.
//!
//! From Flink's sources, 1.18 to 2.3: `ConfigurationUtils.splitPaths` splits lists at commas and at the
//! path separator; `FileSystem` reads URIs; everything else is a `java.io.File`, relative to the working
//! directory of the process. `flink-console.sh` writes the log and, since 1.15, a pid file.

use super::Role;
use super::config::{Entry, FlinkConfig};
use super::location::Location;
use super::options::names_of;
use crate::resource::steps;

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
const OPTIONS: [(&str, Form, Writer); 24] = [
    ("application-result-store.storage-path", Form::Uri, Writer::JobManager),
    ("blob.storage.directory", Form::Path, Writer::Both),
    ("env.log.dir", Form::Path, Writer::Both),
    ("env.pid.dir", Form::Path, Writer::Both),
    ("execution.checkpointing.dir", Form::Uri, Writer::Both),
    ("execution.checkpointing.local-backup.dirs", Form::List, Writer::TaskManager),
    ("execution.checkpointing.savepoint-dir", Form::Uri, Writer::Both),
    ("high-availability.storageDir", Form::Uri, Writer::Both),
    ("io.tmp.dirs", Form::List, Writer::Both),
    ("job-result-store.storage-path", Form::Uri, Writer::JobManager),
    ("jobmanager.archive.fs.dir", Form::Uri, Writer::JobManager),
    ("kubernetes.flink.log.dir", Form::Path, Writer::Both),
    (JOB_MANAGER_WORKING_DIR, Form::Path, Writer::JobManager),
    (TASK_MANAGER_WORKING_DIR, Form::Path, Writer::TaskManager),
    (WORKING_DIR, Form::Path, Writer::Both),
    ("rest.profiling.dir", Form::Path, Writer::Both),
    ("state.backend.forst.cache.dir", Form::Path, Writer::TaskManager),
    ("state.backend.forst.local-dir", Form::List, Writer::TaskManager),
    ("state.backend.forst.log.dir", Form::Path, Writer::TaskManager),
    ("state.backend.rocksdb.localdir", Form::List, Writer::TaskManager),
    ("state.backend.rocksdb.log.dir", Form::Path, Writer::TaskManager),
    ("table.resources.download-dir", Form::Path, Writer::Both),
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
}

impl WrittenDirectory<'_> {
    /// Whether a volume can be mounted there without hiding anything that processes need.
    pub fn can_be_mounted(&self) -> bool {
        let hides = |place: &&str| is_around(&self.path, place) || is_around(place, &self.path);
        self.path != "/" && !OCCUPIED.iter().any(hides)
    }
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
        let mut add = |path: &str| {
            steps::step();
            if found.len() < MOST
                && let Some(path) = absolute(path, working_directory)
                && !is_around(SHARED_MEMORY, &path)
            {
                found.push(WrittenDirectory { key, entry, path });
            }
        };
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
        }
    }
    found
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
    const NOT_WRITTEN: [&str; 37] = [
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
        // Stores that processes of several pods share: no volume of one pod can be one.
        "dstl.dfs.base-path",
        "state.backend.forst.primary-dir",
        "state.changelog.dstl.dfs.base-path",
        "taskmanager.network.hybrid-shuffle.remote.path",
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
        ] {
            assert_eq!(paths(&[(key, value)], Role::JobManager), expected, "{key}: {value}");
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
        let can = |path: &str| {
            let found = paths(&[("env.log.dir", path)], Role::JobManager);
            let entry = Entry { value: String::new(), pointer: None };
            let directory = WrittenDirectory { key: "", entry: &entry, path: found[0].clone() };
            directory.can_be_mounted()
        };
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
