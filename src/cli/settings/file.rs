//! The keys of `.flinkgate.yaml`, and how a file is read.

use super::choices::{FailOn, Format};
use super::paths::Patterns;
use crate::causes;
use crate::flink::operator::version::OperatorVersion;
use crate::resource::yaml::{self, Document, Positions};
use crate::rules::{Level, Unassigned};
use crate::tenant::schema as mismatches;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Configuration of `flinkgate lint` for the files of a folder and of all folders below it.
///
/// Paths are relative to the folder of the configuration file. Flags win over the file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(title = "Configuration of Flinkgate")]
pub struct Keys {
    /// Files and folders with FlinkTenants.
    pub tenants: Vec<PathBuf>,
    /// The tenant that owns all objects, whatever their namespace is.
    pub tenant: Option<String>,
    /// Files and folders with Rego policies or FlinkPolicies, or `library/NAME`.
    pub policies: Vec<PathBuf>,
    /// What to do with Flink in a namespace without a tenant.
    pub unassigned: Option<Unassigned>,
    /// Configuration of the Flink operator: `config.yaml`, `flink-conf.yaml` or a ConfigMap with one.
    pub operator_config: Option<PathBuf>,
    /// Release of the Flink operator, such as `"1.14"`.
    pub operator_version: Option<String>,
    /// Check all objects as if they ran this version of Flink, such as `v2_1`.
    pub flink_version: Option<String>,
    /// The files of folders that are read, as patterns of `.gitignore`. Without patterns, all YAML
    /// and JSON files are read.
    pub include: Vec<String>,
    /// The files and folders that are not read, as patterns of `.gitignore`.
    pub exclude: Vec<String>,
    /// Which rules are reported, and how. The cluster refuses what the tenant says.
    pub rules: RuleKeys,
    /// Other choices of rules for some paths. A later entry wins over an earlier one.
    pub overrides: Vec<Override>,
    /// The lowest level of findings that gives exit status 1.
    pub fail_on: Option<FailOn>,
    /// The reports of a run. Read from the configuration of the working directory.
    pub formats: Vec<OutputKeys>,
    /// Whether comments and annotations in the files suppress findings.
    pub suppressions: Option<bool>,
    /// Whether suppressions and baseline entries that match nothing are reported.
    pub report_unused: Option<bool>,
    /// A file with findings that are not reported, which `--write-baseline` wrote. Read from the
    /// configuration of the working directory.
    pub baseline: Option<PathBuf>,
    /// Whether paths without Kubernetes objects are accepted. Read from the configuration of the
    /// working directory.
    pub allow_empty: Option<bool>,
}

/// Which rules are reported: ids, families such as `security/*`, or `*`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RuleKeys {
    /// Only these rules are reported; without it, all.
    pub select: Option<Vec<String>>,
    /// These rules are not reported.
    pub ignore: Vec<String>,
    /// The level of a rule's findings, by rule. The most exact pattern wins.
    pub levels: BTreeMap<String, Level>,
}

/// A choice of rules for some paths.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Override {
    /// The paths, as patterns of `.gitignore`.
    pub paths: Vec<String>,
    /// Only these rules are reported.
    #[serde(default)]
    pub select: Option<Vec<String>>,
    /// These rules are not reported.
    #[serde(default)]
    pub ignore: Vec<String>,
    /// The level of a rule's findings, by rule.
    #[serde(default)]
    pub levels: BTreeMap<String, Level>,
}

/// One report of a run.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OutputKeys {
    /// How the report is written.
    pub format: Format,
    /// The file of the report; without it, standard output.
    #[serde(default)]
    pub output: Option<PathBuf>,
}

/// The JSON schema of `.flinkgate.yaml`, for editors.
pub fn schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    generator.into_root_schema_for::<Keys>().to_value()
}

/// The schema in the form that [`mismatches`] reads: without references, null and `oneOf`.
static STRUCTURE: LazyLock<Value> = LazyLock::new(|| {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    let mut schema = settings.into_generator().into_root_schema_for::<Keys>().to_value();
    simplify(&mut schema);
    schema
});

fn simplify(schema: &mut Value) {
    let null = |value: &Value| value == "null" || value["type"] == "null" || value.is_null();
    if let Some(fields) = schema.as_object_mut() {
        // An optional enumeration is the enumeration or null.
        if let Some(Value::Array(choices)) = fields.get("anyOf")
            && let Some(choice) = choices.iter().find(|choice| !null(choice)).cloned()
        {
            *schema = choice;
            return simplify(schema);
        }
        if let Some(Value::Array(types)) = fields.get_mut("type")
            && let Some(kind) = types.iter().find(|kind| !null(kind)).cloned()
        {
            fields.insert("type".into(), kind);
        }
        if let Some(Value::Array(choices)) = fields.remove("oneOf") {
            let words = choices.into_iter().flat_map(|choice| match choice.get("enum") {
                Some(Value::Array(words)) => words.clone(),
                _ => choice.get("const").cloned().into_iter().collect(),
            });
            let words: Vec<Value> = words.collect();
            fields.insert("enum".into(), words.into());
            fields.insert("type".into(), "string".into());
        }
        if let Some(Value::Array(words)) = fields.get_mut("enum") {
            words.retain(|word| !null(word));
        }
        fields.values_mut().for_each(simplify);
    } else if let Some(list) = schema.as_array_mut() {
        list.iter_mut().for_each(simplify);
    }
}

/// Why a configuration file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// It cannot be read.
    #[error("failed to read the configuration `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is a link to somewhere else.
    #[error(
        "the configuration `{}` is a link that leads out of the repository: name its target with \
         `--config`",
        path.display()
    )]
    Outside {
        /// The link.
        path: PathBuf,
    },
    /// It has these problems, each with its place.
    #[error("invalid configuration:\n  {}", .0.join("\n  "))]
    Invalid(Vec<String>),
    /// A pattern of a flag.
    #[error(transparent)]
    Pattern(#[from] ignore::Error),
}

/// A configuration file that was read.
#[derive(Clone, Debug)]
pub(in crate::cli) struct ConfigFile {
    /// The file, as messages name it.
    pub(in crate::cli) path: PathBuf,
    /// Its folder, absolute.
    pub(super) folder: PathBuf,
    pub(super) keys: Keys,
    positions: Positions,
}

impl ConfigFile {
    /// Reads a file.
    pub(super) fn read(path: &Path, folder: &Path) -> Result<Self, SettingsError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| SettingsError::Read { path: path.into(), source })?;
        let mut documents = yaml::parse(&text).into_iter();
        let Document { value, positions, problems } = documents.next().unwrap_or_default();
        let at = |line: usize, message: &str| format!("{}:{line}: {message}", path.display());
        let mut found: Vec<String> =
            problems.iter().map(|problem| at(problem.span.line, &problem.message)).collect();
        if let Some(more) = documents.next() {
            let line = more.positions.nearest("").line;
            found.push(at(line, "a configuration is one document: remove the others"));
        }
        let value = value.unwrap_or_else(|| Value::Object(Default::default()));
        if value.is_object() {
            for mismatch in mismatches::check(&STRUCTURE, &value) {
                let key = positions.key(&mismatch.pointer).filter(|_| mismatch.unknown);
                let span = key.unwrap_or_else(|| positions.nearest(&mismatch.pointer));
                found.push(at(span.line, &mismatch.message));
            }
        } else {
            found.push(at(1, "a configuration is a mapping: write keys such as `tenants:`"));
        }
        if !found.is_empty() {
            return Err(SettingsError::Invalid(found));
        }
        let keys: Keys = serde_json::from_value(value)
            .map_err(|error| SettingsError::Invalid(vec![at(1, &error.to_string())]))?;
        let file = Self { path: path.into(), folder: folder.into(), keys, positions };
        let found = file.problems();
        if found.is_empty() { Ok(file) } else { Err(SettingsError::Invalid(found)) }
    }

    /// The line of a key.
    pub(in crate::cli) fn line(&self, pointer: &str) -> usize {
        self.positions.key(pointer).unwrap_or_else(|| self.positions.nearest(pointer)).line
    }

    /// A message about the value at a pointer.
    pub(in crate::cli) fn message(&self, pointer: &str, message: &str) -> String {
        format!("{}:{}: {message}", self.path.display(), self.positions.nearest(pointer).line)
    }

    /// What the schema cannot show.
    fn problems(&self) -> Vec<String> {
        let (keys, mut found) = (&self.keys, Vec::new());
        let mut add = |pointer: &str, message: &str| found.push(self.message(pointer, message));
        if let Some(text) = &keys.operator_version
            && let Err(error) = text.parse::<OperatorVersion>()
        {
            add("/operatorVersion", &error.to_string());
        }
        if let Some(text) = &keys.flink_version
            && let Err(error) = super::parse_version(text)
        {
            add("/flinkVersion", &error.to_string());
        }
        let overrides = keys.overrides.iter().enumerate();
        let overrides = overrides.map(|(n, one)| (format!("/overrides/{n}/paths"), &one.paths));
        let lists = [("/include".to_owned(), &keys.include), ("/exclude".into(), &keys.exclude)];
        for (pointer, patterns) in lists.into_iter().chain(overrides) {
            for (index, pattern) in patterns.iter().enumerate() {
                if let Err(error) = Patterns::new(&self.folder, std::slice::from_ref(pattern)) {
                    let message = format!("`{pattern}`: {}", causes::with_causes(&error));
                    add(&format!("{pointer}/{index}"), &message);
                }
            }
        }
        let printed = keys.formats.iter().enumerate().filter(|(_, one)| one.output.is_none());
        if let Some((index, _)) = printed.skip(1).last() {
            let message = "only one format goes to standard output: give the others an `output`";
            add(&format!("/formats/{index}"), message);
        }
        found
    }
}
