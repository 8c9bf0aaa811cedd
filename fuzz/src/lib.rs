//! The bodies of the fuzz targets and the grammar of reviews.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

pub mod grammar;
pub mod targets;

/// Runs the body of a target.
pub fn run(name: &str, data: &[u8]) {
    let (_, target) = targets::TARGETS.iter().find(|(own, _)| *own == name).unwrap();
    target(data);
}
