//! What Flinkgate does in a cluster besides answering requests: one module a controller, each with
//! a function `run` that does not return while Flinkgate serves.
//!
//! [`tenants`] makes the gate from what the cluster holds, on every replica; [`events`] reports
//! refusals, on every replica; [`certificates`] serves the certificate on every replica and renews
//! it on the leader; [`registration`] does the same for the path token, and compares the webhook
//! configurations. [`status`], [`quota`] and [`claims`] run on the leader alone.
//! A controller does not call another one: between them are channels and the shared gate.

mod attempts;
pub mod certificates;
pub mod claims;
pub mod events;
mod known;
mod own_secret;
pub mod quota;
pub mod registration;
pub mod status;
mod step;
pub mod tenants;
mod webhook_objects;
