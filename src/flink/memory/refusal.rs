//! Why Flink would refuse a memory configuration: in Flink's words, in ours, and with the nearest
//! size that would do.

/// What kind of mistake a refusal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No size is given at all.
    Missing,
    /// A value is no size, or no number.
    Unreadable,
    /// A size is too small for what it has to hold.
    TooSmall,
    /// A size leaves more than some part of it may have.
    TooLarge,
    /// Options say things that cannot all hold.
    Contradiction,
    /// Sizes add up to more than Flink can count.
    Overflow,
}

/// Why Flink would refuse to start with this memory configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct MemoryError {
    /// Flink's message, with its cause after "Caused by:" where it has one.
    pub message: String,
    /// The option to change, by the name it is written under.
    pub option: String,
    /// What kind of mistake it is.
    pub fault: Fault,
    /// What is wrong, in our words.
    pub problem: String,
    /// The smallest value of the option that would do where it is too small, the largest where it
    /// is too large, in bytes and whole mebibytes; `None` where no value of it alone would.
    pub nearest: Option<u64>,
}

impl MemoryError {
    /// The value of the option that is nearest to its own and would do, as people write it: `982m`.
    pub fn instead(&self) -> Option<String> {
        let mebibytes = self.nearest? >> 20;
        // The one option that counts in mebibytes by itself.
        let unit = if self.option.ends_with(".mb") { "" } else { "m" };
        Some(format!("{mebibytes}{unit}"))
    }
}

/// A refusal on its way out; Flink puts the role before most of its messages, but not before all.
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
    /// A configuration that Flink refuses with `message`, for what `problem` says of `option`.
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

    /// A failure that Flink does not put the role before.
    pub fn bare(self) -> Self {
        Self { bare: true, ..self }
    }

    /// The error with the role before it.
    pub fn into_error(self, prefix: &str) -> MemoryError {
        let Self { message, option, fault, problem, bare, nearest } = self;
        let message = if bare { message } else { format!("{prefix}{message}") };
        MemoryError { message, option, fault, problem, nearest }
    }
}

/// A size for our own messages: whole units where it has them, else about so many mebibytes.
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
    fn sizes_are_shown_short() {
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
