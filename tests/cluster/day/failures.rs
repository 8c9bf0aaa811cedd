//! What fails: pods, nodes, the leading replica, the API server.

use super::operator::Lost;
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

    fn kill_leader(&mut self) {
        let leader = self.scene.replicas.iter().position(leads).expect("a replica that leads");
        self.scene.installation.replicas[leader].process().kill();
        self.scene.installation.replace(leader);
        until("a replica leads", || {
            if self.scene.replicas.iter().any(leads) { Ok(()) } else { Err(String::new()) }
        });
    }
}
