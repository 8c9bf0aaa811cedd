//! How strictly pods are kept apart.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Strength of an anti-affinity or of a constraint, the weaker first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[schemars(transform = crate::resource::schema::without_description)]
pub enum Spreading {
    /// The scheduler tries.
    Preferred,
    /// The scheduler never puts two in one place.
    Required,
}
