//! Exact quota in a cluster: where ledgers are kept, whom a pod draws on, and who settles what was
//! promised.
//!
//! Every replica reserves; one settles, the holder of the Lease. [`follow`] tells it what there is
//! and how new that is, [`census`] keeps it, [`bookkeeper`] knows which tenant is to be looked at,
//! [`live`] asks before anything is given back, [`term`] whether this replica still leads, and
//! [`standing`] says in the FlinkTenant's status what is used. [`keep`] puts them together.

mod controller;
pub mod existence;
pub mod object_cache;
pub mod owner_chains;
pub mod reconciler;
pub mod status;
pub mod term;

pub use controller::{Reconciler, keep};
pub use reconciler::Timings;
