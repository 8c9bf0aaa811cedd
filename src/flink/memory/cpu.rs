//! Calculates a TaskManager's cores and task slots.

use super::MemoryError;
use super::java::{decimal, parse_double};
use super::options::{Reader, could_not_parse};
use super::refusal::{Fault, Refusal};
use super::task_manager::PREFIX;
use crate::flink::config::FlinkConfig;
use crate::flink::version::FlinkVersion;

const CORES: &str = "taskmanager.cpu.cores";
const AMOUNT: &[&str] = &["kubernetes.taskmanager.cpu.amount", "kubernetes.taskmanager.cpu"];
const AMOUNT_BEFORE: &[&str] = &["kubernetes.taskmanager.cpu"];
/// The first release that reads the amount under its current name.
const RENAMED: FlinkVersion = FlinkVersion::new(1, 17);
const SLOTS: &str = "taskmanager.numberOfTaskSlots";

/// Cores of one TaskManager: `taskmanager.cpu.cores`, else the Kubernetes amount if it is positive,
/// else one per slot.
///
/// # Errors
/// If an option is not a number, or the cores are not positive.
pub fn task_manager_cpu(
    config: &FlinkConfig,
    version: Option<FlinkVersion>,
) -> Result<f64, MemoryError> {
    let names: &[&str] =
        if version.is_some_and(|version| version < RENAMED) { AMOUNT_BEFORE } else { AMOUNT };
    let double = |keys: &[&str]| match config.first(keys) {
        Some((key, entry)) => {
            parse_double(&entry.value).map(|cores| Some((cores, key.to_owned()))).ok_or_else(|| {
                could_not_parse(&entry.value, keys.first().unwrap_or(&key), key).into_error("")
            })
        }
        None => Ok(None),
    };
    // Flink reads the amount even if `taskmanager.cpu.cores` counts.
    let amount = double(names)?.filter(|(amount, _)| *amount > 0.0);
    let (cores, option) = match (double(&[CORES])?, amount) {
        (Some(cores), _) => cores,
        (None, Some(amount)) => amount,
        (None, None) => (f64::from(slots(config)?), SLOTS.into()),
    };
    if cores > 0.0 && cores.is_finite() {
        return Ok(rounded(cores));
    }
    let message = format!(
        "TaskExecutors need to be started with a positive number of CPU cores. Please configure {CORES} accordingly."
    );
    let problem = format!("`{option}` gives a TaskManager {cores} cores");
    Err(Refusal::new(Fault::Contradiction, message, problem, option).into_error(PREFIX))
}

/// Cores rounded half up to Flink's eight decimals.
fn rounded(cores: f64) -> f64 {
    let Some((digits, exponent)) = decimal(cores).filter(|(_, exponent)| *exponent < -8) else {
        return cores;
    };
    let unit = 10_u128.checked_pow((-8 - exponent).unsigned_abs());
    // Beyond 38 digits the result is zero.
    let kept = unit.map_or(0, |unit| (digits + unit / 2) / unit);
    format!("{kept}e-8").parse().unwrap_or(cores)
}

/// Task slots of one TaskManager; -1 means one, as in old configurations.
///
/// # Errors
/// If the option is not a whole number of at least one.
pub fn task_slots(config: &FlinkConfig) -> Result<u64, MemoryError> {
    let slots = match slots(config)? {
        -1 => 1,
        slots => slots,
    };
    u64::try_from(slots).ok().filter(|slots| *slots > 0).ok_or_else(|| {
        let message = format!("Invalid configuration value for {SLOTS} : {slots} - Number of task slots must be at least one.");
        let problem = format!("`{SLOTS}` is {slots}");
        Refusal::new(Fault::Contradiction, message, problem, SLOTS).into_error("")
    })
}

fn slots(config: &FlinkConfig) -> Result<i32, MemoryError> {
    Reader::new(config, None)
        .int(SLOTS)
        .map(|slots| slots.unwrap_or(1))
        .map_err(|refusal| refusal.into_error(""))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn config(options: &[(&str, &str)]) -> FlinkConfig {
        let mut config = FlinkConfig::default();
        for (key, value) in options {
            config.set(*key, *value, None);
        }
        config
    }

    #[test]
    fn most_specific_option_gives_the_cores() {
        let slots = (SLOTS, "4");
        assert_eq!(task_manager_cpu(&config(&[]), None), Ok(1.0));
        assert_eq!(task_manager_cpu(&config(&[slots]), None), Ok(4.0));
        assert_eq!(
            task_manager_cpu(&config(&[slots, ("kubernetes.taskmanager.cpu", "2")]), None),
            Ok(2.0)
        );
        assert_eq!(
            task_manager_cpu(&config(&[slots, (AMOUNT[1], "2"), (AMOUNT[0], "0.5")]), None),
            Ok(0.5)
        );
        assert_eq!(task_manager_cpu(&config(&[slots, (AMOUNT[0], "-1.0")]), None), Ok(4.0));
        assert_eq!(task_manager_cpu(&config(&[(AMOUNT[0], "2"), (CORES, "16")]), None), Ok(16.0));
        assert_eq!(
            task_manager_cpu(
                &config(&[(AMOUNT[0], "2"), (AMOUNT[1], "3")]),
                Some(FlinkVersion::new(1, 16))
            ),
            Ok(3.0)
        );
        for (written, cores) in [
            ("0.123456785", 0.12345679),
            ("0.1", 0.1),
            ("1e-9", 0.0),
            ("4.9e-324", 0.0),
            ("1e300", 1e300),
        ] {
            assert_eq!(
                task_manager_cpu(&config(&[(CORES, written)]), None),
                Ok(cores),
                "{written}"
            );
        }
    }

    #[test]
    fn cores_must_be_above_zero() {
        for options in [
            [(CORES, "0")],
            [(CORES, "-1")],
            [(CORES, "NaN")],
            [(CORES, "Infinity")],
            [(SLOTS, "0")],
            [(SLOTS, "-1")],
        ] {
            let error = task_manager_cpu(&config(&options), None).unwrap_err();
            assert!(error.message.contains("positive number of CPU cores"), "{error}");
            assert_eq!(error.option, options[0].0);
        }
        let error = task_manager_cpu(
            &config(&[("kubernetes.taskmanager.cpu", "2 cores"), (CORES, "1")]),
            None,
        )
        .unwrap_err();
        assert_eq!(
            error.message,
            "Could not parse value '2 cores' for key 'kubernetes.taskmanager.cpu.amount'."
        );
        assert_eq!(error.option, "kubernetes.taskmanager.cpu");
    }

    #[test]
    fn slots_are_at_least_one() {
        assert_eq!(task_slots(&config(&[])), Ok(1));
        assert_eq!(task_slots(&config(&[(SLOTS, "8")])), Ok(8));
        assert_eq!(task_slots(&config(&[(SLOTS, "-1")])), Ok(1));
        for value in ["0", "-2", " 2", "two", "2.0"] {
            assert_eq!(task_slots(&config(&[(SLOTS, value)])).unwrap_err().option, SLOTS);
        }
    }
}
