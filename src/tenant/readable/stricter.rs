//! What takes the place of a part that cannot be read. A part that this table does not name is
//! refused: only what is known to be stricter may replace it.

use super::super::check::FieldProblem;
use super::super::validate::is_counted;
use super::Instead;
use crate::resource::pointer;
use serde_json::{Map, Value, json};

/// How a part is replaced.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reading {
    /// It frees the tenant of something: it goes.
    Grant,
    /// It restricts nothing: it goes.
    Default,
    /// It is strictest where it is absent.
    Absent,
    /// A list of what is allowed: an element goes, the whole list becomes empty.
    Allowed,
    /// A list of what is forbidden: an element becomes a star, the whole list only that.
    Forbidden,
    /// A map of limits: an amount becomes zero.
    Amounts,
    /// The overrides of rules: the rules are enforced.
    Overrides,
    /// What the tenant owns.
    Ownership,
    /// True.
    True,
    /// No more than zero.
    Zero,
    /// This text, the strictest that is allowed.
    Text(&'static str),
}

impl Reading {
    /// Whether an unknown field may narrow what its parent gives, so that the parent goes too.
    fn narrows(self) -> bool {
        matches!(self, Self::Grant | Self::Allowed | Self::Overrides | Self::Ownership)
    }
}

/// Places below `spec`, by the names of fields; a star is an element of a list. The longest that a
/// place begins with counts. A field of the spec is here, or its objects are refused when it cannot
/// be read: labels, node selectors, enforced options, state volumes, elasticity, required labels.
pub(super) const READINGS: &[(&str, Reading)] = &[
    ("namespaces", Reading::Ownership),
    ("enforcement", Reading::Text("Enforce")),
    ("rules", Reading::Overrides),
    ("exemptions", Reading::Grant),
    ("exemptions/*", Reading::Grant),
    ("quota/hard", Reading::Amounts),
    ("quota/perCluster", Reading::Amounts),
    ("quota/suspended", Reading::Text("Reserve")),
    ("security/podSecurity/level", Reading::Text("restricted")),
    // The latest version is the strictest.
    ("security/podSecurity/version", Reading::Absent),
    // The images' own users; the level of Pod Security holds nevertheless.
    ("security/runAs", Reading::Text("none")),
    ("security/images/allow", Reading::Allowed),
    ("security/images/pullPolicies", Reading::Allowed),
    ("security/images/requireDigest", Reading::True),
    ("security/images/forbidLatestTag", Reading::True),
    ("security/serviceAccounts", Reading::Allowed),
    ("security/readOnlyRootFilesystem", Reading::True),
    ("security/secrets", Reading::Allowed),
    ("security/configMaps", Reading::Allowed),
    ("security/entrypoints", Reading::Allowed),
    ("security/forbiddenEnvironment", Reading::Forbidden),
    ("security/forbiddenLabels", Reading::Forbidden),
    ("security/forbiddenAnnotations", Reading::Forbidden),
    ("security/sidecars/names", Reading::Allowed),
    ("security/sidecars/most", Reading::Zero),
    ("security/hostAliases", Reading::Allowed),
    ("security/extendedResources", Reading::Allowed),
    ("security/runtimeClasses", Reading::Allowed),
    ("security/tokensWhereNeeded", Reading::True),
    ("scheduling/antiAffinity/jobManager", Reading::Text("Required")),
    ("scheduling/antiAffinity/taskManager", Reading::Text("Required")),
    ("scheduling/zoneSpread/jobManager", Reading::Text("Required")),
    ("scheduling/zoneSpread/taskManager", Reading::Text("Required")),
    // It only decides about a warning.
    ("scheduling/nodes", Reading::Default),
    ("scheduling/tolerations", Reading::Allowed),
    ("scheduling/priorityClasses", Reading::Allowed),
    ("scheduling/schedulerNames", Reading::Allowed),
    ("scheduling/disruptionBudgets/jobManager", Reading::True),
    ("scheduling/disruptionBudgets/taskManager", Reading::True),
    ("storage/checkpoints/locations", Reading::Allowed),
    ("storage/claims/names", Reading::Allowed),
    ("storage/claims/storageClassNames", Reading::Allowed),
    ("storage/claims/maxSize", Reading::Text("0")),
    ("storage/claims/accessModes", Reading::Allowed),
    ("storage/zooKeeperPaths", Reading::Allowed),
    ("flink/versions", Reading::Allowed),
    ("flink/configuration/defaults", Reading::Default),
    ("flink/configuration/defaults/*", Reading::Default),
    ("flink/configuration/forbidden", Reading::Forbidden),
    ("flink/resources", Reading::Default),
    ("flink/restartStrategy/types", Reading::Allowed),
    ("flink/restartStrategy/maxRestarts", Reading::Zero),
    ("flink/autoscaler/bound", Reading::True),
    ("flink/metricsReporters", Reading::Allowed),
    ("flink/requireLogConfiguration", Reading::True),
    ("network/ingressHosts", Reading::Allowed),
    ("network/serviceTypes", Reading::Allowed),
    ("network/hostPorts", Reading::Allowed),
    ("network/requireAuthentication", Reading::True),
    ("cost/idleSlots", Reading::Zero),
    ("mutation/customResources", Reading::True),
    ("onChange", Reading::Text("Enforce")),
];

/// Replaces the part with a problem; the place that changed, and what holds there.
pub(super) fn repair(spec: &mut Value, problem: &FieldProblem) -> (String, Instead) {
    let tokens: Vec<String> =
        pointer::tokens(&problem.pointer).map(std::borrow::Cow::into_owned).collect();
    let place = |depth: usize| pointer::from_tokens(tokens.iter().take(depth).map(String::as_str));
    let found = reading(&tokens).filter(|(_, reading)| !problem.on_key || reading.narrows());
    let Some((depth, reading)) = found else {
        remove(spec, &problem.pointer);
        let instead = if problem.on_key { Instead::Nothing } else { Instead::Refusal };
        return (problem.pointer.clone(), instead);
    };
    let whole = place(depth);
    // The part with the problem is an element, or a field, of the whole.
    let part = (tokens.len() > depth).then(|| place(depth + 1));
    let (at, value, instead) = match (reading, part) {
        (Reading::Grant | Reading::Default, _) => (whole, None, Instead::Nothing),
        (Reading::Absent, _) => (whole, None, Instead::Stricter),
        (Reading::Allowed, Some(element)) => (element, None, Instead::Stricter),
        (Reading::Allowed, None) => (whole, Some(json!([])), Instead::Stricter),
        (Reading::Forbidden, Some(element)) => (element, Some(json!("*")), Instead::Stricter),
        (Reading::Forbidden, None) => (whole, Some(json!(["*"])), Instead::Stricter),
        (Reading::Amounts, Some(amount)) => {
            // A resource that this version cannot count has no amount here.
            match tokens.last() {
                Some(name) if is_counted(name) => (amount, Some(json!("0")), Instead::Stricter),
                _ => (amount, None, Instead::Nothing),
            }
        }
        (Reading::Amounts, None) => (whole, None, Instead::Refusal),
        (Reading::Overrides, entry) => {
            let named = entry.filter(|entry| enforce_named(spec, entry));
            if named.is_none() {
                enforce_all(spec);
            }
            return (named.unwrap_or(whole), Instead::Stricter);
        }
        (Reading::Ownership, part) => {
            (part_of_namespaces(&tokens, part, whole), None, Instead::LastOwners)
        }
        (Reading::True, _) => (whole, Some(json!(true)), Instead::Stricter),
        (Reading::Zero, _) => (whole, Some(json!(0)), Instead::Stricter),
        (Reading::Text(text), _) => (whole, Some(json!(text)), Instead::Stricter),
    };
    match value {
        Some(value) => {
            if let Some(target) = spec.pointer_mut(&at) {
                *target = value;
            }
        }
        None => remove(spec, &at),
    }
    (at, instead)
}

/// The reading of a place, and how many tokens of it the reading names.
fn reading(tokens: &[String]) -> Option<(usize, Reading)> {
    let names = |pattern: &str| {
        let mut parts = pattern.split('/');
        let depth = pattern.split('/').count();
        let all = depth <= tokens.len()
            && tokens
                .iter()
                .take(depth)
                .all(|token| parts.next().is_some_and(|part| part == "*" || part == token));
        all.then_some(depth)
    };
    let found = READINGS.iter().filter_map(|(pattern, reading)| Some((names(pattern)?, *reading)));
    found.max_by_key(|(depth, _)| *depth)
}

/// A name of the list by itself; a selector only as a whole, because each of its parts narrows it.
fn part_of_namespaces(tokens: &[String], part: Option<String>, whole: String) -> String {
    match (tokens.get(1).map(String::as_str), tokens.get(2), part) {
        (Some("names"), Some(index), Some(names)) => pointer::join(&names, index),
        (_, _, part) => part.unwrap_or(whole),
    }
}

/// Enforces what an entry of the overrides names; whether it names something.
fn enforce_named(spec: &mut Value, at: &str) -> bool {
    let Some(entry) = spec.pointer_mut(at) else { return false };
    let Some(rule) = entry.get("rule").filter(|rule| rule.is_string()).cloned() else {
        return false;
    };
    *entry = json!({"rule": rule, "enforcement": "Enforce"});
    true
}

/// Enforces all rules: an entry without a name may have been about any.
fn enforce_all(spec: &mut Value) {
    let Some(spec) = spec.as_object_mut() else { return };
    let enforced = |entry: &Value| {
        let has = |field: &str| entry.get(field).and_then(Value::as_str);
        has("enforcement") == Some("Enforce") && has("rule").is_some()
    };
    if let Some(entries) = spec.get("rules").and_then(Value::as_array) {
        let kept: Vec<Value> = entries.iter().filter(|entry| enforced(entry)).cloned().collect();
        spec.insert("rules".into(), kept.into());
    } else {
        spec.remove("rules");
    }
    spec.insert("enforcement".into(), json!("Enforce"));
}

/// Removes a field or an element; nothing where it is gone.
fn remove(spec: &mut Value, at: &str) {
    let (Some(parent), Some(last)) = (pointer::parent(at), pointer::tokens(at).last()) else {
        *spec = Value::Object(Map::new());
        return;
    };
    match spec.pointer_mut(parent) {
        Some(Value::Object(fields)) => drop(fields.remove(&*last)),
        Some(Value::Array(elements)) => {
            if let Ok(index) = last.parse::<usize>()
                && index < elements.len()
            {
                elements.remove(index);
            }
        }
        _ => {}
    }
}
