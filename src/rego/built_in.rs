//! The built-in rules that are still in Rego, in a set of their own. This file, `draft.rs`,
//! `conditions.rs` and `facts/` go with the last of them.

use super::conditions::Conditions;
use super::draft::{Draft, InputParts};
use super::error::PolicyError;
use super::set::PolicySet;
use super::source;
use crate::rules::{Documentation, Finding, documentation};
use regorus::Value;
use std::sync::OnceLock;
use std::time::Instant;

struct BuiltIn {
    set: PolicySet,
    conditions: Conditions,
}

fn built_in() -> Result<&'static BuiltIn, PolicyError> {
    static BUILT_IN: OnceLock<BuiltIn> = OnceLock::new();
    if let Some(built_in) = BUILT_IN.get() {
        return Ok(built_in);
    }
    let set = PolicySet::with_catalog(source::embedded(), documentation::built_in())?;
    let conditions = Conditions::of(set.rules());
    Ok(BUILT_IN.get_or_init(|| BuiltIn { set, conditions }))
}

/// The documentation of all built-in rules, in Rust and in Rego, sorted by id.
///
/// # Errors
/// When a built-in rule does not compile.
pub fn catalog() -> Result<&'static [Documentation], PolicyError> {
    Ok(built_in()?.set.catalog())
}

/// The set itself.
///
/// # Errors
/// When a built-in rule does not compile.
pub fn set() -> Result<&'static PolicySet, PolicyError> {
    Ok(&built_in()?.set)
}

/// What the built-in rules in Rego report of an object.
pub fn findings(
    parts: InputParts<'_>,
    quota: impl FnOnce() -> Value,
    until: Option<Instant>,
) -> Vec<Finding> {
    let Ok(built_in) = built_in() else { return Vec::new() };
    let needs = built_in.set.mentions();
    let draft = Draft::of(InputParts {
        need_object: needs.object,
        need_old_object: needs.old_object,
        ..parts
    });
    if !built_in.conditions.may_hold(&draft) {
        return Vec::new();
    }
    built_in.set.evaluate_until(draft.with_quota(quota()).finish(), until)
}
