//! The pipeline: tenant, mutation, policies, quota, verdict, in that order for both doors.
//!
//! [`Gate`] holds what every judgement needs: tenants and compiled policies. The webhook asks it
//! [`Gate::mutate`] and [`Gate::validate`]; `lint` asks [`Gate::judge`], which is both in one go,
//! over the same functions.

mod case;
pub mod charge;
pub mod deletion;
mod exemptions;
mod gate;
mod live;
mod measure;
pub mod related;
pub mod scale;
mod usage;

pub use case::Case;
pub use exemptions::is_exempt;
pub use gate::{Answer, Gate, GateError, Judgement, Unassigned, operator_defaults};
pub use live::{Change, GateFiles, LiveGate};
pub use usage::InputUsage;
