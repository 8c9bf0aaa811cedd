//! Sets of pods and their templates, with the places of the object that they come from.

use super::Role;
use crate::resource::pointer;
use serde_json::Value;
use std::collections::BTreeMap;

/// A pod template.
#[derive(Clone, Debug, PartialEq)]
pub enum Template {
    /// The template is in the object at this pointer, which is empty for a Pod.
    InObject(String),
    /// The template is merged from two places of the object, as the operator merges them.
    Merged(MergedTemplate),
    /// The template is generated from other fields of the object.
    Generated(GeneratedTemplate),
}

/// A template that an operator generates from fields of an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GeneratedTemplate {
    /// The template: `metadata` and `spec`.
    pub value: Value,
    /// JSON Pointer of the role's fields: `/spec/taskManager`.
    pub base: String,
    /// Places within the template, and the places of their values in the object. The longest
    /// matching place counts.
    pub places: Vec<(String, String)>,
}

impl GeneratedTemplate {
    fn locate(&self, within: &str) -> String {
        let rest = |place: &str| {
            within.strip_prefix(place).filter(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let found = self
            .places
            .iter()
            .filter_map(|(place, field)| Some((place.len(), field, rest(place)?)));
        let (field, rest) = found
            .max_by_key(|(length, _, _)| *length)
            .map_or((&self.base, ""), |(_, field, rest)| (field, rest));
        format!("{field}{rest}")
    }
}

/// For each element of a merged array, its index in the common template's array and in the role's.
pub type ElementOrigins = Vec<(Option<usize>, Option<usize>)>;

/// What a common and a role's template give. A template that is the only one is not copied.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum MergeResult {
    /// There is no template.
    #[default]
    Nothing,
    /// The common template, in the object.
    Common,
    /// The role's template, in the object.
    Role,
    /// Both, merged.
    Both(Value),
}

/// A template that the Flink operator merges from a common and a per-role one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MergedTemplate {
    /// The merged template: see [`Self::value`].
    pub result: MergeResult,
    /// JSON Pointer of the common template, which may be missing: `/spec/podTemplate`.
    pub common: String,
    /// JSON Pointer of the role's template, which may be missing: `/spec/taskManager/podTemplate`.
    pub role: String,
    /// Whether arrays are merged by their elements' names
    /// (`kubernetes.operator.pod-template.merge-arrays-by-name`).
    pub by_name: bool,
    /// For arrays merged by name: pointer of the array within the template → for each merged
    /// element, its index in the common and in the role's array. Arrays merged by position keep
    /// their indices.
    pub elements: BTreeMap<String, ElementOrigins>,
}

impl MergedTemplate {
    /// The merged template: `metadata` and `spec`; `Null` if there is none. The object is the one that
    /// the templates are in.
    pub fn value<'a>(&'a self, object: &'a Value) -> &'a Value {
        let place = match &self.result {
            MergeResult::Nothing => return &Value::Null,
            MergeResult::Common => &self.common,
            MergeResult::Role => &self.role,
            MergeResult::Both(value) => return value,
        };
        pointer::at(object, place).unwrap_or(&Value::Null)
    }

    fn locate(&self, object: &Value, within: &str) -> String {
        let (common, role) = self.split(within);
        let role = role.map(|within| format!("{}{within}", self.role));
        let common = common.map(|within| format!("{}{within}", self.common));
        let reach = |full: &Option<String>, base: &str| {
            full.as_ref()
                .map(|full| pointer::nearest_existing(object, full).len())
                .filter(|&found| found >= base.len())
                .map(|found| {
                    let depth = full
                        .as_ref()
                        .and_then(|full| full.get(base.len()..found))
                        .map_or(0, |part| part.matches('/').count());
                    (depth, full.as_ref().is_some_and(|full| full.len() == found))
                })
        };
        let in_role = reach(&role, &self.role);
        let in_common = reach(&common, &self.common);
        match (in_role, in_common) {
            (Some((_, true)), _) => role.unwrap_or_default(),
            (_, Some((_, true))) => common.unwrap_or_default(),
            (Some((role_depth, _)), Some((common_depth, _))) if role_depth >= common_depth => {
                role.unwrap_or_default()
            }
            (_, Some(_)) => common.unwrap_or_default(),
            _ => role.or(common).unwrap_or_else(|| format!("{}{within}", self.role)),
        }
    }

    /// The same place in the common and in the role's template. Indices differ if arrays merge by
    /// name.
    fn split(&self, within: &str) -> (Option<String>, Option<String>) {
        let (mut merged, mut common, mut role) =
            (String::new(), Some(String::new()), Some(String::new()));
        for token in pointer::tokens(within) {
            let indices = token
                .parse::<usize>()
                .ok()
                .and_then(|index| self.elements.get(&merged)?.get(index).copied());
            let (in_common, in_role) = match indices {
                Some((in_common, in_role)) => {
                    (in_common.map(|i| i.to_string()), in_role.map(|i| i.to_string()))
                }
                None => (Some(token.to_string()), Some(token.to_string())),
            };
            common = common.zip(in_common).map(|(base, token)| pointer::join(&base, &token));
            role = role.zip(in_role).map(|(base, token)| pointer::join(&base, &token));
            pointer::push(&mut merged, &token);
        }
        (common, role)
    }
}

/// A number of identical pods: one role, one template.
#[derive(Clone, Debug, PartialEq)]
pub struct PodSet {
    /// The role of the pods.
    pub role: Role,
    /// The maximum number of pods that the object declares.
    pub replicas: u64,
    /// The template of the pods.
    pub template: Template,
    /// Index of the main container in the template's `spec.containers`. `None` if the template has
    /// none (the operator adds it) or the pod does not run Flink.
    pub main_container: Option<usize>,
}

impl PodSet {
    /// The template; `Null` if the object has none.
    pub fn template<'a>(&'a self, object: &'a Value) -> &'a Value {
        match &self.template {
            Template::InObject(pointer) => pointer::at(object, pointer).unwrap_or(&Value::Null),
            Template::Merged(merged) => merged.value(object),
            Template::Generated(made) => &made.value,
        }
    }

    /// JSON Pointer of the template in the object, for rules and findings.
    pub fn path(&self) -> &str {
        match &self.template {
            Template::InObject(pointer) => pointer,
            Template::Merged(merged) => &merged.role,
            Template::Generated(made) => &made.base,
        }
    }

    /// JSON Pointer in the object for a place within the template (`/spec/containers/0/image`). It
    /// is in the role's template if it exists there, else in the common one, else at the nearest
    /// existing place in either.
    pub fn locate(&self, object: &Value, within: &str) -> String {
        match &self.template {
            Template::InObject(pointer) => format!("{pointer}{within}"),
            Template::Merged(merged) => merged.locate(object, within),
            Template::Generated(made) => made.locate(within),
        }
    }
}
