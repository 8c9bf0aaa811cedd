//! Rules in Rego: loaded, checked, compiled once, evaluated over one `input`.

pub mod facts;
pub mod finding;
pub mod input;

pub use finding::{Finding, Level};
