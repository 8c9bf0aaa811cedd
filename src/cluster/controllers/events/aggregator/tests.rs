//! Counting and limits, with a clock of the test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::super::refusals::Sender;
use super::*;

fn refusal(payer: &str, rules: &str) -> Refusal {
    Refusal {
        regarding: Regarding::Tenant { name: payer.into() },
        sender: Sender { user: "ada".into(), is_component: false },
        may_pass: false,
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
            assert_eq!(self.aggregator.done(&write, Outcome::Written(vec![]), now), 0);
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
    assert_eq!(clock.aggregator.done(&first, Outcome::Failed, clock.at(0)), 2);
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

/// The refusal of a pod by the quota.
fn by_quota() -> Refusal {
    Refusal { may_pass: true, ..refusal("payments", "quota/exceeded") }
}

impl Clock {
    fn add_by_quota(&mut self, second: u64) {
        let at = Timestamp::from_second(i64::try_from(second).unwrap()).unwrap();
        assert!(self.aggregator.add(by_quota(), self.at(second), at));
    }

    /// The write that is due at this second.
    fn due(&mut self, second: u64) -> Option<Write> {
        match self.aggregator.next(self.at(second)) {
            Step::Write(write) => Some(write),
            Step::Wait(_) | Step::Idle => None,
        }
    }

    fn done(&mut self, second: u64, write: &Write, outcome: Outcome) {
        assert_eq!(self.aggregator.done(write, outcome, self.at(second)), 0);
    }
}

#[test]
fn a_refusal_that_the_next_try_made_good_is_not_reported() {
    let mut clock = Clock::new();
    // However often that happens, it costs the tenant no Events.
    for round in 0..100 {
        let second = round * 10;
        clock.add_by_quota(second);
        assert!(clock.due(second + 4).is_none(), "before the next try");
        let write = clock.due(second + 5).unwrap();
        assert!(write.may_pass);
        clock.done(second + 5, &write, Outcome::Passed);
        assert!(clock.aggregator.series.is_empty());
    }
    // A refusal meanwhile waits for its own next try.
    clock.add_by_quota(2_000);
    let write = clock.due(2_005).unwrap();
    clock.add_by_quota(2_005);
    clock.done(2_005, &write, Outcome::Passed);
    assert!(clock.due(2_009).is_none());
    let write = clock.due(2_010).unwrap();
    assert_eq!((write.count, write.may_pass), (2, true));
}

#[test]
fn a_replacement_has_the_grace_period_and_no_more() {
    let mut clock = Clock::new();
    clock.add_by_quota(0);
    let mut second = 5;
    // Pods terminate one after the other.
    while let Some(write) = clock.due(second).filter(|write| write.may_pass) {
        clock.done(second, &write, Outcome::Postponed(Duration::from_secs(35)));
        assert!(clock.due(second + 9).is_none());
        second = (second + 35).min(120);
    }
    assert_eq!(second, 120);
}

#[test]
fn custom_resources_above_get_an_event_with_the_same_count() {
    let mut clock = Clock::new();
    let above = |name: &str| Regarding::Tenant { name: name.into() };
    assert!(clock.add(0, "payments", "a/b") && clock.add(0, "payments", "a/b"));
    let write = clock.due(0).unwrap();
    assert!(write.is_direct);
    clock.done(0, &write, Outcome::Written(vec![above("flink"), above("blue-green")]));
    let writes = clock.writes(0);
    assert_eq!(writes.len(), 2);
    assert!(writes.iter().all(|write| write.count == 2 && !write.is_direct));
    assert!(writes.iter().all(|one| one.note == write.note && one.name != write.name));
    // Later refusals count at all three.
    for _ in 0..3 {
        clock.add(1, "payments", "a/b");
    }
    let counts: Vec<i32> = clock.writes(10).iter().map(|write| write.count).collect();
    assert_eq!(counts, [5, 5, 5]);
    assert_eq!(clock.aggregator.series.len(), 3);
}

#[test]
fn refusals_of_another_user_have_their_own_events() {
    let mut clock = Clock::new();
    assert!(clock.add(0, "payments", "a/b"));
    let other = Refusal {
        sender: Sender { user: "eve".into(), is_component: false },
        ..refusal("payments", "a/b")
    };
    let at = Timestamp::from_second(0).unwrap();
    assert!(clock.aggregator.add(other, clock.at(0), at));
    assert_eq!(clock.writes(0).len(), 2);
}
