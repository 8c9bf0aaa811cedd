//! The queue of large reviews. They are judged on a few threads of their own, so that small reviews
//! and health checks are answered while the largest wait.
//!
//! Namespaces take turns. If the queue is full, the review of a namespace that has more waiting than
//! others is answered with "try again".

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::oneshot;

/// Longest body that is judged at once, in bytes. The work of a review grows with its size, so it is
/// small for these.
pub const SMALL: usize = 64 << 10;

/// Most waiting reviews.
const WAITING: usize = 64;
/// Most bytes of all waiting reviews. Each takes several times its size once it is parsed.
const WAITING_BYTES: usize = 32 << 20;

/// The queue is full, or the turn of a review did not come in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many large requests at the same time")]
pub struct Overload;

/// A queue, and what runs.
#[derive(Clone, Debug)]
pub struct Queue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// The most reviews that run at once.
    workers: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    running: usize,
    /// The waiting reviews of each namespace, the oldest first.
    waiting: BTreeMap<String, VecDeque<Waiting>>,
    /// The namespaces with waiting reviews, in the order of their turns.
    turns: VecDeque<String>,
    count: usize,
    bytes: usize,
}

#[derive(Debug)]
struct Waiting {
    turn: oneshot::Sender<Turn>,
    bytes: usize,
}

/// The right to run, which the next review gets on drop.
#[derive(Debug)]
pub struct Turn(Option<Arc<Shared>>);

impl Default for Queue {
    /// With a worker for every second core.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self::new((cores / 2).max(1))
    }
}

impl Queue {
    /// A queue of which so many reviews run at once.
    pub fn new(workers: usize) -> Self {
        Self(Arc::new(Shared { workers, state: Mutex::default() }))
    }

    /// Waits for the turn of a review with a body of this many bytes.
    ///
    /// # Errors
    /// When the queue is full or the turn does not come before `until`.
    pub async fn enter(
        &self,
        namespace: &str,
        bytes: usize,
        until: Instant,
    ) -> Result<Turn, Overload> {
        let turn = {
            let mut state = self.0.state();
            if state.running < self.0.workers {
                state.running += 1;
                return Ok(Turn(Some(Arc::clone(&self.0))));
            }
            state.add(namespace, bytes)?
        };
        let turn = tokio::time::timeout_at(until.into(), turn).await;
        turn.ok().and_then(Result::ok).ok_or(Overload)
    }

    /// The number of waiting reviews.
    pub fn waiting(&self) -> usize {
        self.0.state().count
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Adds a review. If the queue is full, the newest one of the namespace with the most bytes
    /// waiting leaves it, unless that is this namespace.
    fn add(&mut self, namespace: &str, bytes: usize) -> Result<oneshot::Receiver<Turn>, Overload> {
        self.forget_closed();
        let own = self.bytes_of(namespace).saturating_add(bytes);
        while self.count >= WAITING || self.bytes.saturating_add(bytes) > WAITING_BYTES {
            let largest = self.turns.iter().max_by_key(|other| self.bytes_of(other)).cloned();
            let largest = largest.filter(|other| other != namespace && self.bytes_of(other) > own);
            let evicted = self.waiting.get_mut(&largest.ok_or(Overload)?);
            let evicted = evicted.and_then(VecDeque::pop_back).ok_or(Overload)?;
            self.remove(&evicted);
            self.turns.retain(|name| self.waiting.get(name).is_some_and(|all| !all.is_empty()));
        }
        let (turn, receiver) = oneshot::channel();
        let queue = self.waiting.entry(namespace.to_owned()).or_default();
        if queue.is_empty() {
            self.turns.push_back(namespace.to_owned());
        }
        queue.push_back(Waiting { turn, bytes });
        (self.count, self.bytes) = (self.count.saturating_add(1), self.bytes.saturating_add(bytes));
        Ok(receiver)
    }

    fn bytes_of(&self, namespace: &str) -> usize {
        self.waiting.get(namespace).into_iter().flatten().map(|waiting| waiting.bytes).sum()
    }

    fn remove(&mut self, waiting: &Waiting) {
        self.count = self.count.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(waiting.bytes);
    }

    /// Removes the reviews of clients that left.
    fn forget_closed(&mut self) {
        for all in self.waiting.values_mut() {
            all.retain(|waiting| !waiting.turn.is_closed());
        }
        self.waiting.retain(|_, all| !all.is_empty());
        self.turns.retain(|name| self.waiting.contains_key(name));
        let all = || self.waiting.values().flatten();
        (self.count, self.bytes) = (all().count(), all().map(|waiting| waiting.bytes).sum());
    }

    /// The next review. Its namespace is last in the order of turns then.
    fn next(&mut self) -> Option<Waiting> {
        let namespace = self.turns.pop_front()?;
        let all = self.waiting.get_mut(&namespace)?;
        let next = all.pop_front();
        if all.is_empty() {
            self.waiting.remove(&namespace);
        } else {
            self.turns.push_back(namespace);
        }
        if let Some(next) = &next {
            self.remove(next);
        }
        next
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(shared) = self.0.take() else { return };
        loop {
            let next = {
                let mut state = shared.state();
                let next = state.next();
                if next.is_none() {
                    state.running = state.running.saturating_sub(1);
                }
                next
            };
            let Some(Waiting { turn, .. }) = next else { return };
            match turn.send(Self(Some(Arc::clone(&shared)))) {
                Ok(()) => return,
                // The client left. Its turn is for the one after it.
                Err(mut unused) => unused.0 = None,
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn later() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    /// Enters the queue in a task, and returns once it waits.
    async fn waits(
        queue: &Queue,
        namespace: &'static str,
        bytes: usize,
    ) -> tokio::task::JoinHandle<Result<Turn, Overload>> {
        let (queue, before) = (queue.clone(), queue.waiting());
        let inside = queue.clone();
        let task = tokio::spawn(async move { inside.enter(namespace, bytes, later()).await });
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
            if queue.waiting() > before {
                break;
            }
        }
        task
    }

    #[tokio::test]
    async fn namespaces_take_turns() {
        let queue = Queue::new(1);
        let running = queue.enter("a", 1, later()).await.unwrap();
        let mut tasks = Vec::new();
        for namespace in ["a", "a", "b"] {
            tasks.push(waits(&queue, namespace, 1).await);
        }
        drop(running);
        let first = tasks.remove(0).await.unwrap().unwrap();
        drop(first);
        // The second of `a` waits until `b` had its turn.
        let other = tasks.pop().unwrap().await.unwrap().unwrap();
        assert!(!tasks[0].is_finished());
        drop(other);
        drop(tasks.pop().unwrap().await.unwrap().unwrap());
        assert!(queue.enter("c", 1, later()).await.is_ok());
    }

    #[tokio::test]
    async fn a_full_queue_refuses_the_namespace_that_fills_it() {
        let queue = Queue::new(1);
        let running = queue.enter("a", 1, later()).await.unwrap();
        let mut tasks = Vec::new();
        for _ in 0..WAITING {
            tasks.push(waits(&queue, "a", 2).await);
        }
        assert_eq!(queue.enter("a", 1, later()).await.unwrap_err(), Overload);
        let other = waits(&queue, "b", 2).await;
        assert_eq!(tasks.pop().unwrap().await.unwrap().unwrap_err(), Overload);
        drop(running);
        drop(tasks.remove(0).await.unwrap().unwrap());
        assert!(other.await.unwrap().is_ok());
    }

    #[tokio::test]
    async fn bytes_are_bounded_and_a_turn_of_a_client_that_left_is_passed_on() {
        let queue = Queue::new(1);
        let running = queue.enter("a", 1, later()).await.unwrap();
        let left = waits(&queue, "a", WAITING_BYTES / 2).await;
        assert_eq!(queue.enter("a", WAITING_BYTES, later()).await.unwrap_err(), Overload);
        left.abort();
        assert!(left.await.is_err());
        let now = queue.enter("b", 1, Instant::now() + Duration::from_millis(5)).await;
        assert_eq!(now.unwrap_err(), Overload);
        drop(running);
        assert!(queue.enter("b", 1, later()).await.is_ok());
    }
}
