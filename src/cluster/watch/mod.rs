//! How the objects of the cluster come to the controllers: one way for all of them.
//!
//! [`follower`] lists and watches, and reports what it sees with its position; [`cache`] keeps
//! objects by name, [`records`] what is kept of each; [`target`] says where a kind is served.
//! Nothing here decides what an object means.

pub mod cache;
pub mod follower;
pub mod records;
pub mod target;
