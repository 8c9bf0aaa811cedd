//! Whether what runs has what a spec asks for.

use super::Gate;
use super::findings::is_refused;
use crate::resource::{Operation, Resource};
use crate::tenant::{FlinkTenantSpec, Tenant};

impl Gate {
    /// The same gate, where only this spec is in force for a tenant.
    pub fn under(&self, tenant: &Tenant, spec: FlinkTenantSpec) -> Self {
        self.by_spec(tenant, spec.with_parts_of(&tenant.spec))
    }

    /// Whether a stored pod of a tenant could be created again as it is.
    pub fn meets(&self, pod: &Resource, tenant: &str) -> bool {
        let mut created = Resource { operation: Operation::Create, ..pod.clone() };
        if let Some(fields) = created.object.as_object_mut() {
            fields.remove("status");
            // What the scheduler and the node wrote is in no pod that is created.
            if let Some(spec) = fields.get_mut("spec").and_then(|spec| spec.as_object_mut()) {
                spec.remove("nodeName");
            }
        }
        let Some(case) = self.lower_admitted(&created) else { return false };
        let is_of_tenant = case.tenant().is_some_and(|owner| owner.name == tenant);
        let mut findings = self.check_in_full(&case, None).findings;
        findings.retain(|finding| !finding.rule.starts_with("quota/"));
        is_of_tenant && !is_refused(&findings)
    }
}
