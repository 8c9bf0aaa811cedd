//! Flinkgate in a cluster: its configuration is objects that are watched instead of files that are
//! read.
//!
//! In come the objects that [`watch`] follows; out go the gate that answers requests, and what
//! Flinkgate writes: status, labels, ledgers, claims, certificates, Events. Each of these has one of
//! the [`controllers`]; those that only one replica may run wait for the [`lease`]. [`lookup`],
//! [`owners`] and [`deletions`] ask the API server for objects while a request waits. [`impact`] reads for a
//! person, and writes nothing.
//! Nothing here judges: that is the [pipeline](crate::pipeline), which knows no cluster.

pub mod apply;
pub mod condition;
pub mod context;
pub mod controllers;
pub mod deletions;
pub mod impact;
pub mod lease;
pub mod leaving;
pub mod ledger_store;
pub mod lookup;
pub mod owners;
pub mod watch;

#[cfg(test)]
pub(crate) mod fake_api_server;
