//! Errors as text, for places that cannot keep them: log lines, `/readyz`, answers to reviews.
//!
//! An error's message leaves its cause to `source()`. Whoever prints only the message loses the
//! cause, and whoever writes it into the message has it printed twice by those who follow the
//! chain.

use std::error::Error;

/// An error with its causes in one line: `what failed: why: why that`.
pub fn with_causes(error: &dyn Error) -> String {
    std::iter::successors(Some(error), |error| (*error).source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::rego::PolicySet;

    #[test]
    fn every_cause_is_told_once() {
        let missing = std::env::temp_dir().join("flinkgate-has-no-such-folder");
        let error = PolicySet::load(&[missing]).unwrap_err();
        let text = with_causes(&error);
        assert_eq!(text.matches("(os error 2)").count(), 1, "{text}");
        assert!(
            text.starts_with("failed to read ") && text.contains("flinkgate-has-no-such-folder"),
            "{text}"
        );
    }
}
