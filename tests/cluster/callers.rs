//! Only API servers are answered: forged reviews get no verdict and change nothing, whoever sends
//! them, while honest requests go on, through rotations of the path token too.

use super::quota::scene::{Scene, pod, review, scene};
use super::support::installation::{Installation, events};
use super::support::load::Load;
use super::support::tls::{ask, webhook_path};
use super::support::wait::{until, within};
use super::support::{ControlPlane, Flinkgate, Options, crds, flinkgate};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const NAMESPACE: &str = "flinkgate-system";
const SECRET: &str = "flinkgate-path-token";
const CONFIGURATIONS: [&str; 2] =
    ["mutatingwebhookconfiguration", "validatingwebhookconfiguration"];
/// What every other caller is answered.
const REFUSAL: (u16, &str) = (401, "Flinkgate answers only the API server\n");
/// Longer than both margins of a rotation.
const ROTATION: Duration = Duration::from_secs(180);

/// The pod of case 06 as a review that would reserve the whole quota.
fn forged(namespace: &str, operation: &str) -> String {
    let mut review = review(&pod(namespace, "ghost", 20));
    let request = &mut review["request"];
    request["dryRun"] = json!(false);
    request["operation"] = json!(operation);
    request["userInfo"] = json!({"username": "system:apiserver", "groups": ["system:masters"]});
    if operation == "DELETE" {
        request["oldObject"] = request["object"].take();
    }
    review.to_string()
}

#[test]
fn forged_reviews_take_no_quota_and_learn_nothing() {
    let scene = scene();
    let tenant = scene.tenant_with("forged-victim", json!({"cpu": "20"}));
    scene.ask(&pod(&tenant, "first", 3)).unwrap();
    let version = scene.settled(&tenant, 3);
    let secret = webhook_path(scene, "validate");
    let guess = format!("/validate/{}", "0".repeat(64));
    let cut = secret[..secret.len() - 1].to_owned();
    for replica in &scene.replicas {
        for operation in ["CREATE", "DELETE"] {
            for path in ["/validate", "//validate", "/mutate", "/", &guess, &cut] {
                let (status, body) =
                    ask(replica.webhooks, &scene.authorities, path, &forged(&tenant, operation))
                        .unwrap();
                assert_eq!((status, body.as_str()), REFUSAL, "{operation} {path}");
            }
        }
        let (_, metrics) = replica.health("/metrics").unwrap();
        for reason in ["no-token", "wrong-token", "other-path"] {
            let line = format!("flinkgate_unauthenticated_requests_total{{reason=\"{reason}\"}} ");
            let count = metrics.lines().find_map(|found| found.strip_prefix(&line)).unwrap();
            assert!(count.parse::<u64>().unwrap() > 0, "{metrics}");
        }
    }
    // Nothing was reserved or released, and the honest tenant has its quota.
    assert_eq!(scene.settled(&tenant, 3), version);
    scene.ask(&pod(&tenant, "honest", 17)).unwrap();
    scene.over_quota(&pod(&tenant, "more", 1));
}

/// What the paths of all webhooks end with.
fn tokens(installation: &Installation) -> Vec<String> {
    let mut tokens = Vec::new();
    for kind in CONFIGURATIONS {
        let configuration = installation.get(&[kind, "flinkgate"]);
        for webhook in configuration["webhooks"].as_array().unwrap() {
            let path = webhook["clientConfig"]["service"]["path"].as_str().unwrap_or_default();
            tokens.push(path.rsplit('/').next().unwrap().to_owned());
        }
    }
    tokens.dedup();
    tokens
}

/// The token that all webhooks have, if it is one of the Secret's.
fn token(installation: &Installation) -> Result<String, String> {
    let secret = installation.try_kubectl(
        &["get", "secret", SECRET, "--namespace", NAMESPACE, "-o=jsonpath={.data.tokens}"],
        "",
    )?;
    let stored = String::from_utf8(STANDARD.decode(secret).unwrap()).unwrap();
    match tokens(installation).as_slice() {
        [token] if token.len() == 64 && stored.contains(token) => Ok(token.clone()),
        other => Err(format!("{other:?}")),
    }
}

fn answers(scene: &Scene, namespace: &str, token: &str) -> Vec<u16> {
    let mut giant = review(&pod(namespace, "giant", 1));
    giant["request"]["dryRun"] = json!(true);
    let ask_replica = |replica: &Flinkgate| {
        let path = format!("/validate/{token}");
        ask(replica.webhooks, &scene.authorities, &path, &giant.to_string()).unwrap().0
    };
    scene.replicas.iter().map(ask_replica).collect()
}

#[test]
fn tokens_rotate_while_admission_goes_on() {
    let scene = Scene::of(Installation::new(Options { nodes: 0, ..Options::default() }, 2));
    let namespace = scene.tenant("rotated", json!({}));
    let first = until("all webhooks have a token", || token(&scene));
    assert_eq!(answers(&scene, &namespace, &first), [200, 200]);
    let load = Load::start(&scene, &namespace, 3);
    load.judge(20);

    // Users who want a new token delete the Secret.
    scene.kubectl(&["delete", "secret", SECRET, "--namespace", NAMESPACE]);
    let second = within(ROTATION, "all webhooks have another token", || match token(&scene)? {
        same if same == first => Err("still the first".to_owned()),
        other => Ok(other),
    });
    // API servers that have not read the new configurations still send the old one.
    assert_eq!(answers(&scene, &namespace, &first), [200, 200]);
    within(ROTATION, "the old token is refused", || {
        match answers(&scene, &namespace, &first).as_slice() {
            [401, 401] => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    assert_eq!(answers(&scene, &namespace, &second), [200, 200]);
    load.judge(50);
    assert_eq!(load.end(), Vec::<String>::new());

    // A tool that resets the paths closes the gate, for seconds.
    for kind in CONFIGURATIONS {
        let webhooks = scene.get(&[kind, "flinkgate"])["webhooks"].as_array().unwrap().len();
        let reset: Vec<Value> = (0..webhooks)
            .map(|index| json!({"op": "replace", "path": format!("/webhooks/{index}/clientConfig/service/path"), "value": "/validate"}))
            .collect();
        let since = Instant::now();
        scene.kubectl(&[
            "patch",
            kind,
            "flinkgate",
            "--type=json",
            "--patch",
            &json!(reset).to_string(),
        ]);
        assert_eq!(until("the paths have the token again", || token(&scene)), second);
        assert!(since.elapsed() < Duration::from_secs(20), "after {:?}", since.elapsed());
    }
    let good = pod(&namespace, "good", 1);
    until("honest pods are admitted", || scene.ask(&good));

    // The token is nowhere but in the Secret and in the configurations.
    let mut shown: String = events(&scene, "default").iter().map(Value::to_string).collect();
    for replica in &scene.replicas {
        shown.extend(replica.log().iter().map(Value::to_string));
        for path in ["/metrics", "/readyz", "/healthz"] {
            shown += &replica.health(path).unwrap().1;
        }
    }
    assert!(!shown.contains(&first) && !shown.contains(&second));
}

#[test]
fn tokens_shown_during_an_outage_are_replaced() {
    let mut scene = Scene::of(Installation::new(Options { nodes: 0, ..Options::default() }, 1));
    let namespace = scene.tenant("outage", json!({}));
    let shown = until("all webhooks have a token", || token(&scene));
    assert_eq!(scene.installation.replicas[0].terminate(), Some(0));
    // API servers show the URL that they could not reach.
    let error = scene.refused(&["create", "-f", "-"], &pod(&namespace, "waits", 1).to_string());
    assert!(error.contains(&shown), "{error}");
    scene.installation.replace(0);
    until("pods are admitted again", || scene.ask(&pod(&namespace, "waits", 1)));
    within(ROTATION, "the shown token is refused", || {
        match answers(&scene, &namespace, &shown).as_slice() {
            [401] => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    assert_ne!(token(&scene).unwrap(), shown);
    scene.ask(&pod(&namespace, "next", 1)).unwrap();
}

#[test]
fn a_replica_is_ready_under_a_leader_that_makes_no_token() {
    let control_plane = ControlPlane::start(Options { nodes: 0, ..Options::default() });
    crds::install(&control_plane);
    control_plane.kubectl(&["create", "namespace", NAMESPACE]);
    // The leader of a rolling update may be an older version.
    let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "flinkgate", "namespace": NAMESPACE},
        "spec": {"holderIdentity": "older", "leaseDurationSeconds": 3600, "leaseTransitions": 1,
            "acquireTime": "2026-01-01T00:00:00.000000Z", "renewTime": "2026-01-01T00:00:00.000000Z"}});
    control_plane.create(&lease.to_string());
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    flinkgate::output(&["certs", "--out", folder.path().to_str().unwrap()]);
    let (certificate, key) = (file("tls.crt"), file("tls.key"));
    let arguments = ["--cluster", "--tls-cert", &certificate, "--tls-key", &key];
    let gates = [(); 2].map(|()| Flinkgate::start(&control_plane, &arguments));
    gates.iter().for_each(Flinkgate::wait_ready);
    let secret = control_plane.get(&["secret", SECRET, "--namespace", NAMESPACE]);
    let tokens = STANDARD.decode(secret["data"]["tokens"].as_str().unwrap()).unwrap();
    let token = String::from_utf8(tokens).unwrap().split(' ').next().unwrap().to_owned();
    let roots = std::fs::read(file("ca.crt")).unwrap();
    for gate in &gates {
        let ask = |path: &str| ask(gate.webhooks, &roots, path, "{}").unwrap().0;
        assert_eq!((ask(&format!("/validate/{token}")), ask("/validate")), (400, 401));
    }
}
