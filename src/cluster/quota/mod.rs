//! Exact quota in a cluster: where ledgers are kept, whom a pod draws on, and who settles what was promised.

pub mod owners;
pub mod store;
