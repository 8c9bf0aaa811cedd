//! What `flinkgate lint` reads and reports in repositories: `.flinkgate.yaml`, ignore files,
//! suppressions, baselines, and what a branch changed. All through the binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod baseline;
mod configuration;
mod diff;
mod folder;
mod nothing;
mod page;
mod repositories;
mod suppressions;
