//! Objects that exist, created once more in a full tenant: the client learns that the name is taken,
//! and nothing is admitted without its charge.

use crate::cases::{asked, folder, gate, review, tenant};
use crate::fake_cluster::FakeCluster;
use flinkgate::admission::answer::{Answer, Webhook};
use flinkgate::admission::response::Reply;
use flinkgate::admission::review::Review;
use flinkgate::pipeline::Unassigned;
use serde_json::{Value, json};

const NAMESPACE: &str = "payments-prod";

fn cluster(name: &str, namespace: &str) -> Value {
    json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"image": "flink:1.20", "flinkVersion": "v1_20", "serviceAccount": "flink",
            "jobManager": {"resource": {"cpu": 1, "memory": "2048m"}},
            "taskManager": {"resource": {"cpu": 1, "memory": "2048m"}},
            "job": {"jarURI": "local:///j.jar", "parallelism": 2, "upgradeMode": "stateless"}}})
}

/// The API server's view of a request in a cluster where `etl` exists.
fn asked_for(
    operation: &str,
    object: &Value,
    spec: &Value,
    change: impl Fn(&mut Value),
) -> (Answer, Value) {
    let tenants = folder([&tenant("payments", &["payments-*"], spec)]);
    let gate = gate(&tenants, Unassigned::Warn).with_ledgers();
    let mut body = review(operation, object, &Value::Null);
    change(&mut body);
    let resource = asked(&body);
    let existing = FakeCluster::new(gate, [cluster("etl", NAMESPACE)]);
    let answer = existing.answer(Webhook::Validate, resource.clone());
    let parsed = Review::parse(body.to_string().as_bytes()).unwrap();
    let reply = Reply::new(&parsed, Webhook::Validate, &resource, &answer);
    (answer, serde_json::to_value(reply).unwrap()["response"].take())
}

#[test]
fn a_taken_name_in_a_full_tenant_already_exists() {
    let full = json!({"quota": {"hard": {"cpu": "2"}}});
    let (_, response) = asked_for("CREATE", &cluster("etl", NAMESPACE), &full, |_| {});
    assert_eq!(response["allowed"], false, "never admitted: it may be deleted in the meantime");
    let status = &response["status"];
    assert_eq!((&status["code"], &status["reason"]), (&json!(409), &json!("AlreadyExists")));
    assert_eq!(status["message"], "flinkdeployments.flink.apache.org \"etl\" already exists");
}

#[test]
fn other_refusals_stay_as_they_are() {
    let full = json!({"quota": {"hard": {"cpu": "2"}}});
    let small = json!({"quota": {"hard": {"cpu": "2"}, "perCluster": {"cpu": "1"}}});
    let strict =
        json!({"quota": {"hard": {"cpu": "2"}}, "security": {"serviceAccounts": ["other"]}});
    let nothing = |_: &mut Value| {};
    let generated = |body: &mut Value| {
        body["request"]["name"] = Value::Null;
        let metadata = body["request"]["object"]["metadata"].as_object_mut().unwrap();
        metadata.remove("name");
        metadata.insert("generateName".into(), "etl".into());
    };
    let forbidden = |object: &Value, spec: &Value, change: &dyn Fn(&mut Value), rule: &str| {
        let (answer, response) = asked_for("CREATE", object, spec, change);
        assert!(answer.rules().contains(&rule), "{:?}", answer.findings);
        assert_eq!(response["status"]["reason"], "Forbidden", "{response}");
        assert!(response["status"]["message"].as_str().unwrap().contains(rule), "{response}");
    };
    let taken = cluster("etl", NAMESPACE);
    forbidden(&cluster("other", NAMESPACE), &full, &nothing, "quota/exceeded");
    forbidden(&cluster("etl", "payments-test"), &full, &nothing, "quota/exceeded");
    forbidden(&taken, &full, &generated, "quota/exceeded");
    forbidden(&taken, &small, &nothing, "quota/per-cluster");
    forbidden(&taken, &strict, &nothing, "security/service-account");
}
