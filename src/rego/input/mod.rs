//! `input`: the document that users' policies read.
//!
//! Goes in: a [`Subject`] and which of the large parts any policy reads. Comes out: one [`Input`],
//! which `flinkgate input` prints and the policy engine gets through [`Input::value`]. The structs'
//! doc comments are the reference page `docs/reference/input.md`, and their schema is what
//! `unknown_input` compares policies with.

mod convert;
mod flink;
mod memory;
mod path;
mod pods;
mod request;
mod schema;
mod size;
mod tenant;

pub use flink::{FlinkInput, OptionToleration};
pub use memory::{Breakdown, Memory, RefusedMemory};
pub use path::Path;
pub use pods::{Image, PodContainer, PodSet, ServiceAccount};
pub use request::Request;
pub use schema::{Field, field, schema};
pub use size::{RoleRequests, Size, TotalRequests};
pub use tenant::TenantInput;

use super::Needs;
use crate::quota::limits::QuotaVerdict;
use crate::quota::{Usage, display};
use crate::rules::{NamespaceOwner, Subject};
pub(in crate::rego) use convert::convert;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// What a policy sees of one object.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Input<'a> {
    /// The admission request; `flinkgate lint` judges each object of a file as if it were created.
    pub request: Request<'a>,
    /// The object after mutation, as the cluster would store it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    pub object: Option<&'a Value>,
    /// The stored object that an update replaces or a deletion removes; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_object: Option<&'a Value>,
    /// The FlinkTenant that owns the namespace. Policies only run in namespaces of a tenant; null
    /// where `flinkgate input` prints an object of another namespace.
    pub tenant: Option<&'a TenantInput>,
    /// What the object makes Kubernetes run: the same for every kind that can start Flink, and for
    /// pods and workloads without Flink.
    pub flink: FlinkInput<'a>,
    /// Who owns the namespace.
    pub tenancy: Tenancy<'a>,
    /// The tenant's quota and what the object requests; null where the tenant has no limits.
    pub quota: Option<QuotaInput<'a>>,
}

/// Who owns a namespace that no single tenant owns.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Tenancy<'a> {
    /// What happens to Flink in a namespace without a tenant: `allow`, `warn` or `deny`; null where
    /// a tenant owns the namespace.
    pub unassigned: Option<&'a str>,
    /// The tenants that all claim the namespace; empty where one or none does.
    pub claimants: &'a [String],
}

/// Quantities by resource name, such as `cpu`, `memory` and `taskManagers`, as text such as `500m`
/// and `64Gi`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct QuotaInput<'a> {
    /// `spec.quota.hard` of the tenant.
    pub hard: BTreeMap<&'a str, String>,
    /// What the other objects of the same `lint` or `input` run use. Empty in a cluster, where
    /// ledgers enforce the quota.
    pub used: BTreeMap<&'a str, String>,
    /// What the object requests.
    pub requested: BTreeMap<&'a str, String>,
}

impl<'a> Input<'a> {
    /// The document for one object. Parts that no policy reads are left out.
    pub fn of(subject: &'a Subject<'_>, tenant: Option<&'a TenantInput>, needs: Needs) -> Self {
        let (unassigned, claimants) = match subject.owner {
            NamespaceOwner::Tenant => (None, [].as_slice()),
            NamespaceOwner::Unassigned(choice) => (Some(choice.as_str()), [].as_slice()),
            NamespaceOwner::Ambiguous(names) | NamespaceOwner::Unread(names) => (None, names),
        };
        let old_object = subject.resource.old_object.as_ref();
        Self {
            request: Request::of(subject.resource),
            object: needs.object.then_some(subject.object),
            old_object: old_object.filter(|_| needs.old_object),
            tenant,
            flink: FlinkInput::of(subject),
            tenancy: Tenancy { unassigned, claimants },
            quota: subject.quota.map(QuotaInput::of),
        }
    }

    /// The document for the policy engine.
    ///
    /// # Errors
    /// When the document cannot be serialized, which no object causes.
    pub fn value(&self) -> Result<regorus::Value, serde_json::Error> {
        Ok(convert(&serde_json::to_value(self)?))
    }
}

impl<'a> QuotaInput<'a> {
    fn of(verdict: &'a QuotaVerdict<'a>) -> Self {
        let text = |usage: &'a Usage| {
            usage.iter().map(|(name, amount)| (name, display(name, amount))).collect()
        };
        let hard = verdict.limits.hard.iter();
        Self {
            hard: hard.map(|(name, amount)| (name.as_str(), display(name, *amount))).collect(),
            used: text(verdict.used),
            requested: text(verdict.requested),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::kinds::lower;
    use crate::resource::Resource;
    use crate::rules::Unassigned;
    use crate::tenant::{FlinkTenantSpec, PreparedTenant, Tenant};
    use serde_json::json;
    use std::sync::Arc;

    const ALL: Needs = Needs { object: true, old_object: true, used: true };

    /// `input` of an object under a tenant with this spec.
    fn input(object: Value, spec: Value, needs: Needs) -> Value {
        let resource = Resource::from_manifest(object).unwrap();
        let workload = lower(&resource, &resource.object).unwrap();
        let spec: FlinkTenantSpec = serde_json::from_value(spec).unwrap();
        let tenant = Arc::new(Tenant { name: "payments".into(), spec, ..Tenant::default() });
        let prepared = PreparedTenant::new(&tenant);
        let subject = Subject::new(&resource, &resource.object, &workload, &prepared);
        let seen = TenantInput::of(&tenant);
        serde_json::to_value(Input::of(&subject, Some(&seen), needs)).unwrap()
    }

    fn pod(spec: Value) -> Value {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec})
    }

    #[test]
    fn a_pod_is_its_own_template() {
        let spec = json!({"containers": [{"name": "tool", "image": "registry.example.com/tool:1"}],
            "serviceAccountName": "flink"});
        let tenant = json!({"security": {"images": {"allow": ["registry.example.com/*"]}}});
        let input = input(pod(spec), tenant, ALL);
        let pods = &input["flink"]["pods"][0];
        assert_eq!(pods["template"], input["object"]);
        assert_eq!(
            pods["serviceAccount"],
            json!({"name": "flink", "path": ["spec", "serviceAccountName"]})
        );
        let container = &pods["containers"][0];
        assert_eq!(container["path"], json!(["spec", "containers", "0"]));
        assert_eq!(container["spec"], input["object"]["spec"]["containers"][0]);
        assert_eq!(
            container["image"],
            json!({"text": "registry.example.com/tool:1", "path": ["spec", "containers", "0", "image"],
                "registry": "registry.example.com", "repository": "tool", "tag": "1", "digest": null,
                "floating": false, "valid": true, "allowed": true})
        );
        assert_eq!(input["tenant"]["name"], "payments");
        assert_eq!(input.get("oldObject"), None);
    }

    #[test]
    fn the_main_container_that_the_operator_adds_has_an_empty_spec() {
        let object = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
            "metadata": {"name": "etl"}, "spec": {"image": "flink:1.20", "flinkVersion": "v1_20",
            "jobManager": {"resource": {"cpu": 1, "memory": "2g"}},
            "taskManager": {"resource": {"cpu": 1, "memory": "2g"}}, "job": {"parallelism": 2}}});
        let input = input(object, json!({}), Needs::default());
        assert_eq!(input.get("object"), None);
        let flink = &input["flink"];
        assert_eq!(
            (&flink["engine"], &flink["version"], &flink["upgradeMode"]),
            (&json!("operator"), &json!("v1_20"), &json!("stateless"))
        );
        let container = &flink["pods"][0]["containers"][0];
        assert_eq!(
            (&container["main"], &container["spec"], &flink["pods"][0]["template"]),
            (&json!(true), &json!({}), &json!({}))
        );
        assert_eq!(flink["size"]["total"]["taskSlots"], 2);
        assert_eq!(flink["memory"]["jobManager"]["process"], 2_u64 << 30);
    }

    #[test]
    fn memory_that_flink_refuses_is_an_error_with_its_option() {
        let object = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
            "metadata": {"name": "etl"}, "spec": {"flinkVersion": "v1_20",
            "flinkConfiguration": {"taskmanager.memory.process.size": "1m"}, "job": {}}});
        let input = input(object, json!({}), Needs::default());
        let memory = &input["flink"]["memory"]["taskManager"];
        assert_eq!(memory["option"], "taskmanager.memory.process.size");
        assert!(memory["error"].as_str().is_some_and(|error| !error.is_empty()), "{memory}");
    }

    #[test]
    fn a_namespace_without_a_tenant_has_none_in_input() {
        let resource = Resource::from_manifest(pod(json!({"containers": []}))).unwrap();
        let workload = lower(&resource, &resource.object).unwrap();
        let no_tenant = PreparedTenant::default();
        let mut subject = Subject::new(&resource, &resource.object, &workload, &no_tenant);
        subject.owner = NamespaceOwner::Unassigned(Unassigned::Deny);
        let input = serde_json::to_value(Input::of(&subject, None, ALL)).unwrap();
        assert_eq!((&input["tenant"], &input["quota"]), (&Value::Null, &Value::Null));
        assert_eq!(input["tenancy"], json!({"unassigned": "deny", "claimants": []}));
    }
}
