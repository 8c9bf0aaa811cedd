//! `flink/deprecated-option`

use crate::flink::catalog::{FaultyOption, OptionFault, Release, successors};
use crate::flink::operator::field_name;
use crate::resource::pointer;
use crate::rules::{Advice, Findings, Level, Rule, Subject};
use std::collections::BTreeMap;

/// Options that a later Flink version will not read under their key.
pub static RULE: Rule = Rule {
    id: "flink/deprecated-option",
    level: Level::Info,
    since: "0.1.0",
    title: "Deprecated options",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("deprecated_option.md"),
    check,
};

/// Keys with the same new beginning that are reported as one.
const MANY: usize = 3;

/// A deprecated option and its current key.
type Renamed<'s> = (&'s str, &'static str);

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let mut renamed: BTreeMap<(&str, &str), Vec<Renamed<'_>>> = BTreeMap::new();
    for (option, successor, _) in written(subject) {
        if let Some(successor) = successor {
            let beginnings = beginnings(option.key, successor);
            renamed.entry(beginnings).or_default().push((option.key, successor));
        }
    }
    for (option, successor, place) in written(subject) {
        let key = option.key;
        let Some(successor) = successor else {
            findings
                .at(place)
                .message(format!("`{key}` is deprecated and has no successor"))
                .advise(Advice::remove_option(key))
                .key(key)
                .at_key();
            continue;
        };
        let alike = renamed.get(&beginnings(key, successor)).map(Vec::as_slice).unwrap_or_default();
        if let (MANY.., Some((first, _))) = (alike.len(), alike.first()) {
            if *first == key {
                let old = common_beginning(alike.iter().map(|(key, _)| *key));
                let new = common_beginning(alike.iter().map(|(_, successor)| *successor));
                let message =
                    format!("{} options that begin with `{old}` are deprecated", alike.len());
                let help = format!("write `{new}` in place of `{old}`");
                findings.at(place).message(message).help(help).key(key).at_key();
            }
            continue;
        }
        let message = format!("`{key}` is deprecated");
        let finding = findings.at(place).message(message).key(key).wanted(successor).at_key();
        finding.advise(match set_by_field(subject, successor) {
            Some(field) => {
                Advice::remove_option(key).then(&format!(": `{field}` sets `{successor}`"))
            }
            None => help(subject, key, successor),
        });
    }
}

/// The deprecated options that the object's author wrote, each with its successor and its place.
fn written<'s>(
    subject: &'s Subject<'_>,
) -> impl Iterator<Item = (&'s FaultyOption<'s>, Option<&'static str>, &'s str)> {
    subject.faulty_options().iter().filter_map(|option| {
        let OptionFault::Deprecated { successor } = option.fault else { return None };
        // `flink/overlapping-option` reports it then.
        if subject.overlapping_keys().iter().any(|overlap| overlap.key == option.key) {
            return None;
        }
        Some((option, successor, subject.written(option.key, option.entry)?))
    })
}

/// The field that sets an option, so that the option itself has no effect.
fn set_by_field(subject: &Subject<'_>, key: &str) -> Option<String> {
    let entry = subject.workload.config.exact(key)?;
    let place = entry.pointer.as_deref()?;
    let is_field =
        !subject.workload.is_written_at(place) && pointer::at(subject.object, place).is_some();
    is_field.then(|| field_name(place))
}

/// What to write in place of a key: all options that replace it.
pub(super) fn help(subject: &Subject<'_>, key: &str, successor: &str) -> Advice {
    let release = subject.workload.version.map(Release::of);
    let others = release.into_iter().flat_map(|release| successors(key, release));
    let others: String =
        others.filter(|other| *other != successor).map(|other| format!(" and `{other}`")).collect();
    match others.is_empty() {
        true => Advice::rename_option(key, successor).safe(),
        false => Advice::words(format!("use `{successor}`{others}")),
    }
}

/// What is before the words that two keys have in common at their ends, with its dot.
fn beginnings<'k>(key: &'k str, successor: &'k str) -> (&'k str, &'k str) {
    let ends = key.rsplit('.').zip(successor.rsplit('.')).take_while(|(a, b)| a == b);
    let common = ends.map(|(word, _)| word.len() + 1).sum::<usize>().saturating_sub(1);
    let before = |text: &'k str| text.get(..text.len() - common).unwrap_or(text);
    if common == 0 { (key, successor) } else { (before(key), before(successor)) }
}

/// The whole words, with their dots, that all keys begin with.
fn common_beginning<'k>(mut keys: impl Iterator<Item = &'k str>) -> &'k str {
    let first = keys.next().unwrap_or_default();
    let common = keys.fold(first.len(), |most, key| {
        let same = first.bytes().zip(key.bytes()).take_while(|(a, b)| a == b).count();
        most.min(same)
    });
    let common = first.get(..common).unwrap_or_default();
    let end = common.rfind('.').map_or(0, |dot| dot + 1);
    common.get(..end).unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::flink::Workload;
    use crate::flink::version::FlinkVersion;
    use crate::rules::testing::reported;
    use serde_json::json;

    fn reports(keys: &[&str]) -> Vec<(String, Option<String>)> {
        let version = Some(FlinkVersion::new(1, 20));
        let mut workload = Workload { version, ..Workload::default() };
        for key in keys {
            workload.config.set(*key, "true", Some(format!("/{key}")));
        }
        let findings = reported(&RULE, &workload, json!({}));
        findings.into_iter().map(|finding| (finding.message, finding.help)).collect()
    }

    #[test]
    fn a_renamed_beginning_is_reported_once() {
        let keys = ["enabled", "metrics.window", "stabilization.interval"]
            .map(|end| format!("kubernetes.operator.job.autoscaler.{end}"));
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let old = "kubernetes.operator.job.autoscaler.";
        assert_eq!(
            reports(&keys),
            [(
                format!("3 options that begin with `{old}` are deprecated"),
                Some(format!("write `job.autoscaler.` in place of `{old}`"))
            )]
        );
        assert_eq!(reports(keys.get(..2).unwrap()).len(), 2);
    }

    #[test]
    fn all_successors_are_named() {
        assert_eq!(
            reports(&["security.ssl.enabled"]),
            [(
                "`security.ssl.enabled` is deprecated".to_owned(),
                Some("use `security.ssl.internal.enabled` and `security.ssl.rest.enabled`".into())
            )]
        );
    }
}
