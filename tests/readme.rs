//! The README is true: its commands run, its tenant loads, its rule table is generated.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

const BINARY: &str = env!("CARGO_BIN_EXE_flinkgate");

/// The code blocks of one language.
fn blocks(language: &str) -> Vec<String> {
    let readme = fs::read_to_string("README.md").unwrap();
    let opening = format!("```{language}\n");
    readme
        .split(&opening)
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap().trim().to_string())
        .collect()
}

/// A shell command of the README, with `cargo run` replaced by the binary that this test run built.
fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command.replace("cargo run --release --", &format!("exec '{BINARY}'")));
    shell
}

fn run(command: &str) -> Output {
    shell(command).output().unwrap()
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the README's server on free ports; returns the process and the address of the webhooks.
fn serve(command: &str) -> (Server, String) {
    let command =
        command.replace("127.0.0.1:9443", "127.0.0.1:0").replace("127.0.0.1:8081", "127.0.0.1:0");
    let mut child = shell(&command).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let log = BufReader::new(child.stderr.take().unwrap());
    let server = Server(child);
    let mut lines = log.lines();
    while let Some(Ok(line)) = lines.next() {
        let line: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
        if let Some(address) = find_text(&line, "webhooks") {
            // Keep reading the log, as a log collector would.
            std::thread::spawn(move || lines.count());
            return (server, address);
        }
    }
    panic!("the server did not log its address");
}

fn find_text(value: &serde_json::Value, field: &str) -> Option<String> {
    value.get(field).or_else(|| value.get("fields")?.get(field))?.as_str().map(str::to_string)
}

#[test]
fn commands_do_what_the_readme_says() {
    let blocks = blocks("sh");
    let (server, address) = serve(blocks.iter().find(|block| block.contains(" serve ")).unwrap());
    let mut ran = 0;
    for block in &blocks {
        if block.contains(" serve ") || block == "cargo test" {
            continue;
        }
        let output = run(&block.replace("127.0.0.1:9443", &address));
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success(),
            "{block}\n{text}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        ran += 1;
        if block.contains("/validate") {
            let review: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(review["response"]["allowed"], false);
            assert!(
                review["response"]["status"]["message"]
                    .as_str()
                    .unwrap()
                    .contains("security/privileged"),
                "{text}"
            );
        }
        if block.contains("/mutate") {
            let review: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(review["response"]["allowed"], true);
            assert_eq!(review["response"]["patchType"], "JSONPatch");
        }
        if block.contains("refused.yaml") {
            assert!(text.contains("error[security/service-account]"), "{text}");
        }
        if block.contains(" size ") {
            assert!(text.contains("etl"), "{text}");
        }
        if block.contains("--diff") {
            assert!(text.contains("etl-state"), "{text}");
        }
    }
    assert_eq!(ran, 7, "a command of the README is not run here");
    drop(server);
}

#[test]
fn the_test_command_is_the_one_that_ci_runs() {
    assert!(blocks("sh").contains(&"cargo test".to_string()));
    assert!(
        fs::read_to_string(".ci/run").unwrap().lines().any(|line| line.starts_with("cargo test"))
    );
}

#[test]
fn the_tenant_in_the_readme_loads() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tenant.yaml");
    fs::write(&file, blocks("yaml").first().unwrap()).unwrap();
    let output = Command::new(BINARY)
        .args(["lint", "examples/manifests/etl.yaml", "--fail-on", "never", "--tenants"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// `UPDATE_README=1 cargo test --test readme` writes the table.
#[test]
fn rule_table_is_generated() {
    let table = Command::new(BINARY).args(["rules", "--format", "markdown"]).output().unwrap();
    let table = String::from_utf8(table.stdout).unwrap();
    let readme = fs::read_to_string("README.md").unwrap();
    let (before, rest) = readme.split_once("<!-- rules: begin").unwrap();
    let (marker, rest) = rest.split_once("-->\n").unwrap();
    let (_, after) = rest.split_once("<!-- rules: end -->").unwrap();
    let wanted = format!("{before}<!-- rules: begin{marker}-->\n{table}<!-- rules: end -->{after}");
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write("README.md", &wanted).unwrap();
    } else {
        assert!(
            readme == wanted,
            "the README's rule table is out of date: run UPDATE_README=1 cargo test --test readme"
        );
    }
}
