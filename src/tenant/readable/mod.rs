//! The readable parts of a FlinkTenant that cannot be read as a whole: after an upgrade or a rollback
//! its spec may have fields and values that this version does not know.
//!
//! Goes in: a spec with problems. Comes out: a spec without, and what holds in place of each part
//! that could not be read. It is never less strict than the spec as it was meant: [`stricter`] has
//! the value that takes the place of each part, or the tenant's objects are refused.

mod stricter;

use super::check::{self, FieldProblem};
use super::{FlinkTenantSpec, Tenant};
use crate::resource::pointer;
use jiff::civil::Date;
use serde_json::{Map, Value};

/// What holds in place of a part that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Instead {
    /// Nothing: the part is unknown here, or gives the tenant something that it does not get.
    Nothing,
    /// The last known owner of each namespace: the part says what the tenant owns.
    LastOwners,
    /// A stricter value.
    Stricter,
    /// A refusal of the tenant's objects.
    Refusal,
}

impl Instead {
    /// For messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "passed over",
            Self::LastOwners => "it keeps the namespaces that it owned last",
            Self::Stricter => "a stricter value applies",
            Self::Refusal => "its objects are refused",
        }
    }
}

/// A part of a FlinkTenant that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadPart {
    /// JSON Pointer from the object's root.
    pub pointer: String,
    /// What is wrong with it.
    pub message: String,
    /// What holds in its place.
    pub instead: Instead,
}

impl UnreadPart {
    /// The place in dots: `spec.quota.hard.cpu`.
    pub fn place(&self) -> String {
        dotted(&self.pointer)
    }
}

/// A JSON Pointer with dots instead of slashes.
pub fn dotted(pointer: &str) -> String {
    pointer::tokens(pointer).collect::<Vec<_>>().join(".")
}

/// What could be read of a FlinkTenant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadableParts {
    /// The spec of the readable parts.
    pub spec: FlinkTenantSpec,
    /// The other parts.
    pub unread: Vec<UnreadPart>,
    /// Whether nothing could be read.
    pub is_nothing: bool,
}

impl Tenant {
    /// Whether all of the namespaces that it owns are known.
    pub fn knows_its_namespaces(&self) -> bool {
        self.unread.iter().all(|part| part.instead != Instead::LastOwners && part.pointer != SPEC)
    }
}

/// The place of the whole spec.
const SPEC: &str = "/spec";
/// What is repaired may show another problem: that a required field is missing, then that its parent
/// is. More often than a spec is deep, no repair helps.
const PASSES: usize = 12;

/// Reads what can be read of a spec; `rules` are the ids of all rules.
pub fn read(spec: &Value, rules: &[&str], today: Date) -> ReadableParts {
    let mut value = match spec {
        Value::Null => Value::Object(Map::new()),
        Value::Object(_) => spec.clone(),
        _ => return nothing("`spec` is not a mapping".to_owned(), Vec::new()),
    };
    let mut unread = Vec::new();
    for _ in 0..PASSES {
        let mut problems = match check::spec(&value, rules, today) {
            Ok((spec, problems)) if problems.iter().all(FieldProblem::is_usable) => {
                return ReadableParts { spec, unread, is_nothing: false };
            }
            Ok((_, problems)) | Err(problems) => problems,
        };
        problems.retain(|problem| !problem.is_usable());
        // Later elements of a list first, so that the places of earlier ones stay; and inner places
        // before outer ones.
        problems.sort_by_cached_key(|problem| std::cmp::Reverse(order(&problem.pointer)));
        // The outermost place that the last repair changed.
        let mut changed: Option<String> = None;
        for problem in problems {
            let is_done =
                changed.as_deref().is_some_and(|done| is_at_or_below(&problem.pointer, done));
            let instead = if is_done { None } else { Some(stricter::repair(&mut value, &problem)) };
            let FieldProblem { pointer, message, .. } = problem;
            let instead = match instead {
                Some((at, instead)) => {
                    changed = Some(at);
                    instead
                }
                None => unread.last().map_or(Instead::Refusal, |part: &UnreadPart| part.instead),
            };
            unread.push(UnreadPart { pointer: format!("{SPEC}{pointer}"), message, instead });
        }
    }
    nothing("it cannot be repaired".to_owned(), unread)
}

fn nothing(message: String, mut unread: Vec<UnreadPart>) -> ReadableParts {
    unread.push(UnreadPart { pointer: SPEC.to_owned(), message, instead: Instead::Refusal });
    ReadableParts { unread, is_nothing: true, ..ReadableParts::default() }
}

/// Orders places: list elements by their number.
fn order(pointer: &str) -> Vec<(Option<u64>, String)> {
    pointer::tokens(pointer).map(|token| (token.parse().ok(), token.into_owned())).collect()
}

fn is_at_or_below(place: &str, other: &str) -> bool {
    place.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests;
