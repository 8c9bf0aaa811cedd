//! Which callers the webhooks answer: only API servers.
//!
//! Every pod of a cluster can reach the port. A review without credentials would show another
//! tenant's rules and usage, and reserve its quota. So a caller proves that it is an API server by
//! the [path token](PathToken) or by a client certificate; others get one constant answer before
//! their body is read.

use super::path_tokens::AcceptedTokens;
use crate::admission::answer::Webhook;
use crate::telemetry::metrics::{Metrics, Unauthenticated};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// The answer to everybody else. It says nothing of tenants, and not what was wrong.
const REFUSAL: &str = "Flinkgate answers only the API server\n";

/// Which callers are answered.
#[derive(Debug)]
pub enum Callers {
    /// Everyone: `serve` from files, for development.
    Anyone,
    /// Everyone who got through the TLS handshake, which requires a client certificate.
    WithCertificate,
    /// Those who send a path token.
    WithToken(Arc<AcceptedTokens>),
}

struct Guard {
    callers: Callers,
    metrics: Arc<Metrics>,
}

/// The routes of the webhook port for these callers only. Inner routes see paths without the token,
/// so that they cannot log it.
pub fn guard(router: Router, callers: Callers, metrics: Arc<Metrics>) -> Router {
    match callers {
        Callers::Anyone => router,
        callers => {
            let guard = Arc::new(Guard { callers, metrics });
            router.layer(middleware::from_fn_with_state(guard, check))
        }
    }
}

async fn check(State(guard): State<Arc<Guard>>, mut request: Request, next: Next) -> Response {
    match guard.callers.webhook(request.uri().path()) {
        Ok(webhook) => {
            *request.uri_mut() = without_token(webhook, request.uri().query());
            let mut answered = Answered { guard: &guard, in_time: false };
            let response = next.run(request).await;
            answered.in_time = true;
            response
        }
        Err(reason) => {
            guard.metrics.unauthenticated(reason);
            tracing::debug!(reason = reason.as_str(), "refused a caller that is not an API server");
            (StatusCode::UNAUTHORIZED, REFUSAL).into_response()
        }
    }
}

/// Notices that the client of a request is gone before it was answered.
struct Answered<'a> {
    guard: &'a Guard,
    in_time: bool,
}

impl Drop for Answered<'_> {
    fn drop(&mut self) {
        if let Callers::WithToken(accepted) = &self.guard.callers
            && !self.in_time
        {
            accepted.expose();
        }
    }
}

impl Callers {
    /// The webhook that an API server calls at this path.
    fn webhook(&self, path: &str) -> Result<Webhook, Unauthenticated> {
        // API servers may send `//validate`.
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        let webhook = match parts.next() {
            Some("mutate") => Webhook::Mutate,
            Some("validate") => Webhook::Validate,
            _ => return Err(Unauthenticated::OtherPath),
        };
        let token = parts.next();
        if parts.next().is_some() {
            return Err(Unauthenticated::OtherPath);
        }
        match (self, token) {
            // Tokens of the past do no harm where certificates are checked.
            (Self::Anyone | Self::WithCertificate, _) => Ok(webhook),
            (Self::WithToken(_), None) => Err(Unauthenticated::NoToken),
            (Self::WithToken(accepted), Some(sent)) if accepted.accept(sent) => Ok(webhook),
            (Self::WithToken(_), Some(_)) => Err(Unauthenticated::WrongToken),
        }
    }
}

fn without_token(webhook: Webhook, query: Option<&str>) -> Uri {
    let path = match query {
        Some(query) => format!("/{}?{query}", webhook.as_str()),
        None => format!("/{}", webhook.as_str()),
    };
    // The query was part of a URI before.
    Uri::try_from(path).unwrap_or_else(|_| Uri::from_static("/"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::admission::registration::path_token::PathToken;
    use axum::body::Body;
    use http_body_util::BodyExt;
    use std::time::Duration;
    use tower::ServiceExt;

    /// Answers with the URI that it sees.
    fn inner() -> Router {
        Router::new().fallback(async |request: Request| request.uri().to_string())
    }

    async fn ask(router: &Router, path: &str) -> (u16, String) {
        let request = Request::post(path).body(Body::from("secret of a tenant")).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn only_callers_with_a_current_token_get_through() {
        let (old, new) = (PathToken::make().unwrap(), PathToken::make().unwrap());
        let (accepted, metrics) = (Arc::<AcceptedTokens>::default(), Arc::<Metrics>::default());
        let router =
            guard(inner(), Callers::WithToken(Arc::clone(&accepted)), Arc::clone(&metrics));
        let refused = (401, REFUSAL.to_owned());
        let at = |webhook: &str, token: &PathToken| format!("/{webhook}/{}", token.expose());
        // Nobody is answered before there is a token.
        assert_eq!(ask(&router, &at("validate", &old)).await, refused);
        accepted.set(vec![old.clone(), new.clone()]);
        for token in [&old, &new] {
            assert_eq!(
                ask(&router, &format!("{}?timeout=5s", at("validate", token))).await,
                (200, "/validate?timeout=5s".to_owned())
            );
            assert_eq!(
                ask(&router, &format!("/{}/", at("mutate", token))).await,
                (200, "/mutate".to_owned())
            );
        }
        for path in [
            "/",
            "/validate",
            "/validate/",
            "/mutate?token=x",
            &at("Validate", &old),
            &at("healthz", &old),
            &format!("{}/x", at("validate", &old)),
            &format!("{}0", at("validate", &old)),
            &at("validate", &old)[..70],
            &at("validate", &old).to_uppercase(),
            &format!("/validate/%{:x}{}", old.expose().as_bytes()[0], &old.expose()[1..]),
            &format!("/validate?{}", old.expose()),
            &format!("/{}", old.expose()),
            &at("validate", &PathToken::make().unwrap()),
        ] {
            assert_eq!(ask(&router, path).await, refused, "{path}");
        }
        accepted.set(vec![new]);
        assert_eq!(ask(&router, &at("validate", &old)).await, refused);
        let text = metrics.text();
        for counted in [
            "flinkgate_unauthenticated_requests_total{reason=\"no-token\"} 4",
            "flinkgate_unauthenticated_requests_total{reason=\"other-path\"} 6",
        ] {
            assert!(text.contains(counted), "{text}");
        }
        assert!(!text.contains(old.expose()));
    }

    #[tokio::test]
    async fn a_client_that_does_not_wait_exposes_its_token() {
        let accepted = Arc::<AcceptedTokens>::default();
        let token = PathToken::make().unwrap();
        accepted.set(vec![token.clone()]);
        let slow = Router::new().fallback(async || {
            tokio::time::sleep(Duration::from_secs(60)).await;
        });
        let of = |router| {
            guard(router, Callers::WithToken(Arc::clone(&accepted)), Arc::<Metrics>::default())
        };
        let (quick, slow) = (of(inner()), of(slow));
        let path = format!("/validate/{}", token.expose());
        let soon = Duration::from_millis(50);
        assert_eq!(ask(&quick, &path).await.0, 200);
        for path in ["/validate", &path] {
            let is_answered = tokio::time::timeout(soon, ask(&slow, path)).await.is_ok();
            assert_eq!(is_answered, path == "/validate");
            let exposed = tokio::time::timeout(soon, accepted.exposed()).await;
            assert_eq!(exposed.is_ok(), path != "/validate");
        }
    }

    #[tokio::test]
    async fn certificates_make_tokens_unnecessary() {
        let router = guard(inner(), Callers::WithCertificate, Arc::default());
        for path in ["/validate", "/validate/of-the-past"] {
            assert_eq!(ask(&router, path).await, (200, "/validate".to_owned()));
        }
        assert_eq!(ask(&router, "/metrics").await.0, 401);
    }
}
