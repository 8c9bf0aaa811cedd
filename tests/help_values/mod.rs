//! Help that is a value is true: it is written into the object, and the finding goes and no other comes.

mod texts;

use super::manifests::{document, files, read};
use super::rule_examples::{
    AMBIGUOUS, UNASSIGNED, UNREADABLE, built_in, gate, gate_for_bad, resource,
};
use flinkgate::pipeline::Gate;
use flinkgate::quota::Usage;
use flinkgate::resource::yaml::edit::intended;
use flinkgate::resource::{Resource, pointer, yaml};
use flinkgate::rules::{Finding, Level};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const OPTIONS: &str = "/spec/flinkConfiguration";

/// Rules whose fact is the limit, and whose fix is what fits in it.
const OTHER_WANTED: [&str; 4] =
    ["cost/idle-slots", "quota/growth", "quota/unbounded", "scheduling/zone-spread"];

/// Marks rules whose findings have a fix; `!` after it, one that is not safe.
const FIX: &str = "fix of ";

/// What a right word turns on needs more, which is found once the word is right.
const NEEDED: [(&str, &[&str]); 6] = [
    // The version says how memory is divided.
    ("flink/allowed-version", &["flink/memory"]),
    // An upgrade mode needs what it starts from.
    ("flink/schema", &["storage/checkpoint-dir", "storage/savepoint-dir", "storage/last-state"]),
    // ZooKeeper needs its servers.
    ("flink/invalid-value", &["flink/high-availability"]),
    // Periodic savepoints need a directory.
    ("flink/unknown-option", &["storage/savepoint-dir"]),
    // A directory needs the volume, or the plugin of its file system.
    ("storage/checkpoint-dir", &["storage/ephemeral-state", "flink/file-system"]),
    // The request is as low as the limit was.
    ("cost/requests", &["cost/requests"]),
];

/// Rules whose help is no value, and why.
const NO_VALUE: [(&str, &[&str]); 9] = [
    (
        "the author decides what to write, and the help says what it must be like",
        &[
            "cost/labels",
            "flink/autoscaler",
            "flink/duplicate-option",
            "flink/image",
            "flink/metrics-reporter",
            "flink/name",
            "flink/option-text",
            "flink/size",
            "security/image-user",
            "security/volume-types",
            "security/host-path",
            "scheduling/disruption-budget",
        ],
    ),
    (
        "two places must agree, and the author chooses which one to change",
        &[
            "flink/high-availability",
            "flink/parallelism",
            "flink/snapshot",
            "cost/spot",
            "storage/last-state",
        ],
    ),
    (
        "the value belongs into another field, another object or an image",
        &[
            "flink/configuration-source",
            "flink/logging",
            "flink/operator-files",
            "flink/unset-option",
            "flink/session-job",
            "security/entrypoint",
            "security/inline-credentials",
            "security/metadata",
            "security/sysctls",
            "storage/single-node-claim",
            "storage/unshared-state",
            "quota/undeclared",
        ],
    ),
    (
        "a volume moves to a path that the author chooses",
        &["flink/artifacts-folder", "storage/checkpoint-volume", "storage/claim-mounts"],
    ),
    (
        "an element is added to a list",
        &["scheduling/job-manager-anti-affinity", "scheduling/task-manager-anti-affinity"],
    ),
    (
        "the whole object must become smaller, or the platform must allow more",
        &["quota/exceeded", "quota/per-cluster", "scheduling/capacity", "tenancy/object-limits"],
    ),
    (
        "the name is a part of an option's value",
        &["security/config-maps", "security/secrets", "storage/claims"],
    ),
    ("nothing is to be written", &["flink/dialect", "storage/claim-in-use"]),
    (
        "the tenant is wrong, and not the object",
        &[
            "tenancy/ambiguous-namespace",
            "tenancy/unassigned-namespace",
            "tenancy/unreadable-tenant",
        ],
    ),
];

/// What a help says to do at the finding's place.
#[derive(Debug)]
enum Step {
    /// `set key: value`: a field near the place, a path from the root, or an option.
    Set(String, Value),
    /// `use x` and `write x` for a value.
    Replace(Value),
    /// `use x` for a key.
    Rename(String),
    Remove,
}

/// What a help says that names no value but what one is like, gives an example, or offers a way that is
/// none. [`ways`] chooses a value for it, and a fix cannot.
const CHOICES: [&str; 9] = [
    ", or set ",
    ", or raise ",
    ", such as ",
    " a directory ",
    " a version tag: ",
    " an image from ",
    " at most ",
    " that matches ",
    "remove it, and ",
];

fn leaves_a_choice(help: &str) -> bool {
    CHOICES.iter().any(|choice| help.contains(choice))
}

/// The texts in backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

fn scalar(text: &str) -> Value {
    document(text, "a value of a help")
}

/// A value that a pattern matches.
fn matching(pattern: &str) -> Value {
    pattern.replace('*', "x").into()
}

/// A directory in another one.
fn below(directory: &str) -> Value {
    format!("{}/x", directory.trim_end_matches('/')).into()
}

/// The ways that a help offers; each must be true. None where the help names no value.
fn ways(finding: &Finding) -> Vec<Vec<Step>> {
    // Arguments have options in a form of their own.
    if finding.facts.key.is_some() && finding.pointer.contains("/args/") {
        return Vec::new();
    }
    let help = finding.help.as_deref().unwrap_or_default();
    let first = help.split(", or ").next().unwrap().split(';').next().unwrap();
    let first = first.split(": Flinkgate").next().unwrap();
    // What follows a colon after a word in backticks is the reason.
    let first = first.find("`: ").map_or(first, |end| &first[..=end]);
    let example = first.split_once(", such as ").map(|(_, example)| quoted(example));
    let first = first.split(", such as").next().unwrap();
    let words = quoted(first);
    let last = pointer::tokens(&finding.pointer).last().map(|token| token.to_string());
    let last = last.unwrap_or_default();
    let is_removal = ["remove it", "remove the option", "remove this expression"]
        .iter()
        .any(|removal| first.starts_with(removal));
    if is_removal {
        return vec![vec![Step::Remove]];
    }
    let plain = first.split('`').step_by(2).map(str::trim).collect::<Vec<_>>().join(" ");
    let plain: Vec<&str> = plain.split_whitespace().filter(|word| *word != ",").collect();
    let names_last = |word: &str| word.split(':').next().unwrap() == last;
    let pair = |word: &str| {
        let (key, value) = word.split_once(": ").unwrap();
        Step::Set(key.into(), scalar(value))
    };
    let is_pair = |word: &&str| word.contains(": ");
    let is_about = |word: &str| word.split_once(": ").is_some_and(|(key, _)| key == last);
    match plain[..] {
        ["remove"] | ["remove", "from"] | ["remove", "the", "label"]
            if names_last(words[0])
                || last.parse::<usize>().is_ok()
                || texts::key(finding) == Some(words[0]) =>
        {
            vec![vec![Step::Remove]]
        }
        ["set"] | ["set", "and"] if words.iter().all(is_pair) => {
            vec![words.iter().map(|word| pair(word)).collect()]
        }
        ["set", "in"]
        | ["set", "in", "its"]
        | ["set", "the", "label"]
        | ["set", "in", "the", "pod's"]
            if is_about(words[0]) =>
        {
            vec![vec![pair(words[0])]]
        }
        ["set", "to"] | ["set", "to", "or"] | ["set", "to", "or", "more"] | ["lower", "to"]
            if words.len() >= 2 =>
        {
            let set = |value: &&str| vec![Step::Set(words[0].into(), scalar(value))];
            words[1..].iter().map(set).collect()
        }
        ["set", "it", "to"] => vec![vec![Step::Replace(scalar(words[0]))]],
        ["set", "to", "a", "directory", "under"] => {
            vec![vec![Step::Set(words[0].into(), below(words[1]))]]
        }
        ["set", "to", "a", "durable", "directory"] if words.len() == 1 => {
            vec![vec![Step::Set(words[0].into(), example.unwrap()[0].into())]]
        }
        ["set", "to", "a", "directory", "in", "an", "object", "store"] => {
            vec![vec![Step::Set(words[0].into(), "s3://bucket/directory".into())]]
        }
        ["set", "the", "UID", "of", "a", "user", "other", "than", "root"] => {
            vec![vec![pair(example.unwrap()[0])]]
        }
        ["write", "a", "directory", "in", "which", "nothing", "of", "the", "image", "is"] => {
            vec![vec![pair(example.unwrap()[0])]]
        }
        ["write", "a", "host", "and", "a", "path"] => {
            vec![vec![Step::Replace(example.unwrap()[0].into())]]
        }
        ["write", "a", "version", "tag:"] => {
            vec![vec![Step::Replace(words[0].replace("<version>", "1.20.1").into())]]
        }
        // The name is a part of a map.
        ["use", "a", "name", "that", "matches"] | ["use"]
            if finding.pointer.contains("/kubernetes.") && words[0].contains('*') =>
        {
            Vec::new()
        }
        ["use", "a", "name", "that", "matches"]
        | ["use", "a", "host", "name", "that", "matches"]
        | ["use", "an", "image", "from"] => {
            let ending = if plain[2] == "image" { ":1.20.1" } else { "" };
            let value = format!("{}{ending}", matching(words[0]).as_str().unwrap());
            vec![vec![Step::Replace(value.into())]]
        }
        ["use", "a", "directory", "under"] => {
            vec![vec![Step::Replace(below(words[0]))]]
        }
        ["use" | "write"] | ["use" | "write", "or"] | ["use", "or", "later"]
            if !words.iter().any(|word| word.contains('*')) || words.len() == 1 =>
        {
            words
                .iter()
                .map(|word| match finding.at_key {
                    true => vec![Step::Rename((*word).into())],
                    false if word.contains('*') => vec![Step::Replace(matching(word))],
                    false => vec![Step::Replace(scalar(word))],
                })
                .collect()
        }
        ["request", "or", "less"] | ["request", "at", "most"] => {
            vec![vec![Step::Replace(words[0].into())]]
        }
        _ => Vec::new(),
    }
}

/// Sets a value and makes what is missing above it.
fn set(object: &mut Value, place: &str, value: Value) {
    let mut at = object;
    for token in pointer::tokens(place) {
        at = match token.parse::<usize>() {
            Ok(index) if at.is_array() => &mut at[index],
            _ => {
                if at.is_null() {
                    *at = json!({});
                }
                &mut at[&*token]
            }
        };
    }
    // An option is a text.
    let is_option = place.starts_with(OPTIONS) && !value.is_object();
    *at = match value {
        Value::String(text) => text.into(),
        other if is_option => other.to_string().into(),
        other => other,
    };
}

fn remove(object: &mut Value, place: &str) -> Option<Value> {
    let (parent, token) = place.rsplit_once('/')?;
    let token = token.replace("~1", "/").replace("~0", "~");
    match object.pointer_mut(parent)? {
        Value::Object(map) => map.remove(&token),
        Value::Array(list) => {
            let index = token.parse().ok()?;
            (index < list.len()).then(|| list.remove(index))
        }
        _ => None,
    }
}

/// Where `set key: …` at a place writes.
fn target(object: &Value, place: &str, key: &str) -> String {
    let tokens = pointer::tokens(place);
    let last = tokens.last().map(|token| token.to_string()).unwrap_or_default();
    if last == key {
        return place.to_owned();
    }
    if let Some(path) = key.strip_prefix("spec.") {
        return format!("/spec/{}", path.replace('.', "/"));
    }
    if key.contains(['.', '-']) {
        return pointer::join(OPTIONS, key);
    }
    // `set seccompProfile: …` for its `type`, `set labelSelector: …` for its constraint.
    if let Some(end) = place.find(&format!("/{key}/")) {
        return format!("{}/{key}", &place[..end]);
    }
    match object.pointer(place) {
        Some(Value::Object(_)) => pointer::join(place, key),
        _ => pointer::join(pointer::parent(place).unwrap_or_default(), key),
    }
}

/// The place of a key under its right name. An option has its whole name.
fn renamed(place: &str, key: &str) -> String {
    let parent = if place.starts_with(OPTIONS) && place != OPTIONS {
        OPTIONS
    } else {
        pointer::parent(place).unwrap_or_default()
    };
    pointer::join(parent, key)
}

fn apply(object: &mut Value, place: &str, step: Step) {
    match step {
        Step::Set(key, value) => set(object, &target(object, place, &key), value),
        Step::Replace(value) => set(object, place, value),
        Step::Rename(key) => {
            let value = remove(object, place).unwrap_or_default();
            set(object, &renamed(place, &key), value);
        }
        Step::Remove => {
            remove(object, place);
        }
    }
}

/// The object with its options by their whole keys, as the operator reads them.
fn flat(object: &Value) -> Value {
    fn add(key: &str, value: &Value, to: &mut serde_json::Map<String, Value>) {
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                for (name, value) in fields {
                    let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                    add(&key, value, to);
                }
            }
            other => {
                to.insert(key.to_owned(), other.clone());
            }
        }
    }
    let mut object = object.clone();
    if let Some(options) = object.pointer_mut(OPTIONS) {
        let mut all = serde_json::Map::new();
        add("", options, &mut all);
        *options = all.into();
    }
    object
}

fn judge(gate: &Gate, resource: &Resource, as_is: bool) -> Vec<Finding> {
    let case = gate.case(resource, as_is);
    case.map(|case| gate.judge(case, &Usage::default()).findings).unwrap_or_default()
}

/// Rules and messages of what a person would act on.
fn severe(findings: &[Finding]) -> BTreeSet<(&str, &str, Option<&str>)> {
    let severe = findings.iter().filter(|finding| finding.level > Level::Info);
    severe.map(|finding| (&*finding.rule, &*finding.pointer, texts::key(finding))).collect()
}

/// Applies every help of an object's findings, one at a time. Returns how many there were, and what
/// was not true.
fn check(
    gate: &Gate,
    resource: &Resource,
    as_is: bool,
    name: &str,
) -> (BTreeSet<String>, Vec<String>) {
    let (mut applied, mut wrong) = (BTreeSet::new(), Vec::new());
    let mut with_fix = BTreeSet::new();
    let before = judge(gate, resource, as_is);
    for finding in &before {
        let ways_of_help = ways(finding);
        match (finding.fix.as_deref(), ways_of_help.as_slice()) {
            (None, [_]) if finding.help.as_deref().is_some_and(leaves_a_choice) => {}
            (None, [_]) => wrong.push(format!(
                "{name}: {} has no fix for: {} at {}",
                finding.rule,
                finding.help.as_deref().unwrap(),
                finding.pointer
            )),
            (Some(fix), _) => {
                let Ok(fixed) = intended(&resource.object, &fix.operations) else {
                    // Only mutation added what is wrong.
                    continue;
                };
                let is_same = match ways(finding).into_iter().next() {
                    // A list of steps is the first way, written as the help says.
                    Some(way) => {
                        let (mut object, place) = (resource.object.clone(), &finding.pointer);
                        if let Some(key) = texts::key(finding) {
                            for step in way {
                                texts::apply(&mut object, place, key, step);
                            }
                            texts::options(&object, place) == texts::options(&fixed, place)
                        } else {
                            way.into_iter().for_each(|step| apply(&mut object, place, step));
                            flat(&object) == flat(&fixed)
                        }
                    }
                    None => true,
                };
                if !is_same {
                    wrong.push(format!(
                        "{name}: {}: the fix {:?} is not: {}",
                        finding.rule,
                        fix.operations,
                        finding.help.as_deref().unwrap()
                    ));
                }
                // Facts are those of the help too.
                if let (Some(wanted), [value], false) = (
                    &finding.facts.wanted,
                    &fix.values().collect::<Vec<_>>()[..],
                    OTHER_WANTED.contains(&&*finding.rule),
                ) && !value.contains(wanted.trim_start_matches('v'))
                {
                    wrong.push(format!("{name}: {}: {value} is not {wanted}", finding.rule));
                }
                with_fix.insert(format!("{}{}", if fix.safe { "" } else { "!" }, finding.rule));
                let mut changed = Resource::from_manifest(fixed).unwrap();
                changed.old_object.clone_from(&resource.old_object);
                changed.operation = resource.operation;
                let after = judge(gate, &changed, as_is);
                let is_it = |other: &&Finding| {
                    other.rule == finding.rule && other.message == finding.message
                };
                if after.iter().filter(is_it).count() >= before.iter().filter(is_it).count() {
                    wrong.push(format!(
                        "{name}: {} stays after the fix {:?}: {}",
                        finding.rule, fix.operations, finding.message
                    ));
                }
            }
            (None, _) => {}
        }
        for way in ways_of_help {
            let mut object = resource.object.clone();
            let new_place = way.iter().find_map(|step| match step {
                Step::Rename(key) => Some(renamed(&finding.pointer, key)),
                _ => None,
            });
            for step in way {
                match texts::key(finding) {
                    Some(key) => texts::apply(&mut object, &finding.pointer, key, step),
                    None => apply(&mut object, &finding.pointer, step),
                }
            }
            let mut changed = Resource::from_manifest(object).unwrap();
            changed.old_object.clone_from(&resource.old_object);
            changed.operation = resource.operation;
            let after = judge(gate, &changed, as_is);
            let is_same = |other: &&Finding| {
                let is_there = texts::key(finding).is_none() || other.pointer == finding.pointer;
                other.rule == finding.rule && other.message == finding.message && is_there
            };
            applied.insert(finding.rule.to_string());
            let help = finding.help.as_deref().unwrap();
            if after.iter().any(|other| is_same(&other)) {
                wrong.push(format!("{name}: {} stays after: {help}", finding.rule));
            }
            for (rule, place, key) in severe(&after).difference(&severe(&before)) {
                // What is below a wrong key was found there.
                let was_below = new_place.as_ref().is_some_and(|new_place| {
                    let old = place.replacen(new_place.as_str(), &finding.pointer, 1);
                    severe(&before).contains(&(*rule, old.as_str(), *key))
                });
                let is_needed =
                    NEEDED.iter().any(|(help, new)| *help == finding.rule && new.contains(rule));
                if was_below || is_needed {
                    continue;
                }
                wrong.push(format!(
                    "{name}: {}: {rule} at {place} comes with: {help}",
                    finding.rule
                ));
            }
        }
    }
    applied.extend(with_fix.into_iter().map(|rule| format!("{FIX}{rule}")));
    (applied, wrong)
}

#[test]
fn every_value_of_a_help_is_true() {
    let policies = built_in();
    let (mut applied, mut wrong) = (BTreeSet::new(), Vec::new());
    let mut add = |(rules, faults): (BTreeSet<String>, Vec<String>)| {
        applied.extend(rules);
        wrong.extend(faults);
    };
    for rule in policies.catalog() {
        if [UNASSIGNED, AMBIGUOUS, UNREADABLE].contains(&rule.id.as_str()) {
            continue;
        }
        let gate = gate_for_bad(&policies, rule);
        add(check(&gate, &resource(rule.bad.as_deref()), rule.as_is, &rule.id));
    }
    for file in files("tests/data/field", "yaml") {
        let folder = file.parent().unwrap();
        let name = file.file_name().unwrap().to_str().unwrap();
        if ["case.yaml", "tenant.yaml", "empty-tenant.yaml"].contains(&name)
            || !folder.join("case.yaml").exists()
        {
            continue;
        }
        let tenant = folder.join("tenant.yaml");
        let spec = if tenant.exists() { read(tenant)["spec"].clone() } else { json!({}) };
        let gate = gate(&policies, spec);
        for document in yaml::parse(&std::fs::read_to_string(&file).unwrap()) {
            let resource = document.value.and_then(|value| Resource::from_manifest(value).ok());
            if let Some(resource) = resource {
                add(check(&gate, &resource, false, folder.file_name().unwrap().to_str().unwrap()));
            }
        }
    }
    let (fixes, applied): (BTreeSet<String>, BTreeSet<String>) =
        applied.into_iter().partition(|rule| rule.starts_with(FIX));
    println!("{} rules: {applied:?}\n{} fixes: {fixes:?}", applied.len(), fixes.len());
    let without: BTreeSet<String> = NO_VALUE
        .iter()
        .flat_map(|(_, rules)| rules.iter().map(|rule| (*rule).to_owned()))
        .collect();
    let all: BTreeSet<String> = policies.catalog().iter().map(|rule| rule.id.clone()).collect();
    let decided: BTreeSet<String> = applied.union(&without).cloned().collect();
    wrong.extend(all.difference(&decided).map(|rule| format!("{rule}: no help is applied")));
    wrong.extend(without.intersection(&applied).map(|rule| format!("{rule}: has a value")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
