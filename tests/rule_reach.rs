//! Every rule is documented, tested and can speak: its bad example gives its finding at both doors,
//! the command `lint` and the two webhooks, with the same tenants from the same files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod manifests;

use assert_cmd::Command;
use flinkgate::admission::answer::Webhook;
use flinkgate::admission::response::Reply;
use flinkgate::admission::review::Review;
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::rego::PolicySet;
use flinkgate::resource::yaml;
use flinkgate::rules::{Documentation, Finding, Level};
use manifests::document;
use rayon::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// The rules that were asked for by name.
const NAMED: [&str; 32] = [
    "flink/deprecated-option",
    "flink/duplicate-option",
    "flink/enforced-option",
    "flink/forbidden-option",
    "flink/invalid-value",
    "flink/memory",
    "flink/option-version",
    "flink/overridden-option",
    "flink/unknown-option",
    "network/host-port",
    "network/ingress-host",
    "network/rest-exposure",
    "quota/exceeded",
    "quota/per-cluster",
    "quota/unbounded",
    "scheduling/job-manager-anti-affinity",
    "scheduling/node-selector",
    "scheduling/task-manager-anti-affinity",
    "scheduling/tolerations",
    "security/allow-privilege-escalation",
    "security/capabilities",
    "security/host-namespaces",
    "security/host-path",
    "security/image-registry",
    "security/image-tag",
    "security/privileged",
    "security/run-as-non-root",
    "security/seccomp",
    "security/service-account",
    "storage/checkpoint-dir",
    "storage/ephemeral-state",
    "tenancy/unassigned-namespace",
];

/// Rules that a door cannot give, and why. Nothing else may be missing at it.
const OUT_OF_REACH: [(&str, &str); 2] = [
    (
        "storage/claim-in-use",
        "speaks of the deletion of a claim that stored pods mount: only a webhook in a cluster sees both",
    ),
    (UNREADABLE, "files with such a tenant are refused as a whole"),
];

const UNASSIGNED: &str = "tenancy/unassigned-namespace";
const AMBIGUOUS: &str = "tenancy/ambiguous-namespace";
const UNREADABLE: &str = "tenancy/unreadable-tenant";
/// The label of a namespace that two tenants select.
const SHARED: (&str, &str) = ("shared", "yes");

/// The source files below a folder, without their tests.
fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = entry.file_name().unwrap().to_str().unwrap();
        if entry.is_dir() && name != "tests" {
            found.extend(sources(&entry));
        } else if name.ends_with(".rs") && name != "tests.rs" {
            let text = fs::read_to_string(&entry).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap().to_owned();
            found.push((entry.to_str().unwrap().to_owned(), code));
        }
    }
    found
}

/// Texts in the form of an id that are none: paths of fields, and the samples of the reports.
const NO_IDS: [&str; 2] = ["src/tenant/readable/stricter.rs", "src/report/sample.rs"];

/// Every text of the source that has the form of an id.
fn ids_in_source() -> BTreeSet<String> {
    let families: BTreeSet<&str> =
        flinkgate::rules::FAMILIES.iter().copied().chain(["yaml"]).collect();
    let is_id = |text: &str| {
        let (family, name) = text.split_once('/').unwrap_or_default();
        let is_word = |c: char| c.is_ascii_lowercase() || c == '-';
        families.contains(family) && !name.is_empty() && name.chars().all(is_word)
    };
    let files = sources(Path::new("src")).into_iter();
    files
        .filter(|(path, _)| !NO_IDS.contains(&path.as_str()))
        .flat_map(|(_, code)| {
            let texts = code.split('"').map(str::to_owned).filter(|text| is_id(text));
            texts.collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn every_id_in_the_source_is_explained() {
    let ids = ids_in_source();
    for expected in ["security/privileged", "tenancy/status", "quota/unread-object"] {
        assert!(ids.contains(expected), "{expected} is not found in the source");
    }
    for id in ids {
        let page = flinkgate(&["explain", &id]);
        assert!(page.contains(&format!("Rule:   {id}\n")), "{page}");
        assert!(page.contains("\nFix:\n"), "{page}");
    }
}

#[test]
fn only_ids_that_a_tenant_can_waive_are_known_to_it() {
    let rules = rules();
    let known = rules.rule_ids();
    for notice in flinkgate::rules::notices::NOTICES {
        let is_known = known.contains(&notice.id);
        assert_eq!(is_known, notice.is_exemptible, "{}", notice.id);
        let page = flinkgate(&["explain", notice.id]);
        assert_eq!(page.contains("Exemptions"), notice.is_exemptible, "{page}");
    }
}

fn rules() -> Arc<PolicySet> {
    Arc::new(PolicySet::built_in().unwrap())
}

fn flinkgate(arguments: &[&str]) -> String {
    let output = Command::cargo_bin("flinkgate").unwrap().args(arguments).output().unwrap();
    assert!(
        matches!(output.status.code(), Some(0 | 1)),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_rule_that_was_asked_for_is_listed() {
    let listed = flinkgate(&["rules"]);
    let listed: BTreeSet<&str> =
        listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let missing: Vec<_> = NAMED.iter().filter(|rule| !listed.contains(*rule)).collect();
    assert_eq!(missing, Vec::<&&str>::new());
    assert!(rules().catalog().iter().all(|rule| listed.contains(rule.id.as_str())));
}

#[test]
fn every_rule_has_its_texts_its_files_and_its_row() {
    let readme = fs::read_to_string("README.md").unwrap();
    for rule in rules().catalog() {
        let Documentation { id, title, description, level, .. } = rule;
        assert!(!title.is_empty() && description.len() > 40, "{id}: {title:?}, {description:?}");
        for (what, text) in
            [("since", &rule.since), ("help", &rule.help), ("bad", &rule.bad), ("good", &rule.good)]
        {
            assert!(
                text.as_ref().is_some_and(|text| !text.trim().is_empty()),
                "{id} has no {what}"
            );
        }
        // The object may be the same where the namespace makes the difference.
        let by_namespace = [AMBIGUOUS, UNASSIGNED, UNREADABLE].contains(&id.as_str());
        assert!(rule.bad != rule.good || by_namespace, "{id}");
        assert!(Path::new(&rule.path).is_file(), "{id} is not in {}", rule.path);
        let row = format!(
            "| `{id}` | {} | {} | {title} |\n",
            level.as_str(),
            rule.since.as_ref().unwrap()
        );
        assert!(readme.contains(&row), "{id} has no row in the README");
    }
}

#[test]
fn every_rule_has_a_page() {
    rules().catalog().par_iter().for_each(|rule| {
        let page = flinkgate(&["explain", &rule.id]);
        let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let page = flat(&page);
        for text in [
            Some(&rule.id),
            Some(&rule.title),
            Some(&rule.description),
            rule.help.as_ref(),
            rule.bad.as_ref(),
            rule.good.as_ref(),
        ] {
            assert!(page.contains(&flat(text.unwrap())), "the page of {} lacks {text:?}", rule.id);
        }
    });
}

/// The namespace of a rule's example; its tenant has the same name.
fn namespace(rule: &Documentation) -> String {
    rule.id.replace('/', "-")
}

/// A folder with a tenant for every rule, and their bad examples: those that mutation cures apart.
struct Files(tempfile::TempDir);

impl Files {
    fn write() -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        for folder in ["tenants", "examples", "as-is"] {
            fs::create_dir(files.0.path().join(folder)).unwrap();
        }
        for rule in rules().catalog() {
            let name = namespace(rule);
            let tenants = match rule.id.as_str() {
                UNASSIGNED => vec![],
                AMBIGUOUS => vec![name.clone(), "another".to_owned()],
                _ => vec![name.clone()],
            };
            for tenant in tenants {
                let mut spec = rule
                    .tenant
                    .as_deref()
                    .map_or_else(|| json!({}), |tenant| document(tenant, &rule.id));
                spec["namespaces"] = json!({"names": [name]});
                if rule.id == AMBIGUOUS {
                    spec["namespaces"] = json!({"selector": {"matchLabels": {SHARED.0: SHARED.1}}});
                    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {SHARED.0: SHARED.1}}});
                    fs::write(
                        files.0.path().join("examples/namespace.json"),
                        namespace.to_string(),
                    )
                    .unwrap();
                }
                let tenant = json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant", "metadata": {"name": tenant}, "spec": spec});
                let file = format!("tenants/{}.json", tenant["metadata"]["name"].as_str().unwrap());
                fs::write(files.0.path().join(file), tenant.to_string()).unwrap();
            }
            let folder = if rule.as_is { "as-is" } else { "examples" };
            fs::write(
                files.0.path().join(format!("{folder}/{name}.json")),
                example(rule).to_string(),
            )
            .unwrap();
        }
        files
    }

    fn path(&self, folder: &str) -> String {
        self.0.path().join(folder).to_str().unwrap().to_owned()
    }
}

fn example(rule: &Documentation) -> Value {
    let mut example = document(rule.bad.as_ref().unwrap(), &rule.id);
    example["metadata"]["namespace"] = namespace(rule).into();
    example
}

fn is_out_of_reach(rule: &Documentation) -> bool {
    OUT_OF_REACH.iter().any(|(id, _)| *id == rule.id)
}

/// By rule, the messages of its findings in its own example.
type Said = BTreeMap<String, BTreeSet<String>>;

fn linted(files: &Files, folder: &str, more: &[&str]) -> Said {
    let (folder, tenants) = (files.path(folder), files.path("tenants"));
    let arguments = [
        &["lint", &folder, "--tenants", &tenants, "--unassigned", "deny", "--format", "json"],
        more,
    ]
    .concat();
    let report: Value = serde_json::from_str(&flinkgate(&arguments)).unwrap();
    assert_eq!(report["errors"], json!([]));
    let mut said = Said::new();
    for finding in report["findings"].as_array().unwrap() {
        let rule = finding["rule"].as_str().unwrap();
        let of_own = Path::new(finding["file"].as_str().unwrap()).file_stem().unwrap()
            == rule.replace('/', "-").as_str();
        if of_own {
            said.entry(rule.to_owned())
                .or_default()
                .insert(finding["message"].as_str().unwrap().to_owned());
        }
    }
    said
}

/// What the two webhooks say of a rule's bad example one after the other, as the API server asks
/// them.
fn reviewed(gate: &Gate, rule: &Documentation) -> Vec<Finding> {
    let mut object = example(rule);
    let mut findings = Vec::new();
    for webhook in [Webhook::Mutate, Webhook::Validate] {
        if webhook == Webhook::Mutate && rule.as_is {
            // As where somebody took away what mutation gave.
            continue;
        }
        let body = review(&object).to_string();
        let mut review = Review::parse(body.as_bytes()).unwrap();
        let resource = review.resource().unwrap();
        let answer = webhook.ask(gate, &resource);
        let reply = serde_json::to_value(Reply::new(&review, webhook, &resource, &answer)).unwrap();
        shown(rule, &answer.findings, &reply["response"]);
        findings.extend(answer.findings);
        if reply["response"]["allowed"] == false {
            break;
        }
        answer.patch.into_iter().for_each(|patch| json_patch::patch(&mut object, &patch).unwrap());
    }
    findings
}

/// Whoever is refused or warned reads which rule it is.
fn shown(rule: &Documentation, findings: &[Finding], response: &Value) {
    for finding in findings.iter().filter(|finding| finding.rule == rule.id) {
        let place = match finding.level {
            Level::Error => &response["status"]["details"]["causes"],
            Level::Warning => &response["warnings"],
            Level::Info => continue,
        };
        assert!(place.to_string().contains(&rule.id), "{} is not told in {response}", rule.id);
    }
}

fn review(object: &Value) -> Value {
    let resource = flinkgate::resource::Resource::from_manifest(object.clone()).unwrap();
    let plural = plural(&resource.kind.kind);
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "1", "kind": resource.kind, "resource": {"group": resource.kind.group, "version": resource.kind.version, "resource": plural},
        "operation": "CREATE", "name": resource.name, "namespace": resource.namespace, "userInfo": {"username": "alice"}, "object": object}})
}

fn plural(kind: &str) -> String {
    let kind = kind.to_lowercase();
    if kind.ends_with('s') { format!("{kind}es") } else { format!("{kind}s") }
}

#[test]
fn every_rule_speaks_at_both_doors() {
    let files = Files::write();
    let mut lint = linted(&files, "examples", &[]);
    lint.extend(linted(&files, "as-is", &["--as-is"]));
    let policies = rules();
    let (gate, _) =
        Gate::load_tenants(&[files.path("tenants").into()], policies.clone(), Unassigned::Deny)
            .unwrap();
    let shared = BTreeMap::from([(SHARED.0.to_owned(), SHARED.1.to_owned())]);
    let gate = gate.with_namespace_labels(BTreeMap::from([(AMBIGUOUS.replace('/', "-"), shared)]));
    for rule in policies.catalog() {
        if is_out_of_reach(rule) {
            assert_eq!(lint.get(&rule.id), None, "{} is in reach after all", rule.id);
            continue;
        }
        let own = |finding: &Finding| (finding.rule == rule.id).then(|| finding.message.clone());
        let told: BTreeSet<String> = reviewed(&gate, rule).iter().filter_map(own).collect();
        assert!(!told.is_empty(), "the webhooks do not speak of {}", rule.id);
        assert_eq!(lint.get(&rule.id), Some(&told), "{}", rule.id);
    }
}

#[test]
fn the_api_server_asks_about_every_kind_that_a_rule_speaks_of() {
    let configurations: Vec<Value> = yaml::parse(&flinkgate(&["webhooks"]))
        .into_iter()
        .filter_map(|document| document.value)
        .collect();
    let validating =
        configurations.iter().find(|one| one["kind"] == "ValidatingWebhookConfiguration").unwrap();
    let asked: BTreeSet<(String, String)> = validating["webhooks"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|webhook| webhook["rules"].as_array().unwrap())
        .filter(|rule| rule["operations"].as_array().unwrap().contains(&json!("CREATE")))
        .flat_map(|rule| {
            rule["resources"]
                .as_array()
                .unwrap()
                .iter()
                .map(|resource| (rule["apiGroups"][0].to_string(), resource.to_string()))
        })
        .collect();
    for rule in rules().catalog().iter().filter(|rule| !is_out_of_reach(rule)) {
        let request = review(&example(rule))["request"]["resource"].clone();
        let key = (request["group"].to_string(), request["resource"].to_string());
        assert!(
            asked.contains(&key),
            "{} speaks of {key:?}, which no webhook is registered for",
            rule.id
        );
    }
}
