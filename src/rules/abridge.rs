//! Bounds what is reported about one object: long texts are cut, and of many findings the most
//! severe stay.
//!
//! Messages quote what the object's author wrote, in any length.

use super::Finding;
use crate::resource::pointer;

/// Longest text of a finding in bytes.
const TEXT: usize = 2 << 10;
/// What all findings of an object may take in a report.
const REPORT: usize = 640 << 10;
/// What a finding takes in a report besides its texts: place, object, and the line of the file.
const FINDING: usize = 1_500;

/// Cuts long texts, and drops the last findings of a sorted list if there are too many: the last
/// one that stays says how many.
pub fn abridge(findings: &mut Vec<Finding>) {
    let mut left = REPORT;
    for finding in &mut *findings {
        cut_texts(finding);
    }
    let fits = |finding: &&Finding| match left.checked_sub(printed(finding)) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    let kept = findings.iter().take_while(fits).count();
    let Some(first) = findings.get(kept) else { return };
    let more = findings.len().saturating_sub(kept);
    let rest = Finding {
        rule: first.rule.clone(),
        level: first.level,
        message: format!("{more} more findings are not shown, of this rule and others"),
        help: Some("correct those that are shown".into()),
        ..Finding::default()
    };
    findings.truncate(kept);
    findings.push(rest);
}

fn cut_texts(finding: &mut Finding) {
    let facts = &mut finding.facts;
    let optional = [
        &mut finding.help,
        &mut facts.container,
        &mut facts.key,
        &mut facts.wanted,
        &mut facts.found,
    ];
    let texts = optional.into_iter().flatten().chain([&mut finding.message]);
    texts.filter(|text| text.len() > TEXT).for_each(cut);
    while finding.pointer.len() > TEXT {
        let parent = pointer::parent(&finding.pointer).map_or(0, str::len);
        finding.pointer.truncate(parent);
    }
}

fn cut(text: &mut String) {
    let end = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= TEXT).last();
    text.truncate(end.unwrap_or_default());
    text.push('…');
    text.shrink_to_fit();
}

/// About the bytes that a report takes. Formats repeat parts of a finding.
fn printed(finding: &Finding) -> usize {
    let facts = &finding.facts;
    let optional = [&finding.help, &facts.container, &facts.key, &facts.wanted, &facts.found];
    let texts = optional.into_iter().flatten().map(String::len).sum::<usize>();
    (texts + finding.message.len() + finding.pointer.len()) * 2 + FINDING
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::rules::Level;

    #[test]
    fn usual_findings_stay() {
        let finding = Finding {
            message: "a".repeat(TEXT),
            pointer: "/spec".into(),
            help: Some("b".into()),
            ..Finding::default()
        };
        let mut findings = vec![finding; 50];
        let before = findings.clone();
        abridge(&mut findings);
        assert_eq!(findings, before);
    }

    #[test]
    fn long_texts_are_cut_and_many_findings_counted() {
        let long = Finding {
            level: Level::Error,
            message: "ä".repeat(TEXT),
            pointer: format!("/metadata/labels/{}", "k".repeat(TEXT)),
            ..Finding::default()
        };
        let mut findings = vec![long; 1_000];
        abridge(&mut findings);
        assert_eq!(findings[0].pointer, "/metadata/labels");
        assert_eq!(findings[0].message.len(), TEXT + "…".len());
        let shown = findings.len() - 1;
        let last = findings.last().unwrap();
        assert!(last.message.starts_with(&format!("{} more findings", 1_000 - shown)));
        assert_eq!(last.level, Level::Error);
        assert!(findings.iter().map(printed).sum::<usize>() < REPORT + 2 * FINDING);
    }
}
