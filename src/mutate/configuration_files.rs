//! Flink's configuration in the files of a ConfigMap: the tenant's enforced options, defaults and state
//! directories.
//!
//! Native clients and plain manifests give Flink its options this way. Only keys that Flink reads
//! are completed, and an update completes only the texts that it changes: a cluster may run with
//! the others. What the operator writes gets here only where its custom resource was not completed;
//! then the ConfigMaps that people write are as little changed as custom resources.

use super::context::Context;
use super::wanted_options::{MissingOption, Reader, missing};
use super::{Conflict, Difference, Mutation, checkpoint_volume};
use crate::flink::config_file::{self, CONFIG, FlinkFile, text_in_config_map};
use crate::flink::config_text;
use crate::flink::options::{
    CHECKPOINT_DIR, HIGH_AVAILABILITY_DIR, SAVEPOINT_DIR, is_carried_by_file,
};
use crate::flink::text_form::TextForm;
use crate::flink::{Engine, Workload};
use crate::resource::{Operation, Resource};
use crate::tenant::FlinkTenantSpec;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// Adds the tenant's options to the files. Enforced options that a file cannot take are conflicts.
pub(super) fn complete(context: &Context<'_>, object: &Value) -> Mutation {
    let (mut completed, mut conflicts) = (None::<Value>, Vec::new());
    for (file, workload) in files(context, object) {
        let options = lacking_of(context.tenant, file, workload);
        if options.is_empty() {
            continue;
        }
        if !is_changed(context.tenant, file, workload) {
            conflicts.extend(options.iter().filter_map(|option| conflict(workload, option)));
            continue;
        }
        let is_written = with_options(object, file, &options).and_then(|(field, text)| {
            let completed = completed.get_or_insert_with(|| object.clone());
            *completed.get_mut(field)?.get_mut(&file.key)? = text.into();
            Some(())
        });
        if is_written.is_none() {
            conflicts.extend(options.iter().filter_map(|option| conflict(workload, option)));
        }
    }
    Mutation { object: completed, conflicts, is_partial: false }
}

/// The enforced options that the files lack.
pub(super) fn unmet(context: &Context<'_>, object: &Value) -> Vec<Conflict> {
    let lacking = |(file, workload): (&FlinkFile, &Workload)| -> Vec<Conflict> {
        let options = lacking_of(context.tenant, file, workload);
        options.iter().filter_map(|option| conflict(workload, option)).collect()
    };
    files(context, object).flat_map(lacking).collect()
}

/// The files that are completed, with their options.
fn files<'c>(
    context: &'c Context<'_>,
    object: &'c Value,
) -> impl Iterator<Item = (&'c FlinkFile, &'c Workload)> {
    let resource = context.resource;
    let is_due = matches!(resource.operation, Operation::Create | Operation::Update)
        && resource.sub_resource.as_deref().is_none_or(str::is_empty);
    let all = std::iter::once(context.workload).chain(&context.workload.also_read);
    let files = all.filter_map(|workload| Some((workload.file.as_ref()?, workload)));
    files.filter(move |(file, _)| is_due && !is_unchanged(resource, object, file))
}

/// Whether an update leaves a file as it is.
fn is_unchanged(resource: &Resource, object: &Value, file: &FlinkFile) -> bool {
    let old = resource.old_object.as_ref().filter(|_| resource.operation == Operation::Update);
    old.is_some_and(|old| {
        text_in_config_map(old, &file.key) == text_in_config_map(object, &file.key)
    })
}

/// Whether mutation changes a file. Where custom resources are only checked, it changes those that the
/// operator or Flink's client writes. Labels decide nothing here: a file that is not changed must have
/// the enforced options.
fn is_changed(tenant: &FlinkTenantSpec, file: &FlinkFile, workload: &Workload) -> bool {
    tenant.mutation.custom_resources || file.by_operator || workload.engine == Engine::Native
}

/// The options that a file lacks of those that it can carry.
fn lacking_of(
    tenant: &FlinkTenantSpec,
    file: &FlinkFile,
    workload: &Workload,
) -> Vec<MissingOption> {
    let mut options = lacking_options(tenant, file.file, workload);
    // The custom resource has the others, or none has them: the operator would not know of them.
    if file.by_operator && !tenant.mutation.custom_resources {
        options.retain(|option| is_carried_by_file(&option.key) || is_state_directory(&option.key));
    }
    options
}

fn is_state_directory(key: &str) -> bool {
    [CHECKPOINT_DIR, SAVEPOINT_DIR, HIGH_AVAILABILITY_DIR].iter().any(|names| names.contains(&key))
}

/// The options that a file lacks.
pub(super) fn lacking_options(
    tenant: &FlinkTenantSpec,
    file: &'static str,
    workload: &Workload,
) -> Vec<MissingOption> {
    let value = |key: &str, value: &str| {
        let form = if file == CONFIG { TextForm::Nested } else { TextForm::Lines };
        let value = form.value(value);
        config_text::can_hold(file, key, value).then(|| value.to_owned())
    };
    let state_root = checkpoint_volume::root_of_files(tenant, workload);
    let reader = Reader { oldest: config_file::oldest_reader(file), value: &value, state_root };
    missing(&workload.config, tenant, &reader)
}

/// A file with these options, and the field of the ConfigMap that has it; `None` if the file cannot
/// take them.
fn with_options(
    object: &Value,
    file: &FlinkFile,
    options: &[MissingOption],
) -> Option<(&'static str, String)> {
    let (text, place) = text_in_config_map(object, &file.key)?;
    let pairs: Vec<_> =
        options.iter().map(|option| (option.key.clone(), option.value.clone())).collect();
    let completed = config_text::add(file.file, &text, &pairs)?;
    if !place.starts_with("/binaryData/") {
        return Some(("data", completed));
    }
    // Bytes that are no text would not survive.
    let written = object.get("binaryData")?.get(&file.key)?.as_str()?;
    (written == STANDARD.encode(&*text)).then(|| ("binaryData", STANDARD.encode(completed)))
}

fn conflict(workload: &Workload, option: &MissingOption) -> Option<Conflict> {
    option.is_enforced.then(|| Conflict {
        pointer: workload.config_pointer.clone().unwrap_or_default(),
        difference: Difference::EnforcedOption {
            key: option.key.clone(),
            wanted: option.value.clone(),
            found: None,
        },
    })
}
