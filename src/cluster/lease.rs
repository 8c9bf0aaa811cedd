//! Leader election: the leader is the holder of the Lease `flinkgate`.
//!
//! The rules are those of the Kubernetes client library for Go, so that other readers of the Lease
//! agree. A candidate takes a Lease that has not changed for its duration, measured by its own clock
//! and never by the holder's; the resource version decides between two that take it at once. A
//! holder that cannot renew stops leading before another one may start.

use crate::causes::with_causes;
use crate::jitter::{jittered, random};
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client};
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

/// The Lease's name.
pub const LEASE: &str = "flinkgate";
/// How long the release of the Lease may take.
const RELEASE: Duration = Duration::from_secs(3);

/// Durations of the election. `renew` is less than `duration`, by more than two clocks drift apart
/// in that time.
#[derive(Clone, Copy, Debug)]
pub struct LeaseTimings {
    /// Without a renewal for this long, others may take the Lease.
    pub duration: Duration,
    /// Without a successful renewal for this long, the holder stops leading.
    pub renew: Duration,
    /// Between two attempts.
    pub retry: Duration,
}

impl Default for LeaseTimings {
    fn default() -> Self {
        Self {
            duration: Duration::from_secs(15),
            renew: Duration::from_secs(10),
            retry: Duration::from_secs(2),
        }
    }
}

/// A name that no other process has: the pod's or machine's, and a random number.
pub fn identity() -> String {
    let host = ["POD_NAME", "HOSTNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok())
        .unwrap_or_else(|| "flinkgate".into());
    format!("{host}_{:016x}", random())
}

/// One process in the election.
pub struct Candidate {
    leading: watch::Receiver<bool>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Candidate {
    /// Starts the election in `namespace` with an [`identity`].
    pub fn start(client: Client, namespace: &str, identity: String, timings: LeaseTimings) -> Self {
        let (sender, leading) = watch::channel(false);
        let (stop, stopped) = oneshot::channel();
        let election = Election {
            api: Api::namespaced(client, namespace),
            identity,
            timings,
            seen: None,
            ours: None,
        };
        Self { leading, stop, task: tokio::spawn(election.run(sender, stopped)) }
    }

    /// Whether this process leads, now and later.
    pub fn leading(&self) -> watch::Receiver<bool> {
        self.leading.clone()
    }

    /// Releases the Lease, so that another replica takes it at once, and ends the election.
    pub async fn leave(self) {
        let _ = self.stop.send(());
        let abort = self.task.abort_handle();
        if tokio::time::timeout(RELEASE, self.task).await.is_err() {
            tracing::warn!("Lease not released in time, another replica takes it when it expires");
            abort.abort();
        }
    }
}

/// Runs `work` while `leader` holds, until its sender is gone; work under way is dropped when it no
/// longer holds.
pub async fn while_leading<F: Future<Output = ()>>(
    mut leader: watch::Receiver<bool>,
    work: impl Fn() -> F,
) {
    loop {
        if *leader.borrow_and_update() {
            tokio::select! {
                () = work() => {}
                changed = leader.changed() => if changed.is_err() { return },
            }
        } else if leader.changed().await.is_err() {
            return;
        }
    }
}

struct Election {
    api: Api<Lease>,
    identity: String,
    timings: LeaseTimings,
    /// The Lease as last read, and when it was first read like that.
    seen: Option<(LeaseSpec, Instant)>,
    /// The Lease as last written by us.
    ours: Option<Lease>,
}

/// The result of one attempt.
#[derive(Debug, PartialEq, Eq)]
enum Attempt {
    /// Ours by a request that was sent at this time. Others never count from an earlier one.
    Held(Instant),
    HeldByAnother,
    /// Another candidate wrote at the same time: try again.
    Collided,
}

/// Why an attempt has no result.
#[derive(Debug, thiserror::Error)]
enum AttemptError {
    #[error("no answer from the API server for the Lease")]
    NoAnswer,
    #[error("failed to read or write the Lease")]
    Request(#[from] kube::Error),
}

impl Election {
    async fn run(mut self, leading: watch::Sender<bool>, mut stop: oneshot::Receiver<()>) {
        let mut held_until: Option<Instant> = None;
        loop {
            match self.attempt(held_until).await {
                Ok(Attempt::Held(sent)) => held_until = Some(sent + self.timings.renew),
                Ok(Attempt::HeldByAnother) => held_until = None,
                Ok(Attempt::Collided) => {}
                Err(error) => {
                    let error = with_causes(&error);
                    tracing::warn!(error, lease = LEASE, "cannot renew or take the Lease");
                }
            }
            let now = Instant::now();
            held_until = held_until.filter(|end| *end > now);
            self.report(&leading, held_until.is_some());
            let pause = match held_until {
                Some(end) => self.timings.retry.min(end - now),
                // Candidates that started together must not try together.
                None => jittered(self.timings.retry.mul_f64(1.1), 0.1),
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = &mut stop => break,
            }
        }
        self.report(&leading, false);
        if held_until.is_some()
            && let Err(error) = self.release().await
        {
            tracing::warn!(%error, lease = LEASE, "Lease not released, another replica takes it when it expires");
        }
    }

    fn report(&self, leading: &watch::Sender<bool>, now: bool) {
        let changed = leading.send_if_modified(|before| std::mem::replace(before, now) != now);
        if changed {
            let what = if now {
                "this replica holds the Lease"
            } else {
                "this replica no longer holds the Lease"
            };
            tracing::info!(lease = LEASE, identity = self.identity, "{what}");
        }
    }

    async fn attempt(&mut self, held_until: Option<Instant>) -> Result<Attempt, AttemptError> {
        let params = PostParams::default();
        if let Some(mut lease) = self.ours.take() {
            let spec = self.renewed(lease.spec.take().unwrap_or_default());
            lease.spec = Some(spec);
            let sent = Instant::now();
            match self.answer(held_until, self.api.replace(LEASE, &params, &lease)).await {
                Ok(lease) => return Ok(self.holding(lease, sent)),
                Err(AttemptError::Request(kube::Error::Api(status)))
                    if status.is_conflict() || status.is_not_found() => {}
                Err(error) => return Err(error),
            }
        }
        let stored = self.answer(held_until, self.api.get_opt(LEASE)).await?;
        let sent = Instant::now();
        let written = match stored {
            None => {
                let spec = Some(self.renewed(LeaseSpec::default()));
                let metadata = ObjectMeta { name: Some(LEASE.into()), ..ObjectMeta::default() };
                let lease = Lease { metadata, spec };
                self.answer(held_until, self.api.create(&params, &lease)).await
            }
            Some(mut lease) => {
                let spec = lease.spec.take().unwrap_or_default();
                if !self.may_take(&spec, sent) {
                    return Ok(Attempt::HeldByAnother);
                }
                lease.spec = Some(self.renewed(spec));
                self.answer(held_until, self.api.replace(LEASE, &params, &lease)).await
            }
        };
        match written {
            Ok(lease) => Ok(self.holding(lease, sent)),
            Err(AttemptError::Request(kube::Error::Api(status)))
                if status.is_conflict() || status.is_already_exists() =>
            {
                Ok(Attempt::Collided)
            }
            Err(error) => Err(error),
        }
    }

    /// The answer to one request. Each has its own time: under load a candidate that must read and
    /// write within the time of one would never lead. A holder has time for a second attempt.
    async fn answer<T>(
        &self,
        held_until: Option<Instant>,
        request: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, AttemptError> {
        let patience = Instant::now() + self.timings.renew / 2;
        let end = held_until.map_or(patience, |end| end.min(patience));
        Ok(timeout_at(end, request).await.map_err(|_| AttemptError::NoAnswer)??)
    }

    fn holding(&mut self, lease: Lease, sent: Instant) -> Attempt {
        self.seen = None;
        self.ours = Some(lease);
        Attempt::Held(sent)
    }

    /// Whether the Lease is ours, free, or has not changed for its duration.
    fn may_take(&mut self, spec: &LeaseSpec, now: Instant) -> bool {
        let since = match &self.seen {
            Some((seen, since)) if seen == spec => *since,
            _ => {
                self.seen = Some((spec.clone(), now));
                now
            }
        };
        let holder = spec.holder_identity.as_deref().unwrap_or_default();
        let asked = spec
            .lease_duration_seconds
            .and_then(|seconds| u64::try_from(seconds).ok())
            .map(Duration::from_secs);
        // A holder must not exclude the others for longer by asking for a long duration.
        let lasts = asked.unwrap_or(self.timings.duration).min(self.timings.duration * 10);
        holder.is_empty()
            || holder == self.identity
            || now.saturating_duration_since(since) >= lasts
    }

    fn renewed(&self, old: LeaseSpec) -> LeaseSpec {
        let now = MicroTime(k8s_openapi::jiff::Timestamp::now());
        let ours = old.holder_identity.as_deref() == Some(&self.identity);
        let seconds = self.timings.duration.as_millis().div_ceil(1_000).max(1);
        LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: Some(i32::try_from(seconds).unwrap_or(i32::MAX)),
            acquire_time: if ours { old.acquire_time } else { Some(now.clone()) },
            renew_time: Some(now),
            lease_transitions: if ours {
                old.lease_transitions
            } else {
                Some(old.lease_transitions.map_or(0, |n| n.saturating_add(1)))
            },
            ..old
        }
    }

    async fn release(&mut self) -> kube::Result<()> {
        let Some(mut lease) = self.ours.take() else { return Ok(()) };
        if let Some(spec) = &mut lease.spec {
            spec.holder_identity = None;
            spec.lease_duration_seconds = Some(1);
            spec.renew_time = Some(MicroTime(k8s_openapi::jiff::Timestamp::now()));
        }
        self.api.replace(LEASE, &PostParams::default(), &lease).await.map(drop)
    }
}

#[cfg(test)]
mod tests;
