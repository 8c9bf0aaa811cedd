//! Recognises Flink's processes in a container by their scripts, entrypoint words and main classes.

use super::expansion::Variables;
use crate::flink::{Mode, Role};
use crate::resource::bytes::Wanted;
use crate::resource::pointer;
use serde_json::Value;

/// A Flink process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its role in the cluster.
    pub role: Role,
    /// Whether its JobManager requests TaskManagers itself.
    pub mode: Mode,
    /// Whether it runs its own job, as in application mode.
    pub runs_job: bool,
}

/// Arguments of a JobManager that runs its own job.
const APPLICATION: [&str; 6] = [
    "kubernetes-application",
    "standalone-job",
    "standalone-job.sh",
    "standalonejob",
    "StandaloneApplicationClusterEntryPoint",
    "KubernetesApplicationClusterEntrypoint",
];

/// Programs and main classes that identify a process anywhere in a command line.
const PROGRAMS: [(&str, Role, Mode); 14] = [
    ("kubernetes-jobmanager.sh", Role::JobManager, Mode::Native),
    ("kubernetes-taskmanager.sh", Role::TaskManager, Mode::Native),
    ("jobmanager.sh", Role::JobManager, Mode::Standalone),
    ("standalone-job.sh", Role::JobManager, Mode::Standalone),
    ("taskmanager.sh", Role::TaskManager, Mode::Standalone),
    // Starts a JobManager, and TaskManagers beside it.
    ("start-cluster.sh", Role::JobManager, Mode::Standalone),
    ("historyserver.sh", Role::Other, Mode::Standalone),
    ("KubernetesSessionClusterEntrypoint", Role::JobManager, Mode::Native),
    ("KubernetesApplicationClusterEntrypoint", Role::JobManager, Mode::Native),
    ("KubernetesTaskExecutorRunner", Role::TaskManager, Mode::Native),
    ("StandaloneSessionClusterEntrypoint", Role::JobManager, Mode::Standalone),
    ("StandaloneApplicationClusterEntryPoint", Role::JobManager, Mode::Standalone),
    ("TaskManagerRunner", Role::TaskManager, Mode::Standalone),
    ("HistoryServer", Role::Other, Mode::Standalone),
];

/// First arguments that the image's entrypoint recognises.
const ENTRYPOINT_WORDS: [(&str, Role); 4] = [
    ("jobmanager", Role::JobManager),
    ("standalone-job", Role::JobManager),
    ("taskmanager", Role::TaskManager),
    ("history-server", Role::Other),
];

/// Scripts with which Flink's other scripts start a service, and what may be between the two.
const STARTERS: [&str; 2] = ["flink-console.sh", "flink-daemon.sh"];
const STARTER_ACTIONS: [&str; 2] = ["start", "start-foreground"];

/// The services that they start.
const SERVICES: [(&str, Role, Mode); 6] = [
    ("standalonesession", Role::JobManager, Mode::Standalone),
    ("standalonejob", Role::JobManager, Mode::Standalone),
    ("kubernetes-session", Role::JobManager, Mode::Native),
    ("kubernetes-application", Role::JobManager, Mode::Native),
    ("taskexecutor", Role::TaskManager, Mode::Standalone),
    ("kubernetes-taskmanager", Role::TaskManager, Mode::Native),
];

/// Commands that the kubelet runs in a container after its own: they may start a process too. What
/// runs before the container stops does not.
const HOOKS: [&str; 4] = [
    "/lifecycle/postStart/exec/command",
    "/startupProbe/exec/command",
    "/livenessProbe/exec/command",
    "/readinessProbe/exec/command",
];

/// The submitter of a FlinkCluster: Flink's client, in Flink's image.
pub const SUBMITTER: &str = "/opt/flink-operator/submit-job.sh";

const ENTRYPOINT: &str = "docker-entrypoint.sh";

impl Process {
    /// The Flink process that a container's `command`, `args` and hooks start. A script may start several:
    /// the JobManager counts, and else the first.
    ///
    /// Each word that may matter is visited until the answer is known; what is visited says whether the
    /// next word matters whatever it is.
    pub fn of(container: &Value, mut visit: impl FnMut(&str) -> bool) -> Option<Self> {
        let elements = || arguments(container);
        let mut variables = Variables::of(container);
        // Without a command, the image's entrypoint reads the first argument.
        let mut at_entrypoint = list(container.get("command")).next().is_none();
        let (mut at_starter, mut is_read_on) = (false, false);
        let mut first = None;
        for element in elements() {
            let element = variables.expand(element);
            let mut words = Words::of(&element);
            let mut is_searched = false;
            // A process has a long command line, which rarely names another program.
            if element.len() > SHORT
                && !at_entrypoint
                && !at_starter
                && !is_read_on
                && !may_name_program(&element)
            {
                continue;
            }
            while let Some(word) = words.next() {
                is_read_on = visit(word);
                if !at_entrypoint && !at_starter && !may_be_program(word) {
                    continue;
                }
                let process =
                    Self::named(word, at_entrypoint).or_else(|| Self::service(word, at_starter));
                at_entrypoint = word.ends_with(ENTRYPOINT);
                at_starter = is_starter(word) || (at_starter && STARTER_ACTIONS.contains(&word));
                let Some(process) = process else { continue };
                if process.role == Role::JobManager {
                    let mut variables = Variables::of(container);
                    let runs_job = elements()
                        .any(|element| Words::of(&variables.expand(element)).any(is_application));
                    return Some(Self { runs_job, ..process });
                }
                first.get_or_insert(process);
                if !is_searched && !at_entrypoint && !at_starter && !is_read_on {
                    is_searched = true;
                    if !may_name_program(words.rest) {
                        break;
                    }
                }
            }
        }
        first
    }

    /// The process that one of Flink's starters starts by the name of a service.
    fn service(word: &str, at_starter: bool) -> Option<Self> {
        let (_, role, mode) =
            SERVICES.iter().find(|(service, _, _)| at_starter && *service == word)?;
        Some(Self { role: *role, mode: *mode, runs_job: false })
    }

    fn named(word: &str, at_entrypoint: bool) -> Option<Self> {
        if at_entrypoint
            && let Some((_, role)) = ENTRYPOINT_WORDS.iter().find(|(name, _)| *name == word)
        {
            return Some(Self { role: *role, mode: Mode::Standalone, runs_job: false });
        }
        if word == SUBMITTER {
            return Some(Self { role: Role::Other, mode: Mode::Standalone, runs_job: false });
        }
        if !may_be_program(word) {
            return None;
        }
        let name = match word.strip_prefix(CLASSES) {
            Some(class) => class.rsplit('.').next()?,
            None if word.ends_with(SCRIPT) => word.rsplit('/').next()?,
            None => return None,
        };
        let (_, role, mode) = PROGRAMS.iter().find(|(program, _, _)| *program == name)?;
        Some(Self { role: *role, mode: *mode, runs_job: false })
    }
}

/// The texts of a container that start processes: its command, its arguments and its hooks.
fn arguments(container: &Value) -> impl Iterator<Item = &str> {
    let words = |field: &str| list(container.get(field));
    let hooks = HOOKS.into_iter().flat_map(|place| list(pointer::at(container, place)));
    words("command").chain(words("args")).chain(hooks)
}

/// The texts of a list.
fn list(value: Option<&Value>) -> impl Iterator<Item = &str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// Whether the image's entrypoint starts a process for this first argument.
pub fn is_entrypoint_word(word: &str) -> bool {
    ENTRYPOINT_WORDS.iter().any(|(name, _)| *name == word)
}

/// Whether a container starts one of Flink's processes with the image's entrypoint alone, and no script
/// of the user around it.
pub fn is_started_by_entrypoint(container: &Value) -> bool {
    let words = list(container.get("command")).chain(list(container.get("args")));
    let mut words = words.skip_while(|word| word.ends_with(ENTRYPOINT));
    words.next().is_some_and(is_entrypoint_word)
}

fn is_application(word: &str) -> bool {
    APPLICATION.iter().any(|name| word.ends_with(name))
}

/// Whether a word may be a program or a script. Each ends with one of these letters; most words of a
/// long command line are options and values.
fn may_be_program(word: &str) -> bool {
    matches!(word.as_bytes().last(), Some(b'h' | b't' | b'r'))
}

/// Arguments up to this length are read word by word.
const SHORT: usize = 64;

/// The beginning of Flink's main classes.
const CLASSES: &str = "org.apache.flink.";
/// The end of Flink's scripts.
const SCRIPT: &str = ".sh";
/// The one program that has neither.
const CLIENT: &str = "flink";

/// Whether a text may name one of Flink's programs.
fn may_name_program(text: &str) -> bool {
    let ends_word = |(at, _): (usize, &str)| {
        let next = text.as_bytes().get(at + CLIENT.len());
        next.is_none_or(|byte| !byte.is_ascii_alphanumeric() && !b"/.-_:".contains(byte))
    };
    text.contains(SCRIPT) || text.contains(CLASSES) || text.match_indices(CLIENT).any(ends_word)
}

/// Whether a word is one of Flink's starters, in any folder.
fn is_starter(word: &str) -> bool {
    word.ends_with(".sh") && STARTERS.contains(&word.rsplit('/').next().unwrap_or_default())
}

/// The bytes that separate words.
const SEPARATORS: Wanted = Wanted::new(b" \t\n\x0c\r;&()\"'", [b'|', b'|']);

/// The words of one argument, which may be a whole script.
struct Words<'t> {
    rest: &'t str,
}

impl<'t> Words<'t> {
    fn of(argument: &'t str) -> Self {
        Self { rest: argument }
    }
}

impl<'t> Iterator for Words<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        while !self.rest.is_empty() {
            let text = self.rest;
            // What separates has one byte, so that each part is text.
            let end = SEPARATORS.first_in(text.as_bytes()).unwrap_or(text.len());
            self.rest = text.get(end + 1..).unwrap_or_default();
            let word = text.get(..end).unwrap_or_default();
            if !word.is_empty() {
                return Some(word);
            }
        }
        None
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn processes_are_recognised_by_their_command() {
        let jm = Some((Role::JobManager, Mode::Standalone));
        let tm = Some((Role::TaskManager, Mode::Standalone));
        let cases = [
            (json!({"args": ["jobmanager"]}), jm),
            (json!({"args": ["jobmanager", "$(POD_IP)"]}), jm),
            (json!({"args": ["standalone-job", "--job-classname", "com.example.Job"]}), jm),
            (json!({"args": ["taskmanager", "-Dtaskmanager.resource-id=$(POD_NAME)"]}), tm),
            (json!({"args": ["history-server"]}), Some((Role::Other, Mode::Standalone))),
            (json!({"command": ["/docker-entrypoint.sh"], "args": ["taskmanager"]}), tm),
            (json!({"command": ["/docker-entrypoint.sh", "taskmanager"]}), tm),
            (json!({"command": ["tini", "--", "/docker-entrypoint.sh", "jobmanager"]}), jm),
            (json!({"command": ["/opt/flink/bin/taskmanager.sh", "start-foreground"]}), tm),
            (
                json!({"command": ["sh", "-c", "sleep 5; exec $FLINK_HOME/bin/standalone-job.sh start-foreground"]}),
                jm,
            ),
            (
                json!({"command": ["/docker-entrypoint.sh"], "args": ["bash", "-c", "kubernetes-taskmanager.sh -Da=b"]}),
                Some((Role::TaskManager, Mode::Native)),
            ),
            (
                json!({"command": ["bash", "-c", "kubernetes-jobmanager.sh kubernetes-session "]}),
                Some((Role::JobManager, Mode::Native)),
            ),
            (
                json!({"command": ["java", "-cp", "x", "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"]}),
                tm,
            ),
            (
                json!({"args": ["bash", SUBMITTER, "--jobmanager", "trips:8081"]}),
                Some((Role::Other, Mode::Standalone)),
            ),
            (json!({"args": ["bash", "/scripts/submit-job.sh"]}), None),
            (
                json!({"args": ["$(MODE)-job"], "env": [{"name": "MODE", "value": "standalone"}]}),
                jm,
            ),
            (json!({"command": ["watch"], "args": ["taskmanager"]}), None),
            (json!({"command": ["echo", "jobmanager"]}), None),
            (json!({"command": "jobmanager", "args": [7, null]}), None),
            (json!({}), None),
            (json!(null), None),
        ];
        for (container, expected) in cases {
            let found =
                Process::of(&container, |_| false).map(|process| (process.role, process.mode));
            assert_eq!(found, expected, "{container}");
        }
    }

    #[test]
    fn every_program_is_found_in_a_long_argument() {
        let scripts = PROGRAMS.iter().filter(|(name, ..)| name.ends_with(SCRIPT));
        let classes = PROGRAMS.iter().filter(|(name, ..)| !name.ends_with(SCRIPT));
        let words = scripts.map(|(name, role, _)| ((*name).to_owned(), *role)).chain(
            classes.map(|(name, role, _)| (format!("org.apache.flink.runtime.{name}"), *role)),
        );
        let options = "-Djobmanager.rpc.port=6123 -Dx='/opt/flink/usrlib' ".repeat(20);
        for (word, role) in words {
            // Behind a long command line, and behind another process.
            for before in ["", "taskmanager.sh start; "] {
                let script = format!("exec {before}{options}; {word} {options}");
                let process = Process::of(&json!({"command": ["sh", "-c", script]}), |_| false);
                let expected = match (before, role) {
                    ("", role) | (_, role @ Role::JobManager) => role,
                    _ => Role::TaskManager,
                };
                assert_eq!(process.map(|process| process.role), Some(expected), "{script}");
            }
        }
        for (service, role, _) in SERVICES {
            let script = format!("{options} bin/flink-console.sh start-foreground {service}");
            let process = Process::of(&json!({"args": ["sh", "-c", script]}), |_| false);
            assert_eq!(process.map(|process| process.role), Some(role), "{script}");
        }
    }

    #[test]
    fn application_mode_job_managers_run_their_job() {
        let cases = [
            (json!({"args": ["standalone-job", "--job-classname", "com.example.Job"]}), true),
            (
                json!({"command": ["sh", "-c", "exec $FLINK_HOME/bin/standalone-job.sh start-foreground"]}),
                true,
            ),
            (
                json!({"args": ["bash", "-c", "kubernetes-jobmanager.sh kubernetes-application "], "command": ["/docker-entrypoint.sh"]}),
                true,
            ),
            (
                json!({"args": ["bash", "-c", "kubernetes-jobmanager.sh kubernetes-session "]}),
                false,
            ),
            (json!({"args": ["jobmanager"]}), false),
            (json!({"args": ["taskmanager", "standalone-job"]}), false),
        ];
        for (container, expected) in cases {
            assert_eq!(
                Process::of(&container, |_| false).unwrap().runs_job,
                expected,
                "{container}"
            );
        }
    }
}
