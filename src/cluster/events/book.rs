//! What was refused, and how much of it is told: a refusal that repeats is one Event with a count,
//! and a tenant has a share.
//!
//! A starved job asks for TaskManagers every few seconds for hours. What repeats is counted here
//! and written ever more seldom; what is new costs its tenant a token, as every write does, and is
//! dropped where there is none. So no crash loop floods etcd, and none takes what another tenant
//! has.
//!
//! The recorder of kube's runtime is not used: it writes once for every refusal, and knows no
//! bounds.

use super::regarding::Regarding;
use crate::jitter::random;
use k8s_openapi::jiff::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Pause after an Event was written until its count may be; it doubles up to the longest.
const PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(160);
/// After so long without a refusal the next one is a new Event, as with Kubernetes' own components.
const QUIET: Duration = Duration::from_secs(360);
/// Writes that a tenant may make at once, and the time in which it gets one more.
const BURST: f64 = 20.0;
const REFILL: Duration = Duration::from_secs(5);
/// Events that are counted at once, of all tenants.
const MOST: usize = 4_096;

/// One refusal.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) regarding: Regarding,
    /// Whose share it is told on.
    pub(super) payer: String,
    pub(super) namespace: String,
    pub(super) kind: String,
    pub(super) rules: String,
    pub(super) note: String,
}

/// Refusals that are told as one.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) regarding: Regarding,
    namespace: String,
    kind: String,
    rules: String,
}

/// Something to write.
#[derive(Clone, Debug)]
pub(super) struct Write {
    pub(super) key: Arc<Key>,
    /// The Event's name.
    pub(super) name: String,
    /// What it says, if it is new.
    pub(super) note: Option<String>,
    pub(super) count: i32,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
}

/// What is to be done now.
#[derive(Debug)]
pub(super) enum Step {
    Write(Write),
    Wait(Instant),
    Idle,
}

#[derive(Debug)]
struct Series {
    payer: String,
    name: String,
    note: Option<String>,
    count: i32,
    told: i32,
    first: Timestamp,
    last: Timestamp,
    seen: Instant,
    due: Instant,
    pause: Duration,
    writing: bool,
}

impl Series {
    /// Whether all of it is told, and nothing came for long.
    fn has_ended(&self, now: Instant) -> bool {
        self.count == self.told && now.saturating_duration_since(self.seen) >= QUIET
    }
}

/// The series that are counted, and the tenants' shares.
#[derive(Debug, Default)]
pub(super) struct Book {
    series: HashMap<Arc<Key>, Series>,
    shares: HashMap<String, Share>,
}

impl Book {
    /// Takes note of a refusal; whether it will be told.
    pub(super) fn take(&mut self, refusal: Refusal, now: Instant, at: Timestamp) -> bool {
        let Refusal { regarding, payer, namespace, kind, rules, note } = refusal;
        let key = Key { regarding, namespace, kind, rules };
        if let Some(series) = self.series.get_mut(&key).filter(|series| !series.has_ended(now)) {
            series.count = series.count.saturating_add(1);
            (series.last, series.seen) = (at, now);
            return true;
        }
        if self.pay(&payer, now).is_err() {
            return false;
        }
        self.forget(now);
        if self.series.len() >= MOST {
            return false;
        }
        let name = format!("flinkgate-{:016x}", random());
        let note = Some(note);
        let (count, told, writing) = (1, 0, false);
        let series = Series {
            payer,
            name,
            note,
            count,
            told,
            first: at,
            last: at,
            seen: now,
            due: now,
            pause: PAUSE,
            writing,
        };
        self.series.insert(Arc::new(key), series);
        true
    }

    /// The next write that is due, of which [`Book::done`] has to hear; or how long there is
    /// nothing to do.
    pub(super) fn next(&mut self, now: Instant) -> Step {
        loop {
            let waiting = self
                .series
                .iter()
                .filter(|(_, series)| !series.writing && series.count > series.told);
            let Some((key, due)) = waiting
                .min_by_key(|(_, series)| series.due)
                .map(|(key, series)| (Arc::clone(key), series.due))
            else {
                return Step::Idle;
            };
            if due > now {
                return Step::Wait(due);
            }
            // A new one was paid for when it was taken.
            let payer = self
                .series
                .get(&key)
                .filter(|series| series.note.is_none())
                .map(|series| series.payer.clone());
            let paid = payer.map_or(Ok(()), |payer| self.pay(&payer, now));
            let Some(series) = self.series.get_mut(&key) else { return Step::Idle };
            match paid {
                Err(wait) => series.due = now + wait,
                Ok(()) => {
                    series.writing = true;
                    let (name, note) = (series.name.clone(), series.note.clone());
                    return Step::Write(Write {
                        key,
                        name,
                        note,
                        count: series.count,
                        first: series.first,
                        last: series.last,
                    });
                }
            }
        }
    }

    /// Hears how a write went; how many refusals are not told because of it. The next of them is a
    /// new Event: this one may be gone.
    pub(super) fn done(&mut self, write: &Write, written: bool, now: Instant) -> u64 {
        if !written {
            let untold = self
                .series
                .remove(&write.key)
                .map_or(0, |series| series.count.saturating_sub(series.told));
            return u64::try_from(untold).unwrap_or(0);
        }
        if let Some(series) = self.series.get_mut(&write.key) {
            (series.writing, series.told, series.note) = (false, write.count, None);
            series.due = now + series.pause;
            series.pause = (series.pause * 2).min(LONGEST_PAUSE);
        }
        0
    }

    fn pay(&mut self, payer: &str, now: Instant) -> Result<(), Duration> {
        match self.shares.get_mut(payer) {
            Some(share) => share.pay(now),
            None => self
                .shares
                .entry(payer.to_owned())
                .or_insert(Share { tokens: BURST, since: now })
                .pay(now),
        }
    }

    fn forget(&mut self, now: Instant) {
        self.series.retain(|_, series| !series.has_ended(now));
        self.shares.retain(|_, share| share.tokens(now) < BURST);
    }
}

/// What one tenant may write: a bucket of tokens.
#[derive(Debug)]
struct Share {
    tokens: f64,
    since: Instant,
}

impl Share {
    fn tokens(&self, now: Instant) -> f64 {
        let more = now.saturating_duration_since(self.since).as_secs_f64() / REFILL.as_secs_f64();
        (self.tokens + more).min(BURST)
    }

    /// Takes a token, or says when there will be one.
    fn pay(&mut self, now: Instant) -> Result<(), Duration> {
        (self.tokens, self.since) = (self.tokens(now), now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        // A little more than that, so that it is there then.
        Err(REFILL.mul_f64(1.0 - self.tokens) + Duration::from_millis(1))
    }
}

#[cfg(test)]
mod tests;
