//! AdmissionReview responses: encodes an [`Answer`].

use super::answer::{Answer, Decision, Webhook};
use super::review::{MalformedObject, Review};
use super::wording::{LINE_LENGTH, clean, field_path, refusal_summary};
use crate::causes::with_causes;
use crate::resource::{Operation, Resource};
use crate::rules::{Finding, Level};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

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

#[derive(Debug, Serialize)]
struct Status {
    status: &'static str,
    code: u16,
    reason: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Details>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    name: String,
    group: String,
    kind: String,
    causes: Vec<Cause>,
    /// API servers send it as `Retry-After`. Go clients wait for that time and retry.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_seconds: Option<u32>,
}

#[derive(Debug, Serialize)]
struct Cause {
    reason: String,
    message: String,
    field: String,
}

/// Longest name, in characters; Kubernetes allows 253.
const NAME_LENGTH: usize = 300;
/// Longest warning, in characters: what kubectl shows on one line and the protocol recommends.
const WARNING_LENGTH: usize = 120;
/// Most warnings of a response: API servers forward 4096 characters in total.
const WARNINGS: usize = 32;
/// Most bytes of the findings of a refusal, which come twice: in the message and as causes. With
/// warnings and annotations, a response has at most 64 KiB.
const FINDINGS_BYTES: usize = 36 << 10;
/// Most bytes of a patch in JSON; base64 adds a third.
const PATCH_BYTES: usize = 44 << 10;
/// Longest audit annotation, in characters: it is stored with every audit event.
const ANNOTATION_LENGTH: usize = 512;

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

fn refusal(resource: &Resource, answer: &Answer) -> Status {
    let (message, causes) = refusal_text(resource, answer);
    let retry_after_seconds = answer.retry_after;
    let details = Details {
        name: clean(&resource.name, NAME_LENGTH),
        group: clean(&resource.kind.group, NAME_LENGTH),
        kind: clean(&resource.kind.kind, NAME_LENGTH),
        causes,
        retry_after_seconds,
    };
    if answer.already_exists {
        let details = Details { causes: Vec::new(), ..details };
        let message = already_exists(resource);
        let (code, reason) = (409, "AlreadyExists");
        return Status { status: "Failure", code, reason, message, details: Some(details) };
    }
    let (code, reason) =
        if retry_after_seconds.is_some() { (429, "TooManyRequests") } else { (403, "Forbidden") };
    Status { status: "Failure", code, reason, message, details: Some(details) }
}

/// The errors for people, grouped by place, and for machines. `kubectl` prints the text as it is, so
/// each finding and each help has its own line.
fn refusal_text(resource: &Resource, answer: &Answer) -> (String, Vec<Cause>) {
    let errors = answer.findings.iter().filter(|finding| finding.level == Level::Error);
    let errors: Vec<(&Finding, String)> =
        errors.map(|finding| (finding, field_path(&finding.pointer))).collect();
    let count = if errors.len() == 1 {
        "1 finding".to_owned()
    } else {
        format!("{} findings", errors.len())
    };
    let mut message = format!("{}: {count}", refusal_summary(resource, answer));
    let (mut causes, mut left, mut shown) = (Vec::new(), FINDINGS_BYTES, 0_usize);
    let mut place = None;
    for (finding, field) in by_place(&errors) {
        let mut lines = String::new();
        if place != Some(field) && !field.is_empty() {
            lines.push_str(&format!("\n{field}:"));
        }
        let indent = if field.is_empty() { "" } else { "  " };
        let text = clean(&format!("{}: {}", finding.rule, finding.message), LINE_LENGTH);
        lines.push_str(&format!("\n{indent}{text}"));
        if let Some(help) = &finding.help {
            lines.push_str(&format!("\n{indent}  help: {}", clean(help, LINE_LENGTH)));
        }
        let cause = Cause {
            reason: finding.rule.to_string(),
            message: clean(&finding.message, LINE_LENGTH),
            field: field.to_owned(),
        };
        let bytes = [&lines, &cause.reason, &cause.message, &cause.field].map(|text| escaped(text));
        let Some(rest) = left.checked_sub(bytes.into_iter().sum()) else {
            let more = errors.len().saturating_sub(shown);
            message.push_str(&format!("\nand {more} more: `flinkgate lint` shows them"));
            break;
        };
        (left, shown, place) = (rest, shown.saturating_add(1), Some(field));
        message.push_str(&lines);
        causes.push(cause);
    }
    if let Some(first) = causes.first() {
        message.push_str(&format!(
            "\nlearn more: flinkgate explain {}",
            clean(&first.reason, NAME_LENGTH)
        ));
    }
    (message, causes)
}

/// The findings of each place together, in the order in which their places come first.
fn by_place<'f>(errors: &'f [(&'f Finding, String)]) -> Vec<(&'f Finding, &'f str)> {
    let mut first: HashMap<&str, usize> = HashMap::new();
    let mut ordered: Vec<(usize, &Finding, &str)> = Vec::with_capacity(errors.len());
    for (index, (finding, field)) in errors.iter().enumerate() {
        let place = *first.entry(field).or_insert(index);
        ordered.push((place, finding, field));
    }
    ordered.sort_by_key(|(place, _, _)| *place);
    ordered.into_iter().map(|(_, finding, field)| (finding, field)).collect()
}

/// What an API server says of a creation whose name is taken.
fn already_exists(resource: &Resource) -> String {
    let (group, plural) = (&resource.of.group, &resource.of.resource);
    let dot = if group.is_empty() { "" } else { "." };
    clean(&format!("{plural}{dot}{group} \"{}\" already exists", resource.name), LINE_LENGTH)
}

/// About the length of a text in JSON, with the fields around it.
fn escaped(text: &str) -> usize {
    let quoted = text.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
    text.len().saturating_add(quoted).saturating_add(16)
}

fn warnings(findings: &[Finding]) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for finding in findings.iter().filter(|finding| finding.level == Level::Warning) {
        let text = clean(&format!("{}: {}", finding.rule, finding.message), WARNING_LENGTH);
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    if texts.len() > WARNINGS {
        let more = texts.len() - (WARNINGS - 1);
        texts.truncate(WARNINGS - 1);
        texts.push(format!("and {more} more warnings: `flinkgate lint` shows them all"));
    }
    texts
}

fn audit_annotations(webhook: Webhook, answer: &Answer) -> BTreeMap<&'static str, String> {
    let mut annotations = BTreeMap::new();
    if let Some(tenant) = &answer.tenant {
        annotations.insert("tenant", clean(tenant, ANNOTATION_LENGTH));
    }
    // Both webhooks have the same name, and API servers keep the first value of a key. An error
    // ends the request, so errors need only one key.
    let (warnings, infos) = match webhook {
        Webhook::Mutate => ("mutation-warnings", "mutation-infos"),
        Webhook::Validate => ("warnings", "infos"),
    };
    for (level, key) in [(Level::Error, "errors"), (Level::Warning, warnings), (Level::Info, infos)]
    {
        let mut rules: Vec<&str> =
            answer.findings.iter().filter(|f| f.level == level).map(|f| &*f.rule).collect();
        rules.sort_unstable();
        rules.dedup();
        if !rules.is_empty() {
            annotations.insert(key, clean(&rules.join(","), ANNOTATION_LENGTH));
        }
    }
    annotations
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
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
