//! Policies in files: loading, reloading while requests run, their tests, and the commands that
//! show them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use assert_cmd::Command;
use flinkgate::rego::{PolicySet, PolicyStore};
use regorus::Value;
use std::fs;
use std::path::{Path, PathBuf};

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
}

fn flinkgate(args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_flinkgate")).args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

const RULE: &str = "package mine.no_root\ndeny contains \"root\" if input.root\nwarn contains \"seldom\" if input.seldom\n";
const TEST: &str = "package mine.no_root_test\nimport data.mine.no_root\ntest_root if count(no_root.deny) == 1 with input as {\"root\": true}\n";

#[test]
fn built_in_rules_load_and_are_documented() {
    let set = PolicySet::built_in().unwrap();
    for rule in set.catalog() {
        assert!(
            rule.builtin && rule.since.is_some() && rule.bad.is_some() && rule.good.is_some(),
            "{} lacks documentation",
            rule.id
        );
        assert!(
            !rule.description.is_empty() && rule.title != rule.id,
            "{} lacks a title or description",
            rule.id
        );
        assert_eq!(set.documentation(&rule.id), Some(rule));
    }
}

#[test]
fn users_rules_come_beside_the_built_in_ones_without_their_tests() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.rego", RULE);
    write(folder.path(), "a_test.rego", TEST);
    let set = PolicySet::load(&[folder.path().to_path_buf()]).unwrap();
    assert_eq!(set.catalog().len(), PolicySet::built_in().unwrap().catalog().len() + 1);
    assert_eq!(
        set.documentation("user/no-root").unwrap().path,
        folder.path().join("a.rego").display().to_string()
    );
}

#[test]
fn a_broken_change_leaves_the_old_rules_in_force_and_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let paths = [PathBuf::from(folder.path())];
    write(folder.path(), "a.rego", RULE);
    let store = PolicyStore::new(PolicySet::load(&paths).unwrap().into());
    let before = store.current();
    write(folder.path(), "a.rego", "package mine.no_root\ndeny contains ]\n");
    store.reload(&paths).unwrap_err();
    assert_eq!(store.current().generation(), before.generation());
    assert!(store.last_error().unwrap().contains("a.rego:2:15"), "{:?}", store.last_error());
    write(folder.path(), "a.rego", &RULE.replace("\"root\"", "\"changed\""));
    store.reload(&paths).unwrap();
    assert_eq!(store.last_error(), None);
    let messages = |set: &PolicySet| -> Vec<String> {
        let found = set.evaluate(Value::from_json_str(r#"{"root": true}"#).unwrap());
        found
            .into_iter()
            .filter(|finding| finding.rule == "user/no-root")
            .map(|finding| finding.message)
            .collect()
    };
    assert_eq!(messages(&store.current()), ["changed"]);
    assert_eq!(
        messages(&before),
        ["root"],
        "a request that began before the change ends with the old rules"
    );
}

#[test]
fn policy_tests_run_with_with_and_tell_what_they_covered() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.rego", RULE);
    write(folder.path(), "a_test.rego", TEST);
    let path = folder.path().to_str().unwrap();
    assert_eq!(flinkgate(&["test", path]), (0, "1 passed, 0 failed\n".into(), String::new()));
    let (_, out, _) = flinkgate(&["test", path, "--coverage"]);
    assert!(out.contains("a.rego") && out.contains(" % ") && !out.contains("a_test.rego"), "{out}");
}

#[test]
fn failing_policy_tests_are_shown_with_what_they_printed() {
    let folder = tempfile::tempdir().unwrap();
    let tests = "package t_test\ntest_true if true\ntest_undefined if {\n\tprint(\"here\")\n\tinput.a\n}\ntest_false := false\n";
    write(folder.path(), "t_test.rego", tests);
    let (code, out, _) = flinkgate(&["test", folder.path().to_str().unwrap()]);
    assert_eq!(code, 1);
    assert!(out.contains("t_test.rego:3 data.t_test.test_undefined\n     undefined"), "{out}");
    assert!(out.contains("line 5: `input.a` is not true\n     input.a is undefined"), "{out}");
    assert!(out.contains("here"), "{out}");
    assert!(
        out.contains("t_test.rego:7 data.t_test.test_false\n     it is false, not true"),
        "{out}"
    );
    assert!(out.ends_with("1 passed, 2 failed\n"), "{out}");
}

#[test]
fn policy_tests_that_cannot_run_end_with_status_2() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    assert_eq!(flinkgate(&["test", path]).0, 2, "no tests");
    write(folder.path(), "t_test.rego", "package t\nf(n) := f(n + 1)\ntest_endless if f(1)\n");
    let (code, _, error) = flinkgate(&["test", path]);
    assert_eq!(code, 2);
    assert!(error.contains("t_test.rego:2:9: recursion"), "{error}");
}

#[test]
fn the_commands_show_users_rules() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.rego", RULE);
    let path = folder.path().to_str().unwrap();
    let (code, out, _) = flinkgate(&["rules", "--policies", path]);
    assert!(code == 0 && out.contains("user/no-root"), "{out}");
    let (_, json, _) = flinkgate(&["rules", "--policies", path, "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let rule = |id: &str| json["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == id);
    assert!(rule("user/no-root").is_some());
    let built_in = rule("security/service-account").unwrap();
    assert_eq!(built_in["tenantFields"], serde_json::json!(["security.serviceAccounts"]));
    let (code, out, _) = flinkgate(&["explain", "user/no-root", "--policies", path]);
    assert!(code == 0 && out.contains("Rule:   user/no-root"), "{out}");
    let (code, _, error) = flinkgate(&["explain", "user/no-rot", "--policies", path]);
    assert!(code == 2 && error.contains("did you mean `user/no-root`?"), "{error}");
}

#[test]
fn a_failure_names_the_expression_and_its_values() {
    let folder = tempfile::tempdir().unwrap();
    let tests = "package mine.no_root_test\n\nimport data.mine.no_root\n\ninput_of(root) := {\"root\": root}\n\ntest_count if {\n\tgiven := input_of(false)\n\tcount(no_root.deny) == 1 with input as given\n\tgiven.root\n}\n\ntest_not if {\n\tnot input_of(true).root\n}\n\ntest_fine if true\n";
    write(folder.path(), "a.rego", RULE);
    write(folder.path(), "a_test.rego", tests);
    let path = folder.path().to_str().unwrap();
    let (code, out, _) = flinkgate(&["test", path]);
    assert_eq!(code, 1);
    for part in [
        "line 9: `count(no_root.deny) == 1 with input as given` is not true\n     count(no_root.deny) is 0\n",
        "line 14: `not input_of(true).root` is not true\n     input_of(true).root is true\n",
        "1 passed, 2 failed",
    ] {
        assert!(out.contains(part), "{part} is not in {out}");
    }
    let (code, out, _) = flinkgate(&["test", path, "--run", "fine", "-v"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.starts_with("PASS ") && out.contains("data.mine.no_root_test.test_fine"), "{out}");
    assert!(out.ends_with("1 passed, 0 failed\n"), "{out}");
    let (code, _, error) = flinkgate(&["test", path, "--run", "nothing"]);
    assert!(code == 2 && error.contains("no test has `nothing` in its name"), "{error}");
    let (code, out, _) = flinkgate(&["test", path, "--format", "junit"]);
    assert!(code == 1 && out.contains("tests=\"3\" skipped=\"0\" failures=\"2\""), "{out}");
}

#[test]
fn a_policy_without_a_test_has_no_coverage() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.rego", RULE);
    write(folder.path(), "a_test.rego", TEST);
    write(folder.path(), "b.rego", "package other\ndeny contains \"x\" if input.object.x\n");
    let (code, out, _) = flinkgate(&["test", folder.path().to_str().unwrap(), "--coverage"]);
    assert_eq!(code, 0, "{out}");
    let line = out.lines().find(|line| line.contains("b.rego")).unwrap();
    assert!(line.starts_with("   0 % ") && line.ends_with("uncovered lines: 2"), "{out}");
}

#[test]
fn a_read_of_a_field_that_input_never_has_fails_the_tests() {
    let folder = tempfile::tempdir().unwrap();
    let policy = "package p\ndeny contains \"x\" if input.flink.size.totl.cpu > 1\n";
    write(folder.path(), "p.rego", policy);
    write(folder.path(), "p_test.rego", "package p_test\ntest_x if count(data.p.deny) == 0\n");
    let (code, out, error) = flinkgate(&["test", folder.path().to_str().unwrap()]);
    assert!(code == 1 && out.ends_with("1 passed, 0 failed\n"), "{out}");
    assert!(error.contains("p.rego:2:22: unknown field `input.flink.size.totl`"), "{error}");
}

#[test]
fn a_new_policy_passes_its_tests_and_reports_its_example() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().to_str().unwrap();
    let (code, out, error) = flinkgate(&["new", "policy", "team-label-2", "--dir", dir]);
    assert_eq!(code, 0, "{error}");
    assert_eq!(out.lines().count(), 3, "{out}");
    let made = folder.path().join("team-label-2");
    let made = made.to_str().unwrap();
    let (code, out, error) = flinkgate(&["test", made, "--coverage"]);
    assert_eq!((code, error.as_str()), (0, ""), "{out}");
    assert!(out.contains(" 100 % ") && out.ends_with("3 passed, 0 failed\n"), "{out}");
    let example = format!("{made}/example.yaml");
    let (code, out, _) = flinkgate(&["lint", "--policies", made, &example]);
    assert!(code == 1 && out.contains("user/team-label-2"), "{out}");
    let (code, _, error) = flinkgate(&["new", "policy", "team-label-2", "--dir", dir]);
    assert!(code == 2 && error.contains("failed to make the folder"), "{error}");
    for name in ["Team", "a--b", "-a", "1a", "a_b", "../a", ""] {
        let (code, _, error) = flinkgate(&["new", "policy", &format!("--dir={dir}"), "--", name]);
        assert!(code == 2 && error.contains("is not a name of a policy"), "{name}: {error}");
    }
}

#[test]
fn an_expression_is_evaluated_over_objects() {
    let folder = tempfile::tempdir().unwrap();
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, image: 'x:1'}, {name: b, image: 'y:1'}]}\n";
    write(folder.path(), "pod.yaml", pod);
    write(folder.path(), "a.rego", "package a\ndeny contains input.object.metadata.name\n");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let pod = path("pod.yaml");
    let eval = |args: &[&str]| flinkgate(&[&["eval"], args].concat());
    let fine = |out: &str| (0, out.to_owned(), String::new());
    assert_eq!(eval(&["count(input.flink.pods)", &pod]), fine("1\n"));
    assert_eq!(eval(&["data.a.deny", &pod, "--policies", &path("a.rego")]), fine("[\"p\"]\n"));
    let names = "input.spec.containers[_].name";
    assert_eq!(eval(&["--object", names, &pod]), fine("\"a\"\n\"b\"\n"));
    assert_eq!(eval(&["--object", "input.nothing", &pod]), (1, String::new(), String::new()));
    let (code, _, error) = eval(&["--object", "input.[", &pod]);
    assert!(code == 2 && error.contains("expression:1:"), "{error}");
}

#[test]
fn tests_run_again_when_a_file_changes() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.rego", RULE);
    write(folder.path(), "a_test.rego", TEST);
    let mut child = Command::new(env!("CARGO_BIN_EXE_flinkgate"))
        .args(["test", "--watch", folder.path().to_str().unwrap()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "1 passed, 0 failed");
    let more = TEST.replace("test_root", "test_other") + "test_more if true\n";
    write(folder.path(), "a_test.rego", &more);
    assert_eq!(lines.next().unwrap().unwrap(), "2 passed, 0 failed");
    child.kill().unwrap();
    child.wait().unwrap();
}
