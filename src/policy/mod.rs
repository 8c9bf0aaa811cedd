//! Rules in Rego: loaded, checked, compiled once, evaluated over one `input`.

pub mod finding;

pub use finding::{Finding, Level};
