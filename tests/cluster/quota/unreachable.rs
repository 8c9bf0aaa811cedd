//! When Flinkgate cannot reach the API server it says so, to clients that can: they are told to ask
//! again, and are answered when it can.

use super::scene::{Scene, pod};
use crate::support::Options;
use crate::support::asking::api_of;
use crate::support::flinkgate::Flinkgate;
use crate::support::installation::Installation;
use crate::support::wait::until;
use crate::support::wire::{State, Wire};
use kube::api::{DynamicObject, PostParams};
use kube::core::Status;
use serde_json::{Value, json};

/// One answer, without asking again.
fn create(scene: &Scene, object: &Value) -> Result<(), Box<Status>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let asked: DynamicObject = serde_json::from_value(object.clone()).unwrap();
        match api_of(&scene.admin(0).frank_client().await, object)
            .create(&PostParams::default(), &asked)
            .await
        {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) => Err(status),
            Err(error) => panic!("{error}"),
        }
    })
}

#[test]
fn without_its_api_server_flinkgate_asks_clients_to_wait_and_goes_on_when_it_is_back() {
    let mut installation = Installation::new(Options { nodes: 0, ..Options::default() }, 1);
    assert_eq!(installation.replicas[0].terminate(), Some(0));
    let wire = Wire::to(installation.url(0).trim_start_matches("https://").parse().unwrap());
    let account = installation.as_service_account_at(
        &format!("https://{}", wire.address),
        "flinkgate-system",
        "flinkgate",
    );
    let replica = Flinkgate::start_as(
        &installation,
        &account,
        &["--cluster", "--namespace", "flinkgate-system"],
    );
    replica.wait_ready();
    installation.replicas[0] = replica;
    installation.service.lead_to(&installation.replicas);
    let scene = Scene::of(installation);
    let namespace = scene.tenant_with("unreachable", json!({"cpu": "4"}));
    create(&scene, &pod(&namespace, "before", 1)).unwrap();
    scene.settled("unreachable", 1);

    for state in [State::Cut, State::Dead] {
        wire.set(state);
        // What fits and what does not: neither can be known.
        for cpu in [1, 9] {
            let status = create(&scene, &pod(&namespace, "meanwhile", cpu)).unwrap_err();
            let retry_after = status.details.as_ref().map(|details| details.retry_after_seconds);
            assert_eq!(
                (status.code, retry_after),
                (429, Some(5)),
                "{state:?}, {cpu} cpu: {status:?}"
            );
            assert!(
                status.message.contains("failed to reach the quota ledger")
                    && status.message.contains("try again"),
                "{state:?}, {cpu} cpu: {status:?}"
            );
        }
        // Who asks for nothing more is not in need of an answer.
        scene.kubectl(&[
            "label",
            "pod",
            "before",
            &format!("state={state:?}"),
            "--overwrite",
            "--namespace",
            &namespace,
        ]);
        wire.set(State::Whole);
        until("it is answered again", || {
            match create(&scene, &pod(&namespace, &format!("after-{state:?}").to_lowercase(), 1)) {
                Ok(()) => Ok(()),
                Err(status) if status.code == 429 => Err(status.message),
                Err(status) => panic!("{status:?}"),
            }
        });
    }
    scene.over_quota(&pod(&namespace, "too-much", 2));
    // Of what was asked for meanwhile nothing is left over, or it goes with the horizon: it is
    // never more than what fits.
    assert!(scene.charged("unreachable")[0] <= 4);
}
