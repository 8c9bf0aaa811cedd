//! `lint`, `render` and `size` as a user runs them: what goes where, and with which exit status.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use assert_cmd::Command;
use serde_json::Value;

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b}\n";
/// An object without a spec.
const OBJECT: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n";

struct Run {
    status: i32,
    out: String,
    err: String,
}

fn run(files: &[(&str, &str)], args: &[&str], stdin: &str) -> Run {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let output = Command::cargo_bin("flinkgate")
        .unwrap()
        .args(args)
        .current_dir(folder.path())
        .env("NO_COLOR", "1")
        .write_stdin(stdin)
        .output()
        .unwrap();
    Run {
        status: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.out)
        .unwrap_or_else(|error| panic!("{error}: {} {}", run.out, run.err))
}

#[test]
fn a_clean_folder_is_fine() {
    let run = run(&[("pods/a.yaml", OBJECT)], &["lint"], "");
    assert_eq!(
        (run.status, run.out.as_str(), run.err.as_str()),
        (0, "no findings in 1 object of 1 file\n", "")
    );
}

/// About 3 MB with thousands of findings, in one line as in many.
#[test]
fn the_report_of_one_object_is_short_in_every_format() {
    const MOST: usize = 1 << 20;
    let spec: String = (0..190)
        .map(|i| {
            format!(
                "- {{name: c{i}, image: {image}, securityContext: {{privileged: true, runAsUser: 0, procMount: Unmasked, \
                 seccompProfile: {{type: Unconfined}}, capabilities: {{add: [ALL, SYS_ADMIN]}}}}, ports: [{{hostPort: 1}}], \
                 env: [{{name: DB_PASSWORD, value: {secret}}}]}}\n",
                image = format!("x{i}").repeat(2_000),
                secret = "y".repeat(6_000)
            )
        })
        .collect();
    let in_lines = format!("{POD}spec:\n  containers:\n  {}", spec.replace("\n- ", "\n  - "));
    let in_line = in_one_line(&in_lines);
    for file in [in_lines, in_line] {
        assert!(file.len() > 2 << 20, "{}", file.len());
        for format in ["text", "json", "sarif", "junit", "github", "gitlab", "markdown"] {
            let run = run(&[("a.yaml", &file)], &["lint", "--format", format], "");
            assert_eq!(run.status, 1, "{format}: {}", run.err);
            assert!(run.out.len() + run.err.len() < MOST, "{format}: {}", run.out.len());
        }
    }
}

fn in_one_line(text: &str) -> String {
    let mut documents = flinkgate::resource::yaml::parse(text);
    documents.remove(0).value.unwrap().to_string()
}

#[test]
fn a_missing_file_is_named_and_the_rest_is_judged() {
    let run = run(&[("a.yaml", OBJECT)], &["lint", "--format", "json", "gone.yaml", "a.yaml"], "");
    assert_eq!(run.status, 2);
    assert!(run.err.contains("gone.yaml"), "{}", run.err);
    let json = json(&run);
    assert_eq!((&json["objects"], &json["errors"][0]["file"]), (&1.into(), &"gone.yaml".into()));
}

#[test]
fn a_broken_document_leaves_the_others_of_its_file() {
    let text = format!("{OBJECT}---\nkind: [\n---\n{OBJECT}");
    let run = run(&[("a.yaml", &text)], &["lint", "--format", "json", "a.yaml"], "");
    assert_eq!(run.status, 2);
    let json = json(&run);
    assert_eq!(json["objects"], 2);
    assert!(json["errors"][0]["line"].as_u64().unwrap() >= 5, "{json}");
}

#[test]
fn a_key_that_is_there_twice_is_a_warning_with_its_place() {
    let text = format!("{OBJECT}spec:\n  nodeName: a\n  nodeName: b\n");
    let files = [("a.yaml", text.as_str())];
    let warned = run(&files, &["lint", "--format", "json"], "");
    let finding = &json(&warned)["findings"][0];
    assert_eq!(
        (warned.status, &finding["level"], &finding["line"]),
        (0, &"warning".into(), &6.into())
    );
    assert_eq!(run(&files, &["lint", "--fail-on", "warning"], "").status, 1);
}

#[test]
fn standard_input_and_lists_are_read() {
    let list = r#"{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "ConfigMap"}, {"apiVersion": "v1", "kind": "ConfigMap"}]}"#;
    let run = run(&[], &["lint", "--format", "json", "-"], list);
    assert_eq!((run.status, &json(&run)["objects"]), (0, &2.into()));
}

/// Files that tools keep next to manifests. Each is left alone with a note, in a folder and by its name.
/// Alone they are nothing to check.
#[test]
fn what_is_no_whole_object_is_left_alone() {
    for (file, text, note) in [
        ("values.yaml", "replicas: 1\n", "1 document without `apiVersion` or `kind`"),
        (
            "tsconfig.json",
            "{\n  // editors read this\n  \"strict\": true,\n}\n",
            "1 document without",
        ),
        ("mkdocs.yml", "site: !!python/name:a.b.c [\n", "1 document without"),
        ("patch.json", r#"[{"op": "replace", "path": "/spec/replicas", "value": 2}]"#, "1 patch"),
        (
            "merge.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nspec: {$patch: replace}\n",
            "1 patch",
        ),
        (
            "deployment.yaml",
            "apiVersion: apps/v1\nkind: Deployment\n{{- if .Values.a }}\nmetadata: {name: a}\n{{ end }}\n",
            "1 template",
        ),
        (
            "named.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"{{ .Release.Name }}-a\"}\n",
            "1 template",
        ),
    ] {
        let files = [(file, text), ("a.yaml", OBJECT)];
        for args in [&["lint"][..], &["lint", file], &["lint", file, "a.yaml"]] {
            let run = run(&files, args, "");
            let status = if args.ends_with(&[file]) { 2 } else { 0 };
            assert_eq!(run.status, status, "{args:?}: {}", run.err);
            assert!(run.err.contains(&format!("note: skipped {note}")), "{args:?}: {}", run.err);
        }
    }
    // Standard input is what somebody made for Flinkgate: nothing of it is passed over.
    assert_eq!(run(&[], &["lint", "-"], "replicas: 1\n").status, 2);
}

/// Mistakes in manifests are not taken for something else.
#[test]
fn manifests_that_cannot_be_read_are_errors() {
    for text in [
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a\n",
        "kind: ConfigMap\nmetadata: {name: a}\n",
        "apiVersion: v1\nmetadata: {name: a}\n",
    ] {
        let refused = run(&[("a.yaml", text)], &["lint", "a.yaml"], "");
        assert_eq!(refused.status, 2, "{text}");
        assert!(refused.err.contains("a.yaml"), "{}", refused.err);
    }
}

#[test]
fn directives_and_document_markers_are_read() {
    for text in [
        format!("%YAML 1.1\n---\n{OBJECT}"),
        format!("%YAML 1.2\n--- # the first\n{OBJECT}...\n"),
        format!("# note\n---\n{OBJECT}...\n# end\n---\n"),
        format!("%TAG !e! tag:example.com,2026:\n---\n{OBJECT}...\n%YAML 1.1\n---\n{OBJECT}"),
        format!("\u{feff}---\n{OBJECT}"),
        r#"--- {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}"#.to_owned(),
    ] {
        let report = run(&[("a.yaml", &text)], &["lint", "--format", "json", "a.yaml"], "");
        assert_eq!(report.status, 0, "{text}: {}", report.err);
        assert_eq!(json(&report)["objects"], text.matches("ConfigMap").count(), "{text}");
    }
}

#[test]
fn wrong_arguments_and_missing_tenants_cannot_run() {
    for args in [
        &["lint", "--format", "xml"][..],
        &["lint", "--tenants", "gone.yaml"],
        &["lint", "--tenant", "a"],
        &["size", "--colour"],
    ] {
        let run = run(&[("a.yaml", OBJECT)], args, "");
        assert_eq!((run.status, run.out.as_str()), (2, ""), "{args:?}");
        assert!(run.err.contains("error"), "{args:?}: {}", run.err);
    }
}

#[test]
fn render_writes_all_objects_as_yaml() {
    let text = format!(
        "{OBJECT}---\n{{\"kind\": \"ConfigMap\", \"apiVersion\": \"v1\", \"on\": \"yes\"}}\n"
    );
    let run = run(&[("a.yaml", &text)], &["render", "a.yaml"], "");
    let expected = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  namespace: b\n---\napiVersion: v1\nkind: ConfigMap\n\"on\": \"yes\"\n";
    assert_eq!((run.status, run.out.as_str()), (0, expected));
}

#[test]
fn render_shows_no_difference_where_there_is_none() {
    let run = run(&[("a.yaml", OBJECT)], &["render", "--diff"], "");
    assert_eq!((run.status, run.out.as_str()), (0, ""));
}

#[test]
fn size_without_flink_is_an_empty_list() {
    let run = run(&[("a.yaml", OBJECT)], &["size", "--format", "json"], "");
    assert_eq!((run.status, json(&run)), (0, serde_json::json!({"version": 1, "clusters": []})));
}

#[test]
fn a_namespace_of_two_tenants_is_told_with_both_names() {
    let tenants = "apiVersion: flinkgate.dev/v1alpha1\nkind: FlinkTenant\nmetadata: {name: payments}\nspec:\n  namespaces: {names: [\"pay-*\"]}\n---\napiVersion: flinkgate.dev/v1alpha1\nkind: FlinkTenant\nmetadata: {name: fraud}\nspec:\n  namespaces: {selector: {matchLabels: {team: fraud}}}\n";
    let manifests = "apiVersion: v1\nkind: Namespace\nmetadata: {name: pay-risk, labels: {team: fraud}}\n---\napiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\nmetadata: {name: etl, namespace: pay-risk}\nspec: {flinkVersion: v1_20}\n";
    let files = [("tenants.yaml", tenants), ("jobs/a.yaml", manifests)];
    let run = run(&files, &["lint", "jobs", "--tenants", "tenants.yaml", "--format", "json"], "");
    let found = &json(&run)["findings"];
    assert_eq!((run.status, found.as_array().unwrap().len()), (1, 1), "{found}");
    assert_eq!(
        (&found[0]["rule"], &found[0]["level"]),
        (&"tenancy/ambiguous-namespace".into(), &"error".into())
    );
    let message = found[0]["message"].as_str().unwrap();
    assert!(message.contains("payments") && message.contains("fraud"), "{message}");
}

#[test]
fn a_cause_is_told_once() {
    for args in [
        ["lint", "--policies", "nope", "a.yaml"],
        ["lint", "--tenants", "nope", "a.yaml"],
        ["review", "--policies", "nope", "a.json"],
    ] {
        let run = run(&[("a.yaml", OBJECT)], &args, "");
        assert_eq!(
            (run.status, run.err.matches("os error 2").count()),
            (2, 1),
            "{args:?}: {}",
            run.err
        );
    }
}

#[test]
fn a_policy_that_reads_what_is_never_there_is_a_warning_and_still_in_force() {
    let policy = "package x\nimport rego.v1\ndeny contains \"no\" if input.flnk.mode\ndeny contains \"said\" if input.flink\n";
    let run = run(
        &[("a.yaml", OBJECT), ("x.rego", policy)],
        &["lint", "a.yaml", "--policies", "x.rego"],
        "",
    );
    assert_eq!((run.status, run.out.contains("user/x")), (1, true), "{} {}", run.out, run.err);
    let expected =
        "warning: x.rego:3:23: unknown field `input.flnk`: did you mean `input.flink`?\n";
    assert!(run.err.contains(expected), "{}", run.err);
}

#[test]
fn where_there_is_nothing_to_judge_it_says_so() {
    let comments = ("a.yaml", "# only\n# comments\n");
    let nothing = [
        (("a.txt", "x"), ["lint", "."], 2, "error: no Kubernetes objects in `.`: "),
        (comments, ["lint", "a.yaml"], 2, "error: no Kubernetes objects in `a.yaml`: "),
        (comments, ["lint", "-"], 2, "error: standard input has no document: "),
        (("a.yaml", ""), ["size", "."], 0, "note: no Kubernetes objects in `.`: "),
    ];
    for (file, args, status, expected) in nothing {
        let run = run(&[file], &args, "");
        assert_eq!(run.status, status);
        assert!(run.err.starts_with(expected), "{args:?}: {}", run.err);
    }
}

/// Two FlinkDeployments of the tenant `small` in two files, one of `large`, which has room for all.
const SHARED: [(&str, &str); 4] = [
    (
        "tenants.yaml",
        "apiVersion: flinkgate.dev/v1alpha1\nkind: FlinkTenant\nmetadata: {name: small}\nspec: {namespaces: {names: [small]}, quota: {hard: {clusters: 1}}}\n---\napiVersion: flinkgate.dev/v1alpha1\nkind: FlinkTenant\nmetadata: {name: large}\nspec: {namespaces: {names: [large]}, quota: {hard: {clusters: 9}}}\n",
    ),
    (
        "jobs/a.yaml",
        "apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\nmetadata: {name: a, namespace: small}\nspec: {flinkVersion: v1_20}\n",
    ),
    (
        "jobs/b.yaml",
        "apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\nmetadata: {name: b, namespace: large}\nspec: {flinkVersion: v1_20}\n",
    ),
    (
        "jobs/c.yaml",
        "apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\nmetadata: {name: c, namespace: small}\nspec: {flinkVersion: v1_20}\n",
    ),
];

#[test]
fn what_files_ask_for_together_is_held_against_their_tenants_limit() {
    let found = |paths: &[&str]| -> Vec<String> {
        let args = [&["lint", "--tenants", "tenants.yaml", "--format", "json"], paths].concat();
        let report = json(&run(&SHARED, &args, ""));
        let findings = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|found| found["rule"] == "quota/exceeded");
        findings.map(|found| found["file"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(found(&["jobs"]), ["jobs/a.yaml"], "once for the tenant");
    assert_eq!(found(&["jobs/a.yaml", "jobs/b.yaml"]), [""; 0]);
}

#[test]
fn an_object_counts_once_however_many_paths_lead_to_it() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in SHARED {
        std::fs::create_dir_all(folder.path().join("jobs")).unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    std::fs::copy(folder.path().join("jobs/a.yaml"), folder.path().join("copy.yaml")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("jobs/a.yaml", folder.path().join("link.yaml")).unwrap();
    let lint = |paths: &[&str]| {
        let output = Command::cargo_bin("flinkgate")
            .unwrap()
            .current_dir(folder.path())
            .args(["lint", "--tenants", "tenants.yaml", "--format", "json"])
            .args(paths)
            .output()
            .unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let objects = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|finding| finding["rule"] == "quota/exceeded")
            .count();
        (report["files"].clone(), objects, String::from_utf8(output.stderr).unwrap())
    };
    let absolute = folder.path().join("jobs/a.yaml").display().to_string();
    let paths = ["jobs/a.yaml", "./jobs/a.yaml", "jobs/../link.yaml", "link.yaml", &absolute];
    assert_eq!(lint(&paths), (1.into(), 0, String::new()));
    let (files, exceeded, notes) = lint(&["jobs/a.yaml", "copy.yaml"]);
    assert_eq!((files, exceeded), (2.into(), 0));
    assert!(
        notes.contains("FlinkDeployment small/a is in `copy.yaml` and `jobs/a.yaml`"),
        "{notes}"
    );
    let (_, exceeded, notes) = lint(&["jobs", "copy.yaml"]);
    assert_eq!(exceeded, 1, "a and c");
    assert!(notes.contains("counts once"), "{notes}");
}

#[test]
fn a_policy_that_reads_what_others_use_is_told_the_sum() {
    let policy = "package x\nimport rego.v1\ndeny contains sprintf(\"others: %s\", [input.quota.used.clusters])\n";
    let files = [&SHARED[..], &[("x.rego", policy)]].concat();
    let report = json(&run(
        &files,
        &["lint", "jobs", "--tenants", "tenants.yaml", "--policies", "x.rego", "--format", "json"],
        "",
    ));
    let findings =
        report["findings"].as_array().unwrap().iter().filter(|found| found["rule"] == "user/x");
    let messages: Vec<_> = findings
        .map(|found| (found["file"].as_str().unwrap(), found["message"].as_str().unwrap()))
        .collect();
    assert_eq!(messages, [("jobs/a.yaml", "others: 1"), ("jobs/c.yaml", "others: 1")]);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let review = "examples/reviews/flinkdeployment.json";
    for (line, status) in [
        ("rules", 0),
        ("rules --format json", 0),
        ("explain quota/exceeded", 0),
        ("explain yaml/doubtful", 0),
        ("test", 0),
        ("crds", 0),
        ("webhooks", 0),
        ("size examples/manifests", 0),
        ("render examples/manifests", 0),
        ("lint examples/manifests --tenants examples/tenants", 1),
        (&format!("review {review}"), 1),
        ("--help", 0),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_flinkgate"));
        let output = command
            .args(line.split(' '))
            .stdout(writer)
            .stderr(std::process::Stdio::piped())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.code() == Some(status) && !said.contains("panicked"),
            "{line}: {} {said}",
            output.status
        );
    }
}

/// What kubectl applies and the API server keeps is judged, however much it looks like something else.
#[test]
fn whole_objects_are_not_passed_over() {
    let privileged = "apiVersion: v1, kind: Pod, metadata: {name: b}, spec: {containers: [{name: a, image: 'flink:1.20', \
                      args: [jobmanager], securityContext: {privileged: true}}]}";
    let deep = format!("{}1{}", "{a: ".repeat(300), "}".repeat(300));
    for (text, status) in [
        (
            format!("apiVersion: v1\nkind: List\nmetadata: {{name: '{{{{ x }}}}'}}\nitems: [{{{privileged}}}]\n"),
            1,
        ),
        (
            format!("apiVersion: v1\nkind: PodList\n$patch: merge\nitems: [{{{privileged}}}]\n"),
            1,
        ),
        (
            format!("apiVersion: v1\nkind: List\nitems: [{{apiVersion: v1, kind: A, $patch: delete}}, {{{privileged}}}]\n"),
            1,
        ),
        (
            "apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\nmetadata: {name: a}\nspec: {flinkConfiguration: {$patch: merge}}\n".to_owned(),
            1,
        ),
        (format!("# {{{{ x }}}}\n{{{privileged}, a: {deep}}}\n"), 2),
    ] {
        let run = run(&[("a.yaml", &text)], &["lint", "a.yaml"], "");
        assert_eq!(run.status, status, "{text}: {}", run.err);
    }
}

#[test]
fn one_number_in_two_spellings_is_one_rendering() {
    let deployment = |cpu: &str| {
        format!(
            "apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\nmetadata: {{name: a, namespace: b}}\nspec:\n  \
             image: flink:1.20\n  flinkVersion: v1_20\n  serviceAccount: flink\n  jobManager: {{resource: {{memory: 2g, cpu: {cpu}}}}}\n  \
             taskManager: {{replicas: 1, resource: {{memory: 2g, cpu: {cpu}}}}}\n"
        )
    };
    for command in [
        &["render", "a.yaml"][..],
        &["render", "--diff", "a.yaml"],
        &["render", "--merged", "a.yaml"],
        &["size", "a.yaml"],
        &["size", "--format", "json", "a.yaml"],
    ] {
        let out = |cpu: &str| run(&[("a.yaml", &deployment(cpu))], command, "").out;
        for other in ["1.0", "1.00", "1e0"] {
            assert_eq!(out(other), out("1"), "{command:?} {other}");
        }
        assert!(!out("1").is_empty(), "{command:?}");
    }
}
