//! The size of a memory segment, which a TaskManager reads when it starts.

use super::MemoryError;
use super::options::{Reader, SizeOption, name, size};
use super::refusal::{Fault, Refusal, shown};
use crate::flink::config::FlinkConfig;

const SEGMENT: SizeOption = size(&["taskmanager.memory.segment-size"], 32 << 10);
const LEAST: u64 = 4096;

/// Bytes of one memory segment.
///
/// # Errors
/// If the TaskManager would fail at its start: less than 4 KiB, more than a Java int, or not a
/// power of two.
pub fn segment_size(config: &FlinkConfig) -> Result<u64, MemoryError> {
    read(&Reader::new(config, None)).map_err(|refusal| refusal.into_error(""))
}

pub(super) fn read(reader: &Reader<'_>) -> Result<u64, Refusal> {
    let segment = reader.plain_size(&SEGMENT)?;
    let refusal = |message: String| {
        let problem = format!(
            "`{}` is {}, but a memory segment is a power of two from {} to 1g",
            reader.written(SEGMENT.keys),
            shown(segment),
            shown(LEAST)
        );
        Refusal::new(Fault::Contradiction, message, problem, reader.written(SEGMENT.keys))
    };
    if i32::try_from(segment).is_err() {
        return Err(refusal(format!("Cannot downcast long value {segment} to integer.")).bare());
    }
    let invalid = |why: &str| {
        Err(refusal(format!(
            "Invalid configuration value for {} : {segment} - {why}",
            name(SEGMENT.keys)
        )))
    };
    if segment < LEAST {
        return invalid("Minimum memory segment size is 4096");
    }
    if !segment.is_power_of_two() {
        return invalid("Memory segment size must be a power of 2.");
    }
    Ok(segment)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_powers_of_two_within_an_int() {
        let read = |value: &str| {
            let mut config = FlinkConfig::default();
            config.set("taskmanager.memory.segment-size", value, None);
            segment_size(&config).map_err(|error| error.fault)
        };
        assert_eq!(segment_size(&FlinkConfig::default()), Ok(32 << 10));
        assert_eq!((read("4096"), read("1g")), (Ok(4096), Ok(1 << 30)));
        for (value, fault) in [
            ("1k", Fault::Contradiction),
            ("33000", Fault::Contradiction),
            ("2g", Fault::Contradiction),
            ("x", Fault::Unreadable),
        ] {
            assert_eq!(read(value), Err(fault), "{value}");
        }
    }
}
