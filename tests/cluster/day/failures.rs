//! What fails: pods, nodes, the leading replica, the API server.

use super::operator::Lost;
use super::shapes::Shape;
use super::{CLUSTERS, Day, KILLS_LEADER, RESTARTS_API_SERVER};
use crate::quota::storm::leads;
use crate::support::wait::until;

impl Day {
    /// Loses these pods of a cluster, or of three with a node, and replaces them.
    pub fn lose(&mut self, number: usize, lost: &[Lost], with_node: bool) -> Result<(), String> {
        let first = self.tenant_of(number) * CLUSTERS;
        let most = if with_node { 3 } else { 1 };
        let after = (0..CLUSTERS).map(|next| first + (number - first + next) % CLUSTERS);
        let hit: Vec<usize> =
            after.filter(|one| !self.clusters[*one].suspended).take(most).collect();
        self.leave_room_for_sessions(&hit, lost, with_node)?;
        for cluster in &hit {
            self.clusters[*cluster].forget_ghosts(&self.api)?;
            for pod in lost {
                self.clusters[*cluster].lose(&self.api, *pod, with_node)?;
            }
        }
        match self.number {
            KILLS_LEADER => self.kill_leader(),
            RESTARTS_API_SERVER => {
                self.scene.process("kube-apiserver-0").restart().unwrap();
                self.scene.wait_ready(0).unwrap();
            }
            _ => {}
        }
        for cluster in &hit {
            for pod in lost {
                self.clusters[*cluster].replace(&self.api, *pod)?;
            }
        }
        Ok(())
    }

    /// Nothing is reserved for the pods of a session cluster's job, so a quota that was lowered refuses to
    /// replace what is gone, and an administrator raises it.
    fn leave_room_for_sessions(
        &mut self,
        hit: &[usize],
        lost: &[Lost],
        with_node: bool,
    ) -> Result<(), String> {
        let Some(first) = hit.first() else { return Ok(()) };
        let tenant = self.tenant_of(*first);
        let declared = self.declared(tenant);
        let session = hit.iter().find(|one| self.clusters[**one].shape == Shape::Session);
        let Some(session) = session.filter(|_| declared > self.tenants[tenant].cpu) else {
            return Ok(());
        };
        let refused = lost.first().filter(|_| !with_node);
        if let Some(pod) = refused {
            self.clusters[*session].lose(&self.api, *pod, false)?;
            self.settled_at(tenant, declared - 1);
            let answer = self.clusters[*session].replace(&self.api, *pod);
            self.as_expected(false, &answer)?;
        }
        self.raise_to_declared(tenant, declared)?;
        refused.map_or(Ok(()), |pod| self.clusters[*session].replace(&self.api, *pod))
    }

    /// An administrator lets the tenant use what its clusters declare, if that is more.
    pub fn raise_to_declared(&mut self, tenant: usize, declared: i64) -> Result<(), String> {
        if declared > self.tenants[tenant].cpu {
            let probe = self.probe(tenant, usize::MAX)?;
            self.tenants[tenant].set_quota(&self.api, &self.scene, declared, &probe);
        }
        Ok(())
    }

    fn kill_leader(&mut self) {
        let leader = self.scene.replicas.iter().position(leads).expect("a replica that leads");
        self.scene.installation.replicas[leader].process().kill();
        self.scene.installation.replace(leader);
        until("a replica leads", || {
            if self.scene.replicas.iter().any(leads) { Ok(()) } else { Err(String::new()) }
        });
    }
}
