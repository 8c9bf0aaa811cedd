//! The HTTP server of the webhooks: TLS, HTTP, connections, health.
//!
//! Goes in: TCP connections. Comes out: HTTP responses with the answers of a
//! [`Review`](crate::admission::reviewer::Review), or with an error about the request. The server
//! checks no objects and reads no cluster: certificates come from files or from the caller.

mod body;
pub mod ca_bundle;
pub mod callers;
pub mod certificate;
pub mod client_ca;
mod connections;
pub mod health;
pub mod issue;
pub mod path_tokens;
pub mod port;
pub mod reload;
pub mod router;
pub mod shutdown;
pub mod tls;
pub(crate) mod x509;
