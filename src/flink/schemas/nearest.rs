//! What a misspelled or misplaced field was probably meant to be.

use super::fault::Nearest;
use super::path::Path;
use super::table::{KindSchema, Mask, Node, NodeId, Object, Table};
use crate::spelling;
use std::collections::HashSet;

/// Fields that other operators, other releases or people's memory have under other names. The first
/// one that the mapping has counts.
const OTHER_WORDS: &[(&[&str], &[&str])] = &[
    (
        &["config", "conf", "configuration", "properties", "flinkproperties", "flinkconf"],
        &["flinkConfiguration", "flinkProperties", "flinkConfig"],
    ),
    (
        &["flinkconfig", "flinkconfiguration", "flinkproperties"],
        &["flinkConfiguration", "flinkProperties", "flinkConfig"],
    ),
    (
        &["mainclass", "classname", "class", "main", "entrypoint", "entrypointclass", "jobclass"],
        &["entryClass", "className"],
    ),
    (&["entryclass"], &["className", "entryClass"]),
    (
        &["jar", "jarpath", "jarfile", "jaruri", "jarurl", "jarname"],
        &["jarURI", "jarFile", "jarName"],
    ),
    (
        &["programargs", "programarguments", "arguments", "mainargs", "parameters"],
        &["args", "programArgs"],
    ),
    (
        &["savepointpath", "savepoint", "fromsavepoint", "savepointlocation", "initialsavepoint"],
        &["initialSavepointPath", "fromSavepoint", "savepointPath"],
    ),
    (&["serviceaccountname"], &["serviceAccount", "serviceAccountName"]),
    (&["serviceaccount"], &["serviceAccountName"]),
    (&["version"], &["flinkVersion"]),
    (&["deploymentmode"], &["mode"]),
    (&["logging", "logconfig", "log4j"], &["logConfiguration"]),
    (&["restoremode", "savepointupgrademode"], &["upgradeMode"]),
    (&["allownonrestored"], &["allowNonRestoredState"]),
    (&["deployment", "cluster", "sessioncluster"], &["deploymentName"]),
    (&["template", "pod"], &["podTemplate"]),
    (&["environment", "envvars", "variables"], &["env"]),
    (&["count", "instances"], &["replicas"]),
    (&["mounts"], &["volumeMounts"]),
    (&["desiredstate"], &["state"]),
];

/// Names of what is an option, in a FlinkDeployment.
const OPTIONS: &[(&[&str], &str)] = &[
    (
        &["taskslots", "numberoftaskslots", "slots", "taskslot", "slotspertaskmanager"],
        "taskmanager.numberOfTaskSlots",
    ),
    (&["restartstrategy"], "restart-strategy.type"),
    (&["statebackend"], "state.backend.type"),
    (&["checkpointinterval", "checkpointinginterval"], "execution.checkpointing.interval"),
    (&["checkpointdir", "checkpointsdir"], "execution.checkpointing.dir"),
    (&["savepointdir", "savepointsdir"], "execution.checkpointing.savepoint-dir"),
];

/// Names with a meaning of their own in too many places to be sought elsewhere.
const COMMON: &[&str] = &[
    "name",
    "namespace",
    "kind",
    "apiVersion",
    "type",
    "key",
    "value",
    "path",
    "mode",
    "status",
    "metadata",
    "spec",
    "items",
    "data",
    "options",
    "state",
    "enabled",
    "template",
    "uid",
];

/// Fields in which nothing is sought.
const SIDE_ROADS: &[&str] =
    &["ingress", "initContainers", "ephemeralContainers", "status", "managedFields", "volumes"];

/// Letters of a field before it counts as the beginning of a longer one.
const SHORTEST_BEGINNING: usize = 4;

/// The field of the same mapping, or the option, that a name was probably meant to be.
pub(super) fn nearest(name: &str, object: &Object, asked: Mask) -> Option<Nearest> {
    let known: Vec<&'static str> = object
        .fields
        .iter()
        .filter(|field| field.mask & asked != 0)
        .map(|field| field.name)
        .collect();
    let plain = plain(name);
    let same = known.iter().copied().find(|field| field.eq_ignore_ascii_case(&plain));
    let by_letters = spelling::closest(name, &known);
    let typo = by_letters
        .filter(|field| spelling::distance(&name.to_lowercase(), &field.to_lowercase()) <= 1);
    if let Some(field) = same.or(typo) {
        return Some(Nearest::Field(field));
    }
    for (words, fields) in OTHER_WORDS.iter().filter(|(words, _)| words.contains(&plain.as_str())) {
        debug_assert!(!words.is_empty());
        if let Some(field) = fields.iter().find(|field| known.contains(field)) {
            return Some(Nearest::Field(field));
        }
    }
    let is_flink = known.contains(&"flinkConfiguration") || known.contains(&"resource");
    let option = OPTIONS.iter().find(|(words, _)| is_flink && words.contains(&plain.as_str()));
    if let Some((_, option)) = option {
        return Some(Nearest::Option(option));
    }
    let mut longer = known.iter().copied().filter(|field| {
        name.len() >= SHORTEST_BEGINNING
            && field.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
    });
    let only = longer.next().filter(|_| longer.next().is_none());
    by_letters.or(only).map(Nearest::Field)
}

/// A name in lower case, without what people put between words.
fn plain(name: &str) -> String {
    name.chars().filter(|letter| !"-_. ".contains(*letter)).flat_map(char::to_lowercase).collect()
}

/// Levels that are searched for a field.
const DEEPEST: usize = 6;

/// The only place with the fewest steps to it that has a field of exactly this name: in the spec, or
/// below the mapping that has the unknown field, or else anywhere.
pub(super) fn elsewhere(
    table: &'static Table,
    kind: &KindSchema,
    here: NodeId,
    name: &str,
    path: &Path<'_>,
) -> Option<Nearest> {
    if COMMON.contains(&name) {
        return None;
    }
    let anywhere = search(table, kind.root, name);
    if anywhere.as_ref().is_some_and(|found| found.matches('.').count() == 1) {
        return anywhere.map(Nearest::Elsewhere);
    }
    let below = search(table, here, name).map(|found| format!("{}{found}", path.dotted()));
    below.or(anywhere).map(Nearest::Elsewhere)
}

/// Breadth first. A node counts twice in its level, which shows that a place is not the only one, and
/// not again below it: linear in the table.
fn search(table: &'static Table, root: NodeId, name: &str) -> Option<String> {
    let mut level: Vec<(NodeId, String)> = vec![(root, String::new())];
    let mut seen = HashSet::from([root]);
    for _ in 0..DEEPEST {
        let mut found = None;
        let mut next = Vec::new();
        for (id, path) in &level {
            let (mut id, mut at) = (*id, path.clone());
            while let Node::List(element) = table.node(id) {
                at.push_str("[]");
                id = *element;
            }
            let Node::Object(object) = table.node(id) else { continue };
            let dotted = |field: &str| {
                if at.is_empty() { field.to_owned() } else { format!("{at}.{field}") }
            };
            if !object.entries(name).is_empty() && found.replace(dotted(name)).is_some() {
                return None;
            }
            let fields = object.fields.iter().filter(|field| !SIDE_ROADS.contains(&field.name));
            for field in fields {
                let in_level = next.iter().filter(|(id, _)| *id == field.node).count();
                if in_level == 1 || seen.insert(field.node) {
                    next.push((field.node, dotted(field.name)));
                }
            }
        }
        if found.is_some() {
            return found;
        }
        level = next;
    }
    None
}
