//! `v1 ConfigMap` with Flink's configuration file. It runs nothing, but Flink reads its options
//! from it.
//!
//! The options are in the text of a file, so each has the file's place. Flinkgate ignores a
//! ConfigMap without such a file.

use super::pod_template_workload::label;
use crate::flink::catalog::{self, KeyLookup};
use crate::flink::config::FlinkConfig;
use crate::flink::config_file::{self, CONFIG, place_in_config_map};
use crate::flink::sizing::{Size, SizeProblem};
use crate::flink::{Engine, FlinkContext, Mode, Workload};
use crate::resource::Resource;
use serde_json::Value;

/// The name prefix of a native cluster's ConfigMap.
const NATIVE_PREFIX: &str = "flink-config-";

/// Whether an update leaves Flink's configuration as it is.
pub(crate) fn is_same_configuration(resource: &Resource, old: &Value) -> bool {
    config_file::of_config_map(&resource.object) == config_file::of_config_map(old)
}

pub(crate) fn lower(resource: &Resource, object: &Value, _: &FlinkContext) -> Workload {
    let Some((file, text)) = config_file::of_config_map(object) else { return Workload::default() };
    let place = place_in_config_map(file);
    let mut size = Size::default();
    let config = match config_file::parse(file, text, Some(&place)) {
        // Other programs have a file called config.yaml too.
        Ok(config) if file == CONFIG && !is_flinks(&config) => return Workload::default(),
        Ok(config) => config,
        Err(_) if !text.contains("taskmanager") && !text.contains("jobmanager") => {
            return Workload::default();
        }
        Err(error) => {
            size.problems.push(SizeProblem::new(
                place.as_str(),
                format!("Flink cannot read its configuration: {error}"),
                "write the file as valid YAML",
            ));
            FlinkConfig::default()
        }
    };
    let native = label(object, "type") == "flink-native-kubernetes";
    let name = resource.name_in(object);
    Workload {
        engine: if native { Engine::Native } else { Engine::Standalone },
        mode: Some(if native { Mode::Native } else { Mode::Standalone }),
        cluster: name.strip_prefix(NATIVE_PREFIX).filter(|_| native).unwrap_or_default().into(),
        config,
        config_pointer: Some(place),
        size,
        ..Workload::default()
    }
}

/// Whether Flink knows at least half of the options.
fn is_flinks(config: &FlinkConfig) -> bool {
    let known = config
        .iter()
        .filter(|(key, _)| matches!(catalog::find(key), KeyLookup::Readings(_)))
        .count();
    known > 0 && known * 2 >= config.iter().count()
}
