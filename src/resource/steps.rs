//! The steps of a judgement: they are counted, and a judgement stops at its deadline.
//!
//! What reads an object calls [`step`] for each value that it looks up. Tests compare the counts of
//! an input and of one twice as large. In a server, [`until`] runs a judgement with a deadline:
//! the first look at the clock after it ends the judgement, wherever it is.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

/// Steps between two looks at the clock; a power of two. They take far less than a millisecond.
const INTERVAL: u64 = 1_024;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
    static DEADLINE: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// The judgement was not done at its deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the check was not done at its deadline")]
pub struct Late;

/// Counts one step of this thread.
#[inline]
pub fn step() {
    // One look at the thread's counter, not two.
    let count = COUNT.with(|count| {
        count.set(count.get().wrapping_add(1));
        count.get()
    });
    if count.is_multiple_of(INTERVAL) {
        look_at_clock();
    }
}

/// The steps of this thread so far.
pub fn count() -> u64 {
    COUNT.get()
}

#[cold]
fn look_at_clock() {
    if DEADLINE.get().is_some_and(|deadline| Instant::now() >= deadline) {
        // The rules return nothing that could carry an error. No lock is held while they run.
        resume_unwind(Box::new(Late));
    }
}

/// Restores the deadline of an outer [`until`].
struct Outer(Option<Instant>);

impl Drop for Outer {
    fn drop(&mut self) {
        DEADLINE.set(self.0);
    }
}

/// Runs a judgement on this thread until it is done or its deadline is over.
///
/// # Errors
/// When the deadline was over first.
pub fn until<T>(deadline: Instant, run: impl FnOnce() -> T) -> Result<T, Late> {
    if Instant::now() >= deadline {
        return Err(Late);
    }
    let outer = Outer(DEADLINE.replace(Some(deadline)));
    let outcome = catch_unwind(AssertUnwindSafe(run));
    drop(outer);
    outcome.map_err(|panic| match panic.downcast::<Late>() {
        Ok(late) => *late,
        Err(panic) => resume_unwind(panic),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn endless_work_ends_at_its_deadline() {
        let soon = Instant::now() + Duration::from_millis(5);
        let endless = || -> () {
            loop {
                step();
            }
        };
        assert_eq!(until(soon, endless), Err(Late));
        assert_eq!(until(soon, || 1), Err(Late));
        let before = count();
        (0..3 * INTERVAL).for_each(|_| step());
        assert_eq!(count() - before, 3 * INTERVAL);
        assert_eq!(until(Instant::now() + Duration::from_secs(60), || 1), Ok(1));
    }

    #[test]
    fn other_panics_go_on() {
        let late = Instant::now() + Duration::from_secs(60);
        let panic = catch_unwind(|| until(late, || resume_unwind(Box::new("other"))).map(|()| 0));
        assert_eq!(*panic.unwrap_err().downcast::<&str>().unwrap(), "other");
    }
}
