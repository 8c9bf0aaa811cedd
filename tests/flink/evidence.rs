//! What a scenario leaves behind: refusals in the logs of Flinkgate, and what explains a failure.

use crate::api::text;
use crate::world::World;
use serde_json::Value;
use std::path::Path;
use std::{fs, io};

/// The environment variable with a folder that the logs are copied to.
const KEEP: &str = "FLINK_TEST_KEEP";

impl World {
    /// Copies the logs of all processes and pods, if somebody asked for them.
    pub fn keep_logs(&self) {
        let Some(folder) = std::env::var_os(KEEP) else { return };
        let folder = Path::new(&folder);
        if let Err(error) = copy_logs(self.installation.folder(), folder)
            .and_then(|()| copy_folders(&self.machine.pods, &folder.join("pods")))
        {
            eprintln!("{KEEP}: {}: {error}", folder.display());
        }
    }

    /// Prints what helps to find out why a step failed.
    pub fn explain(&self, namespace: &str) {
        if let Some(operator) = &self.operator {
            let log = operator.log();
            let about =
                |line: &&str| line.contains(namespace) && !line.contains("ProcessMemoryUtils");
            let lines: Vec<&str> = log.lines().filter(about).collect();
            let tail = lines.get(lines.len().saturating_sub(12)..).unwrap_or_default();
            eprintln!("the operator:\n  {}", tail.join("\n  "));
        }
        for pod in self.pods(namespace) {
            let name = format!("{}-{}", text(&pod, "/metadata/name"), text(&pod, "/metadata/uid"));
            for file in fs::read_dir(self.machine.pods.join(name)).into_iter().flatten().flatten() {
                if file.path().extension().is_some_and(|extension| extension == "log") {
                    let text = fs::read_to_string(file.path()).unwrap_or_default();
                    let lines: Vec<&str> = text.lines().collect();
                    let tail = lines.get(lines.len().saturating_sub(8)..).unwrap_or_default();
                    eprintln!("{}:\n  {}", file.path().display(), tail.join("\n  "));
                }
            }
        }
        let events = self.installation.kubectl(&[
            "get",
            "events",
            "--namespace",
            namespace,
            "--sort-by=.lastTimestamp",
        ]);
        eprintln!("{events}");
    }

    /// What Flinkgate refused in a namespace so far, without dry runs: one line each, in order.
    pub fn refusals(&self, namespace: &str) -> Vec<String> {
        let replicas = self.replicas();
        let mut refusals: Vec<(String, String)> = replicas
            .log()
            .filter(|line| line["namespace"] == namespace && line["dryRun"] == false)
            .filter(|line| line["allowed"] == false)
            .map(|line| {
                let [operation, kind, name, user, rules, time] =
                    ["operation", "kind", "name", "user", "rules", "timestamp"]
                        .map(|field| text_of(&line[field]));
                (time, format!("{operation} {kind} {name} of {user}: {rules}"))
            })
            .collect();
        // Each replica has a log of its own.
        refusals.sort();
        refusals.into_iter().map(|(_, refusal)| refusal).collect()
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Copies the logs of each folder in a folder.
fn copy_folders(from: &Path, to: &Path) -> io::Result<()> {
    for folder in fs::read_dir(from)? {
        let folder = folder?;
        copy_logs(&folder.path(), &to.join(folder.file_name()))?;
    }
    Ok(())
}

fn copy_logs(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for file in fs::read_dir(from)? {
        let file = file?;
        if file.path().extension().is_some_and(|extension| extension == "log") {
            fs::copy(file.path(), to.join(file.file_name()))?;
        }
    }
    Ok(())
}
