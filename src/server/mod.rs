//! The server in front of the webhooks: TLS, HTTP, connections, health.
//!
//! Goes in: TCP connections. Comes out: HTTP answers that a [`Review`](crate::admission::reviewer::Review)
//! gave, or that say what is wrong with the request. It judges nothing and does not know the
//! cluster; certificates come from files or are handed in.

mod body;
pub mod ca_bundle;
pub mod certificate;
pub mod client_ca;
mod connections;
pub mod health;
pub mod issue;
pub mod port;
pub mod reload;
pub mod router;
pub mod shutdown;
pub mod tls;
pub(crate) mod x509;
