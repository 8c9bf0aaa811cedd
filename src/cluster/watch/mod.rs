//! How the objects of the cluster come to the controllers: one way for all of them.
//!
//! [`follow`] lists and watches a [`Target`], and sends [`Event`]s to a channel. A [`Cache`] of
//! [`records`] is what those make up; a [`SharedWatch`] sends the same events to several
//! controllers. Nothing here decides what an object means.

mod cache;
mod follower;
pub mod records;
mod shared;
pub mod target;

pub use cache::Cache;
pub use follower::{WatchTimings, follow};
pub use shared::{SharedWatch, SharedWatches};
pub use target::Target;

use kube::api::ApiResource;
use kube::core::DynamicObject;

/// What happens to the objects of a target.
#[derive(Clone, Debug)]
pub enum Event {
    /// A list begins, of this resource: an object that it does not name is gone once it is
    /// complete.
    ListStarted(ApiResource),
    /// An object as it is now.
    Applied(Box<DynamicObject>),
    /// An object that is gone.
    Deleted(Box<DynamicObject>),
    /// All objects are known as they were at this version.
    Position(u64),
    /// The list is complete, and all objects are known as they were at this version.
    Listed(u64),
    /// No events come for the reason given, until [`Resumed`](Self::Resumed) or the next list.
    Interrupted(String),
    /// Events come again, none were missed.
    Resumed,
    /// The cluster does not serve the kind.
    Unserved,
}
