//! Options of Flink in texts that tenants write: values that become lines of a file, arguments and
//! variables of containers, the state of the autoscaler. What Flink reads must be known.

use flinkgate::flink::config::FlinkConfig;
use flinkgate::flink::config_file::{self, FLINK_CONF};
use flinkgate::flink::operator::autoscaler_state::AutoscalerState;
use flinkgate::flink::text_form::{self, TextForm};
use flinkgate::kinds::lower;
use flinkgate::resource::Resource;
use serde_json::{Map, Value, json};

/// The most lines of a value in which all options are looked for.
const LINES: usize = 100;

/// Keys and values that an operator writes into `flink-conf.yaml`: all options that Flink reads of
/// this file are known afterwards.
pub fn text_forms(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    let mut options = Map::new();
    let mut parts = super::parts(&text);
    while let Some(key) = parts.next() {
        options.insert(key.to_owned(), parts.next().unwrap_or_default().into());
    }
    let file: String = options
        .iter()
        .map(|(key, value)| format!("{key}: {}\n", value.as_str().unwrap()))
        .collect();
    let written = FlinkConfig::from_object(&Value::Object(options), "");
    for form in [TextForm::Lines, TextForm::Nested, TextForm::AsWritten] {
        let value = form.value(&text);
        assert_eq!(form.value(value), value, "{text:?}");
        let mut config = written.clone();
        let faults = form.read_back(&mut config);
        if form != TextForm::Lines || config.excess().is_some() {
            continue;
        }
        let most = |entry: &str| text_form::lines(entry).count() <= LINES;
        if !written.iter().all(|(key, entry)| most(key) && most(&entry.value)) {
            continue;
        }
        let read = config_file::parse(FLINK_CONF, &file, None).unwrap();
        for (key, entry) in read.iter() {
            let known = config.exact(key).unwrap_or_else(|| panic!("{key:?} of {file:?}"));
            let is_once = read.overwritten().all(|(other, _)| other != key);
            if faults.is_empty() && is_once && !key.contains('.') {
                assert_eq!(known.value, entry.value, "{key:?} of {file:?}");
            }
        }
    }
    written.iter().count() > 1
}

/// Arguments and variables of a JobManager's container: what Flink reads of them is known.
pub fn arguments(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    let arguments: Vec<&str> =
        ["jobmanager", "-Dfuzz.first=1"].into_iter().chain(super::parts(&text)).collect();
    let config = config_of(json!({"args": arguments}));
    if config.excess().is_none() {
        assert!(config.exact("fuzz.first").is_some(), "{text:?}");
    }
    let mut is_read = config.iter().count() > 1;
    let config = config_of(
        json!({"command": ["bash", "-c", format!("jobmanager.sh -Dfuzz.first=1 {text}")]}),
    );
    if config.excess().is_none() {
        assert!(config.exact("fuzz.first").is_some(), "{text:?}");
    }
    let variable =
        json!([{"name": "A", "value": "x: y\nb: c"}, {"name": "FLINK_PROPERTIES", "value": text}]);
    let config = config_of(json!({"args": ["jobmanager"], "env": variable}));
    is_read |= !config.is_empty();
    if config.excess().is_none() {
        let read = config_file::parse(FLINK_CONF, &text, None).unwrap();
        for (key, _) in read.iter() {
            assert!(config.exact(key).is_some() || key.contains('$'), "{key:?} of {text:?}");
        }
    }
    is_read
}

fn config_of(mut container: Value) -> FlinkConfig {
    container["name"] = "flink-main-container".into();
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "etl"}, "spec": {"containers": [container]}});
    let resource = Resource::from_manifest(pod).unwrap();
    lower(&resource, &resource.object).unwrap().config
}

/// The autoscaler's ConfigMap: texts of options, and options as they are.
pub fn autoscaler_states(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    let state = |data: Value| {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "autoscaler-etl"}, "data": data});
        let resource = Resource::from_manifest(object).unwrap();
        AutoscalerState::of(&resource, &resource.object).unwrap().config
    };
    let config = state(
        json!({"configOverrides": text, "parallelismOverrides": text, "scalingHistory": text}),
    );
    assert!(config.exact("pipeline.jobvertex-parallelism-overrides").is_some());
    let mut parts = super::parts(&text);
    let (key, value) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let overrides = json!({"overrides": {key: value}}).to_string();
    let made = state(json!({"configOverrides": overrides}));
    if made.excess().is_none() {
        assert_eq!(made.exact(key).map(|entry| entry.value.as_str()), Some(value), "{text:?}");
    }
    config.iter().count() > 1
}
