//! AdmissionReview responses: encodes an [`Answer`].

use super::answer::{Answer, Decision, Webhook};
use super::review::{MalformedObject, Review};
use super::wording::{LINE_LENGTH, clean};
use crate::causes::with_causes;
use crate::resource::{Operation, Resource};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use std::collections::BTreeMap;

mod notes;
mod refusal;

use notes::{audit_annotations, warnings};
use refusal::{Status, refusal};

/// An AdmissionReview with a response.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    api_version: &'static str,
    kind: &'static str,
    response: Response,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    uid: String,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    audit_annotations: BTreeMap<&'static str, String>,
}
/// Most bytes of a patch in JSON; base64 adds a third.
const PATCH_BYTES: usize = 44 << 10;

impl Reply {
    /// The answer to a review that could be judged.
    pub fn new(review: &Review, webhook: Webhook, resource: &Resource, answer: &Answer) -> Self {
        let refused = matches!(answer.decision(), Decision::Refused | Decision::Busy);
        let patch = answer
            .patch
            .as_ref()
            // A patch from a validating webhook or for a deletion is an error to the API server.
            .filter(|patch| {
                webhook == Webhook::Mutate
                    && !refused
                    && resource.operation != Operation::Delete
                    && !patch.is_empty()
            })
            .and_then(|patch| serde_json::to_vec(patch).ok());
        if patch.as_ref().is_some_and(|json| json.len() > PATCH_BYTES) {
            let message = format!(
                "Flinkgate refuses the object: the fields that it adds to it take more than {} KiB; \
                 write it with fewer containers and shorter names",
                PATCH_BYTES >> 10
            );
            return Self::unjudged(review, &message);
        }
        let patch = patch.map(|json| STANDARD.encode(json));
        Self::wrap(
            review,
            Response {
                uid: review.uid.clone(),
                allowed: !refused,
                status: refused.then(|| refusal(resource, answer)),
                patch_type: patch.as_ref().map(|_| "JSONPatch"),
                patch,
                warnings: warnings(&answer.findings),
                audit_annotations: audit_annotations(webhook, answer),
            },
        )
    }

    /// The refusal of a review whose object cannot be read; it is no policy decision and does not
    /// look like one.
    pub fn unreadable(review: &Review, error: &MalformedObject) -> Self {
        Self::unjudged(
            review,
            &format!("Flinkgate cannot read the request: {}", with_causes(error)),
        )
    }

    fn unjudged(review: &Review, message: &str) -> Self {
        let status = Status {
            status: "Failure",
            code: 400,
            reason: "BadRequest",
            message: clean(message, LINE_LENGTH),
            details: None,
        };
        Self::wrap(
            review,
            Response {
                uid: review.uid.clone(),
                allowed: false,
                status: Some(status),
                patch: None,
                patch_type: None,
                warnings: Vec::new(),
                audit_annotations: BTreeMap::new(),
            },
        )
    }

    /// Whether the object is admitted.
    pub fn allowed(&self) -> bool {
        self.response.allowed
    }

    fn wrap(review: &Review, response: Response) -> Self {
        Self { api_version: review.version.api_version(), kind: "AdmissionReview", response }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::rules::{Finding, Level};
    use serde_json::{Value, json};

    fn finding(level: Level, rule: &str, message: &str) -> Finding {
        let pointer = "/spec/podTemplate/spec/containers/0/securityContext/privileged".into();
        Finding {
            rule: rule.to_owned().into(),
            level,
            message: message.into(),
            pointer,
            ..Finding::default()
        }
    }

    fn reply(version: &str, webhook: Webhook, operation: &str, answer: &Answer) -> Value {
        let body = json!({"apiVersion": version, "kind": "AdmissionReview", "request": {
            "uid": "0815", "operation": operation, "name": "etl", "namespace": "payments-prod",
            "kind": {"group": "flink.apache.org", "version": "v1beta1", "kind": "FlinkDeployment"},
            "object": {"metadata": {"name": "etl"}}}})
        .to_string();
        let mut review = Review::parse(body.as_bytes()).unwrap();
        let resource = review.resource().unwrap();
        serde_json::to_value(Reply::new(&review, webhook, &resource, answer)).unwrap()
    }

    #[test]
    fn a_refusal_lists_every_finding() {
        let mut answer = Answer { tenant: Some("payments".into()), ..Answer::default() };
        answer.findings = vec![
            finding(Level::Error, "security/privileged", "must not be\nprivileged"),
            finding(Level::Warning, "cost/idle", "nothing uses it"),
            Finding {
                help: Some("set it".into()),
                pointer: "/metadata/labels/a~1b".into(),
                ..finding(Level::Error, "a/b", "no")
            },
            finding(Level::Info, "cost/x", "fyi"),
        ];
        assert_eq!(
            reply("admission.k8s.io/v1", Webhook::Validate, "CREATE", &answer),
            json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": {
                "uid": "0815", "allowed": false,
                "status": {"status": "Failure", "code": 403, "reason": "Forbidden",
                    "message": "tenant `payments` refuses FlinkDeployment payments-prod/etl: 2 findings\n\
                        spec.podTemplate.spec.containers[0].securityContext.privileged:\n\
                        \x20 security/privileged: must not be privileged\n\
                        metadata.labels[a/b]:\n\
                        \x20 a/b: no\n\
                        \x20   help: set it\n\
                        learn more: flinkgate explain security/privileged",
                    "details": {"name": "etl", "group": "flink.apache.org", "kind": "FlinkDeployment", "causes": [
                        {"reason": "security/privileged", "message": "must not be privileged",
                         "field": "spec.podTemplate.spec.containers[0].securityContext.privileged"},
                        {"reason": "a/b", "message": "no", "field": "metadata.labels[a/b]"}]}},
                "warnings": ["cost/idle: nothing uses it"],
                "auditAnnotations": {"tenant": "payments", "errors": "a/b,security/privileged", "warnings": "cost/idle", "infos": "cost/x"}}})
        );
    }

    #[test]
    fn only_the_mutating_webhook_sends_a_patch() {
        let patch: json_patch::Patch = serde_json::from_value(
            json!([{"op": "add", "path": "/metadata/labels", "value": {"a": "?>~"}}]),
        )
        .unwrap();
        let answer = Answer { patch: Some(patch.clone()), ..Answer::default() };
        let mutated = reply("admission.k8s.io/v1beta1", Webhook::Mutate, "CREATE", &answer);
        assert_eq!(mutated["apiVersion"], "admission.k8s.io/v1beta1");
        assert_eq!(mutated["response"]["patchType"], "JSONPatch");
        let decoded = STANDARD.decode(mutated["response"]["patch"].as_str().unwrap()).unwrap();
        assert_eq!(serde_json::from_slice::<json_patch::Patch>(&decoded).unwrap(), patch);

        let empty = Answer { patch: Some(json_patch::Patch(Vec::new())), ..Answer::default() };
        let refused =
            Answer { findings: vec![finding(Level::Error, "a/b", "no")], ..answer.clone() };
        for (webhook, operation, answer) in [
            (Webhook::Mutate, "CREATE", &empty),
            (Webhook::Validate, "CREATE", &answer),
            (Webhook::Mutate, "DELETE", &answer),
            (Webhook::Mutate, "CREATE", &refused),
        ] {
            let response = &reply("admission.k8s.io/v1", webhook, operation, answer)["response"];
            assert!(
                response.get("patch").is_none() && response.get("patchType").is_none(),
                "{response}"
            );
        }
    }

    #[test]
    fn each_webhook_annotates_warnings_under_its_own_key() {
        let answer = Answer {
            tenant: Some("payments".into()),
            findings: vec![finding(Level::Warning, "a/b", "no")],
            ..Answer::default()
        };
        for (webhook, key) in
            [(Webhook::Mutate, "mutation-warnings"), (Webhook::Validate, "warnings")]
        {
            let annotations = &reply("admission.k8s.io/v1", webhook, "CREATE", &answer)["response"]
                ["auditAnnotations"];
            assert_eq!(*annotations, json!({"tenant": "payments", key: "a/b"}));
        }
    }

    #[test]
    fn warnings_are_short_and_few() {
        let long = format!("{}\u{7}\r\n", "ä".repeat(500));
        let answer = Answer {
            findings: vec![finding(Level::Warning, "a/b", &long); 3],
            ..Answer::default()
        };
        let response =
            &reply("admission.k8s.io/v1", Webhook::Validate, "UPDATE", &answer)["response"];
        assert_eq!(response["warnings"], json!([format!("a/b: {}…", "ä".repeat(114))]));
        assert_eq!(response["allowed"], true);

        let findings = (0..100).map(|n| finding(Level::Warning, "a/b", &n.to_string())).collect();
        let many = reply(
            "admission.k8s.io/v1",
            Webhook::Validate,
            "UPDATE",
            &Answer { findings, ..Answer::default() },
        );
        let texts = many["response"]["warnings"].as_array().unwrap();
        assert_eq!(
            (texts.len(), texts[31].as_str().unwrap().starts_with("and 69 more")),
            (32, true)
        );
    }
}
