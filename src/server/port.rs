//! The accept loop of a port, and the end of its connections.

use super::connections::{Connections, Slot, TimedStream};
use super::shutdown::{DRAIN, Phase};
use crate::jitter::jittered;
use axum::Router;
use axum::http::{HeaderValue, Version, header};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use prometheus_client::metrics::gauge::Gauge;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

pub use super::connections::Limits;

/// Interval between checks of a connection's limits.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// What one port serves.
#[derive(Clone)]
pub struct Port {
    /// Encrypts the connections; without it they are plain.
    pub tls: Option<TlsAcceptor>,
    /// Answers the requests.
    pub router: Router,
    /// Limits of the connections.
    pub limits: Limits,
    /// Counts open connections.
    pub open: Gauge,
}

/// Serves a port until the phase is `Closing` and its connections have ended or timed out.
pub async fn serve(listener: TcpListener, port: Port, mut phase: watch::Receiver<Phase>) {
    let connections = Arc::new(Connections::default());
    // Every connection has a sender: the channel closes when all connections have ended.
    let (alive, mut all_gone) = mpsc::channel::<()>(1);
    let watched = phase.clone();
    let mut closing = pin!(phase.wait_for(|phase| *phase == Phase::Closing));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = &mut closing => break,
        };
        match accepted {
            Ok((stream, _)) => {
                // A response is small and must not wait for more data.
                let _ = stream.set_nodelay(true);
                let Some(slot) = connections.enter(port.limits.connections) else {
                    tracing::warn!("all connections are busy, closed a new one");
                    continue;
                };
                let (port, phase, alive) = (port.clone(), watched.clone(), alive.clone());
                tokio::spawn(async move {
                    port.open.inc();
                    let open = port.open.clone();
                    connection(stream, slot, port, phase).await;
                    open.dec();
                    drop(alive);
                });
            }
            Err(error) => {
                // Usually "too many open files", which is temporary: pause before the next attempt.
                tracing::warn!(%error, "failed to accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    drop(alive);
    if tokio::time::timeout(DRAIN, all_gone.recv()).await.is_err() {
        tracing::warn!(connections = connections.count(), "connections did not end in time");
    }
}

async fn connection(stream: TcpStream, slot: Slot, port: Port, phase: watch::Receiver<Phase>) {
    let Some(acceptor) = &port.tls else {
        return http(stream, false, slot, &port, phase).await;
    };
    let handshake = tokio::select! {
        handshake = tokio::time::timeout(port.limits.handshake, acceptor.accept(stream)) => handshake,
        () = slot.pace.evicted.notified() => return,
    };
    match handshake {
        Ok(Ok(stream)) => {
            let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            http(stream, http2, slot, &port, phase).await;
        }
        Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
        Err(_) => tracing::debug!("TLS handshake timed out"),
    }
}

async fn http<S>(stream: S, http2: bool, slot: Slot, port: &Port, mut phase: watch::Receiver<Phase>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let pace = Arc::clone(&slot.pace);
    let (since, age) = (Instant::now(), jittered(port.limits.age, 0.25));
    let is_old = move || since.elapsed() >= age;
    let stream = TokioIo::new(TimedStream { stream, pace: Arc::clone(&pace) });
    let (router, counted, current) = (port.router.clone(), Arc::clone(&pace), phase.clone());
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (router, current) = (router.clone(), current.clone());
        let request_guard = InFlight::begin(Arc::clone(&counted));
        async move {
            let old_protocol = request.version() < Version::HTTP_2;
            let Ok(mut response) = router.oneshot(request).await;
            drop(request_guard);
            // HTTP/1.1 connections end only with a response: closing an idle one could lose a request
            // that the client just sent.
            if old_protocol && (is_old() || *current.borrow() != Phase::Serving) {
                response
                    .headers_mut()
                    .insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response)
        }
    });
    let builder = builder(http2);
    let mut connection = pin!(builder.serve_connection(stream, service));
    let mut checks = tokio::time::interval(CHECK_INTERVAL);
    let mut closing = false;
    loop {
        tokio::select! {
            result = connection.as_mut() => {
                if let Err(error) = result {
                    tracing::debug!(error, "connection ended");
                }
                return;
            }
            _ = phase.wait_for(|phase| *phase == Phase::Closing), if !closing => {
                closing = true;
                connection.as_mut().graceful_shutdown();
            }
            _ = checks.tick() => {
                if pace.is_overdue(&port.limits, http2) {
                    return;
                }
                // GOAWAY: current requests are answered, new ones use another connection.
                if http2 && !closing && is_old() {
                    closing = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
            () = pace.evicted.notified() => return,
        }
    }
}

/// The protocol is known from the handshake. If hyper had to detect it, it would wait for bytes
/// without a timeout.
fn builder(http2: bool) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(64 << 10);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(10))
        .max_concurrent_streams(128)
        .max_header_list_size(16 << 10)
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20)
        .max_pending_accept_reset_streams(32);
    if http2 { builder.http2_only() } else { builder.http1_only() }
}

/// Counts a request as in flight until it is dropped.
struct InFlight(Arc<super::connections::Pace>);

impl InFlight {
    fn begin(pace: Arc<super::connections::Pace>) -> Self {
        pace.request_begins();
        Self(pace)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.request_ends();
    }
}
