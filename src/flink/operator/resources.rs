//! `resources` of a role, and the job's parallelism, as the operator's validator takes them.
//!
//! What cannot be read as an amount, or is no count, is a size problem and told there.

use super::{Declared, Found, Subject};
use crate::flink::memory_size::parse_resource_memory;
use crate::flink::options::PARALLELISM_OVERRIDES;
use crate::resource::pointer;
use crate::resource::quantity::Quantity;
use serde_json::Value;

/// Requests and limits of both roles.
pub(super) fn resources(declared: &Declared<'_>, found: &mut Found) {
    for role in ["jobManager", "taskManager"] {
        let Some(resources) = declared
            .spec
            .get(role)
            .and_then(|role| role.get("resources"))
            .and_then(Value::as_object)
        else {
            continue;
        };
        let list = |name: &str| resources.get(name).and_then(Value::as_object);
        for name in ["requests", "limits"] {
            for (resource, value) in
                list(name).into_iter().flatten().filter(|(_, value)| !value.is_null())
            {
                let place =
                    pointer::join(&declared.at(&format!("/{role}/resources/{name}")), resource);
                if is_told(declared, &place) {
                    continue;
                }
                match amount(resource, value) {
                    Err(message) => found.tell(Subject::Resources, place, message),
                    Ok(amount)
                        if matches!(resource.as_str(), "cpu" | "memory")
                            && (amount.is_zero() || amount.is_negative()) =>
                    {
                        found.tell(
                            Subject::Resources,
                            place,
                            format!("{resource} must be above zero"),
                        );
                    }
                    Ok(amount) if amount.is_negative() => {
                        found.tell(
                            Subject::Resources,
                            place,
                            format!("{resource} must not be negative"),
                        );
                    }
                    Ok(_) => {}
                }
            }
        }
        for resource in ["cpu", "memory"] {
            let of = |name: &str| amount(resource, list(name)?.get(resource)?).ok();
            if let (Some(request), Some(limit)) = (of("requests"), of("limits"))
                && request > limit
                && !limit.is_zero()
                && !limit.is_negative()
            {
                let place = declared.at(&format!("/{role}/resources/requests/{resource}"));
                found.tell(
                    Subject::Resources,
                    place,
                    format!("the request for {resource} is above its limit"),
                );
            }
        }
    }
}

/// Memory is read as Flink does first: `2048m` is no fraction of a byte.
fn amount(resource: &str, value: &Value) -> Result<Quantity, String> {
    match value {
        Value::String(text) if resource == "memory" => {
            parse_resource_memory(text).map(Quantity::from_bytes).map_err(|error| error.to_string())
        }
        value => Quantity::from_json(value).map_err(|error| error.to_string()),
    }
}

/// The operator wants a parallelism from the job itself, even where overrides decide it.
pub(super) fn parallelism(declared: &Declared<'_>, found: &mut Found) {
    if declared.field("/job").is_none()
        || declared.option(PARALLELISM_OVERRIDES).is_none()
        || declared.field("/taskManager/replicas").is_some()
    {
        return;
    }
    let place = declared.at("/job/parallelism");
    if declared
        .field("/job/parallelism")
        .and_then(Value::as_i64)
        .is_none_or(|parallelism| parallelism < 1)
        && !is_told(declared, &place)
    {
        found.tell_with_help(
            Subject::Resources,
            place,
            "the job's parallelism must be above zero, even beside pipeline.jobvertex-parallelism-overrides",
            "write spec.job.parallelism",
        );
    }
}

fn is_told(declared: &Declared<'_>, place: &str) -> bool {
    declared.workload.size.problems.iter().any(|problem| problem.pointer == place)
}
