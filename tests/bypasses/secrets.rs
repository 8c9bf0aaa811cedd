//! Secrets are never shown: canaries in every shape through every door and format, and all output
//! is searched for them.

use crate::cases::{asked, folder, gate, review, tenant, webhooks};
use crate::manifests::read;
use assert_cmd::Command;
use flinkgate::admission::answer::Webhook;
use flinkgate::pipeline::Unassigned;
use flinkgate::telemetry::decision;
use serde_json::{Value, json};
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Texts that must not be in any output, in any shape that an encoder could give them.
const CANARIES: [&str; 5] = ["CANARY", "canary", "Q0FOQVJZ", "hunter", "hunt/er"];

const FORMATS: [&str; 7] = ["text", "json", "sarif", "junit", "github", "gitlab", "markdown"];

fn assert_clean(output: &str, what: &str) {
    for canary in CANARIES {
        if let Some(at) = output.find(canary) {
            let start = output[..at].char_indices().rev().nth(300).map_or(0, |(at, _)| at);
            let end =
                output[at..].char_indices().nth(100).map_or(output.len(), |(end, _)| at + end);
            panic!("{what} shows a secret: …{}…", &output[start..end]);
        }
    }
}

/// Options with a secret, in every shape: key and value.
fn options() -> Vec<(String, String)> {
    let mut options: Vec<(String, String)> = Vec::new();
    let mut add = |key: &str, value: &str| options.push((key.to_owned(), value.to_owned()));
    let long = "CANARY".repeat(40);
    for (number, value) in
        ["CANARY-1", "CANARY 2 with blanks", "\"CANARY'3\"", "CANARY4 # comment", &long]
            .into_iter()
            .enumerate()
    {
        let keys = [
            "s3.secret-key",
            "fs.s3a.secret.key",
            "security.ssl.rest.key-password",
            "security.ssl.internal.keystore-password",
            "metrics.reporter.dd.apikey",
            "metrics.reporter.influx.token",
            "fs.azure.account.key.x.blob.core.windows.net",
            "high-availability.zookeeper.client.authorization",
            "fs.oss.accessKeySecret",
            "s3.access-key",
            "kubernetes.operator.user.artifacts.http.header",
            "user.artifacts.http-headers",
            "my.own.service-key",
            "my.own.basic-auth",
            "properties.sasl.jaas.config",
        ];
        // Every key once, and every value under several keys.
        for (index, key) in keys.into_iter().enumerate() {
            if number == 0 || index % 4 == number % 4 {
                add(key, value);
            }
        }
    }
    add("env.java.opts.all", "-Djavax.net.ssl.keyStorePassword=CANARY -Dx=y");
    add("kubernetes.taskmanager.entrypoint.args", "-Ds3.secret-key=CANARY; true");
    add("containerized.taskmanager.env.DB_PASSWORD", "CANARY");
    add("kubernetes.taskmanager.annotations", "token:CANARY");
    add("security.delegation.token.provider.s3.secret-key", "CANARY");
    add("my.service-key", PEM);
    options
}

/// A secret of several lines.
const PEM: &str = "-----BEGIN PRIVATE KEY-----\nCANARYCANARYCANARY1\nCANARYCANARYCANARY2\n-----END PRIVATE KEY-----";

/// URIs with a secret, in every shape.
const URIS: [&str; 11] = [
    "s3://AKIA:CANARY@bucket/x",
    "s3://AKIA:CAN/CANARY+x@bucket/x",
    "s3://AKIA:CANARY@CANARY@bucket/x",
    "s3://AKIA%3ACANARY@bucket/x",
    "s3:AKIA:CANARY@bucket/x",
    "https://user:CANARY@/x",
    "https://host/x?sig=CANARY&se=1",
    "https://host/x#CANARY",
    "wasbs://c@a.blob.core.windows.net/x?sv=1&sig=CANARY",
    "//user:CANARY@host/x",
    "user:CANARY@host/x",
];

/// Options that take a URI, or whose messages show what is none.
const URI_OPTIONS: [&str; 14] = [
    "state.savepoints.dir",
    "execution.checkpointing.dir",
    "high-availability.storageDir",
    "execution.state-recovery.path",
    "jobmanager.archive.fs.dir",
    "state.changelog.dstl.dfs.base-path",
    "fs.default-scheme",
    "kubernetes.container.image.ref",
    "kubernetes.entry.path",
    "parallelism.default",
    "execution.checkpointing.interval",
    "pipeline.jars",
    "yarn.provided.usrlib.dir",
    "no.such.option",
];

/// Objects in which every one of these options has every one of the URIs once. The secrets of an
/// object differ, so that no option tells about another.
fn objects_with_uris() -> impl Iterator<Item = Value> {
    (0..URIS.len()).map(|number| {
        let mut object = deployment();
        object["metadata"]["name"] = format!("uri-{number}").into();
        for (index, key) in URI_OPTIONS.into_iter().enumerate() {
            let uri = URIS[(number + index) % URIS.len()];
            let value = uri.replace("CANARY", &format!("CANARY{index}x"));
            object["spec"]["flinkConfiguration"][key] = value.as_str().into();
            // The same option again, nested.
            if let Some((first, rest)) = key.split_once('.') {
                object["spec"]["flinkConfiguration"][first][rest] = format!("{value}x").into();
            }
        }
        object
    })
}

fn deployment() -> Value {
    read("tests/data/exposed/bases/deployment.yaml")
}

/// A tenant whose lists and limits make as many rules as possible speak.
fn strict() -> Value {
    let mut strict = read("tests/data/bypasses/tenants/strict.yaml")["spec"].clone();
    strict["flink"]["configuration"]["forbidden"] = json!(["*"]);
    strict["flink"]["configuration"]["enforced"] = json!({"s3.secret-key": "CANARY-of-the-tenant",
        "high-availability.storageDir": "s3://AKIA:CAN/ARY-CANARY@b/x"});
    strict["security"]["forbiddenEnvironment"] = json!(["*"]);
    strict["security"]["forbiddenAnnotations"] = json!(["*"]);
    strict
}

/// Objects with secrets in every place.
fn objects() -> Vec<Value> {
    let mut objects = vec![read("tests/data/bypasses/19-secrets-in-messages.yaml")];
    for (number, (key, value)) in options().into_iter().enumerate() {
        let mut object = deployment();
        object["metadata"]["name"] = format!("etl-{number}").into();
        object["spec"]["flinkConfiguration"][&key] = value.as_str().into();
        // The same option again, nested.
        if let Some((first, rest)) = key.split_once('.') {
            object["spec"]["flinkConfiguration"][first] = json!({rest: format!("{value}x")});
        }
        objects.push(object);
    }
    objects.extend(objects_with_uris());
    for uri in [
        "https://user:CANARY@/job.jar",
        "https:user:CANARY@host/job.jar",
        "user:CANARY@host/job.jar",
        "https://CANARY@host/job.jar",
        "s3://AKIA:CA/NA/CANARY@bucket/job.jar",
        "https://host/job.jar?token=CANARY",
        "ht tp://user:CANARY@host/job.jar",
    ] {
        let mut job = read("tests/data/exposed/bases/session-job.yaml");
        job["spec"]["job"]["jarURI"] = uri.into();
        job["spec"]["job"]["initialSavepointPath"] = uri.into();
        objects.push(job);
        let mut object = deployment();
        object["spec"]["job"]["jarURI"] = uri.into();
        object["spec"]["job"]["args"] = json!(["--password", "CANARY", "--token=CANARY", uri]);
        objects.push(object);
        let mut snapshot = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkStateSnapshot", "metadata": {"name": "s"},
            "spec": {"savepoint": {"path": uri}, "jobReference": {"kind": "FlinkDeployment", "name": "etl"}}});
        snapshot["spec"]["savepoint"]["disposeOnDelete"] = "x".into();
        objects.push(snapshot);
    }
    objects.push(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "labels": {"component": "taskmanager", "type": "flink-native-kubernetes"},
            "annotations": {"vault.example.com/token": "CANARY of several words, longer than a stem"}},
        "spec": {"hostNetwork": true, "containers": [{"name": "flink-main-container", "image": "user:CANARY@host/x:1",
            "command": ["sh", "-c", "run --password CANARY --verbose"], "args": ["-Ds3.secret-key=CANARY", "kubernetes-taskmanager.sh", "--password", "CANARY"],
            "env": [{"name": "DB_PASSWORD", "value": "CANARY"}, {"name": "URL", "value": "postgres://u:CANARY@db/x"}, {"name": "OTHER", "value": "CANARY-12345"},
                {"name": "API_TOKEN", "value": "12CANARY"}, {"name": "TLS_KEY_PASSWORD", "value": PEM},
                {"name": "FLINK_PROPERTIES", "value": "s3.secret-key: CANARY\nstate.savepoints.dir: s3://A:CANARY/x@b/y\ntaskmanager.numberOfTaskSlots: x\n"}]}]}}));
    objects.push(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "flink-config"},
        "data": {"config.yaml": "s3:\n  secret-key: CANARY\nstate.savepoints.dir: s3://A:CANARY/x@b/y\nparallelism.default: many\nexecution.checkpointing.dir: 's3://A:CANARY/x@b/y'\n"}}));
    objects.extend(with_mounted_configuration());
    objects
}

/// A JobManager, and the ConfigMap whose key it reads as its configuration. The secrets are in the
/// other object.
fn with_mounted_configuration() -> [Value; 2] {
    let options = "s3.secret-key: CANARY of several words, longer than a stem\nparallelism.default: CANARY of several words, longer than a stem\nexecution.checkpointing.interval: s3://A:CANARY/x@b/y\n";
    let container = json!({"name": "jobmanager", "image": "flink:1.20", "args": ["jobmanager"],
        "volumeMounts": [{"name": "v", "mountPath": "/opt/flink/conf/flink-conf.yaml", "subPath": "odd"}]});
    let spec = json!({"containers": [container], "volumes": [{"name": "v", "configMap": {"name": "odd"}}]});
    [
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "jm"}, "spec": {"selector": {"matchLabels": {"app": "jm"}},
            "template": {"metadata": {"labels": {"app": "jm"}}, "spec": spec}}}),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "odd"}, "data": {"odd": options}}),
    ]
}

#[test]
fn no_format_of_lint_shows_a_secret() {
    let tenants = folder(&[tenant("strict", &["default"], &strict())]);
    let folder = tempfile::tempdir().unwrap();
    let objects = objects();
    // One line a field, flow style in one line, and JSON.
    let pretty: Vec<String> = objects.iter().map(flinkgate::report::yaml::emit).collect();
    let flow: Vec<String> = objects.iter().map(Value::to_string).collect();
    std::fs::write(folder.path().join("pretty.yaml"), pretty.join("---\n")).unwrap();
    std::fs::write(folder.path().join("flow.yaml"), flow.join("\n---\n")).unwrap();
    std::fs::write(folder.path().join("odd.yaml"), ODD).unwrap();
    std::fs::write(folder.path().join("broken.yaml"), BROKEN).unwrap();
    for format in FORMATS {
        for tenants in [Some(tenants.path()), None] {
            // Without a tenant, other levels are all that differs.
            if tenants.is_none() && format != "text" {
                continue;
            }
            let mut command = Command::cargo_bin("flinkgate").unwrap();
            command.args(["lint", "--format", format]).arg(folder.path());
            if let Some(tenants) = tenants {
                command.arg("--tenants").arg(tenants);
            }
            let output = command.output().unwrap();
            let (out, err) = (
                String::from_utf8(output.stdout).unwrap(),
                String::from_utf8(output.stderr).unwrap(),
            );
            assert!(out.contains("checkpoint-dir"), "{err}");
            assert_clean(&out, format);
            assert_clean(&err, &format!("standard error of {format}"));
        }
    }
}

/// Spellings in which the text of the file is not the value.
const ODD: &str = r#"
apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata: {name: odd}
spec:
  flinkVersion: v1_20
  flinkConfiguration:
    s3.secret-key: hunter2   # was hunter1
    s3.access-key:
      hunter3
    "s3.session-token": "hun\
      hunter4"
    fs.s3a.secret.key: >-
      hunter5
      hunter6
    ? metrics.reporter.x.apikey
    : hunter7
    fs.azure.account.key: &anchor hunter8
    metrics.reporter.y.apikey: *anchor
    s3.secret-key: hunter9
    {state.savepoints.dir: "s3://AKIA:hunter10/x@b/y", parallelism.default: many}: x
  podTemplate:
    spec:
      hostNetwork: true
      containers:
        - {name: flink-main-container, env: [{name: PASSWORD, value: hunter11}, {name: LD_PRELOAD, value: "hunter12/x.so"}]}
  job: {jarURI: "https://user:hunter13@/x.jar", parallelism: 2, upgradeMode: stateless}
---
apiVersion: v1
kind: Secret
metadata: {name: s}
stringData: {password: hunter14, password: hunter15, other: hunter16}
"#;

/// Documents that cannot be read.
const BROKEN: &str = r#"
apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata: {name: broken}
spec:
  flinkConfiguration:
    s3.secret-key: "hunter17
      x: [
---
apiVersion: v1
kind: Pod
spec:
  containers: [{name: a, env: [{name: X, value: hunter18}, }]
---
a: 's3://A:hunter19/x@b/y' b: c
"#;

#[test]
fn no_webhook_shows_a_secret() {
    let tenants = folder(&[tenant("strict", &["strict"], &strict())]);
    let gate = gate(&tenants, Unassigned::Warn);
    for mut object in objects() {
        object["metadata"]["namespace"] = "strict".into();
        let created = review("CREATE", &object, &Value::Null);
        for findings in webhooks(&gate, asked(&created)) {
            assert_clean(&serde_json::to_string(&findings).unwrap(), "a finding");
        }
        let mut old = object.clone();
        old["spec"]["flinkConfiguration"]["s3.secret-key"] = "CANARY-old".into();
        for findings in webhooks(&gate, asked(&review("UPDATE", &object, &old))) {
            assert_clean(&serde_json::to_string(&findings).unwrap(), "a finding of an update");
        }
    }
}

#[test]
fn no_answer_shows_a_secret() {
    let tenants = folder(&[tenant("strict", &["strict"], &strict())]);
    let objects = objects();
    let step = objects.len().div_ceil(25);
    for mut object in objects.into_iter().rev().step_by(step) {
        object["metadata"]["namespace"] = "strict".into();
        let review = review("CREATE", &object, &Value::Null).to_string();
        for webhook in ["validate", "mutate"] {
            let output = Command::cargo_bin("flinkgate")
                .unwrap()
                .args(["review", "-", "--webhook", webhook, "--tenants"])
                .arg(tenants.path())
                .write_stdin(review.clone())
                .output()
                .unwrap();
            let mut answer: Value = serde_json::from_slice(&output.stdout).unwrap();
            // The patch repeats what the tenant's administrator gives, and goes to the API server.
            answer["response"]["patch"].take();
            let annotations = &answer["response"]["auditAnnotations"];
            assert!(annotations["tenant"] == "strict", "{annotations}");
            assert_clean(&answer.to_string(), webhook);
            assert_clean(&String::from_utf8(output.stderr).unwrap(), "standard error");
        }
    }
}

#[test]
fn no_policy_of_a_user_shows_a_secret() {
    let policies = tempfile::tempdir().unwrap();
    let rego = [
        "# METADATA\n# title: Shows all\npackage flinkgate.custom.shows\n\nimport rego.v1\n",
        &shows("some key, value in input.flink.config", "[key, value]"),
        &shows("some key, value in input.object.metadata.annotations", "[key, value]"),
        &shows("some key, value in input.object.data", "[key, value]"),
        &shows(
            "some one in input.object.spec.containers\n\tsome value in one.env",
            "[value.name, value.value]",
        ),
        &shows(
            "some one in input.object.spec.containers\n\tsome value in one.command",
            "[one.name, value]",
        ),
    ]
    .join("\n");
    std::fs::write(policies.path().join("shows.rego"), rego).unwrap();
    let objects = objects();
    let input: Vec<String> = objects.iter().map(Value::to_string).collect();
    let tenants = folder(&[tenant("open", &["default"], &json!({}))]);
    let output = Command::cargo_bin("flinkgate")
        .unwrap()
        .args(["lint", "-", "--format", "json", "--tenants"])
        .arg(tenants.path())
        .arg("--policies")
        .arg(policies.path())
        .write_stdin(input.join("\n---\n"))
        .output()
        .unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(
        out.contains("numberOfTaskSlots is `2`"),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(out.contains("is `run --password …"), "{out}");
    assert_clean(&out, "a policy's finding");
}

/// A rule that shows a key and a value.
fn shows(condition: &str, values: &str) -> String {
    format!(
        "deny contains finding if {{\n\t{condition}\n\tfinding := {{\"msg\": sprintf(\"%s is `%v`\", {values}), \"path\": [\"spec\"]}}\n}}\n"
    )
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn no_decision_line_shows_a_secret() {
    let mut spec = strict();
    // The line has the messages of findings without consequences.
    spec["enforcement"] = "Audit".into();
    let tenants = folder(&[tenant("strict", &["strict"], &spec)]);
    let gate = gate(&tenants, Unassigned::Warn);
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
    tracing::subscriber::with_default(subscriber, || {
        for mut object in objects() {
            object["metadata"]["namespace"] = "strict".into();
            let resource = asked(&review("CREATE", &object, &Value::Null));
            for webhook in [Webhook::Mutate, Webhook::Validate] {
                let answer = webhook.ask(&gate, &resource);
                decision::log(webhook, "1", &resource, &answer, Duration::ZERO);
            }
        }
    });
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("is not allowed"), "{text}");
    assert_clean(&text, "a decision line");
}

#[test]
fn what_is_no_secret_is_shown() {
    let mut object = deployment();
    object["spec"]["flinkConfiguration"] = json!({"state.savepoints.dir": "/tmp/savepoints", "state": {"savepoints.dir": "/tmp/other"},
        "security.delegation.tokens.enabled": "maybe", "kubernetes.secrets": "foreign:/x", "execution.checkpointing.interval": "soon"});
    let spec = json!({"security": {"secrets": ["own-*"]}});
    let tenants = folder(&[tenant("t", &["default"], &spec)]);
    let report = crate::cases::lint(&tenants, [&object]).to_string();
    for shown in ["/tmp/savepoints", "maybe", "Secret `foreign` is not allowed", "soon"] {
        assert!(report.contains(shown), "{shown}: {report}");
    }
}
