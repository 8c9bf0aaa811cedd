//! Policies of conftest and Gatekeeper, evaluated as their own tools evaluate them.
//!
//! `tests/data/conftest` and `tests/data/gatekeeper` have cases of the command line, and
//! `tests/data/gatekeeper-library` the whole library of Gatekeeper with its test suites.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cases;
mod library;
