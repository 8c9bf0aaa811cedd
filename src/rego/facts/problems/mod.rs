//! `flink.problems`: what is wrong with an object, listed by what is judged, one file each.
//!
//! A field of a pod and an option of Flink's configuration that says the same are judged together,
//! by what comes of them: so no key is a way round a rule about fields. Nothing is listed for an
//! object that is as it should be, and the rules that report a list are not even looked at while it
//! is missing.

mod apart;
mod claim_mounts;
mod claim_requests;
mod cost;
mod data;
mod elasticity;
mod mounts;
mod observed;
mod operator;
mod restarts;
mod scheduling;
mod spot;
mod state;
mod tolerations;
mod upgrades;

use super::options::is_given;
use super::{as_text, path};
use crate::flink::config::Entry;
use crate::flink::image::glob;
use crate::flink::pods::Pods;
use crate::flink::{Engine, Role, Workload};
use crate::resource::{Resource, pointer};
use regorus::Value;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Problems of one kind that are told of one object; more would only hide the first.
const MOST: usize = 50;

/// Looks for problems of one kind, or of a few that are found on the same way.
type Judge = fn(&Subject<'_>, &mut Found);

const JUDGES: [Judge; 14] = [
    operator::judge,
    mounts::judge,
    tolerations::judge,
    scheduling::judge,
    data::judge,
    restarts::judge,
    elasticity::judge,
    observed::judge,
    cost::judge,
    spot::judge,
    state::judge,
    upgrades::judge,
    claim_requests::judge,
    claim_mounts::judge,
];

/// `{list: [{msg, path, help}]}`, without the lists that would be empty.
pub fn problems(
    workload: &Workload,
    root: &Json,
    resource: &Resource,
    tenant: &Value,
    pods: &[Pods<'_>],
) -> Value {
    let mut found = Found::default();
    // Nobody's objects are held to nobody's rules.
    if matches!(tenant, Value::Object(_)) {
        let subject = Subject::new(workload, root, resource, tenant, pods);
        JUDGES.iter().for_each(|judge| judge(&subject, &mut found));
    }
    Value::from(
        found
            .lists
            .into_iter()
            .map(|(list, found)| (Value::from(list), Value::from(found)))
            .collect::<BTreeMap<_, _>>(),
    )
}

/// What is judged, and by what.
struct Subject<'a> {
    workload: &'a Workload,
    root: &'a Json,
    resource: &'a Resource,
    tenant: &'a Value,
    pods: &'a [Pods<'a>],
}

impl<'a> Subject<'a> {
    fn new(
        workload: &'a Workload,
        root: &'a Json,
        resource: &'a Resource,
        tenant: &'a Value,
        pods: &'a [Pods<'a>],
    ) -> Self {
        Self { workload, root, resource, tenant, pods }
    }

    /// An option that somebody wrote: neither a field nor the tenant itself gives it.
    fn written(&self, key: &str, entry: &'a Entry) -> Option<&'a str> {
        let place = entry.pointer.as_deref()?;
        let among_options = self
            .workload
            .config_pointer
            .as_deref()
            .is_none_or(|options| place.starts_with(options));
        (among_options && !is_given(self.tenant, key, &entry.value)).then_some(place)
    }

    /// The first of an option's names that is set, unless the tenant itself sets it.
    fn option(&self, names: &[&str]) -> Option<(&'a str, &'a Entry)> {
        self.workload
            .config
            .first(names)
            .filter(|(key, entry)| !is_given(self.tenant, key, &entry.value))
    }

    /// Where an option stands, or would.
    fn place(&self, key: &str, entry: &Entry) -> String {
        entry.pointer.clone().unwrap_or_else(|| self.vacancy(key))
    }

    /// Where an option would stand that is not there.
    fn vacancy(&self, key: &str) -> String {
        let options =
            self.workload.config_pointer.as_deref().unwrap_or(match self.workload.engine {
                Engine::Spotify => "/spec/flinkProperties",
                Engine::Lyft => "/spec/flinkConfig",
                _ => "/spec/flinkConfiguration",
            });
        pointer::join(options, key)
    }

    /// Where an option stands by one of its names, or would by the first.
    fn place_of(&self, names: &[&str]) -> String {
        match self.workload.config.first(names) {
            Some((key, entry)) => self.place(key, entry),
            None => self.vacancy(names.first().copied().unwrap_or_default()),
        }
    }

    /// Whether a value is the object's author's: written, or not and Flink's default. What the
    /// tenant itself sets is not.
    fn is_authors(&self, names: &[&str]) -> bool {
        self.workload.config.first(names).is_none() || self.option(names).is_some()
    }

    /// Flink's roles whose pods are made by options, with the names that options have for them.
    fn made_roles(&self) -> impl Iterator<Item = (Role, &'static str)> {
        let roles = [Role::JobManager, Role::TaskManager].into_iter();
        roles
            .filter(|role| self.workload.options_make(*role))
            .filter_map(|role| Some((role, role.component()?)))
    }

    /// Whether options make any pods.
    fn options_make_pods(&self) -> bool {
        self.made_roles().next().is_some()
    }

    /// Whether the object is one whose options the operator takes for its own while it deploys it.
    fn is_for_operator(&self) -> bool {
        let has_options = || {
            self.workload
                .config_pointer
                .as_deref()
                .is_some_and(|place| place.ends_with("/flinkConfiguration"))
        };
        self.workload.engine == Engine::Operator && has_options()
    }
}

/// How grave a problem is.
#[derive(Clone, Copy)]
enum Weight {
    /// As its rule says.
    Error,
    /// Worth a warning.
    Warning,
}

impl Weight {
    fn level(self) -> Option<&'static str> {
        match self {
            Self::Error => None,
            Self::Warning => Some("warning"),
        }
    }
}

/// What was found so far.
#[derive(Default)]
struct Found {
    lists: BTreeMap<&'static str, Vec<Value>>,
}

impl Found {
    /// A problem at a JSON Pointer of the object.
    fn add(
        &mut self,
        list: &'static str,
        pointer: &str,
        message: String,
        help: impl Into<Option<String>>,
    ) {
        self.add_at(list, Value::from(path(pointer)), message, help);
    }

    /// A problem at a path of tokens.
    fn add_at(
        &mut self,
        list: &'static str,
        path: Value,
        message: String,
        help: impl Into<Option<String>>,
    ) {
        self.push(list, path, message, help, Weight::Error);
    }

    /// A problem of its own weight, whatever its rule's level.
    fn weigh(
        &mut self,
        list: &'static str,
        pointer: &str,
        message: String,
        help: impl Into<Option<String>>,
        weight: Weight,
    ) {
        self.push(list, Value::from(path(pointer)), message, help, weight);
    }

    fn push(
        &mut self,
        list: &'static str,
        path: Value,
        message: String,
        help: impl Into<Option<String>>,
        weight: Weight,
    ) {
        let list = self.lists.entry(list).or_default();
        if list.len() >= MOST {
            return;
        }
        let mut fields = BTreeMap::from([
            (Value::from("msg"), Value::from(message)),
            (Value::from("path"), path),
        ]);
        if let Some(help) = help.into() {
            fields.insert(Value::from("help"), Value::from(help));
        }
        if let Some(level) = weight.level() {
            fields.insert(Value::from("level"), Value::from(level));
        }
        let problem = Value::from(fields);
        if !list.contains(&problem) {
            list.push(problem);
        }
    }
}

/// The texts of a list that a tenant may leave out.
fn texts(list: &Value) -> Option<Vec<&str>> {
    Some(super::list(list)?.iter().filter_map(as_text).collect())
}

/// Whether one of the patterns, in which a star stands for anything, is this name.
fn is_any(patterns: &[&str], name: &str) -> bool {
    patterns.iter().any(|pattern| glob(pattern, name))
}

/// The advice to take one of what a tenant allows.
fn use_one_of(allowed: &[&str]) -> String {
    if allowed.is_empty() {
        "leave it out: the tenant allows none".into()
    } else {
        format!("use {}", allowed.join(" or "))
    }
}

/// A text from the object for a message, cut to what fits in one.
fn shown(text: &str) -> String {
    const MOST: usize = 100;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests;
