//! The next step of a path token's rotation, decided from the objects: a pure function, as for
//! [certificates](super::super::certificates::rotation).
//!
//! A new token comes into use in an order in which every replica accepts what any API server sends:
//!
//! 1. the new token is added to the Secret, next to the old one, and replicas get `margin` to load it,
//! 2. it is written into the paths of both configurations, and API servers get `margin` to load them,
//! 3. the old token is removed from the Secret, and replicas refuse it.
//!
//! A token is rotated when its `life` ends, and after API servers may have shown it: if they get no
//! answer, they report the URL that they called, with the token, to the client whose request failed.
//! That is so when a replica becomes the leader (there may have been none), and when a client did not
//! wait for its answer.

use crate::admission::registration::path_token::PathToken;
use std::time::{Duration, SystemTime};

/// Life and pauses of path tokens.
#[derive(Clone, Copy, Debug)]
pub struct TokenTimings {
    /// How long a token is used before the next one is made.
    pub life: Duration,
    /// How long a token is used at least, although API servers may have shown it: tenants can
    /// cause that by cancelling requests.
    pub pause: Duration,
    /// From a write until every replica, or every API server, is assumed to have read it.
    pub margin: Duration,
    /// The longest time between two reconciliations.
    pub reconcile: Duration,
}

impl Default for TokenTimings {
    fn default() -> Self {
        Self {
            life: Duration::from_secs(3_600),
            pause: Duration::from_secs(300),
            margin: Duration::from_secs(30),
            reconcile: Duration::from_secs(60),
        }
    }
}

/// A token in the Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredToken {
    /// The token.
    pub token: PathToken,
    /// When it was made, to the second.
    pub since: SystemTime,
}

/// Everything that the decision depends on.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The tokens in the Secret, oldest first.
    pub stored: &'a [StoredToken],
    /// Whether the Secret has nothing else under that key.
    pub tidy: bool,
    /// The tokens that this process read last.
    pub memory: &'a [StoredToken],
    /// How long this process has seen each stored token in the Secret.
    pub seen: &'a [Duration],
    /// For each webhook, which of the stored tokens its path has.
    pub sent: &'a [Option<usize>],
    /// How long all webhooks have had the newest token.
    pub published: Duration,
    /// When this process became the leader.
    pub elected: SystemTime,
    /// When API servers may last have shown a token to a client.
    pub exposed: Option<SystemTime>,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Write these tokens into the Secret.
    Store {
        /// Those that stay.
        keep: Vec<StoredToken>,
        /// Whether a new one is added.
        add: bool,
    },
    /// Write the stored token with this number into the paths of all webhooks.
    Publish(usize),
    /// Nothing, for this long at most.
    Rest(Duration),
}

/// Decides.
pub fn next(view: View<'_>, now: SystemTime, timings: &TokenTimings) -> Step {
    let Some(newest) = view.stored.len().checked_sub(1) else {
        // The Secret is new, or a user deleted it to get a new token. What API servers still send
        // stays accepted until they have the new one.
        return Step::Store { keep: view.memory.to_vec(), add: true };
    };
    if !view.tidy {
        return Step::Store { keep: view.stored.to_vec(), add: false };
    }
    let remaining = |index: usize| {
        timings.margin.saturating_sub(view.seen.get(index).copied().unwrap_or_default())
    };
    // Replicas have loaded a token that was published before. If API servers send none that is
    // accepted, nothing has to wait.
    let usable = |index: &usize| remaining(*index).is_zero() || view.sent.contains(&Some(*index));
    let wanted = (0..=newest).rev().find(usable).unwrap_or(newest);
    if view.sent.iter().any(|sent| *sent != Some(wanted)) {
        return Step::Publish(wanted);
    }
    if wanted != newest {
        return Step::Rest(remaining(newest).min(timings.reconcile));
    }
    let Some(current) = view.stored.get(newest) else { return Step::Rest(timings.reconcile) };
    if view.stored.len() > 1 {
        let rest = timings.margin.saturating_sub(view.published);
        if rest.is_zero() {
            return Step::Store { keep: vec![current.clone()], add: false };
        }
        return Step::Rest(rest.min(timings.reconcile));
    }
    // A clock that was wrong must not keep a token in use.
    let from_future = current.since > now + timings.margin;
    let age = now.duration_since(current.since).unwrap_or_default();
    if age >= timings.life || from_future || current.since < view.elected {
        return Step::Store { keep: view.stored.to_vec(), add: true };
    }
    let mut rest = (timings.life - age).min(timings.reconcile);
    if view.exposed.is_some_and(|at| current.since <= at) {
        if age >= timings.pause {
            return Step::Store { keep: view.stored.to_vec(), add: true };
        }
        rest = rest.min(timings.pause - age);
    }
    Step::Rest(rest)
}

#[cfg(test)]
mod tests;
