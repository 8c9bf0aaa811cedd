//! Flink's configuration in a custom resource: the tenant's enforced options and defaults, and the
//! state directories on the mounted claim.

use super::checkpoint_volume;
use super::context::{Context, Pods};
use super::edit::Path;
use super::template_editor::TemplateEditor;
use super::wanted_options::name_in;
use super::{Conflict, Difference};
use crate::flink::Engine;
use crate::flink::catalog::mirrored_names;
use crate::flink::config::{Entry, FlinkConfig};
use crate::flink::kinds::FLINK_CONFIGURATION;
use crate::flink::map_options::hiding_map;
use crate::flink::operator::session_options::is_option_of_jobs;
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
        let workload = context.workload;
        let base = workload.config_pointer.as_deref();
        let base = base.filter(|_| workload.declares_cluster || is_session_job(context))?;
        Some(Self { config: Cow::Borrowed(&workload.config), base })
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
    pub(super) fn write(
        &mut self,
        key: &str,
        value: &str,
        editor: &mut TemplateEditor<'_>,
    ) -> bool {
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
    let is_job = is_session_job(context);
    for (key, value) in &wanted.enforced {
        let is_due = !is_job || is_option_of_jobs(key);
        let is_missing =
            enforce(key, &value.text(), context, is_due, configuration, editor, conflicts);
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
    if is_job {
        // What a session job does not set, its cluster decides, and that has the defaults.
        return;
    }
    for (key, value) in
        wanted.defaults.iter().filter(|(key, _)| !wanted.enforced.contains_key(*key))
    {
        if !configuration.has(&[key])
            && !options::names_of(key).any(|name| configuration.has(&[name]))
        {
            configuration.write(key, &value.text(), editor);
        }
    }
    let by_name = configuration
        .config
        .first(MERGE_BY_NAME)
        .is_some_and(|(_, entry)| entry.value.trim().eq_ignore_ascii_case("true"));
    editor.merge_by_name(by_name);
}

/// Replaces the value of an option under all its names, and writes it where it is due; returns whether
/// the object lacked it.
fn enforce(
    key: &str,
    wanted: &str,
    context: &Context<'_>,
    is_due: bool,
    configuration: &mut Configuration<'_>,
    editor: &mut TemplateEditor<'_>,
    conflicts: &mut Vec<Conflict>,
) -> bool {
    // The configuration has what Flink reads of a text.
    let is_wanted =
        |value: &str| value == wanted || value == context.workload.text_form.value(wanted);
    if let Some((map, entry)) = hiding_map(&configuration.config, key, |value| value == wanted)
        && !context.tenant.flink.configuration.gives(map, &entry.value)
    {
        conflicts.push(Conflict {
            pointer: entry.pointer.clone().unwrap_or_default(),
            difference: Difference::HiddenOption { key: key.into(), map: map.into() },
        });
    }
    let mirrored: Vec<String> = mirrored_names(key).collect();
    let mirrored = || mirrored.iter().map(String::as_str);
    let names = || {
        let others = options::names_of(key).map(|name| -> &str { name });
        std::iter::once(key).chain(others).chain(mirrored())
    };
    // Flink reads the value under any of the names.
    let is_missing = !names()
        .any(|name| configuration.config.exact(name).is_some_and(|entry| entry.pointer.is_some()));
    for name in names() {
        let found = configuration.config.exact(name).filter(|entry| !is_wanted(&entry.value));
        let Some(Entry { value, pointer: Some(place) }) = found.cloned() else { continue };
        conflicts.push(Conflict {
            pointer: place.clone(),
            difference: Difference::EnforcedOption {
                key: name.into(),
                wanted: wanted.into(),
                found: Some(value),
            },
        });
        if is_place_of(name, &place, configuration.base) {
            replace_at(&place, wanted, editor);
        }
        configuration.config.to_mut().set(name, wanted, Some(place));
    }
    let written = context.workload.version.and_then(|version| name_in(key, version));
    let names = [Some(key), written].into_iter().flatten();
    let mut is_written = false;
    for key in names.filter(|_| is_due) {
        let found = configuration.config.exact(key);
        if found.is_none_or(|entry| !is_wanted(&entry.value) || entry.pointer.is_none()) {
            is_written |= configuration.write(key, wanted, editor);
        }
    }
    is_missing && is_written
}

/// Whether a place holds the value of an option, and not a text that contains it: an argument, or a
/// line in the value of another option.
fn is_place_of(key: &str, place: &str, base: &str) -> bool {
    match place.strip_prefix(base) {
        Some(within) => pointer::tokens(within).collect::<Vec<_>>().join(".") == key,
        None => !place.contains("/args/") && !place.contains("/command/"),
    }
}

/// Whether the object is a job for a session cluster: it has options, but declares no cluster.
fn is_session_job(context: &Context<'_>) -> bool {
    let workload = context.workload;
    workload.engine == Engine::Operator
        && !workload.declares_cluster
        && workload.config_pointer.as_deref() == Some(FLINK_CONFIGURATION)
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
    // A custom resource that is only checked has what the operator's ConfigMap gets; the operator itself
    // does not read the directory of savepoints there.
    let by_file = !context.tenant.mutation.custom_resources;
    if is_session_job(context) || (by_file && context.workload.engine != Engine::Operator) {
        return;
    }
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
        (SAVEPOINT_DIR, name_for(SAVEPOINT_DIR, version), "savepoints", !by_file),
        (HIGH_AVAILABILITY_DIR, options::canonical(HIGH_AVAILABILITY_DIR), "ha", high_availability),
    ];
    for (names, key, folder, wanted) in directories {
        if wanted && !configuration.has(names) {
            configuration.write(key, &format!("{root}/{folder}"), editor);
        }
    }
}
