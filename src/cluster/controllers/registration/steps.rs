//! What the controller writes: the Secret, the paths, and repaired configurations.

use super::objects::{WEBHOOKS, as_json};
use super::repair::{Repair, repair};
use super::rotation::StoredToken;
use super::secret::{self, SECRET};
use super::state::{State, seconds};
use super::{TokenSource, paths};
use crate::admission::answer::Webhook;
use crate::admission::registration::path_token::PathToken;
use crate::cluster::controllers::attempts::PATIENCE;
use crate::cluster::controllers::step::StepError;
use kube::ResourceExt;
use kube::api::Patch;
use std::time::{Duration, Instant, SystemTime};

/// Between two writes of paths: another client may be overwriting them.
const BETWEEN_WRITES: Duration = Duration::from_secs(1);
/// Between two repairs.
pub(super) const BETWEEN_REPAIRS: Duration = Duration::from_secs(5);
/// What the leader does next.
pub(super) enum Task {
    Store { keep: Vec<StoredToken>, add: bool },
    Paths(Option<PathToken>),
    Repair(Vec<Webhook>),
    Rest(Duration),
}

impl State {
    /// Writes that into the Secret, for the leader. Every replica may, because any of them notices.
    pub(super) async fn mark_exposed(&mut self) {
        let Some(secret) = self.objects.secret.get().filter(|_| self.is_exposed) else { return };
        let newest = secret::read(Some(secret)).0.into_iter().last();
        let marked = secret::exposed(Some(secret));
        if newest.is_some_and(|newest| marked.is_none_or(|marked| marked < newest.since)) {
            let marked = secret::expose(secret.clone(), seconds(SystemTime::now()));
            match tokio::time::timeout(PATIENCE, self.apis.store(&marked)).await {
                Ok(Ok(written)) => self.objects.secret.set(Some(written)),
                // The next reconciliation tries again.
                Ok(Err(error)) => return tracing::debug!(%error, "exposed path token not noted"),
                Err(_) => return,
            }
        }
        self.is_exposed = false;
    }

    /// Takes one step, if nothing has changed since the step was chosen.
    pub(super) async fn take(&mut self, task: Task) -> Result<(), StepError> {
        let with_secret = matches!(self.controller.source, TokenSource::Secret(_));
        let fresh = self.apis.read(with_secret).await?;
        let unchanged = fresh.are_same(&self.objects)
            && (!with_secret || fresh.secret.is_same(&self.objects.secret));
        self.objects.update(fresh);
        if !unchanged || !*self.controller.leader.borrow() {
            return Ok(());
        }
        match task {
            Task::Store { keep, add } => self.store(keep, add).await,
            Task::Paths(token) => self.publish(token.as_ref()).await,
            Task::Repair(differ) => self.repair(&differ).await,
            Task::Rest(_) => Ok(()),
        }
    }

    pub(super) async fn store(
        &mut self,
        keep: Vec<StoredToken>,
        add: bool,
    ) -> Result<(), StepError> {
        let mut tokens = keep;
        if add {
            tokens
                .push(StoredToken { token: PathToken::make()?, since: seconds(SystemTime::now()) });
        }
        let written = secret::write(&tokens, self.objects.secret.get().cloned());
        self.objects.secret.set(Some(self.apis.store(&written).await?));
        tracing::info!(
            tokens = tokens.len(),
            new = add,
            "wrote the path tokens into the Secret {SECRET}"
        );
        Ok(())
    }

    async fn publish(&mut self, token: Option<&PathToken>) -> Result<(), StepError> {
        self.attempts.pause(BETWEEN_WRITES);
        for (webhook, configuration) in self.configurations() {
            if let Some(patch) = paths::patch(webhook, &configuration, token) {
                let patched = self.apis.patch(webhook, Patch::Strategic(patch)).await?;
                self.objects.configuration(webhook).set(Some(patched));
            }
        }
        tracing::info!("wrote the paths of the webhook configurations");
        Ok(())
    }

    async fn repair(&mut self, differ: &[Webhook]) -> Result<(), StepError> {
        self.next_repair = Instant::now() + BETWEEN_REPAIRS;
        for webhook in differ.iter().copied() {
            let json = |webhook| self.objects.stored(webhook).map(as_json);
            let other = WEBHOOKS.into_iter().find(|other| *other != webhook).and_then(json);
            let namespace = &self.controller.namespace;
            let repaired = match repair(webhook, json(webhook).as_ref(), other.as_ref(), namespace)
            {
                Some(Repair::Patch(patch)) => self.apis.patch(webhook, Patch::Merge(patch)).await?,
                Some(Repair::Create(made)) => self.apis.create(webhook, &made).await?,
                None => continue,
            };
            let before = self.objects.stored(webhook).and_then(ResourceExt::resource_version);
            // An address that differs is not repaired: the right one is not known.
            if before != repaired.resource_version() {
                tracing::info!(webhook = webhook.as_str(), "repaired the webhook configuration");
            }
            self.objects.configuration(webhook).set(Some(repaired));
        }
        Ok(())
    }
}
