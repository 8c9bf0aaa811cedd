//! What Kubernetes itself makes of an object: Pod Security Standards and the scheduler's placement.
//!
//! Functions here take pods and templates as plain JSON and return facts and violations. They do
//! not know rules, findings or tenants' limits.

pub mod placement;
pub mod pod_security;
pub mod references;
