//! The status of a refusal: for people a message, for machines its causes.

use crate::admission::answer::Answer;
use crate::admission::wording::{LINE_LENGTH, clean, field_path, refusal_summary};
use crate::resource::Resource;
use crate::rules::{Finding, Level};
use serde::Serialize;
use std::collections::HashMap;

#[derive(Debug, Serialize)]
pub(super) struct Status {
    pub(super) status: &'static str,
    pub(super) code: u16,
    pub(super) reason: &'static str,
    pub(super) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) details: Option<Details>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Details {
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

/// Most bytes of the findings of a refusal, which come twice: in the message and as causes. With
/// warnings and annotations, a response has at most 64 KiB.
const FINDINGS_BYTES: usize = 36 << 10;

pub(super) fn refusal(resource: &Resource, answer: &Answer) -> Status {
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
