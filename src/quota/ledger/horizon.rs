//! When the requests behind reservations are over for sure.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// After so long a request that Flinkgate admitted has stored its object or never will. An API
/// server ends a request after 34 s, and etcd what it was given within 7 s; the rest is for
/// machines that stand still.
pub const HORIZON: Duration = Duration::from_secs(90);

/// When which stamps of a ledger were first seen, on the clock of the one who looks: that two
/// machines agree on the time is not needed, and who starts to look anew waits anew.
#[derive(Clone, Debug, Default)]
pub struct StampTimes {
    seen: VecDeque<(Instant, u64)>,
    over: u64,
}

impl StampTimes {
    /// Remembers that at `now` a ledger had been read whose next stamp was `next`.
    pub fn record(&mut self, now: Instant, next: u64) {
        if self.seen.back().is_none_or(|(_, known)| *known < next) {
            self.seen.push_back((now, next));
        }
    }

    /// Requests with stamps below this one were over before `now`: what is looked at from now on
    /// shows what became of them.
    pub fn finished_below(&mut self, now: Instant) -> u64 {
        while let Some((seen, next)) = self.seen.front().copied()
            && now.saturating_duration_since(seen) >= HORIZON
        {
            self.over = self.over.max(next);
            self.seen.pop_front();
        }
        self.over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_over_the_horizon_after_its_reservation_was_first_seen() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut sightings = StampTimes::default();
        sightings.record(at(0), 3);
        sightings.record(at(50), 3);
        sightings.record(at(60), 7);
        assert_eq!(
            [at(0), at(89), at(90), at(149), at(150), at(999)]
                .map(|now| sightings.finished_below(now)),
            [0, 0, 3, 3, 7, 7]
        );
    }
}
