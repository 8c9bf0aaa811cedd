//! What holds and from where, one row a key.

use super::{Settings, SettingsArgs};
use serde_json::{Value, json};

/// A key with its value.
#[derive(Debug)]
pub(in crate::cli) struct Row {
    pub(in crate::cli) key: &'static str,
    pub(in crate::cli) value: Value,
    /// `flag`, `default`, or `FILE:LINE`.
    pub(in crate::cli) origin: String,
}

/// The rows of all keys, in the order of the documentation.
pub(in crate::cli) fn rows(settings: &Settings, flags: &SettingsArgs) -> Vec<Row> {
    let file = settings.file.as_deref();
    let none = Default::default();
    let keys = file.map_or(&none, |file| &file.keys);
    let row = |key, value: Value, by_flag: bool, is_in_file: bool| Row {
        key,
        value,
        origin: match file {
            _ if by_flag => "flag".into(),
            Some(file) if is_in_file => {
                format!("{}:{}", file.path.display(), file.line(&format!("/{key}")))
            }
            _ => "default".into(),
        },
    };
    let gate = &settings.gate;
    let text = |value: Option<String>| value.map_or(Value::Null, Value::String);
    let paths = |paths: &[std::path::PathBuf]| json!(paths);
    let mut outputs = Vec::new();
    for output in &settings.outputs {
        let entry = match &output.file {
            Some(file) => json!({"format": output.format, "output": file}),
            None => json!({"format": output.format}),
        };
        outputs.push(entry);
    }
    let rules = json!({
        "select": keys.rules.select, "ignore": keys.rules.ignore, "levels": keys.rules.levels,
    });
    let overrides: Vec<Value> = keys.overrides.iter().map(|one| {
        json!({"paths": one.paths, "select": one.select, "ignore": one.ignore, "levels": one.levels})
    }).collect();
    let mut rows = vec![
        row(
            "tenants",
            paths(&gate.tenants),
            !flags.tenants.tenants.is_empty(),
            !keys.tenants.is_empty(),
        ),
        row(
            "tenant",
            text(gate.tenant.clone()),
            flags.only.tenant.is_some(),
            keys.tenant.is_some(),
        ),
        row(
            "policies",
            paths(&gate.policies),
            !flags.policies.policies.is_empty(),
            !keys.policies.is_empty(),
        ),
        row(
            "unassigned",
            json!(gate.unassigned.as_str()),
            flags.unassigned.is_some(),
            keys.unassigned.is_some(),
        ),
        row(
            "operatorConfig",
            json!(gate.operator_config),
            flags.operator.operator_config.is_some(),
            keys.operator_config.is_some(),
        ),
        row(
            "operatorVersion",
            text(gate.operator_version.map(|version| version.to_string())),
            flags.operator.operator_version.is_some(),
            keys.operator_version.is_some(),
        ),
        row(
            "flinkVersion",
            text(gate.flink_version.map(|version| version.to_string())),
            flags.flink_version.is_some(),
            keys.flink_version.is_some(),
        ),
        row("include", json!(keys.include), false, !keys.include.is_empty()),
        row("exclude", json!(keys.exclude), false, !keys.exclude.is_empty()),
        row("rules", rules, false, keys.rules != Default::default()),
        row("overrides", json!(overrides), false, !keys.overrides.is_empty()),
        row("failOn", json!(settings.fail_on), flags.fail_on.is_some(), keys.fail_on.is_some()),
        row("formats", json!(outputs), !flags.outputs.is_empty(), !keys.formats.is_empty()),
        row(
            "suppressions",
            json!(settings.suppressions),
            flags.no_suppressions,
            keys.suppressions.is_some(),
        ),
        row(
            "reportUnused",
            json!(settings.report_unused),
            flags.report_unused,
            keys.report_unused.is_some(),
        ),
        row(
            "baseline",
            json!(settings.baseline),
            flags.baseline.is_some(),
            keys.baseline.is_some(),
        ),
        row(
            "allowEmpty",
            json!(settings.allow_empty),
            flags.allow_empty,
            keys.allow_empty.is_some(),
        ),
    ];
    // Flags choose rules besides the file: they win, and the rest of the file holds.
    if !(flags.select.is_empty() && flags.ignore.is_empty() && flags.level.is_empty()) {
        let levels: std::collections::BTreeMap<_, _> = flags.level.iter().cloned().collect();
        let select = (!flags.select.is_empty()).then_some(&flags.select);
        let value = json!({"select": select, "ignore": flags.ignore, "levels": levels});
        let place = rows.iter().position(|row| row.key == "failOn").unwrap_or(rows.len());
        rows.insert(place, Row { key: "ruleFlags", value, origin: "flag".into() });
    }
    rows
}
