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
