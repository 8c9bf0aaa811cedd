//! Sums the pods of a workload.

use super::requests::PodRequests;
use super::{RoleSize, Size, SizeProblem, Total};
use crate::flink::memory::{JobManagerMemory, MemoryError, TaskManagerMemory};
use crate::resource::quantity::Quantity;

impl<M> RoleSize<M> {
    /// The sum for a number of identical pods.
    pub fn of(replicas: u64, requests: &PodRequests) -> Self {
        let amounts = requests.amounts.clone();
        Self {
            replicas,
            cpu: amounts.cpu,
            memory: amounts.memory,
            ephemeral_storage: amounts.ephemeral_storage,
            extended: amounts.extended,
            claims: requests.claims,
            storage: requests.storage,
            slots: 0,
            limits: None,
            breakdown: None,
        }
    }
}

impl Size {
    /// Adds a number of identical pods to the total; an overflow becomes a problem at `pointer`.
    pub fn add_pods(&mut self, replicas: u64, requests: &PodRequests, pointer: &str) {
        self.total.pods = self.total.pods.saturating_add(replicas);
        self.add_claims(replicas, requests, pointer);
    }

    /// Adds requests of these pods beyond the pods themselves, such as the claims of a StatefulSet.
    pub fn add_claims(&mut self, replicas: u64, requests: &PodRequests, pointer: &str) {
        if self.total.add(replicas, requests).is_none() {
            self.problems.push(SizeProblem::new(
                pointer,
                "the pods request more than can be counted",
                "lower the replicas or what each pod requests",
            ));
        }
    }

    /// Sets the size of the JobManagers.
    pub fn set_job_managers(
        &mut self,
        replicas: u64,
        requests: &PodRequests,
        breakdown: Option<Result<JobManagerMemory, MemoryError>>,
    ) {
        self.job_manager = Some(RoleSize { breakdown, ..RoleSize::of(replicas, requests) });
    }

    /// Sets the size of the TaskManagers with `slots` each.
    pub fn set_task_managers(
        &mut self,
        replicas: u64,
        requests: &PodRequests,
        slots: u64,
        breakdown: Option<Result<TaskManagerMemory, MemoryError>>,
    ) {
        self.task_manager = Some(RoleSize { slots, breakdown, ..RoleSize::of(replicas, requests) });
        self.total.task_managers = replicas;
        self.total.task_slots = replicas.saturating_mul(slots);
    }

    /// Multiplies by a number of identical clusters; an overflow becomes a problem at `pointer`.
    pub fn multiply(&mut self, clusters: u64, pointer: &str) {
        let role = |replicas: &mut u64| *replicas = replicas.saturating_mul(clusters);
        self.job_manager.iter_mut().for_each(|size| role(&mut size.replicas));
        self.task_manager.iter_mut().for_each(|size| role(&mut size.replicas));
        self.bounds.iter_mut().for_each(|bounds| bounds.multiply(clusters));
        if self.total.multiply(clusters).is_none() {
            self.problems.push(SizeProblem::new(
                pointer,
                "the clusters request more than can be counted",
                "lower what each cluster requests",
            ));
        }
    }
}

impl Total {
    fn multiply(&mut self, times: u64) -> Option<()> {
        let counts = [
            &mut self.pods,
            &mut self.task_managers,
            &mut self.task_slots,
            &mut self.clusters,
            &mut self.jobs,
        ];
        counts
            .into_iter()
            .chain([&mut self.persistent_volume_claims])
            .for_each(|count| *count = count.saturating_mul(times));
        let amounts =
            [&mut self.cpu, &mut self.memory, &mut self.ephemeral_storage, &mut self.storage];
        for amount in amounts.into_iter().chain(self.extended.values_mut()) {
            *amount = amount.checked_mul(times)?;
        }
        Some(())
    }

    fn add(&mut self, replicas: u64, requests: &PodRequests) -> Option<()> {
        let sum =
            |total: Quantity, amount: Quantity| total.checked_add(amount.checked_mul(replicas)?);
        let amounts = &requests.amounts;
        self.persistent_volume_claims =
            self.persistent_volume_claims.checked_add(requests.claims.checked_mul(replicas)?)?;
        self.cpu = sum(self.cpu, amounts.cpu)?;
        self.memory = sum(self.memory, amounts.memory)?;
        self.ephemeral_storage = sum(self.ephemeral_storage, amounts.ephemeral_storage)?;
        self.storage = sum(self.storage, requests.storage)?;
        for (name, amount) in &amounts.extended {
            let own = self.extended.entry(name.clone()).or_default();
            *own = sum(*own, *amount)?;
        }
        Some(())
    }
}
