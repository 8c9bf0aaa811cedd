//! `serve --cluster`: tenants, policies and namespaces from the Kubernetes cluster instead of from
//! files.

use super::{Args, RELOAD};
use crate::admission::registration::service_account;
use crate::admission::reviewer::Reviewer;
use crate::cluster::certificates::{self, Keeper};
use crate::cluster::claims;
use crate::cluster::context::{ClusterContext, ClusterQuota};
use crate::cluster::due::Due;
use crate::cluster::events::Events;
use crate::cluster::keeper::{self, Input, Outputs, Start};
use crate::cluster::lease::{self, Candidate};
use crate::cluster::lookup::Lookup;
use crate::cluster::quota::owners::Owners;
use crate::cluster::quota::store::ClusterStore;
use crate::cluster::quota::{self, Reconciler};
use crate::cluster::{status, watches};
use crate::pipeline::Gate;
use crate::quota::commit::Ledgers;
use crate::rego::{PolicySet, PolicySource, source};
use crate::resource::files;
use crate::server::health::Health;
use crate::server::tls::CurrentCertificate;
use crate::telemetry::metrics::Metrics;
use anyhow::Context;
use arc_swap::ArcSwap;
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use kube::api::PostParams;
use kube::{Api, Client, Config};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// Longest wait for a connection to the API server; requests and watches have their own limits.
const CONNECT: Duration = Duration::from_secs(5);
/// Inputs that may wait for the keeper; a watch that runs ahead of it waits too.
const WAITING: usize = 1_024;

/// The watches, and what comes of them.
pub(super) struct Cluster {
    client: Client,
    /// This process's name, as the holder of the lease and as the teller of Events.
    identity: String,
    events: Events,
    ledgers: Arc<Ledgers<ClusterStore>>,
    first: oneshot::Receiver<Arc<ArcSwap<Gate>>>,
    gate: Option<Arc<ArcSwap<Gate>>>,
    due: watch::Receiver<Arc<Vec<Due>>>,
}

/// Connects and starts to watch.
pub(super) async fn start(
    args: &Args,
    health: &Arc<Health>,
    metrics: &Arc<Metrics>,
) -> anyhow::Result<Cluster> {
    let mut config = Config::infer()
        .await
        .context("--cluster finds no cluster: set KUBECONFIG to a readable file, or run in a pod with a service account's token")?;
    config.connect_timeout = Some(CONNECT);
    let client = Client::try_from(config)
        .context("--cluster: the configuration of the cluster cannot be used")?;
    // Wrong files end the command, as they do without a cluster.
    let base = base(&args.policies)?;
    PolicySet::from_sources(base.clone())?;

    let (inputs, received) = mpsc::channel(WAITING);
    let (first_sender, first) = oneshot::channel();
    let (due_sender, due) = watch::channel(Arc::default());
    let outputs = Outputs {
        first: Some(first_sender),
        due: due_sender,
        health: Arc::clone(health),
        metrics: Arc::clone(metrics),
    };
    let follows_operator = args.operator_config_map.is_some();
    tokio::spawn(keeper::keep(
        Start { base, unassigned: args.unassigned, follows_operator },
        received,
        outputs,
    ));
    watches::start(&client, args.operator_config_map.as_ref(), &inputs);
    if !args.policies.is_empty() {
        tokio::spawn(follow(args.policies.clone(), inputs));
    }
    let identity = lease::identity();
    let events = Events::start(client.clone(), &identity, metrics);
    let ledgers = Arc::new(Ledgers::with_counters(
        Arc::new(ClusterStore::new(client.clone())),
        metrics.ledgers.clone(),
    ));
    Ok(Cluster { client, identity, events, ledgers, first, gate: None, due })
}

impl Cluster {
    /// Waits for the first full lists: the server does not listen before, so that no object is
    /// checked against half of the configuration.
    pub(super) async fn reviewer(
        &mut self,
        namespace: &str,
    ) -> anyhow::Result<Reviewer<ClusterContext, ClusterQuota>> {
        let gate = (&mut self.first).await.context("the task that watches the cluster ended")?;
        self.gate = Some(Arc::clone(&gate));
        let context = ClusterContext {
            gate,
            lookup: Lookup::new(self.client.clone()),
            events: self.events.clone(),
            user: self.user(namespace).await,
        };
        let owners = Owners::new(self.client.clone());
        Ok(Reviewer::new(context, ClusterQuota { ledgers: Arc::clone(&self.ledgers), owners }))
    }

    /// Who this process is to the API server, so that it knows its own writes.
    async fn user(&self, namespace: &str) -> String {
        let review = Api::<SelfSubjectReview>::all(self.client.clone());
        let told = tokio::time::timeout(
            CONNECT,
            review.create(&PostParams::default(), &SelfSubjectReview::default()),
        )
        .await;
        let user = told.ok().and_then(Result::ok).and_then(|told| told.status?.user_info?.username);
        user.unwrap_or_else(|| service_account(namespace))
    }

    /// Stands for the lease, with what its holder does; keeps the certificate unless files are
    /// given. To be called when nothing can fail any more: a replica that cannot serve should not
    /// lead.
    pub(super) fn stand(
        self,
        args: &Args,
        certificate: &Arc<CurrentCertificate>,
        health: &Arc<Health>,
        metrics: &Arc<Metrics>,
    ) -> Candidate {
        let candidate = Candidate::stand(
            self.client.clone(),
            &args.namespace,
            self.identity.clone(),
            lease::Timings::default(),
        );
        tokio::spawn(status::keep(self.client.clone(), self.due, candidate.leading()));
        if let Some(gate) = self.gate {
            tokio::spawn(claims::keep(self.client.clone(), Arc::clone(&gate), candidate.leading()));
            tokio::spawn(quota::keep(Reconciler {
                client: self.client.clone(),
                gate,
                ledgers: self.ledgers,
                leader: candidate.leading(),
                namespace: args.namespace.clone(),
                identity: self.identity,
                metrics: Arc::clone(metrics),
                timings: quota::Timings::default(),
            }));
        }
        if args.keeps_certificate() {
            tokio::spawn(certificates::keep(Keeper {
                client: self.client,
                namespace: args.namespace.clone(),
                more_names: args.tls_san.clone(),
                timings: certificates::Timings::default(),
                leader: candidate.leading(),
                current: Arc::clone(certificate),
                health: Arc::clone(health),
                metrics: Arc::clone(metrics),
            }));
        }
        candidate
    }
}

/// The built-in rules and those of files.
fn base(policies: &[PathBuf]) -> anyhow::Result<Vec<PolicySource>> {
    let mut sources = source::embedded();
    sources.extend(source::read(policies)?);
    Ok(sources)
}

/// Hands the policy files on when they change.
async fn follow(policies: Vec<PathBuf>, inputs: mpsc::Sender<Input>) {
    let mut seen = None;
    loop {
        let paths = policies.clone();
        let look = move || {
            files::list_files(&paths, &["rego"])
                .map(|found| (files::fingerprint(&found), paths))
                .map_err(|error| error.to_string())
        };
        let looked =
            tokio::task::spawn_blocking(look).await.unwrap_or_else(|error| Err(error.to_string()));
        match looked {
            Ok((now, paths)) if seen != Some(now) => {
                let first = seen.replace(now).is_none();
                match base(&paths) {
                    Ok(_) if first => {}
                    Ok(sources) => {
                        if inputs.send(Input::Base(sources)).await.is_err() {
                            return;
                        }
                    }
                    Err(error) => {
                        tracing::error!(%error, "the policy files were not reloaded: what was in force stays")
                    }
                }
            }
            Ok(_) => {}
            Err(error) => tracing::error!(
                error,
                "the policy files were not reloaded: what was in force stays"
            ),
        }
        tokio::time::sleep(RELOAD).await;
    }
}
