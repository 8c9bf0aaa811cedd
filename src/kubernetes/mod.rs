//! What Kubernetes itself decides about an object: Pod Security Standards, the scheduler's
//! placement and PodDisruptionBudgets.
//!
//! Functions here take pods and templates as plain JSON and return facts and violations. They do
//! not know rules, findings or tenants' limits.

pub mod coverage;
pub mod disruption;
pub mod mirror_pod;
pub mod placement;
pub mod pod_security;
pub mod reach;
mod reached_pods;
pub mod references;
pub mod validation;
