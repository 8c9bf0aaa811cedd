//! One defect, one finding: where two rules see the same mistake, the one with the more useful help
//! reports it.

use super::{Finding, Level};
use std::collections::BTreeMap;

/// A rule, and the rules in whose favour it is silent about the same field.
struct Yields {
    rule: &'static str,
    to: &'static [&'static str],
}

/// What must be removed, renamed or corrected for another reason needs no second reason.
const YIELDS: [Yields; 5] = [
    Yields {
        rule: "flink/deprecated-option",
        to: &[
            "flink/enforced-option",
            "flink/forbidden-option",
            "flink/internal-option",
            "flink/option-version",
            "flink/overlapping-option",
        ],
    },
    Yields { rule: "flink/invalid-pod", to: &["security/proc-mount"] },
    Yields {
        rule: "flink/option-version",
        to: &["flink/forbidden-option", "storage/checkpoint-dir"],
    },
    Yields {
        rule: "flink/overlapping-option",
        to: &["flink/enforced-option", "flink/forbidden-option", "flink/reserved-option"],
    },
    Yields { rule: "flink/unknown-option", to: &["flink/forbidden-option", "flink/option-text"] },
];

/// Removes findings that repeat another one. Levels are final: a rule that a tenant turned off or
/// lowered hides nothing, and what stays is as severe as what goes.
pub fn remove(findings: &mut Vec<Finding>) {
    if findings.len() < 2 {
        return;
    }
    let mut levels: BTreeMap<(&str, &str), Level> = BTreeMap::new();
    for finding in findings.iter() {
        let level = levels.entry((finding.pointer.as_str(), &*finding.rule)).or_insert(Level::Info);
        *level = finding.level.max(*level);
    }
    let is_double = |finding: &Finding| {
        let yields = YIELDS.iter().find(|yields| yields.rule == finding.rule);
        yields.is_some_and(|yields| {
            yields.to.iter().any(|rule| {
                let other = levels.get(&(finding.pointer.as_str(), *rule));
                other.is_some_and(|level| *level >= finding.level)
            })
        })
    };
    let doubles: Vec<bool> = findings.iter().map(is_double).collect();
    if doubles.contains(&true) {
        let mut doubles = doubles.into_iter();
        findings.retain(|_| doubles.next() != Some(true));
    }
    // Roles that have one field in common give the same sentence for each of their containers.
    findings.dedup_by(|one, other| {
        (&one.rule, one.level, &one.pointer, &one.message)
            == (&other.rule, other.level, &other.pointer, &other.message)
    });
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::rules;

    fn finding(rule: &'static str, level: Level, pointer: &str) -> Finding {
        Finding { rule: rule.into(), level, pointer: pointer.into(), ..Finding::default() }
    }

    #[test]
    fn every_rule_of_the_table_exists() {
        for Yields { rule, to } in &YIELDS {
            for id in to.iter().chain([rule]) {
                assert!(rules::all().any(|known| known.id == *id), "{id}");
            }
        }
    }

    #[test]
    fn only_a_finding_as_severe_at_the_same_field_hides_another() {
        let weak = finding("flink/option-version", Level::Warning, "/a");
        for (other, hides) in [
            (finding("storage/checkpoint-dir", Level::Error, "/a"), true),
            (finding("storage/checkpoint-dir", Level::Warning, "/a"), true),
            (finding("storage/checkpoint-dir", Level::Info, "/a"), false),
            (finding("storage/checkpoint-dir", Level::Error, "/b"), false),
            (finding("storage/savepoint-dir", Level::Error, "/a"), false),
        ] {
            let mut findings = vec![other.clone(), weak.clone()];
            remove(&mut findings);
            let expected = if hides { vec![other] } else { vec![other, weak.clone()] };
            assert_eq!(findings, expected);
        }
    }

    #[test]
    fn the_same_sentence_is_there_once() {
        let mut findings = vec![finding("a/b", Level::Error, "/a"); 2];
        findings[1].facts.container = Some("other".into());
        findings.push(finding("a/b", Level::Warning, "/a"));
        remove(&mut findings);
        assert_eq!(findings.len(), 2);
    }
}
