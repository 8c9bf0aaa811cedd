//! Findings that a file accepts, with a reason.

use crate::folder::{Folder, ONLY, harmless, lines, privileged};
use serde_json::Value;

const ALLOW: &str = "# flinkgate: allow security/privileged -- needs the profiler";

/// [`privileged`] with a text at the end of some lines, from 1, and above others.
fn with(ends: &[(usize, &str)], above: &[(usize, &str)]) -> String {
    let mut out = String::new();
    for (number, line) in (1..).zip(privileged("a").lines()) {
        let indent = &line[..line.len() - line.trim_start().len()];
        for (_, text) in above.iter().filter(|(at, _)| *at == number) {
            out += &format!("{indent}{text}\n");
        }
        out += line;
        for (_, text) in ends.iter().filter(|(at, _)| *at == number) {
            out += &format!(" {text}");
        }
        out += "\n";
    }
    out
}

fn judged(text: &str, args: &[&str]) -> (i32, Value) {
    Folder::new(&[("a.yaml", text)]).lint(&[&ONLY, args].concat())
}

/// The status, the findings, and how many are suppressed.
fn found(text: &str, args: &[&str]) -> (i32, Vec<String>, usize) {
    let (status, report) = judged(text, args);
    (status, lines(&report["findings"]), report["suppressed"].as_array().map_or(0, Vec::len))
}

#[test]
fn comments_suppress_what_they_are_at() {
    let annotation = "metadata: {name: a, namespace: b, annotations: {flinkgate.dev/allow: security/privileged -- needs it}}";
    let crlf = with(&[(12, ALLOW)], &[]).replace('\n', "\r\n");
    for (text, is_suppressed) in [
        (with(&[(12, ALLOW)], &[]), true),
        (crlf, true),
        (with(&[], &[(12, ALLOW)]), true),
        (with(&[], &[(12, ALLOW), (12, "# more"), (12, "")]), true),
        (with(&[], &[(12, "# flinkgate: allow network/rest-exposure -- x"), (12, ALLOW)]), true),
        (with(&[(12, "# flinkgate: allow security/* -- all")], &[]), true),
        (with(&[(12, "# flinkgate: allow cost/labels,security/privileged -- both")], &[]), true),
        (with(&[], &[(1, ALLOW)]), true),
        (format!("{ALLOW}\n---\n{}", privileged("a")), true),
        (format!("--- {ALLOW}\n{}", privileged("a")), true),
        (format!("{}---\n{}", harmless("b"), with(&[], &[(1, ALLOW)])), true),
        (
            format!(
                "{}---\n{}",
                with(&[], &[(1, ALLOW)]).replace("{privileged: true}", "{}"),
                privileged("b")
            ),
            false,
        ),
        (with(&[(11, ALLOW)], &[]), false),
        (with(&[(13, ALLOW)], &[]), false),
        (with(&[], &[(11, ALLOW)]), false),
        (with(&[(12, "# see flinkgate: allow security/privileged -- x")], &[]), false),
        (with(&[(12, "# flinkgate: allow security/host-path -- other")], &[]), false),
        (privileged("a").replace("metadata: {name: a, namespace: b}", annotation), true),
    ] {
        let (status, findings, suppressed) = found(&text, &[]);
        let of_rule = findings.iter().filter(|line| line.contains("security/privileged")).count();
        let expected = if is_suppressed { (0, 0, 1) } else { (1, 1, 0) };
        assert_eq!((status, of_rule, suppressed), expected, "{text}\n{findings:?}");
    }
}

#[test]
fn what_looks_like_a_comment_is_none() {
    for text in [
        with(&[], &[]).replace("privileged: true", "privileged: true, x: \" # flinkgate: allow security/privileged -- x\""),
        with(&[], &[]).replace("spec:\n  flink", "# x\nspec:\n  logConfiguration:\n    a.sh: |\n      # flinkgate: allow security/privileged -- x\n  flink"),
    ] {
        let (status, findings, suppressed) = found(&text, &["--report-unused"]);
        assert_eq!((status, findings.len(), suppressed), (1, 1, 0), "{text}\n{findings:?}");
    }
    let json = flinkgate::resource::yaml::parse(&privileged("a")).remove(0).value.unwrap();
    let text = json
        .to_string()
        .replace("\"spec\"", "\"x\": \" # flinkgate: allow security/privileged -- x\", \"spec\"");
    assert_eq!(found(&text, &[]).0, 1);
    let mut annotated = json;
    annotated["metadata"]["annotations"] =
        serde_json::json!({"flinkgate.dev/allow": "security/privileged -- x"});
    assert_eq!(found(&annotated.to_string(), &[]), (0, vec![], 1));
}

#[test]
fn options_in_texts_have_suppressions_of_their_own() {
    let text = |above: &str, end: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: flink-config-a, namespace: b, labels: {{app: a, type: flink-native-kubernetes}}}}\ndata:\n  config.yaml: |\n    {above}\n    taskmanager.numberOfTaskSlots: two{end}\n"
        )
    };
    let rules = |text: &str| {
        let folder = Folder::new(&[("a.yaml", text)]);
        let (_, report) = folder.lint(&[]);
        (lines(&report["findings"]), report["suppressed"].as_array().map_or(0, Vec::len))
    };
    let (before, _) = rules(&text("# x", ""));
    let rule = before
        .iter()
        .find(|line| line.starts_with("a.yaml:7 "))
        .unwrap_or_else(|| panic!("{before:?}"));
    let allow = format!("# flinkgate: allow {} -- a test", rule.rsplit(' ').next().unwrap());
    for text in [text(&allow, ""), text("# x", &format!(" {allow}"))] {
        let (after, suppressed) = rules(&text);
        assert_eq!((after.contains(rule), suppressed), (false, 1), "{text} {after:?}");
    }
}

#[test]
fn a_reason_and_a_known_rule_are_required() {
    for (comment, expected) in [
        (
            "# flinkgate: allow security/privileged",
            "the suppression of `security/privileged` has no reason",
        ),
        ("# flinkgate: allow security/privileged --", "has no reason"),
        (
            "# flinkgate: allow security/priviledged -- x",
            "there is no rule `security/priviledged`: did you mean `security/privileged`?",
        ),
        ("# flinkgate: alow security/privileged -- x", "unknown directive `alow`"),
        ("# flinkgate: allow * -- x", "`*` cannot be suppressed"),
        ("# flinkgate: allow -- x", "names no rule"),
    ] {
        let (status, report) = judged(&with(&[(12, comment)], &[]), &[]);
        let findings = report["findings"].as_array().unwrap();
        assert_eq!(
            (status, lines(&report["findings"])),
            (
                1,
                vec![
                    "a.yaml:12 error security/privileged".into(),
                    "a.yaml:12 error lint/suppression".into()
                ]
            ),
            "{comment}"
        );
        assert!(findings[1]["message"].as_str().unwrap().contains(expected), "{comment}: {report}");
    }
    // One of two rules is unknown: the other is suppressed.
    let (_, findings, suppressed) =
        found(&with(&[(12, "# flinkgate: allow security/privileged, a/b -- x")], &[]), &[]);
    assert_eq!((findings, suppressed), (vec!["a.yaml:12 error lint/suppression".into()], 1));
}

#[test]
fn unused_suppressions_are_reported_if_asked_for() {
    let text = with(
        &[(12, "# flinkgate: allow security/privileged, security/host-path -- x")],
        &[(4, "# flinkgate: allow security/privileged -- nothing here")],
    );
    assert_eq!(found(&text, &[]), (0, vec![], 1));
    let expected =
        vec!["a.yaml:4 warning lint/unused".to_owned(), "a.yaml:13 warning lint/unused".into()];
    assert_eq!(found(&text, &["--report-unused"]), (0, expected, 1));
    assert_eq!(found(&text, &["--report-unused", "--fail-on", "warning"]).0, 1);
    // A rule that is not reported is no reason to remove its suppression.
    let folder = Folder::new(&[("a.yaml", &with(&[(12, ALLOW)], &[]))]);
    assert_eq!(folder.findings(&["--select", "lint/*", "--report-unused"]), [""; 0]);
}

#[test]
fn the_platform_can_forbid_suppressions() {
    let text = with(&[(12, ALLOW)], &[]);
    assert_eq!(found(&text, &["--no-suppressions"]).0, 1);
    let folder = Folder::new(&[("a.yaml", &text), (".flinkgate.yaml", "suppressions: false\n")]);
    assert_eq!(folder.findings(&ONLY), ["a.yaml:12 error security/privileged"]);
}

#[test]
fn what_is_suppressed_is_counted_and_in_sarif() {
    let folder = Folder::new(&[("a.yaml", &with(&[(12, ALLOW)], &[]))]);
    let text = folder.run(&[&["lint"][..], &ONLY].concat());
    assert_eq!(
        (text.status, text.out.as_str()),
        (0, "no findings (1 suppressed) in 1 object of 1 file\n")
    );
    let sarif = folder.run(&[&["lint", "--format", "sarif"][..], &ONLY].concat());
    let log: Value = serde_json::from_str(&sarif.out).unwrap();
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "security/privileged");
    assert_eq!(
        result["suppressions"],
        serde_json::json!([{"kind": "inSource", "justification": "needs the profiler"}])
    );
    let _: serde_sarif::sarif::Sarif = serde_json::from_str(&sarif.out).unwrap();
    for format in ["github", "gitlab", "junit"] {
        let run = folder.run(&[&["lint", "--format", format][..], &ONLY].concat());
        assert!(
            run.status == 0 && !run.out.contains("security/privileged"),
            "{format}: {}",
            run.out
        );
    }
}

#[test]
fn unreadable_documents_cannot_be_suppressed() {
    let text = "# flinkgate: allow yaml/doubtful, security/* -- x\napiVersion: v1\nkind: [\n";
    let folder = Folder::new(&[("a.yaml", text), ("b.yaml", &harmless("b"))]);
    assert_eq!(folder.run(&["lint", "--fail-on", "never"]).status, 2);
}

/// The webhook reads neither annotations nor anything else that a tenant writes.
#[test]
fn the_webhook_does_not_read_the_annotation() {
    let object = flinkgate::resource::yaml::parse(&privileged("a")).remove(0).value.unwrap();
    let answer = |annotations: Value| {
        let mut object = object.clone();
        object["metadata"]["annotations"] = annotations;
        let review = serde_json::json!({
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": {
                "uid": "1", "operation": "CREATE", "namespace": "b", "name": "a", "userInfo": {"username": "u"},
                "kind": {"group": "flink.apache.org", "version": "v1beta1", "kind": "FlinkDeployment"},
                "resource": {"group": "flink.apache.org", "version": "v1beta1", "resource": "flinkdeployments"},
                "object": object, "dryRun": false,
            }
        });
        let folder = Folder::new(&[
            ("review.json", &review.to_string()),
            ("tenant.yaml", &crate::folder::tenant("t", "")),
        ]);
        let run = folder.run(&["review", "review.json", "--tenants", "tenant.yaml"]);
        let response: Value =
            serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{}", run.err));
        response["response"]["status"]["message"].clone()
    };
    let without = answer(serde_json::json!({"x": "y"}));
    assert!(without.as_str().unwrap().contains("security/privileged"), "{without}");
    assert_eq!(
        answer(serde_json::json!({"flinkgate.dev/allow": "security/privileged -- x"})),
        without
    );
}
