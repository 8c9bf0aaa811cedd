//! Derives all sizes from the given one, in the way that both roles share.

use super::arithmetic::sum;
use super::options::{RangeOptions, Reader, SizeOption, described, name};
use super::refusal::{Fault, Refusal, shown};
use crate::flink::memory_size::{MAX_MEMORY_SIZE, human_readable};

/// The options of a role that the shared calculation reads.
pub(super) struct ProcessOptions {
    /// The prefix of the role's options.
    pub prefix: &'static str,
    /// Options that determine the rest if all of them are set.
    pub fine_grained: &'static [SizeOption],
    /// Flink's memory.
    pub flink: SizeOption,
    /// The container's memory.
    pub process: SizeOption,
    /// JVM metaspace.
    pub metaspace: SizeOption,
    /// JVM overhead.
    pub overhead: RangeOptions,
}

/// The parts of Flink's memory for one role.
pub(super) trait Parts: Sized {
    /// The role's options.
    const OPTIONS: ProcessOptions;
    /// The parts if all fine-grained options are set.
    fn from_fine_grained(reader: &Reader<'_>) -> Result<Self, Refusal>;
    /// The parts for a given amount of Flink's memory.
    fn from_flink(reader: &Reader<'_>, flink: u64) -> Result<Self, Refusal>;
    /// The sizes of the parts, whose sum is Flink's memory.
    fn sizes(&self) -> Vec<u64>;
}

/// The whole process.
pub(super) struct Process<P> {
    /// The parts of Flink's memory.
    pub parts: P,
    /// The total.
    pub process: u64,
    /// The sum of the parts.
    pub flink: u64,
    /// JVM metaspace.
    pub metaspace: u64,
    /// JVM overhead.
    pub overhead: u64,
}

/// The written name of the first set option that determines the total.
pub(super) fn total_option<P: Parts>(reader: &Reader<'_>) -> String {
    let options = P::OPTIONS;
    let total = if reader.is_set(options.flink.keys) { options.flink } else { options.process };
    reader.written(total.keys)
}

/// Calculates all sizes of a process in Flink's order, which decides which of several errors is
/// reported.
pub(super) fn derive<P: Parts>(reader: &Reader<'_>) -> Result<Process<P>, Refusal> {
    let options = P::OPTIONS;
    let total = total_option::<P>(reader);
    let parts;
    let (metaspace, overhead);
    if options.fine_grained.iter().all(|option| reader.is_set(option.keys)) {
        parts = P::from_fine_grained(reader)?;
        (metaspace, overhead) = around_flink::<P>(reader, sum(&parts.sizes(), &total)?)?;
    } else if reader.is_set(options.flink.keys) {
        let flink = reader.size(&options.flink)?;
        parts = P::from_flink(reader, flink)?;
        (metaspace, overhead) = around_flink::<P>(reader, flink)?;
    } else if reader.is_set(options.process.keys) {
        let process = reader.size(&options.process)?;
        (metaspace, overhead) = within_process::<P>(reader, process)?;
        parts = P::from_flink(reader, process.saturating_sub(metaspace).saturating_sub(overhead))?;
    } else {
        return Err(nothing_set(&options));
    }
    let flink = sum(&parts.sizes(), &total)?;
    let process = sum(&[flink, metaspace, overhead], &total)?;
    Ok(Process { parts, process, flink, metaspace, overhead })
}

/// [`derive`], with the nearest valid size if a size is too small or too large.
pub(super) fn derive_or_advise<P: Parts>(mut reader: Reader<'_>) -> Result<Process<P>, Refusal> {
    derive::<P>(&reader).map_err(|refusal| match refusal.fault {
        // Whichever value was added last, the largest one is too large.
        Fault::Overflow => Refusal {
            option: reader.largest(P::OPTIONS.prefix).unwrap_or(refusal.option),
            ..refusal
        },
        _ => Refusal { nearest: nearest::<P>(&mut reader, &refusal), ..refusal },
    })
}

/// Searches for the whole mebibyte at which this refusal ends.
fn nearest<P: Parts>(reader: &mut Reader<'_>, refusal: &Refusal) -> Option<u64> {
    let (mut good, mut bad) = match refusal.fault {
        Fault::TooSmall => (MAX_MEMORY_SIZE >> 20, 0),
        Fault::TooLarge => (0, MAX_MEMORY_SIZE >> 20),
        Fault::Missing | Fault::Unreadable | Fault::Contradiction | Fault::Overflow => return None,
    };
    let mut outcome = |mebibytes: u64| {
        reader.try_size(&refusal.option, mebibytes << 20);
        derive::<P>(reader)
    };
    // Each step halves the interval: about forty steps.
    while good.abs_diff(bad) > 1 {
        let middle = good.midpoint(bad);
        match outcome(middle) {
            Err(again) if (again.fault, &again.option) == (refusal.fault, &refusal.option) => {
                bad = middle
            }
            _ => good = middle,
        }
    }
    // Another refusal may start where this one ends.
    outcome(good).is_ok().then_some(good << 20)
}

fn nothing_set(options: &ProcessOptions) -> Refusal {
    let fine_grained: Vec<&str> =
        options.fine_grained.iter().map(|option| name(option.keys)).collect();
    let message = format!(
        "Either required fine-grained memory ({}), or Total Flink Memory size ({}), or Total Process Memory size ({}) need to be configured explicitly.",
        fine_grained.join(" and "),
        described(options.flink.keys, "null"),
        described(options.process.keys, "null")
    );
    let option = name(options.process.keys);
    Refusal::new(Fault::Missing, message, format!("`{option}` is not set"), option)
}

/// Metaspace and overhead of a process with a given size.
fn within_process<P: Parts>(reader: &Reader<'_>, process: u64) -> Result<(u64, u64), Refusal> {
    let options = P::OPTIONS;
    let option = reader.written(options.process.keys);
    let metaspace = reader.size(&options.metaspace)?;
    let overhead = reader.range(&options.overhead)?.of(process, &option)?;
    if sum(&[metaspace, overhead], &option)? > process {
        let message = format!(
            "Sum of configured JVM Metaspace ({}) and JVM Overhead ({}) exceed configured Total Process Memory ({}).",
            human_readable(metaspace),
            human_readable(overhead),
            human_readable(process)
        );
        let problem = format!(
            "{} of JVM metaspace and {} of JVM overhead do not fit into {} of total process memory",
            shown(metaspace),
            shown(overhead),
            shown(process)
        );
        return Err(Refusal::new(Fault::TooSmall, message, problem, option));
    }
    Ok((metaspace, overhead))
}

/// Metaspace and overhead of a process with a given Flink memory. Overhead is the rest of the
/// process size, or a share if there is no process size.
fn around_flink<P: Parts>(reader: &Reader<'_>, flink: u64) -> Result<(u64, u64), Refusal> {
    let options = P::OPTIONS;
    let option = reader.written(options.process.keys);
    let metaspace = reader.size(&options.metaspace)?;
    let inner = sum(&[flink, metaspace], &total_option::<P>(reader))?;
    if !reader.is_set(options.process.keys) {
        let overhead = reader.range(&options.overhead)?.on_top_of(inner, &option)?;
        return Ok((metaspace, overhead));
    }
    let process = reader.size(&options.process)?;
    let Some(overhead) = process.checked_sub(inner) else {
        let message = format!(
            "The configured Total Process Memory size ({}) is less than the sum of the derived Total Flink Memory size ({}) and the configured or default JVM Metaspace size  ({}).",
            human_readable(process),
            human_readable(flink),
            human_readable(metaspace)
        );
        let problem = format!(
            "{} of total Flink memory and {} of JVM metaspace do not fit into {} of total process memory",
            shown(flink),
            shown(metaspace),
            shown(process)
        );
        return Err(Refusal::new(Fault::TooSmall, message, problem, option));
    };
    let range = reader.range(&options.overhead)?;
    if !range.contains(overhead) {
        let message = format!(
            "Derived JVM Overhead size ({}) is not in configured JVM Overhead range [{}, {}].",
            human_readable(overhead),
            human_readable(range.min),
            human_readable(range.max)
        );
        let problem = format!(
            "{} of total process memory leave {} of JVM overhead, which must be from {} to {}",
            shown(process),
            shown(overhead),
            shown(range.min),
            shown(range.max)
        );
        let fault = if overhead < range.min { Fault::TooSmall } else { Fault::TooLarge };
        return Err(Refusal::new(fault, message, problem, option));
    }
    Ok((metaspace, overhead))
}
