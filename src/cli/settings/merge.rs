//! One result of flags and a configuration file: a flag that is given wins.

use super::file::{ConfigFile, SettingsError};
use super::{GateSettings, Output, Patterns, RuleChoice, Settings, SettingsArgs, absolute};
use crate::rego::library;
use std::path::{Path, PathBuf};
use std::sync::Arc;

impl Settings {
    /// What holds for the files of a configuration file, or for those without one.
    pub(super) fn of(
        flags: &SettingsArgs,
        file: Option<Arc<ConfigFile>>,
    ) -> Result<Self, SettingsError> {
        let none = Default::default();
        let keys = file.as_ref().map_or(&none, |file| &file.keys);
        let below = |path: &Path| match &file {
            Some(file) if library::name(path).is_none() => file.below(path),
            _ => path.to_owned(),
        };
        let paths = |flag: &[PathBuf], key: &[PathBuf]| match flag {
            [] => key.iter().map(|path| below(path)).collect(),
            flag => flag.to_vec(),
        };
        let path = |flag: &Option<PathBuf>, key: &Option<PathBuf>| {
            flag.clone().or_else(|| key.as_deref().map(below))
        };
        let outputs = match flags.outputs.as_slice() {
            [] if keys.formats.is_empty() => {
                vec![Output { format: Default::default(), file: None }]
            }
            [] => {
                let output = |one: &super::file::OutputKeys| Output {
                    format: one.format,
                    file: one.output.as_deref().map(below),
                };
                keys.formats.iter().map(output).collect()
            }
            flags => flags.to_vec(),
        };
        let operator_version = keys.operator_version.as_ref().and_then(|text| text.parse().ok());
        let flink_version =
            keys.flink_version.as_ref().and_then(|text| super::parse_version(text).ok());
        let folder =
            file.as_ref().map_or_else(|| absolute(Path::new(".")), |file| file.folder.clone());
        Ok(Self {
            gate: GateSettings {
                tenants: paths(&flags.tenants.tenants, &keys.tenants),
                tenant: flags.only.tenant.clone().or_else(|| keys.tenant.clone()),
                policies: paths(&flags.policies.policies, &keys.policies),
                unassigned: flags.unassigned.or(keys.unassigned).unwrap_or_default(),
                operator_config: path(&flags.operator.operator_config, &keys.operator_config),
                operator_version: flags.operator.operator_version.or(operator_version),
                flink_version: flags.flink_version.or(flink_version),
            },
            include: Patterns::new(&folder, &keys.include)?,
            exclude: Patterns::new(&folder, &keys.exclude)?,
            rules: RuleChoice::new(flags, file.as_ref())?,
            fail_on: flags.fail_on.or(keys.fail_on).unwrap_or_default(),
            outputs,
            suppressions: !flags.no_suppressions && keys.suppressions.unwrap_or(true),
            report_unused: flags.report_unused || keys.report_unused.unwrap_or(false),
            baseline: path(&flags.baseline, &keys.baseline),
            allow_empty: flags.allow_empty || keys.allow_empty.unwrap_or(false),
            file,
        })
    }
}
