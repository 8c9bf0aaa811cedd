//! Rules of the family `storage`.

pub mod checkpoint_dir;
pub mod checkpoint_interval;
pub mod checkpoint_retention;
pub mod checkpoint_volume;
pub mod claim_access_modes;
pub mod claim_class;
pub mod claim_in_use;
pub mod claim_mounts;
pub mod claim_size;
pub mod claims;
pub mod ephemeral_state;
pub mod foreign_data;
pub mod high_availability_dir;
pub mod last_state;
pub mod savepoint_dir;
pub(super) mod shared;
pub mod single_node_claim;
pub mod unshared_state;

use super::Rule;

/// The rules of this family.
pub(super) static RULES: &[&Rule] = &[
    &checkpoint_dir::RULE,
    &checkpoint_interval::RULE,
    &checkpoint_retention::RULE,
    &checkpoint_volume::RULE,
    &claim_access_modes::RULE,
    &claim_class::RULE,
    &claim_in_use::RULE,
    &claim_mounts::RULE,
    &claim_size::RULE,
    &claims::RULE,
    &ephemeral_state::RULE,
    &foreign_data::RULE,
    &high_availability_dir::RULE,
    &last_state::RULE,
    &savepoint_dir::RULE,
    &single_node_claim::RULE,
    &unshared_state::RULE,
];
