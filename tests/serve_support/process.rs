//! `flinkgate serve` as a process.

use super::{Client, PATIENCE};
use assert_cmd::cargo::cargo_bin;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A running `flinkgate serve`. A thread reads its standard error, so that writes never block.
pub struct Process {
    pub child: Child,
    log: Arc<Mutex<Vec<Value>>>,
    pub webhooks: SocketAddr,
    pub health: SocketAddr,
}

impl Process {
    pub fn start(arguments: &[&str]) -> Self {
        // On loopback, unless the arguments say otherwise.
        let bind: &[&str] =
            if arguments.contains(&"--bind") { &[] } else { &["--bind", "127.0.0.1:0"] };
        let mut child = Command::new(cargo_bin("flinkgate"))
            .args(["serve", "--health-bind", "127.0.0.1:0"])
            .args(bind)
            .args(arguments)
            .env_remove("RUST_LOG")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
                written.lock().unwrap().push(line);
            }
        });
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut process = Self { child, log, webhooks: nowhere, health: nowhere };
        let listening = process.logged(|line| line["message"] == "listening");
        process.webhooks = listening["webhooks"].as_str().unwrap().parse().unwrap();
        process.health = listening["health"].as_str().unwrap().parse().unwrap();
        process
    }

    /// Waits for a log line.
    pub fn logged(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let found = self.log.lock().unwrap().iter().find(|line| wanted(line)).cloned();
            if let Some(found) = found {
                return found;
            }
            assert!(Instant::now() < end, "not in the log: {:#?}", self.log.lock().unwrap());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until the health port's response has this status and text.
    pub async fn answers(&self, path: &str, status: u16, wanted: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let (got, text) = plain(self.health, path).await;
            if got == status && wanted(&text) {
                return text;
            }
            assert!(Instant::now() < end, "{path}: {got} {text}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub fn terminate(&self) {
        let sent = Command::new("sh")
            .arg("-c")
            .arg(format!("kill -TERM {}", self.child.id()))
            .status()
            .unwrap();
        assert!(sent.success());
    }

    pub async fn status(&mut self) -> Option<i32> {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < end, "the server did not end");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub async fn plain(address: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(
            format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes(),
        )
        .await
        .unwrap();
    let mut answer = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    (answer[9..12].parse().unwrap(), answer)
}

pub fn ca(file: &Path) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(&std::fs::read(file).unwrap()).unwrap()
}

pub async fn ask(client: &mut Client, path: &str, body: String) -> Value {
    let (status, body) = client.post(path, body).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str::<Value>(&body).unwrap()["response"].take()
}
