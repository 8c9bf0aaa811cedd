//! Things that go away and come back while tenants work: replicas of Flinkgate, the API server,
//! etcd. What must not fail does not fail; what must be refused is never admitted.

use super::support::Options;
use super::support::flinkgate::Flinkgate;
use super::support::installation::{Installation, pod};
use super::support::load::Load;
use super::support::tls::{post, webhook_path};
use super::support::wait::until;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::cell::RefCell;

const TENANT: &str = "payments";
const WORKERS: usize = 4;

/// Two replicas behind a Service, a tenant, and somebody who creates pods in its namespace all the
/// time.
struct Scene {
    // Dropped first.
    load: Option<Load>,
    installation: Installation,
    namespace: String,
    authorities: Vec<u8>,
    /// Where the API server sends reviews: read while it can be asked.
    path: RefCell<String>,
}

impl Scene {
    fn new() -> Self {
        let installation = Installation::new(Options { nodes: 0, ..Options::default() }, 2);
        let namespace = installation.tenant(TENANT, json!({}));
        let secret =
            installation.get(&["secret", "flinkgate-tls", "--namespace", "flinkgate-system"]);
        let authorities = STANDARD.decode(secret["data"]["ca.crt"].as_str().unwrap()).unwrap();
        let path = RefCell::new(webhook_path(&installation, "validate"));
        let mut scene = Self { load: None, installation, namespace, authorities, path };
        until("both replicas know of the tenant", || scene.replicas_judge(true));
        scene.load = Some(Load::start(&scene.installation, &scene.namespace, WORKERS));
        scene
    }

    /// Waits until so many more pods are judged.
    fn judge(&self, more: usize) {
        self.load.as_ref().unwrap().judge(more);
    }

    /// Ends the load; gives what was answered wrongly.
    fn end(&mut self) -> Vec<String> {
        self.load.take().unwrap().end()
    }

    /// Asks every replica itself: both are ready, and refuse a privileged pod or not.
    fn replicas_judge(&self, refuse: bool) -> Result<(), String> {
        let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
            "uid": "u", "operation": "CREATE", "namespace": self.namespace, "name": "bad",
            "kind": {"group": "", "version": "v1", "kind": "Pod"}, "object": pod(&self.namespace, "bad", true)}});
        for replica in &self.installation.replicas {
            let (status, report) = replica.health("/readyz")?;
            let path = self.path.borrow();
            let answer = post(replica.webhooks, &self.authorities, &path, &review.to_string())?;
            if status != 200 || answer["response"]["allowed"] != !refuse {
                return Err(format!("{status} {report} {answer}"));
            }
        }
        Ok(())
    }

    /// Changes the tenant, and waits until both replicas judge by that.
    fn watches_bring_changes(&self) {
        self.path.replace(webhook_path(&self.installation, "validate"));
        for (level, refuse) in [("privileged", false), ("baseline", true)] {
            let spec = json!({"security": {"podSecurity": {"level": level}}});
            self.installation.change(
                TENANT,
                &spec,
                &pod(&self.namespace, "probe", true),
                refuse.then_some("security/privileged"),
            );
            until("both replicas know of the change", || self.replicas_judge(refuse));
        }
    }
}

/// What is admitted in spite of the rules.
fn admitted(wrong: Vec<String>) -> Vec<String> {
    wrong.into_iter().filter(|wrong| wrong.starts_with("bad: admitted")).collect()
}

#[test]
fn a_rolling_restart_fails_no_admission() {
    let mut scene = Scene::new();
    scene.judge(50);
    for number in [0, 1] {
        let since = scene.load.as_ref().unwrap().answered();
        assert_eq!(scene.installation.replicas[number].terminate(), Some(0));
        assert!(scene.load.as_ref().unwrap().answered() > since, "nothing was judged meanwhile");
        scene.installation.replace(number);
        scene.judge(100);
    }
    assert_eq!(scene.end(), Vec::<String>::new());
    // The first that came was all there was for a while.
    assert!(scene.installation.service.connections(&scene.installation.replicas[0]) > 0);
}

#[test]
fn a_replica_that_is_killed_takes_with_it_only_what_it_was_just_asked() {
    let mut scene = Scene::new();
    scene.judge(50);
    until("both replicas are asked", || {
        let counts: Vec<usize> = scene
            .installation
            .replicas
            .iter()
            .map(|replica| scene.installation.service.connections(replica))
            .collect();
        if counts.iter().all(|count| *count > 0) { Ok(()) } else { Err(format!("{counts:?}")) }
    });
    scene.installation.replicas[0].process().kill();
    scene.judge(200);
    let connections = scene.installation.service.connections(&scene.installation.replicas[0]);
    scene.installation.replace(0);
    scene.judge(100);
    let wrong = scene.end();
    // An API server does not ask again when a connection ends with a question on it: there is at
    // most one on each.
    assert!(wrong.len() <= connections, "{connections} connections: {wrong:#?}");
    for wrong in wrong {
        assert!(wrong.contains("failed calling webhook"), "{wrong}");
    }
}

#[test]
fn an_api_server_that_restarts_finds_flinkgate_as_it_was_and_its_watches_come_back() {
    let mut scene = Scene::new();
    scene.judge(50);
    let server = "kube-apiserver-0";
    scene.installation.process(server).kill();
    let broken = |replica: &Flinkgate| {
        replica.logged("a watch ended", |line| {
            line["message"].as_str().is_some_and(|message| message.starts_with("watch of"))
        })
    };
    scene.installation.replicas.iter().for_each(|replica| drop(broken(replica)));
    scene.replicas_judge(true).unwrap();
    scene.installation.process(server).restart().unwrap();
    scene.installation.wait_ready(0).unwrap();
    scene.judge(100);
    assert_eq!(admitted(scene.end()), Vec::<String>::new());
    scene.watches_bring_changes();
}

#[test]
fn an_etcd_that_hangs_stops_writing_and_not_judging() {
    let mut scene = Scene::new();
    scene.judge(50);
    let leads = |replica: &Flinkgate| {
        let log = replica.log();
        let last = log
            .iter()
            .filter_map(|line| line["message"].as_str())
            .rfind(|message| message.ends_with("holds the Lease"));
        last.is_some_and(|message| message.starts_with("this replica holds"))
    };
    scene.installation.process("etcd").signal("STOP");
    until("nobody can hold the Lease any more", || {
        scene.replicas_judge(true).unwrap();
        if scene.installation.replicas.iter().any(leads) {
            Err("somebody does".to_owned())
        } else {
            Ok(())
        }
    });
    // What is refused needs no etcd.
    let bad = pod(&scene.namespace, "bad", true).to_string();
    let refusal = scene.installation.refused(&["create", "-f", "-"], &bad);
    assert!(refusal.contains("security/privileged"), "{refusal}");
    scene.installation.process("etcd").signal("CONT");
    until("a replica holds the Lease again", || {
        scene.replicas_judge(true).unwrap();
        if scene.installation.replicas.iter().any(leads) {
            Ok(())
        } else {
            Err("nobody does".to_owned())
        }
    });
    scene.judge(100);
    assert_eq!(admitted(scene.end()), Vec::<String>::new());
    scene.watches_bring_changes();
    let unexpected: Vec<Value> = scene
        .installation
        .replicas
        .iter()
        .flat_map(Flinkgate::log)
        .filter(|line| line["level"] == "ERROR")
        .collect();
    assert!(unexpected.is_empty(), "{unexpected:#?}");
}
