//! What holds for a run of `lint`: the flags, and the `.flinkgate.yaml` that applies to each file.
//!
//! [`discover`] finds the configuration of a folder, [`file`] reads it, [`paths`] and [`rules`]
//! give its patterns their meaning, and [`merge`] lets flags win. [`Settings`] is the result.
//! It changes what `lint` reads and reports, never what the cluster refuses.

mod args;
mod choices;
mod discover;
mod file;
mod merge;
mod paths;
mod rows;
mod rules;

pub use args::SettingsArgs;
pub(super) use args::parse_version;
pub use choices::{FailOn, Format};
pub(super) use discover::{Discovery, NAME, absolute};
pub use file::{SettingsError, schema};
pub(super) use paths::Patterns;
pub(super) use rows::{Row, rows};
pub(super) use rules::{RuleChoice, UnknownRules};

use crate::flink::operator::version::OperatorVersion;
use crate::flink::version::FlinkVersion;
use crate::rules::Unassigned;
use file::ConfigFile;
use std::path::PathBuf;
use std::sync::Arc;

/// What objects are judged by. Files with the same share a gate.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct GateSettings {
    pub(super) tenants: Vec<PathBuf>,
    pub(super) tenant: Option<String>,
    pub(super) policies: Vec<PathBuf>,
    pub(super) unassigned: Unassigned,
    pub(super) operator_config: Option<PathBuf>,
    pub(super) operator_version: Option<OperatorVersion>,
    pub(super) flink_version: Option<FlinkVersion>,
}

impl GateSettings {
    /// Whether objects of both count towards the same quotas.
    pub(super) fn shares_quota(&self, other: &Self) -> bool {
        let files =
            |all: &[PathBuf]| -> Vec<PathBuf> { all.iter().map(|path| absolute(path)).collect() };
        self.tenant == other.tenant && files(&self.tenants) == files(&other.tenants)
    }
}

/// Where a report goes and how it is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Output {
    pub(super) format: Format,
    /// The file; `None` for standard output.
    pub(super) file: Option<PathBuf>,
}

/// What holds for the files of one configuration file, or for those without one.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// The configuration file.
    pub(super) file: Option<Arc<ConfigFile>>,
    pub(super) gate: GateSettings,
    /// Which files of a folder are read; all if empty.
    pub(super) include: Patterns,
    pub(super) exclude: Patterns,
    pub(super) rules: RuleChoice,
    pub(super) fail_on: FailOn,
    pub(super) outputs: Vec<Output>,
    /// Whether comments and annotations in the files suppress findings.
    pub(super) suppressions: bool,
    /// Whether suppressions and baseline entries that match nothing are findings.
    pub(super) report_unused: bool,
    pub(super) baseline: Option<PathBuf>,
    pub(super) allow_empty: bool,
}
