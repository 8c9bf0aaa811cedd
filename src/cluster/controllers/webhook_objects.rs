//! The loop of a controller that keeps a Secret of Flinkgate and both webhook configurations: it
//! follows the three objects, and takes a step after each change.

use super::known::WatchError;
use crate::admission::registration::CONFIGURATION;
use crate::cluster::watch::{Event, Target, WatchTimings, follow};
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration,
};
use k8s_openapi::api::core::v1::Secret;
use kube::Client;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// One event of one of the objects.
pub(super) enum Message {
    Secret(Event),
    Mutating(Event),
    Validating(Event),
}

/// The state of a controller.
pub(super) trait Reconciler {
    /// Takes the next step, as the leader or not, and returns how long there is nothing to do.
    async fn reconcile(&mut self, leads: bool) -> Duration;
    /// Takes a change of an object.
    fn apply(&mut self, message: Message) -> Result<(), WatchError>;
    /// Remembers that a watch failed.
    fn unwatched(&mut self, error: &WatchError);
    /// Waits for something else that needs a step.
    async fn woken(&self) {
        std::future::pending().await
    }
    /// Takes what [`Self::woken`] waited for.
    fn wake(&mut self) {}
}

/// Events that may wait; beyond that, the watches wait.
const WAITING: usize = 16;

/// Runs a controller from its start to its end. `secret` has the namespace and name of its Secret.
pub(super) async fn run(
    client: Client,
    secret: Option<(&str, &str)>,
    mut leader: watch::Receiver<bool>,
    mut state: impl Reconciler,
) {
    let (sender, mut messages) = mpsc::channel(WAITING);
    let mut watches = JoinSet::new();
    let mut follow = |target, message: fn(Event) -> Message| {
        watches.spawn(follow(client.clone(), target, WatchTimings::EAGER, sender.clone(), message));
    };
    if let Some((namespace, name)) = secret {
        follow(Target::object::<Secret>(Some(namespace), name), Message::Secret);
    }
    follow(Target::object::<MutatingWebhookConfiguration>(None, CONFIGURATION), Message::Mutating);
    follow(
        Target::object::<ValidatingWebhookConfiguration>(None, CONFIGURATION),
        Message::Validating,
    );
    let mut elected = true;
    loop {
        let leads = *leader.borrow_and_update();
        let pause = state.reconcile(leads).await;
        tokio::select! {
            Some(message) = messages.recv() => {
                if let Err(error) = state.apply(message) {
                    state.unwatched(&error);
                }
            }
            () = state.woken() => state.wake(),
            // Without an elector this replica no longer leads; the Secret is still followed.
            changed = leader.changed(), if elected => elected = changed.is_ok(),
            () = tokio::time::sleep(pause) => {}
        }
    }
}
