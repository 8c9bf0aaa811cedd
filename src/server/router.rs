//! `POST /mutate` and `POST /validate`: from an HTTP request to its response.

use super::body::{self, Budget};
use crate::admission::answer::{Answer, Decision, Webhook};
use crate::admission::queue::{self, Queue, Turn};
use crate::admission::response::Reply;
use crate::admission::review;
use crate::admission::reviewer::{Deadlines, Review, ReviewRequest, overloaded};
use crate::causes::with_causes;
use crate::resource::Resource;
use crate::telemetry::decision::{self, operation_name};
use crate::telemetry::metrics::Metrics;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Time limit for a client to send a body.
const BODY_TIME: Duration = Duration::from_secs(10);

/// Timeout of requests without `?timeout=`.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// Shortest timeout of an API server. Timeouts of webhooks are whole seconds, of which a request may
/// have used a part.
const MIN_TIMEOUT: Duration = Duration::from_millis(100);

/// A review, or why its body cannot be read.
type Parsed = Result<review::Review, review::MalformedReview>;

/// The state of the handlers.
struct Webhooks<R> {
    reviewer: R,
    metrics: Arc<Metrics>,
    budget: Budget,
    queue: Queue,
}

/// The routes of the webhook port.
pub fn router<R: Review>(reviewer: R, metrics: Arc<Metrics>) -> Router {
    let webhooks =
        Webhooks { reviewer, metrics, budget: Budget::default(), queue: Queue::default() };
    // One handler for every path, because API servers may send `//validate`.
    Router::new().fallback(handle::<R>).with_state(Arc::new(webhooks))
}

fn webhook_at(path: &str) -> Option<Webhook> {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    match (parts.next(), parts.next()) {
        (Some("mutate"), None) => Some(Webhook::Mutate),
        (Some("validate"), None) => Some(Webhook::Validate),
        _ => None,
    }
}

/// The timeout of the API server: `?timeout=10s`, in Go's notation. `None` if it is invalid or below
/// a tenth of a second.
fn timeout(query: &str) -> Option<Duration> {
    let text = query.split('&').find_map(|pair| pair.strip_prefix("timeout="))?;
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (text.strip_suffix('s')?, 1.0),
    };
    let is_decimal = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let seconds = number.parse::<f64>().ok().filter(|_| is_decimal)? * unit;
    Duration::try_from_secs_f64(seconds).ok().filter(|timeout| *timeout >= MIN_TIMEOUT)
}

async fn handle<R: Review>(State(webhooks): State<Arc<Webhooks<R>>>, request: Request) -> Response {
    let Some(webhook) = webhook_at(request.uri().path()) else {
        return (StatusCode::NOT_FOUND, "not found: send POST to `/mutate` or `/validate`\n")
            .into_response();
    };
    if request.method() != Method::POST {
        let text = "send an AdmissionReview by POST\n";
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST")], text).into_response();
    }
    if !is_json(request.headers().get(header::CONTENT_TYPE)) {
        return (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "send an AdmissionReview with `Content-Type: application/json`\n",
        )
            .into_response();
    }
    let timeout = timeout(request.uri().query().unwrap_or_default());
    let body = match body::read(request.into_body(), &webhooks.budget, BODY_TIME).await {
        Ok(body) => body,
        Err((status, text)) => {
            webhooks.metrics.answered(webhook, "", "", Decision::Malformed, Duration::ZERO);
            let mut response = (status, text).into_response();
            if status == StatusCode::SERVICE_UNAVAILABLE {
                // With this header an API server retries within the webhook's timeout.
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            return response;
        }
    };
    let _in_flight = InFlight::new(&webhooks.metrics);
    // A panic must fail only this request, not the server.
    let answer = AssertUnwindSafe(webhooks.answer(webhook, body, timeout)).catch_unwind().await;
    answer.unwrap_or_else(|_| {
        tracing::error!(webhook = webhook.as_str(), "panic while answering a review");
        webhooks.metrics.answered(webhook, "", "", Decision::Failed, Duration::ZERO);
        (
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal error of Flinkgate, not a policy decision: see its log\n",
        )
            .into_response()
    })
}

/// Counts a request while it is being answered, even after the client has disconnected.
struct InFlight<'a>(&'a Metrics);

impl<'a> InFlight<'a> {
    fn new(metrics: &'a Metrics) -> Self {
        metrics.in_flight.inc();
        Self(metrics)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.dec();
    }
}

fn is_json(content_type: Option<&HeaderValue>) -> bool {
    let text = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.split(';')
        .next()
        .is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"))
}

impl<R: Review> Webhooks<R> {
    async fn answer(&self, webhook: Webhook, body: Vec<u8>, timeout: Option<Duration>) -> Response {
        let start = Instant::now();
        let timeout = timeout.unwrap_or(DEFAULT_TIMEOUT);
        // The rest is for the response and a slow API server.
        let deadlines =
            Deadlines { policies: start + timeout / 2, answer: start + timeout.mul_f64(0.8) };
        let (parsed, turn) = match self.parse(webhook, body, deadlines).await {
            Ok(parsed) => parsed,
            Err(response) => return *response,
        };
        let mut review = match parsed {
            Ok(review) => review,
            Err(error) => {
                self.metrics.answered(webhook, "", "", Decision::Malformed, start.elapsed());
                let error = with_causes(&error);
                tracing::warn!(webhook = webhook.as_str(), error, "malformed review");
                return (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response();
            }
        };
        let resource = match review.resource() {
            Ok(resource) => Arc::new(resource),
            Err(error) => {
                let outline = review.outline();
                self.metrics.answered(
                    webhook,
                    &outline.kind.kind,
                    operation_name(outline.operation),
                    Decision::Malformed,
                    start.elapsed(),
                );
                tracing::warn!(
                    webhook = webhook.as_str(),
                    uid = review.uid,
                    kind = outline.kind.kind,
                    namespace = outline.namespace,
                    name = outline.name,
                    error = with_causes(&error),
                    "unreadable object"
                );
                return json(&Reply::unreadable(&review, &error));
            }
        };
        let request = ReviewRequest { webhook, resource: Arc::clone(&resource), turn };
        let answer = self.reviewer.review(request, deadlines).await;
        self.metrics.policy_errors.inc_by(answer.failed_evaluations());
        let response = json(&Reply::new(&review, webhook, &resource, &answer));
        self.record(webhook, &review.uid, &resource, &answer, start.elapsed());
        response
    }

    /// Parses a body: a small one at once, a large one when it has its turn, on a thread of its own.
    ///
    /// # Errors
    /// With the response when there are too many large requests.
    async fn parse(
        &self,
        webhook: Webhook,
        body: Vec<u8>,
        deadlines: Deadlines,
    ) -> Result<(Parsed, Option<Turn>), Box<Response>> {
        if body.len() <= queue::SMALL {
            return Ok((review::Review::parse(&body), None));
        }
        let start = Instant::now();
        let review = match review::Review::parse_outline(&body) {
            Ok(outline) => outline,
            Err(error) => return Ok((Err(error), None)),
        };
        let resource = review.outline();
        match self.queue.enter(&resource.namespace, body.len(), deadlines.answer).await {
            Ok(turn) => {
                let parse = move || (review::Review::parse(&body), Some(turn));
                match tokio::task::spawn_blocking(parse).await {
                    Ok(parsed) => Ok(parsed),
                    Err(error) => resume_unwind(Box::new(error)),
                }
            }
            Err(overload) => {
                let answer = overloaded(&overload);
                let response = json(&Reply::new(&review, webhook, resource, &answer));
                self.record(webhook, &review.uid, resource, &answer, start.elapsed());
                Err(Box::new(response))
            }
        }
    }

    fn record(
        &self,
        webhook: Webhook,
        uid: &str,
        resource: &Resource,
        answer: &Answer,
        took: Duration,
    ) {
        let operation = operation_name(resource.operation);
        let kind = &resource.kind.kind;
        self.metrics.answered(webhook, kind, operation, answer.decision(), took);
        decision::log(webhook, uid, resource, answer, took);
    }
}

fn json(reply: &Reply) -> Response {
    match serde_json::to_vec(reply) {
        Ok(body) => {
            ([(header::CONTENT_TYPE, "application/json")], Body::from(body)).into_response()
        }
        Err(error) => {
            (StatusCode::INTERNAL_SERVER_ERROR, format!("failed to encode the response: {error}\n"))
                .into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_timeouts_are_used_and_others_ignored() {
        let ms = |millis| Some(Duration::from_millis(millis));
        for (query, expected) in [
            ("timeout=10s", ms(10_000)),
            ("dryRun=All&timeout=9.75s", ms(9_750)),
            ("timeout=250ms", ms(250)),
            ("", None),
            ("timeout=", None),
            ("timeout=10", None),
            ("timeout=-3s", None),
            ("timeout=1e9s", None),
            ("timeout=infs", None),
            ("timeout=99999999999999999999999s", None),
            ("timeout=1ms", None),
        ] {
            assert_eq!(timeout(query), expected, "{query}");
        }
    }

    #[test]
    fn duplicate_slashes_are_ignored() {
        for (path, expected) in [
            ("/validate", Some(Webhook::Validate)),
            ("//validate", Some(Webhook::Validate)),
            ("//mutate/", Some(Webhook::Mutate)),
            ("/", None),
            ("/validate/x", None),
            ("/Validate", None),
        ] {
            assert_eq!(webhook_at(path), expected, "{path}");
        }
    }
}
