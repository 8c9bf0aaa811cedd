//! A constraint: which objects a template judges, with which parameters and how strictly.

use super::matching::Match;
use super::object::PolicyObject;
use super::template::Template;
use super::{FAMILY, parameters};
use crate::rego::conftest::id;
use crate::rego::error::PolicyProblem;
use crate::rego::input::convert;
use crate::resource::fields::{elements, text};
use crate::rules::{Documentation, Level};
use serde_json::Value;

/// Points of enforcement that `lint` evaluates: offline, and the webhook.
const POINTS: [&str; 3] = ["*", "gator.gatekeeper.sh", "validation.gatekeeper.sh"];

/// A constraint, checked.
#[derive(Debug)]
pub(super) struct Constraint {
    /// Index of its template.
    pub template: usize,
    /// Index of its documentation.
    pub rule: usize,
    /// Level of its findings; `None` where it is not enforced offline or by the webhook.
    pub level: Option<Level>,
    /// The objects it judges.
    pub matching: Match,
    /// `input.parameters`.
    pub parameters: regorus::Value,
    /// Kind and name.
    display: String,
}

impl Constraint {
    /// Reads and checks a constraint of a template.
    pub(super) fn new(
        object: &PolicyObject,
        index: usize,
        template: &Template,
        rule: usize,
    ) -> Result<(Self, Documentation), Vec<PolicyProblem>> {
        let one = |place: &str, message: String| vec![object.problem(place, message)];
        if object.name().is_empty() {
            return Err(one("/metadata", "the constraint has no name: set metadata.name".into()));
        }
        let level = level(object).map_err(|problem| vec![problem])?;
        let matching = object.at("/spec/match").cloned().unwrap_or_default();
        let matching = Match::new(matching).map_err(|error| one("/spec/match", error))?;
        let mut values = object.at("/spec/parameters").cloned();
        parameters::complete(&mut values, &template.schema);
        let wrong = values.iter().flat_map(|it| parameters::check(it, &template.schema));
        let wrong: Vec<PolicyProblem> = wrong
            .map(|wrong| {
                object.problem(&format!("/spec/parameters{}", wrong.pointer), wrong.message)
            })
            .collect();
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let documentation = Documentation {
            id: id(FAMILY, &[object.kind(), object.name()]),
            family: FAMILY.into(),
            title: template.title.clone().unwrap_or_else(|| template.kind.clone()),
            description: template.description.clone().unwrap_or_default(),
            level: level.unwrap_or(Level::Info),
            path: object.file.clone(),
            ..Documentation::default()
        };
        // Gatekeeper gives no parameters as an empty object.
        let parameters = values.unwrap_or_else(|| Value::Object(Default::default()));
        let constraint = Self {
            template: index,
            rule,
            level,
            matching,
            parameters: convert(&parameters),
            display: format!("{} `{}`", object.kind(), object.name()),
        };
        Ok((constraint, documentation))
    }

    /// What a user may not expect.
    pub(super) fn note(&self) -> Option<String> {
        let is_off = self.level.is_none();
        is_off.then(|| {
            format!(
                "{} is not enforced by the webhook or offline: it is not evaluated",
                self.display
            )
        })
    }
}

/// How strict a constraint is; `None` where it is not enforced at our points.
fn level(object: &PolicyObject) -> Result<Option<Level>, PolicyProblem> {
    let spec = object.at("/spec").unwrap_or(&Value::Null);
    let of = |action: &str, place: &str| match action {
        "deny" => Ok(Level::Error),
        "warn" => Ok(Level::Warning),
        "dryrun" => Ok(Level::Info),
        other => Err(object.problem(
            place,
            format!("unknown enforcementAction `{other}`: write deny, warn, dryrun or scoped"),
        )),
    };
    let action = match spec.get("enforcementAction") {
        None | Some(Value::Null) => "deny",
        Some(Value::String(action)) if action.is_empty() => "deny",
        Some(Value::String(action)) => action,
        Some(_) => {
            let message = "enforcementAction is not a string";
            return Err(object.problem("/spec/enforcementAction", message));
        }
    };
    if action != "scoped" {
        return of(action, "/spec/enforcementAction").map(Some);
    }
    let scoped = elements(spec, "scopedEnforcementActions");
    if scoped.is_empty() {
        let message = "enforcementAction scoped needs scopedEnforcementActions";
        return Err(object.problem("/spec/enforcementAction", message));
    }
    let mut strictest = None;
    for (index, action) in scoped.iter().enumerate() {
        let place = format!("/spec/scopedEnforcementActions/{index}");
        let level = of(text(action, "action"), &format!("{place}/action"))?;
        let mut points = elements(action, "enforcementPoints").iter();
        if points.any(|point| POINTS.contains(&text(point, "name"))) {
            strictest = strictest.max(Some(level));
        }
    }
    Ok(strictest)
}
