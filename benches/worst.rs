//! The worst inputs: what one review of up to 3 MB takes in `flinkgate serve`, and what `lint` of one
//! file takes.
//!
//! `cargo bench --bench worst` sends every family of `tests/bounded/` to both webhooks, in doubling
//! sizes up to 3 MB, and prints the slowest and the largest review of each family; then it checks the
//! largest object of each as a file. `-- WORD` takes the families whose name has the word. The slowest is
//! that with the most CPU time, which depends less on what else the machine does. Nothing is asserted:
//! `tests/bounded/` counts steps and allocations instead.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    dead_code
)]

#[path = "../tests/bounded/families.rs"]
mod families;
#[path = "../tests/bounded/families_pods.rs"]
mod families_pods;
#[path = "../tests/bounded/families_schema.rs"]
mod families_schema;
#[path = "../tests/bounded/families_yaml.rs"]
mod families_yaml;
mod support;

use families::Family;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The longest body that the API server sends.
const LONGEST: usize = 3_000_000;
/// The largest size of a family whose objects are as deep as they are large: JSON has 128 levels.
const DEEPEST: usize = 60;

/// What one input took.
#[derive(Clone, Copy, Default)]
struct Cost {
    bytes: usize,
    ms: f64,
    cpu: f64,
    mib: f64,
}

fn main() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let word = std::env::args().skip(1).find(|word| word != "--bench").unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let all = families::FAMILIES
        .iter()
        .chain(families_yaml::FAMILIES)
        .chain(families_pods::FAMILIES)
        .chain(families_schema::FAMILIES);
    let rego = tempfile::tempdir().unwrap();
    fs::write(rego.path().join("slow.rego"), SLOW_POLICY).unwrap();
    let policies = rego.path().to_str().unwrap();
    println!(
        "{:50} {:>9} {:>7} {:>7} {:>9} {:>7} {:>9} {:>7} {:>7} {:>7} {:>8}",
        "family",
        "slowest B",
        "CPU ms",
        "ms",
        "largest B",
        "MiB",
        "lint B",
        "CPU ms",
        "ms",
        "MiB",
        "output B"
    );
    for (name, size, family) in all.filter(|(name, ..)| name.contains(&word)) {
        let (slowest, largest, last) = reviews(&runtime, (*size, *family, name), None);
        let (lint, output) = lint(&last);
        print_row(name, slowest, largest, lint, output);
    }
    for (name, size, family) in families::FAMILIES.iter().filter(|(name, ..)| {
        name.contains(&word)
            && ["B pod with containers", "O options", "AG unknown fields"].contains(name)
    }) {
        let name = format!("{name}, slow policy");
        let (slowest, largest, _) = reviews(&runtime, (*size, *family, &name), Some(policies));
        print_row(&name, slowest, largest, Cost::default(), 0);
    }
}

fn print_row(name: &str, slowest: Cost, largest: Cost, lint: Cost, output: usize) {
    println!(
        "{name:50} {:9} {:7.0} {:7.0} {:9} {:7.0} {:9} {:7.0} {:7.0} {:7.0} {output:8}",
        slowest.bytes,
        slowest.cpu,
        slowest.ms,
        largest.bytes,
        largest.mib,
        lint.bytes,
        lint.cpu,
        lint.ms,
        lint.mib
    );
}

/// A policy that does more than its limits allow.
const SLOW_POLICY: &str = r#"# METADATA
# title: Slow
# custom:
#   flinkgate: {id: custom/slow}
package custom.slow

import rego.v1

deny contains {"msg": "many numbers"} if {
	some i in numbers.range(1, 10000000)
	sprintf("%d", [i]) == json.marshal(input.object)
}

deny contains {"msg": "pairs"} if {
	some a in input.object.spec.containers
	some b in input.object.spec.containers
	a.name == b.image
}
"#;

/// The slowest and the largest review of a family, and its largest object.
fn reviews(
    runtime: &tokio::runtime::Runtime,
    (size, family, name): (usize, Family, &str),
    policies: Option<&str>,
) -> (Cost, Cost, serde_json::Value) {
    let server = Server::start(policies);
    let (mut slowest, mut largest) = (Cost::default(), Cost::default());
    let (mut last, mut length, mut size) = (serde_json::Value::Null, 0, size);
    let is_deep = size <= DEEPEST
        && ["nested", "deep", "aliases of aliases"].iter().any(|word| name.contains(word));
    loop {
        let object = family(size);
        let body = families::body(&object);
        if body.len() > LONGEST || body.len() == length || (is_deep && size > DEEPEST) {
            break;
        }
        length = body.len();
        for path in ["/mutate", "/validate"] {
            let cost = runtime.block_on(server.ask(path, body.clone().into()));
            if cost.cpu > slowest.cpu {
                slowest = cost;
            }
            if cost.mib > largest.mib {
                largest = cost;
            }
        }
        last = object;
        // The last one is as large as a body may be.
        let next = size * 2;
        let most = size * LONGEST / length.max(1);
        size = if next > most && size < most * 9 / 10 { most } else { next };
    }
    (slowest, largest, last)
}

struct Server {
    process: Child,
    port: u16,
    idle: f64,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    fn start(policies: Option<&str>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flinkgate"));
        command.args(["serve", "--bind", "127.0.0.1:0", "--health-bind", "127.0.0.1:0"]);
        command.args(["--tenants", "tests/data/bounded/tenant.yaml"]);
        if let Some(policies) = policies {
            command.args(["--policies", policies]);
        }
        let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let port = loop {
            let mut line = String::new();
            assert!(log.read_line(&mut line).unwrap() > 0, "the server ended");
            let port = line
                .split("127.0.0.1:")
                .nth(1)
                .and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok());
            if let Some(port) = port.filter(|_| line.contains("webhooks")) {
                break port;
            }
        };
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        let idle = memory(process.id(), "VmRSS");
        Self { process, port, idle }
    }

    async fn ask(&self, path: &str, body: Bytes) -> Cost {
        // The highest memory so far is forgotten.
        fs::write(format!("/proc/{}/clear_refs", self.process.id()), "5").unwrap();
        let connector = TlsConnector::from(Arc::new(support::client_config()));
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let stream = connector.connect("localhost".try_into().unwrap(), stream).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let bytes = body.len();
        let request = hyper::Request::post(format!("{path}?timeout=10s"))
            .header("host", "localhost")
            .header("content-type", "application/json")
            .body(Full::new(body))
            .unwrap();
        let (begin, cpu) = (Instant::now(), cpu_ms(self.process.id()));
        let response = sender.send_request(request).await.unwrap();
        response.into_body().collect().await.unwrap();
        let ms = begin.elapsed().as_secs_f64() * 1e3;
        let cpu = cpu_ms(self.process.id()) - cpu;
        Cost { bytes, ms, cpu, mib: memory(self.process.id(), "VmHWM") - self.idle }
    }
}

/// CPU time of all threads of a process, in milliseconds.
fn cpu_ms(process: u32) -> f64 {
    let threads = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let nanoseconds = threads.filter_map(|thread| {
        let text = fs::read_to_string(thread.unwrap().path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    });
    nanoseconds.sum::<f64>() / 1e6
}

/// A line of `/proc/PID/status` in MiB.
fn memory(process: u32, name: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

/// Lint of an object as a file, and the bytes of its output.
fn lint(object: &serde_json::Value) -> (Cost, usize) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("object.yaml");
    let mut object = object.clone();
    object.as_object_mut().unwrap().remove("request");
    object["metadata"]["namespace"] = "strict".into();
    fs::write(&file, object.to_string()).unwrap();
    let begin = Instant::now();
    let mut command = Command::new("/usr/bin/time");
    command.args(["-f", "%M %U %S", env!("CARGO_BIN_EXE_flinkgate"), "lint"]);
    command.args(["--tenants", "tests/data/bounded/tenant.yaml"]).arg(&file);
    let output = command.output().unwrap();
    let ms = begin.elapsed().as_secs_f64() * 1e3;
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let used: Vec<f64> = errors
        .lines()
        .last()
        .into_iter()
        .flat_map(|line| line.split(' ').filter_map(|number| number.parse().ok()))
        .collect();
    let [kib, user, system] = used[..] else { panic!("no figures in {errors}") };
    let bytes = fs::metadata(&file).unwrap().len() as usize;
    let cpu = (user + system) * 1e3;
    (Cost { bytes, ms, cpu, mib: kib / 1024.0 }, output.stdout.len() + output.stderr.len())
}
