//! Counting and shares, with a clock of our own.
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

/// A book, and seconds since it was begun.
struct Day {
    book: Book,
    began: Instant,
}

impl Day {
    fn new() -> Self {
        Self { book: Book::default(), began: Instant::now() }
    }

    fn at(&self, second: u64) -> Instant {
        self.began + Duration::from_secs(second)
    }

    fn take(&mut self, second: u64, payer: &str, rules: &str) -> bool {
        let at = Timestamp::from_second(i64::try_from(second).unwrap()).unwrap();
        self.book.take(refusal(payer, rules), self.at(second), at)
    }

    /// Everything that is written at this second, each of which succeeds.
    fn writes(&mut self, second: u64) -> Vec<Write> {
        let now = self.at(second);
        let mut writes = Vec::new();
        while let Step::Write(write) = self.book.next(now) {
            assert_eq!(self.book.done(&write, true, now), 0);
            writes.push(write);
        }
        writes
    }
}

#[test]
fn what_repeats_is_one_event_that_is_counted_ever_more_seldom() {
    let mut day = Day::new();
    let mut written = Vec::new();
    for second in 0..600 {
        assert!(day.take(second, "payments", "a/b"));
        written.extend(
            day.writes(second)
                .into_iter()
                .map(|write| (second, write.count, write.name, write.note.is_some())),
        );
    }
    let seconds: Vec<(u64, i32)> =
        written.iter().map(|(second, count, ..)| (*second, *count)).collect();
    assert_eq!(seconds, [(0, 1), (10, 11), (30, 31), (70, 71), (150, 151), (310, 311), (470, 471)]);
    assert!(written.iter().all(|(_, _, name, _)| *name == written[0].2));
    assert_eq!(written.iter().filter(|(.., new)| *new).count(), 1);
    // Nothing is lost: the rest is told when it is due.
    assert_eq!(day.writes(700)[0].count, 600);
    assert!(matches!(day.book.next(day.at(701)), Step::Idle));
}

#[test]
fn other_rules_and_a_long_silence_make_another_event() {
    let mut day = Day::new();
    let mut new = |second, rules| {
        assert!(day.take(second, "payments", rules));
        day.writes(second).iter().filter(|write| write.note.is_some()).count()
    };
    assert_eq!((new(0, "a/b"), new(0, "a/b,c/d"), new(359, "a/b")), (1, 1, 0));
    assert_eq!((new(718, "a/b"), new(1_078, "a/b"), new(1_078, "a/b,c/d")), (0, 1, 1));
    assert_eq!(day.book.series.len(), 2);
}

#[test]
fn a_flood_of_one_tenant_takes_nothing_of_anothers() {
    let mut day = Day::new();
    let told = (0..1_000).filter(|number| day.take(0, "loud", &format!("a/{number}"))).count();
    assert_eq!(told, 20);
    assert!(day.take(0, "quiet", "a/b"));
    assert_eq!(day.writes(0).len(), 21);
    // One token in five seconds: a count costs as much as a new Event, and waits for it without
    // being lost.
    for number in 0..20 {
        assert!(day.take(1, "loud", &format!("a/{number}")));
    }
    assert!(!day.take(1, "loud", "new/one"));
    assert!(matches!(day.book.next(day.at(1)), Step::Wait(_)));
    assert_eq!(day.writes(10).len(), 2);
    assert_eq!(day.writes(11).len(), 0);
    let rest: usize = (12..200).map(|second| day.writes(second).len()).sum();
    assert_eq!(rest, 18);
}

#[test]
fn what_cannot_be_written_is_counted_as_dropped_and_begins_anew() {
    let mut day = Day::new();
    day.take(0, "payments", "a/b");
    let Step::Write(first) = day.book.next(day.at(0)) else { panic!("nothing to write") };
    day.take(0, "payments", "a/b");
    assert!(
        matches!(day.book.next(day.at(0)), Step::Idle),
        "a second write of the same Event at once"
    );
    assert_eq!(day.book.done(&first, false, day.at(0)), 2);
    day.take(1, "payments", "a/b");
    let again = day.writes(1);
    assert_eq!((again.len(), again[0].count, again[0].note.is_some()), (1, 1, true));
    assert_ne!(again[0].name, first.name);
}

#[test]
fn the_book_has_an_end() {
    let mut day = Day::new();
    for tenant in 0..300 {
        for number in 0..20 {
            day.take(0, &format!("tenant-{tenant}"), &format!("a/{number}"));
        }
    }
    assert_eq!(day.book.series.len(), MOST);
    while !day.writes(0).is_empty() {}
    // An hour later all of that is over.
    day.take(3_600, "payments", "a/b");
    assert_eq!((day.book.series.len(), day.book.shares.len()), (1, 1));
}
