//! Policies of conftest and Gatekeeper, evaluated as their own tools evaluate them.
//!
//! `tests/data/conftest` and `tests/data/gatekeeper` have cases of the command line.
//! `tests/gatekeeper_library` runs the test suites of Gatekeeper's library, which is not here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cases;
