//! The bodies of the fuzz targets and the grammar of reviews.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

pub mod grammar;
pub mod targets;
