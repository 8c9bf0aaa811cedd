//! The tenant's options for a Flink process that gets no configuration file: in `FLINK_PROPERTIES`, or
//! else among the `-D` arguments, wherever its manifest has options already.
//!
//! Pods of plain manifests are completed when they are created. A process without either reads its
//! image's file alone: `flink/unset-option` warns about it.

use super::context::{Context, Pods};
use super::edit::{Path, PodChanges};
use super::wanted_options::{MissingOption, Reader, missing};
use super::{Conflict, Difference, checkpoint_volume};
use crate::flink::config_file::FLINK_CONF;
use crate::flink::config_sources::PROPERTIES;
use crate::flink::config_text;
use crate::flink::kinds::is_entrypoint_word;
use crate::flink::text_form::TextForm;
use crate::flink::version::FlinkVersion;
use crate::flink::workload::{ConfigurationSource, Template};
use crate::resource::fields::{elements, text};
use serde_json::Value;

/// The oldest version whose options have other names.
const OLDEST: FlinkVersion = FlinkVersion::new(1, 18);

/// Where a manifest has options of a process.
enum Place<'p> {
    /// In the text of a variable, at this index of `env`.
    Properties(usize, &'p str),
    /// In `args`, from this index on.
    Arguments(usize, &'p [Value]),
}

pub(super) fn inject(context: &Context<'_>, pods: &Pods<'_>, changes: &mut PodChanges) {
    if context.workload.source != ConfigurationSource::Image
        || !matches!(pods.set.template, Template::InObject(_))
        || !pods.runs_flink()
    {
        return;
    }
    let Some(main) = pods.main_container() else { return };
    let container = pods.spec().get("containers").and_then(|containers| containers.get(main));
    let Some(place) = container.and_then(place) else { return };
    let value = |key: &str, value: &str| readable(&place, key, value);
    let seen = std::iter::once(Pods::new(pods.set, pods.object));
    let state_root = checkpoint_volume::state_root(context, seen);
    let reader = Reader { oldest: OLDEST, value: &value, state_root };
    let options = missing(&context.workload.config, context.tenant, &reader);
    if options.is_empty() {
        return;
    }
    let path = Path::keys(&["spec", "containers"]).index(main);
    let (path, completed) = match place {
        Place::Properties(index, text) => {
            (path.key("env").index(index).key("value"), with_lines(text, &options).into())
        }
        Place::Arguments(at, arguments) => {
            (path.key("args"), with_arguments(at, arguments, &options))
        }
    };
    for option in options.iter().filter(|option| option.is_enforced) {
        changes.omission(|| Conflict {
            pointer: pods.locate(&path),
            difference: Difference::EnforcedOption {
                key: option.key.clone(),
                wanted: option.value.clone(),
                found: None,
            },
        });
    }
    changes.set(path, completed);
}

/// Where a container has options; `None` if it has none.
fn place(container: &Value) -> Option<Place<'_>> {
    let variables = elements(container, "env").iter().enumerate();
    let mut named = variables.filter(|(_, variable)| text(variable, "name") == PROPERTIES);
    if let Some((index, variable)) = named.next_back() {
        return Some(Place::Properties(index, variable.get("value")?.as_str()?));
    }
    let arguments = elements(container, "args");
    let command = elements(container, "command").last();
    let is_entrypoint = command.is_none_or(|command| {
        command.as_str().is_some_and(|command| command.ends_with("docker-entrypoint.sh"))
    });
    let first = arguments.first()?.as_str()?;
    let option = |argument: &Value| argument.as_str().is_some_and(|text| text.starts_with("-D"));
    let at = arguments.iter().position(option)?;
    (is_entrypoint && is_entrypoint_word(first)).then_some(Place::Arguments(at, arguments))
}

/// What Flink reads of a value; `None` where the entrypoint or the kubelet would change it.
fn readable(place: &Place<'_>, key: &str, value: &str) -> Option<String> {
    if value.contains(['$', '"']) || value.chars().any(char::is_control) {
        return None;
    }
    match place {
        Place::Properties(..) => {
            let value = TextForm::Lines.value(value);
            config_text::can_hold(FLINK_CONF, key, value).then(|| value.to_owned())
        }
        Place::Arguments(..) => Some(value.to_owned()),
    }
}

fn with_lines(text: &str, options: &[MissingOption]) -> String {
    let mut lines = text.to_owned();
    if !lines.is_empty() && !lines.ends_with('\n') {
        lines.push('\n');
    }
    options.iter().for_each(|option| lines += &format!("{}: {}\n", option.key, option.value));
    lines
}

/// Two words an option: a start script takes `-Dkey=value` for a host in the first place.
fn with_arguments(at: usize, arguments: &[Value], options: &[MissingOption]) -> Value {
    let (before, after) = arguments.split_at(at.min(arguments.len()));
    let pair = |option: &MissingOption| {
        [Value::from("-D"), format!("{}={}", option.key, option.value).into()]
    };
    before
        .iter()
        .cloned()
        .chain(options.iter().flat_map(pair))
        .chain(after.iter().cloned())
        .collect()
}
