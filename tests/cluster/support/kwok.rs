//! Nodes that kwok plays: pods that the scheduler puts on them run at once, claims of the default
//! storage class are bound.

use super::access::Access;
use serde_json::json;

/// Three zones, so that spreading over zones is something to see.
const ZONES: [&str; 3] = ["a", "b", "c"];

/// Creates `node-0`, `node-1`, …, and kwok's storage class as the default one.
pub fn create_nodes(admin: &Access, count: usize) -> Result<(), String> {
    let nodes = (0..count).map(|number| {
        let name = format!("node-{number}");
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {
        "name": name,
        "annotations": {"kwok.x-k8s.io/node": "fake"},
        "labels": {
            "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64", "pool": "flink",
            "topology.kubernetes.io/zone": ZONES[number % ZONES.len()],
        }}})
    });
    let class = json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "provisioner": "kwok.x-k8s.io/volume",
        "metadata": {"name": "kwok-volume", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}});
    let items: Vec<_> = nodes.chain([class]).collect();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string();
    admin.try_kubectl(&["create", "-f", "-"], &list).map(drop)
}

/// Whether all nodes are ready and take pods.
pub fn nodes_ready(admin: &Access, count: usize) -> Result<(), String> {
    let template = r#"{range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status}{.spec.taints}{"\n"}{end}"#;
    let nodes = admin.try_kubectl(&["get", "nodes", "-o", &format!("jsonpath={template}")], "")?;
    let ready = nodes.lines().filter(|line| line.ends_with(" True")).count();
    if ready == count {
        Ok(())
    } else {
        Err(format!("{ready} of {count} nodes are ready: {nodes}"))
    }
}
