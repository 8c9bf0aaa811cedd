//! `flink/overridden-option`

use crate::flink::Mode;
use crate::flink::config::Entry;
use crate::flink::memory::java::parse_double;
use crate::flink::memory_size::parse_memory_size;
use crate::flink::operator::{DeclaredSpec, field_name};
use crate::flink::options::{
    IMAGE, JOB_MANAGER_CPU, Names, PARALLELISM, PARALLELISM_OVERRIDES, SERVICE_ACCOUNT,
    TASK_MANAGER_CPU, TASK_MANAGER_REPLICAS, canonical,
};
use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};
use serde_json::Value;

/// Fields and options of which only one takes effect.
pub static RULE: Rule = Rule {
    id: "flink/overridden-option",
    level: Level::Warning,
    since: "0.1.0",
    title: "Conflicting settings",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("overridden_option.md"),
    check,
};

/// Options with older names. Flink ignores a value under an older name if the operator sets the
/// current one.
const WITH_OLDER_NAMES: [Names; 3] = [IMAGE, JOB_MANAGER_CPU, TASK_MANAGER_CPU];

/// Cores of a TaskManager, which Flink reads before any other option.
const CORES: &str = "taskmanager.cpu.cores";

const ROLES_SERVICE_ACCOUNTS: [&str; 2] =
    ["kubernetes.jobmanager.service-account", "kubernetes.taskmanager.service-account"];

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(cluster) = subject.operators_cluster() else { return };
    let mut pairs = Pairs { subject, cluster, findings };
    pairs.options_without_effect();
    pairs.fields_without_effect();
    pairs.parallelism();
}

struct Pairs<'c, 'a> {
    subject: &'c Subject<'a>,
    cluster: DeclaredSpec<'a>,
    findings: &'c mut Findings,
}

impl<'a> Pairs<'_, 'a> {
    fn options_without_effect(&mut self) {
        let config = &self.subject.workload.config;
        for (key, ignored) in config.overwritten() {
            if let Some(effective) = config.entry(key).filter(|_| self.cluster.is_written(ignored))
            {
                self.option_without_effect(key, ignored, effective);
            }
        }
        for names in WITH_OLDER_NAMES {
            let Some(effective) =
                config.entry(canonical(names)).filter(|entry| !self.cluster.is_written(entry))
            else {
                continue;
            };
            for older in names.iter().skip(1) {
                // `flink/overlapping-option` reports that the cluster is not deployed at all.
                let overlaps = self.subject.overlapping_keys();
                if overlaps.iter().any(|overlap| overlap.key == *older) {
                    continue;
                }
                if let Some(ignored) = self.written(older) {
                    self.option_without_effect(older, ignored, effective);
                }
            }
        }
        if self.subject.workload.mode != Some(Mode::Standalone) {
            return;
        }
        if let (Some(ignored), Some(effective)) =
            (self.written(CORES), self.implied(TASK_MANAGER_CPU))
        {
            self.option_without_effect(CORES, ignored, effective);
        }
        let key = canonical(TASK_MANAGER_REPLICAS);
        if let (Some(ignored), Some(replicas)) =
            (self.written(key), self.cluster.field("/taskManager/replicas"))
        {
            let effective = Entry {
                value: replicas.to_string(),
                pointer: Some(self.cluster.at("/taskManager/replicas")),
            };
            self.option_without_effect(key, ignored, &effective);
        }
    }

    fn fields_without_effect(&mut self) {
        if let Some(field) = self.implied(SERVICE_ACCOUNT) {
            for key in ROLES_SERVICE_ACCOUNTS {
                self.field_without_effect(key, field);
            }
        }
        if self.subject.workload.mode != Some(Mode::Standalone)
            && let Some(field) = self.implied(TASK_MANAGER_CPU)
        {
            self.field_without_effect(CORES, field);
        }
    }

    /// The overrides of vertices and the TaskManagers' replicas take precedence over the job's
    /// parallelism.
    fn parallelism(&mut self) {
        let config = &self.subject.workload.config;
        let (Some((_, effective)), Some(parallelism)) = (
            config.first(PARALLELISM),
            self.cluster.field("/job/parallelism").and_then(Value::as_i64),
        ) else {
            return;
        };
        let value = &effective.value;
        if value.parse() == Ok(parallelism) {
            return;
        }
        let place = effective.pointer.as_deref().unwrap_or_default();
        if let Some((key, overrides)) = config.first(PARALLELISM_OVERRIDES)
            && overrides.pointer == effective.pointer
            && !self.subject.tenant.gives_option(key, &overrides.value)
        {
            let field = field_name(&self.cluster.at("/job/parallelism"));
            self.findings
                .at(self.cluster.place_of(key, Some(overrides)))
                .message(format!(
                    "`{field}` is `{parallelism}`, but `{key}` sets the parallelism to `{value}`"
                ))
                .advise(Advice::remove_option(key))
                .key(key);
        } else if place.ends_with("/taskManager/replicas") {
            let field = field_name(place);
            self.findings
                .at(self.cluster.at("/job/parallelism"))
                .message(format!(
                    "`parallelism` is `{parallelism}`, but `{field}` sets it to `{value}`"
                ))
                .advise(match value.parse::<i64>() {
                    Ok(number) => Advice::set("parallelism", number),
                    Err(_) => Advice::words(format!("set `parallelism: {value}`")),
                })
                .wanted(value)
                .found(parallelism.to_string());
        }
    }

    /// An option that the object's author wrote.
    fn written(&self, key: &str) -> Option<&'a Entry> {
        let entry = self.subject.workload.config.entry(key);
        entry.filter(|entry| self.cluster.is_written(entry))
    }

    /// The value that a field gives an option.
    fn implied(&self, names: Names) -> Option<&'a Entry> {
        let (_, entry) = self.cluster.option(names)?;
        (entry.pointer.is_some() && !self.cluster.is_written(entry)).then_some(entry)
    }

    fn option_without_effect(&mut self, key: &str, ignored: &Entry, effective: &Entry) {
        if is_same(&ignored.value, &effective.value)
            || self.subject.tenant.gives_option(key, &ignored.value)
        {
            return;
        }
        let field = effective.pointer.as_deref().map(field_name).unwrap_or_default();
        let value = shown(&effective.value);
        self.findings
            .at(self.cluster.place_of(key, Some(ignored)))
            .message(format!("`{key}` has no effect: `{field}` sets `{value}`"))
            .advise(Advice::remove_option(key))
            .key(key)
            .wanted(value)
            .found(shown(&ignored.value));
    }

    fn field_without_effect(&mut self, key: &str, field: &Entry) {
        let Some(effective) = self.written(key) else { return };
        if is_same(&effective.value, &field.value)
            || self.subject.tenant.gives_option(key, &effective.value)
        {
            return;
        }
        let name = field.pointer.as_deref().map(field_name).unwrap_or_default();
        let (ignored, value) = (shown(&field.value), shown(&effective.value));
        self.findings
            .at(self.cluster.place_of(key, Some(effective)))
            .message(format!("`{name}` is `{ignored}`, but `{key}` takes precedence: `{value}`"))
            .advise(Advice::remove_option(key))
            .key(key)
            .wanted(ignored)
            .found(value);
    }
}

/// Whether two values are equal to Flink: `2048m` and `2 gb`, `1` and `1.0`.
fn is_same(one: &str, other: &str) -> bool {
    let numbers = || parse_double(one).zip(parse_double(other));
    let sizes = || parse_memory_size(one).ok().zip(parse_memory_size(other).ok());
    one == other
        || numbers().is_some_and(|(one, other)| one == other)
        || sizes().is_some_and(|(one, other)| one == other)
}
