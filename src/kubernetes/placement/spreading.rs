//! How strictly pods are separated.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The strength of an anti-affinity term or constraint, in increasing order.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[schemars(transform = crate::resource::schema::without_description)]
pub enum Spreading {
    /// The scheduler tries.
    Preferred,
    /// The scheduler never places two in one domain.
    Required,
}
