//! What must hold after a step. Each check waits for it, and fails with what it saw last.

use crate::api::text;
use crate::cluster::{brief, claims_of, is_in_claim, millis};
use crate::manifest::Way;
use crate::step::{Case, PATIENCE};
use crate::support::wait::within;
use flinkgate::resource::quantity::Quantity;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

impl Case<'_> {
    /// The job runs with all its TaskManagers and has lost nothing that was in a checkpoint.
    pub fn runs(&self) {
        let what = format!("{} runs with {} TaskManagers", self.cluster.name, self.task_managers);
        let counted = within(PATIENCE, &what, || {
            let counted = self.cluster.counted();
            let pods = || brief(&self.world().pods(&self.cluster.namespace));
            let counted =
                counted.map_err(|error| format!("{error} {} {}", pods(), self.complaints()))?;
            let found = self.cluster.task_managers()?;
            if found == self.task_managers {
                Ok(counted)
            } else {
                Err(format!("{found}: {}", pods()))
            }
        });
        assert!(counted >= self.floor, "the job counted {counted}, and {} before", self.floor);
    }

    fn complaints(&self) -> String {
        let stored = self.manifest.stored(self.world());
        format!("{} {}", text(&stored, "/status/error"), text(&stored, "/status/lifecycleState"))
    }

    /// A checkpoint of now completes into the claim that Flinkgate made and mounted.
    pub fn checkpoints(&mut self) {
        let (counted, since) =
            within(PATIENCE, "the job counts", || Ok((self.cluster.counted()?, millis())));
        within(PATIENCE, "a checkpoint completes into the claim", || {
            // The next checkpoint replaces it, so nothing slow may come between question and look.
            let claims = self.cluster.claims()?;
            is_in_claim(&self.cluster.checkpoint_since(since)?, &claims)
        });
        self.floor = counted;
    }

    /// All pods of the cluster see its state at the same place. Small state is in no file of a
    /// TaskManager, so that a checkpoint would not show it.
    pub fn state_has_one_place(&self) {
        within(PATIENCE, "all pods see the state at one place", || {
            let pods: Vec<Value> = ["jobmanager", "taskmanager"]
                .iter()
                .flat_map(|role| self.cluster.pods(role))
                .collect();
            let places: BTreeSet<Vec<(String, String)>> = pods.iter().map(claims_of).collect();
            match places.len() {
                1 => Ok(()),
                _ => Err(format!("{places:?} of {}", brief(&pods))),
            }
        });
    }

    /// A pod is gone, or its container has been started again. What holds after that, holds without
    /// its old process.
    pub fn is_lost(&self, lost: &Value, component: &str) {
        let restarts = |pod: &Value| {
            pod["status"]["containerStatuses"][0]["restartCount"].as_u64().unwrap_or_default()
        };
        within(PATIENCE, "the pod is lost", || {
            let pods = self.cluster.pods(component);
            let same = pods.iter().find(|pod| pod["metadata"]["uid"] == lost["metadata"]["uid"]);
            match same {
                Some(pod) if restarts(pod) == restarts(lost) => Err(brief(&pods)),
                _ => Ok(()),
            }
        });
    }

    /// So many pods are left in the namespace.
    pub fn pods_left(&self, wanted: usize) {
        let what = format!("{wanted} pods are left");
        within(PATIENCE, &what, || match self.world().pods(&self.cluster.namespace) {
            pods if pods.len() == wanted => Ok(()),
            pods => Err(brief(&pods)),
        });
    }

    /// What the ledger is charged for cpu and pods is what the pods request.
    pub fn ledger_is_right(&self) {
        within(Duration::from_secs(60), "the ledger is what is there", || {
            let pods = self.world().pods(&self.cluster.namespace);
            let live: Vec<&Value> = pods
                .iter()
                .filter(|pod| !matches!(text(pod, "/status/phase"), "Failed" | "Succeeded"))
                .collect();
            let requests = live
                .iter()
                .flat_map(|pod| pod["spec"]["containers"].as_array().into_iter().flatten());
            let cpu = requests
                .map(|container| amount(&container["resources"]["requests"]["cpu"]))
                .try_fold(Quantity::from_units(0), |sum, cpu| sum.checked_add(cpu))
                .unwrap();
            let tenant = self.world().get(&["flinktenant", &self.cluster.namespace]);
            let used = &tenant["status"]["used"];
            // A blue/green deployment is charged for both colours as long as it exists.
            let colours = if self.manifest.way == Way::BlueGreen { 2 } else { 1 };
            let cpu = cpu.checked_mul(colours).unwrap();
            let pods_used = u64::try_from(live.len()).unwrap() * colours;
            let pods_used = Quantity::from_units(pods_used);
            if amount(&used["cpu"]) == cpu && amount(&used["pods"]) == pods_used {
                return Ok(());
            }
            Err(format!("{used}, and {cpu} cpu of {}", brief(&pods)))
        });
    }
}

fn amount(quantity: &Value) -> Quantity {
    Quantity::parse(quantity.as_str().unwrap_or("0")).unwrap()
}
