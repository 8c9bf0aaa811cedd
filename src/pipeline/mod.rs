//! The pipeline for one object: tenant, lowering, mutation, rules, policies and quota, in this order.
//!
//! Goes in: a resource. Comes out: findings and a patch, from the [`Gate`], which holds tenants and
//! compiled policies. Webhooks and `lint` call the same functions. The pipeline reads no files or
//! clusters per object and reserves nothing: see [`admission`](crate::admission).

mod additions;
mod case;
pub mod charge;
pub mod configuration;
pub mod deletion;
mod exemptions;
mod gate;
mod live;
mod measure;
pub mod related;
pub mod scale;
pub mod tenant_check;
mod usage;

pub use case::Case;
pub use gate::{
    Answer, Gate, GateError, Judgement, KeptAnswer, Rights, Unassigned, kept_state,
    operator_defaults,
};
pub use live::{GateFiles, LiveGate, Reload};
pub use usage::InputUsage;
