//! Flinkgate in a cluster: what it watches there, and what one replica does for all.

pub mod certificates;
pub mod lease;
