//! regorus' virtual machine with its limits: one program, one `input`, some instructions and some
//! time.

use super::builtins;
use regorus::Value;
use regorus::rvm::vm::{ExecutionMode, ExecutionState, VmError};
use regorus::rvm::{Program, RegoVM};
use regorus::utils::limits::ExecutionTimerConfig;
use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Instructions one entry point may execute: an object of 1.5 MiB (etcd's limit) has at most some
/// 50 000 list elements of 30 bytes, and a rule spends about 10 instructions on each.
/// Deterministic, so that a verdict never depends on load.
const MAX_INSTRUCTIONS: usize = 500_000;

/// Entry points that may use up [`MAX_INSTRUCTIONS`] in one evaluation; the rules after them are
/// not run any more.
const MAX_EXHAUSTED: usize = 4;

/// Time all entry points of one evaluation may take together. [`MAX_EXHAUSTED`] of them take about
/// 200 ms, so this only stops what is slow inside builtins; it is longer than a container throttled
/// for a few periods of 100 ms is paused, and fits the API server's default timeout of 10 s.
const TIME_LIMIT: Duration = Duration::from_secs(1);

/// Why an entry point of a policy gave no value.
#[derive(Debug, thiserror::Error)]
pub(super) enum EvaluationError {
    #[error("{MAX_EXHAUSTED} entry points before it used up their {MAX_INSTRUCTIONS} instructions")]
    InstructionsUsedUp,
    #[error("the rules before it used up the {0:?} that all have together")]
    TimeUsedUp(Duration),
    #[error("it waits for the host")]
    Suspended,
    #[error(transparent)]
    Machine(#[from] VmError),
    #[error("the arguments of `{0}` are too large")]
    TooLarge(&'static str),
    #[error("regorus panicked")]
    Panicked,
}

/// What is left for the rules of one evaluation.
///
/// The virtual machine does not tell how many instructions it executed, only that it reached the
/// limit; rules that stay just below it are bounded by the time.
pub(super) struct Budget {
    limit: Duration,
    deadline: Instant,
    exhausted: usize,
}

impl Budget {
    pub(super) fn new(until: Option<Instant>) -> Self {
        let now = Instant::now();
        let allowed = until.map(|until| until.saturating_duration_since(now));
        let limit = allowed.map_or(TIME_LIMIT, |allowed| allowed.min(TIME_LIMIT));
        Self { limit, deadline: now + limit, exhausted: 0 }
    }

    /// The time left, or why nothing is.
    fn left(&self) -> Result<Duration, EvaluationError> {
        if self.exhausted >= MAX_EXHAUSTED {
            return Err(EvaluationError::InstructionsUsedUp);
        }
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(EvaluationError::TimeUsedUp(self.limit)) } else { Ok(left) }
    }
}

/// Instructions between two looks at the clock, about 5 µs.
const TIME_CHECK_INTERVAL: NonZeroU32 = match NonZeroU32::new(64) {
    Some(interval) => interval,
    None => NonZeroU32::MIN,
};

/// Suspendable mode keeps calls on the heap instead of the stack: recursion that slipped through
/// the check at load ends at the instruction limit, on any thread. It costs 10 to 40 % of the time.
pub(super) fn machine(program: &Arc<Program>) -> RegoVM {
    let mut vm = RegoVM::new();
    vm.set_execution_mode(ExecutionMode::Suspendable);
    vm.set_max_instructions(MAX_INSTRUCTIONS);
    vm.load_program(program.clone());
    // Policies get no data but their own rules; an empty object cannot clash with them.
    let _ = vm.set_data(Value::new_object());
    vm
}

/// Runs one entry point within what is left.
pub(super) fn execute(
    vm: &mut RegoVM,
    index: usize,
    budget: &mut Budget,
) -> Result<Value, EvaluationError> {
    let limit = budget.left()?;
    vm.set_execution_timer_config(Some(ExecutionTimerConfig {
        limit,
        check_interval: TIME_CHECK_INTERVAL,
    }));
    let _ = builtins::refused();
    let outcome = catch_unwind(AssertUnwindSafe(|| vm.execute_entry_point_by_index(index)));
    if let Some(builtin) = builtins::refused() {
        return Err(EvaluationError::TooLarge(builtin));
    }
    match outcome {
        Ok(Ok(_)) if matches!(vm.execution_state(), ExecutionState::Suspended { .. }) => {
            Err(EvaluationError::Suspended)
        }
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => {
            budget.exhausted +=
                usize::from(matches!(error, VmError::InstructionLimitExceeded { .. }));
            Err(error.into())
        }
        Err(_) => Err(EvaluationError::Panicked),
    }
}
