//! Recognises Flink's clients with the target `local`: they run JobManager, TaskManagers and the job
//! within their own process.
//!
//! A program that starts such a cluster in its own code, as `java -cp` and `python` may, has no sign
//! of it in its command.

use super::dynamic_properties;
use super::process::Process;
use crate::flink::config::FlinkConfig;
use serde_json::Value;

/// The option with the target.
const TARGET: &str = "execution.target";
const LOCAL: &str = "local";

/// How a client reads its arguments.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Client {
    /// Its first argument is `run`, and options end at the job.
    Run,
    /// Only `-D` sets the target.
    Sql,
    /// Its first word is the target.
    Shell,
}

/// Programs and main classes that submit a job.
const CLIENTS: [(&str, Client); 8] = [
    ("flink", Client::Run),
    ("org.apache.flink.client.cli.CliFrontend", Client::Run),
    ("sql-client.sh", Client::Sql),
    ("org.apache.flink.table.client.SqlClient", Client::Sql),
    ("sql-gateway.sh", Client::Sql),
    ("org.apache.flink.table.gateway.SqlGateway", Client::Sql),
    ("pyflink-shell.sh", Client::Shell),
    ("start-scala-shell.sh", Client::Shell),
];

/// Options of `flink run` without a value.
const FLAGS: [&str; 14] = [
    "d",
    "detached",
    "h",
    "help",
    "n",
    "allowNonRestoredState",
    "q",
    "sysoutLogging",
    "sae",
    "shutdownOnAttachedExit",
    "v",
    "verbose",
    "yd",
    "yq",
];

/// What the next word is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Anything.
    Any,
    /// The action of a client.
    Action,
    /// An option of a client, or the job.
    Option(Client),
    /// The value of an option; `true` if it is the target.
    Value(Client, bool),
    /// A property of `-D`.
    Property(Client),
}

/// What the words of a container's command, arguments and hooks say of clients.
pub struct ClientWords {
    next: Next,
    is_client: bool,
    is_local: bool,
}

/// The Flink process that a container starts, and what its words say of clients; both are read in
/// one pass. Of a JobManager the words are not read to the end.
pub fn started(container: &Value) -> (Option<Process>, ClientWords) {
    let mut words = ClientWords { next: Next::Any, is_client: false, is_local: false };
    let process = Process::of(container, |word| words.read(word));
    (process, words)
}

impl ClientWords {
    /// Returns whether the next word matters whatever it is.
    fn read(&mut self, word: &str) -> bool {
        if self.next == Next::Any && !may_be_client(word) {
            return false;
        }
        let (next, is_local) =
            client(word).map_or_else(|| step(self.next, word), |next| (next, false));
        self.next = next;
        self.is_local |= is_local;
        self.is_client |= matches!(next, Next::Option(_));
        next != Next::Any
    }

    /// Whether the container starts a client that runs its own cluster. `mounted` finds the
    /// configurations that it reads from ConfigMaps.
    pub fn run_local<'c>(
        &self,
        container: &Value,
        mounted: impl FnOnce() -> [Option<&'c FlinkConfig>; 2],
    ) -> bool {
        self.is_local || (self.is_client && is_configured(container, mounted()))
    }
}

/// Whether a word may be a client's program: each ends with one of these letters.
fn may_be_client(word: &str) -> bool {
    matches!(word.as_bytes().last(), Some(b'k' | b'd' | b'h' | b't' | b'y'))
}

/// What follows a client's program.
fn client(word: &str) -> Option<Next> {
    if !may_be_client(word) {
        return None;
    }
    let name = word.rsplit('/').next().unwrap_or_default();
    let (_, client) = CLIENTS.iter().find(|(program, _)| *program == name)?;
    Some(if *client == Client::Run { Next::Action } else { Next::Option(*client) })
}

/// What follows a word, and whether the word makes the target local.
fn step(next: Next, word: &str) -> (Next, bool) {
    match next {
        Next::Action if word == "run" => (Next::Option(Client::Run), false),
        Next::Any | Next::Action => (Next::Any, false),
        Next::Value(client, is_target) => (Next::Option(client), is_target && is_local(word)),
        Next::Property(client) => (Next::Option(client), is_local_property(word)),
        Next::Option(client) => option(client, word),
    }
}

/// Options have one or two dashes, may be abbreviated and may have their value after `=`, as
/// commons-cli reads them.
fn option(client: Client, word: &str) -> (Next, bool) {
    let Some(option) = word.strip_prefix('-') else {
        return match client {
            Client::Sql => (Next::Option(client), false),
            Client::Shell => (Next::Any, word == LOCAL),
            Client::Run => (Next::Any, false),
        };
    };
    let option = option.strip_prefix('-').unwrap_or(option);
    match option.strip_prefix('D') {
        Some("") => return (Next::Property(client), false),
        Some(property) => return (Next::Option(client), is_local_property(property)),
        None if client == Client::Sql => return (Next::Option(client), false),
        None => {}
    }
    let is_target = |name: &str| {
        let begins = |long: &str| name.len() > 1 && long.starts_with(name);
        matches!(name, "t" | "e") || begins("target") || begins("executor")
    };
    if let Some((name, value)) = option.split_once('=') {
        return (Next::Option(client), is_target(name) && is_local(value));
    }
    if option.strip_prefix(['t', 'e']).is_some_and(is_local) {
        return (Next::Option(client), true);
    }
    match FLAGS.contains(&option) {
        true => (Next::Option(client), false),
        false => (Next::Value(client, is_target(option)), false),
    }
}

fn is_local(target: &str) -> bool {
    target.trim().eq_ignore_ascii_case(LOCAL)
}

fn is_local_property(property: &str) -> bool {
    property.split_once('=').is_some_and(|(key, value)| key.trim() == TARGET && is_local(value))
}

/// Whether the configuration makes the target local.
fn is_configured(container: &Value, mounted: [Option<&FlinkConfig>; 2]) -> bool {
    let has_target = |config: &FlinkConfig| config.get(TARGET).is_some_and(is_local);
    if mounted.into_iter().flatten().any(has_target) {
        return true;
    }
    let mut own = FlinkConfig::default();
    dynamic_properties::environment(container, "", &mut own);
    has_target(&own)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_client_is_found_in_a_long_argument() {
        let options = "-Djobmanager.rpc.port=6123 -Dx='/opt/flink/usrlib' ".repeat(20);
        for (client, kind) in CLIENTS {
            let words = match kind {
                Client::Run => "run -t local",
                Client::Sql => "-Dexecution.target=local",
                Client::Shell => "local",
            };
            for before in ["", "taskmanager.sh start; "] {
                for end in ["", &options] {
                    let script = format!("{before}{options}; {client} {words} {end}");
                    let container = json!({"command": ["sh", "-c", script]});
                    let found = started(&container).1.run_local(&container, || [None, None]);
                    assert!(found, "{script}");
                }
            }
        }
    }

    #[test]
    fn clients_with_a_local_target_run_their_own_cluster() {
        let configured =
            json!([{"name": "FLINK_PROPERTIES", "value": "execution.target: local\n"}]);
        let remote = json!([{"name": "FLINK_PROPERTIES", "value": "execution.target: remote\n"}]);
        let variable = json!([{"name": "TARGET", "value": "local"}]);
        let none = json!([]);
        for (args, env, expected) in [
            (json!(["flink", "run", "-t", "local", "/job.jar"]), &none, true),
            (json!(["/opt/flink/bin/flink", "run", "--target", "LOCAL", "/job.jar"]), &none, true),
            (
                json!(["bash", "-c", "exec \"$FLINK_HOME/bin/flink\" run -d -p 2 -tlocal job.jar"]),
                &none,
                true,
            ),
            (json!(["flink", "run", "-targ=local", "/job.jar"]), &none, true),
            (json!(["flink", "run", "-e", "local", "/job.jar"]), &none, true),
            (json!(["flink", "run", "-Dexecution.target=local", "/job.jar"]), &none, true),
            (json!(["flink", "run", "-D", "execution.target=local", "/job.jar"]), &none, true),
            (json!(["flink", "run", "-t", "$(TARGET)", "/job.jar"]), &variable, true),
            (
                json!([
                    "java",
                    "-cp",
                    "x",
                    "org.apache.flink.client.cli.CliFrontend",
                    "run",
                    "-t",
                    "local",
                    "a.jar"
                ]),
                &none,
                true,
            ),
            (json!(["sql-client.sh", "embedded", "-f", "x.sql"]), &configured, true),
            (json!(["sql-client.sh", "-Dexecution.target=local"]), &none, true),
            (
                json!(["sql-gateway.sh", "start-foreground", "-Dexecution.target=local"]),
                &none,
                true,
            ),
            (json!(["pyflink-shell.sh", "local"]), &none, true),
            (json!(["flink", "run", "/job.jar"]), &configured, true),
            (
                json!([
                    "sleep 5; flink list; flink run -m jm:8081 a.jar; flink run -t local a.jar"
                ]),
                &none,
                true,
            ),
            // They submit to a cluster that counts itself, or the words are those of the job.
            (json!(["flink", "run", "-m", "jm:8081", "/job.jar"]), &none, false),
            (json!(["flink", "run", "-t", "remote", "/job.jar", "-t", "local"]), &none, false),
            (json!(["flink", "run", "-d", "/job.jar", "--target", "local"]), &none, false),
            (json!(["flink", "run", "-c", "local", "-p", "2", "/job.jar"]), &none, false),
            (json!(["flink", "run", "/job.jar"]), &remote, false),
            (json!(["flink", "list", "-t", "local"]), &none, false),
            (json!(["flink", "cancel", "abc"]), &configured, false),
            (
                json!([
                    "flink",
                    "run-application",
                    "-t",
                    "kubernetes-application",
                    "local:///job.jar"
                ]),
                &none,
                false,
            ),
            (json!(["pyflink-shell.sh", "remote", "jm", "8081"]), &none, false),
            (json!(["sql-client.sh", "gateway", "-e", "jm:8083"]), &none, false),
            (json!(["kubectl", "run", "-t", "local"]), &none, false),
            (json!(["jobmanager"]), &configured, false),
            (json!(["echo", "flink", "is", "local"]), &none, false),
        ] {
            let container = json!({"args": args, "env": env});
            assert_eq!(
                started(&container).1.run_local(&container, || [None, None]),
                expected,
                "{container}"
            );
        }
    }
}
