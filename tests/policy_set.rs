//! Policies from text to findings: what is evaluated, what is refused at load, and that nothing
//! takes the process along.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::quota::Usage;
use flinkgate::rego::{Needs, PolicySet, PolicySource, Scope};
use flinkgate::resource::Resource;
use flinkgate::rules::{Finding, Level};
use flinkgate::tenant::{Enforcement, FlinkTenantSpec, Tenant, Tenants};
use regorus::Value;
use serde_json::json;
use std::collections::BTreeMap;

fn source(path: &str, text: &str) -> PolicySource {
    PolicySource { path: path.into(), text: text.into(), ..PolicySource::default() }
}

fn set(text: &str) -> PolicySet {
    PolicySet::from_sources(vec![source("a.rego", text)]).unwrap()
}

fn input(json: &str) -> Value {
    Value::from_json_str(json).unwrap()
}

/// Findings of one policy `package x`, with both engines.
fn findings(body: &str, json: &str) -> Vec<Finding> {
    let set = set(&format!("package x\n{body}\n"));
    let found = set.evaluate(input(json));
    assert_eq!(found, set.evaluate_with_interpreter(input(json)).unwrap(), "the engines differ");
    found
}

/// Why these files are refused, one problem a line.
fn refusal(files: &[(&str, &str)]) -> String {
    let sources = files.iter().map(|(path, text)| source(path, text)).collect();
    PolicySet::from_sources(sources).expect_err("the policies should be refused").to_string()
}

#[test]
fn a_finding_is_a_text_or_an_object() {
    let body = r#"
        deny contains "plain" if input.bad
        deny contains {"msg": "object", "path": ["spec", "containers", 0, "a/b"], "help": "do", "level": "info"} if input.bad
        warn contains {"msg": "advice"} if input.bad
        info contains "note" if input.bad"#;
    let finding = |level, message: &str, pointer: &str, help: Option<&str>| Finding {
        rule: "user/x".into(),
        level,
        message: message.into(),
        pointer: pointer.into(),
        help: help.map(str::to_owned),
        ..Finding::default()
    };
    let expected = [
        finding(Level::Error, "plain", "", None),
        finding(Level::Info, "object", "/spec/containers/0/a~1b", Some("do")),
        finding(Level::Warning, "advice", "", None),
        finding(Level::Info, "note", "", None),
    ];
    assert_eq!(findings(body, r#"{"bad": true}"#), expected);
    assert_eq!(findings(body, r#"{"bad": false}"#), []);
}

#[test]
fn the_metadata_gives_id_level_and_help() {
    let text = "# METADATA\n# custom:\n#   id: security/mine\n#   level: warning\n#   help: Do it.\npackage x\ndeny contains \"a\"\n";
    let found = set(text).evaluate(input("{}"));
    assert_eq!(
        (&*found[0].rule, found[0].level, found[0].help.as_deref()),
        ("security/mine", Level::Warning, Some("Do it."))
    );
}

#[test]
fn malformed_findings_are_errors_that_name_the_policy() {
    for (body, message) in [
        ("deny contains 7", "data.x.deny holds a number"),
        ("deny contains {\"message\": \"a\"}", "a finding without msg"),
        ("deny contains {\"msg\": 1}", "msg is a number"),
        ("deny contains {\"msg\": \"a\", \"path\": \"spec\"}", "path is a text, not a list"),
        ("deny contains {\"msg\": \"a\", \"path\": [null]}", "path has null"),
        (
            "deny contains {\"msg\": \"a\", \"path\": [-1]}",
            "path has a fraction or a negative number",
        ),
        ("warn contains {\"msg\": \"a\", \"level\": \"fatal\"}", "level is \"fatal\""),
        ("deny := true", "data.x.deny is a boolean, not a set"),
        ("deny := [\"a\"]", "data.x.deny is a list, not a set"),
    ] {
        let found = findings(body, "{}");
        assert_eq!(found.len(), 1, "{body}");
        assert_eq!((&*found[0].rule, found[0].level), ("user/x", Level::Error), "{body}");
        assert!(
            found[0].message.starts_with("the policy could not be evaluated: ")
                && found[0].message.contains(message),
            "{}",
            found[0].message
        );
    }
}

#[test]
fn a_policy_that_runs_too_long_is_an_error_and_the_others_still_run() {
    let endless = "package a\nnumbers_ := numbers.range(1, 2000)\ndeny contains \"never\" if {\n\tsome x in numbers_\n\tsome y in numbers_\n\tx + y < 0\n}\nwarn contains \"after\"\n";
    let sources =
        vec![source("a.rego", endless), source("b.rego", "package b\ndeny contains \"still\"\n")];
    let set = PolicySet::from_sources(sources).unwrap();
    for _ in 0..2 {
        let found = set.evaluate(input("{}"));
        let messages: Vec<_> = found
            .iter()
            .map(|finding| (&*finding.rule, finding.level, finding.message.as_str()))
            .collect();
        assert!(messages[0].2.starts_with("the policy could not be evaluated: "), "{messages:?}");
        assert_eq!((messages[0].0, messages[0].1), ("user/a", Level::Error));
        assert_eq!(
            messages[1..],
            [("user/a", Level::Warning, "after"), ("user/b", Level::Error, "still")]
        );
    }
}

#[test]
fn all_rules_share_one_budget_and_those_after_it_say_so() {
    let endless = |package: &str| {
        format!(
            "package {package}\ndeny contains \"never\" if {{\n\tsome x in numbers.range(1, 2000)\n\tsome y in numbers.range(1, 2000)\n\tx + y < 0\n}}\n"
        )
    };
    let mut sources: Vec<_> = ["a", "b", "c", "d", "e"]
        .map(|package| source(&format!("{package}.rego"), &endless(package)))
        .into();
    sources.push(source("f.rego", "package f\ndeny contains \"never reached\"\n"));
    let set = PolicySet::from_sources(sources).unwrap();
    for _ in 0..2 {
        let found = set.evaluate(input("{}"));
        assert_eq!(
            found.iter().map(|finding| &*finding.rule).collect::<Vec<_>>(),
            ["user/a", "user/b", "user/c", "user/d", "user/e", "user/f"]
        );
        assert!(
            found.iter().all(|finding| finding.level == Level::Error
                && finding.message.contains("could not be evaluated: ")),
            "{found:?}"
        );
        assert!(found[5].message.contains("before it used up"), "{}", found[5].message);
    }
}

#[test]
fn twenty_thousand_elements_are_not_too_many() {
    let env: Vec<String> = (0..20_000).map(|index| format!("{{\"name\": \"N{index}\"}}")).collect();
    let json = format!("{{\"env\": [{}]}}", env.join(","));
    let set = set(
        "package x\ndeny contains e.name if {\n\tsome e in input.env\n\te.name == \"N19999\"\n}\n",
    );
    assert_eq!(set.evaluate(input(&json))[0].message, "N19999");
}

#[test]
fn recursion_is_refused_with_its_place_however_it_hides() {
    for (files, place) in [
        (
            vec![("a.rego", "package x\na := b\nb := a\ndeny contains \"m\" if a\n")],
            "a.rego:3:6: recursion: x.a → x.b → x.a",
        ),
        (
            vec![("a.rego", "package x\nf(n) := f(n + 1)\ndeny contains \"m\" if f(1)\n")],
            "a.rego:2:9: recursion: x.f → x.f",
        ),
        (
            vec![(
                "a.rego",
                "package x\nf(n) := g(n)\ng(n) := h(n)\nh(n) := f(n)\ndeny contains \"m\" if f(1)\n",
            )],
            "recursion: x.f → x.g → x.h → x.f",
        ),
        (
            vec![
                (
                    "a.rego",
                    "package x\nimport data.y as other\nf(n) := other.g(n)\ndeny contains \"m\" if f(1)\n",
                ),
                ("b.rego", "package y\ng(n) := data.x.f(n)\n"),
            ],
            "recursion: x.f → y.g → x.f",
        ),
        (
            vec![(
                "a.rego",
                "package x\nimport data.x as me\na if me.a\ndeny contains \"m\" if a\n",
            )],
            "a.rego:3:6: recursion: x.a → x.a",
        ),
        (
            vec![(
                "a.rego",
                "package x\na if {\n\tsome name\n\tdata.x[name]\n}\ndeny contains \"m\" if a\n",
            )],
            "a.rego:4:5: recursion: x.a → x.a",
        ),
        (
            vec![(
                "a.rego",
                "package x\na if data[\"x\"].b\nb if count([1 | a]) > 0\ndeny contains \"m\" if a\n",
            )],
            "recursion: x.a → x.b → x.a",
        ),
        (
            vec![("a.rego", "package x\ndeny contains \"m\" if count(deny) == 0\n")],
            "a.rego:2:28: recursion: x.deny → x.deny",
        ),
        (
            vec![(
                "a.rego",
                "package x\na := 1 if false\nelse := b\nb := 2 if not a\ndeny contains \"m\" if a\n",
            )],
            "recursion: x.a → x.b → x.a",
        ),
        (
            vec![(
                "a.rego",
                "package x\na[k] := v if some k, v in b\nb := a\ndeny contains \"m\" if b\n",
            )],
            "recursion: x.a → x.b → x.a",
        ),
    ] {
        let refused = refusal(&files);
        assert!(refused.contains(place), "expected {place}, got {refused}");
    }
}

#[test]
fn a_local_name_that_hides_a_rule_is_not_recursion() {
    let text = "package x\nnames contains name if some name in input.names\nshort(names) if count(names) < 3\ndeny contains \"m\" if {\n\tsome pod in input.pods\n\tshort(pod)\n\tcount(names) == 0\n}\n";
    assert_eq!(set(text).evaluate(input(r#"{"pods": [[1]], "names": []}"#)).len(), 1);
}

#[test]
fn what_the_virtual_machine_lacks_is_refused_with_its_place() {
    for (body, place) in [
        ("deny contains \"m\" if input.a with input as {\"a\": 1}", "a.rego:2:"),
        ("deny contains \"m\" if print(\"x\")", "a.rego:2:22: Missing builtin function: print"),
        ("deny contains \"m\" if no_such.builtin(1)", "a.rego:2:"),
        ("deny contains \"m\" if http.send({\"method\": \"get\", \"url\": \"x\"})", "a.rego:2:"),
        ("deny contains \"m\" if __builtin_host_await(1, \"x\")", "a.rego:2:22: unknown function"),
        ("deny contains missing", "a.rego:2:"),
        ("deny contains ]", "a.rego:2:15:"),
        ("deny[msg] { msg := \"v0\" }", "a.rego:2:"),
    ] {
        let refused = refusal(&[("a.rego", &format!("package x\n{body}\n"))]);
        assert!(refused.starts_with(place), "{body}: {refused}");
    }
}

#[test]
fn all_broken_files_are_named_at_once() {
    let refused = refusal(&[
        ("a.rego", "package x\ndeny contains ]\n"),
        ("b.rego", "pakage y\n"),
        ("c.rego", "package z\n"),
    ]);
    let places: Vec<&str> = refused.lines().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(places, ["a.rego:2:15", "b.rego:1:1"]);
}

#[test]
fn files_over_the_limits_are_refused() {
    let long_line = format!("package x\ndeny contains \"{}\"\n", "m".repeat(2000));
    assert!(refusal(&[("a.rego", &long_line)]).starts_with("a.rego:"), "a line of 2000 columns");
    let many_lines = format!("package x\n{}", "\n".repeat(20_001));
    assert!(refusal(&[("a.rego", &many_lines)]).contains("line count"));
    let large = format!("package x\n{}", "# comment\n".repeat(110_000));
    assert!(
        refusal(&[("a.rego", &large)])
            .contains("the file size is 1100010 bytes, over the limit of 262144")
    );
}

#[test]
fn hostile_nesting_is_refused_instead_of_overflowing_the_stack() {
    let sum =
        format!("package x\nn := 1{}\ndeny contains \"m\" if n > 0\n", " +\n1".repeat(18_000));
    assert!(refusal(&[("a.rego", &sum)]).contains("nests more than"));
    let brackets = format!(
        "package x\nn := {}1{}\ndeny contains \"m\" if n\n",
        "[".repeat(500),
        "]".repeat(500)
    );
    assert!(refusal(&[("a.rego", &brackets)]).starts_with("a.rego:2:"), "500 brackets");
    let long = format!("package x\nn := 1{}\n", format!("{} +\n1", "+1".repeat(490)).repeat(1_018));
    assert!(
        refusal(&[("a.rego", &long)]).contains("over the limit of 262144"),
        "500 000 operators"
    );
    let dots = format!("package x\nn := input{}\ndeny contains \"m\" if n > 0\n", ".a".repeat(400));
    assert_eq!(set(&dots).evaluate(input("{}")), []);
}

#[test]
fn ids_must_be_known_and_unique() {
    let with_id = |id: &str, package: &str| {
        format!("# METADATA\n# custom: {{id: {id}}}\npackage {package}\ndeny contains \"m\"\n")
    };
    assert!(refusal(&[("a.rego", &with_id("nonsense/x", "a"))]).contains("unknown family"));
    let (a, b) = (with_id("user/x", "a"), with_id("user/x", "b"));
    assert_eq!(
        refusal(&[("a.rego", &a), ("b.rego", &b)]),
        "b.rego:1:1: rule id user/x is already taken by a.rego: give one of them another custom.id"
    );
    let (a, b) = (with_id("user/x", "a"), with_id("user/y", "a"));
    assert!(refusal(&[("a.rego", &a), ("b.rego", &b)]).contains("one package, one rule"));
}

#[test]
fn files_of_one_package_without_metadata_are_one_rule_as_conftest_has_them() {
    let sources = vec![
        source("a.rego", "package main\ndeny contains \"a\"\n"),
        source("b.rego", "package main\ndeny contains \"b\"\n"),
    ];
    let set = PolicySet::from_sources(sources).unwrap();
    assert_eq!(set.rules().iter().map(|rule| rule.id.as_str()).collect::<Vec<_>>(), ["user/main"]);
    assert_eq!(set.evaluate(input("{}")).len(), 2);
}

#[test]
fn rules_that_would_never_be_evaluated_are_refused() {
    assert!(
        refusal(&[("a.rego", "package x\n\ndeny_root contains \"m\"\n")])
            .starts_with("a.rego:3:1: deny_root is never evaluated")
    );
    assert!(
        refusal(&[("a.rego", "package x\nviolation contains \"m\"\n")])
            .contains("violation is never evaluated")
    );
}

#[test]
fn conflicting_complete_rules_are_undefined_in_the_virtual_machine() {
    // Known of regorus and said in the module's documentation; should it ever become an error, the
    // better.
    let set = set("package x\nv := 1 if input.a\nv := 2 if input.a\ndeny contains \"m\" if v\n");
    assert_eq!(set.evaluate(input(r#"{"a": true}"#)), []);
}

#[test]
fn type_errors_are_undefined_as_in_opa() {
    let set = set(
        "package x\ndeny contains \"m\" if to_number(input.a) > 1\nwarn contains \"w\" if input.a + 1 > 1\n",
    );
    assert_eq!(set.evaluate(input(r#"{"a": "text"}"#)), []);
}

#[test]
fn only_what_policies_read_is_needed() {
    let all = Needs { object: true, old_object: true, used: true };
    let object = Needs { object: true, ..Needs::default() };
    let used = Needs { used: true, ..Needs::default() };
    for (body, expected) in [
        ("deny contains \"m\" if input.flink.engine", Needs::default()),
        ("deny contains \"m\" if input.object.kind", object),
        (
            "deny contains \"m\" if input[\"oldObject\"].kind",
            Needs { old_object: true, ..Needs::default() },
        ),
        ("deny contains \"m\" if input == {}", all),
        ("deny contains \"m\" if {\n\tsome field\n\tinput[field]\n}", all),
        ("import input.object as thing\ndeny contains \"m\" if thing.kind", object),
        ("f(x) := x.kind\ndeny contains \"m\" if count([y | y := f(input.object)]) > 0", object),
        ("deny contains \"m\" if input.quota.used.cpu == \"1\"", used),
        ("deny contains \"m\" if input.quota == {}", used),
        ("deny contains \"m\" if count(input.quota.hard) > 0", Needs::default()),
    ] {
        assert_eq!(set(&format!("package x\n{body}\n")).mentions(), expected, "{body}");
    }
    assert!(!PolicySet::built_in().unwrap().mentions().used, "lint would judge everything twice");
}

#[test]
fn two_sets_on_one_thread_do_not_mix() {
    let (a, b) = (set("package x\ndeny contains \"a\"\n"), set("package x\ndeny contains \"b\"\n"));
    for _ in 0..2 {
        assert_eq!(a.evaluate(input("{}"))[0].message, "a");
        assert_eq!(b.evaluate(input("{}"))[0].message, "b");
    }
}

#[test]
fn a_rule_may_call_rules_of_other_packages() {
    let sources = vec![
        source(
            "a.rego",
            "package user[\"a-b\"]\nimport data.lib.pods\ndeny contains sprintf(\"%s is bad\", [name]) if some name in pods.names\n",
        ),
        source("lib.rego", "package lib.pods\nnames contains pod.name if some pod in input.pods\n"),
    ];
    let set = PolicySet::from_sources(sources).unwrap();
    assert_eq!(set.rules()[0].id, "user/a-b");
    assert_eq!(set.evaluate(input(r#"{"pods": [{"name": "p"}]}"#))[0].message, "p is bad");
}

#[test]
fn imported_packages_hold_in_both_engines() {
    let library = "package lib.pods\nnames contains pod.name if some pod in input.pods\njudged if input.judged\nis_bad(name) if startswith(name, \"b\")\n";
    let body = "deny contains name if {\n\tpods.judged\n\tsome name in pods.names\n\tpods.is_bad(name)\n}\nname_of(pods) := pods.name\nwarn contains \"local\" if {\n\tsome pod in input.pods\n\tname_of(pod) == \"b1\"\n}\n";
    for (package, import) in
        [("a", "import data.lib.pods"), ("a[\"b-c\"]", "import data.lib.pods as pods")]
    {
        let policy = source("a.rego", &format!("package {package}\n{import}\n{body}"));
        let set = PolicySet::from_sources(vec![policy, source("lib.rego", library)]).unwrap();
        for (json, expected) in [
            (r#"{"judged": true, "pods": [{"name": "b1"}, {"name": "c"}]}"#, 2),
            (r#"{"pods": [{"name": "b2"}]}"#, 0),
        ] {
            let found = set.evaluate(input(json));
            assert_eq!(found.len(), expected, "{json}: {found:?}");
            assert_eq!(found, set.evaluate_with_interpreter(input(json)).unwrap());
        }
    }
}

#[test]
fn whole_packages_are_refused_as_the_virtual_machine_would_find_nothing_in_them() {
    let library = ("lib.rego", "package lib\nv if true\n");
    for body in [
        "deny contains \"m\" if {\n\tsome name\n\tdata.lib[name]\n}",
        "deny contains \"m\" if count(data.lib) > 0",
    ] {
        let refused = refusal(&[("a.rego", &format!("package x\n{body}\n")), library]);
        assert!(refused.contains("name the rule"), "{refused}");
    }
}

/// Levels of what a policy in this scope reports about a pod of tenant `payments`.
fn levels(scope: Scope) -> Vec<Level> {
    let scopes = BTreeMap::from([("a.rego".to_owned(), scope)]);
    let set = set("package x\ndeny contains \"m\"\n").with_scopes(&scopes);
    let spec: FlinkTenantSpec =
        serde_json::from_value(json!({"namespaces": {"names": ["payments-*"]}})).unwrap();
    let tenant = Tenant { name: "payments".into(), spec, ..Tenant::default() };
    let tenants = Tenants::new(vec![tenant], BTreeMap::new());
    let gate = Gate::new(tenants, set.into(), Unassigned::Warn);
    let pod = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "p", "namespace": "payments-prod"}, "spec": {"containers": []}});
    let resource = Resource::from_manifest(pod).unwrap();
    let case = gate.case(&resource, false).unwrap();
    let findings = gate.judge(case, &Usage::default()).findings.into_iter();
    findings.filter(|finding| finding.rule == "user/x").map(|finding| finding.level).collect()
}

#[test]
fn a_scope_decides_where_and_how_strictly_a_policy_applies() {
    let scope = |kinds: &[&str], tenants: &[&str], enforcement| Scope {
        kinds: kinds.iter().map(|kind| (*kind).into()).collect(),
        tenants: tenants.iter().map(|tenant| (*tenant).into()).collect(),
        enforcement,
        ..Scope::default()
    };
    assert_eq!(levels(Scope::default()), [Level::Error]);
    assert_eq!(levels(scope(&["Pod"], &["payments"], Enforcement::Warn)), [Level::Warning]);
    assert_eq!(levels(scope(&["Pod"], &[], Enforcement::Audit)), [Level::Info]);
    assert_eq!(levels(scope(&["FlinkDeployment"], &[], Enforcement::Enforce)), []);
    assert_eq!(levels(scope(&[], &["search"], Enforcement::Enforce)), []);
}
