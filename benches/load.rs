//! Flinkgate over TLS against two webhooks of the same stack, in one run on one machine.
//!
//! `cargo bench --bench load` starts three servers as processes of their own: `allow` reads the
//! body and always allows, `parse` also parses it to a JSON tree, `flinkgate` is the real thing;
//! with `FLINKGATE_BENCH_OLD=PATH` also another build of it. Clients with keep-alive connections
//! send a recorded request to each in turn, for some rounds: a TaskManager pod and a FlinkDeployment
//! update, as the mutating webhook leaves them, to `/validate`. CPU is the servers' own, from
//! `/proc`. `cargo bench --bench load -- idle` shows the idle memory of `flinkgate serve`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::Measured;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

mod support;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CLIENTS: usize = 8;
const ROUNDS: usize = 5;
const REQUESTS_A_ROUND: usize = 8_000;

fn main() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(role) = std::env::var_os("FLINKGATE_BENCH_ROLE") {
        return support::serve_baseline(role.to_str().unwrap());
    }
    if arguments.iter().any(|argument| argument == "idle") {
        return idle();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for file in ["taskmanager-pod-create.json", "flinkdeployment-update.json"] {
        measure(&runtime, file);
    }
}

/// Sends one request to all servers in turn.
fn measure(runtime: &tokio::runtime::Runtime, file: &str) {
    let body = Bytes::from(support::completed(file));
    println!(
        "{file}, {} bytes: {CLIENTS} connections, {REQUESTS_A_ROUND} requests a round, {ROUNDS} rounds in turn",
        body.len()
    );
    let mut servers = vec![
        Server::baseline("allow"),
        Server::baseline("parse"),
        Server::flinkgate("flinkgate", env!("CARGO_BIN_EXE_flinkgate")),
    ];
    if let Ok(path) = std::env::var("FLINKGATE_BENCH_OLD") {
        servers.push(Server::flinkgate("old", &path));
    }
    for round in 0..=ROUNDS {
        for server in &mut servers {
            let before = server.cpu();
            let begin = Instant::now();
            let latencies = runtime.block_on(drive(server.port, server.path, body.clone()));
            // The first round warms up.
            if round > 0 {
                server.record(begin.elapsed(), latencies, before);
            }
        }
    }
    println!(
        "{:10} {:>10} {:>9} {:>9} {:>14} {:>15}",
        "server", "requests/s", "p50 µs", "p99 µs", "CPU µs/request", "share of parse"
    );
    for server in &servers {
        server.print(&servers[1].measured);
    }
}

struct Server {
    name: &'static str,
    path: &'static str,
    process: Child,
    port: u16,
    measured: Measured,
    /// CPU microseconds of a request, by round.
    cpu: Vec<f64>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    fn baseline(name: &'static str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.env("FLINKGATE_BENCH_ROLE", name);
        Self::start(name, "/validate", command)
    }

    fn flinkgate(name: &'static str, path: &str) -> Self {
        let mut command = Command::new(path);
        command.args([
            "serve",
            "--bind",
            "127.0.0.1:0",
            "--health-bind",
            "127.0.0.1:0",
            "--tenants",
            "examples/tenants",
        ]);
        Self::start(name, "/validate", command)
    }

    fn start(name: &'static str, path: &'static str, mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let mut port = None;
        for _ in 0..50 {
            let mut line = String::new();
            log.read_line(&mut line).unwrap();
            port = line
                .split("127.0.0.1:")
                .nth(1)
                .and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok());
            if port.is_some() && line.contains("webhooks") {
                break;
            }
        }
        // The decision log must not fill the pipe: a thread reads it away, as a log collector
        // would.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self {
            name,
            path,
            process,
            port: port.unwrap(),
            measured: Measured::default(),
            cpu: vec![],
        }
    }

    /// CPU seconds that the process has used.
    fn cpu(&self) -> f64 {
        support::cpu::seconds(self.process.id())
    }

    fn record(&mut self, wall: Duration, latencies: Vec<Duration>, cpu_before: f64) {
        self.cpu.push((self.cpu() - cpu_before) / latencies.len() as f64 * 1e6);
        self.measured.add(latencies, wall);
    }

    fn print(&self, parse: &Measured) {
        let at = |quantile: f64| self.measured.at(quantile) * 1e3;
        println!(
            "{:10} {:10.0} {:9.0} {:9.0} {:14.1} {:15.2}",
            self.name,
            self.measured.rate(),
            at(0.5),
            at(0.99),
            support::median(&self.cpu),
            self.measured.relative_to(parse)
        );
    }
}

/// Sends a round's requests over keep-alive connections; gives each request's latency.
async fn drive(port: u16, path: &'static str, body: Bytes) -> Vec<Duration> {
    let connector = TlsConnector::from(Arc::new(support::client_config()));
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let (connector, body) = (connector.clone(), body.clone());
        clients.push(tokio::spawn(async move { client(port, path, body, connector).await }));
    }
    let mut latencies = Vec::with_capacity(REQUESTS_A_ROUND);
    for client in clients {
        latencies.extend(client.await.unwrap());
    }
    latencies
}

async fn client(
    port: u16,
    path: &'static str,
    body: Bytes,
    connector: TlsConnector,
) -> Vec<Duration> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let stream = connector.connect("localhost".try_into().unwrap(), stream).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let mut latencies = Vec::with_capacity(REQUESTS_A_ROUND / CLIENTS);
    for _ in 0..REQUESTS_A_ROUND / CLIENTS {
        let request = hyper::Request::post(path)
            .header("host", "localhost")
            .header("content-type", "application/json")
            .body(Full::new(body.clone()))
            .unwrap();
        let begin = Instant::now();
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let answer = response.into_body().collect().await.unwrap().to_bytes();
        latencies.push(begin.elapsed());
        assert!(answer.windows(8).any(|window| window == b"\"allowed"));
    }
    latencies
}

fn idle() {
    let server = Server::flinkgate("flinkgate", env!("CARGO_BIN_EXE_flinkgate"));
    std::thread::sleep(Duration::from_secs(3));
    let status = fs::read_to_string(format!("/proc/{}/status", server.process.id())).unwrap();
    for line in status.lines().filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM"))
    {
        println!("{line}");
    }
}
