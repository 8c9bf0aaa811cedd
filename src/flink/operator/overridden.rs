//! Options beside fields of the object that say otherwise: which of the two counts is hard to
//! guess.

use super::{Declared, Found, Subject, field_name, shown};
use crate::flink::Mode;
use crate::flink::config::{Entry, FlinkConfig};
use crate::flink::memory::java::parse_double;
use crate::flink::memory_size::parse_memory_size;
use crate::flink::options::{
    IMAGE, JOB_MANAGER_CPU, Names, PARALLELISM, PARALLELISM_OVERRIDES, SERVICE_ACCOUNT,
    TASK_MANAGER_CPU, TASK_MANAGER_REPLICAS, canonical,
};
use serde_json::Value;

/// Options with older names, under which Flink no longer finds a value once the operator has set
/// the present one.
const WITH_OLDER_NAMES: [Names; 3] = [IMAGE, JOB_MANAGER_CPU, TASK_MANAGER_CPU];

/// Cores of a TaskManager, before which Flink looks at no other option.
const CORES: &str = "taskmanager.cpu.cores";

/// Every option and field of which only one counts. What somebody else gives the object is not held
/// against it.
pub(super) fn options(
    declared: &Declared<'_>,
    is_given: &dyn Fn(&str, &str) -> bool,
    found: &mut Found,
) {
    let mut pairs = Pairs { declared, is_given, found };
    pairs.fields_win();
    pairs.options_win();
    pairs.replicas_win();
}

struct Pairs<'d, 'a> {
    declared: &'d Declared<'a>,
    is_given: &'d dyn Fn(&str, &str) -> bool,
    found: &'d mut Found,
}

impl<'a> Pairs<'_, 'a> {
    fn config(&self) -> &'a FlinkConfig {
        &self.declared.workload.config
    }

    fn fields_win(&mut self) {
        let config = self.config();
        for (key, lost) in config.overwritten().filter(|(_, lost)| self.declared.is_written(lost)) {
            if let Some(counts) = config.entry(key) {
                self.field_wins(key, lost, counts);
            }
        }
        for names in WITH_OLDER_NAMES {
            let Some((now, counts)) = config.first(names).filter(|(key, entry)| {
                *key == canonical(names) && !self.declared.is_written(entry)
            }) else {
                continue;
            };
            for older in names.iter().filter(|name| **name != now) {
                if let Some(lost) = self.written(older) {
                    self.field_wins(older, lost, counts);
                }
            }
        }
        if self.declared.workload.mode != Some(Mode::Standalone) {
            return;
        }
        if let (Some(lost), Some(counts)) = (self.written(CORES), self.implied(TASK_MANAGER_CPU)) {
            self.field_wins(CORES, lost, counts);
        }
        let key = canonical(TASK_MANAGER_REPLICAS);
        if let (Some(lost), Some(replicas)) =
            (self.written(key), self.declared.field("/taskManager/replicas"))
        {
            let counts = Entry {
                value: replicas.to_string(),
                pointer: Some(self.declared.at("/taskManager/replicas")),
            };
            self.field_wins(key, lost, &counts);
        }
    }

    fn options_win(&mut self) {
        if let Some(field) = self.implied(SERVICE_ACCOUNT) {
            for key in
                ["kubernetes.jobmanager.service-account", "kubernetes.taskmanager.service-account"]
            {
                self.option_wins(key, field);
            }
        }
        if self.declared.workload.mode != Some(Mode::Standalone)
            && let Some(field) = self.implied(TASK_MANAGER_CPU)
        {
            self.option_wins(CORES, field);
        }
        let config = self.config();
        let overrides = config.first(PARALLELISM_OVERRIDES);
        let effect = config.first(PARALLELISM);
        if let (Some((key, overrides)), Some((_, effect))) = (overrides, effect)
            && overrides.pointer == effect.pointer
            && let Some(parallelism) =
                self.declared.field("/job/parallelism").and_then(Value::as_i64)
            && parallelism.to_string() != effect.value
        {
            let message = format!(
                "{key} raises or lowers the parallelism to {}, and beats spec.job.parallelism, which is {parallelism}",
                effect.value
            );
            self.tell(key, overrides, message);
        }
    }

    /// The operator makes the parallelism of the TaskManagers, where they are counted.
    fn replicas_win(&mut self) {
        let Some((_, effect)) = self.declared.option(PARALLELISM) else { return };
        let Some(place) =
            effect.pointer.as_deref().filter(|place| place.ends_with("/taskManager/replicas"))
        else {
            return;
        };
        let Some(parallelism) = self.declared.field("/job/parallelism").and_then(Value::as_i64)
        else {
            return;
        };
        if parallelism.to_string() != effect.value {
            let message = format!(
                "spec.job.parallelism is {parallelism}, but {} makes it {}, and counts",
                field_name(place),
                effect.value
            );
            let help = "leave one of the two out, or let replicas times slots be the parallelism";
            self.found.tell_with_help(
                Subject::Overridden,
                self.declared.at("/job/parallelism"),
                message,
                help,
            );
        }
    }

    /// An option that the object's author wrote.
    fn written(&self, key: &str) -> Option<&'a Entry> {
        self.config().entry(key).filter(|entry| self.declared.is_written(entry))
    }

    /// What a field makes of an option.
    fn implied(&self, names: Names) -> Option<&'a Entry> {
        let (_, entry) = self.declared.option(names)?;
        (entry.pointer.is_some() && !self.declared.is_written(entry)).then_some(entry)
    }

    fn field_wins(&mut self, key: &str, lost: &Entry, counts: &Entry) {
        if same(&lost.value, &counts.value) {
            return;
        }
        let field = counts.pointer.as_deref().map(field_name).unwrap_or_default();
        let message = format!(
            "{key} is {} here, but {field} makes it {}, and the field counts",
            shown(&lost.value),
            shown(&counts.value)
        );
        self.tell(key, lost, message);
    }

    fn option_wins(&mut self, key: &str, field: &Entry) {
        let Some(counts) = self.written(key) else { return };
        if same(&counts.value, &field.value) {
            return;
        }
        let name = field.pointer.as_deref().map(field_name).unwrap_or_default();
        let message = format!(
            "{name} says {}, but {key} is {}, and the option counts",
            shown(&field.value),
            shown(&counts.value)
        );
        self.tell(key, counts, message);
    }

    fn tell(&mut self, key: &str, entry: &Entry, message: String) {
        if !(self.is_given)(key, &entry.value) {
            self.found.tell(Subject::Overridden, self.declared.place_of(key, Some(entry)), message);
        }
    }
}

/// Whether two values are one to Flink: `2048m` and `2 gb`, `1` and `1.0`.
fn same(one: &str, other: &str) -> bool {
    let numbers =
        || parse_double(one).zip(parse_double(other)).is_some_and(|(one, other)| one == other);
    let sizes = || {
        parse_memory_size(one)
            .ok()
            .zip(parse_memory_size(other).ok())
            .is_some_and(|(one, other)| one == other)
    };
    one == other || numbers() || sizes()
}
