//! The accept loop: connections, their limits, their end.

use super::connections::{Connections, Place, Watched};
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

/// How often a connection is looked at for being too slow.
const LOOK: Duration = Duration::from_secs(1);

/// What one port serves.
#[derive(Clone)]
pub struct Port {
    /// Encrypts the connections; without it they are plain.
    pub tls: Option<TlsAcceptor>,
    /// Answers the requests.
    pub router: Router,
    /// Ends what is too slow or too much.
    pub limits: Limits,
    /// Counts open connections.
    pub open: Gauge,
}

/// Serves a port until the phase is `Closing` and its connections have ended, or their time is up.
pub async fn serve(listener: TcpListener, port: Port, mut phase: watch::Receiver<Phase>) {
    let connections = Arc::new(Connections::default());
    // Every connection holds a sender: when all are gone, so are the connections.
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
                // An answer is small: it shall not wait for more to send.
                let _ = stream.set_nodelay(true);
                let Some(place) = connections.enter(port.limits.connections) else {
                    tracing::warn!("all connections are busy; a new one was closed");
                    continue;
                };
                let (port, phase, alive) = (port.clone(), watched.clone(), alive.clone());
                tokio::spawn(async move {
                    port.open.inc();
                    let open = port.open.clone();
                    connection(stream, place, port, phase).await;
                    open.dec();
                    drop(alive);
                });
            }
            Err(error) => {
                // Mostly "too many open files", which passes; without a pause this loop would spin.
                tracing::warn!(%error, "cannot accept a connection");
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

async fn connection(stream: TcpStream, place: Place, port: Port, phase: watch::Receiver<Phase>) {
    let Some(acceptor) = &port.tls else {
        return http(stream, false, place, &port, phase).await;
    };
    let handshake = tokio::select! {
        handshake = tokio::time::timeout(port.limits.handshake, acceptor.accept(stream)) => handshake,
        () = place.pace.evicted.notified() => return,
    };
    match handshake {
        Ok(Ok(stream)) => {
            let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            http(stream, http2, place, &port, phase).await;
        }
        Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
        Err(_) => tracing::debug!("TLS handshake took too long"),
    }
}

async fn http<S>(
    stream: S,
    http2: bool,
    place: Place,
    port: &Port,
    mut phase: watch::Receiver<Phase>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let pace = Arc::clone(&place.pace);
    let (since, age) = (Instant::now(), jittered(port.limits.age, 0.25));
    let is_old = move || since.elapsed() >= age;
    let stream = TokioIo::new(Watched { stream, pace: Arc::clone(&pace) });
    let (router, counted, current) = (port.router.clone(), Arc::clone(&pace), phase.clone());
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (router, current) = (router.clone(), current.clone());
        let request_guard = InFlight::begin(Arc::clone(&counted));
        async move {
            let old_protocol = request.version() < Version::HTTP_2;
            let Ok(mut response) = router.oneshot(request).await;
            drop(request_guard);
            // HTTP/1.1 ends with an answer only: closing an idle connection could meet a request on
            // its way.
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
    let mut look = tokio::time::interval(LOOK);
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
            _ = look.tick() => {
                if pace.is_overdue(&port.limits, http2) {
                    return;
                }
                // GOAWAY: what is under way is answered, what comes next takes another connection.
                if http2 && !closing && is_old() {
                    closing = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
            () = pace.evicted.notified() => return,
        }
    }
}

/// The protocol is known from the handshake; letting hyper guess it would wait for bytes without an
/// end.
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

/// Marks a request as in flight, also when its future is dropped.
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
