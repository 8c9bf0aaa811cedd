//! The rows of the table of observed faults: each change of the tenant, and what then was refused.

use crate::clients::{WAYS, Way, act, created};
use crate::manifests::read;
use crate::world::{World, gate, person};
use flinkgate::admission::answer::Webhook;
use serde_json::{Value, json};

pub fn tenant() -> Value {
    read("tests/data/running/tenant.yaml")["spec"].clone()
}

pub fn manifest() -> Value {
    read("tests/data/running/manifest.yaml")
}

/// The spec with some places changed; null removes one.
pub fn changed(spec: &Value, changes: &[(&str, Value)]) -> Value {
    let mut spec = spec.clone();
    for (place, value) in changes {
        let mut patch = json!({});
        *place.split('/').fold(&mut patch, |patch, field| &mut patch[field]) = value.clone();
        json_patch::merge(&mut spec, &patch);
    }
    spec
}

fn rows() -> Vec<(&'static str, Value)> {
    let tenant = tenant();
    let row = |changes: &[(&str, Value)]| changed(&tenant, changes);
    let volume = "storage/checkpoints/volume";
    vec![
        ("a label's value", row(&[("labels/cost-center", json!("9999"))])),
        ("a node selector's value", row(&[("scheduling/nodeSelector/pool", json!("new"))])),
        (
            "a toleration's key",
            row(&[("scheduling/tolerations", json!([{"key": "new", "operator": "Exists"}]))]),
        ),
        (
            "a toleration's effect",
            row(&[(
                "scheduling/tolerations",
                json!([{"key": "flink", "operator": "Exists", "effect": "NoSchedule"}]),
            )]),
        ),
        (
            "the claim's name",
            row(&[("storage/checkpoints/volume/claimName", json!("{cluster}-data"))]),
        ),
        (
            "an enforced option's value",
            row(&[(
                "flink/configuration/enforced",
                json!({"kubernetes.rest-service.exposed.type": "NodePort"}),
            )]),
        ),
        (
            "a default that becomes enforced",
            row(&[(
                "flink/configuration/enforced",
                json!({"execution.checkpointing.interval": "9s"}),
            )]),
        ),
        (
            "volume given up for locations",
            row(&[
                (volume, Value::Null),
                ("storage/checkpoints/locations", json!(["s3://state/"])),
            ]),
        ),
        ("a toleration taken away", row(&[("scheduling/tolerations", json!([]))])),
        ("mount path", row(&[("storage/checkpoints/volume/mountPath", json!("/mnt/state"))])),
        ("anti-affinity", row(&[("scheduling/antiAffinity/taskManager", json!("Required"))])),
        ("zone spread", row(&[("scheduling/zoneSpread", json!({"taskManager": "Required"}))])),
        ("resources", row(&[("flink/resources/taskManager/cpu", json!(1))])),
        ("Pod Security level", row(&[("security/podSecurity/level", json!("baseline"))])),
        ("read-only root", row(&[("security/readOnlyRootFilesystem", Value::Null)])),
        ("a label taken away", row(&[("labels", Value::Null)])),
        (
            "a toleration's key and a label",
            row(&[
                ("labels/cost-center", json!("9999")),
                ("scheduling/tolerations", json!([{"key": "new", "operator": "Exists"}])),
            ]),
        ),
    ]
}

#[test]
fn nothing_is_refused_after_any_of_these_changes() {
    let mut wrong = Vec::new();
    for (what, after) in rows() {
        for way in WAYS {
            let world = World::new(&tenant());
            created(&world, &manifest(), way).unwrap();
            world.deploy("a").unwrap();
            world.change(&after);
            if let Err(refusal) = act(&world, &manifest(), way) {
                wrong.push(format!("{what}: {way:?}: {refusal:?}"));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn updates_get_the_new_values() {
    let world = |after: &Value, way| {
        let world = World::new(&tenant());
        created(&world, &manifest(), way).unwrap();
        world.deploy("a").unwrap();
        world.change(after);
        act(&world, &manifest(), way).unwrap();
        world.stored("flinkdeployments", "a")
    };
    for way in [Way::Update, Way::Apply, Way::Replace, Way::ServerSideApply] {
        for (what, after) in rows() {
            let stored = world(&after, way);
            let template = &stored["spec"]["podTemplate"];
            let options = &stored["spec"]["flinkConfiguration"];
            let wanted = |place: &str| after.pointer(place).cloned().unwrap_or_default();
            assert_eq!(
                template["metadata"]["labels"]["cost-center"],
                wanted("/labels/cost-center"),
                "{what} {way:?}"
            );
            assert_eq!(
                template["spec"]["nodeSelector"],
                wanted("/scheduling/nodeSelector"),
                "{what}"
            );
            let tolerations = match wanted("/scheduling/tolerations") {
                none if none == json!([]) => Value::Null,
                some => some,
            };
            assert_eq!(template["spec"]["tolerations"], tolerations, "{what} {way:?}");
            for (key, value) in wanted("/flink/configuration/enforced").as_object().unwrap() {
                assert_eq!(options[key], *value, "{what} {way:?}");
            }
            // The state stays where it is.
            assert_eq!(
                options["execution.checkpointing.dir"], "file:///flink/state/checkpoints",
                "{what}"
            );
            let volumes = template["spec"]["volumes"].as_array().unwrap();
            let state = volumes.iter().find(|volume| volume["name"] == "flinkgate-state").unwrap();
            assert_eq!(state["persistentVolumeClaim"]["claimName"], "a-state", "{what} {way:?}");
        }
    }
}

#[test]
fn a_kept_claim_is_reported() {
    let world = World::new(&tenant());
    created(&world, &manifest(), Way::Update).unwrap();
    world.change(&changed(
        &tenant(),
        &[("storage/checkpoints/volume/mountPath", json!("/mnt/state"))],
    ));
    let mut object = world.stored("flinkdeployments", "a");
    object["spec"]["job"]["parallelism"] = json!(3);
    let answer = world.ask(Webhook::Validate, &world.update_of(person("alice"), object));
    let found: Vec<_> =
        answer.findings.iter().map(|finding| (&*finding.rule, finding.message.as_str())).collect();
    assert!(
        found
            .iter()
            .any(|(rule, message)| *rule == "tenancy/earlier-spec"
                && message.contains("`/flink/state`")),
        "{found:?}"
    );
}

#[test]
fn the_last_spec_is_recorded_and_pods_read_no_ledger() {
    let world = World::new(&tenant());
    let stored = created(&world, &manifest(), Way::Update).unwrap();
    let uid = stored["metadata"]["uid"].as_str().unwrap();
    let kept = |spec: &Value| {
        let mut spec = spec.clone();
        spec.as_object_mut().unwrap().remove("namespaces");
        spec
    };
    assert_eq!(world.admitted_with(uid), [kept(&tenant())]);
    let reads = world.ledger_reads();
    world.deploy("a").unwrap();
    world.replace_pod("a", 0).unwrap();
    assert_eq!(world.ledger_reads(), reads);
    let after = changed(&tenant(), &[("labels/cost-center", json!("9999"))]);
    world.change(&after);
    world.replace_pod("a", 1).unwrap();
    assert_eq!(world.admitted_with(uid), [kept(&tenant())]);
    act(&world, &manifest(), Way::Update).unwrap();
    assert_eq!(world.admitted_with(uid), [kept(&after), kept(&tenant())]);
    // The pods of before are still replaced.
    world.replace_pod("a", 0).unwrap();
    // What keeps its claim is recorded with it.
    let moved =
        changed(&after, &[("storage/checkpoints/volume/claimName", json!("{cluster}-data"))]);
    world.change(&moved);
    act(&world, &manifest(), Way::Apply).unwrap();
    assert_eq!(world.admitted_with(uid)[0], kept(&after));
}

#[test]
fn enforce_refuses_replacements_and_replaces_own_values() {
    let world = World::new(&tenant());
    created(&world, &manifest(), Way::Update).unwrap();
    world.deploy("a").unwrap();
    let change = ("labels/cost-center", json!("9999"));
    world.change(&changed(&tenant(), &[change, ("onChange", json!("Enforce"))]));
    for number in [0, 1] {
        let refusal = world.replace_pod("a", number).unwrap_err();
        assert!(refusal[0].contains("tenancy/label"), "{refusal:?}");
    }
    act(&world, &manifest(), Way::Update).unwrap();
    let stored = world.stored("flinkdeployments", "a");
    assert_eq!(stored["spec"]["podTemplate"]["metadata"]["labels"]["cost-center"], "9999");
}

#[test]
fn words_of_the_manifest_are_a_conflict() {
    let mut written = manifest();
    written["spec"]["podTemplate"] = json!({"metadata": {"labels": {"cost-center": "4711"}},
        "spec": {"tolerations": [{"key": "flink", "operator": "Exists"}]}});
    let after = |change| changed(&tenant(), &[change]);
    for after in
        [after(("labels/cost-center", json!("9999"))), after(("scheduling/tolerations", json!([])))]
    {
        for way in WAYS {
            let world = World::new(&tenant());
            created(&world, &written, way).unwrap();
            world.deploy("a").unwrap();
            world.change(&after);
            let is_conflict = matches!(way, Way::Apply | Way::ServerSideApply);
            assert_eq!(act(&world, &written, way).is_err(), is_conflict, "{way:?} {after}");
        }
    }
}

#[test]
fn a_cluster_from_before_is_recorded_by_the_leader() {
    let world = World::new(&tenant());
    let object =
        gate(&tenant()).mutated(&flinkgate::resource::Resource::from_manifest(manifest()).unwrap());
    world.store(object);
    world.deploy("a").unwrap();
    world.reconcile(&[]);
    world.change(&changed(&tenant(), &[("labels/cost-center", json!("9999"))]));
    world.reconcile(&[]);
    for way in [Way::TaskManager, Way::JobManager, Way::Upgrade] {
        act(&world, &manifest(), way).unwrap();
    }
}
