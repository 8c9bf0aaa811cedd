//! The library of policies: each decides what its examples say, and its FlinkPolicy, its row in the
//! README and the binary's commands are right.
//!
//! `UPDATE_DOCS=1 cargo test --test library` writes the FlinkPolicies and the README's table.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod manifests;

use assert_cmd::Command;
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::quota::Usage;
use flinkgate::rego::library::{self, LibraryPolicy};
use flinkgate::rego::{PolicySet, PolicySource, flink_policy};
use flinkgate::resource::{Operation, Resource, UserInfo};
use flinkgate::rules::{Documentation, Finding, Level};
use flinkgate::tenant::{FlinkTenantSpec, Tenant, Tenants};
use manifests::document;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The day on which the examples are checked: no weekend, and within a freeze.
const NOW: &str = "2026-10-07T12:00:00Z";
const IN_A_FREEZE: &str = "2026-12-24T12:00:00Z";

/// A policy as a file, at a fixed time.
fn source(policy: &LibraryPolicy) -> PolicySource {
    let now = if policy.name == "change-freeze" { IN_A_FREEZE } else { NOW };
    let fixed = format!("now_ns := time.parse_rfc3339_ns(\"{now}\")");
    PolicySource {
        path: format!("{}.rego", policy.name),
        text: policy.rego.replace("now_ns := time.now_ns()", &fixed),
        ..PolicySource::default()
    }
}

/// A gate where every namespace belongs to a tenant with this spec.
fn gate(set: PolicySet, spec: Option<&str>) -> Gate {
    let spec = spec.map_or_else(|| json!({}), |spec| document(spec, "a tenant"));
    let mut spec: FlinkTenantSpec = serde_json::from_value(spec).unwrap();
    spec.namespaces.names = vec!["*".into()];
    let tenant = Tenant { name: "payments".into(), spec, ..Tenant::default() };
    Gate::new(Tenants::new(vec![tenant], BTreeMap::new()), Arc::new(set), Unassigned::Warn)
}

/// The example as an update by a developer of what ran with a parallelism of 8.
fn resource(example: &str) -> Resource {
    let mut resource = Resource::from_manifest(document(example, "an example")).unwrap();
    resource.user = UserInfo { username: "bob".into(), ..UserInfo::default() };
    let mut old = resource.object.clone();
    old["spec"]["job"] = json!({"jarURI": "local:///opt/flink/usrlib/old.jar", "parallelism": 8});
    resource.operation = Operation::Update;
    resource.old_object = Some(old);
    resource
}

/// What policy and rules report of an example; both engines must agree on the policy.
fn findings(policy: &LibraryPolicy, rule: &Documentation, example: &str) -> Vec<Finding> {
    let set = PolicySet::from_sources(vec![source(policy)]).unwrap();
    assert_eq!(set.warnings(), [], "{}", policy.name);
    let (gate, resource) = (gate(set, rule.tenant.as_deref()), resource(example));
    let case = gate.case(&resource, false).unwrap();
    let input = gate.input(&case, &Usage::default(), |input| input.value().unwrap());
    let machine = gate.policies().evaluate(input.clone());
    let interpreter = gate.policies().evaluate_with_interpreter(input).unwrap();
    assert_eq!(machine, interpreter, "{}: the engines differ", policy.name);
    gate.judge(case, &Usage::default()).findings
}

fn flinkgate(args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_flinkgate")).args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Compares a file with what it should be, or writes it.
fn assert_current(file: &Path, wanted: &str) {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(file, wanted).unwrap();
    }
    let found = fs::read_to_string(file).unwrap();
    assert!(found == wanted, "{} is stale: run UPDATE_DOCS=1 cargo test", file.display());
}

fn folder(policy: &LibraryPolicy) -> PathBuf {
    Path::new("policies").join(policy.name)
}

#[test]
fn every_policy_is_documented() {
    assert!(library::policies().len() >= 16);
    for policy in library::policies() {
        let rule = policy.documentation().unwrap();
        assert_eq!(rule.id, format!("user/{}", policy.name));
        assert!(rule.title != rule.id && !rule.description.is_empty(), "{}", rule.id);
        let package = format!("\npackage library.{}\n", policy.name.replace('-', "_"));
        assert!(policy.rego.contains(&package), "{} has no {package}", rule.id);
        assert!(policy.rego.contains("# Adapt: "), "{} has no constants", rule.id);
    }
}

#[test]
fn every_policy_reports_its_bad_example_only() {
    for policy in library::policies() {
        let rule = policy.documentation().unwrap();
        let bad = findings(policy, &rule, rule.bad.as_deref().unwrap());
        let own: Vec<_> = bad.iter().filter(|finding| finding.rule == rule.id).collect();
        assert!(!own.is_empty(), "{}: {bad:?}", rule.id);
        for finding in own {
            assert_eq!(finding.level, rule.level, "{finding:?}");
            assert!(finding.help.is_some(), "{finding:?}");
        }
        let good = findings(policy, &rule, rule.good.as_deref().unwrap());
        let worst = good.iter().map(|finding| finding.level).max();
        assert!(worst < Some(Level::Error), "{}: {good:?}", rule.id);
        assert!(good.iter().all(|finding| finding.rule != rule.id), "{}: {good:?}", rule.id);
    }
}

/// How the FlinkPolicy of a new policy begins.
fn head(name: &str) -> String {
    format!(
        "# Installs policy `{name}` of Flinkgate's library: kubectl apply -f flinkpolicy.yaml
apiVersion: flinkgate.dev/v1alpha1
kind: FlinkPolicy
metadata:
  name: {name}
spec:
  # Enforce refuses, Warn admits with a warning, Audit only logs.
  enforcement: Enforce
  # Where it applies: namespaces: [payments-*], tenants: [payments], kinds: [FlinkDeployment].
  match: {{}}
"
    )
}

#[test]
fn every_flink_policy_holds_the_policy() {
    for policy in library::policies() {
        let file = folder(policy).join("flinkpolicy.yaml");
        let indented = policy.rego.lines().map(|line| match line {
            "" => "\n".to_owned(),
            line => format!("    {line}\n"),
        });
        let written = policy.flink_policy.split_once("  rego: |\n");
        let head = written.map_or_else(|| head(policy.name), |(head, _)| head.to_owned());
        assert_current(&file, &format!("{head}  rego: |\n{}", indented.collect::<String>()));

        let object = manifests::read(&file);
        assert_eq!(object["kind"], "FlinkPolicy");
        assert_eq!(object["apiVersion"], "flinkgate.dev/v1alpha1");
        assert_eq!(object["metadata"]["name"], policy.name);
        let spec = flink_policy::read(object["spec"].clone()).unwrap();
        assert_eq!(spec.rego, policy.rego, "{}", policy.name);
    }
}

#[test]
fn the_readme_lists_every_policy() {
    let file = Path::new("policies/README.md");
    let readme = fs::read_to_string(file).unwrap();
    let (before, rest) = readme.split_once("<!-- policies: begin").unwrap();
    let (marker, _) = rest.split_once("-->\n").unwrap();
    let (_, after) = rest.split_once("<!-- policies: end -->").unwrap();
    let rows = library::policies().iter().map(|policy| {
        let Documentation { level, title, description, .. } = policy.documentation().unwrap();
        let (name, why) = (policy.name, description.replace('\n', " "));
        format!("| [`{name}`]({name}/{name}.rego) | {} | {title}. {why} |\n", level.as_str())
    });
    let table = rows.collect::<String>();
    let head = "| Policy | Level | What it checks |\n|---|---|---|\n";
    let wanted = format!(
        "{before}<!-- policies: begin{marker}-->\n{head}{table}<!-- policies: end -->{after}"
    );
    assert_current(file, &wanted);
}

#[test]
fn the_readmes_commands_run() {
    let folder = tempfile::tempdir().unwrap();
    let examples = fs::canonicalize("examples").unwrap();
    std::os::unix::fs::symlink(examples, folder.path().join("examples")).unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_flinkgate")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let readme = fs::read_to_string("policies/README.md").unwrap();
    for block in readme.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap()) {
        for command in block.lines() {
            let mut shell = std::process::Command::new("sh");
            shell.args(["-c", command]).current_dir(folder.path()).env("PATH", &path);
            let output = shell.output().unwrap();
            // The example has a name that the convention does not allow.
            let expected = i32::from(command.contains("lint"));
            let said = String::from_utf8(output.stdout).unwrap();
            assert_eq!(output.status.code(), Some(expected), "{command}: {said}");
            assert!(expected == 0 || said.contains("user/naming"), "{command}: {said}");
        }
    }
}

#[test]
fn the_librarys_own_tests_pass() {
    for args in [vec!["test"], vec!["test", "library"], vec!["test", "policies"]] {
        let (code, out, err) = flinkgate(&args);
        assert_eq!(code, 0, "{args:?}: {out}{err}");
        assert!(out.ends_with(" passed, 0 failed\n"), "{args:?}: {out}");
    }
    for policy in library::policies() {
        let (code, out, _) = flinkgate(&["test", &format!("library/{}", policy.name)]);
        let passed: u32 = out.split(' ').next().unwrap().parse().unwrap();
        assert!(code == 0 && passed >= 4, "{}: {out}", policy.name);
    }
}

#[test]
fn a_policy_is_switched_on_by_its_name() {
    let rules = |paths: &[&str]| {
        let policies = paths.iter().flat_map(|path| ["--policies", path]);
        let args: Vec<&str> = ["rules", "--format", "json"].into_iter().chain(policies).collect();
        let (code, out, err) = flinkgate(&args);
        assert_eq!(code, 0, "{err}");
        let listed: Value = serde_json::from_str(&out).unwrap();
        let rules = listed["rules"].as_array().unwrap().iter();
        rules.filter(|rule| rule["builtin"] == false).count()
    };
    assert_eq!(rules(&[]), 0);
    assert_eq!(rules(&["library/naming"]), 1);
    assert_eq!(rules(&["library/naming", "library/owner", "library/naming"]), 2);
    assert_eq!(rules(&["library", "library/naming"]), library::policies().len());

    let file = "examples/manifests/etl.yaml";
    let (code, out, err) = flinkgate(&["lint", file, "--policies", "library/owner"]);
    assert_eq!(code, 1, "{err}");
    assert!(out.contains("user/owner"), "{out}");
    let (code, _, err) = flinkgate(&["lint", file, "--policies", "library/onwer"]);
    assert_eq!(code, 2);
    assert!(err.contains("unknown library policy `onwer`: did you mean `owner`?"), "{err}");
    let (code, _, err) = flinkgate(&["lint", file, "--policies", "./library"]);
    assert!(code == 2 && err.contains("failed to read ./library"), "{err}");
}

#[test]
fn the_command_lists_and_prints_policies() {
    let (code, out, _) = flinkgate(&["policies"]);
    assert!(code == 0 && out.contains("\nnaming "), "{out}");
    let (_, out, _) = flinkgate(&["policies", "--format", "json"]);
    let listed: Value = serde_json::from_str(&out).unwrap();
    let names = listed["policies"].as_array().unwrap().iter().map(|policy| &policy["name"]);
    assert!(names.eq(library::policies().iter().map(|policy| policy.name)), "{out}");
    for name in ["naming", "library/naming"] {
        let (code, out, _) = flinkgate(&["policies", name]);
        assert_eq!((code, out), (0, fs::read_to_string("policies/naming/naming.rego").unwrap()));
    }
    let (_, out, _) = flinkgate(&["policies", "naming", "--flinkpolicy"]);
    assert_eq!(out, fs::read_to_string("policies/naming/flinkpolicy.yaml").unwrap());
    let (code, _, err) = flinkgate(&["policies", "nothing-like-it"]);
    assert!(code == 2 && err.contains("`flinkgate policies` lists all"), "{err}");
}
