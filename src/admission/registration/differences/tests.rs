#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;
use serde_json::json;

/// A change of a webhook.
type Change = Box<dyn FnOnce(&mut Value)>;

const OWN: &str = "flinkgate-system";

/// A configuration as an API server stores it.
fn stored(webhook: Webhook) -> Value {
    let mut stored = expected(webhook, &Value::Null, OWN);
    stored["metadata"] = json!({"name": "flinkgate", "resourceVersion": "7", "labels": {"a": "b"}});
    for webhook in stored["webhooks"].as_array_mut().unwrap() {
        let fields = webhook.as_object_mut().unwrap();
        fields.entry("objectSelector").or_insert(json!({}));
        fields.entry("namespaceSelector").or_insert(json!({}));
        fields["clientConfig"]["caBundle"] = json!("AAAA");
        fields["clientConfig"]["service"]["path"] = json!("/validate/secret");
    }
    stored
}

/// The differences after a change of the webhook `pods`.
fn after(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut stored = stored(Webhook::Validate);
    let pods = stored["webhooks"].as_array_mut().unwrap();
    change(pods.iter_mut().find(|webhook| webhook["name"] == "pods.flinkgate.dev").unwrap());
    let found = differences(Webhook::Validate, Some(&stored), OWN);
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn what_an_api_server_stores_is_as_printed() {
    for webhook in [Webhook::Mutate, Webhook::Validate] {
        assert_eq!(differences(webhook, Some(&stored(webhook)), OWN), vec![]);
        let mut by_url = stored(webhook);
        for webhook in by_url["webhooks"].as_array_mut().unwrap() {
            webhook["clientConfig"] = json!({"url": "https://127.0.0.1:9443/validate/secret"});
        }
        assert_eq!(differences(webhook, Some(&by_url), OWN), vec![]);
        let mut in_other_order = stored(webhook);
        for webhook in in_other_order["webhooks"].as_array_mut().unwrap() {
            for list in ["rules", "matchConditions"] {
                if let Some(list) = webhook.get_mut(list).and_then(Value::as_array_mut) {
                    list.reverse();
                }
            }
            for rule in webhook["rules"].as_array_mut().unwrap() {
                rule["resources"].as_array_mut().unwrap().reverse();
            }
        }
        in_other_order["webhooks"].as_array_mut().unwrap().reverse();
        assert_eq!(differences(webhook, Some(&in_other_order), OWN), vec![]);
    }
}

#[test]
fn every_opening_is_named_with_its_field() {
    let cases: Vec<(Change, &str)> = vec![
        (
            Box::new(|pods| pods["failurePolicy"] = json!("Ignore")),
            "`failurePolicy` is `Ignore`, expected `Fail`",
        ),
        (
            Box::new(|pods| pods["timeoutSeconds"] = json!(1)),
            "`timeoutSeconds` is `1`, expected `5`",
        ),
        (
            Box::new(|pods| pods["matchPolicy"] = json!("Exact")),
            "`matchPolicy` is `Exact`, expected `Equivalent`",
        ),
        (
            Box::new(|pods| pods["objectSelector"] = json!({"matchLabels": {"guarded": "yes"}})),
            "`objectSelector` is `guarded=yes`, expected `empty`",
        ),
        (
            Box::new(|pods| pods["namespaceSelector"]["matchLabels"] = json!({"guarded": "yes"})),
            "`namespaceSelector` is `flinkgate.dev/tenant Exists; guarded=yes; kubernetes.io/metadata.name NotIn flinkgate-system,kube-system`, \
             expected `flinkgate.dev/tenant Exists; kubernetes.io/metadata.name NotIn flinkgate-system,kube-system`",
        ),
        (
            Box::new(|pods| {
                for rule in pods["rules"].as_array_mut().unwrap() {
                    rule["operations"].as_array_mut().unwrap().retain(|one| one != "CREATE");
                    if rule["operations"] == json!([]) {
                        rule["resources"] = json!([]);
                    }
                }
            }),
            "`rules` lacks `CREATE /v1/pods (Namespaced)",
        ),
        (
            Box::new(|pods| {
                pods["matchConditions"]
                    .as_array_mut()
                    .unwrap()
                    .push(json!({"name": "x", "expression": "false"}))
            }),
            "`matchConditions` also has `x: false`",
        ),
        (
            Box::new(|pods| pods["clientConfig"]["service"]["namespace"] = json!("elsewhere")),
            "`clientConfig.service.namespace` is `elsewhere`, expected `flinkgate-system`",
        ),
        (Box::new(|pods| pods["name"] = json!("own.example.com")), "does not exist"),
    ];
    let elsewhere: Vec<Value> = vec![
        json!({"url": "https://elsewhere.example.com/validate/secret"}),
        json!({"service": {"namespace": OWN, "name": "other", "port": 443, "path": "/validate/secret"}}),
    ];
    for client in elsewhere {
        let mut stored = stored(Webhook::Validate);
        stored["webhooks"][2]["clientConfig"] = client;
        let found = differences(Webhook::Validate, Some(&stored), OWN);
        let texts: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert!(texts.concat().contains("is not the address of the other webhooks"), "{texts:?}");
        assert!(!texts.concat().contains("secret"), "{texts:?}");
    }
    for (change, text) in cases {
        let found = after(change);
        assert!(
            found[0].starts_with(&format!("webhook `pods.flinkgate.dev`: {text}")),
            "{text}: {found:#?}"
        );
        assert!(!found.join("\n").contains("secret"), "{found:#?}");
    }
    let gone = differences(Webhook::Mutate, None, OWN);
    assert_eq!(gone[0].to_string(), "MutatingWebhookConfiguration `flinkgate` does not exist");
    let empty = differences(Webhook::Mutate, Some(&json!({"metadata": {}})), OWN);
    assert!(empty.len() > 2, "{empty:?}");
}

#[test]
fn values_of_the_chart_are_expected_and_nothing_more() {
    let values = json!({"exemptNamespaces": ["monitoring"], "validating": {"pods": {"failurePolicy": "Ignore", "timeoutSeconds": 2,
        "namespaceSelector": {"matchLabels": {"stage": "prod"}, "matchExpressions": [{"key": "team", "operator": "Exists"}]}}}});
    let mut stored = stored(Webhook::Validate);
    let plain = stored.clone();
    stored["metadata"]["annotations"] = json!({VALUES_ANNOTATION: values.to_string()});
    assert!(differences(Webhook::Validate, Some(&stored), OWN).len() >= 8);
    let should = expected(Webhook::Validate, &stored, OWN);
    stored["webhooks"].clone_from(&should["webhooks"]);
    assert_eq!(differences(Webhook::Validate, Some(&stored), OWN), vec![]);
    for broken in ["", "[", "7", r#"{"validating": 7, "exemptNamespaces": {}}"#] {
        let mut stored = plain.clone();
        stored["metadata"]["annotations"] = json!({VALUES_ANNOTATION: broken});
        assert_eq!(differences(Webhook::Validate, Some(&stored), OWN), vec![], "{broken}");
    }
    stored["webhooks"][1]["failurePolicy"] = json!("Ignore");
    assert_eq!(differences(Webhook::Validate, Some(&stored), OWN).len(), 1);
}
