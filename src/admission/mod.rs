//! The admission protocol and the server that speaks it.
//!
//! [`review`] reads what an API server sends, [`answer`] is what the pipeline says of it and
//! [`response`] is what goes back; those three know no network and serve `flinkgate review` too.
//! Flinkgate's own kinds are answered by `own`. Around them stand the [`router`], the [`server`]
//! with its limits, [`tls`] with [`certificate`], [`reload`] and [`client_ca`], the plain-HTTP
//! [`health`] port and [`shutdown`]. [`registration`] is what makes API servers ask.

pub mod account;
pub mod answer;
mod body;
pub mod certificate;
pub mod client_ca;
mod connections;
pub mod health;
pub mod issue;
pub(crate) mod jitter;
pub mod own;
pub mod registration;
pub mod reload;
pub mod response;
pub mod review;
pub mod router;
pub mod server;
pub mod shutdown;
pub mod tls;
pub(crate) mod wording;
pub(crate) mod x509;
