//! Single states with their next step, and whole rotations with everything that can happen in them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;
use proptest::prelude::*;

const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

const TIMINGS: TokenTimings = TokenTimings {
    life: seconds(600),
    pause: seconds(100),
    margin: seconds(10),
    reconcile: seconds(60),
};

fn at(second: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + seconds(1_000_000 + second)
}

fn token(number: u64, since: u64) -> StoredToken {
    StoredToken { token: PathToken::parse(&format!("{number:032}")).unwrap(), since: at(since) }
}

/// What it is about, the stored and the remembered tokens, how long each was seen, what webhooks
/// have, how long they have had the newest, the second, and the step.
type Case<'a> = (
    &'a str,
    &'a [StoredToken],
    &'a [StoredToken],
    &'a [Duration],
    &'a [Option<usize>],
    Duration,
    u64,
    Step,
);

#[test]
fn every_state_has_its_next_step() {
    let (a, b) = (token(1, 0), token(2, 600));
    let (one, both) = (vec![a.clone()], vec![a.clone(), b.clone()]);
    let nothing = Vec::new();
    let (new, old) = (seconds(0), seconds(100));
    let store = |keep: &[&StoredToken], add: bool| Step::Store {
        keep: keep.iter().copied().cloned().collect(),
        add,
    };
    let cases: [Case<'_>; 13] = [
        ("first start", &nothing, &nothing, &[], &[None; 2], new, 0, store(&[], true)),
        ("the Secret was deleted", &nothing, &one, &[], &[None; 2], new, 5, store(&[&a], true)),
        ("paths are filled at once", &one, &one, &[new], &[None; 2], new, 0, Step::Publish(0)),
        ("one path was reset", &one, &one, &[old], &[Some(0), None], new, 5, Step::Publish(0)),
        ("all is well", &one, &one, &[old], &[Some(0); 2], old, 5, Step::Rest(seconds(60))),
        ("nearly due", &one, &one, &[old], &[Some(0); 2], old, 590, Step::Rest(seconds(10))),
        ("due", &one, &one, &[old], &[Some(0); 2], old, 600, store(&[&a], true)),
        (
            "replicas load it",
            &both,
            &both,
            &[old, seconds(4)],
            &[Some(0); 2],
            new,
            604,
            Step::Rest(seconds(6)),
        ),
        (
            "reset meanwhile",
            &both,
            &both,
            &[old, seconds(4)],
            &[Some(0), None],
            new,
            604,
            Step::Publish(0),
        ),
        (
            "replicas have it",
            &both,
            &both,
            &[old, seconds(10)],
            &[Some(0); 2],
            new,
            610,
            Step::Publish(1),
        ),
        (
            "half published, new leader",
            &both,
            &both,
            &[new, new],
            &[Some(1), Some(0)],
            new,
            611,
            Step::Publish(1),
        ),
        (
            "API servers load it",
            &both,
            &both,
            &[old, old],
            &[Some(1); 2],
            seconds(7),
            617,
            Step::Rest(seconds(3)),
        ),
        (
            "API servers have it",
            &both,
            &both,
            &[old, old],
            &[Some(1); 2],
            seconds(10),
            620,
            store(&[&b], false),
        ),
    ];
    for (what, stored, memory, seen, sent, published, second, wanted) in cases {
        let view = View {
            stored,
            tidy: true,
            memory,
            seen,
            sent,
            published,
            elected: at(0),
            exposed: None,
        };
        assert_eq!(next(view, at(second), &TIMINGS), wanted, "{what}");
    }
}

#[test]
fn a_token_from_before_the_election_is_replaced() {
    let view = View {
        stored: &[token(1, 0)],
        tidy: true,
        memory: &[],
        seen: &[seconds(100)],
        sent: &[Some(0)],
        published: seconds(100),
        elected: at(1),
        exposed: None,
    };
    let add = Step::Store { keep: vec![token(1, 0)], add: true };
    assert_eq!(next(view, at(2), &TIMINGS), add);
    assert_eq!(next(View { elected: at(0), ..view }, at(2), &TIMINGS), Step::Rest(seconds(60)));
    // An exposed token stays for a while.
    let exposed = |second| View { elected: at(0), exposed: Some(at(second)), ..view };
    assert_eq!(next(exposed(5), at(70), &TIMINGS), Step::Rest(seconds(30)));
    assert_eq!(next(exposed(5), at(100), &TIMINGS), add);
    let young = [token(1, 6)];
    let of_another = View { stored: &young, ..exposed(5) };
    assert_eq!(next(of_another, at(200), &TIMINGS), Step::Rest(seconds(60)));
    // A date in the future is of a clock that was wrong.
    let future = [token(1, 5_000)];
    let view = View { stored: &future, elected: at(0), ..view };
    assert!(matches!(next(view, at(2), &TIMINGS), Step::Store { add: true, .. }));
    assert_eq!(
        next(View { tidy: false, ..view }, at(2), &TIMINGS),
        Step::Store { keep: future.to_vec(), add: false }
    );
}

/// What happens from outside.
#[derive(Clone, Debug)]
enum Disturbance {
    Wait(u64),
    /// A user deletes the Secret.
    Wipe,
    /// `helm upgrade` or a GitOps tool resets the path of a webhook.
    Reset(usize),
    /// Another replica becomes the leader.
    Elect,
    /// An API server got no answer.
    Expose,
}

fn disturbance() -> impl Strategy<Value = Disturbance> {
    prop_oneof![
        6 => (1..40_u64).prop_map(Disturbance::Wait),
        1 => Just(Disturbance::Wipe),
        2 => (0..3_usize).prop_map(Disturbance::Reset),
        1 => Just(Disturbance::Elect),
        1 => Just(Disturbance::Expose),
    ]
}

/// A cluster: replicas read the Secret up to `margin` late, and so do API servers the paths.
struct Cluster {
    now: u64,
    next: u64,
    stored: Vec<StoredToken>,
    memory: Vec<StoredToken>,
    paths: Vec<Option<StoredToken>>,
    elected: u64,
    exposed: Option<u64>,
    seen: Vec<(StoredToken, u64)>,
    published: Option<(StoredToken, u64)>,
    /// Every state of the Secret and of the paths, with its time.
    secrets: Vec<(u64, Vec<StoredToken>)>,
    sent: Vec<(u64, Vec<Option<StoredToken>>)>,
}

impl Cluster {
    fn step(&mut self) -> bool {
        let now = self.now;
        self.seen.retain(|(token, _)| self.stored.contains(token));
        for token in &self.stored {
            if !self.seen.iter().any(|(seen, _)| seen == token) {
                self.seen.push((token.clone(), now));
            }
        }
        if !self.stored.is_empty() {
            self.memory = self.stored.clone();
        }
        let newest = self.stored.last().cloned();
        let everywhere = newest.is_some() && self.paths.iter().all(|path| *path == newest);
        match (&self.published, everywhere) {
            (Some((token, _)), true) if Some(token) == newest.as_ref() => {}
            (_, true) => self.published = newest.map(|newest| (newest, now)),
            (_, false) => self.published = None,
        }
        let seen: Vec<Duration> = self
            .stored
            .iter()
            .map(|token| seconds(now - self.seen.iter().find(|(seen, _)| seen == token).unwrap().1))
            .collect();
        let sent: Vec<Option<usize>> = self
            .paths
            .iter()
            .map(|path| self.stored.iter().position(|token| Some(token) == path.as_ref()))
            .collect();
        let view = View {
            stored: &self.stored,
            tidy: true,
            memory: &self.memory,
            seen: &seen,
            sent: &sent,
            published: seconds(self.published.as_ref().map_or(0, |(_, since)| now - since)),
            elected: at(self.elected),
            exposed: self.exposed.map(at),
        };
        match next(view, at(now), &TIMINGS) {
            Step::Store { keep, add } => {
                self.stored = keep;
                if add {
                    self.next += 1;
                    self.stored.push(token(self.next, now));
                }
                self.secrets.push((now, self.stored.clone()));
                true
            }
            Step::Publish(index) => {
                let token = Some(self.stored[index].clone());
                self.paths.iter_mut().for_each(|path| path.clone_from(&token));
                self.sent.push((now, self.paths.clone()));
                true
            }
            Step::Rest(_) => false,
        }
    }

    fn settle(&mut self) {
        for _ in 0..20 {
            if !self.step() {
                return;
            }
        }
        panic!("no rest");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn whatever_an_api_server_sends_is_accepted(disturbances in prop::collection::vec(disturbance(), 1..60)) {
        let mut cluster = Cluster {
            now: 0, next: 0, stored: vec![], memory: vec![], paths: vec![None; 3], elected: 0,
            exposed: None,
            seen: vec![], published: None, secrets: vec![], sent: vec![],
        };
        cluster.settle();
        for disturbance in disturbances {
            match disturbance {
                Disturbance::Wait(time) => {
                    for _ in 0..time {
                        cluster.now += 1;
                        cluster.settle();
                        // A replica that read the Secret at any time within the margin accepts what
                        // an API server sends that read the paths at any time within the margin.
                        let within = |times: Vec<u64>| {
                            let start = cluster.now.saturating_sub(TIMINGS.margin.as_secs() - 1);
                            let first = times.iter().rposition(|time| *time < start).unwrap_or(0);
                            first..times.len()
                        };
                        let secrets = &cluster.secrets[within(cluster.secrets.iter().map(|(time, _)| *time).collect())];
                        let sent = &cluster.sent[within(cluster.sent.iter().map(|(time, _)| *time).collect())];
                        // The first token of all is published before anybody could send another.
                        let is_start = cluster.now < 2 * TIMINGS.margin.as_secs();
                        for (_, paths) in sent {
                            for path in paths.iter().flatten() {
                                for (_, secret) in secrets {
                                    prop_assert!(is_start || secret.contains(path));
                                }
                            }
                        }
                    }
                }
                // Replicas keep what they have read while the Secret is gone.
                Disturbance::Wipe => cluster.stored.clear(),
                Disturbance::Expose => cluster.exposed = Some(cluster.now),
                Disturbance::Reset(path) => cluster.paths[path] = None,
                Disturbance::Elect => {
                    cluster.elected = cluster.now;
                    cluster.seen.clear();
                    cluster.published = None;
                }
            }
            cluster.settle();
        }
        // In peace, one young token remains, and every path has it.
        for _ in 0..100 {
            cluster.now += 1;
            cluster.settle();
        }
        prop_assert!(cluster.stored.len() <= 2);
        let held = cluster.paths[0].clone().unwrap();
        prop_assert!(cluster.paths.iter().all(|path| *path == Some(held.clone())));
        prop_assert!(held.since >= at(cluster.elected) && at(cluster.now) < held.since + TIMINGS.life + seconds(30));
    }
}
