//! `flink.options`: what the catalog of options says against the keys and values of a
//! configuration.
//!
//! Only what somebody wrote as an option is judged: not what a field of the object implies, nor
//! what the tenant itself sets. Where no Flink version is named, nothing is said that depends on
//! one.

use super::options::{is_given, option_path};
use super::{object, text};
use crate::flink::catalog::{self, Found, Reading, Reads, Release, nearest};
use crate::flink::config::Entry;
use crate::flink::credentials::is_credential;
use crate::flink::values::{self, ValueError};
use crate::flink::version::FlinkVersion;
use crate::flink::{Engine, Workload};
use regorus::Value;
use std::collections::BTreeMap;

/// Findings of one kind about one object; more would only hide the first.
const MOST: usize = 50;

/// Keys of one object that are compared with all known ones: comparing costs, and how many there
/// are is the sender's choice.
const MOST_COMPARED: usize = 100;

/// Flink whose classes the operator runs when it reads an object, whatever version that names.
const OPERATORS_OWN: FlinkVersion = FlinkVersion::new(1, 20);

/// Stands for every release that is not known yet.
const NEWEST: FlinkVersion = FlinkVersion::new(u16::MAX, u16::MAX);

/// The lists, in the order of their names.
const LISTS: [&str; 4] = ["deprecated", "invalid", "unknown", "unread"];

/// The same with the lists that [`option_checks`] left out.
pub fn with_empty_lists(checks: &Value) -> Value {
    object(LISTS.map(|list| {
        (
            list,
            if checks[list] == Value::Undefined {
                Value::new_array()
            } else {
                checks[list].clone()
            },
        )
    }))
}

/// `{invalid: [{key, path, problem}], unknown: [{key, path, suggestion}], deprecated: [{key, path,
/// successor}], unread: [{key, path, version, since, until, instead}]}`, without the lists that
/// would be empty.
pub fn option_checks(workload: &Workload, tenant: &Value) -> Value {
    let mut checks = Checks::new(workload, tenant);
    for (key, entry) in workload.config.iter() {
        if is_written(entry, workload) {
            checks.check(key, entry);
        }
    }
    let found =
        LISTS.into_iter().zip([checks.deprecated, checks.invalid, checks.unknown, checks.unread]);
    let found = found.filter(|(_, list)| !list.is_empty());
    Value::from(
        found
            .map(|(name, list)| (Value::from(name), Value::from(list)))
            .collect::<BTreeMap<_, _>>(),
    )
}

/// Whether an entry stands among the options, and not in a field that implies it.
fn is_written(entry: &Entry, workload: &Workload) -> bool {
    let Some(place) = entry.pointer.as_deref() else { return false };
    workload.config_pointer.as_deref().is_none_or(|options| place.starts_with(options))
}

struct Checks<'a> {
    workload: &'a Workload,
    tenant: &'a Value,
    /// The named version, as far as it is known.
    release: Option<Release>,
    compared: usize,
    invalid: Vec<Value>,
    unknown: Vec<Value>,
    deprecated: Vec<Value>,
    unread: Vec<Value>,
}

impl<'a> Checks<'a> {
    fn new(workload: &'a Workload, tenant: &'a Value) -> Self {
        let release = workload.version.map(Release::of);
        let none = Vec::new;
        Self {
            workload,
            tenant,
            release,
            compared: 0,
            invalid: none(),
            unknown: none(),
            deprecated: none(),
            unread: none(),
        }
    }

    fn check(&mut self, key: &str, entry: &Entry) {
        let readings = match catalog::find(key) {
            Found::Users => return,
            Found::Unknown { closed } => return self.note_unknown(key, entry, closed),
            Found::Readings(readings) => readings,
        };
        let Some(release) = self.release else {
            self.check_value_of_any(key, entry, readings);
            return;
        };
        match catalog::reading(readings, release).or_else(|| self.read_by_operator(key, readings)) {
            None => self.note_unread(key, entry, readings, release),
            Some(reading) => {
                if reading.reads == Reads::Alias {
                    self.note_deprecated(key, entry, Some(reading.detail));
                } else if reading.obsolete.is_some_and(|from| from <= release) {
                    self.note_deprecated(key, entry, None);
                }
                if let Err(error) = check_value(entry, reading, Some(release), self.version()) {
                    self.note_invalid(key, entry, &error);
                }
            }
        }
    }

    /// Without a version a value is wrong only if it is to all releases.
    fn check_value_of_any(&mut self, key: &str, entry: &Entry, readings: &'static [Reading]) {
        let mut first = None;
        for reading in readings {
            match check_value(entry, reading, None, NEWEST) {
                Ok(()) => return,
                Err(error) => first.get_or_insert(error),
            };
        }
        if let Some(error) = first {
            self.note_invalid(key, entry, &error);
        }
    }

    /// The options of Kubernetes pods are read by the operator too, which brings its own Flink.
    fn read_by_operator(
        &self,
        key: &str,
        readings: &'static [Reading],
    ) -> Option<&'static Reading> {
        let theirs = self.workload.engine == Engine::Operator && key.starts_with("kubernetes.");
        catalog::reading(readings, Release::of(OPERATORS_OWN)).filter(|_| theirs)
    }

    fn version(&self) -> FlinkVersion {
        self.workload.version.unwrap_or(NEWEST)
    }

    fn note_invalid(&mut self, key: &str, entry: &Entry, error: &ValueError) {
        let place = entry.pointer.as_deref();
        // A shell fills these in when the container starts.
        let filled_in = self.workload.config_pointer.is_none()
            && (entry.value.contains("$(") || entry.value.contains("${"));
        // What sizes are made of was told as a size.
        let told = self
            .workload
            .size
            .problems
            .iter()
            .any(|problem| Some(problem.pointer.as_str()) == place);
        if self.invalid.len() < MOST && !filled_in && !told {
            // What is wrong with a secret would tell it.
            let problem = if is_credential(key) {
                "its value cannot be read".to_owned()
            } else {
                error.to_string()
            };
            self.invalid.push(object([
                ("key", Value::from(key)),
                ("path", self.path(key)),
                ("problem", Value::from(problem)),
            ]));
        }
    }

    fn note_unknown(&mut self, key: &str, entry: &Entry, closed: bool) {
        if self.unknown.len() >= MOST || is_given(self.tenant, key, &entry.value) {
            return;
        }
        self.compared += 1;
        let suggestion = if self.compared > MOST_COMPARED { None } else { nearest(key, closed) };
        if closed || suggestion.is_some() {
            self.unknown.push(object([
                ("key", Value::from(key)),
                ("path", self.path(key)),
                ("suggestion", text(suggestion)),
            ]));
        }
    }

    fn note_deprecated(&mut self, key: &str, entry: &Entry, successor: Option<&str>) {
        if self.deprecated.len() < MOST && !is_given(self.tenant, key, &entry.value) {
            self.deprecated.push(object([
                ("key", Value::from(key)),
                ("path", self.path(key)),
                ("successor", text(successor)),
            ]));
        }
    }

    fn note_unread(&mut self, key: &str, entry: &Entry, readings: &[Reading], release: Release) {
        if self.unread.len() >= MOST || is_given(self.tenant, key, &entry.value) {
            return;
        }
        let since = readings
            .iter()
            .map(|reading| reading.since)
            .min()
            .flatten()
            .filter(|since| *since > release);
        let until = readings
            .iter()
            .filter_map(|reading| reading.until)
            .max()
            .filter(|until| *until < release);
        let name = |release: Option<Release>| {
            release.map_or(Value::Null, |release| Value::from(release.name()))
        };
        let version = self.version();
        self.unread.push(object([
            ("key", Value::from(key)),
            ("path", self.path(key)),
            ("version", Value::from(format!("{}.{}", version.major, version.minor))),
            ("since", name(since)),
            ("until", name(until)),
            ("instead", text(catalog::other_name(key, release))),
        ]));
    }

    fn path(&self, key: &str) -> Value {
        option_path(self.workload, key)
    }
}

/// Judges a value by what reads it: the option, or the one that the key stands for.
fn check_value(
    entry: &Entry,
    reading: &Reading,
    release: Option<Release>,
    version: FlinkVersion,
) -> Result<(), ValueError> {
    match reading.reads {
        Reads::Value(kind) => values::check(kind, reading.detail, &entry.value, version),
        Reads::Open | Reads::Closed => Ok(()),
        Reads::Alias | Reads::Fallback => {
            let Found::Readings(targets) = catalog::find(reading.detail) else { return Ok(()) };
            // An operator's own option, and a target that another release has, are read all the
            // same.
            let target =
                release.and_then(|release| catalog::reading(targets, release)).or(targets.first());
            match target.map(|target| (target.reads, target.detail)) {
                Some((Reads::Value(kind), allowed)) => {
                    values::check(kind, allowed, &entry.value, version)
                }
                _ => Ok(()),
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::flink::config::FlinkConfig;
    use crate::rego::facts::tenant::tenant_value;
    use serde_json::{Value as Json, json};

    fn workload(version: Option<(u16, u16)>, configuration: &Json) -> Workload {
        let place = "/spec/flinkConfiguration";
        Workload {
            engine: Engine::Operator,
            version: version.map(|(major, minor)| FlinkVersion::new(major, minor)),
            config: FlinkConfig::from_object(configuration, place),
            config_pointer: Some(place.into()),
            ..Workload::default()
        }
    }

    /// `kind key: more` a finding.
    fn said(workload: &Workload, tenant: &Json) -> Vec<String> {
        let tenant = tenant_value(&serde_json::from_value(tenant.clone()).unwrap());
        let found = with_empty_lists(&option_checks(workload, &tenant));
        let mut said = Vec::new();
        for kind in ["invalid", "unknown", "deprecated", "unread"] {
            for finding in found[kind].as_array().unwrap().iter() {
                let field = |name: &str| match &finding[name] {
                    Value::String(text) => format!(" {name} {text}"),
                    _ => String::new(),
                };
                let more: String =
                    ["problem", "suggestion", "successor", "since", "until", "instead"]
                        .map(field)
                        .concat();
                said.push(format!("{kind} {}{more}", finding["key"].as_string().unwrap()));
            }
        }
        said
    }

    fn of(version: (u16, u16), configuration: Json) -> Vec<String> {
        said(&workload(Some(version), &configuration), &json!({}))
    }

    #[test]
    fn a_checkpoint_directory_that_1_19_does_not_read_is_told_with_the_name_that_it_reads() {
        let configuration = || json!({"execution": {"checkpointing.dir": "s3://a"}});
        assert_eq!(
            of((1, 19), configuration()),
            ["unread execution.checkpointing.dir since 1.20 instead state.checkpoints.dir"]
        );
        assert!(of((1, 20), configuration()).is_empty());
        assert!(said(&workload(None, &configuration()), &json!({})).is_empty());
    }

    #[test]
    fn what_a_release_does_not_read_any_more_is_told() {
        let configuration = json!({"state.backend.async": true, "metrics.reporter.a.class": "x", "env.java.opts": "-Dx"});
        assert_eq!(
            of((2, 3), configuration.clone()),
            [
                "deprecated env.java.opts successor env.java.opts.all",
                "unread metrics.reporter.a.class until 1.20",
                "unread state.backend.async until 1.20"
            ]
        );
        // A version that nobody knows yet is taken for the newest that is known.
        assert_eq!(of((2, 3), configuration.clone()), of((9, 9), configuration));
    }

    #[test]
    fn a_deprecated_key_is_told_with_its_successor_from_the_release_that_has_one() {
        let configuration = || json!({"state.checkpoints.dir": "s3://a", "kubernetes.operator.job.autoscaler.enabled": "true"});
        let operators = "deprecated kubernetes.operator.job.autoscaler.enabled successor job.autoscaler.enabled";
        assert_eq!(of((1, 19), configuration()), [operators]);
        assert_eq!(
            of((1, 20), configuration()),
            [operators, "deprecated state.checkpoints.dir successor execution.checkpointing.dir"]
        );
    }

    #[test]
    fn values_are_judged_by_the_release() {
        let configuration = || json!({"client.heartbeat.interval": "30 s", "execution.checkpointing.interval": "PT1M"});
        let duration = "invalid execution.checkpointing.interval problem `PT1M` is no duration: write a whole number and a unit, such as 10 s, 5 min or 500 ms";
        let long = "invalid client.heartbeat.interval problem `30 s` is no whole number of 64 bits: write digits only, such as 60000";
        assert_eq!(of((1, 19), configuration()), [long, duration]);
        assert_eq!(of((1, 20), configuration()), [duration]);
        assert!(of((2, 1), configuration()).is_empty());
        assert!(said(&workload(None, &configuration()), &json!({})).is_empty());
        assert!(
            said(&workload(None, &json!({"parallelism.default": "many"})), &json!({}))[0]
                .starts_with("invalid parallelism")
        );
    }

    #[test]
    fn a_value_under_an_older_name_is_judged_as_that_of_the_option() {
        let found = of((1, 20), json!({"state.backend.incremental": "yes"}));
        assert!(
            found[0].starts_with("invalid state.backend.incremental problem `yes` is no boolean"),
            "{found:?}"
        );
    }

    #[test]
    fn slips_are_told_and_the_users_own_keys_are_not() {
        let configuration = json!({"taskmanager.numberOfTaskSlot": 2, "state.backend.frobnicate": 1, "my.fraud.threshold": "0.5",
            "metrics.reporter.prom.port": "9249", "kubernetes.secrets.a": "/b", "$internal.x": "y", "s3.endpoint": "http://s3"});
        assert_eq!(
            of((1, 20), configuration),
            [
                "unknown state.backend.frobnicate",
                "unknown taskmanager.numberOfTaskSlot suggestion taskmanager.numberOfTaskSlots"
            ]
        );
    }

    #[test]
    fn what_the_tenant_or_a_field_sets_is_not_held_against_the_object() {
        let mut workload = workload(Some((1, 20)), &json!({"state.checkpoints.dir": "s3://a"}));
        workload.config.set("kubernetes.container.image", "x", Some("/spec/image".into()));
        let tenant =
            json!({"flink": {"configuration": {"enforced": {"state.checkpoints.dir": "s3://a"}}}});
        assert!(said(&workload, &tenant).is_empty());
    }

    #[test]
    fn the_operator_reads_kubernetes_options_with_its_own_flink() {
        assert!(of((1, 16), json!({"kubernetes.jobmanager.cpu.amount": 1})).is_empty());
    }

    #[test]
    fn what_a_shell_fills_in_is_not_judged() {
        let mut pod = Workload::default();
        pod.config.set("rest.port", "${PORT}", Some("/spec/containers/0/args/1".into()));
        assert!(said(&pod, &json!({})).is_empty());
    }

    #[test]
    fn many_unknown_keys_cost_no_more_than_some() {
        let many: serde_json::Map<_, _> =
            (0..5000).map(|i| (format!("state.backend.x{i}"), json!(1))).collect();
        assert_eq!(of((1, 20), Json::Object(many)).len(), MOST);
    }
}
