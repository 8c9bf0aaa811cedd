//! Why Flink would refuse a memory configuration: Flink's message, Flinkgate's message, and the
//! nearest valid size.

/// The kind of mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No size is set.
    Missing,
    /// A value is not a size or number.
    Unreadable,
    /// A size is too small for its parts.
    TooSmall,
    /// A size leaves more than the maximum for some part.
    TooLarge,
    /// Options contradict each other.
    Contradiction,
    /// The sum of sizes overflows in Flink.
    Overflow,
}

/// Why Flink would refuse to start with this memory configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct MemoryError {
    /// Flink's message, with its cause after "Caused by:" if it has one.
    pub message: String,
    /// The option to change, under its written name.
    pub option: String,
    /// The kind of mistake.
    pub fault: Fault,
    /// The problem in Flinkgate's words.
    pub problem: String,
    /// The nearest valid value of the option: the minimum if it is too small, the maximum if it is
    /// too large, in bytes and whole mebibytes. `None` if no value of this option alone is valid.
    pub nearest: Option<u64>,
}

impl MemoryError {
    /// The nearest valid value in the usual form: `982m`.
    pub fn instead(&self) -> Option<String> {
        let mebibytes = self.nearest? >> 20;
        // The only option whose unit is a mebibyte.
        let unit = if self.option.ends_with(".mb") { "" } else { "m" };
        Some(format!("{mebibytes}{unit}"))
    }
}

/// A refusal before it becomes an error. Flink prefixes most of its messages with the role, but not
/// all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub message: String,
    pub option: String,
    pub fault: Fault,
    pub problem: String,
    pub bare: bool,
    pub nearest: Option<u64>,
}

impl Refusal {
    /// A configuration that Flink refuses with `message`; `problem` explains it for `option`.
    pub fn new(
        fault: Fault,
        message: impl Into<String>,
        problem: impl Into<String>,
        option: impl Into<String>,
    ) -> Self {
        Self {
            message: message.into(),
            option: option.into(),
            fault,
            problem: problem.into(),
            bare: false,
            nearest: None,
        }
    }

    /// Marks a refusal that Flink does not prefix with the role.
    pub fn bare(self) -> Self {
        Self { bare: true, ..self }
    }

    /// The error, prefixed with the role.
    pub fn into_error(self, prefix: &str) -> MemoryError {
        let Self { message, option, fault, problem, bare, nearest } = self;
        let message = if bare { message } else { format!("{prefix}{message}") };
        MemoryError { message, option, fault, problem, nearest }
    }
}

/// A size for Flinkgate's messages: in whole units if possible, else in approximate mebibytes.
pub fn shown(bytes: u64) -> String {
    let is_whole = |shift: u32| bytes >> shift > 0 && bytes.trailing_zeros() >= shift;
    if is_whole(30) {
        format!("{}g", bytes >> 30)
    } else if is_whole(20) {
        format!("{}m", bytes >> 20)
    } else if bytes >> 20 > 0 {
        format!("{:.1}m", bytes as f64 / f64::from(1 << 20))
    } else if is_whole(10) {
        format!("{}k", bytes >> 10)
    } else {
        format!("{bytes} bytes")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_displayed_in_short_form() {
        let cases = [
            (0, "0 bytes"),
            (100, "100 bytes"),
            (1 << 10, "1k"),
            (982 << 20, "982m"),
            (1 << 30, "1g"),
            (389_441_946, "371.4m"),
            (380_108 << 10, "371.2m"),
        ];
        for (bytes, text) in cases {
            assert_eq!(shown(bytes), text);
        }
    }
}
