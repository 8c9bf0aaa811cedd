//! Never leaking: what was promised and did not come to be is free again after the horizon,
//! whatever was the reason.

use super::scene::{cluster, pod, scene};
use crate::support::asking::create_at_once;
use crate::support::wait::within;
use crate::support::webhook::Webhook;
use futures::FutureExt;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// The horizon is 90 s, what is over is settled every 15 s, and the machine is busy.
const HORIZON_AND_MORE: Duration = Duration::from_secs(180);
/// What the other webhook refuses.
const DOOMED: &str = "doomed";

/// The names of the tenants, each with its own reason.
const LATER: &str = "vanished-later";
const UPDATED: &str = "vanished-updated";
const EXISTS: &str = "vanished-exists";
const TENANT: &str = "vanished-tenant";

#[test]
fn what_did_not_come_to_be_is_free_again_after_the_horizon() {
    let scene = scene();
    for tenant in [LATER, UPDATED, EXISTS, TENANT] {
        scene.tenant_with(tenant, json!({"cpu": "5"}));
    }
    let refuse = |request: Value| {
        let doomed = request["object"].to_string().contains(DOOMED);
        async move { doomed.then(|| "refused by somebody else".to_owned()) }.boxed()
    };
    let webhook = Webhook::start(Arc::new(refuse));
    webhook.register(scene.admin(0), LATER, LATER);
    webhook.register(scene.admin(0), UPDATED, UPDATED);
    refused_by_a_webhook_that_is_asked_at_the_same_time();
    an_update_that_was_refused_by_it();
    a_pod_that_was_there_already();
    scene.ask(&pod(TENANT, "stays", 1)).unwrap();
    scene.settled(TENANT, 1);
    scene.kubectl(&["delete", "flinktenant", TENANT]);

    for (tenant, cpu) in [(LATER, 0), (UPDATED, 2), (EXISTS, 1)] {
        within(HORIZON_AND_MORE, &format!("what {tenant} was promised is free again"), || {
            scene.has_settled(tenant, cpu)
        });
        scene.ask(&pod(tenant, "all-the-rest", u64::try_from(5 - cpu).unwrap())).unwrap();
        scene.over_quota(&pod(tenant, "one-more", 1));
    }
    within(HORIZON_AND_MORE, "the ledger of a tenant that is gone is gone", || {
        match scene.ledger(TENANT) {
            Ok((ledger, _)) => Err(format!("{:?}", ledger.stored())),
            Err(complaint) if complaint.contains("not found") => Ok(()),
            Err(complaint) => Err(complaint),
        }
    });
}

/// Asks until the other webhook is asked too: then it is refused by that one.
fn until_refused(object: &Value) {
    crate::support::wait::until("the other webhook is asked", || {
        let arguments = ["create", "--dry-run=server", "-f", "-"];
        match scene()
            .servers()
            .iter()
            .find_map(|server| server.try_kubectl(&arguments, &object.to_string()).ok())
        {
            None => Ok(()),
            Some(printed) => Err(printed),
        }
    });
}

fn refused_by_a_webhook_that_is_asked_at_the_same_time() {
    let scene = scene();
    until_refused(&pod(LATER, DOOMED, 1));
    let objects: Vec<Value> =
        (0..5).map(|number| pod(LATER, &format!("{DOOMED}-{number}"), 1)).collect();
    let answers = create_at_once(&scene.servers(), &objects);
    assert!(
        answers.refusals().len() == 5
            && answers.refusals().iter().all(|refusal| refusal.message.contains("somebody else")),
        "{answers:?}"
    );
    // It is not given back before it is known that nothing comes of it.
    let (ledger, _) = scene.ledger(LATER).unwrap();
    assert_eq!((ledger.reservations(), scene.charged(LATER)[0]), (5, 5));
    scene.over_quota(&pod(LATER, "fine", 1));
}

fn an_update_that_was_refused_by_it() {
    let scene = scene();
    until_refused(&pod(UPDATED, DOOMED, 1));
    scene.ask(&cluster(UPDATED, "etl", 1)).unwrap();
    scene.settled(UPDATED, 2);
    let patch = json!({"spec": {"image": format!("registry.example.com/{DOOMED}:1"), "taskManager": {"replicas": 4}}}).to_string();
    let arguments = [
        "patch",
        "flinkdeployment",
        "etl",
        "--type=merge",
        "--patch",
        &patch,
        "--namespace",
        UPDATED,
    ];
    let refusal = scene.refused(&arguments, "");
    assert!(refusal.contains("somebody else"), "{refusal}");
    assert_eq!(scene.charged(UPDATED)[0], 5);
}

/// kubernetes/kubernetes#61530, #70563, #76787 for what a ledger does not list once it has settled.
fn a_pod_that_was_there_already() {
    let scene = scene();
    scene.ask(&pod(EXISTS, "there", 1)).unwrap();
    scene.settled(EXISTS, 1);
    let objects: Vec<Value> = (0..20).map(|_| pod(EXISTS, "there", 1)).collect();
    let answers = create_at_once(&scene.servers(), &objects);
    assert!(
        answers.refusals().len() == 20
            && answers.refusals().iter().all(|refusal| refusal.is_already_exists()),
        "{answers:?}"
    );
    // However often it was asked for, at most one could come of it.
    assert!(scene.charged(EXISTS)[0] <= 2, "{:?}", scene.charged(EXISTS));
}
