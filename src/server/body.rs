//! Request bodies, with limits for size, time and the memory of all bodies.

use crate::causes::with_causes;
use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use hyper::body::Body as _;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Largest body: two objects of 3 MiB, the limit of an API server, and the envelope.
pub(crate) const LIMIT: usize = 8 << 20;
/// Most bytes that are read and discarded of a body that is too large: a client reads the response
/// only after it has sent everything.
const DRAINED: usize = 64 << 20;
/// Most bytes of all bodies that are being read.
const ALL: usize = 256 << 20;

/// Counts the bytes of all bodies in memory.
#[derive(Clone, Default)]
pub(crate) struct Budget(Arc<AtomicUsize>);

/// The bytes of one body, released on drop.
struct Taken {
    budget: Budget,
    bytes: usize,
}

impl Taken {
    fn take(&mut self, bytes: usize) -> bool {
        self.bytes += bytes;
        self.budget.0.fetch_add(bytes, Ordering::Relaxed) + bytes <= ALL
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.budget.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Reads a whole body.
///
/// # Errors
/// With the status and the text of the response.
pub(crate) async fn read(
    body: Body,
    budget: &Budget,
    within: Duration,
) -> Result<Vec<u8>, (StatusCode, String)> {
    let late = || {
        (
            StatusCode::REQUEST_TIMEOUT,
            format!("the request body did not arrive within {} seconds\n", within.as_secs()),
        )
    };
    tokio::time::timeout(within, read_all(body, budget)).await.unwrap_or_else(|_| Err(late()))
}

async fn read_all(body: Body, budget: &Budget) -> Result<Vec<u8>, (StatusCode, String)> {
    let mut body = pin!(body);
    let mut taken = Taken { budget: budget.clone(), bytes: 0 };
    let (mut read, mut total) = (Vec::new(), 0_usize);
    while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
        let frame = frame.map_err(|error| {
            (
                StatusCode::BAD_REQUEST,
                format!("failed to read the request body: {}\n", with_causes(&error)),
            )
        })?;
        let data: Bytes = frame.into_data().unwrap_or_default();
        total = total.saturating_add(data.len());
        if total > DRAINED {
            break;
        }
        if total > LIMIT {
            read = Vec::new();
            continue;
        }
        if !taken.take(data.len()) {
            return Err((
                StatusCode::SERVICE_UNAVAILABLE,
                "too many large requests at the same time: try again\n".to_owned(),
            ));
        }
        read.extend_from_slice(&data);
    }
    if total > LIMIT {
        return Err((
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the request body is larger than {} MiB\n", LIMIT >> 20),
        ));
    }
    Ok(read)
}
