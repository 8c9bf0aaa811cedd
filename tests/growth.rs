//! `quota/growth`: how far the autoscaler, the adaptive scheduler, reactive mode and the jobs of a
//! session can grow, compared with limits; through `lint`, `size` and both webhooks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cases;
mod manifests;

use cases::{asked, findings_in, flinkgate, folder, gate, lint, list, review, tenant, webhooks};
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::rules::{Finding, Level};
use manifests::read;
use serde_json::{Value, json};

const RULES: [&str; 2] = ["quota/growth", "quota/unbounded"];
const AUTOSCALER: &str = "job.autoscaler.vertex.max-parallelism";

struct Case {
    name: String,
    spec: Value,
    object: Value,
    found: Vec<String>,
}

fn all_cases() -> Vec<Case> {
    let data = read("tests/data/growth/cases.yaml");
    let case = |case: &Value| {
        let mut object = data["bases"][case["base"].as_str().unwrap_or("job")].clone();
        json_patch::merge(&mut object, case.get("change").unwrap_or(&json!({})));
        Case {
            name: case["name"].as_str().unwrap().into(),
            spec: json!({"quota": case["quota"]}),
            object,
            found: case["found"].as_str().map(str::to_owned).into_iter().collect(),
        }
    };
    list(&data["cases"]).iter().map(case).collect()
}

fn line(finding: &Finding) -> String {
    let help = finding.help.as_deref().unwrap();
    format!("{} {}: {} => {help}", finding.rule, finding.pointer, finding.message)
}

fn gate_of(spec: &Value) -> Gate {
    gate(&folder([&tenant("payments", &["payments-*"], spec)]), Unassigned::Warn)
}

/// What both webhooks report of growth.
fn found(gate: &Gate, object: &Value) -> Vec<Finding> {
    let findings = webhooks(gate, asked(&review("CREATE", object, &Value::Null)));
    let mut findings: Vec<_> = findings.into_iter().flatten().collect();
    findings.retain(|finding| RULES.contains(&&*finding.rule));
    findings
}

/// The setting and the value of a help.
fn setting(finding: &Finding) -> (String, u64) {
    let help = finding.help.as_deref().unwrap();
    let (key, value) =
        help.strip_prefix("set `").unwrap().trim_end_matches('`').split_once(": ").unwrap();
    (key.into(), value.parse().unwrap())
}

/// The object with a setting.
fn with(object: &Value, key: &str, value: u64) -> Value {
    let mut object = object.clone();
    if let Some(field) = key.strip_prefix("spec.") {
        *field.split('.').fold(&mut object["spec"], |at, name| &mut at[name]) = json!(value);
        return object;
    }
    let at = match object["kind"].as_str() {
        Some("FlinkBlueGreenDeployment") => &mut object["spec"]["template"]["spec"],
        _ => &mut object["spec"],
    };
    at["flinkConfiguration"][key] = json!(value.to_string());
    object
}

#[test]
fn lint_and_webhooks_report_growth_beyond_limits() {
    let mut wrong = Vec::new();
    for case in all_cases() {
        let gate = gate_of(&case.spec);
        let at_webhooks: Vec<String> = found(&gate, &case.object).iter().map(line).collect();
        let report =
            lint(&folder([&tenant("payments", &["payments-*"], &case.spec)]), [&case.object]);
        let text = |finding: &Value, field: &str| finding[field].as_str().unwrap().to_owned();
        let at_lint: Vec<String> = findings_in(&report, &json!("payments-prod"))
            .into_iter()
            .filter(|finding| RULES.contains(&finding["rule"].as_str().unwrap()))
            .map(|finding| {
                let [rule, place, message, help] =
                    ["rule", "pointer", "message", "help"].map(|field| text(finding, field));
                format!("{rule} {place}: {message} => {help}")
            })
            .collect();
        for (door, lines) in [("webhooks", at_webhooks), ("lint", at_lint)] {
            if lines != case.found {
                wrong.push(format!("{} ({door}): {lines:#?}", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_value_of_the_help_is_the_largest_that_ends_the_finding() {
    let mut helped = 0;
    for case in all_cases() {
        let gate = gate_of(&case.spec);
        for finding in found(&gate, &case.object) {
            let (key, value) = setting(&finding);
            let object = with(&case.object, &key, value);
            assert_eq!(found(&gate, &object), [], "{}: {key}: {value}", case.name);
            let refused = webhooks(&gate, asked(&review("CREATE", &object, &Value::Null)));
            let quotas = refused.iter().flatten().filter(|other| other.rule.starts_with("quota/"));
            assert_eq!(quotas.count(), 0, "{}", case.name);
            // One more TaskManager is too many. Slots of a TaskManager that is not whole start none.
            let step = slots_per_task_manager(&case.object);
            let more = if key == AUTOSCALER || key.starts_with("spec.") { 1 } else { step };
            let object = with(&case.object, &key, value + more);
            assert_eq!(found(&gate, &object).len(), 1, "{}: {}", case.name, value + more);
            helped += 1;
        }
    }
    assert!(helped > 15, "{helped}");
}

fn slots_per_task_manager(object: &Value) -> u64 {
    let slots = &object["spec"]["flinkConfiguration"]["taskmanager.numberOfTaskSlots"];
    slots.as_str().map_or(1, |slots| slots.parse().unwrap())
}

#[test]
fn the_tenant_chooses_between_warning_and_error() {
    let object = &all_cases().remove(0).object;
    let quota = json!({"perCluster": {"taskManagers": 3}});
    for (rules, levels) in [
        (json!([]), vec![Level::Warning]),
        (json!([{"rule": "quota/growth", "enforcement": "Enforce"}]), vec![Level::Error]),
        (json!([{"rule": "quota/growth", "enforcement": "Audit"}]), vec![Level::Info]),
    ] {
        let gate = gate_of(&json!({"quota": quota, "rules": rules}));
        let found: Vec<_> = found(&gate, object).iter().map(|finding| finding.level).collect();
        assert_eq!(found, levels, "{rules}");
    }
}

#[test]
fn size_shows_the_same_bounds() {
    for case in all_cases().iter().filter(|case| !case.found.is_empty()) {
        let report = flinkgate(&["size", "-", "--format", "json"], case.object.to_string());
        let most = &report["clusters"][0]["bounds"]["taskManagers"]["max"];
        let is_unbounded = case.found[0].starts_with("quota/unbounded");
        assert_eq!(most.is_null(), is_unbounded, "{}: {report}", case.name);
        if let Some(most) = most.as_u64() {
            let both = if case.object["kind"] == "FlinkBlueGreenDeployment" { 2 } else { 1 };
            let shown = [most, most / both].map(|most| format!(" to {most} "));
            assert!(shown.iter().any(|text| case.found[0].contains(text)), "{}", case.name);
        }
    }
}

/// The levels of what the validating webhook reports of the growth of an updated object.
fn after_update(spec: &Value, old: &Value, new: &Value) -> Vec<Level> {
    let findings = gate_of(spec).validate(&asked(&review("UPDATE", new, old))).findings;
    let found = findings.iter().filter(|finding| RULES.contains(&&*finding.rule));
    found.map(|finding| finding.level).collect()
}

/// The quota may be lower than when the cluster was admitted.
#[test]
fn an_update_that_grows_no_further_is_warned_of_and_never_refused() {
    let quota = json!({"perCluster": {"taskManagers": 3}});
    let lenient = json!({"quota": quota});
    let strict = json!({"quota": quota, "flink": {"autoscaler": {"bound": true}},
        "rules": [{"rule": "quota/growth", "enforcement": "Enforce"}, {"rule": "quota/unbounded", "enforcement": "Enforce"}]});
    let mut enforced = strict.clone();
    enforced["onChange"] = json!("Enforce");
    let audited = json!({"quota": quota, "rules": [{"rule": "quota/*", "enforcement": "Audit"}]});
    for case in all_cases().into_iter().filter(|case| !case.found.is_empty()) {
        let old = &case.object;
        let of_case = json!({"quota": case.spec["quota"],
            "rules": [{"rule": "quota/growth", "enforcement": "Enforce"}]});
        let mut same = old.clone();
        same["metadata"]["annotations"] = json!({"a": "b"});
        same["spec"]["restartNonce"] = json!(2);
        let found = after_update(&of_case, old, &same);
        assert_eq!(found, [Level::Warning], "{}", case.name);
    }
    let old = all_cases().remove(0).object;
    let mut same = old.clone();
    same["spec"]["image"] = json!("flink:1.20.1");
    for (spec, unchanged, grown) in [
        (lenient, Some(Level::Warning), Level::Warning),
        (strict, Some(Level::Warning), Level::Error),
        (enforced, Some(Level::Error), Level::Error),
        (audited, Some(Level::Info), Level::Info),
    ] {
        let unchanged: Vec<Level> = unchanged.into_iter().collect();
        for new in [&same, &with(&old, AUTOSCALER, 79)] {
            assert_eq!(after_update(&spec, &old, new), unchanged, "{spec}");
        }
        assert_eq!(after_update(&spec, &old, &with(&old, AUTOSCALER, 81)), [grown], "{spec}");
    }
    // What ends the growth ends the finding; metadata alone gets none.
    let lenient = json!({"quota": {"perCluster": {"taskManagers": 3}}});
    assert_eq!(after_update(&lenient, &old, &with(&old, AUTOSCALER, 3)), []);
    let mut labelled = old.clone();
    labelled["metadata"]["labels"] = json!({"a": "b"});
    assert_eq!(after_update(&lenient, &old, &labelled), []);
}

/// The bound that both webhooks leave in an object, and the levels of what they report.
fn bounded(spec: &Value, object: &Value) -> (Option<String>, Vec<Level>) {
    let gate = gate_of(spec);
    let after = gate.mutated(&asked(&review("CREATE", object, &Value::Null)));
    let again = gate.mutated(&asked(&review("CREATE", &after, &Value::Null)));
    assert_eq!(after, again, "a second pass changes nothing");
    let spec = match after["kind"].as_str() {
        Some("FlinkBlueGreenDeployment") => &after["spec"]["template"]["spec"],
        _ => &after["spec"],
    };
    let value = spec["flinkConfiguration"][AUTOSCALER].as_str().map(str::to_owned);
    (value, found(&gate, object).iter().map(|finding| finding.level).collect())
}

#[test]
fn mutation_supplies_the_bound_if_the_tenant_wants() {
    let data = read("tests/data/growth/cases.yaml");
    let own = &data["bases"]["job"];
    let mut open = own.clone();
    open["spec"]["flinkConfiguration"] = json!({"job.autoscaler.enabled": "true"});
    let quota = json!({"perCluster": {"taskManagers": 3, "cpu": "4"}});
    let spec = |more: Value| {
        let mut spec = json!({"quota": quota, "flink": {"autoscaler": {"bound": true}}});
        json_patch::merge(&mut spec, &more);
        spec
    };
    let set = |value: &str| Some(value.to_owned());
    // It is the largest value; the user's own smaller one stays, a larger one is refused.
    assert_eq!(bounded(&spec(json!({})), &open), (set("3"), vec![]));
    assert_eq!(bounded(&spec(json!({})), &with(own, AUTOSCALER, 2)), (set("2"), vec![]));
    assert_eq!(bounded(&spec(json!({})), own), (set("80"), vec![Level::Error]));
    // Without the field, nothing is written.
    assert_eq!(bounded(&json!({"quota": quota}), &open), (None, vec![Level::Warning]));
    // The value follows from what other injectors add.
    let sized = json!({"flink": {"resources": {"taskManager": {"cpu": 1.5}}}});
    let mut unsized_pods = open.clone();
    unsized_pods["spec"]["taskManager"] = json!({"resource": {"memory": "2048m"}});
    assert_eq!(bounded(&spec(sized), &unsized_pods), (set("2"), vec![]));
    // The tenant's default gives way, and its elasticity is kept.
    let default = json!({"flink": {"configuration": {"defaults": {AUTOSCALER: "50"}}}});
    assert_eq!(bounded(&spec(default), &open), (set("3"), vec![]));
    let elasticity = json!({"flink": {"elasticity": {"maxParallelism": 2}}});
    assert_eq!(bounded(&spec(elasticity), &open), (set("2"), vec![]));
    // What the tenant enforces itself is not the user's mistake.
    let enforced = json!({"flink": {"configuration": {"enforced": {AUTOSCALER: "50"}}}});
    assert_eq!(bounded(&spec(enforced), &open), (set("50"), vec![Level::Warning]));
    // What fits needs no bound.
    let wide = json!({"quota": {"perCluster": {"taskManagers": 500, "cpu": "600"}}});
    assert_eq!(bounded(&spec(wide), &open), (None, vec![]));
    let both = &data["bases"]["blue-green"];
    assert_eq!(bounded(&spec(json!({"quota": {"hard": {"taskManagers": 5}}})), both).0, set("2"));
}

/// The bound of an updated object whose stored version has a bound of three.
fn bound_after(
    task_managers: u64,
    applied: Option<&Value>,
    update: impl Fn(&mut Value),
) -> Option<String> {
    let spec = |most: u64| json!({"quota": {"perCluster": {"taskManagers": most}}, "flink": {"autoscaler": {"bound": true}}});
    let mut manifest = all_cases().remove(0).object;
    manifest["spec"]["flinkConfiguration"] = json!({"job.autoscaler.enabled": "true"});
    let mut stored = gate_of(&spec(3)).mutated(&asked(&review("CREATE", &manifest, &Value::Null)));
    assert_eq!(stored["spec"]["flinkConfiguration"][AUTOSCALER], "3");
    if let Some(change) = applied {
        json_patch::merge(&mut manifest, change);
        stored["metadata"]["annotations"] =
            json!({"kubectl.kubernetes.io/last-applied-configuration": manifest.to_string()});
    }
    let mut new = stored.clone();
    new["spec"]["restartNonce"] = json!(7);
    update(&mut new);
    let gate = gate_of(&spec(task_managers));
    let resource = asked(&review("UPDATE", &new, &stored));
    let after = gate.mutated(&resource);
    let mut again = resource.clone();
    again.object = after.clone();
    assert_eq!(gate.mutated(&again)["spec"], after["spec"], "a second pass changes nothing");
    assert_eq!(after["spec"]["restartNonce"], 7);
    after["spec"]["flinkConfiguration"][AUTOSCALER].as_str().map(str::to_owned)
}

#[test]
fn an_update_gets_the_bound_of_the_quota_in_force() {
    let set = |value: &str| Some(value.to_owned());
    let unchanged = |_: &mut Value| {};
    let silent = json!({});
    // The manifest does not write it.
    assert_eq!(bound_after(5, Some(&silent), unchanged), set("5"));
    assert_eq!(bound_after(3, Some(&silent), unchanged), set("3"));
    assert_eq!(bound_after(2, Some(&silent), unchanged), set("2"));
    assert_eq!(bound_after(900, Some(&silent), unchanged), None, "everything fits");
    // Nothing shows whose it is.
    assert_eq!(bound_after(5, None, unchanged), set("3"));
    assert_eq!(bound_after(2, None, unchanged), set("2"));
    // The user's own value.
    let own = json!({"spec": {"flinkConfiguration": {AUTOSCALER: "3"}}});
    assert_eq!(bound_after(5, Some(&own), unchanged), set("3"));
    let lower = |object: &mut Value| object["spec"]["flinkConfiguration"][AUTOSCALER] = json!("1");
    assert_eq!(bound_after(5, Some(&silent), lower), set("1"));
    // A server-side apply by another field manager that does not own it.
    let by_apply = |object: &mut Value| {
        object["metadata"]["managedFields"] = json!([{"manager": "argo", "operation": "Apply",
            "fieldsV1": {"f:spec": {"f:restartNonce": {}}}}]);
    };
    assert_eq!(bound_after(5, None, by_apply), set("5"));
    let owned = |object: &mut Value| {
        object["metadata"]["managedFields"] = json!([{"manager": "argo", "operation": "Apply",
            "fieldsV1": {"f:spec": {"f:flinkConfiguration": {format!("f:{AUTOSCALER}"): {}}}}}]);
    };
    assert_eq!(bound_after(5, None, owned), set("3"));
}

#[test]
fn validation_refuses_an_object_that_mutation_did_not_bound() {
    let mut open = all_cases().remove(0).object;
    open["spec"]["flinkConfiguration"] = json!({"job.autoscaler.enabled": "true"});
    let spec = json!({"quota": {"perCluster": {"taskManagers": 3}}, "flink": {"autoscaler": {"bound": true}}});
    let findings = gate_of(&spec).validate(&asked(&review("CREATE", &open, &Value::Null))).findings;
    let growth = findings.iter().find(|finding| finding.rule == "quota/growth").unwrap();
    assert_eq!((growth.level, setting(growth)), (Level::Error, (AUTOSCALER.into(), 3)));
}
