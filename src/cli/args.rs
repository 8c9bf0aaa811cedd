//! Arguments that several commands share, each with one wording.

use crate::flink::operator::version::OperatorVersion;
use crate::rules::Unassigned;
use clap::Args;
use std::path::PathBuf;

/// The manifests that a command reads.
#[derive(Debug, Args)]
pub struct ManifestArgs {
    /// Files, folders with YAML and JSON files at any depth, or `-` for standard input
    ///
    /// A file that is named is read, unless `--exclude` matches it. What is in a folder is read
    /// unless `.gitignore`, `.ignore` or `.git/info/exclude` excludes it.
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Do not read files and folders that match this pattern of `.gitignore`; can be repeated
    ///
    /// The pattern is relative to the working directory.
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Read also what `.gitignore`, `.ignore` and `.git/info/exclude` exclude
    #[arg(long)]
    pub no_ignore: bool,
}

impl ManifestArgs {
    /// These paths, and nothing excluded but by ignore files.
    pub fn of(paths: &[PathBuf]) -> Self {
        Self { paths: paths.to_vec(), exclude: Vec::new(), no_ignore: false }
    }
}

/// Where FlinkTenants are.
#[derive(Clone, Debug, Default, Args)]
pub struct TenantArgs {
    /// File or folder with FlinkTenants; can be repeated
    #[arg(long, value_name = "PATH")]
    pub tenants: Vec<PathBuf>,
}

/// Which tenant owns all objects.
#[derive(Clone, Debug, Default, Args)]
pub struct OnlyTenantArgs {
    /// Assign all objects to this tenant, whatever their namespace is
    #[arg(long, value_name = "NAME")]
    pub tenant: Option<String>,
}

/// Where users' policies are.
#[derive(Clone, Debug, Default, Args)]
pub struct PolicyArgs {
    /// File or folder with Rego policies or FlinkPolicies, or `library/NAME`, to run besides the
    /// built-in rules; can be repeated
    ///
    /// `lint` also takes policies of conftest, and ConstraintTemplates and constraints of
    /// Gatekeeper.
    #[arg(long, value_name = "PATH")]
    pub policies: Vec<PathBuf>,
}

/// What the gate does without a tenant.
#[derive(Debug, Default, Args)]
pub struct UnassignedArgs {
    /// What to do with Flink in a namespace without a tenant
    #[arg(long, value_name = "ACTION", value_enum, default_value_t)]
    pub unassigned: Unassigned,
}

/// Which users are Flink operators.
#[derive(Debug, Default, Args)]
pub struct OperatorUserArgs {
    /// User name of a Flink operator, such as `system:serviceaccount:NS:flink-operator`; can be
    /// repeated
    ///
    /// What an operator creates for its custom resources is not checked again, and only operators
    /// may write the state of the autoscaler. Without this option, it is the service account
    /// `flink-operator` in the namespace of the operator's ConfigMap, or in `flink-operator`.
    #[arg(long, value_name = "USER", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub operator_user: Vec<String>,
}

/// What is known of the Flink operator.
#[derive(Clone, Debug, Default, Args)]
pub struct OperatorArgs {
    /// Configuration of the Flink operator: `config.yaml`, `flink-conf.yaml` or a ConfigMap with one
    ///
    /// Options that an object does not set have the values of this file.
    #[arg(long, value_name = "FILE")]
    pub operator_config: Option<PathBuf>,
    /// Release of the Flink operator, such as `1.14`
    ///
    /// Fields, values, versions of Flink and addresses of JARs are checked as this release reads them.
    /// Without it, what any release from 1.8 on allows is allowed.
    #[arg(long, value_name = "VERSION")]
    pub operator_version: Option<OperatorVersion>,
}

/// How a command prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum TextOrJson {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}
