//! The labels that pods of a set will carry, whoever puts them there, and those that tell the set
//! from all others.

use crate::flink::map_options::map_entries;
use crate::flink::{Engine, Mode, PodSet, Role, Template, Workload};
use crate::resource::pointer;
use serde_json::{Map, Value};
use std::cell::OnceCell;

/// Labels that controllers add with a value that tells pods of one set from each other.
const UNIQUE: [&str; 3] = [
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/job-completion-index",
];

/// Labels that controllers add with one value for all pods that they make of a template.
const OF_CONTROLLERS: [&str; 7] = [
    "pod-template-hash",
    "controller-revision-hash",
    "pod-template-generation",
    "controller-uid",
    "job-name",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
];

/// One label as all pods of a set have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label<'a> {
    /// All have this value.
    Value(&'a str),
    /// None has it.
    Absent,
    /// All that are made of one template will have the same value, which is not known yet, or none
    /// will have it.
    Later,
    /// Each has a value of its own.
    Unique,
}

/// The labels of all pods of one set.
#[derive(Debug)]
pub struct PodLabels<'a> {
    own: Option<&'a Map<String, Value>>,
    /// What the operator and Flink put over all else.
    system: Option<[(&'static str, &'a str); 3]>,
    /// Where options are, and which of them, that give labels over those of the template.
    options: Option<(&'a Workload, &'static str)>,
    given: OnceCell<Vec<(String, String)>>,
    /// A pod has the labels that it has; from a template controllers will make pods with more.
    is_pod: bool,
}

impl<'a> PodLabels<'a> {
    /// The labels of a set whose template looks like this at the moment.
    pub fn of(set: &'a PodSet, template: &'a Value, workload: &'a Workload) -> Self {
        let by_operator = workload.declares_cluster && workload.engine == Engine::Operator;
        let component = set.role.component().filter(|_| by_operator);
        let system = component.map(|component| {
            let kind = if workload.mode == Some(Mode::Standalone) {
                "flink-standalone-kubernetes"
            } else {
                "flink-native-kubernetes"
            };
            [("app", clusters(workload)), ("component", component), ("type", kind)]
        });
        let option = match set.role {
            Role::JobManager => "kubernetes.jobmanager.labels",
            _ => "kubernetes.taskmanager.labels",
        };
        Self {
            own: template
                .get("metadata")
                .and_then(|metadata| metadata.get("labels"))
                .and_then(Value::as_object),
            system,
            options: component.map(|_| (workload, option)),
            given: OnceCell::new(),
            is_pod: set.path().is_empty() && matches!(set.template, Template::InObject(_)),
        }
    }

    /// One label.
    pub fn get(&self, key: &str) -> Label<'_> {
        if UNIQUE.contains(&key) {
            return Label::Unique;
        }
        if let Some((_, value)) = self.system.iter().flatten().find(|(name, _)| *name == key) {
            return Label::Value(value);
        }
        let mut values =
            self.given().iter().filter(|(name, _)| name == key).map(|(_, value)| value.as_str());
        if let Some(value) = values.next() {
            // Written twice, and nobody says which counts.
            return if values.all(|other| other == value) {
                Label::Value(value)
            } else {
                Label::Later
            };
        }
        match self.own.and_then(|own| own.get(key)).and_then(Value::as_str) {
            Some(value) => Label::Value(value),
            None if !self.is_pod && OF_CONTROLLERS.contains(&key) => Label::Later,
            None => Label::Absent,
        }
    }

    fn given(&self) -> &[(String, String)] {
        self.given.get_or_init(|| {
            let entries = self
                .options
                .map(|(workload, option)| map_entries(&workload.config, option))
                .unwrap_or_default();
            entries.into_iter().map(|entry| (entry.key, entry.value)).collect()
        })
    }
}

/// The name in the label `app`: of blue and green, which are alike, one stands for both.
fn clusters(workload: &Workload) -> &str {
    workload.children.first().unwrap_or(&workload.cluster)
}

/// The labels that this cluster's pods of this role have, and no others: Flink's own, a chart's,
/// another operator's; failing these, all that the pods' author gave them. `None` where they have
/// none, or will have them only in an object that is made of this one: blue and green are each kept
/// from their own.
pub fn identity<'a>(
    set: &'a PodSet,
    template: &'a Value,
    workload: &'a Workload,
) -> Option<Vec<(&'a str, &'a str)>> {
    if !workload.children.is_empty() {
        return None;
    }
    if let Template::Merged(_) = set.template {
        let component = set.role.component().filter(|_| !workload.cluster.is_empty())?;
        return Some(vec![("app", workload.cluster.as_str()), ("component", component)]);
    }
    let labels = pointer::at(template, "/metadata/labels").and_then(Value::as_object)?;
    let all = |keys: &[&'static str]| -> Option<Vec<(&'a str, &'a str)>> {
        keys.iter().map(|key| Some((*key, labels.get(*key)?.as_str()?))).collect()
    };
    // Spotify's operator calls every application `flink`, and the cluster beside it.
    let spotify = || {
        all(&["app", "cluster", "component"])
            .filter(|labels| labels.first() == Some(&("app", "flink")))
    };
    let chart = |name| all(&[name, "app.kubernetes.io/component"]);
    let known = spotify()
        .or_else(|| all(&["app", "component"]))
        .or_else(|| chart("app.kubernetes.io/instance"))
        .or_else(|| chart("app.kubernetes.io/name"))
        .or_else(|| all(&["flink-app", "flink-deployment-type"]));
    known.or_else(|| {
        let lasting = labels.iter().filter(|(key, _)| {
            !UNIQUE.contains(&key.as_str()) && !OF_CONTROLLERS.contains(&key.as_str())
        });
        let found: Vec<_> =
            lasting.filter_map(|(key, value)| Some((key.as_str(), value.as_str()?))).collect();
        (!found.is_empty()).then_some(found)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(role: Role, place: &str) -> PodSet {
        PodSet {
            role,
            replicas: 2,
            template: Template::InObject(place.into()),
            main_container: None,
        }
    }

    #[test]
    fn what_the_operator_writes_stands_over_options_and_these_over_the_template() {
        let template = json!({"metadata": {"labels": {"app": "x", "team": "a", "tier": "own"}}});
        let mut workload = Workload {
            engine: Engine::Operator,
            cluster: "etl".into(),
            declares_cluster: true,
            ..Workload::default()
        };
        workload.config.set("kubernetes.taskmanager.labels", "team:b,app:y", None);
        let set = set(Role::TaskManager, "/spec/template");
        let labels = PodLabels::of(&set, &template, &workload);
        let expected = [
            ("app", Label::Value("etl")),
            ("component", Label::Value("taskmanager")),
            ("type", Label::Value("flink-native-kubernetes")),
            ("team", Label::Value("b")),
            ("tier", Label::Value("own")),
            ("none", Label::Absent),
            ("pod-template-hash", Label::Later),
            ("apps.kubernetes.io/pod-index", Label::Unique),
        ];
        for (key, label) in expected {
            assert_eq!(labels.get(key), label, "{key}");
        }
    }

    #[test]
    fn pods_are_known_by_flinks_labels_a_charts_an_operators_or_their_own() {
        for (labels, expected) in [
            (
                json!({"app": "flink", "component": "taskmanager", "x": "y"}),
                vec![("app", "flink"), ("component", "taskmanager")],
            ),
            (
                json!({"app": "flink", "cluster": "trips", "component": "taskmanager"}),
                vec![("app", "flink"), ("cluster", "trips"), ("component", "taskmanager")],
            ),
            (
                json!({"app.kubernetes.io/name": "flink", "app.kubernetes.io/instance": "a", "app.kubernetes.io/component": "taskmanager"}),
                vec![
                    ("app.kubernetes.io/instance", "a"),
                    ("app.kubernetes.io/component", "taskmanager"),
                ],
            ),
            (
                json!({"flink-app": "rides", "flink-deployment-type": "taskmanager"}),
                vec![("flink-app", "rides"), ("flink-deployment-type", "taskmanager")],
            ),
            (
                json!({"job": "etl", "pod-template-hash": "1", "statefulset.kubernetes.io/pod-name": "x-0"}),
                vec![("job", "etl")],
            ),
        ] {
            let template = json!({"metadata": {"labels": labels}});
            assert_eq!(
                identity(&set(Role::TaskManager, ""), &template, &Workload::default()),
                Some(expected)
            );
        }
        for template in [json!({}), json!({"metadata": {"labels": {"pod-template-hash": "1"}}})] {
            assert_eq!(
                identity(&set(Role::TaskManager, ""), &template, &Workload::default()),
                None
            );
        }
    }
}
