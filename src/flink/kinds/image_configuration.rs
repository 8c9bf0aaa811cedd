//! The configuration file in Flink's own image, which counts where nothing else is mounted.
//!
//! It is the one of the distribution, `flink-dist/src/main/resources/flink-conf.yaml` and, since 1.19,
//! `config.yaml`. The four values were read in the distribution of 2.3.0 (`conf/config.yaml`) and in one
//! older snapshot of the sources; releases from 1.11 on are taken to have the same. Flink's start
//! scripts refuse to run without a size, so this file is why an image runs without any configuration.

use super::process::is_started_by_entrypoint;
use crate::flink::config::FlinkConfig;
use crate::flink::file_systems::is_flinks_own;
use crate::flink::image::ImageRef;
use crate::flink::version::FlinkVersion;
use crate::resource::fields::text;
use serde_json::Value;

/// The sizes and counts of that file.
const OPTIONS: [(&str, &str); 4] = [
    ("jobmanager.memory.process.size", "1600m"),
    ("parallelism.default", "1"),
    ("taskmanager.memory.process.size", "1728m"),
    ("taskmanager.numberOfTaskSlots", "1"),
];

/// The first release that is taken to have these sizes: the options of the process are from 1.11.
const SINCE: FlinkVersion = FlinkVersion::new(1, 11);

/// The options of the image's file; `None` if the container runs another image, whose file is not
/// known, or a script that may change it.
pub(super) fn of(container: &Value) -> Option<FlinkConfig> {
    let image = ImageRef::parse(text(container, "image"))?;
    let is_older = image
        .tag
        .and_then(|tag| FlinkVersion::parse_release(tag.split('-').next()?))
        .is_some_and(|version| version < SINCE);
    let is_known = is_flinks_own(&image) && !is_older && is_started_by_entrypoint(container);
    is_known.then(|| {
        let mut config = FlinkConfig::default();
        for (key, value) in OPTIONS {
            config.set(key, value, None);
        }
        config
    })
}
