//! The `FlinkPolicy` custom resource (`flinkgate.dev/v1alpha1`): rules of a platform's own, given
//! to the cluster instead of in files.

use super::error::PolicyProblem;
use super::scope::Scope;
use super::source::PolicySource;
use crate::tenant::schema::{self, Mismatch};
use crate::tenant::{Enforcement, NamespacePatternError, namespace_pattern};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, CustomResourceExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// Rules in Rego, how strictly they hold and where.
// Columns share fields such as `type_`, which clippy takes for doubled attributes.
#[allow(clippy::duplicated_attributes)]
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "flinkgate.dev",
    version = "v1alpha1",
    kind = "FlinkPolicy",
    plural = "flinkpolicies",
    shortname = "fpolicy",
    category = "flinkgate",
    status = "FlinkPolicyStatus",
    doc = "A rule of the platform's own, in Rego, that Flinkgate holds objects to beside its built-in rules.",
    printcolumn(
        name = "Ready",
        type_ = "string",
        description = "Whether the rule is in force",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status"
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        description = "Why it is or is not",
        json_path = ".status.conditions[?(@.type==\"Ready\")].reason"
    ),
    printcolumn(
        name = "Enforcement",
        type_ = "string",
        description = "What a finding does at most",
        json_path = ".spec.enforcement"
    ),
    printcolumn(
        name = "Errors",
        type_ = "string",
        description = "What is wrong with the Rego text",
        json_path = ".status.errors[*].message",
        priority = 1
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FlinkPolicySpec {
    /// One Rego module: a package of its own with `deny`, `warn` or `info`, and its documentation
    /// in a `# METADATA` block. It is what `flinkgate lint --policies FILE` takes, and sees the
    /// same `input`.
    #[schemars(length(min = 1, max = 262_144))]
    pub rego: String,
    /// What a finding does at most: Enforce refuses, Warn admits with a warning, Audit only logs. A
    /// tenant may lower it further.
    #[serde(default)]
    pub enforcement: Enforcement,
    /// Where the rule holds; everywhere when absent.
    #[serde(default, rename = "match", skip_serializing_if = "is_everywhere")]
    pub scope: FlinkPolicyMatch,
}

fn is_everywhere(scope: &FlinkPolicyMatch) -> bool {
    *scope == FlinkPolicyMatch::default()
}

/// Where a rule holds: an object must be in every list that is not empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FlinkPolicyMatch {
    /// Namespaces, exact or with a trailing star; all when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256))]
    pub namespaces: Vec<String>,
    /// Names of FlinkTenants, exact or with a trailing star; all when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256))]
    pub tenants: Vec<String>,
    /// Kinds of objects, such as FlinkDeployment or Pod; all that Flinkgate judges when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub kinds: Vec<String>,
}

/// What Flinkgate made of a rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct FlinkPolicyStatus {
    /// Ready, and why not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// What is wrong with the stored version. While this is not empty, the last valid version is in
    /// force, or what can be read of this one, or nothing: the condition says which.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FlinkPolicyError>,
}

/// One thing that is wrong with the Rego text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FlinkPolicyError {
    /// Line in `spec.rego`, from 1.
    pub line: i64,
    /// Column in the line, in characters, from 1.
    pub column: i64,
    /// What is wrong and what to do.
    pub message: String,
}

impl From<&PolicyProblem> for FlinkPolicyError {
    fn from(problem: &PolicyProblem) -> Self {
        let number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        Self {
            line: number(problem.line),
            column: number(problem.column),
            message: problem.message.clone(),
        }
    }
}

impl FlinkPolicySpec {
    /// The policy under the name that messages and rules know it by.
    pub fn source(&self, name: &str) -> PolicySource {
        let (path, text, scope) = (path(name), self.rego.clone(), self.scope());
        PolicySource { path, text, scope, ..PolicySource::default() }
    }

    /// Where it holds, and how strictly.
    pub fn scope(&self) -> Scope {
        let FlinkPolicyMatch { namespaces, tenants, kinds } = self.scope.clone();
        Scope { namespaces, tenants, kinds, enforcement: self.enforcement }
    }
}

/// What stands before the name where a policy is an object in the cluster; no file's path has it,
/// since files end in `.rego`.
pub const PREFIX: &str = "FlinkPolicy/";

/// What stands for a file's path where a policy is an object in the cluster.
pub fn path(name: &str) -> String {
    format!("{PREFIX}{name}")
}

/// Why a FlinkPolicy's spec cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    /// A field is unknown, missing or of a wrong type.
    #[error(transparent)]
    Field(#[from] serde_json::Error),
    /// A pattern of `match.namespaces` matches nothing.
    #[error("match.namespaces: {error}")]
    Namespaces {
        /// Its index in the list.
        index: usize,
        /// What is wrong.
        error: NamespacePatternError,
    },
}

impl SpecError {
    /// The places below `spec`, each with what is wrong there.
    pub fn mismatches(&self, spec: &serde_json::Value) -> Vec<Mismatch> {
        let mismatch = |pointer, message| Mismatch { pointer, message, unknown: false };
        let found = match self {
            Self::Namespaces { index, error } => {
                vec![mismatch(format!("/match/namespaces/{index}"), error.to_string())]
            }
            Self::Field(_) => schema::check(&SPEC_SCHEMA, spec),
        };
        match found.is_empty() {
            true => vec![mismatch(String::new(), self.to_string())],
            false => found,
        }
    }
}

static SPEC_SCHEMA: LazyLock<serde_json::Value> = LazyLock::new(|| schema::of_spec(&definition()));

/// Reads a FlinkPolicy's spec, or says what is wrong with it besides the Rego text.
///
/// # Errors
/// For a field that is unknown, missing or of a wrong type, and for patterns that match nothing.
pub fn read(spec: serde_json::Value) -> Result<FlinkPolicySpec, SpecError> {
    let spec: FlinkPolicySpec = serde_json::from_value(spec)?;
    for (index, pattern) in spec.scope.namespaces.iter().enumerate() {
        namespace_pattern(pattern).map_err(|error| SpecError::Namespaces { index, error })?;
    }
    Ok(spec)
}

/// What can be read of a FlinkPolicy's spec that has unknown or malformed fields. It holds at least
/// where the whole would: a list of `match` that cannot be read, or is narrowed by an unknown field,
/// restricts nothing. `None` where the Rego text cannot be read.
pub fn readable_parts(spec: &serde_json::Value) -> Option<FlinkPolicySpec> {
    let list = |field: &str| -> Vec<String> {
        let list = spec.get("match").and_then(|scope| scope.get(field)).cloned();
        list.and_then(|list| serde_json::from_value(list).ok()).unwrap_or_default()
    };
    let mut namespaces = list("namespaces");
    if namespaces.iter().any(|pattern| namespace_pattern(pattern).is_err()) {
        namespaces.clear();
    }
    let enforcement = spec.get("enforcement").cloned();
    Some(FlinkPolicySpec {
        rego: spec.get("rego")?.as_str()?.to_owned(),
        enforcement: enforcement
            .and_then(|enforcement| serde_json::from_value(enforcement).ok())
            .unwrap_or_default(),
        scope: FlinkPolicyMatch { namespaces, tenants: list("tenants"), kinds: list("kinds") },
    })
}

/// The custom resource definition.
pub fn definition() -> CustomResourceDefinition {
    let mut definition = FlinkPolicy::crd();
    crate::tenant::crd::complete(&mut definition, &[], &[]);
    definition
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_policy_says_where_it_holds_under_match() {
        let spec: FlinkPolicySpec = serde_json::from_value(
            json!({"rego": "package x\n", "enforcement": "Warn", "match": {"namespaces": ["a-*"]}}),
        )
        .unwrap();
        assert_eq!(
            (spec.scope().namespaces, spec.scope().enforcement),
            (vec!["a-*".to_owned()], Enforcement::Warn)
        );
        assert_eq!(spec.source("own").path, "FlinkPolicy/own");
    }
}
