//! One defect, one finding: where several rules see the same mistake, the one with the most useful
//! help reports it.

use super::{Finding, Level, all};
use crate::flink::catalog::other_names;
use crate::resource::pointer;
use std::collections::BTreeMap;

/// What a tenant says of an option comes before all else about it.
const OF_TENANTS: [&str; 2] = ["flink/forbidden-option", "flink/enforced-option"];

/// Rules that want an option removed: nothing else about it matters then.
const REMOVING: [&str; 5] = [
    "flink/operator-files",
    "flink/operator-identity",
    "flink/configuration-source",
    "flink/internal-option",
    "flink/reserved-option",
];

/// Rules that know how a value must be written, but not what it means; and rules that want an option
/// under another name, or not at all. All other rules come before them.
const OF_FORM: [&str; 9] = [
    "flink/overlapping-option",
    "flink/invalid-value",
    "flink/invalid-pod",
    "flink/schema",
    "flink/option-version",
    "flink/overridden-option",
    HIDDEN_OPTIONS,
    "flink/deprecated-option",
    "flink/unknown-option",
];

/// The rule for texts that Flink reads otherwise than they are written. Its errors are of hidden options,
/// and its warnings of lost text.
const HIDDEN_OPTIONS: &str = "flink/option-text";

/// A rule, and the rules in whose favour it is silent about the same value. What a value means is known
/// to all of them.
struct Yields {
    rule: &'static str,
    to: &'static [&'static str],
}

const YIELDS: [Yields; 8] = [
    Yields { rule: "flink/version", to: &["flink/allowed-version"] },
    Yields { rule: "flink/image", to: &["security/image-registry", "security/image-tag"] },
    Yields { rule: "security/image-user", to: &["flink/size"] },
    Yields { rule: "security/service-account", to: &["flink/service-account"] },
    Yields { rule: "storage/ephemeral-state", to: &["storage/checkpoint-dir"] },
    Yields { rule: "storage/foreign-data", to: &["storage/checkpoint-dir"] },
    Yields { rule: "storage/savepoint-dir", to: &["storage/checkpoint-dir"] },
    Yields { rule: "storage/unshared-state", to: &["storage/checkpoint-dir"] },
];

/// Removes findings that repeat another one. Levels are final: a rule that a tenant turned off or
/// lowered hides nothing, and what stays is as severe as what goes. Policies of users hide nothing, and
/// nothing hides their findings.
pub fn remove(findings: &mut Vec<Finding>) {
    if findings.len() < 2 {
        return;
    }
    let places = Places::of(findings);
    let is_double = |finding: &Finding| places.have_better(finding);
    let doubles: Vec<bool> = findings.iter().map(is_double).collect();
    if doubles.contains(&true) {
        let mut doubles = doubles.into_iter();
        findings.retain(|_| doubles.next() != Some(true));
    }
    // Roles that have one field in common give the same sentence for each of their containers.
    findings.dedup_by(|one, other| {
        (&one.rule, one.level, &one.pointer, &one.message, &one.facts.key)
            == (&other.rule, other.level, &other.pointer, &other.message, &other.facts.key)
    });
}

/// Whether a finding of one rule makes that of another about the same value superfluous.
pub fn makes_superfluous((one, one_level): (&str, Level), (other, level): (&str, Level)) -> bool {
    let yields = || YIELDS.iter().any(|yields| yields.rule == other && yields.to.contains(&one));
    one_level >= level
        && rank(one, one_level)
            .zip(rank(other, level))
            .is_some_and(|(one, other)| one < other || yields())
}

/// The rank of a built-in rule among the findings of one place: the lowest one stays.
fn rank(rule: &str, level: Level) -> Option<usize> {
    let index = |rules: &[&str]| rules.iter().position(|known| *known == rule);
    let removing = OF_TENANTS.len();
    let of_meaning = removing + REMOVING.len();
    if let Some(index) = index(&OF_TENANTS) {
        return Some(index);
    }
    if let Some(index) = index(&REMOVING) {
        return Some(removing + index);
    }
    if let Some(index) = index(&OF_FORM).filter(|_| !protects(rule, level)) {
        return Some(of_meaning + 1 + index);
    }
    all().any(|known| known.id == rule).then_some(of_meaning)
}

/// Whether a rule protects from users. No rule of mere correctness hides its findings, and they are there
/// whatever is wrong besides.
fn protects(rule: &str, level: Level) -> bool {
    rule.starts_with("security/")
        || (rule == HIDDEN_OPTIONS && level == Level::Error)
        || OF_TENANTS.contains(&rule)
        || REMOVING.contains(&rule)
}

/// The value that a finding is about: its pointer, and its option if the place may have several.
fn place(finding: &Finding) -> (&str, Option<&str>) {
    let pointer = finding.pointer.as_str();
    let has_several = |key: &&str| {
        let texts = ["/volumeMounts/", "/env/", "/envFrom/", "/args/", "/command/"];
        pointer.starts_with("/data/")
            || texts.iter().any(|part| pointer.contains(part))
            || is_of_another_option(pointer, key)
    };
    (pointer, finding.facts.key.as_deref().filter(has_several))
}

/// Whether a place in the options of a custom resource is not that of the option itself: the value of
/// another one, in which it is hidden, or all of the options, from which it is missing.
fn is_of_another_option(pointer: &str, key: &str) -> bool {
    let maps = ["/flinkConfiguration", "/flinkConfig", "/flinkProperties"];
    let Some((_, below)) = maps.iter().find_map(|map| pointer.split_once(map)) else {
        return false;
    };
    let mut written = String::new();
    for token in pointer::tokens(below) {
        if !written.is_empty() {
            written.push('.');
        }
        written.push_str(&token);
    }
    let (written, key) = (written.trim(), key.trim());
    let is_below =
        |one: &str, other: &str| one.strip_prefix(other).is_some_and(|rest| rest.starts_with('.'));
    let names = other_names(key);
    let mut others = names.newer.iter().chain(&names.older).chain(&names.readers);
    let is_own = written == key
        || (!written.is_empty() && is_below(key, written))
        || is_below(written, key)
        || others.any(|name| *name == written);
    !is_own
}

/// Findings by what they are about.
struct Places<'f> {
    findings: BTreeMap<(&'f str, Option<&'f str>), Vec<&'f Finding>>,
    /// Values of wrong types.
    unreadable: BTreeMap<&'f str, Level>,
}

impl<'f> Places<'f> {
    fn of(list: &'f [Finding]) -> Self {
        let (mut findings, mut unreadable) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::new());
        for finding in list {
            findings.entry(place(finding)).or_default().push(finding);
            if finding.is_unreadable {
                let level = unreadable.entry(finding.pointer.as_str()).or_insert(finding.level);
                *level = finding.level.max(*level);
            }
        }
        Self { findings, unreadable }
    }

    /// Whether another finding, which is as severe, makes this one superfluous.
    fn have_better(&self, finding: &Finding) -> bool {
        let is_built_in = rank(&finding.rule, finding.level).is_some();
        is_built_in
            && (self.have_unreadable(finding)
                || self.have_nearer(finding)
                || self.have_cause(finding))
    }

    /// Of a value of a wrong type, nothing below can be right. What protects from users is reported
    /// nevertheless.
    fn have_unreadable(&self, finding: &Finding) -> bool {
        if self.unreadable.is_empty() || protects(&finding.rule, finding.level) {
            return false;
        }
        let mut at = pointer::parent(&finding.pointer);
        while let Some(place) = at {
            if self.unreadable.get(place).is_some_and(|level| *level >= finding.level) {
                return true;
            }
            at = pointer::parent(place);
        }
        false
    }

    fn have_nearer(&self, finding: &Finding) -> bool {
        let mut others = self.findings.get(&place(finding)).into_iter().flatten();
        others.any(|other| {
            makes_superfluous((&other.rule, other.level), (&finding.rule, finding.level))
        })
    }

    fn have_cause(&self, finding: &Finding) -> bool {
        let Some(cause) = finding.cause.as_deref() else { return false };
        let from = self.findings.range((cause, None)..);
        from.take_while(|((place, _), _)| place.starts_with(cause))
            .filter(|((place, _), _)| is_within(place, cause))
            .flat_map(|(_, others)| others)
            .any(|other| {
                other.rule != finding.rule
                    && other.level >= finding.level
                    && rank(&other.rule, other.level).is_some()
            })
    }
}

fn is_within(place: &str, outer: &str) -> bool {
    place.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
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
        let named = YIELDS.iter().flat_map(|yields| yields.to.iter().chain([&yields.rule]));
        let lists = OF_TENANTS.iter().chain(&REMOVING).chain(&OF_FORM);
        for id in named.chain(lists) {
            assert!(rules::all().any(|known| known.id == *id), "{id}");
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
            (finding("flink/unknown-option", Level::Error, "/a"), false),
            // A policy of users.
            (finding("own/rule", Level::Error, "/a"), false),
        ] {
            let mut findings = vec![other.clone(), weak.clone()];
            remove(&mut findings);
            let expected = if hides { vec![other] } else { vec![other, weak.clone()] };
            assert_eq!(findings, expected);
        }
    }

    #[test]
    fn options_of_one_text_are_told_apart() {
        let of = |rule, key: &str| {
            let mut finding = finding(rule, Level::Error, "/data/config.yaml");
            finding.facts.key = Some(key.into());
            finding
        };
        let all = vec![of("flink/forbidden-option", "a"), of("flink/invalid-value", "b")];
        let mut findings = all.clone();
        findings.push(of("flink/invalid-value", "a"));
        remove(&mut findings);
        assert_eq!(findings, all);
    }

    #[test]
    fn rules_of_correctness_hide_no_rule_that_protects() {
        let protecting: Vec<&'static str> =
            rules::all().map(|rule| rule.id).filter(|id| protects(id, Level::Error)).collect();
        assert!(protecting.len() > 20, "{protecting:?}");
        for rule in protecting {
            for other in OF_FORM.into_iter().filter(|other| *other != HIDDEN_OPTIONS) {
                let kept = finding(rule, Level::Error, "/spec/flinkConfiguration/a");
                let mut findings = vec![finding(other, Level::Error, &kept.pointer), kept.clone()];
                remove(&mut findings);
                assert!(findings.contains(&kept), "{rule}: {other}");
            }
        }
    }

    #[test]
    fn options_that_a_value_hides_are_told_apart() {
        let of = |rule, key: &str, written: &str| {
            let place = pointer::join("/spec/flinkConfiguration", written);
            let mut finding = finding(rule, Level::Error, &place);
            finding.facts.key = Some(key.into());
            finding
        };
        for (key, written, is_one) in [
            ("web.submit.enable", "web.submit.enable", true),
            ("web.submit.enable", " web.submit.enable", true),
            ("state.backend.type", "state.backend", true),
            ("web.submit.enable", "pipeline.name", false),
            ("web.submit.enable", "web", true),
        ] {
            let mut findings = vec![
                of("flink/forbidden-option", key, written),
                of("flink/option-text", written, written),
            ];
            remove(&mut findings);
            assert_eq!(findings.len() == 1, is_one, "{key} {written}");
        }
        // Missing options have no place of their own.
        let mut findings = vec![
            finding("flink/enforced-option", Level::Error, "/spec/flinkConfiguration"),
            finding("network/rest-exposure", Level::Error, "/spec/flinkConfiguration"),
        ];
        findings[0].facts.key = Some("a".into());
        findings[1].facts.key = Some("b".into());
        remove(&mut findings);
        assert_eq!(findings.len(), 2);
    }

    #[test]
    fn what_is_below_a_wrong_type_is_silent() {
        let mut wrong = finding("flink/schema", Level::Error, "/spec/a");
        wrong.is_unreadable = true;
        let outside = finding("security/privileged", Level::Error, "/spec/ab");
        let own = finding("own/rule", Level::Error, "/spec/a/b");
        let protecting = finding("security/privileged", Level::Error, "/spec/a/b/c");
        let kept = [wrong, outside, own, protecting];
        let mut findings = kept.to_vec();
        findings.push(finding("flink/size", Level::Error, "/spec/a/b/c"));
        remove(&mut findings);
        assert_eq!(findings, kept);
    }

    #[test]
    fn a_cause_that_is_reported_is_enough() {
        let mut follows = finding("storage/ephemeral-state", Level::Error, "/dir");
        follows.cause = Some("/volumes/0".into());
        for (level, is_hidden) in [(Level::Error, true), (Level::Warning, false)] {
            let mut findings =
                vec![finding("security/host-path", level, "/volumes/0/hostPath"), follows.clone()];
            remove(&mut findings);
            assert_eq!(findings.len() == 1, is_hidden, "{level:?}");
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
