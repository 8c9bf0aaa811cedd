//! Context of objects: ConfigMaps of the same input, and the configuration of the Flink operator.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use assert_cmd::Command;
use serde_json::Value;
use std::path::PathBuf;
use tempfile::TempDir;

const DEPLOYMENT: &str = "
apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata: {name: etl, namespace: payments-prod}
spec:
  flinkVersion: v1_20
  image: registry.example.com/flink/etl:1.4
  serviceAccount: flink
  jobManager: {resource: {cpu: 1, memory: 2048m}}
  taskManager: {resource: {cpu: 1, memory: 2048m}}
  job: {jarURI: 'local:///opt/flink/usrlib/etl.jar', parallelism: 8, upgradeMode: stateless}
";

const OPERATOR: &str = "
kubernetes.operator.reconcile.interval: 15 s
taskmanager.numberOfTaskSlots: 2
kubernetes.operator.default-configuration.namespace.payments-prod.taskmanager.numberOfTaskSlots: 4
kubernetes.operator.default-configuration.flink-version.v1_19+.taskmanager.cpu.cores: 3
";

struct Folder(TempDir);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        Self(folder)
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    /// Exit status, standard output and standard error of a command in the folder.
    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let output = Command::cargo_bin("flinkgate")
            .unwrap()
            .current_dir(self.0.path())
            .args(arguments)
            .output()
            .unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let (_, text, errors) = self.run(&[arguments, &["--format", "json"]].concat());
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text} {errors}"))
    }

    fn findings(&self, arguments: &[&str]) -> Vec<(String, String, u64)> {
        let report = self.json(&[&["lint"], arguments].concat());
        let text = |finding: &Value, field: &str| finding[field].as_str().unwrap().to_owned();
        report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| {
                (text(finding, "rule"), text(finding, "message"), finding["line"].as_u64().unwrap())
            })
            .collect()
    }
}

fn kinds(file: &str) -> String {
    std::fs::read_to_string(
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/kinds").join(file),
    )
    .unwrap()
}

#[test]
fn a_mounted_config_map_of_the_same_input_says_what_a_cluster_is() {
    let folder = Folder::with(&[("all.yaml", &kinds("standalone-session.yaml"))]);
    let clusters = folder.json(&["size", "all.yaml"])["clusters"].take();
    assert_eq!(clusters.as_array().unwrap().len(), 2, "{clusters:#}");
    // 1600m of the file, and what stands in the arguments before it.
    assert_eq!(clusters[0]["jobManager"]["memory"]["heap"], 1_073_741_824_u64);
    assert_eq!(
        (&clusters[1]["taskManager"]["slots"], &clusters[1]["taskManager"]["memory"]["managed"]),
        (&2.into(), &536_870_920.into())
    );
    // It may stand in another file, and in another namespace it is another one.
    let (map, rest) = kinds("standalone-session.yaml")
        .split_once("---\n")
        .map(|(map, rest)| (map.to_owned(), rest.to_owned()))
        .unwrap();
    let apart = Folder::with(&[("map.yaml", &map), ("rest.yaml", &rest)]);
    assert_eq!(apart.json(&["size", "."])["clusters"], clusters);
    let elsewhere =
        Folder::with(&[("map.yaml", &map.replace("payments-prod", "other")), ("rest.yaml", &rest)]);
    assert_eq!(elsewhere.json(&["size", "."])["clusters"][0]["jobManager"].get("memory"), None);
}

#[test]
fn the_options_in_a_config_map_are_judged_where_they_stand() {
    let map = |data: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: flink-config, namespace: payments-prod}}\ndata:\n{data}"
        )
    };
    let cases = [
        (
            "  flink-conf.yaml: |\n    taskmanager.numberOfTaskSlots: two\n    blob.server.port: 6124\n",
            Some("flink/invalid-value"),
        ),
        (
            "  config.yaml: |\n    taskmanager: {numberOfTaskSlots: 2, numberOfTaskSlot: 3}\n",
            Some("flink/unknown-option"),
        ),
        ("  config.yaml: |\n    taskmanager: [\n", Some("flink/size")),
        ("  flink-conf.yaml: |\n    taskmanager.numberOfTaskSlots: 2\n", None),
        // Other programs have files of this name too.
        (
            "  config.yaml: |\n    receivers: {otlp: {protocols: grpc}}\n    exporters: {debug: x}\n",
            None,
        ),
        ("  config.yaml: |\n    server: [\n", None),
        ("  config.yaml: ''\n", None),
        ("  settings: |\n    taskmanager.numberOfTaskSlots: two\n", None),
    ];
    for (data, rule) in cases {
        let folder = Folder::with(&[("map.yaml", &map(data))]);
        let found = folder.findings(&["map.yaml"]);
        let rules: Vec<&str> = found.iter().map(|(rule, _, _)| rule.as_str()).collect();
        assert_eq!(rules, rule.into_iter().collect::<Vec<_>>(), "{data}{found:?}");
        // The field, or the line of the option in its text.
        assert!(found.iter().all(|(_, _, line)| (5..=6).contains(line)), "{found:?}");
    }
}

#[test]
fn the_operators_defaults_hold_for_what_a_deployment_does_not_say() {
    let folder = Folder::with(&[("etl.yaml", DEPLOYMENT), ("operator.yaml", OPERATOR)]);
    let task_managers = |arguments: &[&str]| {
        let cluster =
            folder.json(&[&["size", "etl.yaml"], arguments].concat())["clusters"][0].take();
        (
            cluster["taskManager"]["replicas"].as_u64().unwrap(),
            cluster["taskManager"]["cpu"].as_f64().unwrap(),
        )
    };
    assert_eq!(task_managers(&[]), (8, 1.0));
    assert_eq!(task_managers(&["--operator-config", "operator.yaml"]), (2, 3.0));
    // What it gives is nobody's mistake here, and quota counts with it.
    let tenant = "apiVersion: flinkgate.dev/v1alpha1\nkind: FlinkTenant\nmetadata: {name: payments}\nspec:\n  namespaces: {names: [payments-prod]}\n  quota: {perCluster: {taskManagers: 4}}\n  flink: {configuration: {enforced: {taskmanager.numberOfTaskSlots: 4}, forbidden: ['taskmanager.cpu.*']}}\n";
    std::fs::write(folder.path("tenant.yaml"), tenant).unwrap();
    let arguments = ["etl.yaml", "--tenants", "tenant.yaml"];
    assert_eq!(
        folder.findings(&[&arguments[..], &["--operator-config", "operator.yaml"]].concat()),
        []
    );
    let rendered = folder
        .run(&[
            "render",
            "etl.yaml",
            "--tenants",
            "tenant.yaml",
            "--operator-config",
            "operator.yaml",
        ])
        .1;
    assert!(
        rendered.contains("taskmanager.numberOfTaskSlots: '4'")
            || rendered.contains("taskmanager.numberOfTaskSlots: \"4\""),
        "{rendered}"
    );
}

#[test]
fn an_operators_configuration_that_cannot_be_read_ends_every_command() {
    let folder = Folder::with(&[
        ("etl.yaml", DEPLOYMENT),
        ("broken.yaml", "a: [\nb"),
        ("list.yaml", "- a\n"),
    ]);
    for command in ["lint", "size", "render"] {
        for (file, expected) in [
            ("missing.yaml", "failed to read the operator's configuration `missing.yaml`"),
            ("broken.yaml", "failed to parse the operator's configuration `broken.yaml`"),
            ("list.yaml", "write a mapping of options"),
        ] {
            let (status, _, errors) = folder.run(&[command, "etl.yaml", "--operator-config", file]);
            assert_eq!(status, 2, "{command} {file}");
            assert!(errors.contains(expected), "{command} {file}: {errors}");
        }
    }
}

#[test]
fn a_cron_job_is_judged_as_the_pods_of_one_run() {
    let cron_job = "
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly, namespace: payments-prod}
spec:
  schedule: '0 3 * * *'
  jobTemplate:
    spec:
      parallelism: 2
      template:
        spec:
          containers:
            - name: jobmanager
              image: registry.example.com/flink/etl:1.4
              args: [standalone-job, --job-classname, com.example.Nightly, -Djobmanager.memory.process.size=1600m]
              securityContext: {privileged: true}
              resources: {requests: {cpu: 500m, memory: 1600Mi}}
";
    let folder = Folder::with(&[("nightly.yaml", cron_job)]);
    let cluster = folder.json(&["size", "."])["clusters"][0].take();
    assert_eq!(
        (&cluster["total"]["cpu"], &cluster["total"]["jobs"], &cluster["jobManager"]["replicas"]),
        (&1.0.into(), &1.into(), &2.into())
    );
    let found = folder.findings(&["."]);
    assert!(
        found.iter().any(|(rule, _, line)| rule == "security/privileged" && *line == 16),
        "{found:?}"
    );
}

const SESSION: &str = "
apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata: {name: session, namespace: payments-prod}
spec:
  flinkVersion: v1_20
  image: registry.example.com/flink/session:1
  serviceAccount: flink
  flinkConfiguration: {execution.checkpointing.dir: 's3://payments-flink/checkpoints'}
  jobManager: {resource: {cpu: 1, memory: 2048m}}
  taskManager: {resource: {cpu: 1, memory: 2048m}}
";

fn session_job(cluster: &str, mode: &str, options: &str) -> String {
    format!(
        "apiVersion: flink.apache.org/v1beta1\nkind: FlinkSessionJob\nmetadata: {{name: clicks, namespace: payments-prod}}\nspec:\n  deploymentName: {cluster}\n  flinkConfiguration: {{{options}}}\n  job: {{jarURI: 'https://repo.example.com/clicks.jar', parallelism: 2, upgradeMode: {mode}}}\n"
    )
}

#[test]
fn a_session_job_is_held_against_its_cluster_where_that_is_in_the_input() {
    let savepoints = "execution.checkpointing.savepoint-dir: 's3://payments-flink/savepoints'";
    let old = SESSION.replace("v1_20", "v1_19");
    let cases = [
        // The cluster's directory counts for the job.
        (SESSION, session_job("session", "last-state", ""), vec![]),
        (SESSION, session_job("session", "savepoint", savepoints), vec![]),
        (SESSION, session_job("session", "savepoint", ""), vec!["storage/savepoint-dir"]),
        (DEPLOYMENT, session_job("etl", "stateless", ""), vec!["flink/session-job"]),
        (
            DEPLOYMENT,
            session_job("etl", "last-state", ""),
            vec!["flink/session-job", "flink/session-job"],
        ),
        // Its version is the job's.
        (
            &old,
            session_job("session", "stateless", "execution.checkpointing.num-retained: 3"),
            vec!["flink/option-version"],
        ),
        // Of a cluster that is not there, nothing is said: the operator waits for it.
        (SESSION, session_job("other", "savepoint", ""), vec![]),
    ];
    for (cluster, job, expected) in cases {
        let folder = Folder::with(&[("cluster.yaml", cluster), ("job.yaml", &job)]);
        let report = folder.json(&["lint", "."]);
        let found = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|finding| finding["object"]["kind"] == "FlinkSessionJob");
        let rules: Vec<&str> = found.map(|finding| finding["rule"].as_str().unwrap()).collect();
        assert_eq!(rules, expected, "{job}{report:#}");
    }
}
