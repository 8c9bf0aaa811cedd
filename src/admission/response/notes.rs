//! What an answer says next to its decision: warnings and audit annotations.

use crate::admission::answer::{Answer, Webhook};
use crate::admission::wording::clean;
use crate::rules::{Finding, Level};
use std::collections::BTreeMap;

/// Longest warning, in characters: what kubectl shows on one line and the protocol recommends.
const WARNING_LENGTH: usize = 120;

/// Most warnings of a response: API servers forward 4096 characters in total.
const WARNINGS: usize = 32;

/// Longest audit annotation, in characters: it is stored with every audit event.
const ANNOTATION_LENGTH: usize = 512;

pub(super) fn warnings(findings: &[Finding]) -> Vec<String> {
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

pub(super) fn audit_annotations(
    webhook: Webhook,
    answer: &Answer,
) -> BTreeMap<&'static str, String> {
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
