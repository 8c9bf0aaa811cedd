//! `.flinkgate.yaml`: where it is found, what it says, and what wins over it.

use crate::folder::{Folder, harmless, privileged, tenant};
use serde_json::{Value, json};

const SELECT: &str = "rules: {select: [security/privileged]}\n";
const BAD: &str = "jobs/a.yaml:12 error security/privileged";

fn quota(clusters: u32) -> String {
    format!("  quota: {{hard: {{clusters: {clusters}}}}}\n")
}

#[test]
fn the_nearest_file_applies_up_to_the_repository() {
    let outside = Folder::new(&[(".flinkgate.yaml", "tenant: outside\n")]);
    let repository = outside.path().join("repository");
    std::fs::create_dir_all(repository.join(".git")).unwrap();
    outside.write("repository/jobs/a.yaml", &privileged("a"));
    outside.write("repository/other/b.yaml", &privileged("b"));
    // Nothing above the repository applies: the tenant `outside` does not exist.
    let run = outside.run_in("repository", &["lint", "--select", "security/privileged"], "");
    assert_eq!(run.status, 1, "{}", run.err);
    outside.write("repository/.flinkgate.yaml", SELECT);
    outside.write("repository/other/.flinkgate.yaml", "rules: {ignore: [\"*\"]}\n");
    for (folder, path) in
        [("repository", "."), ("repository/jobs", ".."), ("repository/other", "../")]
    {
        let run = outside.run_in(folder, &["lint", "--format", "json", path], "");
        let report: Value = serde_json::from_str(&run.out).unwrap();
        let found = report["findings"].as_array().unwrap();
        assert_eq!(found.len(), 1, "{folder}: {report}");
        assert!(found[0]["file"].as_str().unwrap().ends_with("a.yaml"), "{report}");
    }
}

#[test]
fn flags_choose_the_file_and_win_over_it() {
    let folder = Folder::new(&[
        (".flinkgate.yaml", "rules: {ignore: [\"*\"]}\nfailOn: never\n"),
        ("ci/other.yaml", SELECT),
        ("jobs/a.yaml", &privileged("a")),
    ]);
    assert_eq!(folder.findings(&[]), [""; 0]);
    assert_eq!(folder.findings(&["--config", "ci/other.yaml"]), [BAD]);
    assert!(folder.findings(&["--no-config"]).contains(&BAD.to_owned()));
    assert_eq!(folder.findings(&["--select", "security/privileged"]), [BAD]);
    assert_eq!(folder.lint(&["--select", "security/privileged"]).0, 0, "failOn: never");
    assert_eq!(folder.lint(&["--select", "security/privileged", "--fail-on", "error"]).0, 1);
    let refused = folder.refused(&["lint", "--config", "gone.yaml"]);
    assert!(refused.contains("gone.yaml"), "{refused}");
    folder.refused(&["lint", "--config", "ci/other.yaml", "--no-config"]);
}

#[test]
fn paths_are_relative_to_the_file() {
    let folder = Folder::new(&[
        (
            "team/.flinkgate.yaml",
            "tenants: [tenants/]\npolicies: [\"x.rego\", library/naming]\noperatorConfig: operator.yaml\n",
        ),
        ("team/tenants/t.yaml", &tenant("t", &quota(0))),
        ("team/x.rego", "package x\nimport rego.v1\ndeny contains \"no\" if input.flink\n"),
        (
            "team/operator.yaml",
            "kubernetes.operator.default-configuration.flink-version.v1_20.parallelism.default: 1\n",
        ),
        ("team/jobs/a.yaml", &harmless("a")),
    ]);
    for (directory, path) in [("", "team/jobs"), ("team", "jobs"), ("team/jobs", ".")] {
        let run = folder.run_in(directory, &["lint", path, "--format", "json"], "");
        let report: Value =
            serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{}", run.err));
        let rules: Vec<_> = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|found| found["rule"].clone())
            .collect();
        assert!(
            rules.contains(&"user/x".into()) && rules.contains(&"quota/exceeded".into()),
            "{directory}: {rules:?}"
        );
    }
}

#[test]
fn each_object_is_judged_by_its_own_file() {
    let files = [
        ("a/.flinkgate.yaml", "tenants: [../large.yaml]\nrules: {select: [quota/exceeded]}\n".to_owned()),
        ("b/.flinkgate.yaml", "tenants: [../small.yaml]\nrules: {select: [quota/exceeded]}\n".to_owned()),
        ("c/.flinkgate.yaml", "tenants: [../small.yaml]\nrules: {levels: {quota/exceeded: info}, select: [quota/exceeded]}\n".to_owned()),
        ("large.yaml", tenant("t", &quota(2))),
        ("small.yaml", tenant("t", &quota(1))),
        ("a/one.yaml", harmless("one")),
        ("a/two.yaml", harmless("two")),
        ("b/three.yaml", harmless("three")),
        ("c/four.yaml", harmless("four")),
    ];
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let folder = Folder::new(&files);
    // Two in `a` are within the quota of two. `b` and `c` have the same tenants, so they share one.
    let (status, report) = folder.lint(&["a", "b", "c"]);
    assert_eq!(status, 1, "{report}");
    let found = report["findings"].as_array().unwrap();
    assert_eq!(found.len(), 1, "{report}");
    assert_eq!(
        (&found[0]["file"], &found[0]["rule"]),
        (&"b/three.yaml".into(), &"quota/exceeded".into())
    );
    assert_eq!(folder.lint(&["a", "b"]).0, 0);
}

#[test]
fn overrides_apply_to_their_paths() {
    let text = "rules:
  select: [security/privileged]
overrides:
- paths: [\"jobs/dev/**\"]
  levels: {\"security/*\": warning}
- paths: [legacy.yaml]
  ignore: [security/privileged]
- paths: [\"jobs/dev/strict.yaml\"]
  levels: {security/privileged: error, \"security/*\": info}
";
    let folder = Folder::new(&[
        (".flinkgate.yaml", text),
        ("jobs/a.yaml", &privileged("a")),
        ("jobs/dev/b.yaml", &privileged("b")),
        ("jobs/dev/strict.yaml", &privileged("c")),
        ("x/legacy.yaml", &privileged("d")),
    ]);
    assert_eq!(
        folder.findings(&[]),
        [
            BAD,
            "jobs/dev/b.yaml:12 warning security/privileged",
            "jobs/dev/strict.yaml:12 error security/privileged"
        ]
    );
    assert_eq!(
        folder.findings(&["--level", "security/privileged=info"])[0],
        BAD.replace("error", "info")
    );
    assert_eq!(folder.findings(&["--ignore", "security/privileged"]), [""; 0]);
}

#[test]
fn mistakes_are_errors_with_their_line() {
    for (text, expected) in [
        ("\ntenats: [a]\n", ".flinkgate.yaml:2: unknown field `tenats`: did you mean `tenants`?"),
        ("tenants: a\n", ".flinkgate.yaml:1: `tenants` is a string; write a list"),
        (
            "failOn: eror\n",
            ".flinkgate.yaml:1: `failOn` is `eror`; write one of `error`, `warning`, `never`",
        ),
        (
            "rules:\n  ignore:\n  - security/priviledged\n",
            ".flinkgate.yaml:3: there is no rule `security/priviledged`: did you mean `security/privileged`?",
        ),
        (
            "rules:\n  levels:\n    cost/nope: info\n",
            ".flinkgate.yaml:3: there is no rule `cost/nope`",
        ),
        (
            "overrides:\n- paths: [a]\n  select: [x/y]\n",
            ".flinkgate.yaml:3: there is no rule `x/y`",
        ),
        ("overrides:\n- ignore: []\n", ".flinkgate.yaml:2: `overrides.0` has no field `paths`"),
        ("rules: {levels: {security/*: fatal}}\n", "write one of `info`, `warning`, `error`"),
        (
            "operatorVersion: 1.14\n",
            ".flinkgate.yaml:1: `operatorVersion` is a number; write a string",
        ),
        ("operatorVersion: \"0.9\"\n", ".flinkgate.yaml:1: `0.9` is not a supported release"),
        ("flinkVersion: two\n", ".flinkgate.yaml:1: `two` is not a version of Flink"),
        ("exclude:\n- \"a[\"\n", ".flinkgate.yaml:2: `a[`"),
        ("formats: [{format: text}, {format: json}]\n", ".flinkgate.yaml:1: only one format"),
        ("a: 1\na: 2\n", ".flinkgate.yaml:2: "),
        ("- a\n", "a configuration is a mapping"),
        ("tenants: [\n", ".flinkgate.yaml:"),
        ("failOn: error\n---\nfailOn: never\n", "a configuration is one document"),
    ] {
        let folder = Folder::new(&[(".flinkgate.yaml", text), ("a.yaml", &harmless("a"))]);
        for args in [&["lint"][..], &["config"]] {
            let is_about_rules = expected.contains("there is no rule");
            if args == ["config"] && is_about_rules {
                continue;
            }
            let refused = folder.refused(args);
            assert!(refused.contains(expected), "{text}\n{refused}");
        }
    }
    let folder = Folder::new(&[("a.yaml", &harmless("a"))]);
    for (args, expected) in [
        (
            ["--select", "security/priviledged"],
            "--select: there is no rule `security/priviledged`: did you mean",
        ),
        (["--ignore", "secure/*"], "--ignore: there is no rule `secure/*`"),
        (["--level", "a/b=error"], "--level: there is no rule `a/b`"),
        (["--level", "cost/*=fatal"], "gives no level"),
        (["--exclude", "a["], "a["),
    ] {
        let refused = folder.refused(&["lint", args[0], args[1]]);
        assert!(refused.contains(expected), "{args:?}: {refused}");
    }
}

#[test]
fn excluded_and_ignored_files_are_not_read() {
    let folder = Folder::new(&[
        (
            ".flinkgate.yaml",
            "exclude: [\"/generated/\", \"*.tmpl.yaml\"]\nrules: {select: [security/privileged]}\n",
        ),
        (".gitignore", "/build/\n"),
        (".ignore", "local.yaml\n"),
        (".git/info/exclude", "private/\n"),
        ("build/a.yaml", &privileged("a")),
        ("jobs/build/b.yaml", &privileged("b")),
        ("jobs/local.yaml", &privileged("c")),
        ("private/d.yaml", &privileged("d")),
        ("generated/e.yaml", &privileged("e")),
        ("jobs/f.tmpl.yaml", &privileged("f")),
        ("jobs/sub/.flinkgate.yaml", "exclude: [g.yaml]\n"),
        ("jobs/sub/g.yaml", &privileged("g")),
    ]);
    let files = |args: &[&str]| -> Vec<String> {
        let findings = folder.findings(&[args, &["--select", "security/privileged"]].concat());
        findings.iter().map(|line| line.split(':').next().unwrap().to_owned()).collect()
    };
    assert_eq!(files(&[]), ["jobs/build/b.yaml"]);
    assert_eq!(
        files(&["--no-ignore"]),
        ["build/a.yaml", "jobs/build/b.yaml", "jobs/local.yaml", "private/d.yaml"]
    );
    // What is named is read, unless a flag excludes it.
    let named = ["build/a.yaml", "generated/e.yaml", "jobs/sub/g.yaml"];
    assert_eq!(files(&named), named);
    assert_eq!(
        files(&[&named[..], &["--exclude", "generated/"]].concat()),
        ["build/a.yaml", "jobs/sub/g.yaml"]
    );
    assert_eq!(files(&["--exclude", "/jobs", "build"]), ["build/a.yaml"]);
    folder.write(".flinkgate.yaml", "include: [\"/jobs/**\"]\n");
    assert_eq!(
        files(&["--no-ignore"]),
        ["jobs/build/b.yaml", "jobs/f.tmpl.yaml", "jobs/local.yaml"]
    );
}

#[test]
fn a_link_is_no_way_to_another_configuration() {
    let outside = Folder::new(&[("secret.txt", "password: geheim\n")]);
    let folder = Folder::new(&[("a.yaml", &harmless("a")), ("ci/lint.yaml", "failOn: never\n")]);
    let link = |target: &std::path::Path| {
        let _ = std::fs::remove_file(folder.path().join(".flinkgate.yaml"));
        std::os::unix::fs::symlink(target, folder.path().join(".flinkgate.yaml")).unwrap();
    };
    link(&outside.path().join("secret.txt"));
    let refused = folder.refused(&["lint"]);
    assert!(
        refused.contains("leads out of the repository") && !refused.contains("password"),
        "{refused}"
    );
    link(std::path::Path::new("gone.yaml"));
    assert!(folder.refused(&["lint"]).contains("failed to read the configuration"));
    link(std::path::Path::new("ci/lint.yaml"));
    assert_eq!(folder.run(&["lint"]).status, 0);
}

#[test]
fn formats_go_to_their_files() {
    let text = "formats: [{format: text}, {format: sarif, output: out/lint.sarif}, {format: json, output: out/lint.json}]\n";
    let folder =
        Folder::new(&[(".flinkgate.yaml", text), ("a.yaml", &privileged("a")), ("out/x.txt", "")]);
    let run = folder.run(&["lint"]);
    assert!(run.status == 1 && run.out.contains("security/privileged"), "{}{}", run.out, run.err);
    let sarif: Value = serde_json::from_str(&folder.read("out/lint.sarif")).unwrap();
    let json: Value = serde_json::from_str(&folder.read("out/lint.json")).unwrap();
    assert_eq!(
        sarif["runs"][0]["results"].as_array().unwrap().len(),
        json["findings"].as_array().unwrap().len()
    );
}

#[test]
fn config_shows_what_holds_and_from_where() {
    let folder = Folder::new(&[
        (
            ".flinkgate.yaml",
            "# ours\ntenants: [tenants]\nfailOn: warning\nrules:\n  ignore: [cost/*]\n",
        ),
        ("jobs/a.yaml", ""),
    ]);
    let run =
        folder.run(&["config", "jobs/a.yaml", "--format", "json", "--operator-version", "1.14"]);
    let config: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!((run.status, &config["file"]), (0, &json!(".flinkgate.yaml")));
    for (key, value, origin) in [
        ("tenants", json!(["tenants"]), ".flinkgate.yaml:2"),
        ("failOn", json!("warning"), ".flinkgate.yaml:3"),
        ("rules", json!({"select": null, "ignore": ["cost/*"], "levels": {}}), ".flinkgate.yaml:4"),
        ("operatorVersion", json!("1.14"), "flag"),
        ("suppressions", json!(true), "default"),
        ("tenant", json!(null), "default"),
    ] {
        assert_eq!(config["settings"][key], json!({"value": value, "origin": origin}), "{key}");
    }
    let text = folder.run(&["config", "jobs"]).out;
    assert!(text.contains("failOn           .flinkgate.yaml:3  warning\n"), "{text}");
    let none = folder.run(&["config", "--no-config"]).out;
    assert!(none.contains("has no configuration file") && !none.contains("yaml:"), "{none}");
}

/// `UPDATE_DOCS=1 cargo test --test lint_settings` writes the schema.
#[test]
fn the_schema_is_current() {
    let page = "docs/reference/flinkgate.schema.json";
    let schema = Folder::new(&[]).run(&["config", "--schema"]).out;
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(page, &schema).unwrap();
    }
    assert_eq!(std::fs::read_to_string(page).unwrap_or_default(), schema);
    let schema: Value = serde_json::from_str(&schema).unwrap();
    assert_eq!(schema["additionalProperties"], false);
    let run = Folder::new(&[]).run(&["config", "--format", "json"]);
    let config: Value = serde_json::from_str(&run.out).unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&config["settings"]), keys(&schema["properties"]), "`config` shows every key");
}
