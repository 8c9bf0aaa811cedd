//! Which objects a constraint judges.
//!
//! A field that is absent or empty leaves nothing out. Files may not say what is the namespace of
//! an object: then no list of namespaces leaves it out.

use super::review::Review;
use crate::resource::fields::{elements, text};
use crate::resource::metadata_text;
use crate::tenant::load::labels;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::core::{Selector, SelectorExt};
use serde_json::Value;

/// Why it is not known whether a constraint judges an object.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum MatchError {
    /// Its namespace's labels decide, and are not known.
    #[error("it selects namespaces by labels, and the files have no Namespace `{0}`")]
    NoNamespace(String),
}

/// `spec.match` of a constraint.
#[derive(Debug, Default)]
pub(super) struct Match {
    spec: Value,
    labels: Option<Selector>,
    namespaces: Option<Selector>,
}

impl Match {
    /// Reads `spec.match`, or says what is wrong with it.
    pub(super) fn new(spec: Value) -> Result<Self, String> {
        let selector = |field: &str| match spec.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(selector) => serde_json::from_value::<LabelSelector>(selector.clone())
                .map_err(|error| format!("match.{field}: {error}"))
                .and_then(|selector| {
                    Selector::try_from(selector).map_err(|error| format!("match.{field}: {error}"))
                })
                .map(Some),
        };
        let (labels, namespaces) = (selector("labelSelector")?, selector("namespaceSelector")?);
        if !matches!(text(&spec, "source"), "" | "All" | "Original" | "Generated") {
            return Err("match.source is none of All, Original and Generated".into());
        }
        Ok(Self { spec, labels, namespaces })
    }

    /// Whether labels of Namespaces decide.
    pub(super) fn needs_namespaces(&self) -> bool {
        self.namespaces.is_some()
    }

    /// Whether the constraint judges the object of a review, or the one before an update.
    pub(super) fn covers(&self, review: &Review<'_>) -> Result<bool, MatchError> {
        let objects = [review.object(), review.old_object()];
        for object in objects.into_iter().flatten() {
            if self.covers_object(object, review)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn covers_object(&self, object: &Value, review: &Review<'_>) -> Result<bool, MatchError> {
        let is_namespace =
            text(object, "kind") == "Namespace" && text(object, "apiVersion") == "v1";
        let own = metadata_text(object, "namespace");
        let namespace = match review.namespace_object() {
            _ if is_namespace => Some(metadata_text(object, "name")),
            Some(namespace) => Some(metadata_text(namespace, "name")),
            None => (!own.is_empty()).then_some(own),
        };
        let is_namespaced = !own.is_empty() || review.namespace_object().is_some();
        let is_in_scope = match text(&self.spec, "scope") {
            "Cluster" => is_namespace || !is_namespaced,
            "Namespaced" => !is_namespace && is_namespaced,
            _ => true,
        };
        let lists = |field: &str| {
            let patterns = elements(&self.spec, field);
            let matches = |name| {
                patterns.iter().filter_map(Value::as_str).any(|pattern| is_like(pattern, name))
            };
            (patterns.is_empty(), namespace.is_some_and(matches))
        };
        let (any, listed) = lists("namespaces");
        let (_, excluded) = lists("excludedNamespaces");
        if !self.covers_kind(object)
            || !is_in_scope
            || !(any || listed || namespace.is_none())
            || excluded
        {
            return Ok(false);
        }
        let selects = |selector: &Selector, object: &Value| selector.matches(&labels(object));
        if self.labels.as_ref().is_some_and(|selector| !selects(selector, object)) {
            return Ok(false);
        }
        if let Some(selector) = &self.namespaces {
            let selected = match review.namespace_object() {
                _ if is_namespace => selects(selector, object),
                Some(namespace) => selects(selector, namespace),
                // Objects without namespace are of the cluster.
                None if own.is_empty() => true,
                None => return Err(MatchError::NoNamespace(own.to_owned())),
            };
            if !selected {
                return Ok(false);
            }
        }
        Ok(self.covers_name(object) && text(&self.spec, "source") != "Generated")
    }

    fn covers_kind(&self, object: &Value) -> bool {
        let kinds = elements(&self.spec, "kinds");
        let version = text(object, "apiVersion");
        let group = version.rsplit_once('/').map_or("", |(group, _)| group);
        let has = |entry: &Value, field: &str, wanted: &str| {
            let list = elements(entry, field);
            let mut names = list.iter().filter_map(Value::as_str);
            list.is_empty() || names.any(|name| name == "*" || name == wanted)
        };
        kinds.is_empty()
            || kinds.iter().any(|entry| {
                has(entry, "kinds", text(object, "kind")) && has(entry, "apiGroups", group)
            })
    }

    fn covers_name(&self, object: &Value) -> bool {
        let pattern = text(&self.spec, "name");
        let generated = metadata_text(object, "generateName");
        pattern.is_empty()
            || is_like(pattern, metadata_text(object, "name"))
            || (pattern.ends_with('*') && is_like(pattern, generated))
    }
}

/// A pattern with a star at its beginning, its end or both.
fn is_like(pattern: &str, name: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(rest), Some(_)) => name.contains(rest.strip_suffix('*').unwrap_or(rest)),
        (Some(end), None) => name.ends_with(end),
        (None, Some(start)) => name.starts_with(start),
        (None, None) => name == pattern,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    fn covers(spec: Value, object: &Value, namespace: Option<&Value>) -> Result<bool, MatchError> {
        Match::new(spec).unwrap().covers(&Review::of_object(object, namespace))
    }

    #[test]
    fn every_field_can_leave_an_object_out() {
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata":
            {"name": "web-1", "namespace": "team-a", "labels": {"app": "web"}}});
        for (spec, expected) in [
            (json!(null), true),
            (json!({}), true),
            (json!({"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}]}), true),
            (json!({"kinds": [{"apiGroups": ["*"], "kinds": ["*"]}]}), true),
            (json!({"kinds": [{"kinds": ["Pod"]}]}), true),
            (json!({"kinds": [{"apiGroups": ["apps"], "kinds": ["Pod"]}]}), false),
            (json!({"kinds": [{"apiGroups": [""], "kinds": ["Service"]}]}), false),
            (json!({"namespaces": ["team-*"]}), true),
            (json!({"namespaces": ["*-a"]}), true),
            (json!({"namespaces": ["*am*"]}), true),
            (json!({"namespaces": ["team"]}), false),
            (json!({"excludedNamespaces": ["team-*"]}), false),
            (json!({"excludedNamespaces": ["kube-*"]}), true),
            (json!({"labelSelector": {"matchLabels": {"app": "web"}}}), true),
            (json!({"labelSelector": {"matchLabels": {"app": "db"}}}), false),
            (
                json!({"labelSelector": {"matchExpressions":
                [{"key": "app", "operator": "NotIn", "values": ["web"]}]}}),
                false,
            ),
            (json!({"scope": "Namespaced"}), true),
            (json!({"scope": "Cluster"}), false),
            (json!({"scope": "*"}), true),
            (json!({"name": "web-*"}), true),
            (json!({"name": "db"}), false),
            (json!({"source": "Original"}), true),
            (json!({"source": "Generated"}), false),
        ] {
            assert_eq!(covers(spec.clone(), &pod, None), Ok(expected), "{spec}");
        }
    }

    #[test]
    fn labels_of_namespaces_must_be_known() {
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata":
            {"name": "p", "namespace": "team-a"}});
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata":
            {"name": "team-a", "labels": {"env": "prod"}}});
        let spec = |env: &str| json!({"namespaceSelector": {"matchLabels": {"env": env}}});
        assert_eq!(covers(spec("prod"), &pod, Some(&namespace)), Ok(true));
        assert_eq!(covers(spec("dev"), &pod, Some(&namespace)), Ok(false));
        assert_eq!(covers(spec("prod"), &namespace, None), Ok(true));
        assert_eq!(covers(spec("prod"), &pod, None), Err(MatchError::NoNamespace("team-a".into())));
        let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": "r"}});
        assert_eq!(covers(spec("prod"), &role, None), Ok(true));
    }

    #[test]
    fn an_object_without_namespace_is_in_every_list_of_namespaces() {
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "web-"}});
        assert_eq!(covers(json!({"namespaces": ["a"]}), &pod, None), Ok(true));
        assert_eq!(covers(json!({"excludedNamespaces": ["*"]}), &pod, None), Ok(true));
        assert_eq!(covers(json!({"scope": "Namespaced"}), &pod, None), Ok(false));
        assert_eq!(covers(json!({"name": "web-*"}), &pod, None), Ok(true));
        assert_eq!(covers(json!({"name": "web-"}), &pod, None), Ok(false));
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}});
        assert_eq!(covers(json!({"namespaces": ["a"]}), &namespace, None), Ok(true));
        assert_eq!(covers(json!({"excludedNamespaces": ["a"]}), &namespace, None), Ok(false));
        assert_eq!(covers(json!({"scope": "Cluster"}), &namespace, None), Ok(true));
    }

    #[test]
    fn a_selector_that_is_none_is_refused() {
        let wrong =
            json!({"labelSelector": {"matchExpressions": [{"key": "a", "operator": "Is"}]}});
        assert!(Match::new(wrong).unwrap_err().starts_with("match.labelSelector: "));
        assert!(Match::new(json!({"source": "Other"})).is_err());
    }
}
