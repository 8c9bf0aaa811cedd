//! Exact quota on a real control plane: two API servers on one etcd, two replicas of Flinkgate.
//!
//! `scene` is the cluster that most of these tests share, each with tenants of its own; `history`
//! holds every revision against the limits. `storm` is everything at once; the rest is one concern
//! a file.

mod adopted;
mod bypass;
mod clusters;
mod dry_run;
mod guarded;
mod history;
mod in_the_way;
mod leaders;
mod present;
mod regressions;
pub mod scene;
mod statuses;
pub mod storm;
mod told;
mod unreachable;
mod vanished;
mod versions;
