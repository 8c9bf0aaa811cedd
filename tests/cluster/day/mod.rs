//! A day in the life of thirty clusters of three tenants: a rich one, one that is limited and full,
//! and one with restricted pods, read-only roots and claims. Their owners upgrade, scale, suspend,
//! and delete them, pods and nodes are lost, the tenants change, and in the middle of that the
//! leading replica is killed and the API server restarted. What runs keeps running: nothing that ran
//! is refused its replacement, and no tenant uses more than it may.
//!
//! The plan is made from a seed. Kubernetes' controllers stop before it begins: [`operator`] does
//! what they do, so that nothing happens between two steps. [`checks`] knows what should run, [`api`] is who asks, [`tenants`] is what
//! changes.

mod api;
mod checks;
mod failures;
mod made;
#[path = "../../running/objects.rs"]
mod objects;
mod operator;
mod owner;
#[allow(dead_code)]
#[path = "../../convergence/pods.rs"]
mod pods;
mod tenants;

use super::quota::scene::Scene;
use super::seeded::Seeded;
use super::support::Options;
use api::{Api, GROUP, collection};
use operator::{Cluster, Lost};
use owner::Way;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tenants::Tenant;

const SEED: u64 = 16;
const SEED_FROM: &str = "FLINKGATE_DAY_SEED";
const CLUSTERS: usize = 10;
const STEPS: usize = 120;
/// The steps in whose middle something of Flinkgate or Kubernetes is gone.
const KILLS_LEADER: usize = STEPS / 3;
const RESTARTS_API_SERVER: usize = STEPS * 2 / 3;

/// The seed of the plan; another one to look for what this one does not show.
fn seed() -> u64 {
    std::env::var(SEED_FROM).ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED)
}

/// What happens in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Upgrade,
    LoseTaskManager,
    LoseJobManager,
    LoseNode,
    Rescale,
    Suspend,
    Resume,
    Recreate,
    ChangeTenant,
}

struct Day {
    scene: Scene,
    api: Api,
    tenants: [Tenant; 3],
    clusters: Vec<Cluster>,
    chance: Seeded,
    number: usize,
    /// How often each step was done, and refusals that there must be.
    done: BTreeMap<Step, usize>,
    over_quota: usize,
    /// How many clusters were scaled by `/scale`, and resumed without a reservation.
    scales: usize,
    released: usize,
    changes: BTreeSet<&'static str>,
}

#[test]
fn nothing_that_ran_is_refused_its_replacement_in_a_day_of_thirty_clusters() {
    let mut day = Day::begin();
    for number in 0..STEPS {
        day.number = number;
        let (step, cluster) = day.plan();
        if let Err(refusal) = day.step(step, cluster).and_then(|()| day.check(cluster)) {
            let cluster = &day.clusters[cluster];
            panic!(
                "seed {}, step {number}, {step:?} {}/{}: {refusal}",
                seed(),
                cluster.namespace,
                cluster.name
            );
        }
        let tenant = &day.tenants[day.tenant_of(cluster)];
        println!(
            "step {number}: {step:?} {}/{}, {} cpu of {}",
            tenant.name,
            day.clusters[cluster].name,
            tenant.charged(&day.api),
            tenant.cpu
        );
        *day.done.entry(step).or_default() += 1;
    }
    day.end();
}

impl Day {
    fn begin() -> Self {
        let scene = Scene::new(Options { nodes: 0, ..Options::default() }, 2);
        let binding = format!("--group={GROUP}");
        scene.kubectl(&[
            "create",
            "clusterrolebinding",
            GROUP,
            "--clusterrole=cluster-admin",
            &binding,
        ]);
        let each = Cluster::new("", 0).cpu();
        let mut tenants = tenants::all(each * i64::try_from(CLUSTERS).unwrap());
        for tenant in &mut tenants {
            tenant.create(&scene);
        }
        scene.process("kube-controller-manager").signal("STOP");
        let clusters = tenants
            .iter()
            .flat_map(|tenant| (0..CLUSTERS).map(|number| Cluster::new(tenant.name, number)))
            .collect();
        let api = Api::new(scene.admin(0));
        let mut day = Self {
            scene,
            api,
            tenants,
            clusters,
            chance: Seeded(seed()),
            number: 0,
            done: BTreeMap::new(),
            over_quota: 0,
            scales: 0,
            released: 0,
            changes: BTreeSet::new(),
        };
        for number in 0..day.clusters.len() {
            let cluster = &mut day.clusters[number];
            cluster.create(&day.api).unwrap();
            day.check(number).unwrap();
        }
        day
    }

    /// What happens next, and to which cluster.
    fn plan(&mut self) -> (Step, usize) {
        let number = self.chance.below(self.clusters.len());
        if [KILLS_LEADER, RESTARTS_API_SERVER].contains(&self.number) {
            // In a tenant that is full, or one that has claims.
            let first = if self.number == KILLS_LEADER { CLUSTERS } else { 2 * CLUSTERS };
            let mut all = first..first + CLUSTERS;
            return (Step::LoseNode, all.find(|one| !self.clusters[*one].suspended).unwrap());
        }
        if self.clusters[number].suspended {
            return (Step::Resume, number);
        }
        let step = match self.chance.below(14) {
            0 | 1 => Step::Upgrade,
            2 | 3 => Step::LoseTaskManager,
            4 | 5 => Step::LoseJobManager,
            6 | 7 => Step::LoseNode,
            8 => Step::Rescale,
            9 => Step::Suspend,
            10 => Step::Recreate,
            _ => Step::ChangeTenant,
        };
        (step, number)
    }

    fn tenant_of(&self, cluster: usize) -> usize {
        cluster / CLUSTERS
    }

    /// What a tenant's clusters declare. Those that are suspended keep theirs, unless the tenant
    /// releases it.
    fn declared(&self, tenant: usize) -> i64 {
        let releases = self.tenants[tenant].releases;
        let all = self.clusters[tenant * CLUSTERS..][..CLUSTERS].iter();
        all.filter(|cluster| !(releases && cluster.suspended)).map(Cluster::cpu).sum()
    }

    /// A stored cluster of a tenant, and not this one.
    fn probe(&self, tenant: usize, not: usize) -> Result<Value, String> {
        let first = tenant * CLUSTERS;
        let cluster = &self.clusters[if first == not { first + 1 } else { first }];
        let path = collection("flink.apache.org/v1beta1", &cluster.namespace, "flinkdeployments");
        self.api.get(&path, &cluster.name)
    }

    fn step(&mut self, step: Step, number: usize) -> Result<(), String> {
        let tenant = self.tenant_of(number);
        let (declared, hard) = (self.declared(tenant), self.tenants[tenant].cpu);
        match step {
            Step::Upgrade => {
                let image = format!("registry.example.com/flink/etl:1.5.{}", self.number);
                let way = [Way::Patch, Way::Apply, Way::Replace][self.chance.below(3)];
                let cluster = &mut self.clusters[number];
                cluster.image = image;
                cluster.send(&self.api, way)?;
                cluster.redeploy(&self.api)
            }
            Step::LoseTaskManager => self.lose(number, &[Lost::TaskManager], false),
            Step::LoseJobManager => self.lose(number, &[Lost::JobManager], false),
            Step::LoseNode => self.lose(number, &[Lost::JobManager, Lost::TaskManager], true),
            Step::Rescale => {
                let now = self.clusters[number].task_managers;
                let wanted = if now > 1 && self.chance.below(2) == 0 { now - 1 } else { now + 1 };
                let fits = wanted < now || declared < hard;
                if fits && self.tenants[tenant].charged(&self.api) >= hard {
                    // A pod that is being deleted counts until its grace period has passed.
                    self.settled(tenant);
                }
                let cluster = &self.clusters[number];
                let answer = if cluster.standalone && self.number.is_multiple_of(2) {
                    self.scales += 1;
                    cluster.scale(&self.api, wanted)
                } else {
                    cluster.update(&self.api, &cluster.scaled(wanted))
                };
                self.as_expected(fits, &answer)?;
                let cluster = &mut self.clusters[number];
                if fits {
                    cluster.task_managers = wanted;
                    cluster.redeploy(&self.api)?;
                    self.settled(tenant);
                }
                Ok(())
            }
            Step::Suspend => self.clusters[number].suspend(&self.api),
            Step::Resume => {
                let releases = self.tenants[tenant].releases;
                let cpu = self.clusters[number].cpu();
                let fits = !releases || declared + cpu <= hard;
                if releases && fits && self.tenants[tenant].charged(&self.api) + cpu > hard {
                    self.settled(tenant);
                }
                let answer = self.clusters[number].resume(&self.api);
                self.released += usize::from(releases);
                self.as_expected(fits, &answer)
            }
            Step::Recreate => {
                let cpu = self.clusters[number].cpu();
                self.clusters[number].delete(&self.api)?;
                self.settled_at(tenant, declared - cpu);
                if declared > hard {
                    let answer = self.clusters[number].create(&self.api);
                    self.as_expected(false, &answer)?;
                    let probe = self.probe(tenant, number)?;
                    self.tenants[tenant].set_quota(&self.api, &self.scene, declared, &probe);
                }
                self.clusters[number].create(&self.api)
            }
            Step::ChangeTenant => {
                let probe = self.probe(tenant, usize::MAX)?;
                let what = self.tenants[tenant].change(
                    &self.api,
                    &self.scene,
                    &mut self.chance,
                    declared,
                    &probe,
                );
                self.changes.insert(what);
                Ok(())
            }
        }
    }
}
