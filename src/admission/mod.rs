//! The admission protocol: from an AdmissionReview to its answer.
//!
//! Goes in: a [`review`] as an API server sends it. Comes out: an [`answer`], which [`response`]
//! encodes. [`reviewer`] is the path in between, the same for a cluster and for files; what differs
//! is behind [`context`] and [`quota`]. This folder has no network code: the
//! [`server`](crate::server) receives reviews, and [`registration`] makes API servers send them.

mod already_exists;
pub mod answer;
pub mod context;
pub mod files;
pub mod flinkgate_kinds;
mod kept;
mod network;
pub mod queue;
pub mod quota;
pub mod registration;
pub mod response;
pub mod review;
pub mod reviewer;
mod status;
pub(crate) mod wording;
