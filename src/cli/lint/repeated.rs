//! What an input says several times.

use crate::report::{Diagnostic, Judged, ObjectRef};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Objects that are named in a note.
const NAMED: usize = 3;

/// Keeps one finding for each tenant and resource whose quota the objects exceed together: the first
/// of the most severe ones.
pub(super) fn keep_one_sum(diagnostics: &mut Vec<Diagnostic>) {
    let key = |diagnostic: &Diagnostic| {
        diagnostic.is_sum().then(|| (diagnostic.tenant.clone(), diagnostic.facts.key.clone()))
    };
    let mut first = BTreeMap::new();
    for (index, diagnostic) in diagnostics.iter().enumerate() {
        if let Some(key) = key(diagnostic) {
            let kept = first.entry(key).or_insert((diagnostic.level, index));
            if diagnostic.level > kept.0 {
                *kept = (diagnostic.level, index);
            }
        }
    }
    let mut index = 0;
    diagnostics.retain(|diagnostic| {
        let is_kept = key(diagnostic)
            .is_none_or(|key| first.get(&key).is_some_and(|(_, first)| *first == index));
        index += 1;
        is_kept
    });
}

/// What is found in a file of Flink is reported at its ConfigMap, and not once more at each object that
/// reads it: of a plain manifest only such findings have a place among the options.
pub(super) fn keep_files_own(diagnostics: &mut Vec<Diagnostic>) {
    let object = |diagnostic: &Diagnostic| diagnostic.object.clone();
    let said = |diagnostic: &Diagnostic, namespace: &str| {
        let Diagnostic { rule, message, .. } = diagnostic;
        (namespace.to_owned(), rule.clone(), message.clone())
    };
    let mut of_files = BTreeSet::new();
    for diagnostic in diagnostics.iter() {
        if let Some(object) = object(diagnostic).filter(|object| object.kind == "ConfigMap") {
            of_files.insert(said(diagnostic, &object.namespace));
        }
    }
    diagnostics.retain(|diagnostic| {
        let from_file = diagnostic.pointer.starts_with("/spec/flinkConfiguration/");
        let plain = object(diagnostic).filter(|object| !object.api_version.contains("flink"));
        let reader = plain.filter(|_| from_file && !of_files.is_empty());
        reader.is_none_or(|object| !of_files.contains(&said(diagnostic, &object.namespace)))
    });
}

/// A note about objects that the input has several times; `None` where there are none.
pub(super) fn note(objects: &[Judged]) -> Option<String> {
    let mut places: BTreeMap<(&str, &str, &str, &str), Vec<&Judged>> = BTreeMap::new();
    for judged in objects {
        let ObjectRef { api_version, kind, namespace, name } = &judged.object;
        // A name with a star is made by the API server, another each time.
        if !name.is_empty() && !name.ends_with('*') {
            let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
            places.entry((group, kind, namespace, name)).or_default().push(judged);
        }
    }
    let repeated: Vec<_> = places.into_values().filter(|places| places.len() > 1).collect();
    let named: Vec<_> = repeated.iter().take(NAMED).map(|places| describe(places)).collect();
    if named.is_empty() {
        return None;
    }
    let more = match repeated.len().saturating_sub(NAMED) {
        0 => String::new(),
        1 => ", and 1 more object is repeated".to_owned(),
        more => format!(", and {more} more objects are repeated"),
    };
    Some(format!("{}{more}: an object counts once towards a quota", named.join(", ")))
}

/// `FlinkDeployment a/b is in x.yaml and y.yaml`.
fn describe(places: &[&Judged]) -> String {
    let files: BTreeSet<&Arc<str>> = places.iter().map(|place| &place.file).collect();
    let object = places.first().map(|place| place.object.to_string()).unwrap_or_default();
    let mut files = files.into_iter();
    match (files.next(), files.next(), files.count()) {
        (Some(one), None, _) => format!("{object} is {} times in `{one}`", places.len()),
        (Some(one), Some(other), 0) => format!("{object} is in `{one}` and `{other}`"),
        (Some(one), Some(other), more) => {
            format!("{object} is in `{one}`, `{other}` and {more} more")
        }
        (None, _, _) => object,
    }
}
