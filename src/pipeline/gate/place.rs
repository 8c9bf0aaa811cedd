//! Keeps the place of the state of a living cluster whose pods get their volume one by one.
//!
//! The pods of native clusters, and of workloads that users make, have no volume of the tenant until
//! mutation completes them. After the tenant has changed the claim or its path, nothing is wrong with
//! a new pod that has the new one, and it would run without the state of its cluster.

use super::findings::is_refused;
use super::kept::moved_volume;
use super::{Answer, Gate};
use crate::kinds;
use crate::mutate;
use crate::pipeline::exemptions::Extent;
use crate::resource::{Operation, Resource};
use crate::tenant::FlinkTenantSpec;

impl Gate {
    /// Whether a request creates a pod of Flink that gets its volume from mutation.
    pub fn places_state(&self, resource: &Resource) -> bool {
        resource.operation == Operation::Create
            && self.extent(resource) == Extent::Whole
            && kinds::lower_with_context(resource, &resource.object, &self.context)
                .is_some_and(|workload| mutate::lacks_volume(resource, &workload))
    }

    /// The answer of the mutating webhook for a pod of a cluster that was admitted with these specs,
    /// the last one first: by the last spec, where the spec in force has another place for its state.
    /// `None` if the place is the same, or if that spec refuses the pod.
    pub fn mutate_in_place(
        &self,
        resource: &Resource,
        recorded: &[FlinkTenantSpec],
    ) -> Option<Answer> {
        let tenant = self.tenants.owner(&resource.namespace).tenant()?;
        let last = recorded.first()?;
        moved_volume(last, &tenant.spec)?;
        let made = self.by_spec(&tenant, last.clone()).completed(resource, resource)?;
        (!is_refused(&made.findings)).then_some(made.answer)
    }
}
