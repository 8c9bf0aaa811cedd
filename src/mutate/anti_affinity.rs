//! Anti-affinity between a cluster's JobManagers and between its TaskManagers: one lost node shall not take them all.

use super::context::{Context, Pods, elements, text};
use super::edit::{Path, Wishes};
use crate::flink::{Role, Template};
use crate::resource::pointer;
use crate::tenant::{DEFAULT_TOPOLOGY_KEY, Spreading};
use serde_json::{Map, Value, json};

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
/// Weights go from 1 to 100; what a tenant asks for weighs most.
const WEIGHT: i64 = 100;

pub(super) fn inject(context: &Context<'_>, pods: &Pods<'_>, wishes: &mut Wishes) {
    let wanted = &context.tenant.scheduling.anti_affinity;
    let spreading = match pods.set.role {
        Role::JobManager => wanted.job_manager,
        Role::TaskManager => wanted.task_manager,
        Role::Other => None,
    };
    let Some(spreading) = spreading else { return };
    let Some([(app_key, app), (component_key, component)]) = identity(context, pods) else { return };
    let topology_key = wanted.topology_key.as_deref().unwrap_or(DEFAULT_TOPOLOGY_KEY);
    let present = pointer::at(pods.spec(), "/affinity/podAntiAffinity").unwrap_or(&Value::Null);
    let own = pointer::at(pods.template, "/metadata/labels").and_then(Value::as_object);
    let label = |key: &str| {
        if key == app_key {
            Some(app)
        } else if key == component_key {
            Some(component)
        } else {
            own.and_then(|labels| labels.get(key)?.as_str())
        }
    };
    let spreads = |term: &Value| {
        text(term, "topologyKey") == topology_key
            && in_own_namespace(term, &context.resource.namespace)
            && selects(term.get("labelSelector"), &label)
    };
    let required = elements(present, REQUIRED).iter().any(spreads);
    let preferred = || elements(present, PREFERRED).iter().any(|weighted| weighted.get("podAffinityTerm").is_some_and(spreads));
    let term = || {
        let labels: Map<String, Value> =
            [(app_key.to_owned(), app.into()), (component_key.to_owned(), component.into())].into_iter().collect();
        json!({"labelSelector": {"matchLabels": labels}, "topologyKey": topology_key})
    };
    let path = |field| Path::keys(&["spec", "affinity", "podAntiAffinity", field]);
    match spreading {
        Spreading::Required if !required => wishes.append(path(REQUIRED), term()),
        Spreading::Preferred if !required && !preferred() => {
            wishes.append(path(PREFERRED), json!({"weight": WEIGHT, "podAffinityTerm": term()}))
        }
        _ => {}
    }
}

/// The labels that this cluster's pods of this role, and no others, have: Flink's own, or a chart's.
fn identity<'a>(context: &Context<'a>, pods: &Pods<'a>) -> Option<[(&'static str, &'a str); 2]> {
    if !context.workload.children.is_empty() {
        // Blue and green are kept from their own only: each is given that when it is made.
        return None;
    }
    if let Template::Merged(_) = pods.set.template {
        return (!context.workload.cluster.is_empty())
            .then_some([("app", &context.workload.cluster), ("component", pods.set.role.component()?)]);
    }
    let labels = pointer::at(pods.template, "/metadata/labels")?;
    let label = |key: &'static str| labels.get(key).and_then(Value::as_str).map(|value| (key, value));
    let usual = label("app").zip(label("component")).map(|(app, component)| [app, component]).or_else(|| {
        let app = label("app.kubernetes.io/instance").or_else(|| label("app.kubernetes.io/name"))?;
        Some([app, label("app.kubernetes.io/component")?])
    });
    // What Lyft's operator labels its pods with.
    usual.or_else(|| Some([label("flink-app")?, label("flink-deployment-type")?]))
}

fn in_own_namespace(term: &Value, namespace: &str) -> bool {
    let named = elements(term, "namespaces");
    let selected = term.get("namespaceSelector").is_some_and(Value::is_object);
    (named.is_empty() && !selected) || named.iter().any(|name| name.as_str() == Some(namespace))
}

/// Whether a label selector matches pods with these labels; no selector matches none.
fn selects<'a>(selector: Option<&Value>, label: &impl Fn(&str) -> Option<&'a str>) -> bool {
    let Some(selector) = selector.filter(|selector| selector.is_object()) else { return false };
    let equal = selector
        .get("matchLabels")
        .and_then(Value::as_object)
        .is_none_or(|wanted| wanted.iter().all(|(key, value)| value.as_str().is_some_and(|value| label(key) == Some(value))));
    equal
        && elements(selector, "matchExpressions").iter().all(|expression| {
            let found = label(text(expression, "key"));
            let listed = || found.is_some_and(|found| elements(expression, "values").iter().any(|value| value.as_str() == Some(found)));
            match text(expression, "operator") {
                "In" => listed(),
                "NotIn" => !listed(),
                "Exists" => found.is_some(),
                "DoesNotExist" => found.is_none(),
                _ => false,
            }
        })
}
