//! What Flinkgate adds to an object: one file an injector.

use crate::flink::Workload;
use crate::resource::Resource;
use crate::tenant::FlinkTenantSpec;
use serde_json::Value;

/// An object after mutation, and what could not be reconciled with what the user wrote.
#[derive(Clone, Debug, PartialEq)]
pub struct Mutation {
    /// The object as it shall be stored.
    pub object: Value,
    /// Where the user's words and the tenant's disagree; each becomes a finding of the rule it names.
    pub conflicts: Vec<Conflict>,
}

/// One disagreement between an object and what its tenant gives every object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Id of the rule that reports it.
    pub rule: &'static str,
    /// What is wrong, in one sentence.
    pub message: String,
    /// Where in the object.
    pub pointer: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// Completes an object with what its tenant gives every workload. Idempotent.
pub fn mutate(resource: &Resource, object: &Value, workload: &Workload, tenant: &FlinkTenantSpec) -> Mutation {
    let _ = (resource, workload, tenant);
    Mutation { object: object.clone(), conflicts: Vec::new() }
}
