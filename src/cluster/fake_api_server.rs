//! An API server for tests: a function from a request to a status and a body.
#![allow(clippy::unwrap_used)]

use axum::body::Bytes;
use axum::http::{Request, Response};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use serde_json::json;
use std::convert::Infallible;

/// A status code and a body.
pub type ApiResponse = (u16, String);

/// A client of such a server.
pub fn client<A: Future<Output = ApiResponse> + Send + 'static>(
    answer: impl Fn(Request<Bytes>) -> A + Clone + Send + 'static,
) -> Client {
    let service = tower::service_fn(move |request: Request<Body>| {
        let answer = answer.clone();
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let (status, body) = answer(Request::from_parts(head, body)).await;
            Ok::<_, Infallible>(
                Response::builder().status(status).body(Body::from(body.into_bytes())).unwrap(),
            )
        }
    });
    Client::new(service, "flinkgate-system")
}

/// The response to a request that fails.
pub fn failed(code: u16, reason: &str) -> ApiResponse {
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": reason, "reason": reason, "code": code});
    (code, status.to_string())
}
