//! `serve --cluster`: tenants, policies and namespaces from the Kubernetes cluster instead of from
//! files.

use super::{Args, RELOAD};
use crate::admission::quota::Patience;
use crate::admission::registration::service_account;
use crate::admission::reviewer::Reviewer;
use crate::cluster::context::{ClusterContext, ClusterQuota};
use crate::cluster::controllers::certificates;
use crate::cluster::controllers::claims;
use crate::cluster::controllers::events::Events;
use crate::cluster::controllers::quota;
use crate::cluster::controllers::registration::{self, TokenSource};
use crate::cluster::controllers::status::{self, Update};
use crate::cluster::controllers::tenants::{self, Input, Outputs, Start};
use crate::cluster::deletions;
use crate::cluster::lease::{self, Candidate};
use crate::cluster::ledger_store::ClusterStore;
use crate::cluster::lookup::Lookup;
use crate::cluster::owners::Owners;
use crate::cluster::watch::SharedWatches;
use crate::pipeline::Gate;
use crate::quota::admitted_store::AdmittedLedgers;
use crate::quota::commit::Ledgers;
use crate::rego::{PolicySet, dialect, source};
use crate::resource::files;
use crate::server::health::Health;
use crate::server::tls::CurrentCertificate;
use crate::telemetry::metrics::Metrics;
use anyhow::Context;
use arc_swap::ArcSwap;
use futures::FutureExt;
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use kube::api::PostParams;
use kube::{Api, Client, Config};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// Longest wait for a connection to the API server; requests and watches have their own limits.
const CONNECT: Duration = Duration::from_secs(5);
/// Inputs that may wait for the tenants controller; beyond that, watches wait.
const WAITING: usize = 1_024;

/// The connection to the cluster, and what the controllers share.
pub(super) struct Cluster {
    client: Client,
    /// This process's name, as the holder of the lease and the reporter of Events.
    identity: String,
    events: Events,
    ledgers: Arc<Ledgers<ClusterStore>>,
    admitted: Arc<AdmittedLedgers<ClusterStore>>,
    first: oneshot::Receiver<Arc<ArcSwap<Gate>>>,
    gate: Option<Arc<ArcSwap<Gate>>>,
    updates: watch::Receiver<Arc<Vec<Update>>>,
    watches: SharedWatches,
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
    let base = dialect::only_own(source::read(&args.policies.policies)?)?;
    PolicySet::from_sources(base.clone())?;

    let (inputs, received) = mpsc::channel(WAITING);
    let (first_sender, first) = oneshot::channel();
    let (update_sender, updates) = watch::channel(Arc::default());
    let outputs = Outputs {
        first: Some(first_sender),
        updates: update_sender,
        health: Arc::clone(health),
        metrics: Arc::clone(metrics),
    };
    let follows_operator = args.operator_config_map.is_some();
    tokio::spawn(tenants::run(
        Start {
            base,
            unassigned: args.unassigned.unassigned,
            follows_operator,
            operator_users: args.operator_users(),
            operator_version: args.operator.operator_version,
        },
        received,
        outputs,
    ));
    let watches = SharedWatches::start(&client);
    tenants::follow_inputs(&client, &watches, args.operator_config_map.as_ref(), &inputs).await;
    if !args.policies.policies.is_empty() {
        tokio::spawn(follow(args.policies.policies.clone(), inputs));
    }
    let identity = lease::identity();
    let events = Events::start(client.clone(), &identity, metrics);
    let store = Arc::new(ClusterStore::new(client.clone(), metrics.ledgers.unreadable.clone()));
    let admitted = Arc::new(AdmittedLedgers::new(Arc::clone(&store)));
    let ledgers = Arc::new(Ledgers::with_counters(store, metrics.ledgers.clone()));
    Ok(Cluster { client, identity, events, ledgers, admitted, first, gate: None, updates, watches })
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
        let (ledgers, admitted) = (Arc::clone(&self.ledgers), Arc::clone(&self.admitted));
        let client = self.client.clone();
        let patience = Patience::new(Box::new(move |counted| {
            deletions::deleted(client.clone(), counted).boxed()
        }));
        Ok(Reviewer::new(context, ClusterQuota { ledgers, owners, admitted, patience }))
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
        token_source: TokenSource,
        certificate: &Arc<CurrentCertificate>,
        health: &Arc<Health>,
        metrics: &Arc<Metrics>,
    ) -> Candidate {
        let candidate = Candidate::start(
            self.client.clone(),
            &args.namespace,
            self.identity.clone(),
            lease::LeaseTimings::default(),
        );
        tokio::spawn(registration::run(registration::Controller {
            client: self.client.clone(),
            namespace: args.namespace.clone(),
            identity: self.identity.clone(),
            source: token_source,
            repairs: args.repair_webhooks,
            timings: registration::rotation::TokenTimings::default(),
            leader: candidate.leading(),
            health: Arc::clone(health),
            metrics: Arc::clone(metrics),
        }));
        tokio::spawn(status::run(
            self.client.clone(),
            self.updates,
            candidate.leading(),
            Arc::clone(metrics),
        ));
        if let Some(gate) = self.gate {
            tokio::spawn(claims::run(self.client.clone(), Arc::clone(&gate), candidate.leading()));
            tokio::spawn(quota::run(quota::Controller {
                client: self.client.clone(),
                watches: self.watches,
                gate,
                ledgers: self.ledgers,
                admitted: self.admitted,
                leader: candidate.leading(),
                namespace: args.namespace.clone(),
                identity: self.identity,
                metrics: Arc::clone(metrics),
                timings: quota::ReconcileTimings::default(),
            }));
        }
        if args.keeps_certificate() {
            tokio::spawn(certificates::run(certificates::Controller {
                client: self.client,
                namespace: args.namespace.clone(),
                more_names: args.tls_san.clone(),
                timings: certificates::CertificateTimings::default(),
                leader: candidate.leading(),
                current: Arc::clone(certificate),
                health: Arc::clone(health),
                metrics: Arc::clone(metrics),
            }));
        }
        candidate
    }
}

/// Hands the policy files on when they change.
async fn follow(policies: Vec<PathBuf>, inputs: mpsc::Sender<Input>) {
    let mut seen = None;
    loop {
        let paths = policies.clone();
        let look = move || {
            files::list_files(&source::on_disk(&paths), &source::EXTENSIONS)
                .map(|found| (files::fingerprint(&found), paths))
                .map_err(|error| error.to_string())
        };
        let looked =
            tokio::task::spawn_blocking(look).await.unwrap_or_else(|error| Err(error.to_string()));
        match looked {
            Ok((now, paths)) if seen != Some(now) => {
                let first = seen.replace(now).is_none();
                match source::read(&paths).and_then(dialect::only_own) {
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
