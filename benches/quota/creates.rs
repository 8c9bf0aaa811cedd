//! Creates per second and their latency, by what counts them.

use super::cluster::access::Access;
use super::fronts::{self, FRONTS, Front, TENANTS};
use super::support::{Measured, cpu, task_manager_pod};
use k8s_openapi::api::core::v1::Pod;
use kube::Client;
use kube::api::{Api, ListParams, PostParams};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const ROUNDS: usize = 8;
/// Controllers still process deletions for a while.
const REST: Duration = Duration::from_secs(1);
/// The number of clients, of pods for each, and of tenants with a namespace.
const CASES: [Case; 4] = [
    Case { clients: 1, each: 100, tenants: 1 },
    Case { clients: 16, each: 40, tenants: 1 },
    Case { clients: 64, each: 15, tenants: 1 },
    Case { clients: 64, each: 15, tenants: TENANTS },
];

#[derive(Clone, Copy)]
struct Case {
    clients: usize,
    each: usize,
    tenants: usize,
}

/// The results of one counter in one case.
#[derive(Clone, Default)]
struct FrontResult {
    measured: Measured,
    /// Retried requests, by status code.
    retries: BTreeMap<u16, usize>,
    /// CPU seconds of each program while pods were created.
    cpu: BTreeMap<String, f64>,
}

pub fn run() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let installation = fronts::install(&runtime);
    // Only the programs that would place and run pods stop.
    for name in ["kube-scheduler", "kwok"] {
        installation.process(name).signal("STOP");
    }
    let clients = runtime.block_on(clients(&installation));
    let mut results = vec![vec![FrontResult::default(); FRONTS.len()]; CASES.len()];
    for round in 0..=ROUNDS {
        eprintln!("creates: round {round} of {ROUNDS}");
        for (case, results) in CASES.iter().zip(&mut results) {
            // The order changes, so that no counter always comes first or after the same one.
            let turn = |index: usize| {
                (if round % 2 == 0 { index } else { FRONTS.len() - 1 - index } + round)
                    % FRONTS.len()
            };
            for index in (0..FRONTS.len()).map(turn) {
                std::thread::sleep(REST);
                let before = cpu::family(std::process::id());
                let (latencies, retries, wall) =
                    runtime.block_on(create(&clients, FRONTS[index], *case, round));
                let used = cpu::family(std::process::id());
                runtime.block_on(fronts::clear(FRONTS[index], case.tenants, &installation));
                // The first round warms up.
                if round > 0 {
                    for (program, after) in used {
                        let more = after - before.get(&program).copied().unwrap_or_default();
                        *results[index].cpu.entry(program).or_default() += more;
                    }
                    results[index].measured.add(latencies, wall);
                    retries.into_iter().for_each(|(code, count)| {
                        *results[index].retries.entry(code).or_default() += count
                    });
                }
            }
        }
    }
    for (case, results) in CASES.iter().zip(&results) {
        print(*case, results);
    }
    println!();
    let log = installation.replicas[0].log();
    for (tenants, title) in [("free-", "no limits"), ("held-", "limits")] {
        for webhook in ["mutate", "validate"] {
            let of = |line: &&serde_json::Value| {
                line["webhook"] == webhook
                    && line["tenant"].as_str().is_some_and(|name| name.starts_with(tenants))
            };
            let mut took: Vec<u64> =
                log.iter().filter(of).filter_map(|line| line["microseconds"].as_u64()).collect();
            took.sort_unstable();
            if let (Some(middle), Some(slow)) =
                (took.get(took.len() / 2), took.get(took.len() * 99 / 100))
            {
                println!("Flinkgate's log, {title}, {webhook}: p50 {middle} µs, p99 {slow} µs");
            }
        }
    }
    let metrics = installation.kubectl(&["get", "--raw=/metrics"]);
    for resource in ["flinktenantledgers", "resourcequotas"] {
        println!("{resource}: {}", writes(&metrics, resource));
    }
}

/// The writes of a kind, by the API server's metrics.
fn writes(metrics: &str, resource: &str) -> String {
    let mut codes = BTreeMap::<&str, f64>::new();
    let label = |line: &str, name: &str, value: &str| line.contains(&format!("{name}=\"{value}\""));
    for line in metrics.lines().filter(|line| {
        line.starts_with("apiserver_request_total{") && label(line, "resource", resource)
    }) {
        let (Some((_, rest)), Some((_, count))) =
            (line.split_once("code=\""), line.rsplit_once(' '))
        else {
            continue;
        };
        if label(line, "verb", "PUT") {
            *codes.entry(rest.split('"').next().unwrap()).or_default() +=
                count.parse::<f64>().unwrap();
        }
    }
    let counts: Vec<String> =
        codes.iter().map(|(code, count)| format!("{count} writes answered {code}")).collect();
    counts.join(", ")
}

/// The clients of the largest case, each with an open connection.
async fn clients(access: &Access) -> Vec<Client> {
    let mut clients = Vec::new();
    for _ in 0..CASES.iter().map(|case| case.clients).max().unwrap() {
        let client = access.client().await;
        Api::<Pod>::namespaced(client.clone(), "default")
            .list(&ListParams::default().limit(1))
            .await
            .unwrap();
        clients.push(client);
    }
    clients
}

/// Creates pods with concurrent clients; returns the latencies, the retries and the total time.
async fn create(
    clients: &[Client],
    front: Front,
    case: Case,
    round: usize,
) -> (Vec<Duration>, BTreeMap<u16, usize>, Duration) {
    let template: Pod = serde_json::from_value(task_manager_pod("x", "x")).unwrap();
    let begin = Instant::now();
    let work = |(number, client): (usize, &Client)| {
        let (client, mut pod) = (client.clone(), template.clone());
        tokio::spawn(async move {
            let (mut latencies, mut retries) = (Vec::with_capacity(case.each), Vec::new());
            for turn in 0..case.each {
                // Every tenant gets the same number, and each client uses several.
                let namespace = front.namespace((number + turn * case.clients) % case.tenants);
                pod.metadata.name = Some(format!("taskmanager-{round}-{number}-{turn}"));
                pod.metadata.namespace = Some(namespace.clone());
                let pods = Api::<Pod>::namespaced(client.clone(), &namespace);
                let begin = Instant::now();
                while let Err(error) = pods.create(&PostParams::default(), &pod).await {
                    let kube::Error::Api(status) = error else { panic!("{error}") };
                    assert!([409, 429, 500].contains(&status.code), "{status:?}");
                    retries.push(status.code);
                }
                latencies.push(begin.elapsed());
            }
            (latencies, retries)
        })
    };
    let tasks: Vec<_> = clients.iter().take(case.clients).enumerate().map(work).collect();
    let (mut latencies, mut retries) =
        (Vec::with_capacity(case.clients * case.each), BTreeMap::new());
    for task in tasks {
        let (took, codes) = task.await.unwrap();
        latencies.extend(took);
        codes.into_iter().for_each(|code| *retries.entry(code).or_default() += 1);
    }
    (latencies, retries, begin.elapsed())
}

fn print(case: Case, results: &[FrontResult]) {
    println!("\n{} clients, {} tenants with a namespace each", case.clients, case.tenants);
    println!(
        "{:28} {:>8} {:>8} {:>10} {:>18}  retries",
        "in front", "p50 ms", "p99 ms", "creates/s", "vs. ResourceQuota"
    );
    let native = &results[1].measured;
    for (front, FrontResult { measured, retries, .. }) in FRONTS.iter().zip(results) {
        let (middle, slow) = (measured.at(0.5), measured.at(0.99));
        println!(
            "{:28} {middle:8.2} {slow:8.2} {:10.0} {:18.2}  {retries:?}",
            front.title,
            measured.rate(),
            measured.relative_to(native)
        );
    }
    println!("CPU ms per create, of the clients (this benchmark) and of each program:");
    for (front, FrontResult { measured, cpu, .. }) in FRONTS.iter().zip(results) {
        let each = |seconds: &f64| seconds * 1e3 / measured.count() as f64;
        let shown: Vec<String> =
            cpu.iter().map(|(program, used)| format!("{program} {:.2}", each(used))).collect();
        println!(
            "{:28} {:8.2}: {}",
            front.title,
            cpu.values().map(each).sum::<f64>(),
            shown.join(", ")
        );
    }
    let [nothing, _, free, both, held] = results else { return };
    let part = |one: &FrontResult, of: &FrontResult| one.measured.relative_to(&of.measured);
    println!(
        "ResourceQuota: {:.2} of the rate without it; with Flinkgate without limits {:.2}",
        part(&results[1], nothing),
        part(both, free)
    );
    println!(
        "Flinkgate's limits: {:.2} of the rate without them, {:.2} of the rate with a ResourceQuota",
        part(held, free),
        part(held, both)
    );
}
