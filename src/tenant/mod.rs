//! FlinkTenant, and which namespace belongs to which.

mod spec;

pub use spec::*;
