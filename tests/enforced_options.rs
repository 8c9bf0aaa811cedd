//! Enforced options and defaults of a tenant, in whatever gives Flink its options: ConfigMaps, variables
//! and arguments of processes, and the options of every operator's kinds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "seeded/mod.rs"]
mod seeded;

use assert_cmd::Command;
use flinkgate::flink::FlinkContext;
use flinkgate::flink::config_file::{self, CONFIG, FLINK_CONF, text_in_config_map};
use flinkgate::flink::requester::DEFAULT_OPERATOR_USER;
use flinkgate::pipeline::configuration::{ConfigurationLookup, configuration_lookup};
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::rego::PolicySet;
use flinkgate::resource::{Operation, Resource, pointer, yaml};
use flinkgate::rules::Finding;
use flinkgate::tenant::{Tenant, Tenants};
use seeded::Seeded;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

const NAMESPACE: &str = "payments";

static POLICIES: LazyLock<Arc<PolicySet>> =
    LazyLock::new(|| Arc::new(PolicySet::built_in().unwrap()));

/// A gate with one tenant.
fn gate(spec: &Value) -> Gate {
    let mut spec = spec.clone();
    spec["namespaces"] = json!({"names": ["payments*"]});
    let spec = serde_json::from_value(spec).unwrap();
    let tenant = Tenant { name: "payments".into(), spec, ..Tenant::default() };
    Gate::new(Tenants::new(vec![tenant], BTreeMap::new()), POLICIES.clone(), Unassigned::Warn)
}

/// An object from its short form in a case.
fn object(short: &Value) -> Value {
    let kind = short["kind"].as_str().unwrap();
    let name = short["name"].as_str().unwrap_or("conf");
    let mut metadata = json!({"name": name, "namespace": NAMESPACE});
    if let Some(labels) = short.get("labels") {
        metadata["labels"] = labels.clone();
    }
    let own = json!({"app": "etl", "component": "jobmanager"});
    let labels = short.get("labels").cloned().unwrap_or(own);
    let mut pod = short["pod"].clone();
    for container in pod["containers"].as_array_mut().into_iter().flatten() {
        let fields = container.as_object_mut().unwrap();
        fields.entry("image").or_insert_with(|| "flink:1.20".into());
    }
    let mut object = json!({"kind": kind, "metadata": metadata});
    object["apiVersion"] = match kind {
        "Deployment" => "apps/v1".into(),
        _ => short.get("apiVersion").cloned().unwrap_or_else(|| "v1".into()),
    };
    match kind {
        "Deployment" => {
            object["spec"] = json!({"replicas": 1, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}});
        }
        "Pod" => object["spec"] = pod,
        _ => {}
    }
    for field in ["data", "binaryData", "immutable", "spec"] {
        if let Some(value) = short.get(field) {
            object[field] = value.clone();
        }
    }
    object
}

/// The findings about options of the tenant.
fn about_options(findings: &[Finding]) -> Vec<String> {
    let rules = ["flink/enforced-option", "flink/unset-option"];
    let own = findings.iter().filter(|finding| rules.contains(&&*finding.rule));
    let mut found: Vec<_> = own
        .map(|finding| format!("{} {} {}", finding.rule, finding.level.as_str(), finding.pointer))
        .collect();
    found.sort();
    found
}

fn texts(case: &Value, field: &str) -> Option<Vec<String>> {
    let list = case.get(field)?.as_array()?;
    Some(list.iter().map(|text| text.as_str().unwrap().to_owned()).collect())
}

struct Case {
    name: String,
    spec: Value,
    gate: Gate,
    resource: Resource,
    config_maps: Vec<Value>,
    pods: Vec<Value>,
}

impl Case {
    fn read(case: &Value, tenants: &Value) -> Self {
        let spec = tenants[case["tenant"].as_str().unwrap()].clone();
        let mut resource = Resource::from_manifest(object(&case["object"])).unwrap();
        resource.user.username = "alice".into();
        if let Some(old) = case.get("old") {
            resource.operation = Operation::Update;
            resource.old_object = Some(object(old));
        }
        for (place, value) in case["change"].as_object().into_iter().flatten() {
            *resource.object.pointer_mut(place).unwrap() = value.clone();
        }
        let maps = case["config_maps"].as_object().into_iter().flatten();
        let config_maps = maps
            .map(|(name, data)| object(&json!({"kind": "ConfigMap", "name": name, "data": data})))
            .collect();
        let pods = case["pods"].as_array().into_iter().flatten();
        let pods = pods.map(|pod| object(&json!({"kind": "Pod", "name": "p", "pod": pod})));
        let name = case["name"].as_str().unwrap().to_owned();
        let mut case =
            Self { name, gate: gate(&spec), spec, resource, config_maps, pods: pods.collect() };
        // What a review would look up.
        let mut context = FlinkContext::default();
        match configuration_lookup(&case.gate, &case.resource) {
            Some(ConfigurationLookup::Pods) => case.pods.iter().for_each(|pod| {
                context.configuration_mut().add_readers(NAMESPACE, pod);
            }),
            Some(ConfigurationLookup::ConfigMaps(keys)) => {
                for (name, keys) in keys {
                    let is_it = |map: &&Value| map["metadata"]["name"] == *name;
                    if let Some(found) = case.config_maps.iter().find(is_it) {
                        context.configuration_mut().add_keys(NAMESPACE, &name, found, &keys);
                    }
                }
            }
            None => {}
        }
        case.gate = case.gate.with_context(Arc::new(context));
        case
    }

    fn with(&self, object: Value) -> Resource {
        Resource { object, ..self.resource.clone() }
    }

    /// The object after the mutating webhook.
    fn patched(&self, object: &Value) -> Value {
        let mut patched = object.clone();
        if let Some(patch) = self.gate.mutate(&self.with(object.clone())).patch {
            json_patch::patch(&mut patched, &patch).unwrap();
        }
        patched
    }

    /// What `lint` finds in the object, with everything else in the input.
    fn linted(&self) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let tenants = folder.path().join("tenant.yaml");
        let mut spec = self.spec.clone();
        spec["namespaces"] = json!({"names": [NAMESPACE]});
        let tenant = json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant", "metadata": {"name": "payments"}, "spec": spec});
        std::fs::write(&tenants, tenant.to_string()).unwrap();
        let objects =
            [&self.resource.object].into_iter().chain(&self.config_maps).chain(&self.pods);
        let input: Vec<_> = objects.map(Value::to_string).collect();
        let output = Command::cargo_bin("flinkgate")
            .unwrap()
            .args(["lint", "-", "--format", "json", "--tenants", tenants.to_str().unwrap()])
            .write_stdin(input.join("\n---\n"))
            .output()
            .unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let (kind, name) =
            (&self.resource.object["kind"], &self.resource.object["metadata"]["name"]);
        let mut found: Vec<String> = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|finding| {
                finding["object"]["kind"] == *kind && finding["object"]["name"] == *name
            })
            .filter(|finding| {
                finding["rule"] == "flink/enforced-option"
                    || finding["rule"] == "flink/unset-option"
            })
            .map(|finding| {
                let text = |field: &str| finding[field].as_str().unwrap().to_owned();
                format!("{} {} {}", text("rule"), text("level"), text("pointer"))
            })
            .collect();
        found.sort();
        found
    }
}

#[test]
fn options_of_the_tenant_hold_in_every_case() {
    let text = std::fs::read_to_string("tests/data/enforced-options/cases.yaml").unwrap();
    let document = yaml::parse(&text).remove(0);
    assert_eq!(document.problems, []);
    let file = document.value.unwrap();
    for written in file["cases"].as_array().unwrap() {
        let case = Case::read(written, &file["tenants"]);
        let name = &case.name;
        let stored = case.patched(&case.resource.object);
        for (place, value) in written["stored"].as_object().unwrap() {
            assert_eq!(pointer::at(&stored, place), Some(value), "{name}: {place}");
        }
        let is_pod = case.resource.kind.kind == "Pod";
        if written["stored"] == json!({}) && !is_pod {
            assert_eq!(stored, case.resource.object, "{name}");
        }
        assert_eq!(case.patched(&stored), stored, "{name}: mutation twice");
        let found = texts(written, "found").unwrap_or_default();
        let after = about_options(&case.gate.validate(&case.with(stored.clone())).findings);
        assert_eq!(after, found, "{name}: after mutation");
        let alone = about_options(&case.gate.validate(&case.resource).findings);
        assert_eq!(
            alone,
            texts(written, "alone").unwrap_or_else(|| found.clone()),
            "{name}: alone"
        );
        if case.resource.old_object.is_none() {
            let linted = texts(written, "linted").unwrap_or(found);
            assert_eq!(case.linted(), linted, "{name}: lint");
        }
        // What the operator writes follows from an object that was completed.
        let mut operator = case.resource.clone();
        operator.user.username = DEFAULT_OPERATOR_USER.into();
        if !is_pod
            && case.resource.kind.group != "flink.k8s.io"
            && case.resource.kind.group != "flinkoperator.k8s.io"
        {
            assert_eq!(case.gate.mutate(&operator).patch, None, "{name}: operator");
            assert_eq!(case.gate.validate(&operator).findings, [], "{name}: operator");
        }
    }
}

/// Lines of a file that have an effect on where an option can be written.
const LINES: [&str; 26] = [
    "jobmanager.rpc.address: jm",
    "taskmanager:\n  numberOfTaskSlots: 2",
    "taskmanager.memory.process.size: 2g # comment",
    "# a comment",
    "",
    "   ",
    "web:\n  submit:\n    enable: false",
    "web.submit.enable: false",
    "web.submit.enable: true",
    "web.submit.enable: []",
    "web: {submit: {enable: 'false'}}",
    "execution.checkpointing.interval: 5s",
    "execution:\n  checkpointing:\n    interval: 5s",
    "high-availability: none",
    "high-availability.storageDir: s3://b/ha",
    "env.java.opts.all: |\n  -Da=b\n  -Dc=d",
    "env.java.opts.all: >-\n  -Da=b\n\n  -Dc=d",
    "pipeline.jars:\n- a.jar\n- 'b: c.jar'",
    "pipeline.name: \"two\n  lines\"",
    "classloader.parent-first-patterns.additional: [a, b]",
    "---",
    "...",
    "state: {checkpoints: {dir: 's3://b/c'}}",
    "s3.secret-key: \"x#y: z\"",
    "not an option",
    "'quoted.key': 'it''s'",
];

const SPECS: [&str; 4] = [
    r#"{"flink": {"configuration": {"enforced": {"web.submit.enable": false}}}}"#,
    r#"{"flink": {"configuration": {"enforced": {"web.submit.enable": "false", "state.backend.type": "rocksdb", "execution.checkpointing.dir": "s3://t/c"}, "defaults": {"execution.checkpointing.interval": "60s", "high-availability.type": "kubernetes"}}}}"#,
    r#"{"flink": {"configuration": {"enforced": {"metrics.reporter.x.filter": "a: b # 'c'", "rest.port": 8081, "cluster.x": "1.50"}}}}"#,
    r#"{"flink": {"configuration": {"defaults": {"high-availability.type": "zookeeper"}}}, "storage": {"checkpoints": {"volume": {"claimName": "{cluster}-state", "storageClassName": "nfs", "size": "1Gi"}}}}"#,
];

fn any<'t>(list: &[&'t str], dice: &mut Seeded) -> &'t str {
    list[dice.below(list.len())]
}

/// A random text of a file.
fn file(dice: &mut Seeded) -> String {
    let lines: Vec<_> = (0..dice.below(9)).map(|_| any(&LINES, dice)).collect();
    let indent = any(&["", "", "", "  "], dice);
    let line_end = any(&["\n", "\n", "\n", "\r\n"], dice);
    let text = lines.join("\n").replace('\n', &format!("\n{indent}"));
    let text = if text.is_empty() { text } else { format!("{indent}{text}") };
    text.replace('\n', line_end) + any(&["", line_end, line_end], dice)
}

#[test]
fn any_file_is_completed_once_and_keeps_its_text() {
    let gates = SPECS.map(|spec| gate(&serde_json::from_str(spec).unwrap()));
    let (mut completed, mut refused, mut left) = (0, 0, 0);
    for seed in 0..2000 {
        let dice = &mut Seeded(seed);
        let gate = &gates[dice.below(gates.len())];
        let mut data = Map::new();
        for key in [CONFIG, FLINK_CONF, "FLINK_PROPERTIES"] {
            if dice.below(2) == 0 {
                data.insert(key.into(), file(dice).into());
            }
        }
        let map = object(&json!({"kind": "ConfigMap", "data": data}));
        let resource = Resource::from_manifest(map.clone()).unwrap();
        let stored = gate.mutated(&resource);
        let again = Resource { object: stored.clone(), ..resource.clone() };
        assert_eq!(gate.mutate(&again).patch, None, "{map}");
        let options = |object: &Value, key: &str| {
            let (text, _) = text_in_config_map(object, key).unwrap();
            let file = if key == CONFIG { CONFIG } else { FLINK_CONF };
            let config = config_file::parse(file, &text, None).ok();
            (text.into_owned(), config)
        };
        for key in data.keys() {
            let ((before, old), (after, new)) = (options(&map, key), options(&stored, key));
            if before == after {
                left += 1;
                continue;
            }
            completed += 1;
            // Everything of the user is there, in its order: before and after the new lines.
            let shared = |one: &mut dyn Iterator<Item = u8>,
                          other: &mut dyn Iterator<Item = u8>| {
                one.zip(other).take_while(|(one, other)| one == other).count()
            };
            let front = shared(&mut before.bytes(), &mut after.bytes());
            let back = shared(&mut before.bytes().rev(), &mut after.bytes().rev());
            assert!(front + back >= before.len(), "{before:?} became {after:?}");
            let (old, new) = (old.unwrap(), new.unwrap());
            for (key, entry) in old.iter() {
                assert_eq!(new.exact(key).map(|new| &new.value), Some(&entry.value), "{after:?}");
            }
        }
        // What mutation could not add is refused, and nothing else.
        let mutated = about_options(&gate.mutate(&resource).findings);
        let validated = about_options(&gate.validate(&again).findings);
        assert!(mutated.iter().all(|finding| validated.contains(finding)), "{map}");
        refused += usize::from(!validated.is_empty());
    }
    assert!(
        completed > 600 && refused > 150 && left > 150,
        "{completed} completed, {refused} refused, {left} left"
    );
}

/// A client's ConfigMap, and the pods that it and its JobManager ask for: the state is where the volume is.
#[test]
fn pods_of_a_native_client_see_the_state_that_its_file_names() {
    let recorded = |file: &str| {
        let path = format!("tests/data/recorded/native-2.3.0-application/{file}");
        let review: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        Resource::from_manifest(review["request"]["object"].clone()).unwrap()
    };
    for (claim, path) in [("{cluster}-state", "/state"), ("all", "/flink/state")] {
        let gate = gate(
            &json!({"storage": {"checkpoints": {"volume": {"claimName": claim, "storageClassName": "nfs", "size": "1Gi", "mountPath": path}}}}),
        );
        let map = gate.mutated(&recorded("05-CREATE-ConfigMap-flink-config-fraud-scoring.json"));
        let (text, _) = text_in_config_map(&map, CONFIG).unwrap();
        let config = config_file::parse(CONFIG, &text, None).unwrap();
        let directory = config.get("execution.checkpointing.dir").unwrap();
        assert_eq!(directory, format!("file://{path}/checkpoints"));
        for pod in [
            "02-CREATE-Pod-fraud-scoring-f7f96bc6c.json",
            "06-CREATE-Pod-fraud-scoring-taskmanager-1-1.json",
        ] {
            let pod = gate.mutated(&recorded(pod));
            let mounts = pod["spec"]["containers"][0]["volumeMounts"].as_array().unwrap();
            let mount = mounts.iter().find(|mount| mount["name"] == "flinkgate-state").unwrap();
            assert_eq!(mount["mountPath"], path);
        }
    }
}
