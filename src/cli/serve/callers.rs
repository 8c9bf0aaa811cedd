//! Which callers `serve` answers, by its flags.

use super::{Args, RELOAD};
use crate::cluster::controllers::registration::TokenSource;
use crate::server::callers::Callers;
use crate::server::health::Health;
use crate::server::path_tokens::{self, AcceptedTokens};
use anyhow::Context;
use std::sync::Arc;

/// Who is answered, and where the path token comes from.
pub(super) fn of(args: &Args, health: &Health) -> anyhow::Result<(Callers, TokenSource)> {
    if args.client_ca.is_some() {
        return Ok((Callers::WithCertificate, TokenSource::None));
    }
    let accepted = Arc::<AcceptedTokens>::default();
    if let Some(path) = &args.path_token_file {
        accepted.set(path_tokens::load_tokens(path).context("--path-token-file")?);
        tokio::spawn(path_tokens::watch_tokens(path.clone(), RELOAD, Arc::clone(&accepted)));
        health.set("path-token", true, format!("from {}", path.display()));
        let source = TokenSource::File(Arc::clone(&accepted));
        return Ok((Callers::WithToken(accepted), source));
    }
    if args.cluster {
        let source = TokenSource::Secret(Arc::clone(&accepted));
        return Ok((Callers::WithToken(accepted), source));
    }
    if !args.is_loopback() {
        tracing::warn!(
            bind = %args.bind,
            "every client that reaches this address gets verdicts, and quota is not reserved: set `--client-ca` or `--path-token-file`, or bind to 127.0.0.1"
        );
    }
    Ok((Callers::Anyone, TokenSource::None))
}
