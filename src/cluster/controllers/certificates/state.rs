//! The state of the controller in one process: what it has read, remembers and serves.

use super::Controller;
use super::authority::{self, Authority};
use super::objects::{Apis, Objects};
use super::rotation::{self, Bundle, Change, Established, Id, LeafChange, Now, Step, Store, View};
use super::secret::{Material, SECRET};
use crate::cluster::controllers::step::StepError;
use crate::jitter::jittered;
use crate::server::certificate::{CertificateError, Serving};
use crate::server::issue;
use jiff::Timestamp;
use std::fmt::Display;
use std::time::{Duration, Instant, SystemTime};

/// How long the reads and the write of one step may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two attempts at first, and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(15));
/// Between two writes of bundles: another client may be overwriting them.
const BETWEEN_BUNDLES: Duration = Duration::from_secs(1);

pub(super) struct State {
    pub(super) objects: Objects,
    controller: Controller,
    apis: Apis,
    names: Vec<String>,
    /// The Secret when it last had a leaf to serve.
    memory: (Material, Store),
    established: Established,
    /// The leaf in use: its certificate, and its expiry.
    served: Option<(String, SystemTime)>,
    /// The last error, until a step succeeds.
    problem: Option<String>,
    retry: Duration,
    not_before: Instant,
}

/// The objects, read.
struct Reading {
    material: Material,
    store: Store,
    bundles: Vec<Bundle>,
    published: Vec<Authority>,
}

impl State {
    pub(super) fn new(controller: Controller, apis: Apis) -> Self {
        Self {
            objects: Objects::not_yet(),
            names: issue::names(&controller.namespace, &controller.more_names),
            controller,
            apis,
            memory: <(Material, Store)>::default(),
            established: Established::default(),
            served: None,
            problem: None,
            retry: RETRY.0,
            not_before: Instant::now(),
        }
    }

    /// Serves the stored leaf, takes the next step if this process leads, and returns how long there
    /// is nothing to do.
    pub(super) async fn reconcile(&mut self, leading: bool) -> Duration {
        let reading = self.read();
        self.serve(&reading);
        let now = Now { wall: SystemTime::now(), clock: Instant::now() };
        self.established.observe(&reading.store, &reading.bundles, now.clock);
        if reading.store.can_serve(now.wall) {
            self.memory = (reading.material.clone(), reading.store.clone());
        }
        if !leading || !self.objects.are_known() {
            return self.controller.timings.reconcile;
        }
        let view = View {
            store: &reading.store,
            memory: &self.memory.1,
            bundles: &reading.bundles,
            established: &self.established,
        };
        let step = rotation::next(view, now, &self.controller.timings);
        if let Step::Rest(pause) = step {
            return pause;
        }
        if now.clock < self.not_before {
            return self.not_before - now.clock;
        }
        let taken = tokio::time::timeout(PATIENCE, self.take(step, &reading, now.wall)).await;
        match taken.unwrap_or(Err(StepError::Timeout)) {
            Ok(()) => {
                self.retry = RETRY.0;
                self.problem = None;
                Duration::ZERO
            }
            Err(error) => {
                if error.is_collision() {
                    tracing::debug!(%error, "another replica wrote first");
                } else {
                    self.problem("certificates not renewed", &error);
                }
                let pause = jittered(self.retry, 0.25);
                self.retry = (self.retry * 2).min(RETRY.1);
                self.not_before = Instant::now() + pause;
                pause
            }
        }
    }

    /// Remembers an error for `/readyz`.
    pub(super) fn problem(&mut self, what: &str, error: &dyn Display) {
        tracing::warn!(%error, "{what}");
        self.problem = Some(format!("{what}: {error}"));
    }

    fn read(&self) -> Reading {
        let (material, store) = Material::read(self.objects.secret.get(), &self.names);
        let (bundles, published): (Vec<_>, Vec<_>) = self.objects.bundles().into_iter().unzip();
        Reading { material, store, bundles, published: published.into_iter().flatten().collect() }
    }

    /// Serves a new leaf from the next handshake on, and reports what is served.
    fn serve(&mut self, reading: &Reading) {
        let mut refused = None;
        if let Some(leaf) = &reading.material.leaf
            && self.served.as_ref().is_none_or(|(served, _)| *served != leaf.certificate)
        {
            match Serving::from_pem(leaf.certificate.as_bytes(), leaf.key.as_bytes()) {
                Ok(serving) => {
                    tracing::info!(
                        not_after = serving.not_after_text(),
                        authority = leaf.facts().authority,
                        "new serving certificate"
                    );
                    self.controller.metrics.certificate_expiry.set(serving.not_after_seconds());
                    self.served = Some((leaf.certificate.clone(), serving.not_after));
                    self.controller.current.swap(serving);
                }
                Err(error) => refused = Some(format!("the new one was rejected: {error}")),
            }
        }
        let source = format!("Secret {}/{SECRET}", self.controller.namespace);
        let (ready, text) = match (&self.served, self.controller.current.get()) {
            (Some((_, until)), Some(serving)) => {
                let valid = SystemTime::now() < *until;
                let until = serving.not_after_text();
                (
                    valid,
                    if valid {
                        format!("from {source}, valid until {until}")
                    } else {
                        format!("expired on {until}")
                    },
                )
            }
            _ => (false, format!("waiting for the leader to put one into {source}")),
        };
        let more = refused.iter().chain(&self.problem).map(|more| format!("; {more}"));
        self.controller.health.set("certificate", ready, text + &more.collect::<String>());
    }

    /// Takes one step, if nothing has changed since the step was chosen.
    async fn take(
        &mut self,
        step: Step,
        reading: &Reading,
        now: SystemTime,
    ) -> Result<(), StepError> {
        let fresh = self.apis.read().await?;
        let unchanged = fresh.are_same(&self.objects);
        self.objects.update(fresh);
        if !unchanged || !*self.controller.leader.borrow() {
            return Ok(());
        }
        match step {
            Step::Store(change) => {
                let material = self.make(&change, reading, now)?;
                let secret = material.write(self.objects.secret.get().cloned());
                self.objects.secret.set(Some(self.apis.store(&secret).await?));
                let (authorities, leaf) =
                    (material.authorities.len(), format!("{:?}", change.leaf));
                tracing::info!(
                    authorities,
                    new_authority = change.new_authority,
                    leaf,
                    "wrote the Secret {SECRET}"
                );
            }
            Step::Publish => {
                self.not_before = Instant::now() + BETWEEN_BUNDLES;
                let held = reading
                    .bundles
                    .iter()
                    .map(|bundle| bundle.authorities.len())
                    .collect::<Vec<_>>();
                self.apis.publish(&mut self.objects, &reading.material.authorities).await?;
                tracing::info!(
                    ?held,
                    holds = reading.material.authorities.len(),
                    "wrote the caBundle of the webhook configurations"
                );
            }
            Step::Rest(_) => {}
        }
        Ok(())
    }

    /// The contents of the Secret.
    fn make(
        &self,
        change: &Change,
        reading: &Reading,
        now: SystemTime,
    ) -> Result<Material, CertificateError> {
        let timings = &self.controller.timings;
        let find = |id: &Id| {
            let elsewhere = self.memory.0.authorities.iter().chain(&reading.published);
            reading
                .material
                .authorities
                .iter()
                .chain(elsewhere)
                .find(|authority| authority.facts().id == *id)
        };
        let known = |(id, signs): &(Id, bool)| {
            find(id).map(|one| if *signs { one.clone() } else { one.without_key() })
        };
        let mut authorities: Vec<Authority> = change.authorities.iter().filter_map(known).collect();
        let mut new = None;
        if change.new_authority {
            // The date decides which one is the newest, even if this clock is behind the one that
            // dated the others.
            let latest = authorities
                .iter()
                .map(|authority| authority.facts().issued + Duration::from_secs(1))
                .max();
            let made =
                Authority::make(latest.map_or(now, |latest| latest.max(now)), timings.authority)?;
            authorities.push(made.clone());
            new = Some(made);
        }
        let sign = |signer: Option<&Authority>| {
            signer.ok_or(CertificateError::NoKey)?.sign(&self.names, now, timings.leaf)
        };
        let leaf = match &change.leaf {
            LeafChange::Keep => reading.material.leaf.clone(),
            LeafChange::Restore => self.memory.0.leaf.clone(),
            LeafChange::None => None,
            LeafChange::Sign(id) => Some(sign(find(id))?),
            LeafChange::SignWithNew => Some(sign(new.as_ref())?),
        };
        authority::sort(&mut authorities);
        let kept = reading.material.since.filter(|_| change.leaf == LeafChange::Keep);
        let since = leaf.as_ref().and_then(|_| kept.or_else(|| seconds(now)));
        Ok(Material { authorities, leaf, since })
    }
}

/// A time to the second, as the Secret has it.
fn seconds(time: SystemTime) -> Option<Timestamp> {
    Timestamp::from_second(Timestamp::try_from(time).ok()?.as_second()).ok()
}
