//! The labels that the pods of a set will have, whoever adds them, and the labels that identify the
//! set.

use crate::flink::map_options::map_entries;
use crate::flink::pod_index::IndexedPods;
use crate::flink::workload::PodMaker;
use crate::flink::{Engine, Mode, PodSet, Role, Template, Workload};
use crate::resource::pointer;
use serde_json::{Map, Value};
use std::cell::OnceCell;
use std::collections::BTreeMap;

/// Labels that controllers add with a different value for each pod of a set.
const UNIQUE: [&str; 3] = [
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/job-completion-index",
];

/// Labels that controllers add with the same value to all pods of a template.
const OF_CONTROLLERS: [&str; 7] = [
    "pod-template-hash",
    "controller-revision-hash",
    "pod-template-generation",
    "controller-uid",
    "job-name",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
];

/// The label by which Flink and its operator say how a cluster runs.
const TYPE: &str = "type";

/// The value of one label in all pods of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label<'a> {
    /// All pods have this value.
    Value(&'a str),
    /// No pod has the label.
    Absent,
    /// All pods of one template will have the same value, which is not known yet, or none will have
    /// the label.
    Later,
    /// Each pod has a different value.
    Unique,
}

/// The labels of all pods of one set.
#[derive(Debug)]
pub struct PodLabels<'a> {
    own: Option<&'a Map<String, Value>>,
    /// Labels that the operator and Flink set over all others.
    system: Option<[(&'static str, &'a str); 3]>,
    /// The option that sets labels over those of the template, and the workload that has it.
    options: Option<(&'a Workload, &'static str)>,
    /// `None` where it is not defined which of several values counts.
    given: OnceCell<BTreeMap<String, Option<String>>>,
    /// Whether this is a pod, whose labels are complete. Controllers add labels to the pods of a
    /// template.
    is_pod: bool,
    /// Who made the pods.
    maker: PodMaker,
    /// What [`identity`] reads.
    source: (&'a PodSet, &'a Value, &'a Workload),
    identity: OnceCell<Option<Vec<(&'a str, &'a str)>>>,
}

impl<'a> PodLabels<'a> {
    /// The labels of a set with this template.
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
            maker: workload.pod_maker,
            source: (set, template, workload),
            identity: OnceCell::new(),
        }
    }

    /// The value of one label in all pods of the set. Of a pod that a user
    /// wrote, only the labels that identify the set are known to be those of the others.
    pub fn of_set(&self, key: &str) -> Label<'_> {
        match self.get(key) {
            Label::Unique => Label::Unique,
            _ if self.maker == PodMaker::User && !self.identifies(key) => Label::Later,
            label => label,
        }
    }

    /// Whether all pods of the set that have this label have the same value.
    pub fn is_shared(&self, key: &str) -> bool {
        match (self.maker, self.get(key)) {
            (_, Label::Unique) => false,
            (PodMaker::Template, _) | (_, Label::Absent) => true,
            (PodMaker::Unknown, _) if OF_CONTROLLERS.contains(&key) => true,
            (PodMaker::Unknown | PodMaker::User, _) => self.identifies(key),
        }
    }

    fn identifies(&self, key: &str) -> bool {
        if key == TYPE {
            return true;
        }
        let (set, template, workload) = self.source;
        let labels = self.identity.get_or_init(|| identity(set, template, workload));
        labels.iter().flatten().any(|(name, _)| *name == key)
    }

    /// The value of one label.
    pub fn get(&self, key: &str) -> Label<'_> {
        if UNIQUE.contains(&key) {
            return Label::Unique;
        }
        if let Some((_, value)) = self.system.iter().flatten().find(|(name, _)| *name == key) {
            return Label::Value(value);
        }
        match self.given().get(key) {
            Some(Some(value)) => return Label::Value(value),
            Some(None) => return Label::Later,
            None => {}
        }
        match self.own.and_then(|own| own.get(key)).and_then(Value::as_str) {
            Some(value) => Label::Value(value),
            None if !self.is_pod && OF_CONTROLLERS.contains(&key) => Label::Later,
            None => Label::Absent,
        }
    }

    fn given(&self) -> &BTreeMap<String, Option<String>> {
        self.given.get_or_init(|| {
            let entries = self
                .options
                .map(|(workload, option)| map_entries(&workload.config, option))
                .unwrap_or_default();
            let mut given: BTreeMap<String, Option<String>> = BTreeMap::new();
            for entry in entries {
                let value = Some(entry.value);
                // If the key is written twice, it is undefined which value counts.
                given
                    .entry(entry.key)
                    .and_modify(|known| {
                        *known = known.take().filter(|first| value.as_ref() == Some(first))
                    })
                    .or_insert(value);
            }
            given
        })
    }

    /// The labels by key, for an index of many pods.
    pub fn indexed(&self) -> IndexedPods {
        let own = self.own.into_iter().flatten();
        let text = |value: &Value| Some(value.as_str()?.to_owned());
        let mut labels: BTreeMap<_, _> =
            own.filter_map(|(key, value)| Some((key.clone(), Some(text(value)?)))).collect();
        labels.extend(self.given().iter().map(|(key, value)| (key.clone(), value.clone())));
        let system = self.system.iter().flatten();
        labels.extend(system.map(|(key, value)| ((*key).to_owned(), Some((*value).to_owned()))));
        IndexedPods { labels, is_pod: self.is_pod, ..IndexedPods::default() }
    }
}

/// The value of one label of indexed pods, as [`PodLabels::get`] has it.
pub fn indexed_label<'a>(pods: &'a IndexedPods, key: &str) -> Label<'a> {
    if UNIQUE.contains(&key) {
        return Label::Unique;
    }
    match pods.labels.get(key) {
        Some(Some(value)) => Label::Value(value),
        Some(None) => Label::Later,
        None if !pods.is_pod && OF_CONTROLLERS.contains(&key) => Label::Later,
        None => Label::Absent,
    }
}

/// Whether controllers may add a label, so that pods without it may get it.
pub fn may_be_added(key: &str) -> bool {
    UNIQUE.contains(&key) || OF_CONTROLLERS.contains(&key)
}

/// The cluster's name in the label `app`. Blue and green are alike, so one represents both.
fn clusters(workload: &Workload) -> &str {
    workload.children.first().unwrap_or(&workload.cluster)
}

/// The labels that only this cluster's pods of this role have: those of Flink, of a chart or of
/// another operator, or else all labels in the template. `None` if they have none, or if a child
/// object will set them: blue and green are separated individually.
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
    // Spotify's operator labels every application `flink` and has a second label for the cluster.
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
    fn operator_labels_override_options_and_the_template() {
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
    fn pods_are_identified_by_known_or_own_labels() {
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
