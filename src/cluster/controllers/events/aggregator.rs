//! Which refusals are reported: a repeated refusal is one Event with a count, and the writes of a
//! tenant are limited.
//!
//! A job without quota requests TaskManagers every few seconds for hours. Repetitions are counted
//! here and written at growing intervals. Every write costs the tenant a token; a new refusal without
//! a token is dropped. So no crash loop floods etcd or uses the writes of another tenant.
//!
//! The recorder of kube's runtime is not used: it writes once for every refusal, without limits.

use super::refusals::{Key, Outcome, Refusal, Step, Write};
use super::regarding::Regarding;
use super::share::Share;
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
/// How long a refusal waits for the next try, and the longest that it waits for one.
const NEXT_TRY: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_secs(120);
/// Events of all tenants that are counted at the same time.
const MOST: usize = 4_096;

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
    /// Until when it is written only if the next try did not succeed.
    may_pass_until: Option<Instant>,
    is_direct: bool,
    /// The custom resources above, whose Events count the same refusals.
    above: Arc<[Regarding]>,
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
        let above = self.count(&refusal, now, at);
        let Some(above) = above else { return self.start(refusal, now, at, 1, true) };
        for regarding in above.iter() {
            let refusal = Refusal { regarding: regarding.clone(), ..refusal.clone() };
            if self.count(&refusal, now, at).is_none() {
                self.start(refusal, now, at, 1, false);
            }
        }
        true
    }

    /// Counts a refusal in its series, and returns the custom resources above; `None` without a
    /// series.
    fn count(
        &mut self,
        refusal: &Refusal,
        now: Instant,
        at: Timestamp,
    ) -> Option<Arc<[Regarding]>> {
        let key = Key::of(refusal);
        let series = self.series.get_mut(&key).filter(|series| !series.has_ended(now))?;
        series.count = series.count.saturating_add(1);
        (series.last, series.seen) = (at, now);
        Some(Arc::clone(&series.above))
    }

    /// Starts a series with so many refusals; whether it will be reported.
    fn start(
        &mut self,
        refusal: Refusal,
        now: Instant,
        at: Timestamp,
        count: i32,
        is_direct: bool,
    ) -> bool {
        let key = Key::of(&refusal);
        let Refusal { payer, note, may_pass, .. } = refusal;
        if self.pay(&payer, now).is_err() {
            return false;
        }
        self.forget(now);
        if self.series.len() >= MOST {
            return false;
        }
        let name = format!("flinkgate-{:016x}", random());
        let note = Some(note);
        let (reported, writing) = (0, false);
        let may_pass = may_pass && is_direct;
        let series = Series {
            payer,
            name,
            note,
            count,
            reported,
            first: at,
            last: at,
            seen: now,
            due: if may_pass { now + NEXT_TRY } else { now },
            pause: PAUSE,
            writing,
            may_pass_until: may_pass.then(|| now + LONGEST_WAIT),
            is_direct,
            above: Arc::default(),
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
                        may_pass: series.may_pass_until.is_some_and(|until| now < until),
                        is_direct: series.is_direct,
                    });
                }
            }
        }
    }

    /// Takes the result of a write; returns how many refusals are not reported because of it. After
    /// a failed write the next refusal is a new Event: this one may have been deleted.
    pub(super) fn done(&mut self, write: &Write, outcome: Outcome, now: Instant) -> u64 {
        match outcome {
            Outcome::Failed => {
                let unreported = self
                    .series
                    .remove(&write.key)
                    .map_or(0, |series| series.count.saturating_sub(series.reported));
                return u64::try_from(unreported).unwrap_or(0);
            }
            Outcome::Passed => self.passed(write, now),
            Outcome::Postponed(wait) => {
                if let Some(series) = self.series.get_mut(&write.key) {
                    series.writing = false;
                    let latest = series.may_pass_until.unwrap_or(now);
                    series.due = (now + wait).min(latest);
                }
            }
            Outcome::Written(above) => self.written(write, above, now),
        }
        0
    }

    /// Forgets a series whose last try succeeded. One with later refusals waits again.
    fn passed(&mut self, write: &Write, now: Instant) {
        let Some(series) = self.series.get_mut(&write.key) else { return };
        if series.count > write.count {
            (series.writing, series.due) = (false, now + NEXT_TRY);
            return;
        }
        // Nothing was written for its token.
        if let Some(share) = self.shares.get_mut(&series.payer) {
            share.refund(now);
        }
        self.series.remove(&write.key);
    }

    fn written(&mut self, write: &Write, above: Vec<Regarding>, now: Instant) {
        let Some(series) = self.series.get_mut(&write.key) else { return };
        (series.writing, series.reported, series.note) = (false, write.count, None);
        series.due = now + series.pause;
        series.pause = (series.pause * 2).min(LONGEST_PAUSE);
        let Some(note) = write.note.as_ref().filter(|_| !above.is_empty()) else { return };
        series.above = above.clone().into();
        let (payer, count, last) = (series.payer.clone(), series.count, series.last);
        for regarding in above {
            let Key { sender, namespace, kind, rules, .. } = &*write.key;
            let refusal = Refusal {
                regarding,
                sender: sender.clone(),
                may_pass: false,
                payer: payer.clone(),
                namespace: namespace.clone(),
                kind: kind.clone(),
                rules: rules.clone(),
                note: note.clone(),
            };
            if self.count(&refusal, now, last).is_none() {
                self.start(refusal, now, last, count, false);
            }
        }
    }

    fn pay(&mut self, payer: &str, now: Instant) -> Result<(), Duration> {
        match self.shares.get_mut(payer) {
            Some(share) => share.pay(now),
            None => {
                self.shares.entry(payer.to_owned()).or_insert_with(|| Share::full(now)).pay(now)
            }
        }
    }

    fn forget(&mut self, now: Instant) {
        self.series.retain(|_, series| !series.has_ended(now));
        self.shares.retain(|_, share| !share.is_full(now));
    }
}

#[cfg(test)]
mod tests;
