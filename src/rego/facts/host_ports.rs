//! Ports of the node, where the level `privileged` lets pods take any and the tenant names those
//! that they may.
//!
//! At the other levels the Pod Security Standard forbids all of them, and says so itself.

use super::pod_security::described;
use super::{list, object, path};
use crate::flink::Workload;
use crate::flink::pods::added_by_operator;
use crate::kubernetes::pod_security::{Control, Standard, evaluate};
use crate::resource::pointer;
use crate::tenant::PodSecurityLevel;
use regorus::Value;
use serde_json::Value as Json;

/// What baseline would say, but for the tenant's own ports: `{hostPorts: [{message, path, help}]}`.
pub fn host_ports(workload: &Workload, root: &Json, tenant: &Value) -> Value {
    let Some(allowed) = list(&tenant["network"]["hostPorts"]) else { return Value::new_object() };
    let standard = Standard { level: PodSecurityLevel::Baseline, minor: u64::MAX };
    let mut found = Vec::new();
    for set in &workload.pods {
        let template = set.template(root);
        for violation in evaluate(template, added_by_operator(set, template, workload), standard) {
            let port = pointer::at(template, &violation.place).and_then(Json::as_u64);
            let is_allowed =
                port.is_some_and(|port| allowed.iter().any(|own| *own == Value::from(port)));
            if violation.control == Control::HostPorts && !is_allowed {
                let mut place = path(set.path());
                place.extend(path(&violation.place));
                found.push(described(&violation.message, Value::from(place), &violation.help));
            }
        }
    }
    if found.is_empty() {
        Value::new_object()
    } else {
        object([(Control::HostPorts.key(), Value::from(found))])
    }
}
