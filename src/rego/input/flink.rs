//! `input.flink`: the workload without its pods and sizes.

use super::Path;
use super::memory::Memory;
use super::pods::PodSet;
use super::size::Size;
use crate::flink::Workload;
use crate::flink::map_options::map_list;
use crate::flink::values::Pairs;
use crate::resource::pointer;
use crate::rules::Subject;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Variants of one toleration; more than anyone writes.
const MOST_VARIANTS: usize = 16;

/// What an object makes Kubernetes run.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FlinkInput<'a> {
    /// What starts the pods: `operator` (Apache Flink Kubernetes Operator), `native` (Flink's
    /// native Kubernetes mode), `spotify`, `lyft`, `standalone` (plain manifests) or `none` (no
    /// Flink).
    pub engine: &'static str,
    /// Who creates TaskManagers: `native` (the JobManager, on demand), `standalone` (Kubernetes, a
    /// fixed number); null without Flink.
    pub mode: Option<&'static str>,
    /// The Flink cluster's id; empty where it is unknown.
    pub cluster: &'a str,
    /// Names of the clusters that the operator makes of this object, if not its own name: blue and
    /// green.
    pub children: &'a [String],
    /// The Flink version that the object names, such as `v1_20`; null where it names none.
    pub version: Option<String>,
    /// The role of the pods if the object has one set of them: `jobManager`, `taskManager` or
    /// `other`; null otherwise.
    pub role: Option<&'static str>,
    /// Number of jobs that the object declares; 0 for a session cluster.
    pub jobs: u64,
    /// Whether the object is a custom resource that declares a whole Flink cluster.
    pub declares_cluster: bool,
    /// `spec.job.upgradeMode`: `stateless`, `last-state` or `savepoint`; null without a job.
    pub upgrade_mode: Option<&'a str>,
    /// The sets of pods.
    pub pods: Vec<PodSet<'a>>,
    /// Flink's configuration as Flink sees it: option to value, one flat key an option. Fields of
    /// the object that stand for options are included.
    pub config: BTreeMap<&'a str, &'a str>,
    /// Where the object holds options, such as `["spec", "flinkConfiguration"]`.
    pub config_path: Path<'a>,
    /// Tolerations that options give pods (`kubernetes.taskmanager.tolerations`).
    pub tolerations: Vec<OptionToleration<'a>>,
    /// What Kubernetes is asked for.
    pub size: Size<'a>,
    /// Flink's memory breakdown by role.
    pub memory: Memory<'a>,
}

/// A toleration that an option gives pods.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OptionToleration<'a> {
    /// The option.
    pub key: &'static str,
    /// Where the option is, or would be.
    pub path: Path<'a>,
    /// The toleration: `key`, `operator`, `value`, `effect`.
    pub toleration: BTreeMap<String, String>,
}

impl<'a> FlinkInput<'a> {
    pub(super) fn of(subject: &'a Subject<'_>) -> Self {
        let workload = subject.workload;
        let role = match workload.pods.as_slice() {
            [only] => Some(only.role.as_str()),
            _ => None,
        };
        Self {
            engine: workload.engine.as_str(),
            mode: workload.mode.map(|mode| mode.as_str()),
            cluster: &workload.cluster,
            children: &workload.children,
            version: workload.version.map(|version| version.to_string()),
            role,
            jobs: workload.jobs,
            declares_cluster: workload.declares_cluster,
            upgrade_mode: upgrade_mode(workload, subject.object),
            pods: subject.pods.iter().map(|pods| PodSet::of(pods, subject.tenant)).collect(),
            config: workload.config.iter().map(|(key, entry)| (key, &*entry.value)).collect(),
            config_path: Path::new(
                workload.config_pointer.as_deref().unwrap_or("/spec/flinkConfiguration"),
            ),
            tolerations: tolerations(subject),
            size: Size::of(&workload.size),
            memory: Memory::of(&workload.size),
        }
    }
}

fn upgrade_mode<'a>(workload: &Workload, object: &'a Value) -> Option<&'a str> {
    let spec = pointer::parent(workload.config_pointer.as_deref()?)?;
    let job = pointer::at(object, spec)?.get("job").filter(|job| job.is_object())?;
    Some(job.get("upgradeMode").and_then(Value::as_str).unwrap_or("stateless"))
}

/// From `key:k,operator:Exists;key:…`.
fn tolerations<'a>(subject: &'a Subject<'_>) -> Vec<OptionToleration<'a>> {
    let mut found = Vec::new();
    for key in ["kubernetes.jobmanager.tolerations", "kubernetes.taskmanager.tolerations"] {
        let Some((entry, maps)) = map_list(&subject.workload.config, key) else { continue };
        for toleration in maps.into_iter().flat_map(variants) {
            found.push(OptionToleration {
                key,
                path: Path::new(subject.option_place(key, entry)),
                toleration,
            });
        }
    }
    found
}

/// What Flink may read as one toleration: it takes `Key` for `key`, and either of two values.
fn variants(fields: Pairs) -> Vec<BTreeMap<String, String>> {
    let (mut first, mut others) = (BTreeMap::<String, String>::new(), Vec::new());
    for (key, value) in fields {
        let key = key.to_ascii_lowercase();
        if first.get(&key).is_some_and(|other| *other != value) && others.len() < MOST_VARIANTS {
            others.push((key, value));
        } else {
            first.insert(key, value);
        }
    }
    let others: Vec<_> = others
        .into_iter()
        .map(|field| first.clone().into_iter().chain([field]).collect())
        .collect();
    std::iter::once(first).chain(others).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn read(option: &str) -> Vec<BTreeMap<String, String>> {
        crate::flink::values::list_of_map_pairs(option).into_iter().flat_map(variants).collect()
    }

    fn toleration(fields: &[(&str, &str)]) -> BTreeMap<String, String> {
        fields.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect()
    }

    #[test]
    fn tolerations_are_read_from_options() {
        let second = toleration(&[("key", "b"), ("value", "c"), ("effect", "NoSchedule")]);
        assert_eq!(read("key:a,operator:Exists;key:b,value:'c',effect:NoSchedule")[1], second);
    }

    #[test]
    fn a_field_in_two_spellings_gives_two_variants() {
        let variant = |key: &str| toleration(&[("key", key), ("operator", "Exists")]);
        assert_eq!(read("key:flink,Operator:Exists,Key:gpu"), [variant("flink"), variant("gpu")]);
    }
}
