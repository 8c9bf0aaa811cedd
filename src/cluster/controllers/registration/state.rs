//! The state of the controller in one process: what it has read, remembers and accepts.

use super::objects::{Apis, Objects, WEBHOOKS, as_json};
use super::report::{Channels, Report};
use super::rotation::{self, Step, StoredToken, View};
use super::secret::{self, SECRET};
use super::steps::{BETWEEN_REPAIRS, Task};
use super::{Controller, TokenSource, exposed, paths};
use crate::admission::answer::Webhook;
use crate::admission::registration::path_token::PathToken;
use crate::cluster::controllers::attempts::{Attempts, PATIENCE};
use crate::cluster::controllers::known::WatchError;
use crate::cluster::controllers::step::StepError;
use crate::cluster::controllers::webhook_objects::{Message, Reconciler};
use serde_json::Value;
use std::time::{Duration, Instant, SystemTime};

/// How long a replica waits for the leader's first token.
const LEADER_PATIENCE: Duration = Duration::from_secs(10);
/// After a repair that failed.
const FAILED_REPAIR: Duration = Duration::from_secs(60);

pub(super) struct State {
    pub(super) objects: Objects,
    pub(super) controller: Controller,
    pub(super) apis: Apis,
    report: Report,
    /// The tokens when the Secret last had any.
    memory: Vec<StoredToken>,
    /// Since when this process has seen each stored token.
    seen: Vec<(PathToken, Instant)>,
    /// Since when all webhooks have had the newest token.
    published: Option<(PathToken, Instant)>,
    /// When this process became the leader.
    elected: Option<SystemTime>,
    /// Whether API servers may have shown the token, and the Secret does not say so yet.
    pub(super) is_exposed: bool,
    /// Since when a replica that does not lead has known of no token.
    missing: Option<Instant>,
    pub(super) attempts: Attempts,
    pub(super) next_repair: Instant,
}

impl Reconciler for State {
    /// Accepts the stored tokens, compares the configurations, and takes the next step if this
    /// process leads.
    async fn reconcile(&mut self, leads: bool) -> Duration {
        let now = (SystemTime::now(), Instant::now());
        self.elected = if leads { self.elected.or(Some(seconds(now.0))) } else { None };
        self.mark_exposed().await;
        let (stored, tidy) = secret::read(self.objects.secret.get());
        self.accept(&stored, now.1);
        let reconcile = self.controller.timings.reconcile;
        if !self.objects.are_configurations_known() {
            return reconcile;
        }
        let channels = Channels {
            health: &self.controller.health,
            metrics: &self.controller.metrics,
            client: &self.controller.client,
            identity: &self.controller.identity,
            leads,
        };
        let differ = self.report.compare(&self.objects, &self.controller.namespace, &channels);
        let Some(elected) = self.elected else { return self.follow(&stored, now.1).await };
        let task = match self.next(&stored, tidy, elected, now) {
            Task::Rest(_) if self.controller.repairs && !differ.is_empty() => {
                let wait = self.next_repair.saturating_duration_since(now.1);
                if wait.is_zero() { Task::Repair(differ) } else { Task::Rest(wait) }
            }
            task => task,
        };
        if let Task::Rest(pause) = task {
            return pause;
        }
        let wait = self.attempts.wait(now.1);
        if !wait.is_zero() {
            return wait;
        }
        let is_repair = matches!(task, Task::Repair(_));
        let taken = tokio::time::timeout(PATIENCE, self.take(task)).await;
        match taken.unwrap_or(Err(StepError::Timeout)) {
            Ok(()) => {
                self.attempts.succeeded();
                Duration::ZERO
            }
            Err(error) => {
                self.attempts.failed("webhook configurations not updated", &error);
                if is_repair {
                    // Often a missing right: the token must not wait for it.
                    self.next_repair = Instant::now() + FAILED_REPAIR;
                    return BETWEEN_REPAIRS;
                }
                self.attempts.back_off()
            }
        }
    }

    fn apply(&mut self, message: Message) -> Result<(), WatchError> {
        match message {
            Message::Secret(event) => self.objects.secret.apply(event),
            Message::Mutating(event) => self.objects.configuration(Webhook::Mutate).apply(event),
            Message::Validating(event) => {
                self.objects.configuration(Webhook::Validate).apply(event)
            }
        }
    }

    fn unwatched(&mut self, error: &WatchError) {
        self.attempts.problem("cannot watch the path token or the webhook configurations", error);
    }

    async fn woken(&self) {
        exposed(&self.controller.source).await;
    }

    /// API servers may have shown the token to a client.
    fn wake(&mut self) {
        self.is_exposed = true;
    }
}

impl State {
    pub(super) fn new(controller: Controller) -> Self {
        Self {
            objects: Objects::not_yet(),
            apis: Apis::new(&controller.client, &controller.namespace),
            controller,
            report: Report::default(),
            memory: Vec::new(),
            seen: Vec::new(),
            published: None,
            elected: None,
            is_exposed: false,
            missing: None,
            attempts: Attempts::new(),
            next_repair: Instant::now(),
        }
    }

    /// What a replica does that does not lead: it makes the first token if the leader, of an older
    /// version, makes none. Otherwise a rolling update would wait for it forever.
    async fn follow(&mut self, stored: &[StoredToken], now: Instant) -> Duration {
        let reconcile = self.controller.timings.reconcile;
        let is_missing = matches!(self.controller.source, TokenSource::Secret(_))
            && self.objects.secret.is_known()
            && stored.is_empty()
            && self.memory.is_empty();
        if !is_missing {
            self.missing = None;
            return reconcile;
        }
        let end = *self.missing.get_or_insert(now) + LEADER_PATIENCE;
        let wait = end.saturating_duration_since(now).max(self.attempts.wait(now));
        if !wait.is_zero() {
            return wait;
        }
        self.attempts.back_off_fully();
        match tokio::time::timeout(PATIENCE, self.store(Vec::new(), true)).await {
            Ok(Ok(())) => return Duration::ZERO,
            Ok(Err(error)) if error.is_collision() => {}
            Ok(Err(error)) => self.attempts.problem("path token not made", &error),
            Err(_) => self.attempts.problem("path token not made", &StepError::Timeout),
        }
        LEADER_PATIENCE
    }

    /// Accepts the stored tokens from now on. If there are none, the last ones stay.
    fn accept(&mut self, stored: &[StoredToken], now: Instant) {
        let TokenSource::Secret(accepted) = &self.controller.source else { return };
        self.seen.retain(|(token, _)| stored.iter().any(|stored| stored.token == *token));
        for stored in stored {
            if !self.seen.iter().any(|(token, _)| *token == stored.token) {
                self.seen.push((stored.token.clone(), now));
            }
        }
        if !stored.is_empty() && stored != self.memory {
            self.memory = stored.to_vec();
            accepted.set(stored.iter().map(|stored| stored.token.clone()).collect());
        }
        let source = format!("Secret {}/{SECRET}", self.controller.namespace);
        let (ready, text) = if self.memory.is_empty() {
            (false, format!("waiting for the leader to put one into {source}"))
        } else {
            (true, format!("from {source}"))
        };
        let text = self
            .attempts
            .last_problem()
            .iter()
            .fold(text, |text, problem| format!("{text}; {problem}"));
        self.controller.health.set("path-token", ready, text);
    }

    pub(super) fn configurations(&self) -> Vec<(Webhook, Value)> {
        let stored = |webhook| Some((webhook, as_json(self.objects.stored(webhook)?)));
        WEBHOOKS.into_iter().filter_map(stored).collect()
    }

    fn next(
        &mut self,
        stored: &[StoredToken],
        tidy: bool,
        elected: SystemTime,
        now: (SystemTime, Instant),
    ) -> Task {
        let configurations = self.configurations();
        let reconcile = self.controller.timings.reconcile;
        let fixed = match &self.controller.source {
            TokenSource::Secret(_) if !self.objects.secret.is_known() => {
                return Task::Rest(reconcile);
            }
            TokenSource::Secret(_) => None,
            TokenSource::File(accepted) => Some(accepted.get().first().cloned()),
            TokenSource::None => Some(None),
        };
        if let Some(token) = fixed {
            let is_stale = |(webhook, configuration): &(Webhook, Value)| {
                paths::patch(*webhook, configuration, token.as_ref()).is_some()
            };
            let stale = configurations.iter().any(is_stale);
            return if stale { Task::Paths(token) } else { Task::Rest(reconcile) };
        }
        let tokens: Vec<PathToken> = stored.iter().map(|stored| stored.token.clone()).collect();
        let sent: Vec<Option<usize>> = configurations
            .iter()
            .flat_map(|(webhook, configuration)| paths::sent(*webhook, configuration, &tokens))
            .collect();
        self.observe_published(&tokens, &sent, now.1);
        let since = |token: &PathToken| self.seen.iter().find(|(seen, _)| seen == token);
        let seen: Vec<Duration> = tokens
            .iter()
            .map(|token| since(token).map_or(Duration::ZERO, |(_, since)| now.1 - *since))
            .collect();
        let view = View {
            stored,
            tidy,
            memory: &self.memory,
            seen: &seen,
            sent: &sent,
            published: self.published.as_ref().map_or(Duration::ZERO, |(_, since)| now.1 - *since),
            elected,
            exposed: secret::exposed(self.objects.secret.get()),
        };
        match rotation::next(view, now.0, &self.controller.timings) {
            Step::Rest(pause) => Task::Rest(pause),
            Step::Publish(index) => Task::Paths(tokens.get(index).cloned()),
            Step::Store { keep, add } => Task::Store { keep, add },
        }
    }

    fn observe_published(&mut self, tokens: &[PathToken], sent: &[Option<usize>], now: Instant) {
        let newest = tokens.last().filter(|_| {
            let index = tokens.len().checked_sub(1);
            sent.iter().all(|sent| *sent == index)
        });
        self.published = match (newest, self.published.take()) {
            (Some(newest), Some((token, since))) if token == *newest => Some((token, since)),
            (Some(newest), _) => Some((newest.clone(), now)),
            (None, _) => None,
        };
    }
}

/// A time to the second, as the Secret has it.
pub(super) fn seconds(time: SystemTime) -> SystemTime {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_secs(since.as_secs())
}
