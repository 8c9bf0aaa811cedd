//! Every field of a tenant, changed in every way, times every way to ask for something.

use crate::clients::{WAYS, act, created};
use crate::manifests::read;
use crate::table::{manifest, tenant};
use crate::tenant_schema::fields;
use crate::world::{Refusal, Snapshot, World, gate, person};
use flinkgate::resource::{Operation, Resource};
use flinkgate::rules::Level;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Fields that never are of before: what the tenant owns and may use, and whether clusters are kept.
const NEVER_KEPT: [&str; 3] = ["namespaces.", "quota.", "onChange"];

fn with(spec: &Value, field: &str, value: Option<&Value>) -> Value {
    let mut spec = spec.clone();
    let Some(value) = value else {
        let place = format!("/{}", field.replace('.', "/"));
        let (parent, name) = place.rsplit_once('/').unwrap();
        if let Some(parent) = spec.pointer_mut(parent).and_then(Value::as_object_mut) {
            parent.remove(name);
        }
        return spec;
    };
    *field.split('.').fold(&mut spec, |spec, field| &mut spec[field]) = value.clone();
    spec
}

/// Pairs of specs: what the cluster was admitted with, and what the tenant changes to.
fn changes(field: &str, values: &[Value]) -> Vec<(String, Value, Value)> {
    let base = tenant();
    let mut states: Vec<Option<Value>> = vec![None];
    let place = format!("/{}", field.replace('.', "/"));
    states.extend(base.pointer(&place).cloned().map(Some));
    states.extend(values.iter().cloned().map(Some));
    // A volume without a claim's name is none.
    states.retain(|state| state.is_some() || field != "storage.checkpoints.volume.claimName");
    let mut found = Vec::new();
    let show =
        |state: &Option<Value>| state.as_ref().map_or_else(|| "none".to_owned(), Value::to_string);
    let pairs = states.iter().enumerate().flat_map(|(index, before)| {
        let others = [states.first(), states.get(index + 1)];
        others.into_iter().flatten().flat_map(move |after| [(before, after), (after, before)])
    });
    for (before, after) in pairs.filter(|(before, after)| before != after) {
        let name = format!("{field}: {} -> {}", show(before), show(after));
        let of = |state: &Option<Value>| with(&base, field, state.as_ref());
        if !found.iter().any(|(known, _, _)| *known == name) {
            found.push((name, of(before), of(after)));
        }
    }
    found.push((
        format!("{field} and the label"),
        with(&base, field, values.first()),
        with(&with(&base, field, None), "labels", Some(&json!({"cost-center": "9999"}))),
    ));
    found.retain(|(_, before, after)| {
        [before, after].into_iter().all(|spec| {
            serde_json::from_value::<flinkgate::tenant::FlinkTenantSpec>(spec.clone()).is_ok()
        })
    });
    found
}

/// The errors of a stored object by a spec.
fn errors_by(spec: &Value, stored: &Resource) -> Refusal {
    let found = gate(spec).validate(stored).findings.into_iter();
    let errors = found.filter(|finding| finding.level == Level::Error);
    errors.map(|error| format!("{} {}", error.rule, error.message)).collect()
}

/// Whether the stored cluster satisfies one spec in full: that of before, the one in force, or the
/// latter with the state of the former.
fn satisfies_a_spec(world: &World, before: &Value, after: &Value) -> Result<(), Vec<Refusal>> {
    let stored = world.stored("flinkdeployments", "a");
    let mut resource = Resource::from_manifest(stored).unwrap();
    resource.operation = Operation::Create;
    let mut kept = after.clone();
    kept["storage"]["checkpoints"]["volume"] = before["storage"]["checkpoints"]["volume"].clone();
    let all: Vec<Refusal> =
        [before, after, &kept].into_iter().map(|spec| errors_by(spec, &resource)).collect();
    if all.iter().any(Vec::is_empty) { Ok(()) } else { Err(all) }
}

#[test]
fn a_change_of_any_field_stops_nothing_that_runs() {
    let values: BTreeMap<String, Vec<Value>> =
        serde_json::from_value(read("tests/data/convergence/tenant.yaml")).unwrap();
    let more: BTreeMap<String, Vec<Value>> =
        serde_json::from_value(read("tests/data/running/values.yaml")).unwrap();
    let (mut wrong, mut asked, mut conflicts) = (Vec::new(), 0, 0);
    let mut snapshots: BTreeMap<(String, &str), Option<Snapshot>> = BTreeMap::new();
    for field in fields() {
        if NEVER_KEPT.iter().any(|never| field.starts_with(never)) {
            continue;
        }
        let mut of_field = more.get(&field).cloned().unwrap_or_default();
        of_field.extend(values.get(&field).cloned().unwrap_or_default());
        of_field.dedup();
        assert!(!of_field.is_empty(), "write a value of {field}");
        let mut tried = 0;
        for (name, before, after) in changes(&field, &of_field) {
            // What the user's own manifest says is the user's conflict, if a new cluster with it is
            // refused too.
            let is_refused_as_new = World::new(&after).create(person("alice"), manifest()).is_err();
            for way in WAYS {
                let client = way.client();
                let snapshot = snapshots.entry((before.to_string(), client)).or_insert_with(|| {
                    let world = World::new(&before);
                    created(&world, &manifest(), way).ok()?;
                    world.deploy("a").ok()?;
                    Some(world.snapshot(&before))
                });
                let Some(snapshot) = snapshot else { continue };
                tried += 1;
                let world = World::from(snapshot, &after);
                let is_users = way.sends_manifest() && is_refused_as_new;
                match act(&world, &manifest(), way) {
                    Ok(()) => {
                        if let Err(by) = satisfies_a_spec(&world, &before, &after) {
                            wrong.push(format!("{name}: {way:?}: less secure: {by:?}"));
                        }
                    }
                    Err(_) if is_users => conflicts += 1,
                    Err(refusal) => wrong.push(format!("{name}: {way:?}: {refusal:?}")),
                }
            }
        }
        assert!(tried > 0, "no cluster lives under any spec with {field}");
        asked += tried;
    }
    assert_eq!(wrong, [""; 0], "{} of {asked}", wrong.len());
    assert!(asked > 1_000 && conflicts > 10, "{asked} {conflicts}");
}
