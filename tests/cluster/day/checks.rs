//! What should run, and what must not.

use super::api::{User, collection};
use super::operator::Cluster;
use super::{CLUSTERS, Day, SEED, Step, seed, tenants};
use crate::support::wait::within;
use std::collections::BTreeSet;
use std::time::Duration;

const REST: Duration = Duration::from_secs(240);

impl Day {
    /// Whether an answer is yes where there is room, and else a refusal for the quota.
    pub fn as_expected(&mut self, fits: bool, answer: &Result<(), String>) -> Result<(), String> {
        match answer {
            Err(refusal) if !fits && refusal.contains("quota/exceeded") => {
                self.over_quota += 1;
                Ok(())
            }
            Ok(()) if !fits => Err("admitted over the quota".to_owned()),
            answer => answer.clone(),
        }
    }

    pub fn settled(&self, tenant: usize) {
        self.settled_at(tenant, self.declared(tenant));
    }

    pub fn settled_at(&self, tenant: usize, cpu: i64) {
        // A reservation with an unknown outcome ends after the horizon of 90 s.
        within(REST, "the ledger is what is there", || {
            let (charged, reservations) = self.tenants[tenant].ledger(&self.api);
            if charged == cpu {
                return Ok(());
            }
            Err(format!("{charged} cpu are charged, {cpu} declared, {reservations} reservations"))
        });
    }

    /// What should run runs, and nothing else; and the tenant does not use more than it may.
    pub fn check(&mut self, number: usize) -> Result<(), String> {
        let tenant = self.tenant_of(number);
        let (namespace, hard) = (self.tenants[tenant].name, self.tenants[tenant].cpu);
        let pods = self.api.list(&collection("v1", namespace, "pods"));
        let living = pods.iter().filter(|pod| pod["metadata"]["deletionTimestamp"].is_null());
        let living: BTreeSet<&str> =
            living.map(|pod| pod["metadata"]["name"].as_str().unwrap()).collect();
        let own = &self.clusters[tenant * CLUSTERS..][..CLUSTERS];
        for cluster in own {
            let count = cluster.running().len();
            let wanted = if cluster.suspended { 0 } else { cluster.cpu() };
            if cluster.exists && i64::try_from(count).unwrap() != wanted {
                return Err(format!("{count} pods of {} run instead of {wanted}", cluster.name));
            }
        }
        let wanted: BTreeSet<&str> = own.iter().flat_map(Cluster::running).collect();
        if living != wanted {
            return Err(format!("{living:?} run instead of {wanted:?}"));
        }
        let charged = self.tenants[tenant].charged(&self.api);
        let most = &mut self.tenants[tenant].most;
        if charged > *most {
            return Err(format!("{charged} cpu are charged, of at most {most}"));
        }
        *most = charged.max(hard);
        if own.iter().any(|cluster| !cluster.exists) {
            return Ok(());
        }
        // Nobody else has a place but that which is free.
        let mut other = Cluster::new(namespace, CLUSTERS);
        other.task_managers = (hard - self.declared(tenant)).max(1);
        let answer = self.api.try_create(&User::developer(), "flinkdeployments", &other.manifest());
        self.as_expected(false, &answer.map(drop))
    }

    /// All of it was done, and when all is quiet the ledgers are what is there.
    pub fn end(mut self) {
        for tenant in 0..self.tenants.len() {
            let probe = self.probe(tenant, usize::MAX).unwrap();
            if self.tenants[tenant].releases {
                self.tenants[tenant].raise_quota(&self.api, &self.scene, &probe);
            }
        }
        for number in 0..self.clusters.len() {
            let cluster = &mut self.clusters[number];
            cluster.forget_ghosts(&self.api).unwrap();
            if cluster.suspended {
                cluster.resume(&self.api).unwrap();
            }
        }
        for tenant in 0..self.tenants.len() {
            self.settled(tenant);
            self.check(tenant * CLUSTERS).unwrap();
        }
        println!(
            "{:?}, changed {:?}; {} refused over quota, {} scaled, {} released, {} waits, {} unanswered",
            self.done,
            self.changes,
            self.over_quota,
            self.scales,
            self.released,
            self.api.waits.get(),
            self.api.unanswered.get()
        );
        let steps = [
            Step::Upgrade,
            Step::LoseTaskManager,
            Step::LoseJobManager,
            Step::LoseNode,
            Step::Rescale,
            Step::Suspend,
            Step::Resume,
            Step::Recreate,
            Step::ChangeTenant,
        ];
        for step in steps {
            assert!(self.done.contains_key(&step), "never {step:?}");
        }
        let changes: BTreeSet<&str> = tenants::CHANGES.into();
        assert!(seed() != SEED || self.changes == changes, "only {:?}", self.changes);
        assert!(
            seed() != SEED || (self.scales > 0 && self.released > 0),
            "never scaled or released"
        );
    }
}
