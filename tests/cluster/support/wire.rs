//! A wire to a server that can be cut, or go dead, and be mended.

use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

/// How a wire is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// What is sent arrives.
    Whole,
    /// Connections end, and new ones are refused.
    Cut,
    /// Connections stay, and nothing arrives.
    Dead,
}

/// Whoever connects to its end on loopback is connected to the server, as long as it is whole.
pub struct Wire {
    /// Its end.
    pub address: SocketAddr,
    state: watch::Sender<State>,
    runtime: Option<Runtime>,
}

impl Wire {
    /// A whole one.
    pub fn to(server: SocketAddr) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let (state, seen) = watch::channel(State::Whole);
        runtime.spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                tokio::spawn(carry(client, server, seen.clone()));
            }
        });
        Self { address, state, runtime: Some(runtime) }
    }

    /// From now on it is like this, for connections that are there too.
    pub fn set(&self, state: State) {
        self.state.send_replace(state);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn carry(mut client: TcpStream, server: SocketAddr, mut state: watch::Receiver<State>) {
    if *state.borrow() == State::Cut {
        return;
    }
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    // What went dead stays so: its bytes would come too late for anybody to want them.
    let whole = async { drop(state.wait_for(|state| *state != State::Whole).await) };
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => return,
        () = whole => {}
    }
    drop(state.wait_for(|state| *state != State::Dead).await);
}
