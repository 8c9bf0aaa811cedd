//! The open connections of one port, their timing, and the one that is closed when there are too many.
//!
//! A client that sends nothing, or one byte at a time, occupies a slot. When all slots are taken, the
//! connection with the longest time without a request is closed, so that new clients are served.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::Instant;

/// The timing of one connection.
#[derive(Debug)]
pub(crate) struct Pace {
    state: Mutex<State>,
    /// Notified when the connection must close for another one.
    pub(crate) evicted: Notify,
}

#[derive(Debug)]
struct State {
    served: bool,
    in_flight: usize,
    /// When the last request ended.
    idle_since: Instant,
    /// When the first bytes of an incomplete request arrived.
    head_since: Option<Instant>,
}

/// Time limits of a connection, and the number of connections.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From the first byte of a request, or from the start of the connection, to the end of the
    /// header.
    pub header: Duration,
    /// For the TLS handshake.
    pub handshake: Duration,
    /// Without a request; longer than the 90 seconds after which API servers close idle connections.
    pub idle: Duration,
    /// After this time, plus or minus a quarter, the server asks the client to close the connection.
    /// API servers keep connections open indefinitely, so a new replica would get no requests.
    pub age: Duration,
    /// The most open connections.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        // 1,024 open files is the usual soft limit of a process.
        Self {
            header: Duration::from_secs(10),
            handshake: Duration::from_secs(5),
            idle: Duration::from_secs(150),
            age: Duration::from_secs(300),
            connections: 768,
        }
    }
}

impl Pace {
    fn new() -> Arc<Self> {
        let state =
            State { served: false, in_flight: 0, idle_since: Instant::now(), head_since: None };
        Arc::new(Self { state: Mutex::new(state), evicted: Notify::new() })
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn request_begins(&self) {
        let mut state = self.state();
        state.in_flight += 1;
        state.served = true;
        state.head_since = None;
    }

    pub(crate) fn request_ends(&self) {
        let mut state = self.state();
        state.in_flight = state.in_flight.saturating_sub(1);
        state.idle_since = Instant::now();
    }

    fn bytes_arrived(&self) {
        let mut state = self.state();
        if state.in_flight == 0 && state.head_since.is_none() {
            state.head_since = Some(Instant::now());
        }
    }

    /// Whether the client is too slow. HTTP/2 also sends frames that are not requests, so only the
    /// first request is timed.
    pub(crate) fn is_overdue(&self, limits: &Limits, http2: bool) -> bool {
        let state = self.state();
        if state.in_flight > 0 {
            return false;
        }
        let idle = state.idle_since.elapsed();
        if !state.served {
            return idle > limits.header;
        }
        idle > limits.idle
            || (!http2 && state.head_since.is_some_and(|since| since.elapsed() > limits.header))
    }
}

/// All connections of a port.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    next: AtomicU64,
    open: Mutex<BTreeMap<u64, Arc<Pace>>>,
}

/// The slot of a connection, released on drop.
pub(crate) struct Slot {
    connections: Arc<Connections>,
    id: u64,
    pub(crate) pace: Arc<Pace>,
}

impl Connections {
    /// Takes a slot for a new connection. If `limit` slots are taken, closes another connection;
    /// `None` when all of them have requests in flight.
    pub(crate) fn enter(self: &Arc<Self>, limit: usize) -> Option<Slot> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= limit {
            let longest_idle = open
                .iter()
                .filter_map(|(id, pace)| {
                    let state = pace.state();
                    (state.in_flight == 0).then_some((state.served, state.idle_since, *id))
                })
                .min();
            let evicted = open.remove(&longest_idle?.2)?;
            evicted.evicted.notify_one();
        }
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let pace = Pace::new();
        open.insert(id, Arc::clone(&pace));
        Some(Slot { connections: Arc::clone(self), id, pace })
    }

    pub(crate) fn count(&self) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.connections.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

/// A stream that reports arriving bytes to its [`Pace`].
pub(crate) struct TimedStream<S> {
    pub(crate) stream: S,
    pub(crate) pace: Arc<Pace>,
}

impl<S: AsyncRead + Unpin> AsyncRead for TimedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.pace.bytes_arrived();
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn unused_connections_are_closed_first_and_busy_never() {
        let connections = Arc::new(Connections::default());
        let served = connections.enter(3).unwrap();
        served.pace.request_begins();
        served.pace.request_ends();
        let silent = connections.enter(3).unwrap();
        let busy = connections.enter(3).unwrap();
        busy.pace.request_begins();
        let newcomer = connections.enter(3).unwrap();
        newcomer.pace.request_begins();
        assert!(!connections.open.lock().unwrap().contains_key(&silent.id));
        let second = connections.enter(3).unwrap();
        second.pace.request_begins();
        assert!(!connections.open.lock().unwrap().contains_key(&served.id));
        assert!(connections.enter(3).is_none());
        drop(busy);
        assert_eq!(connections.count(), 2);
    }
}
