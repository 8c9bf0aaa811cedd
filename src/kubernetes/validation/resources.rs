//! Requests and limits.

use super::fault::{Fault, Named, Reason, Report};
use super::fields::{each, object, repeated, required, text};
use super::forms::Form;
use super::place::Place;
use crate::resource::fields::{ByName, elements};
use crate::resource::quantity::Quantity;
use crate::resource::steps::step;
use serde_json::{Map, Value};

/// Which resources are allowed, and which are set elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A container.
    Container,
    /// A container that gets its amounts of CPU and memory elsewhere.
    Completed,
    /// The pod.
    Pod,
}

/// Checks the requests and limits of a container or of a pod.
pub fn resources(
    owner: Owner,
    parent: &Value,
    spec: &Value,
    at: &Place<'_>,
    report: &mut Report<'_>,
) {
    let Some(resources) = object(parent, "resources") else { return };
    let at = at.field("resources");
    let (limits, requests) = (amounts(resources, "limits"), amounts(resources, "requests"));
    for (list, own) in [("limits", limits), ("requests", requests)] {
        let at = at.field(list);
        for (name, value) in own.into_iter().flatten() {
            step();
            amount(owner, name, value, &at.field(name), report);
        }
    }
    for (name, value) in requests.into_iter().flatten().filter(|(name, _)| counts(owner, name)) {
        let limit = limits.and_then(|limits| limits.get(name));
        let at = at.field("requests");
        let at = at.field(name);
        let Ok(request) = Quantity::from_json(value) else { continue };
        match limit.map(Quantity::from_json) {
            None if !overcommits(name) => report(&at, Fault::RequestNotLimit(name)),
            Some(Ok(limit)) if request != limit && !overcommits(name) => {
                report(&at, Fault::RequestNotLimit(name));
            }
            // A limit that is no amount is reported itself.
            Some(Ok(limit)) if request > limit && !limit.is_negative() => {
                report(&at, Fault::RequestOverLimit(name, request, limit));
            }
            None | Some(_) => {}
        }
    }
    let names = || [limits, requests].into_iter().flatten().flat_map(Map::keys);
    if names().any(|name| is_huge(name))
        && owner != Owner::Completed
        && !names().any(|name| matches!(name.as_str(), "cpu" | "memory"))
    {
        report(&at, Fault::Refused(Reason::HugePages));
    }
    claims(resources, spec, &at, report);
}

/// Checks the amounts that a runtime class adds to a pod.
pub fn overhead(spec: &Value, at: &Place<'_>, report: &mut Report<'_>) {
    let at = at.field("overhead");
    for (name, value) in amounts(spec, "overhead").into_iter().flatten() {
        step();
        amount(Owner::Container, name, value, &at.field(name), report);
    }
}

fn amounts<'v>(parent: &'v Value, field: &str) -> Option<&'v Map<String, Value>> {
    parent.get(field).and_then(Value::as_object)
}

fn counts(owner: Owner, name: &str) -> bool {
    owner != Owner::Completed || !matches!(name, "cpu" | "memory")
}

fn amount(owner: Owner, name: &str, value: &Value, at: &Place<'_>, report: &mut Report<'_>) {
    if !is_resource(owner, name) {
        return report(at, Fault::UnknownResource(name));
    }
    // What is no amount at all is reported where amounts are added up.
    let Ok(amount) = Quantity::from_json(value) else { return };
    if !counts(owner, name) {
        return;
    }
    if amount.is_negative() {
        report(at, Fault::Negative);
    } else if name.contains('/')
        && !is_native(name)
        && Quantity::from_units(amount.units_ceil()) != amount
    {
        report(at, Fault::Fraction);
    }
}

fn is_resource(owner: Owner, name: &str) -> bool {
    let is_own = matches!(name, "cpu" | "memory") || is_huge(name);
    match owner {
        Owner::Pod => is_own,
        _ if !name.contains('/') => is_own || name == "ephemeral-storage",
        _ => Form::Key.fits(name) && (is_native(name) || is_extended(name)),
    }
}

fn is_huge(name: &str) -> bool {
    name.starts_with("hugepages-")
}

fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

/// Quotas write `requests.` before the name, which must stay a valid one.
fn is_extended(name: &str) -> bool {
    const PREFIX: usize = "requests.".len();
    let prefix = name.split('/').next().unwrap_or_default();
    !name.starts_with("requests.") && prefix.len().saturating_add(PREFIX) <= 253
}

fn overcommits(name: &str) -> bool {
    is_native(name) && !is_huge(name)
}

fn claims(resources: &Value, spec: &Value, at: &Place<'_>, report: &mut Report<'_>) {
    let own = elements(resources, "claims");
    if own.is_empty() {
        return;
    }
    let known = ByName::new(elements(spec, "resourceClaims"));
    each(resources, "claims", at, |claim, at| {
        if let Some(name) = required(claim, "name", at, report)
            && known.find(name).is_none()
        {
            report(&at.field("name"), Fault::NotFound(Named::ResourceClaim, name));
        }
    });
    let at = at.field("claims");
    let key = |claim| Some((text(claim, "name")?, text(claim, "request")));
    repeated(own, key, |index, (name, _)| report(&at.index(index), Fault::Repeated(name)));
}
