//! When the requests behind reservations have finished for certain.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// After this time an admitted request has stored its object or never will. An API server ends a
/// request after 34 s, and etcd a write within 7 s; the rest is for machines that stall.
pub const HORIZON: Duration = Duration::from_secs(90);

/// The same for pods of a cluster or a JobManager that is gone, without the rest for machines that stall.
/// A pod that is stored even later counts once it is seen. If its cluster is gone it has no owner, and
/// the garbage collector deletes it; otherwise the next JobManager uses it.
pub const ORPHAN_HORIZON: Duration = Duration::from_secs(41);

/// When a leader first saw which stamps of a ledger. Only its own clock counts, so the clocks of
/// two machines need not agree. A new leader starts without any times.
#[derive(Clone, Debug, Default)]
pub struct StampTimes {
    first_seen: VecDeque<(Instant, u64)>,
    finished_below: u64,
}

impl StampTimes {
    /// Records that a ledger with the next stamp `next` was read at `now`.
    pub fn record(&mut self, now: Instant, next: u64) {
        if self.first_seen.back().is_none_or(|(_, known)| *known < next) {
            self.first_seen.push_back((now, next));
        }
    }

    /// The stamp below which all pods of clusters that are gone were stored before `now`, or never.
    pub fn orphans_below(&self, now: Instant) -> u64 {
        let seen = self
            .first_seen
            .iter()
            .take_while(|(seen, _)| now.saturating_duration_since(*seen) >= ORPHAN_HORIZON);
        seen.last().map_or(self.finished_below, |(_, next)| *next)
    }

    /// The stamp below which all requests had finished before `now`, so that a later view shows
    /// their outcome.
    pub fn finished_below(&mut self, now: Instant) -> u64 {
        while let Some((seen, next)) = self.first_seen.front().copied()
            && now.saturating_duration_since(seen) >= HORIZON
        {
            self.finished_below = self.finished_below.max(next);
            self.first_seen.pop_front();
        }
        self.finished_below
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_finish_a_horizon_after_first_seen() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut times = StampTimes::default();
        times.record(at(0), 3);
        times.record(at(50), 3);
        times.record(at(60), 7);
        assert_eq!(
            [at(0), at(89), at(90), at(149), at(150), at(999)].map(|now| times.finished_below(now)),
            [0, 0, 3, 3, 7, 7]
        );
        let mut times = StampTimes::default();
        times.record(at(0), 3);
        times.record(at(60), 7);
        assert_eq!(
            [at(40), at(41), at(100), at(101)].map(|now| times.orphans_below(now)),
            [0, 3, 3, 7]
        );
        assert_eq!((times.finished_below(at(120)), times.orphans_below(at(120))), (3, 7));
    }
}
