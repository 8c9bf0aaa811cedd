//! Flinkgate as a process: one command and its output, or a server with its log.

use super::access::Access;
use super::controlplane::ControlPlane;
use super::process::Process;
use super::wait::until;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

const BINARY: &str = env!("CARGO_BIN_EXE_flinkgate");

/// Runs a command, which must succeed; gives what it prints.
pub fn output(arguments: &[&str]) -> String {
    let output = Command::new(BINARY).args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "flinkgate {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// A plain HTTP `GET`: status and body.
pub fn get(address: SocketAddr, path: &str) -> Result<(u16, String), String> {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(
            format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
                .as_bytes(),
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answer = ask().map_err(|error| error.to_string())?;
    let status = answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .ok_or_else(|| answer.clone())?;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Ok((status, body.to_owned()))
}

/// A running `flinkgate serve`.
pub struct Flinkgate {
    process: Process,
    /// Where the webhooks are.
    pub webhooks: SocketAddr,
    /// Where `/healthz`, `/readyz` and `/metrics` are.
    pub health: SocketAddr,
}

impl Flinkgate {
    /// Starts `flinkgate serve` as the administrator, on free ports unless `arguments` say
    /// otherwise; waits until it listens.
    pub fn start(control_plane: &ControlPlane, arguments: &[&str]) -> Self {
        Self::start_as(control_plane, control_plane.admin(0), arguments)
    }

    /// The same, with somebody's own credentials in `KUBECONFIG`.
    pub fn start_as(control_plane: &ControlPlane, access: &Access, arguments: &[&str]) -> Self {
        let mut command = Command::new(BINARY);
        command.arg("serve").env("KUBECONFIG", access.kubeconfig()).env_remove("RUST_LOG");
        for flag in ["--bind", "--health-bind"] {
            if !arguments.contains(&flag) {
                command.args([flag, "127.0.0.1:0"]);
            }
        }
        let name = control_plane.file("flinkgate");
        let name = name.file_name().unwrap().to_string_lossy().into_owned();
        let process =
            Process::start(&name, command.args(arguments), control_plane.folder()).unwrap();
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut started = Self { process, webhooks: nowhere, health: nowhere };
        let listening = until("flinkgate listens", || {
            assert!(
                started.process.ended().is_none(),
                "flinkgate ended: {}",
                started.process.tail()
            );
            started.find(|line| line["message"] == "listening")
        });
        started.webhooks = listening["webhooks"].as_str().unwrap().parse().unwrap();
        started.health = listening["health"].as_str().unwrap().parse().unwrap();
        started
    }

    /// The log so far, one JSON value a line.
    pub fn log(&self) -> Vec<Value> {
        self.process
            .log()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| line.into()))
            .collect()
    }

    /// Waits for a log line and gives it.
    pub fn logged(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        until(what, || self.find(&wanted))
    }

    fn find(&self, wanted: impl Fn(&Value) -> bool) -> Result<Value, String> {
        self.log().into_iter().find(wanted).ok_or_else(|| self.process.tail())
    }

    /// `GET` on the health port: status and body.
    pub fn health(&self, path: &str) -> Result<(u16, String), String> {
        get(self.health, path)
    }

    /// Waits until `/readyz` says yes.
    pub fn wait_ready(&self) {
        until("flinkgate is ready", || match self.health("/readyz")? {
            (200, _) => Ok(()),
            (status, body) => Err(format!("{status} {body}\n{}", self.process.tail())),
        });
    }

    /// Asks it to leave (SIGTERM) and waits until it has; gives its exit status.
    pub fn terminate(&mut self) -> Option<i32> {
        self.process.signal("TERM");
        until("flinkgate leaves", || self.process.ended().ok_or_else(|| self.process.tail())).code()
    }

    /// A figure in KiB of the process's memory: `VmRSS` (now), `VmHWM` (at most).
    pub fn memory(&self, figure: &str) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(figure)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Process id, for signals from where only a shared reference is at hand.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// The process, to be paused, killed, restarted.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}
