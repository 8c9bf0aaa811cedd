//! What people really run: each folder of `tests/data/field/` is a case that goes through `lint` and through
//! both webhooks.
//!
//! A folder has `case.yaml` with
//!
//! - `about`: what was tried, what is right, and where that follows from,
//! - `arguments`: further arguments of `lint` and `review`; a word that is a file of the folder becomes its
//!   path, and `$FOLDER` the folder; `lintArguments` are for `lint` alone,
//! - `expect`: `LEVEL RULE LINE` of every finding of the rules named here or in `silent`,
//! - `silent`: rules that report nothing else here,
//! - `errors`: whether errors of rules that are named nowhere are allowed; they are not by default,
//! - `lintOnly`: rules that need the other objects of the input, so that a webhook without a cluster
//!   cannot say the same,
//! - `notes`: texts that `lint` prints to standard error,
//!
//! with `manifest.yaml`, unless `manifests` names other files or folders, and with `tenant.yaml`, without
//! which the tenant has an empty spec.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cases;
mod manifests;
mod outputs;
mod public;

use assert_cmd::Command;
use cases::{list, review};
use flinkgate::resource::yaml;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const EMPTY_TENANT: &str = "tests/data/field/empty-tenant.yaml";

struct Case {
    folder: PathBuf,
    value: Value,
}

impl Case {
    fn strings(&self, field: &str) -> Vec<&str> {
        list(&self.value[field]).iter().map(|word| word.as_str().unwrap()).collect()
    }

    /// A word of the command line, with files of the folder by their paths.
    fn word(&self, word: &str) -> String {
        let file = self.folder.join(word);
        if !word.starts_with('-') && file.exists() {
            return file.display().to_string();
        }
        word.replace("$FOLDER", &self.folder.display().to_string())
    }

    fn tenant(&self) -> String {
        let own = self.folder.join("tenant.yaml");
        if own.exists() { own.display().to_string() } else { EMPTY_TENANT.to_owned() }
    }

    fn manifests(&self) -> Vec<String> {
        let named = self.strings("manifests");
        let named = if named.is_empty() { vec!["manifest.yaml"] } else { named };
        named.into_iter().map(|file| self.word(file)).collect()
    }

    /// The rules of which every finding is expected.
    fn rules(&self) -> BTreeSet<String> {
        let expected =
            self.strings("expect").into_iter().map(|line| line.split(' ').nth(1).unwrap());
        expected.chain(self.strings("silent")).map(str::to_owned).collect()
    }

    fn command(&self, arguments: &[String]) -> Command {
        let mut command = Command::cargo_bin("flinkgate").unwrap();
        command.args(arguments).args(["--tenants", &self.tenant()]);
        command.args(self.strings("arguments").into_iter().map(|word| self.word(word)));
        command
    }

    /// Whether a finding belongs to what the case lists: findings of its rules, and other errors.
    fn is_listed(&self, rule: &str, level: &str, rules: &BTreeSet<String>) -> bool {
        rules.contains(rule) || (level == "error" && self.value["errors"] != true)
    }

    fn lint(&self) -> Vec<String> {
        let mut arguments = vec!["lint".to_owned(), "--format".into(), "json".into()];
        arguments.extend(self.manifests());
        arguments.extend(self.strings("lintArguments").into_iter().map(|word| self.word(word)));
        let output = self.command(&arguments).output().unwrap();
        let notes = String::from_utf8_lossy(&output.stderr).into_owned();
        for note in self.strings("notes") {
            assert!(notes.contains(note), "{}: {note} is not in {notes}", self.folder.display());
        }
        let report: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{notes}"));
        assert_eq!(report["errors"], json!([]), "{}", self.folder.display());
        let rules = self.rules();
        let mut found = Vec::new();
        for finding in report["findings"].as_array().unwrap() {
            let (rule, level) =
                (finding["rule"].as_str().unwrap(), finding["level"].as_str().unwrap());
            if self.is_listed(rule, level, &rules) {
                found.push(format!("{level} {rule} {}", finding["line"]));
            }
        }
        found.sort();
        found
    }

    /// `LEVEL RULE` of what the two webhooks say of each object of the manifests, which others do not
    /// know.
    fn webhooks(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for object in self.objects() {
            let mut object = object;
            for webhook in ["mutate", "validate"] {
                let answer = self.answer(webhook, &object);
                let patch = answer["response"]["patch"].as_str().map(|patch| {
                    use base64::Engine as _;
                    base64::engine::general_purpose::STANDARD.decode(patch).unwrap()
                });
                if let Some(patch) = patch {
                    let patch: json_patch::Patch = serde_json::from_slice(&patch).unwrap();
                    json_patch::patch(&mut object, &patch).unwrap();
                }
                found.extend(self.said(&answer));
            }
        }
        found
    }

    /// Every object of every manifest that is a file.
    fn objects(&self) -> Vec<Value> {
        let mut objects = Vec::new();
        for file in self.manifests() {
            let Ok(text) = std::fs::read_to_string(&file) else { continue };
            objects.extend(yaml::parse(&text).into_iter().filter_map(|document| document.value));
        }
        objects
    }

    fn answer(&self, webhook: &str, object: &Value) -> Value {
        let arguments = ["review", "--webhook", webhook, "-"].map(str::to_owned);
        let output = self
            .command(&arguments)
            .write_stdin(review("CREATE", object, &Value::Null).to_string())
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
    }

    /// `LEVEL RULE` of what an answer says of the rules of the case.
    fn said(&self, answer: &Value) -> BTreeSet<String> {
        let response = &answer["response"];
        let refusal = response["status"]["message"].as_str().unwrap_or_default();
        let warnings = list(&response["warnings"]).iter().map(|line| line.as_str().unwrap());
        let texts = warnings.map(|line| ("warning", line)).chain([("error", refusal)]);
        let mut rules = self.rules();
        rules.retain(|rule| !self.strings("lintOnly").contains(&rule.as_str()));
        let mut found = BTreeSet::new();
        for (level, text) in texts {
            let is_of_an_id =
                |letter: char| letter.is_ascii_alphanumeric() || "-/".contains(letter);
            let words = text.split(|letter| !is_of_an_id(letter));
            let named = words.filter(|word| rules.contains(*word));
            found.extend(named.map(|rule| format!("{level} {rule}")));
        }
        found
    }

    /// The levels and rules that a webhook can say of one object: errors and warnings.
    fn expected_of_webhooks(&self) -> BTreeSet<String> {
        let cluster = self.strings("lintOnly");
        let expected = self.strings("expect").into_iter().map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            (words[0], words[1])
        });
        let said = expected.filter(|(level, rule)| *level != "info" && !cluster.contains(rule));
        said.map(|(level, rule)| format!("{level} {rule}")).collect()
    }
}

fn read_cases() -> Vec<Case> {
    let files = manifests::files("tests/data/field", "yaml").into_iter();
    let cases = files.filter(|file| file.file_name().is_some_and(|name| name == "case.yaml"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    cases
        .map(|file| Case {
            value: manifests::read(&file),
            folder: file.parent().unwrap().strip_prefix(root).unwrap().to_owned(),
        })
        .collect()
}

#[test]
fn lint_says_what_is_expected_at_its_line() {
    let mut wrong = Vec::new();
    for case in read_cases() {
        let mut expected = case.strings("expect");
        expected.sort_unstable();
        let found = case.lint();
        if found != expected {
            wrong.push(format!("{}: {found:#?}, not {expected:#?}", case.folder.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_webhooks_say_the_same() {
    let mut wrong = Vec::new();
    for case in read_cases() {
        let (expected, found) = (case.expected_of_webhooks(), case.webhooks());
        let missing: Vec<_> = expected.difference(&found).collect();
        let too_much: Vec<_> = found.difference(&expected).collect();
        if !missing.is_empty() || !too_much.is_empty() {
            wrong.push(format!(
                "{}: not said {missing:?}, said {too_much:?}",
                case.folder.display()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_case_says_what_it_is_about() {
    let cases = read_cases();
    assert!(!cases.is_empty());
    for case in cases {
        assert!(
            case.value["about"].as_str().is_some_and(|about| about.len() > 40),
            "{}",
            case.folder.display()
        );
        assert!(
            !case.rules().is_empty() || case.value["notes"] != Value::Null,
            "{}: no rule",
            case.folder.display()
        );
    }
}
