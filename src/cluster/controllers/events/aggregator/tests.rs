//! Counting and limits, with a clock of the test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;

fn refusal(payer: &str, rules: &str) -> Refusal {
    Refusal {
        regarding: Regarding::Tenant { name: payer.into() },
        payer: payer.into(),
        namespace: "prod".into(),
        kind: "Pod".into(),
        rules: rules.into(),
        note: format!("{payer} refuses by {rules}"),
    }
}

/// An aggregator, and the seconds since its start.
struct Clock {
    aggregator: Aggregator,
    started: Instant,
}

impl Clock {
    fn new() -> Self {
        Self { aggregator: Aggregator::default(), started: Instant::now() }
    }

    fn at(&self, second: u64) -> Instant {
        self.started + Duration::from_secs(second)
    }

    fn add(&mut self, second: u64, payer: &str, rules: &str) -> bool {
        let at = Timestamp::from_second(i64::try_from(second).unwrap()).unwrap();
        self.aggregator.add(refusal(payer, rules), self.at(second), at)
    }

    /// Everything that is written at this second, each of which succeeds.
    fn writes(&mut self, second: u64) -> Vec<Write> {
        let now = self.at(second);
        let mut writes = Vec::new();
        while let Step::Write(write) = self.aggregator.next(now) {
            assert_eq!(self.aggregator.done(&write, true, now), 0);
            writes.push(write);
        }
        writes
    }
}

#[test]
fn repetitions_are_one_event_at_growing_intervals() {
    let mut clock = Clock::new();
    let mut written = Vec::new();
    for second in 0..600 {
        assert!(clock.add(second, "payments", "a/b"));
        written.extend(
            clock
                .writes(second)
                .into_iter()
                .map(|write| (second, write.count, write.name, write.note.is_some())),
        );
    }
    let seconds: Vec<(u64, i32)> =
        written.iter().map(|(second, count, ..)| (*second, *count)).collect();
    assert_eq!(seconds, [(0, 1), (10, 11), (30, 31), (70, 71), (150, 151), (310, 311), (470, 471)]);
    assert!(written.iter().all(|(_, _, name, _)| *name == written[0].2));
    assert_eq!(written.iter().filter(|(.., new)| *new).count(), 1);
    // Nothing is lost: the rest is reported when it is due.
    assert_eq!(clock.writes(700)[0].count, 600);
    assert!(matches!(clock.aggregator.next(clock.at(701)), Step::Idle));
}

#[test]
fn other_rules_and_silence_make_another_event() {
    let mut clock = Clock::new();
    let mut new = |second, rules| {
        assert!(clock.add(second, "payments", rules));
        clock.writes(second).iter().filter(|write| write.note.is_some()).count()
    };
    assert_eq!((new(0, "a/b"), new(0, "a/b,c/d"), new(359, "a/b")), (1, 1, 0));
    assert_eq!((new(718, "a/b"), new(1_078, "a/b"), new(1_078, "a/b,c/d")), (0, 1, 1));
    assert_eq!(clock.aggregator.series.len(), 2);
}

#[test]
fn a_flood_of_one_tenant_leaves_others_alone() {
    let mut clock = Clock::new();
    let reported = (0..1_000).filter(|number| clock.add(0, "loud", &format!("a/{number}"))).count();
    assert_eq!(reported, 20);
    assert!(clock.add(0, "quiet", "a/b"));
    assert_eq!(clock.writes(0).len(), 21);
    // One token in five seconds: a count costs as much as a new Event, and waits for it without
    // being lost.
    for number in 0..20 {
        assert!(clock.add(1, "loud", &format!("a/{number}")));
    }
    assert!(!clock.add(1, "loud", "new/one"));
    assert!(matches!(clock.aggregator.next(clock.at(1)), Step::Wait(_)));
    assert_eq!(clock.writes(10).len(), 2);
    assert_eq!(clock.writes(11).len(), 0);
    let rest: usize = (12..200).map(|second| clock.writes(second).len()).sum();
    assert_eq!(rest, 18);
}

#[test]
fn failed_writes_are_dropped_and_start_again() {
    let mut clock = Clock::new();
    clock.add(0, "payments", "a/b");
    let Step::Write(first) = clock.aggregator.next(clock.at(0)) else { panic!("nothing to write") };
    clock.add(0, "payments", "a/b");
    assert!(
        matches!(clock.aggregator.next(clock.at(0)), Step::Idle),
        "a second write of the same Event at once"
    );
    assert_eq!(clock.aggregator.done(&first, false, clock.at(0)), 2);
    clock.add(1, "payments", "a/b");
    let again = clock.writes(1);
    assert_eq!((again.len(), again[0].count, again[0].note.is_some()), (1, 1, true));
    assert_ne!(again[0].name, first.name);
}

#[test]
fn the_number_of_series_is_limited() {
    let mut clock = Clock::new();
    for tenant in 0..300 {
        for number in 0..20 {
            clock.add(0, &format!("tenant-{tenant}"), &format!("a/{number}"));
        }
    }
    assert_eq!(clock.aggregator.series.len(), MOST);
    while !clock.writes(0).is_empty() {}
    // An hour later all of that is over.
    clock.add(3_600, "payments", "a/b");
    assert_eq!((clock.aggregator.series.len(), clock.aggregator.shares.len()), (1, 1));
}
