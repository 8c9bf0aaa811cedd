//! Flink's configuration in a custom resource: the tenant's enforced options and defaults, and the
//! state directories on the mounted claim.

use super::checkpoint_volume;
use super::context::{Context, Pods};
use super::edit::Path;
use super::template_editor::TemplateEditor;
use super::{Conflict, Difference};
use crate::flink::config::FlinkConfig;
use crate::flink::options::{
    self, CHECKPOINT_DIR, HIGH_AVAILABILITY_DIR, MERGE_BY_NAME, SAVEPOINT_DIR,
};
use crate::flink::state::name_for;
use crate::resource::pointer;
use serde_json::Value;
use std::borrow::Cow;

/// The current configuration and where it is written.
pub(super) struct Configuration<'a> {
    config: Cow<'a, FlinkConfig>,
    base: &'a str,
}

impl<'a> Configuration<'a> {
    /// The configuration of a custom resource; `None` if the object cannot hold options.
    pub(super) fn of(context: &Context<'a>) -> Option<Self> {
        let base = context
            .workload
            .config_pointer
            .as_deref()
            .filter(|_| context.workload.declares_cluster)?;
        Some(Self { config: Cow::Borrowed(&context.workload.config), base })
    }

    /// Whether the object sets an option under any of these names. The operator's defaults do not
    /// count: the tenant's default takes precedence over them.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        names.iter().filter_map(|name| self.config.entry(name)).any(|entry| entry.pointer.is_some())
    }

    /// The spec that holds the configuration.
    pub(super) fn spec(&self) -> Path {
        Path::of_fields(pointer::parent(self.base).unwrap_or_default())
    }

    /// Writes an option; `false` if the object has it already.
    fn write(&mut self, key: &str, value: &str, editor: &mut TemplateEditor<'_>) -> bool {
        let place = pointer::join(self.base, key);
        // A field of the object decides this value, so the option is written only once.
        if pointer::at(editor.object(), &place).and_then(Value::as_str) == Some(value) {
            return false;
        }
        editor.set(&Path::of_fields(&place), value.into());
        self.config.to_mut().set(key, value, Some(place));
        true
    }
}

/// Writes the tenant's enforced options and its defaults.
pub(super) fn inject(
    context: &Context<'_>,
    configuration: &mut Configuration<'_>,
    editor: &mut TemplateEditor<'_>,
    conflicts: &mut Vec<Conflict>,
    verifies: bool,
) {
    let wanted = &context.tenant.flink.configuration;
    for (key, value) in &wanted.enforced {
        let is_missing = enforce(key, &value.text(), configuration, editor, conflicts);
        if is_missing && verifies {
            conflicts.push(Conflict {
                pointer: pointer::join(configuration.base, key),
                difference: Difference::EnforcedOption {
                    key: key.clone(),
                    wanted: value.text(),
                    found: None,
                },
            });
        }
    }
    for (key, value) in
        wanted.defaults.iter().filter(|(key, _)| !wanted.enforced.contains_key(*key))
    {
        if !configuration.has(&[key]) && !configuration.has(options::names_of(key)) {
            configuration.write(key, &value.text(), editor);
        }
    }
    let by_name = configuration
        .config
        .first(MERGE_BY_NAME)
        .is_some_and(|(_, entry)| entry.value.trim().eq_ignore_ascii_case("true"));
    editor.merge_by_name(by_name);
}

/// Writes an enforced option; returns whether the object lacked it.
fn enforce(
    key: &str,
    wanted: &str,
    configuration: &mut Configuration<'_>,
    editor: &mut TemplateEditor<'_>,
    conflicts: &mut Vec<Conflict>,
) -> bool {
    let exact = std::iter::once(key).filter(|key| !options::names_of(key).contains(key));
    let others: Vec<_> = exact
        .chain(options::names_of(key).iter().copied())
        .filter_map(|name| Some((name, configuration.config.entry(name)?.clone())))
        .filter(|(_, entry)| entry.value != wanted && entry.pointer.is_some())
        .collect();
    for (name, entry) in others {
        conflicts.push(Conflict {
            pointer: entry.pointer.clone().unwrap_or_else(|| configuration.base.into()),
            difference: Difference::EnforcedOption {
                key: name.into(),
                wanted: wanted.into(),
                found: Some(entry.value),
            },
        });
        if let Some(place) = entry.pointer {
            replace_at(&place, wanted, editor);
            configuration.config.to_mut().set(name, wanted, Some(place));
        }
    }
    configuration
        .config
        .entry(key)
        .is_none_or(|entry| entry.value != wanted || entry.pointer.is_none())
        && configuration.write(key, wanted, editor)
}

/// Overwrites a value at its place. The path contains fields only: an option in a list has the
/// place of the list.
fn replace_at(place: &str, wanted: &str, editor: &mut TemplateEditor<'_>) {
    if pointer::at(editor.object(), place).is_some() {
        editor.set(&Path::of_fields(place), wanted.into());
    }
}

/// Sets Flink's state directories to the claim if all pods see it and the user set none.
pub(super) fn inject_state_directories(
    context: &Context<'_>,
    configuration: &mut Configuration<'_>,
    editor: &mut TemplateEditor<'_>,
) {
    let Some(root) = checkpoint_volume::state_root(
        context,
        editor.pods().map(|set| Pods::new(set, editor.object())),
    ) else {
        return;
    };
    let high_availability = options::high_availability(&configuration.config).is_some();
    let version = context.workload.version;
    let directories = [
        (CHECKPOINT_DIR, name_for(CHECKPOINT_DIR, version), "checkpoints", true),
        (SAVEPOINT_DIR, name_for(SAVEPOINT_DIR, version), "savepoints", true),
        (HIGH_AVAILABILITY_DIR, options::canonical(HIGH_AVAILABILITY_DIR), "ha", high_availability),
    ];
    for (names, key, folder, wanted) in directories {
        if wanted && !configuration.has(names) {
            configuration.write(key, &format!("{root}/{folder}"), editor);
        }
    }
}
