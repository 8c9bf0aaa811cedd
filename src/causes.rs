//! Errors as text, for log lines, `/readyz` and responses.
//!
//! The message of an error does not contain its cause, which `source()` returns. A printed error
//! therefore needs its whole chain.

use std::error::Error;

/// An error and its causes in one line: `failed to read x: permission denied`.
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
    fn every_cause_is_printed_once() {
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
