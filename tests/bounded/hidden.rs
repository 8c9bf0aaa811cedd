//! What is behind a limit is not behind the rules: what is too large to be read is refused, and a new
//! finding is reported however many old ones there are.

use crate::families::{body, deployment, pod_with};
use crate::measure::{answer, gate};
use flinkgate::admission::answer::Webhook;
use flinkgate::flink::context::OperatorDefaults;
use serde_json::{Map, Value, json};

fn refusal(object: &Value) -> Option<String> {
    let answer = answer(gate(), Webhook::Validate, &body(object));
    let review: Value = serde_json::from_slice(&answer).unwrap();
    let response = &review["response"];
    (response["allowed"] == json!(false))
        .then(|| response["status"]["message"].as_str().unwrap_or_default().to_owned())
}

fn config_map(name: &str, data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "strict"}, "data": data})
}

fn options(n: usize, indent: &str) -> String {
    (0..n).map(|i| format!("{indent}metrics.scope.k{i}: v\n")).collect()
}

#[track_caller]
fn is_over_limit(object: &Value) {
    let message = refusal(object).unwrap_or_default();
    assert!(message.contains("more than"), "{message}");
}

#[test]
fn state_of_the_autoscaler_over_a_limit_is_refused() {
    let state = |n: usize, last: &str| {
        let overrides = format!("overrides:\n{}{last}", options(n, "  "));
        config_map("autoscaler-etl", json!({"configOverrides": overrides}))
    };
    // Fewer than the limit of entries, and more than that of options; then more than both.
    for n in [6_000, 11_000] {
        is_over_limit(&state(n, "  kubernetes.entry.path: /x\n"));
    }
    // An honest state is refused only because its author is not the operator here.
    let message = refusal(&state(3, "")).unwrap_or_default();
    assert!(!message.contains("more than"), "{message}");
}

#[test]
fn the_second_file_of_a_config_map_over_a_limit_is_refused() {
    let first = "taskmanager.numberOfTaskSlots: 1\n";
    let both =
        |second: String| config_map("c", json!({"flink-conf.yaml": first, "config.yaml": second}));
    is_over_limit(&both(format!("{}taskmanager.numberOfTaskSlots: 1\n", options(6_000, ""))));
    is_over_limit(&both(format!("{}taskmanager.numberOfTaskSlots: 1\n", options(11_000, ""))));
    let honest = format!("{first}kubernetes.rest-service.exposed.type: ClusterIP\n");
    let both = json!({"flink-conf.yaml": honest, "config.yaml": honest});
    assert_eq!(refusal(&config_map("c", both)), None);
}

#[test]
fn a_large_config_file_of_another_program_is_admitted() {
    let entries = |n: usize| (0..n).map(|i| format!("entry-{i}: v\n")).collect::<String>();
    for n in [6_000, 11_000, 40_000] {
        assert_eq!(refusal(&config_map("c", json!({"config.yaml": entries(n)}))), None);
        let with_option = format!("{}taskmanager: {{numberOfTaskSlots: 1}}\n", entries(n));
        is_over_limit(&config_map("c", json!({"config.yaml": with_option})));
        let with_alias = format!("x: &x {{numberOfTaskSlots: 1}}\n{}taskmanager: *x\n", entries(n));
        is_over_limit(&config_map("c", json!({"config.yaml": with_alias})));
    }
}

#[test]
fn yaml_in_options_has_a_limit() {
    let map =
        |n: usize| format!("{{{}}}", (0..n).map(|i| format!("k{i}: /m/{i}, ")).collect::<String>());
    let with = |n: usize| {
        deployment(
            json!({"flinkVersion": "v2_0", "flinkConfiguration": {"kubernetes.secrets": map(n), "kubernetes.jobmanager.labels": map(n)}}),
        )
    };
    is_over_limit(&with(15_000));
    let message = refusal(&with(10)).unwrap_or_default();
    assert!(!message.contains("more than"), "{message}");
}

#[test]
fn an_operator_configuration_over_a_limit_is_an_error() {
    for (n, file) in [(11_000, "config.yaml"), (6_000, "config.yaml"), (6_000, "flink-conf.yaml")] {
        let text = options(n, "");
        let object = config_map("flink-operator-config", json!({file: text}));
        let error = OperatorDefaults::parse(&object.to_string()).unwrap_err().to_string();
        assert!(error.contains("more than"), "{error}");
        assert!(OperatorDefaults::of_config_map(&object).is_err());
    }
    assert!(OperatorDefaults::parse(&options(11_000, "")).is_err());
    assert!(OperatorDefaults::parse(&options(4_000, "")).is_ok());
}

/// An update of metadata reports what it adds: the old findings may be more than an answer shows.
#[test]
fn an_update_of_metadata_is_compared_with_all_old_findings() {
    let labels = |more: &[&str]| -> Value {
        let old = (0..600).map(|i| format!("mesh.example.com/{i:03}"));
        let more = more.iter().map(|key| (*key).to_owned());
        old.chain(more).map(|key| (key, json!("x"))).collect::<Map<_, _>>().into()
    };
    let object = |more: &[&str]| {
        pod_with(
            json!({"labels": labels(more)}),
            json!({"containers": [{"name": "a", "securityContext": {"privileged": true}}]}),
        )
    };
    let update = |more: &[&str]| {
        let mut new = object(more);
        new["request"] = json!({"operation": "UPDATE", "oldObject": object(&[])});
        refusal(&new)
    };
    assert_eq!(update(&["honest"]), None);
    for key in ["mesh.example.com/zzz", "mesh.example.com/000a"] {
        let message = update(&[key]).unwrap_or_default();
        assert!(message.contains(key), "{message}");
        assert!(!message.contains("mesh.example.com/001"), "{message}");
    }
    // Without the old ones there is more to say.
    let created = refusal(&object(&["mesh.example.com/zzz"])).unwrap_or_default();
    assert!(created.contains("mesh.example.com/000") && created.len() <= 64 << 10, "{created}");
}
