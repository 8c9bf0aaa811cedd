//! Whole reviews: as bytes, from the grammar, and about changed real objects.

use crate::grammar::{self, CANARY, Choices, gate};
use flinkgate::admission::answer::{Answer, Decision, Webhook};
use flinkgate::admission::response::Reply;
use flinkgate::admission::review::Review;
use flinkgate::quota::Usage;
use flinkgate::resource::{Operation, Resource};
use flinkgate::rules::{Finding, Level};
use flinkgate::tenant::readable;
use std::collections::BTreeSet;

/// The longest answer of a webhook in bytes.
const LONGEST_ANSWER: usize = 64 << 10;

/// Any body of a request. Without its objects it is read as with them.
pub fn review(data: &[u8]) -> bool {
    let (review, outline) = (Review::parse(data), Review::parse_outline(data));
    assert_eq!(review.is_ok(), outline.is_ok());
    let (Ok(mut review), Ok(outline)) = (review, outline) else { return false };
    assert_eq!((&review.uid, review.version), (&outline.uid, outline.version));
    assert_eq!(review.outline().namespace, outline.outline().namespace);
    match review.resource() {
        Ok(resource) => {
            judge(&review, &resource, false);
            true
        }
        Err(error) => {
            let reply = Reply::unreadable(&review, &error);
            assert!(!reply.allowed());
            encoded(&reply);
            false
        }
    }
}

/// A review that the bytes choose from a grammar of Kubernetes objects.
pub fn generated(data: &[u8]) -> bool {
    judge_body(&grammar::review(data))
}

/// A review about a real object that the bytes change.
pub fn edited(data: &[u8]) -> bool {
    judge_body(&grammar::edited(data))
}

fn judge_body(body: &[u8]) -> bool {
    let mut review = Review::parse(body).unwrap();
    let Ok(resource) = review.resource() else {
        panic!("no review: {}", String::from_utf8_lossy(body));
    };
    judge(&review, &resource, true);
    true
}

/// The way of an object through both webhooks:
/// - answers have a size that API servers accept, say why they refuse, and show no secret;
/// - a refusal brings no patch, and what a patch makes is what `lint` judges;
/// - mutation is complete: a second one changes nothing;
/// - `lint` reports of a new object what both webhooks report together.
fn judge(review: &Review, resource: &Resource, knows_secrets: bool) {
    let mutation = answer(review, Webhook::Mutate, resource, knows_secrets);
    let mut stored = resource.clone();
    if let Some(patch) = &mutation.patch {
        json_patch::patch(&mut stored.object, patch).unwrap();
        let second = gate().mutate(&stored);
        assert_eq!(second.patch, None, "{}", resource.object);
    }
    let validation = answer(review, Webhook::Validate, &stored, knows_secrets);
    // Flinkgate's kinds have answers of their own, and files have no sub-resources.
    if mutation.decision() == Decision::Refused
        || resource.operation != Operation::Create
        || resource.sub_resource.is_some()
        || resource.kind.group == "flinkgate.dev"
        || resource.kind.kind == "Namespace"
    {
        return;
    }
    let judged = gate().case(resource, false);
    let judged = judged.map(|case| gate().judge(case, &Usage::default())).unwrap_or_default();
    assert_eq!(judged.mutated.as_ref().unwrap_or(&resource.object), &stored.object);
    let linted = ordered(&judged.findings);
    let both = [mutation.findings.as_slice(), &validation.findings].concat();
    let answered = ordered(&both);
    let only = |some: &BTreeSet<_>, others: &BTreeSet<_>| {
        some.difference(others).map(|finding| format!("{finding:?}\n")).collect::<String>()
    };
    assert!(
        linted == answered,
        "lint only:\n{}webhooks only:\n{}{}",
        only(&linted, &answered),
        only(&answered, &linted),
        resource.object
    );
}

fn answer(review: &Review, webhook: Webhook, resource: &Resource, knows_secrets: bool) -> Answer {
    let answer = webhook.ask(gate(), resource);
    let is_refused = answer.findings.iter().any(|finding| finding.level == Level::Error);
    assert_eq!(is_refused, answer.decision() == Decision::Refused);
    if is_refused || webhook == Webhook::Validate {
        assert_eq!(answer.patch, None);
    }
    for finding in &answer.findings {
        assert!(!finding.message.is_empty() && !finding.rule.is_empty());
        assert!(finding.pointer.is_empty() || finding.pointer.starts_with('/'), "{finding:?}");
    }
    let reply = Reply::new(review, webhook, resource, &answer);
    let text = encoded(&reply);
    if is_refused {
        assert!(!reply.allowed());
    }
    if knows_secrets && answer.patch.is_none() {
        assert!(
            !contains(&text, CANARY),
            "{}\n{}",
            resource.object,
            String::from_utf8_lossy(&text)
        );
    }
    answer
}

fn contains(bytes: &[u8], text: &str) -> bool {
    let first = text.as_bytes()[0];
    bytes
        .iter()
        .enumerate()
        .any(|(at, byte)| *byte == first && bytes[at..].starts_with(text.as_bytes()))
}

fn ordered(findings: &[Finding]) -> BTreeSet<&Finding> {
    findings.iter().collect()
}

fn encoded(reply: &Reply) -> Vec<u8> {
    let bytes = serde_json::to_vec(reply).unwrap();
    assert!(bytes.len() <= LONGEST_ANSWER, "an answer has {} bytes", bytes.len());
    bytes
}

/// The spec of a FlinkTenant with values of wrong types: what can be read of it is valid, and is
/// read again as it is.
pub fn tenant(data: &[u8]) -> bool {
    let spec = grammar::tenant(&mut Choices::new(data));
    let today = jiff::civil::date(2026, 11, 27);
    let catalog = gate().policies().catalog();
    let rules: Vec<&str> = catalog.iter().map(|rule| rule.id.as_str()).collect();
    let parts = readable::read(&spec, &rules, today);
    if parts.is_nothing {
        assert!(!parts.unread.is_empty(), "{spec}");
        return false;
    }
    let whole = serde_json::to_value(&parts.spec).unwrap();
    let again = readable::read(&whole, &rules, today);
    assert_eq!(again.unread, [], "{spec}");
    assert_eq!(again.spec, parts.spec, "{spec}");
    parts.unread.is_empty()
}
