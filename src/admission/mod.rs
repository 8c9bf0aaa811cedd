//! The admission protocol: from an AdmissionReview to its answer.
//!
//! Goes in: a [`review`] as an API server sends it. Comes out: an [`answer`], and a [`response`] in
//! the protocol's words. [`reviewer`] is the path in between, the same for a cluster and for files;
//! what differs is behind [`context`] and [`quota`]. It knows no network: the
//! [`server`](crate::server) does, and [`registration`] makes API servers send reviews.

pub mod answer;
pub mod context;
pub mod files;
pub mod own;
pub mod quota;
pub mod registration;
pub mod response;
pub mod review;
pub mod reviewer;
pub(crate) mod wording;
