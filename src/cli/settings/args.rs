//! The flags that say the same as the configuration file, and win over it.

use super::{FailOn, Output};
use crate::cli::args::{OnlyTenantArgs, OperatorArgs, PolicyArgs, TenantArgs};
use crate::flink::version::FlinkVersion;
use crate::rules::{Level, Unassigned};
use clap::Args;
use std::path::PathBuf;

/// Flags of `lint` that win over `.flinkgate.yaml`.
#[derive(Clone, Debug, Default, Args)]
pub struct SettingsArgs {
    /// Configuration file for all files, instead of the `.flinkgate.yaml` that is found
    ///
    /// Without it, each file has the `.flinkgate.yaml` of its folder, or of the nearest folder above
    /// it, up to the root of the repository. Other flags win over the configuration file.
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    pub config: Option<PathBuf>,
    /// Read no configuration file
    #[arg(long)]
    pub no_config: bool,
    #[command(flatten)]
    pub(in crate::cli) tenants: TenantArgs,
    #[command(flatten)]
    pub(in crate::cli) only: OnlyTenantArgs,
    #[command(flatten)]
    pub(in crate::cli) policies: PolicyArgs,
    /// What to do with Flink in a namespace without a tenant [default: warn]
    #[arg(long, value_name = "ACTION", value_enum)]
    pub unassigned: Option<Unassigned>,
    #[command(flatten)]
    pub(in crate::cli) operator: OperatorArgs,
    /// Check all objects as if they ran this version of Flink, such as `v2_1`
    ///
    /// For a move to another version: it shows which options, values and addresses that version does
    /// not read, also those that a tenant or the operator's configuration gives. `flinkVersion` and
    /// images stay as they are.
    #[arg(long, value_name = "VERSION", value_parser = parse_version)]
    pub flink_version: Option<FlinkVersion>,
    /// Report only these rules: ids, families such as `security/*`, or `*`; can be repeated
    ///
    /// It concerns the report of `lint`. The cluster refuses what the tenant says.
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub select: Vec<String>,
    /// Do not report these rules; can be repeated
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// Report the findings of a rule at another level, such as `cost/*=warning`; can be repeated
    #[arg(long, value_name = "RULE=LEVEL", value_parser = parse_level, value_delimiter = ',')]
    pub level: Vec<(String, Level)>,
    /// The lowest level of findings that gives exit status 1 [default: error]
    #[arg(long, value_name = "LEVEL", value_enum)]
    pub fail_on: Option<FailOn>,
    /// Where `lint` writes its reports; flags of that command.
    #[arg(skip)]
    pub(in crate::cli) outputs: Vec<Output>,
    /// Report also the findings that comments and annotations in the files suppress
    #[arg(long)]
    pub no_suppressions: bool,
    /// Report suppressions and baseline entries that match no finding
    #[arg(long)]
    pub report_unused: bool,
    /// Do not report the findings that this file lists, which `--write-baseline` wrote
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Accept paths without Kubernetes objects, empty standard input, and `--policies` and
    /// `--operator-config` without content
    #[arg(long)]
    pub allow_empty: bool,
}

/// `v2_1` or `2.1`.
pub(in crate::cli) fn parse_version(text: &str) -> Result<FlinkVersion, UnknownVersion> {
    FlinkVersion::parse(text)
        .or_else(|| FlinkVersion::parse_release(text))
        .ok_or_else(|| UnknownVersion(text.into()))
}

/// A text that is not a version of Flink.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a version of Flink: write `v2_1` or `2.1`")]
pub(in crate::cli) struct UnknownVersion(String);

/// `RULE=LEVEL`.
fn parse_level(text: &str) -> Result<(String, Level), NotALevel> {
    let level = |name: &str| {
        let levels = [Level::Info, Level::Warning, Level::Error];
        levels.into_iter().find(|level| level.as_str() == name)
    };
    text.rsplit_once('=')
        .and_then(|(rule, name)| Some((rule.trim().to_owned(), level(name.trim())?)))
        .ok_or_else(|| NotALevel(text.into()))
}

/// A text that does not give a rule a level.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` gives no level: write `RULE=error`, `RULE=warning` or `RULE=info`")]
struct NotALevel(String);
