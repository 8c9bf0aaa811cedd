//! Nothing that a command prints carries control characters, bidirectional marks or commands of CI
//! systems from its input.

use assert_cmd::Command;
use rayon::prelude::*;
use std::fs;
use std::path::Path;

/// What acts on terminals and CI systems, in every form.
const CANARIES: [&str; 12] = [
    "x\n::add-mask::true\n::stop-commands::tok",
    "x\r\n  ::set-output name=a::b",
    "x\u{1b}[2J\u{1b}]0;title\u{7}",
    "x\u{9b}31m",
    "x\u{202e}evil\u{2066}",
    "x\u{2028}::add-mask::true",
    "##vso[task.setvariable variable=a]b",
    "a ##[add-mask]b",
    "##teamcity[buildStop]",
    "::error file=a::b",
    "x\u{85}::add-mask::true",
    "\u{feff}::warning::b",
];

/// Why a text acts, if it does.
fn acts(text: &str, is_github: bool, is_coloured: bool) -> Option<String> {
    let mut text = text.to_owned();
    if is_coloured {
        // This program's own colours.
        while let Some(at) = text.find("\u{1b}[") {
            let end = text[at..].find('m').map(|end| at + end)?;
            if !text[at + 2..end].chars().all(|c| c.is_ascii_digit() || c == ';') {
                return Some(format!("{:?}", &text[at..end]));
            }
            text.replace_range(at..=end, "");
        }
    }
    let bad = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\t'))
            || "\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}\u{feff}".contains(c)
    };
    if let Some(c) = text.chars().find(|c| bad(*c)) {
        return Some(format!("{c:?}"));
    }
    for command in ["##[", "##vso[", "##teamcity["] {
        if text.contains(command) {
            return Some(command.to_owned());
        }
    }
    let own = ["::error file=", "::warning file=", "::notice file="];
    text.lines()
        .filter(|line| line.trim_start().starts_with("::"))
        .find(|line| {
            !(is_github && own.iter().any(|own| line.starts_with(own)) && line.contains(",title="))
        })
        .map(str::to_owned)
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// A Pod that every rule may quote, with a canary in every place.
fn pod(canary: &str) -> String {
    let text = quoted(canary);
    format!(
        r#"{{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": {text}, "namespace": "strict", "labels": {{{text}: {text}}}, "annotations": {{{text}: {text}}}}},
 "spec": {{"hostPID": true, "nodeName": {text}, "schedulerName": {text}, "priorityClassName": {text}, "serviceAccountName": {text}, "runtimeClassName": {text}, {text}: 1,
  "hostAliases": [{{"ip": {text}, "hostnames": [{text}]}}], "tolerations": [{{"key": {text}}}], "nodeSelector": {{{text}: {text}}},
  "volumes": [{{"name": {text}, "hostPath": {{"path": {text}}}}}, {{"name": "s", "secret": {{"secretName": {text}}}}}],
  "containers": [{{"name": {text}, "image": {text}, "args": ["standalone-job", {text}], "env": [{{"name": {text}, "value": {text}}}, {{"name": "FLINK_PROPERTIES", "value": {text}}}], "resources": {{"requests": {{"cpu": {text}}}}}}}]}}}}"#
    )
}

fn deployment(canary: &str) -> String {
    let text = quoted(canary);
    format!(
        r#"{{"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {{"name": {text}, "namespace": "strict"}},
 "spec": {{"flinkVersion": "v1_20", "image": {text}, "serviceAccount": {text}, "flinkConfiguration": {{{text}: {text}, "taskmanager.memory.process.size": {text}, "state.checkpoints.dir": {text}, "high-availability.type": {text}}},
  "jobManager": {{"resource": {{"cpu": 1, "memory": "2048m"}}}}, "taskManager": {{"resource": {{"cpu": 1, "memory": {text}}}}}, "job": {{"jarURI": {text}, "parallelism": 2}}}}}}"#
    )
}

fn check(folder: &Path, canary: &str, arguments: &[&str]) {
    // Only these have colours.
    let has_colours = arguments.contains(&"text") || arguments.contains(&"--diff");
    for is_coloured in [false, true].into_iter().take(1 + usize::from(has_colours)) {
        let mut command = Command::cargo_bin("flinkgate").unwrap();
        command.args(arguments).current_dir(folder).timeout(std::time::Duration::from_secs(30));
        if is_coloured {
            command.env("CLICOLOR_FORCE", "1");
        }
        let output = command.output().unwrap();
        for stream in [&output.stdout, &output.stderr] {
            let text = std::str::from_utf8(stream).unwrap();
            let found = acts(text, arguments.contains(&"github"), is_coloured);
            assert_eq!(found, None, "{canary:?} {arguments:?}:\n{text}");
            if arguments.contains(&"json") && !stream.is_empty() && *stream == output.stdout {
                serde_json::from_slice::<serde_json::Value>(stream).unwrap();
            }
        }
    }
}

#[test]
fn no_canary_acts_through_any_command() {
    CANARIES.into_par_iter().enumerate().for_each(|(number, canary)| {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path();
        let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
        let text = quoted(canary);
        fs::create_dir(folder.join("m")).unwrap();
        write("m/pod.json", &pod(canary));
        write("m/flink.json", &deployment(canary));
        write(
            "m/plain.yaml",
            &format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a, namespace: strict}}\nspec:\n  hostPID: true # {canary}\n"
            ),
        );
        write("m/broken.yaml", &format!("a: [{canary}\nb: {{"));
        // A name of a file has no slash.
        let name = format!("{}.yaml", canary.replace('/', "_"));
        fs::write(folder.join("m").join(&name), format!("a: [{canary}\n")).unwrap();
        write(
            "tenants.json",
            &format!(
                r#"{{"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant", "metadata": {{"name": "s"}}, "spec": {{"namespaces": {{"names": ["strict"]}}, "security": {{"podSecurity": {{"level": "restricted"}}, "images": {{"allow": [{text}]}}, "serviceAccounts": [{text}]}}, "scheduling": {{"priorityClasses": [{text}], "schedulerNames": [{text}]}}, "quota": {{"hard": {{"cpu": "1"}}}}, "exemptions": [{{"rules": ["security/privileged"], "names": [{text}], "reason": {text}, "until": "2020-01-01"}}]}}}}"#
            ),
        );
        write(
            "bad-tenants.json",
            &format!(
                r#"{{"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant", "metadata": {{"name": {text}}}, "spec": {{{text}: 1, "rules": [{{"rule": {text}}}]}}}}"#
            ),
        );
        fs::create_dir(folder.join("policies")).unwrap();
        write(
            "policies/p.rego",
            &format!(
                "# METADATA\n# title: {text}\n# description: {text}\npackage flinkgate.custom.canary\n\nimport rego.v1\n\ndeny contains {text}\n"
            ),
        );
        write(
            "policies/p_test.rego",
            &format!(
                "package flinkgate.custom.canary_test\n\nimport rego.v1\n\ntest_{number} if {{ {text} == \"no\" }}\n"
            ),
        );
        write("bad.rego", &format!("package x\n\ndeny contains {canary}\n"));
        write(
            "review.json",
            &format!(
                r#"{{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {{"uid": {text}, "kind": {{"group": "", "version": "v1", "kind": "Pod"}}, "resource": {{"group": "", "version": "v1", "resource": "pods"}}, "name": {text}, "namespace": "strict", "operation": "CREATE", "userInfo": {{"username": {text}}}, "object": {}}}}}"#,
                pod(canary)
            ),
        );
        for format in ["text", "json", "sarif", "junit", "github", "gitlab", "markdown"] {
            check(
                folder,
                canary,
                &[
                    "lint",
                    "m",
                    "--format",
                    format,
                    "--tenants",
                    "tenants.json",
                    "--policies",
                    "policies",
                ],
            );
        }
        check(folder, canary, &["lint", "m", "--as-is"]);
        check(folder, canary, &["lint", "m", "--tenants", "bad-tenants.json"]);
        check(folder, canary, &["lint", "m", "--policies", "bad.rego"]);
        check(folder, canary, &["lint", &format!("m/{name}"), "m/missing\u{1b}[2J\n::a::b"]);
        check(folder, canary, &["lint", "m", "--tenants", &name, "--tenant", canary]);
        check(folder, canary, &["render", "m", "--tenants", "tenants.json"]);
        check(folder, canary, &["render", "m", "--diff", "--tenants", "tenants.json"]);
        check(folder, canary, &["size", "m"]);
        check(folder, canary, &["size", "m", "--format", "json"]);
        check(folder, canary, &["input", "m", "--tenants", "tenants.json"]);
        check(
            folder,
            canary,
            &["review", "review.json", "--tenants", "tenants.json", "--policies", "policies"],
        );
        check(
            folder,
            canary,
            &["review", "review.json", "--webhook", "mutate", "--tenants", "tenants.json"],
        );
        check(folder, canary, &["review", "m/broken.yaml"]);
        check(folder, canary, &["test", "policies"]);
        check(folder, canary, &["rules", "--policies", "policies"]);
        check(folder, canary, &["rules", "--policies", "policies", "--format", "json"]);
        check(folder, canary, &["explain", "canary/p", "--policies", "policies"]);
        check(folder, canary, &["explain", canary]);
        check(folder, canary, &["policies", canary]);
        check(folder, canary, &["serve", "--tenants", "bad-tenants.json", "--bind", "127.0.0.1:0"]);
        check(folder, canary, &["serve", "--policies", "bad.rego", "--bind", "127.0.0.1:0"]);
    });
}

/// Rendered manifests mean what they did.
#[test]
fn escaped_yaml_has_the_same_value() {
    for canary in CANARIES {
        let folder = tempfile::tempdir().unwrap();
        let object: serde_json::Value = serde_json::from_str(&format!(
            r#"{{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {{"name": "a"}}, "data": {{"a": {0}, "b": {1}, {0}: "c"}}}}"#,
            quoted(canary),
            quoted(&format!("one\n{canary}\nthree\n"))
        ))
        .unwrap();
        fs::write(folder.path().join("a.json"), object.to_string()).unwrap();
        let output = Command::cargo_bin("flinkgate")
            .unwrap()
            .arg("render")
            .arg(folder.path())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let read = flinkgate::resource::yaml::parse(&text).remove(0).value.unwrap();
        assert_eq!(read, object, "{text}");
    }
}

#[test]
fn no_argument_acts() {
    for canary in CANARIES {
        let format = format!("--format={canary}");
        for arguments in [
            vec![canary],
            vec!["lint", &format],
            vec!["lint", "--", canary],
            vec!["explain", canary],
        ] {
            let output =
                Command::cargo_bin("flinkgate").unwrap().args(&arguments).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{arguments:?}");
            let text = String::from_utf8(output.stderr).unwrap();
            assert!(!text.is_empty());
            assert_eq!(acts(&text, false, false), None, "{arguments:?}");
        }
    }
}

#[test]
fn case_21_gives_no_command() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    check(folder, "21", &["lint", "tests/data/bypasses/21-lint-output-commands.yaml"]);
}

#[test]
fn case_20_is_read_as_kubernetes_reads_it() {
    let output = Command::cargo_bin("flinkgate")
        .unwrap()
        .args(["lint", "tests/data/bypasses/20-lint-line-separator.yaml"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("security/host-namespaces"), "{text}");
}
