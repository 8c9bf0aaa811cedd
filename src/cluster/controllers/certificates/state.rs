//! The state of the controller in one process: what it has read, remembers and serves.

use super::Controller;
use super::authority::{self, Authority};
use super::objects::{Apis, Objects};
use super::rotation::{self, Bundle, Change, Established, Id, LeafChange, Now, Step, Store, View};
use super::secret::{Material, SECRET};
use crate::cluster::controllers::attempts::{Attempts, PATIENCE};
use crate::cluster::controllers::known::WatchError;
use crate::cluster::controllers::step::StepError;
use crate::cluster::controllers::webhook_objects::{Message, Reconciler};
use crate::server::certificate::{CertificateError, Serving};
use crate::server::issue;
use jiff::Timestamp;
use std::time::{Duration, Instant, SystemTime};

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
    attempts: Attempts,
}

/// The objects, read.
struct Reading {
    material: Material,
    store: Store,
    bundles: Vec<Bundle>,
    published: Vec<Authority>,
}

impl Reconciler for State {
    /// Serves the stored leaf, and takes the next step if this process leads.
    async fn reconcile(&mut self, leading: bool) -> Duration {
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
        let wait = self.attempts.wait(now.clock);
        if !wait.is_zero() {
            return wait;
        }
        let taken = tokio::time::timeout(PATIENCE, self.take(step, &reading, now.wall)).await;
        match taken.unwrap_or(Err(StepError::Timeout)) {
            Ok(()) => {
                self.attempts.succeeded();
                Duration::ZERO
            }
            Err(error) => {
                self.attempts.failed("certificates not renewed", &error);
                self.attempts.back_off()
            }
        }
    }

    fn apply(&mut self, message: Message) -> Result<(), WatchError> {
        match message {
            Message::Secret(event) => self.objects.secret.apply(event),
            Message::Mutating(event) => self.objects.mutating.apply(event),
            Message::Validating(event) => self.objects.validating.apply(event),
        }
    }

    fn unwatched(&mut self, error: &WatchError) {
        self.attempts.problem("cannot watch the Secret or the webhook configurations", error);
    }
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
            attempts: Attempts::new(),
        }
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
        let more = refused.as_deref().into_iter().chain(self.attempts.last_problem());
        let more = more.map(|more| format!("; {more}"));
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
                self.attempts.pause(BETWEEN_BUNDLES);
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
