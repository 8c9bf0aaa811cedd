//! Which refusals are reported: a repeated refusal is one Event with a count, and the writes of a
//! tenant are limited.
//!
//! A job without quota requests TaskManagers every few seconds for hours. Repetitions are counted
//! here and written at growing intervals. Every write costs the tenant a token; a new refusal without
//! a token is dropped. So no crash loop floods etcd or uses the writes of another tenant.
//!
//! The recorder of kube's runtime is not used: it writes once for every refusal, without limits.

use super::regarding::Regarding;
use crate::jitter::random;
use k8s_openapi::jiff::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Pause after an Event was written until its count may be; it doubles up to the longest.
const PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(160);
/// After this time without a refusal the next one is a new Event, as with Kubernetes' components.
const QUIET: Duration = Duration::from_secs(360);
/// Writes that a tenant may make at once, and the time in which it gets one more.
const BURST: f64 = 20.0;
const REFILL: Duration = Duration::from_secs(5);
/// Events of all tenants that are counted at the same time.
const MOST: usize = 4_096;

/// One refusal.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) regarding: Regarding,
    /// The tenant or namespace whose token it costs.
    pub(super) payer: String,
    pub(super) namespace: String,
    pub(super) kind: String,
    pub(super) rules: String,
    pub(super) note: String,
}

/// Refusals that are reported as one Event.
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
    reported: i32,
    first: Timestamp,
    last: Timestamp,
    seen: Instant,
    due: Instant,
    pause: Duration,
    writing: bool,
}

impl Series {
    /// Whether all refusals are reported, and none came for long.
    fn has_ended(&self, now: Instant) -> bool {
        self.count == self.reported && now.saturating_duration_since(self.seen) >= QUIET
    }
}

/// The series that are counted, and the tokens of tenants.
#[derive(Debug, Default)]
pub(super) struct Aggregator {
    series: HashMap<Arc<Key>, Series>,
    shares: HashMap<String, Share>,
}

impl Aggregator {
    /// Adds a refusal; whether it will be reported.
    pub(super) fn add(&mut self, refusal: Refusal, now: Instant, at: Timestamp) -> bool {
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
        let (count, reported, writing) = (1, 0, false);
        let series = Series {
            payer,
            name,
            note,
            count,
            reported,
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

    /// The next write that is due, whose result goes to [`Aggregator::done`]; or how long there is
    /// nothing to do.
    pub(super) fn next(&mut self, now: Instant) -> Step {
        loop {
            let waiting = self
                .series
                .iter()
                .filter(|(_, series)| !series.writing && series.count > series.reported);
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

    /// Takes the result of a write; returns how many refusals are not reported because of it. The
    /// next of them is a new Event: this one may have been deleted.
    pub(super) fn done(&mut self, write: &Write, written: bool, now: Instant) -> u64 {
        if !written {
            let unreported = self
                .series
                .remove(&write.key)
                .map_or(0, |series| series.count.saturating_sub(series.reported));
            return u64::try_from(unreported).unwrap_or(0);
        }
        if let Some(series) = self.series.get_mut(&write.key) {
            (series.writing, series.reported, series.note) = (false, write.count, None);
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

    /// Takes a token, or returns the time until there is one.
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
