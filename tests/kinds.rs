//! What is written down of the kinds elsewhere, compared with the one table: the ClusterRole, the
//! chart's webhook configurations and the README.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use flinkgate::kinds::{Completed, KINDS, Kind, Webhook};
use flinkgate::resource::yaml;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

/// Groups of the ClusterRole whose objects are written and never judged.
const WRITTEN_ONLY: [&str; 2] = ["admissionregistration.k8s.io", "events.k8s.io"];

/// Verbs by group and resource.
type Verbs = BTreeMap<(String, String), BTreeSet<String>>;

#[test]
fn the_cluster_role_grants_what_the_table_needs() {
    let mut needed = Verbs::new();
    let mut need = |kind: &Kind, sub_resource: &str, verbs: &[&str]| {
        let resource = (kind.group.to_owned(), kind.resource(sub_resource));
        needed.entry(resource).or_default().extend(verbs.iter().map(|&verb| verb.to_owned()));
    };
    for kind in KINDS {
        if kind.watched.is_some() {
            need(kind, "", &["get", "list", "watch"]);
        }
        kind.writes.iter().for_each(|(sub_resource, verbs)| need(kind, sub_resource, verbs));
    }
    assert_eq!(granted(), needed);
}

/// What `deploy/install.yaml` grants; a test of the cluster's holds the chart equal to it.
fn granted() -> Verbs {
    let text = fs::read_to_string("deploy/install.yaml").unwrap();
    let role = yaml::parse(&text)
        .into_iter()
        .filter_map(|document| document.value)
        .find(|object| object["kind"] == "ClusterRole")
        .unwrap();
    let texts = |rule: &Value, field: &str| -> Vec<String> {
        serde_json::from_value(rule[field].clone()).unwrap()
    };
    let mut granted = Verbs::new();
    for rule in role["rules"].as_array().unwrap() {
        for group in texts(rule, "apiGroups") {
            if WRITTEN_ONLY.contains(&group.as_str()) {
                continue;
            }
            for resource in texts(rule, "resources") {
                granted.entry((group.clone(), resource)).or_default().extend(texts(rule, "verbs"));
            }
        }
    }
    granted
}

#[test]
fn the_chart_has_the_webhooks_of_the_table() {
    let printed =
        Command::new(env!("CARGO_BIN_EXE_flinkgate")).arg("webhooks").output().unwrap().stdout;
    let chart = fs::read("deploy/helm/flinkgate/files/webhooks.yaml").unwrap();
    assert!(printed == chart, "the chart's webhooks are old: run deploy/render");
}

/// `UPDATE_README=1 cargo test --test kinds` writes the table anew.
#[test]
fn the_readme_lists_the_kinds_of_the_table() {
    let readme = fs::read_to_string("README.md").unwrap();
    let (before, rest) = readme.split_once("<!-- kinds: begin").unwrap();
    let (marker, rest) = rest.split_once("-->\n").unwrap();
    let (_, after) = rest.split_once("<!-- kinds: end -->").unwrap();
    let wanted =
        format!("{before}<!-- kinds: begin{marker}-->\n{}<!-- kinds: end -->{after}", table());
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write("README.md", &wanted).unwrap();
    } else {
        assert!(
            readme == wanted,
            "the README's kinds are old: run UPDATE_README=1 cargo test --test kinds"
        );
    }
}

fn table() -> String {
    let mut table = "| Kind | API group | Webhooks | Completed by mutation | Uses quota |\n\
                     |---|---|---|---|---|\n"
        .to_owned();
    for kind in KINDS.iter().filter(|kind| !kind.webhooks.is_empty()) {
        let group = if kind.group.is_empty() { "core" } else { kind.group };
        let completed = match kind.completed {
            Completed::Never => "no",
            Completed::OnCreate => "on creation",
            Completed::OnCreateAndUpdate => "on creation and update",
            Completed::Options => "its options, on creation and update",
            Completed::Files => "its files, on creation and update",
        };
        let counted = if kind.is_counted() { "yes" } else { "no" };
        table += &format!(
            "| {} | {group} | {} | {completed} | {counted} |\n",
            kind.kind,
            webhooks(kind)
        );
    }
    table
}

fn webhooks(kind: &Kind) -> String {
    let names = kind.webhooks.iter().map(|asked| match asked.webhook {
        Webhook::Mutating(name) | Webhook::Validating(name) => format!("`{name}`"),
    });
    names.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ")
}
