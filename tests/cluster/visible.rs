//! What people look at: columns, `kubectl explain`, warnings, the audit log, and why a Deployment
//! has no pods.

use super::support::installation::{Installation, events, pod};
use super::support::wait::until;
use super::support::{ControlPlane, Options, shared};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// Objects within a kind's schema, dotted: `spec`, `spec.quota`, `spec.exemptions`, ….
fn objects_within(schema: &Value, path: &str, found: &mut Vec<String>) {
    if let Some(properties) = schema["properties"].as_object() {
        found.push(path.to_owned());
        for (name, property) in properties {
            let inner = if property["type"] == "array" { &property["items"] } else { property };
            objects_within(inner, &format!("{path}.{name}"), found);
        }
    }
}

#[test]
fn kubectl_explains_every_field() {
    let control_plane = shared();
    for kind in ["flinktenant", "flinkpolicy"] {
        let plural = if kind == "flinktenant" { "flinktenants" } else { "flinkpolicies" };
        let definition = control_plane.get(&["crd", &format!("{plural}.flinkgate.dev")]);
        let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"];
        let mut places = vec![kind.to_owned()];
        for part in ["spec", "status"] {
            objects_within(&schema[part], &format!("{kind}.{part}"), &mut places);
        }
        assert!(places.len() > 3, "{places:?}");
        for place in places {
            let explained = control_plane.kubectl(&["explain", &place]);
            let description = explained
                .split("DESCRIPTION:")
                .nth(1)
                .and_then(|rest| rest.split("FIELDS:").next());
            assert!(
                !description.unwrap().trim().is_empty(),
                "{place} is not described:\n{explained}"
            );
            let fields = explained.split("FIELDS:").nth(1).unwrap();
            let mut words: Vec<&str> = fields
                .split("\n\n")
                .filter_map(|field| Some(field.split_once('\n')?.1.trim()))
                .collect();
            words.sort_unstable();
            let twice = words.windows(2).find(|pair| pair[0] == pair[1]);
            assert!(twice.is_none(), "{place} has fields that say the same: {twice:?}");
            assert!(
                !explained.contains("<no description>") && !explained.contains("<empty>"),
                "{place} has fields without a word:\n{explained}"
            );
        }
    }
}

/// The columns of `kubectl get`, from its first line.
fn columns(printed: &str) -> Vec<&str> {
    printed
        .lines()
        .next()
        .unwrap()
        .split("  ")
        .map(str::trim)
        .filter(|column| !column.is_empty())
        .collect()
}

#[test]
fn people_see_what_is_in_force_what_is_warned_of_and_why_nothing_runs() {
    let folder = tempfile::tempdir().unwrap();
    let (policy, log) = (folder.path().join("audit.yaml"), folder.path().join("audit.log"));
    let rule = json!({"level": "Metadata", "resources": [{"group": "", "resources": ["pods"]}]});
    let text = json!({"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": [rule]});
    fs::write(&policy, text.to_string()).unwrap();
    let flags = vec![
        format!("--audit-policy-file={}", policy.display()),
        format!("--audit-log-path={}", log.display()),
    ];
    let admin =
        Installation::new(Options { nodes: 1, api_server_flags: flags, ..Options::default() }, 1);
    let scheduling = json!({"nodeSelector": {"pool": "flink"}});
    admin.tenant("watched", json!({"enforcement": "Warn", "scheduling": scheduling, "quota": {"hard": {"cpu": "4", "memory": "8Gi"}}}));
    admin.tenant("strict", json!({}));

    the_columns_say_what_is_in_force(&admin);
    warnings_reach_the_terminal_and_the_audit_log_has_the_rules(&admin, &log);
    a_replica_set_says_why_it_has_no_pods(&admin);
}

fn the_columns_say_what_is_in_force(admin: &ControlPlane) {
    let tenants = until("both tenants are in force", || {
        let printed = admin.kubectl(&["get", "flinktenants"]);
        if printed.matches("True").count() == 2 { Ok(printed) } else { Err(printed) }
    });
    let narrow = [
        "NAME",
        "READY",
        "QUOTA",
        "CLUSTERS",
        "CPU",
        "CPU LIMIT",
        "MEMORY",
        "MEMORY LIMIT",
        "TASKMANAGERS",
        "TASKMANAGERS LIMIT",
        "AGE",
    ];
    assert_eq!(columns(&tenants), narrow, "{tenants}");
    let watched = tenants.lines().find(|line| line.starts_with("watched")).unwrap();
    let cells: Vec<&str> = watched.split_whitespace().collect();
    assert!(cells.contains(&"4") && cells.contains(&"8Gi"), "{tenants}");
    let wide = admin.kubectl(&["get", "flinktenants", "-o", "wide"]);
    let more = ["STORAGE", "STORAGE LIMIT", "REASON"];
    assert!(
        more.iter().all(|column| columns(&wide).contains(column)) && wide.contains("InForce"),
        "{wide}"
    );

    let policy = json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkPolicy", "metadata": {"name": "own"},
        "spec": {"rego": "package own\n\nimport rego.v1\n\ndeny contains \"no\" if input.object.metadata.labels.bad\n"}});
    admin.create(&policy.to_string());
    let policies = until("the policy is in force", || {
        let printed = admin.kubectl(&["get", "flinkpolicies", "-o", "wide"]);
        if printed.contains("InForce") { Ok(printed) } else { Err(printed) }
    });
    assert_eq!(
        columns(&policies),
        ["NAME", "READY", "REASON", "ENFORCEMENT", "ERRORS", "AGE"],
        "{policies}"
    );
    assert!(policies.contains("True") && policies.contains("Enforce"), "{policies}");
    assert_eq!(
        columns(&admin.kubectl(&["get", "flinkpolicies"])),
        ["NAME", "READY", "REASON", "ENFORCEMENT", "AGE"]
    );
}

fn warnings_reach_the_terminal_and_the_audit_log_has_the_rules(admin: &ControlPlane, log: &Path) {
    let pod = |namespace: &str| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": namespace}, "spec": {
            "nodeSelector": {"pool": "other"},
            "containers": [{"name": "c", "image": "example.com/c:1", "securityContext": {"privileged": true}}]}})
        .to_string()
    };
    let created = admin.output(&["create", "-f", "-"], &pod("watched"));
    let told = String::from_utf8_lossy(&created.stderr).into_owned();
    assert!(created.status.success(), "{told}");
    for rule in ["security/privileged", "scheduling/node-selector"] {
        assert_eq!(told.matches(&format!("Warning: {rule}: ")).count(), 1, "{told}");
    }
    admin.refused(&["create", "-f", "-"], &pod("strict"));
    let annotations = |namespace: &str| {
        until(&format!("the audit log tells of the pod in {namespace}"), || {
            let text = fs::read_to_string(log).map_err(|error| error.to_string())?;
            // The last line may not be there as a whole yet.
            let mut lines =
                text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let of = |line: &Value| {
                line["verb"] == "create"
                    && line["objectRef"]["namespace"] == namespace
                    && line["objectRef"]["name"] == "p"
            };
            lines.rfind(of).map(|line| line["annotations"].clone()).ok_or_else(|| "nothing".into())
        })
    };
    let watched = annotations("watched");
    assert_eq!(watched["pods.flinkgate.dev/tenant"], "watched", "{watched:#}");
    // What was written over is known to the mutating webhook alone.
    assert_eq!(
        watched["pods.flinkgate.dev/mutation-warnings"], "scheduling/node-selector",
        "{watched:#}"
    );
    assert!(
        watched["pods.flinkgate.dev/warnings"]
            .as_str()
            .unwrap_or_default()
            .contains("security/privileged"),
        "{watched:#}"
    );
    let strict = annotations("strict");
    assert_eq!(strict["pods.flinkgate.dev/tenant"], "strict", "{strict:#}");
    assert!(
        strict["pods.flinkgate.dev/errors"]
            .as_str()
            .unwrap_or_default()
            .contains("security/privileged"),
        "{strict:#}"
    );
}

/// Of a Deployment that was there before its tenant's rules held: one that comes later is refused
/// itself.
fn a_replica_set_says_why_it_has_no_pods(admin: &Installation) {
    admin.tenant("late", json!({"enforcement": "Audit", "onChange": "Enforce"}));
    let labels = json!({"app": "gateway"});
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "gateway", "namespace": "late"}, "spec": {
        "replicas": 2, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {
            "containers": [{"name": "c", "image": "example.com/c:1", "securityContext": {"privileged": true}}]}}}});
    admin.create(&deployment.to_string());
    admin.kubectl(&[
        "rollout",
        "status",
        "deployment/gateway",
        "--timeout=60s",
        "--namespace",
        "late",
    ]);
    admin.change(
        "late",
        &json!({"enforcement": "Enforce", "onChange": "Enforce"}),
        &pod("late", "probe", true),
        Some("security/privileged"),
    );
    admin.kubectl(&["delete", "pod", "--selector=app=gateway", "--namespace", "late"]);
    let replica_set = until("the ReplicaSet says why", || {
        let found = admin.get(&["replicasets", "--namespace", "late"]);
        let replica_set = found["items"][0].clone();
        let conditions =
            replica_set["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let said = |condition: &Value| {
            condition["type"] == "ReplicaFailure"
                && condition["message"]
                    .as_str()
                    .unwrap_or_default()
                    .contains("security/privileged: ")
        };
        if conditions.iter().any(said) { Ok(replica_set) } else { Err(replica_set.to_string()) }
    });
    let name = replica_set["metadata"]["name"].as_str().unwrap();
    let described = until("both Events are there", || {
        let described = admin.kubectl(&["describe", "replicaset", name, "--namespace", "late"]);
        if described.contains("FailedCreate") && described.contains("Refused") {
            Ok(described)
        } else {
            Err(described)
        }
    });
    let said = format!("tenant `late` refuses Pod late/{name}-");
    assert!(described.contains(&said), "{said:?} is not said in {described}");
    // However often the controller tries.
    assert_eq!(events(admin, "late").len(), 1);
}
