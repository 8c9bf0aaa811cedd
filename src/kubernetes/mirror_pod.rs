//! Mirror pods: a kubelet starts static pods from its own files and shows each to the API server as
//! a pod. The kubelet runs it already, and ignores changes of what is shown.

use crate::resource::{Resource, pointer};
use serde_json::Value;

/// The annotation that a kubelet gives its mirror pods. Every user can write it.
const ANNOTATION: &str = "/metadata/annotations/kubernetes.io~1config.mirror";

/// The user names of kubelets; the node's name follows.
const NODES: &str = "system:node:";

/// Whether a request is a kubelet's own for a mirror pod on its node. Only the API server's word for
/// the user counts: the annotation alone exempts nothing.
pub fn is_mirror_pod(resource: &Resource, pod: &Value) -> bool {
    let node = || resource.user.username.strip_prefix(NODES).filter(|node| !node.is_empty());
    looks_like_one(resource, pod)
        && node().is_some_and(|node| {
            pod.get("spec").and_then(|spec| spec.get("nodeName")).and_then(Value::as_str)
                == Some(node)
        })
}

/// [`is_mirror_pod`], or the manifest of one in a file: no user is known there.
pub fn may_be_mirror_pod(resource: &Resource, pod: &Value) -> bool {
    is_mirror_pod(resource, pod)
        || (resource.user.username.is_empty() && looks_like_one(resource, pod))
}

fn looks_like_one(resource: &Resource, pod: &Value) -> bool {
    resource.kind.kind == "Pod"
        && resource.kind.group.is_empty()
        && pointer::at(pod, ANNOTATION).is_some()
}
