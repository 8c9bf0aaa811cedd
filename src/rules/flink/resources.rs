//! `flink/resources`

use crate::flink::memory_size::parse_resource_memory;
use crate::flink::operator::DeclaredSpec;
use crate::flink::options::PARALLELISM_OVERRIDES;
use crate::resource::pointer;
use crate::resource::quantity::Quantity;
use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};
use serde_json::Value;

/// Requests, limits and a parallelism that the operator refuses.
pub static RULE: Rule = Rule {
    id: "flink/resources",
    level: Level::Error,
    since: "0.1.0",
    title: "Requests, limits and parallelism",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("resources.md"),
    check,
};

/// The places of both roles' resources in the spec.
const ROLES: [&str; 2] = ["/jobManager/resources", "/taskManager/resources"];

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(cluster) = subject.operators_cluster() else { return };
    for role in ROLES {
        let list = |name: &str| cluster.field(role)?.get(name)?.as_object();
        for name in ["requests", "limits"] {
            for (resource, value) in list(name).into_iter().flatten() {
                amount(subject, &cluster, &[role, name, resource], value, findings);
            }
        }
        for resource in ["cpu", "memory"] {
            let of = |name: &str| {
                let value = list(name)?.get(resource)?;
                Some((value, parse(resource, value)?))
            };
            if let (Some((request, requested)), Some((limit, limited))) =
                (of("requests"), of("limits"))
                && requested > limited
                && !limited.is_zero()
                && !limited.is_negative()
            {
                let (request, limit) = (text(request), text(limit));
                findings
                    .at(cluster.at(&format!("{role}/requests/{resource}")))
                    .message(format!(
                        "the {resource} request `{request}` exceeds the limit `{limit}`"
                    ))
                    .advise(
                        Advice::replace(&limit)
                            .in_words(format!("request at most `{limit}`, or raise the limit")),
                    )
                    .key(resource)
                    .found(request)
                    .wanted(limit);
            }
        }
    }
    parallelism(subject, &cluster, findings);
}

/// One request or limit at a place of the spec: role, list, resource.
fn amount(
    subject: &Subject<'_>,
    cluster: &DeclaredSpec<'_>,
    [role, list, resource]: &[&str; 3],
    value: &Value,
    findings: &mut Findings,
) {
    let is_core = matches!(*resource, "cpu" | "memory");
    let problem = match parse(resource, value) {
        _ if value.is_null() => return,
        None => "which is not a valid amount",
        Some(amount) if is_core && (amount.is_zero() || amount.is_negative()) => {
            "but must be greater than zero"
        }
        Some(amount) if amount.is_negative() => "but must not be negative",
        Some(_) => return,
    };
    let place = pointer::join(&cluster.at(&format!("{role}/{list}")), resource);
    if subject.is_size_problem(&place) {
        return;
    }
    let example = match *resource {
        "cpu" => "cores, such as `500m` or `2`",
        "memory" => "a whole number with a unit, such as `2048m` or `4g`",
        _ => "a Kubernetes quantity, such as `1` or `10Gi`",
    };
    findings
        .at(place)
        .message(format!("{} is `{}`, {problem}", shown(resource), text(value)))
        .help(format!("write {example}"))
        .key(*resource)
        .found(text(value));
}

/// Reads an amount as the operator does: memory first as Flink's own, where `2048m` are mebibytes.
fn parse(resource: &str, value: &Value) -> Option<Quantity> {
    match value {
        Value::String(text) if resource == "memory" => {
            parse_resource_memory(text).map(Quantity::from_bytes).ok()
        }
        value => Quantity::from_json(value).ok(),
    }
}

/// The operator requires a parallelism of the job even where overrides set that of every vertex.
fn parallelism(subject: &Subject<'_>, cluster: &DeclaredSpec<'_>, findings: &mut Findings) {
    if cluster.field("/job").is_none()
        || cluster.option(PARALLELISM_OVERRIDES).is_none()
        || cluster.field("/taskManager/replicas").is_some()
    {
        return;
    }
    let parallelism = cluster.field("/job/parallelism").and_then(Value::as_i64);
    let place = cluster.at("/job/parallelism");
    if parallelism.is_none_or(|parallelism| parallelism < 1) && !subject.is_size_problem(&place) {
        findings
            .at(place)
            .message(
                "`parallelism` must be at least 1, also with `pipeline.jobvertex-parallelism-overrides`",
            )
            .help(format!("set `{}` to 1 or more", cluster.name("/job/parallelism")));
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), shown)
}
