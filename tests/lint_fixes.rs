//! `lint --fix`: fixes correct what they are for, harm nothing, and leave everything else as it is.
//! The cases are the examples of the rules, the field corpus and the public examples.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod manifests;
mod rule_examples;

use assert_cmd::Command;
use flinkgate::quota::Usage;
use flinkgate::resource::yaml;
use rayon::prelude::*;
use rule_examples::{AMBIGUOUS, UNASSIGNED, UNREADABLE, built_in, gate_for_bad, resource};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Output;
use tempfile::TempDir;

const EMPTY_TENANT: &str = "tests/data/field/empty-tenant.yaml";

fn flinkgate(arguments: &[&str], input: Option<&str>) -> Output {
    let mut command = Command::cargo_bin("flinkgate").unwrap();
    command.args(arguments).env_remove("NO_COLOR");
    if let Some(input) = input {
        command.write_stdin(input);
    }
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Files with manifests and what they are judged by.
struct Case {
    name: String,
    folder: TempDir,
    arguments: Vec<String>,
}

impl Case {
    fn new(name: &str, files: &[(String, String)], arguments: Vec<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in files {
            std::fs::write(folder.path().join(file), text).unwrap();
        }
        Self { name: name.into(), folder, arguments }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut all = vec!["lint", self.folder.path().to_str().unwrap()];
        all.extend(self.arguments.iter().map(String::as_str));
        all.extend(arguments);
        flinkgate(&all, None)
    }

    fn report(&self, arguments: &[&str]) -> Value {
        let mut all = vec!["--format", "json"];
        all.extend(arguments);
        let output = self.run(&all);
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", self.name, text(&output.stderr)))
    }

    fn files(&self) -> BTreeMap<PathBuf, String> {
        let paths =
            std::fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        paths.map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
    }
}

/// Rule, file, object and message without the numbers that other fixes change.
fn keys(report: &Value) -> BTreeMap<String, usize> {
    let mut keys = BTreeMap::new();
    for finding in report["findings"].as_array().unwrap() {
        let message =
            finding["message"].as_str().unwrap().replace(|c: char| c.is_ascii_digit(), "");
        let key =
            format!("{} {} {} {message}", finding["rule"], finding["file"], finding["object"]);
        *keys.entry(key).or_default() += 1;
    }
    keys
}

/// The lines with comments only, by which a text is recognised.
fn comments(text: &str) -> BTreeSet<&str> {
    text.lines().map(str::trim).filter(|line| line.starts_with('#')).collect()
}

/// Applies all fixes. Returns the rules with fixes, and what is wrong.
fn check(case: &Case) -> (BTreeSet<String>, Vec<String>) {
    let (name, mut wrong) = (&case.name, Vec::new());
    let before = case.report(&[]);
    let originals = case.files();
    let with_fix: Vec<&Value> =
        before["findings"].as_array().unwrap().iter().filter(|it| it["fix"].is_object()).collect();
    let rules = with_fix.iter().map(|it| it["rule"].as_str().unwrap().to_owned()).collect();

    let diff = case.run(&["--diff", "--unsafe-fixes"]);
    assert_eq!(case.files(), originals, "{name}: --diff writes");

    let after = case.report(&["--fix", "--unsafe-fixes", "--fail-on", "never"]);
    let files = case.files();
    let (had, has) = (keys(&before), keys(&after));
    for (key, count) in &has {
        if *count > had.get(key).copied().unwrap_or_default() {
            wrong.push(format!("{name}: new: {key}"));
        }
    }
    assert_eq!(before["errors"], after["errors"], "{name}");
    let expected = i32::from(files != originals);
    assert_eq!(diff.status.code(), Some(if before["errors"] == json!([]) { expected } else { 2 }));
    for (path, text) in &files {
        let original = &originals[path];
        let shown = format!("--- {}\n", path.display());
        assert_eq!(self::text(&diff.stdout).contains(&shown), text != original, "{name}");
        for comment in comments(original).difference(&comments(text)) {
            wrong.push(format!("{name}: lost: {comment}"));
        }
        assert_eq!(original.ends_with('\n'), text.ends_with('\n'), "{name}");
        assert_eq!(yaml::parse(original).len(), yaml::parse(text).len(), "{name}");
    }
    if !with_fix.is_empty() && files == originals && !HARMFUL.contains(&name.as_str()) {
        wrong.push(format!("{name}: nothing is fixed of {with_fix:#?}"));
    }
    case.run(&["--fix", "--unsafe-fixes"]);
    assert_eq!(case.files(), files, "{name}: the second run changes something");
    (rules, wrong)
}

fn check_all(cases: Vec<Case>) -> BTreeSet<String> {
    let results: Vec<_> = cases.par_iter().map(check).collect();
    let (rules, wrong): (Vec<_>, Vec<_>) = results.into_iter().unzip();
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    rules.into_iter().flatten().collect()
}

/// Cases in which every fix would make another finding: the right version needs more memory.
const HARMFUL: [&str; 1] = ["flinkcluster-dialects"];

/// Rules whose right value turns on what needs more, so that the fix alone makes another finding and is
/// not applied.
const NEED_MORE: [&str; 1] = ["flink/option-version"];

#[test]
fn examples_of_rules_are_fixed() {
    let policies = built_in();
    let mut cases = Vec::new();
    for rule in policies.catalog() {
        if [UNASSIGNED, AMBIGUOUS, UNREADABLE].contains(&rule.id.as_str())
            || NEED_MORE.contains(&rule.id.as_str())
        {
            continue;
        }
        let gate = gate_for_bad(&policies, rule);
        let bad = resource(rule.bad.as_deref());
        let case = gate.case(&bad, rule.as_is);
        let Some(case) = case else { continue };
        let judgement = gate.judge(case, &Usage::default());
        if !judgement.findings.iter().any(|finding| finding.fix.is_some()) {
            continue;
        }
        let tenants = tempfile::tempdir().unwrap().keep().join("tenant.yaml");
        let mut spec = rule_examples::spec(rule);
        spec["namespaces"] = json!({"names": ["*"]});
        let tenant = json!({
            "apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant",
            "metadata": {"name": "examples"}, "spec": spec,
        });
        std::fs::write(&tenants, tenant.to_string()).unwrap();
        let mut arguments = vec!["--tenants".to_owned(), tenants.display().to_string()];
        arguments.extend(rule.as_is.then(|| "--as-is".to_owned()));
        let files = [("bad.yaml".to_owned(), rule.bad.clone().unwrap())];
        cases.push(Case::new(&rule.id, &files, arguments));
    }
    assert!(cases.len() >= 50, "{} rules", cases.len());
    let rules = check_all(cases);
    assert!(rules.len() >= 45, "{} rules: {rules:?}", rules.len());
}

#[test]
fn the_field_corpus_is_fixed() {
    let (mut cases, mut plain) = (Vec::new(), Vec::new());
    for file in manifests::files("tests/data/field", "yaml") {
        let folder = file.parent().unwrap();
        if !file.ends_with("manifest.yaml") {
            continue;
        }
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let tenant = folder.join("tenant.yaml");
        let files = [(format!("{name}.yaml"), std::fs::read_to_string(&file).unwrap())];
        if tenant.exists() {
            let arguments = vec!["--tenants".to_owned(), tenant.display().to_string()];
            cases.push(Case::new(&name, &files, arguments));
        } else {
            plain.extend(files);
        }
    }
    let arguments = vec!["--tenants".to_owned(), EMPTY_TENANT.to_owned()];
    for chunk in plain.chunks(15) {
        cases.push(Case::new(&chunk[0].0, chunk, arguments.clone()));
    }
    let rules = check_all(cases);
    assert!(rules.len() >= 15, "{} rules: {rules:?}", rules.len());
}

#[test]
fn public_examples_are_fixed() {
    let mut files = Vec::new();
    for (number, file) in manifests::files("tests/data/public", "yaml").into_iter().enumerate() {
        if !file.ends_with("explained.yaml") {
            let text = std::fs::read_to_string(&file).unwrap();
            files.push((format!("{number:03}.yaml"), text));
        }
    }
    let arguments = vec!["--tenants".to_owned(), EMPTY_TENANT.to_owned()];
    let cases = files.chunks(20).map(|chunk| Case::new(&chunk[0].0, chunk, arguments.clone()));
    let rules = check_all(cases.collect());
    assert!(rules.len() >= 2, "{} rules: {rules:?}", rules.len());
}

const MISSPELT: &str = "# etl\r\napiVersion: flink.apache.org/v1beta1\r\nkind: FlinkDeployment\r\nmetadata: {name: etl, namespace: a}\r\nspec:\r\n    image: 'flink:1.20.1' # pinned\r\n    flinkVersion: v1_20\r\n    serviceAcount: flink\r\n    flinkConfiguration:\r\n        # two\r\n        taskmanager.numberOfTaskSlots: '2'\r\n        metrics.foo: x\r\n    jobManager: {resource: {memory: 1g, cpu: 1}}\r\n    taskManager: {resource: {memory: 2g, cpu: 1}}\r\n    job: {jarURI: 'local:///opt/flink/usrlib/a.jar', parallelism: 2, upgradeMode: stateless}";

fn misspelt() -> Case {
    let files = [("etl.yaml".to_owned(), MISSPELT.to_owned())];
    Case::new("misspelt", &files, vec!["--tenants".into(), EMPTY_TENANT.into()])
}

#[test]
fn safe_fixes_alone_are_applied_by_default() {
    let case = misspelt();
    let output = case.run(&["--fix", "--fail-on", "never"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let file = case.folder.path().join("etl.yaml");
    let safe = MISSPELT.replace("Acount", "Account");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), safe);
    assert!(text(&output.stderr).contains("fixed 2 findings in 1 file"), "{output:?}");
    assert!(text(&output.stdout).contains("metrics.foo"), "the rest is reported: {output:?}");

    case.run(&["--fix", "--unsafe-fixes"]);
    let all = safe.replace("        metrics.foo: x\r\n", "");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), all);
}

#[test]
fn a_diff_writes_nothing_and_has_its_exit_status() {
    let case = misspelt();
    let output = case.run(&["--diff"]);
    assert_eq!(output.status.code(), Some(1));
    let file = case.folder.path().join("etl.yaml");
    let shown = text(&output.stdout);
    assert!(shown.contains(&format!("--- {0}\n+++ {0}\n", file.display())), "{shown}");
    assert!(shown.contains("\n+    serviceAccount: flink"), "{shown}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), MISSPELT);
    let arguments = ["lint", "-", "--diff", "--tenants", EMPTY_TENANT];
    let output = flinkgate(&arguments, Some(MISSPELT));
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("+++ <stdin>\n"), "{output:?}");
    let right = MISSPELT.replace("Acount", "Account");
    assert_eq!(flinkgate(&arguments, Some(&right)).status.code(), Some(0));
    let both = flinkgate(&["lint", "--fix", "--diff", "-"], Some(""));
    assert_eq!(both.status.code(), Some(2));
}

#[test]
fn charts_standard_input_and_outside_files_are_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let chart = folder.path().join("chart");
    std::fs::create_dir_all(chart.join("templates/jobs")).unwrap();
    std::fs::write(chart.join("Chart.yaml"), "name: etl\n").unwrap();
    let template = chart.join("templates/jobs/etl.yaml");
    std::fs::write(&template, MISSPELT).unwrap();
    let path = template.to_str().unwrap();
    let common = ["--unsafe-fixes", "--tenants", EMPTY_TENANT];
    let run = |first: &[&str]| flinkgate(&[first, &common].concat(), None);
    run(&["lint", "--fix", path]);
    assert_eq!(std::fs::read_to_string(&template).unwrap(), MISSPELT);
    assert_eq!(text(&run(&["lint", "--diff", path]).stdout), "");
    let json = flinkgate(&["lint", path, "--format", "json", "--tenants", EMPTY_TENANT], None);
    assert!(!text(&json.stdout).contains("\"fix\""));

    let output = flinkgate(&["lint", "-", "--fix", "--tenants", EMPTY_TENANT], Some(MISSPELT));
    assert!(text(&output.stderr).contains("fixed 0 findings in 0 files"), "{output:?}");
}

#[cfg(unix)]
#[test]
fn a_written_file_keeps_its_permissions_and_links() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let case = misspelt();
    let folder = case.folder.path();
    let real = folder.join("real");
    std::fs::create_dir(&real).unwrap();
    std::fs::rename(folder.join("etl.yaml"), real.join("etl.txt")).unwrap();
    symlink("real/etl.txt", folder.join("etl.yaml")).unwrap();
    let permissions = std::fs::Permissions::from_mode(0o640);
    std::fs::set_permissions(real.join("etl.txt"), permissions).unwrap();
    case.run(&["--fix"]);
    assert!(folder.join("etl.yaml").symlink_metadata().unwrap().is_symlink());
    let written = std::fs::metadata(real.join("etl.txt")).unwrap();
    assert_eq!(written.permissions().mode() & 0o777, 0o640);
    let text = std::fs::read_to_string(real.join("etl.txt")).unwrap();
    assert!(text.contains("serviceAccount:"));
    assert_eq!(std::fs::read_dir(&real).unwrap().count(), 1, "no temporary file is left");
}

#[test]
fn reports_have_the_edits() {
    let case = misspelt();
    let json = case.report(&[]);
    let fixes: Vec<&Value> = json["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["rule"] == "flink/unknown-field")
        .map(|it| &it["fix"])
        .collect();
    let edit = json!({
        "line": 8, "column": 5, "endLine": 8, "endColumn": 18, "text": "serviceAccount",
    });
    assert_eq!(fixes, [&json!({"safe": true, "edits": [edit]})]);
    let sarif: Value = serde_json::from_slice(&case.run(&["--format", "sarif"]).stdout).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let result = results.iter().find(|it| it["ruleId"] == "flink/unknown-field").unwrap();
    let replacement = &result["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(replacement["insertedContent"]["text"], "serviceAccount");
    assert_eq!(replacement["deletedRegion"]["endColumn"], 18);
    let _: serde_sarif::sarif::Sarif = serde_json::from_value(sarif).unwrap();
}

#[test]
fn options_in_a_config_map_are_fixed_in_their_text() {
    let file = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: flink-config, namespace: a}\ndata:\n  config.yaml: |\n    # slots\n    taskmanager:\n      numberOfTaskSlot: 2 # two\n    parallelism.default: 2\n";
    let files = [("config.yaml".to_owned(), file.to_owned())];
    let case = Case::new("config", &files, vec!["--tenants".into(), EMPTY_TENANT.into()]);
    case.run(&["--fix"]);
    let after = std::fs::read_to_string(case.folder.path().join("config.yaml")).unwrap();
    assert_eq!(after, file.replace("numberOfTaskSlot:", "numberOfTaskSlots:"));
}

#[test]
fn lists_and_json_files_are_fixed_in_their_style() {
    let item = r#"{"apiVersion":"flink.apache.org/v1beta1","kind":"FlinkDeployment","metadata":{"name":"NAME","namespace":"a"},"spec":{"image":"flink:1.20.1","flinkVersion":"v1_20","serviceAcount":"flink","jobManager":{"resource":{"memory":"1g","cpu":1}},"taskManager":{"resource":{"memory":"2g","cpu":1}},"job":{"jarURI":"local:///opt/flink/usrlib/a.jar","parallelism":2,"upgradeMode":"stateless"}}}"#;
    let (one, two) = (item.replace("NAME", "one"), item.replace("NAME", "two"));
    let list = format!("{{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{one},\n{two}]}}");
    let bundle = format!("apiVersion: v1\nkind: List # of two\nitems:\n- {one}\n- {two}\n");
    let files = [("a.json".to_owned(), list.clone()), ("b.yaml".to_owned(), bundle.clone())];
    let case = Case::new("lists", &files, vec!["--tenants".into(), EMPTY_TENANT.into()]);
    case.run(&["--fix"]);
    let read = |file: &str| std::fs::read_to_string(case.folder.path().join(file)).unwrap();
    assert_eq!(read("a.json"), list.replace("Acount", "Account"));
    assert_eq!(read("b.yaml"), bundle.replace("Acount", "Account"));
}

#[test]
fn a_finding_below_an_alias_is_reported_and_stays() {
    let text = MISSPELT
        .replace("metadata: {", "x: &x {serviceAcount: flink}\r\nmetadata: {")
        .replace("    serviceAcount: flink\r\n    flink", "    <<: *x\r\n    flink");
    let files = [("etl.yaml".to_owned(), text.clone())];
    let case = Case::new("alias", &files, vec!["--tenants".into(), EMPTY_TENANT.into()]);
    let output = case.run(&["--fix"]);
    assert_eq!(std::fs::read_to_string(case.folder.path().join("etl.yaml")).unwrap(), text);
    assert!(self::text(&output.stdout).contains("serviceAcount"), "{output:?}");
}

#[test]
fn render_writes_what_is_added() {
    let folder = tempfile::tempdir().unwrap();
    let tenant = folder.path().join("tenant.yaml");
    std::fs::write(
        &tenant,
        "apiVersion: flinkgate.dev/v1alpha1\nkind: FlinkTenant\nmetadata: {name: a}\nspec:\n  namespaces: {names: [a]}\n  labels: {team: search}\n  scheduling: {nodeSelector: {pool: flink}}\n  flink: {configuration: {enforced: {metrics.latency.interval: 60s}}}\n",
    )
    .unwrap();
    let sources = folder.path().join("jobs");
    std::fs::create_dir(&sources).unwrap();
    let file = sources.join("etl.yaml");
    let before = MISSPELT.replace("Acount", "Account").replace("        metrics.foo: x\r\n", "");
    let two = format!("{before}\r\n---\r\n{before}");
    std::fs::write(&file, &two).unwrap();
    let sources = sources.to_str().unwrap();
    let tenants = ["--tenants", tenant.to_str().unwrap()];
    let run = |more: &[&str]| flinkgate(&[&["render", sources], &tenants[..], more].concat(), None);
    let rendered = text(&run(&[]).stdout);
    let output = run(&["--write"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("completed 2 objects in 1 file"), "{output:?}");
    let after = std::fs::read_to_string(&file).unwrap();
    assert!(after.contains("        metrics.latency.interval: 60s\r\n"), "{after}");
    for line in before.lines() {
        assert!(after.contains(line), "{line} is lost: {after}");
    }
    assert_eq!(after.matches("# pinned").count(), 2);
    assert_eq!(text(&run(&["--diff"]).stdout), "", "nothing is left to add");
    assert_eq!(text(&run(&[]).stdout), rendered, "the objects are those of the cluster");
    assert_eq!(run(&["--write"]).status.code(), Some(0));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), after);
    let path = Path::new(sources).join("-");
    assert!(!path.exists());
}
