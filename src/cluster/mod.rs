//! Flinkgate in a cluster: its configuration is objects that are watched instead of files that are
//! read.
//!
//! [`watches`] follows FlinkTenants, FlinkPolicies and Namespaces; [`keeper`] holds what is known
//! of them ([`table`]), makes a gate of it ([`configuration`]) and swaps it while requests run;
//! [`status`] writes back what became of each object. What one replica does for all is done by the
//! holder of the [`lease`]: status, the settling of [`quota`], and the [`certificates`] that every
//! replica serves. [`events`] tell people what was refused while they did not look.
//! Nothing here judges: that is the [pipeline](crate::pipeline), which knows no cluster.

pub mod certificates;
pub mod claims;
pub mod condition;
pub mod configuration;
pub mod context;
pub mod due;
pub mod events;
pub mod keeper;
pub mod lease;
pub mod lookup;
pub mod operator_config;
pub mod quota;
pub mod records;
pub mod status;
pub mod table;
pub mod watches;

#[cfg(test)]
pub(crate) mod stand_in;
