//! What the Flink operator's own validator refuses in its custom resources, and what that validator
//! misses.
//!
//! The operator tells one problem at a time, after the object is stored, in a status field. Here
//! all are told, at their places, before. Each file is one subject; every check is silent and
//! allocates nothing where nothing is wrong.
//!
//! [`Declared`] is what rules of the family `flink` read a custom resource with; those that moved to
//! [`rules`](crate::rules) have their checks there.

pub mod artifacts;
mod autoscaler;
mod excluded_periods;
mod fields;
mod high_availability;
pub mod ingress;
mod options;
mod overridden;
mod savepoints;

use super::config::Entry;
use super::options::Names;
use super::version::FlinkVersion;
use super::workload::is_canary;
use super::{Engine, Workload};
use crate::resource::{Resource, pointer};
use serde_json::Value;

/// Flink whose classes the operator reads configurations with, whatever version an object names.
const OPERATORS_OWN: FlinkVersion = FlinkVersion::new(1, 20);

/// Problems that one subject tells of one object at most; more would only hide the first.
const MOST: usize = 20;

/// What a problem is about: each is a rule's, and a field of `input.flink.operator`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// Options of the autoscaler.
    Autoscaler,
    /// High availability without a directory for its data.
    HighAvailabilityDir,
    /// Names of log files.
    LogConfiguration,
    /// Options of the operator that need others.
    OperatorOptions,
    /// Options beside fields that say otherwise.
    Overridden,
    /// Options that are the operator's to set.
    Reserved,
    /// Savepoints without a directory.
    SavepointDir,
}

impl Subject {
    /// The field in `input.flink.operator`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Autoscaler => "autoscaler",
            Self::HighAvailabilityDir => "highAvailabilityDir",
            Self::LogConfiguration => "logConfiguration",
            Self::OperatorOptions => "operatorOptions",
            Self::Overridden => "overridden",
            Self::Reserved => "reserved",
            Self::SavepointDir => "savepointDir",
        }
    }
}

/// How grave a problem is, where that is not for the rule to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Worth knowing.
    Info,
    /// Worth a warning.
    Warning,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What it is about.
    pub subject: Subject,
    /// JSON Pointer into the object; it may name a place that is missing.
    pub pointer: String,
    /// What is wrong, on what.
    pub message: String,
    /// What to write instead, where that is more than the rule can say.
    pub help: Option<String>,
    /// `None` for the rule's own level.
    pub weight: Option<Weight>,
}

/// Everything that is wrong with an object of the operator's, by subject; nothing for all others.
///
/// `is_given` tells whether somebody other than the object's author sets an option to a value.
pub fn problems(
    resource: &Resource,
    object: &Value,
    workload: &Workload,
    is_given: &dyn Fn(&str, &str) -> bool,
) -> Vec<Problem> {
    let mut found = Found(Vec::new());
    if workload.declares_cluster {
        let Some(declared) = Declared::new(object, workload) else { return Vec::new() };
        high_availability::directory(&declared, &mut found);
        if workload.engine == Engine::Operator {
            options::reserved(&declared, &mut found);
            options::health_check(&declared, &mut found);
            fields::log_configuration(&declared, &mut found);
            savepoints::directory(&declared, &mut found);
            autoscaler::options(&declared, &mut found);
            overridden::options(&declared, is_given, &mut found);
        }
    } else if workload.engine == Engine::Operator
        && resource.kind.kind == "FlinkSessionJob"
        && !is_canary(object)
    {
        let Some(declared) = Declared::new(object, workload) else { return Vec::new() };
        if workload.session.is_some() {
            savepoints::directory(&declared, &mut found);
        }
        autoscaler::options(&declared, &mut found);
    }
    found.0.sort_by_key(|problem| problem.subject);
    found.0
}

/// A custom resource that declares a cluster or a job, read where its spec is: at `/spec`, or in
/// the template of a FlinkBlueGreenDeployment.
#[derive(Clone, Copy, Debug)]
pub struct Declared<'a> {
    workload: &'a Workload,
    spec: &'a Value,
    /// JSON Pointer of the spec.
    place: &'a str,
}

impl<'a> Declared<'a> {
    /// Finds the spec; `None` where the object has none.
    pub fn new(object: &'a Value, workload: &'a Workload) -> Option<Self> {
        let place = workload.config_pointer.as_deref().and_then(pointer::parent).unwrap_or("/spec");
        Some(Self { workload, spec: pointer::at(object, place)?, place })
    }

    /// A field of the spec by its path, `/job/state`; `None` where it is missing or null.
    pub fn field(&self, path: &str) -> Option<&'a Value> {
        pointer::at(self.spec, path).filter(|value| !value.is_null())
    }

    /// Text of a field; `None` where it is missing, blank or not a string.
    pub fn text(&self, path: &str) -> Option<&'a str> {
        self.field(path).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
    }

    /// JSON Pointer of a field of the spec.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.place)
    }

    /// A field of the spec as people write it: `spec.job.state`.
    pub fn name(&self, path: &str) -> String {
        field_name(&self.at(path))
    }

    /// The first of an option's names that is set; where a session job does not set it, its
    /// cluster's value holds.
    pub fn option(&self, names: &[&str]) -> Option<(&'a str, &'a Entry)> {
        let of_cluster =
            || self.workload.session.as_ref().and_then(|session| session.config.first(names));
        self.workload.config.first(names).or_else(of_cluster)
    }

    /// Whether an option is set to true.
    pub fn is_true(&self, names: &[&str]) -> bool {
        self.option(names).is_some_and(|(_, entry)| entry.value.eq_ignore_ascii_case("true"))
    }

    /// Whether an option is missing or blank.
    pub fn is_blank(&self, names: Names) -> bool {
        self.option(names).is_none_or(|(_, entry)| entry.value.trim().is_empty())
    }

    /// Whether the object's author wrote an entry among the options; otherwise a field implies it,
    /// or the operator's own configuration.
    pub fn is_written(&self, entry: &Entry) -> bool {
        let (Some(place), Some(options)) =
            (entry.pointer.as_deref(), self.workload.config_pointer.as_deref())
        else {
            return false;
        };
        place.starts_with(options)
    }

    /// Where an option is written, or would be.
    pub fn place_of(&self, key: &str, entry: Option<&Entry>) -> String {
        entry.and_then(|entry| entry.pointer.clone()).unwrap_or_else(|| {
            pointer::join(
                self.workload.config_pointer.as_deref().unwrap_or("/spec/flinkConfiguration"),
                key,
            )
        })
    }
}

/// What was found so far.
struct Found(Vec<Problem>);

impl Found {
    fn tell(&mut self, subject: Subject, pointer: impl Into<String>, message: impl Into<String>) {
        self.add(Problem {
            subject,
            pointer: pointer.into(),
            message: message.into(),
            help: None,
            weight: None,
        });
    }

    fn tell_with_help(
        &mut self,
        subject: Subject,
        pointer: impl Into<String>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(Problem {
            subject,
            pointer: pointer.into(),
            message: message.into(),
            help: Some(help.into()),
            weight: None,
        });
    }

    fn add(&mut self, problem: Problem) {
        if self.0.iter().filter(|other| other.subject == problem.subject).count() < MOST {
            self.0.push(problem);
        }
    }
}

/// A value for a message, cut to what fits in one.
fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

/// A pointer as people write a field: `spec.job.parallelism`.
fn field_name(place: &str) -> String {
    pointer::tokens(place).collect::<Vec<_>>().join(".")
}
