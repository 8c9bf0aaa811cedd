//! `v1 ConfigMap` with Flink's configuration files, or with options that the operator reads. It runs
//! nothing.
//!
//! Which keys are Flink's configuration is decided by what pods mount where, if that is known, and
//! else by the names of Flink's files. A Flink cluster reads one file of a ConfigMap; which one
//! depends on its version, so all are checked. The options are in the text of a file, so each has
//! the file's place. Other ConfigMaps are ignored.

use super::pod_template_workload::label;
use crate::flink::catalog::{self, KeyLookup};
use crate::flink::config::{Entry, FlinkConfig};
use crate::flink::config_file::{
    self, CONFIG, FLINK_CONF, FlinkFile, keys_of_config_map, text_in_config_map,
};
use crate::flink::config_sources::{PROPERTIES, is_key_of_high_availability};
use crate::flink::operator::autoscaler_state::{AutoscalerState, OPTIONS_PLACE};
use crate::flink::requester::Requester;
use crate::flink::sizing::{Size, SizeProblem};
use crate::flink::text_form::{self, TextFault, TextProblem};
use crate::flink::{Engine, FlinkContext, Mode, Workload};
use crate::resource::Resource;
use serde_json::Value;

/// The name prefix of a native cluster's ConfigMap.
const NATIVE_PREFIX: &str = "flink-config-";

/// Whether an update adds and changes no value.
pub(crate) fn adds_no_value(resource: &Resource, old: &Value) -> bool {
    ["data", "binaryData"].iter().all(|field| {
        let mut values =
            resource.object.get(field).and_then(Value::as_object).into_iter().flatten();
        values.all(|(key, value)| old.get(field).and_then(|old| old.get(key)) == Some(value))
    })
}

pub(crate) fn lower(resource: &Resource, object: &Value, context: &FlinkContext) -> Workload {
    let native = label(object, "type") == "flink-native-kubernetes";
    let name = resource.name_in(object);
    let cluster = name.strip_prefix(NATIVE_PREFIX).filter(|_| native).unwrap_or_default();
    let workload = |ConfigFile { place, config, text_faults, size, file }: ConfigFile| Workload {
        engine: if native { Engine::Native } else { Engine::Standalone },
        mode: Some(if native { Mode::Native } else { Mode::Standalone }),
        cluster: cluster.to_owned(),
        config,
        config_pointer: Some(place),
        text_faults,
        file,
        size,
        ..Workload::default()
    };
    let state = AutoscalerState::of(resource, object).map(|state| Workload {
        engine: Engine::Operator,
        config: state.config,
        config_pointer: Some(OPTIONS_PLACE.into()),
        ..Workload::default()
    });
    let by_operator = context.requester(resource) == Requester::FlinkOperator;
    let files = files(resource, object, context).into_iter().map(|mut file| {
        if let Some(file) = &mut file.file {
            file.by_operator = by_operator;
        }
        workload(file)
    });
    let mut all = state.into_iter().chain(files);
    match all.next() {
        Some(first) => Workload { also_read: all.collect(), ..first },
        None => Workload::default(),
    }
}

/// Whether a ConfigMap has options of Flink under a key that is not evidently Flink's configuration, or
/// in the format of another file than the key names: only the pods that mount it show whether Flink
/// reads them.
pub fn may_be_configuration(object: &Value) -> bool {
    keys_of_config_map(object).into_iter().any(|key| {
        text_in_config_map(object, key).is_some_and(|(text, _)| {
            // What pods mount as the other file is read in another format.
            [FLINK_CONF, CONFIG].into_iter().any(|file| {
                !(is_always_flinks(key) && file == FLINK_CONF)
                    && config_file::parse(file, &text, None)
                        .is_ok_and(|config| config.excess().is_some() || knows_any(&config))
            })
        })
    })
}

/// Whether a ConfigMap gets or changes text that only the pods that mount it show to be Flink's
/// configuration.
pub fn changes_unclear_text(object: &Value, old: Option<&Value>) -> bool {
    keys_of_config_map(object).into_iter().any(|key| {
        let before = || old.and_then(|old| text_in_config_map(old, key)).map(|(text, _)| text);
        !is_always_flinks(key)
            && !is_key_of_high_availability(key)
            && text_in_config_map(object, key).map(|(text, _)| text) != before()
    })
}

/// One configuration file.
struct ConfigFile {
    place: String,
    config: FlinkConfig,
    text_faults: Vec<TextFault>,
    size: Size,
    /// What Flink reads, unless another program may read it.
    file: Option<FlinkFile>,
}

/// All files of Flink; the older file first.
fn files(resource: &Resource, object: &Value, context: &FlinkContext) -> Vec<ConfigFile> {
    let (namespace, name) = (resource.namespace.as_str(), resource.name_in(object));
    let mut found = Vec::new();
    for key in keys_of_config_map(object) {
        let mounted = context.configuration().files_of_key(namespace, name, key);
        let by_name = match key {
            FLINK_CONF | PROPERTIES => Some(FLINK_CONF),
            CONFIG => Some(CONFIG),
            _ => None,
        };
        for file in [FLINK_CONF, CONFIG] {
            let is_mounted = mounted.contains(&file);
            if is_mounted || by_name == Some(file) {
                found.extend(
                    config_file(object, key, file, is_mounted)
                        .map(|read| (file != FLINK_CONF, read)),
                );
            }
        }
    }
    found.sort_by_key(|(newer, _)| *newer);
    found.into_iter().map(|(_, file)| file).collect()
}

/// A key read as a file; `None` where it is probably another program's.
fn config_file(
    object: &Value,
    key: &str,
    file: &'static str,
    is_mounted: bool,
) -> Option<ConfigFile> {
    let (text, place) = text_in_config_map(object, key)?;
    let mut size = Size::default();
    let is_certain = is_mounted || is_always_flinks(key);
    let mut is_flinks = is_certain;
    let config = match config_file::parse(file, &text, Some(&place)) {
        Ok(config) if is_certain => config,
        // Some options are missing then, perhaps those of Flink.
        Ok(config) if config.excess().is_some() => {
            config_file::has_option(&text, &is_known).then_some(config)?
        }
        Ok(config) => {
            is_flinks = is_evidently_flinks(&config);
            flinks_part(config)?
        }
        Err(_) if !is_certain && !config_file::mentions_flink(&text) => return None,
        Err(error) => {
            size.problems.push(SizeProblem::new(
                place.as_str(),
                format!("Flink cannot read its configuration: {error}"),
                "write the file as valid YAML",
            ));
            is_flinks = false;
            FlinkConfig::default()
        }
    };
    let file = is_flinks.then(|| FlinkFile { key: key.to_owned(), file, by_operator: false });
    let text_faults = match file {
        Some(FlinkFile { file: FLINK_CONF, .. }) => skipped(&text, &place),
        _ => Vec::new(),
    };
    Some(ConfigFile { place, config, text_faults, size, file })
}

/// The lines that Flink skips although they are meant to be options.
fn skipped(text: &str, place: &str) -> Vec<TextFault> {
    let pairs = text_form::lines(text).filter_map(text_form::skipped).take(MOST_SKIPPED);
    let fault = |(key, value): (&str, &str)| TextFault {
        key: key.to_owned(),
        entry: Entry { value: value.to_owned(), pointer: Some(place.to_owned()) },
        problem: TextProblem::NoPair,
    };
    pairs.map(fault).collect()
}

/// The most skipped lines that are reported.
const MOST_SKIPPED: usize = 100;

/// Other programs have a file called config.yaml too, and none of these.
fn is_always_flinks(key: &str) -> bool {
    key == FLINK_CONF || key == PROPERTIES
}

/// What of a file may be for Flink: all options if it knows at least half of them, and else those
/// that it knows. `None` if it knows none.
fn flinks_part(mut config: FlinkConfig) -> Option<FlinkConfig> {
    let known = config.iter().filter(|(key, _)| is_known(key)).count();
    if known == 0 {
        return None;
    }
    if known * 2 < config.iter().count() {
        config.retain(is_known);
    }
    Some(config)
}

/// Whether no other program has these options: other programs have a `rest.port` too.
fn is_evidently_flinks(config: &FlinkConfig) -> bool {
    const OWN: [&str; 3] = ["jobmanager.", "taskmanager.", "kubernetes.cluster-id"];
    let is_own = |key: &str| OWN.iter().any(|own| key.starts_with(own)) && is_known(key);
    let known = config.iter().filter(|(key, _)| is_known(key)).count();
    known * 2 >= config.iter().count() && config.iter().any(|(key, _)| is_own(key))
}

fn knows_any(config: &FlinkConfig) -> bool {
    config.iter().any(|(key, _)| is_known(key))
}

fn is_known(key: &str) -> bool {
    matches!(catalog::find(key), KeyLookup::Readings(_))
}
