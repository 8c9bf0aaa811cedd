//! Which plugins for file systems a pod's Flink has in addition to those that its image enables.

use super::config::Entry;
use super::file_systems::{ENABLE_PLUGINS, is_flinks_own};
use super::kinds::is_started_by_entrypoint;
use super::pods::{Container, Pods};
use super::{Engine, Role, Workload};
use crate::resource::fields::{elements, text};
use crate::resource::{pointer, steps};
use serde_json::Value;

/// Folders of the image that bring classes to Flink.
const CLASSES: [&str; 3] = ["/opt/flink/plugins", "/opt/flink/lib", "/opt/flink/opt"];

/// Variables that bring classes to Flink, or move its folders.
const CLASS_VARIABLES: [&str; 5] =
    ["FLINK_HOME", "FLINK_LIB_DIR", "FLINK_OPT_DIR", "FLINK_PLUGINS_DIR", "HADOOP_CLASSPATH"];

/// What is known of the plugins of a container that runs Flink's own image.
#[derive(Debug)]
pub struct EnabledPlugins<'a> {
    /// The container.
    pub container: &'a Container<'a>,
    /// The value of the variable that enables plugins; empty if it is not set.
    pub value: &'a str,
    source: Source<'a>,
}

/// What sets the variable.
#[derive(Debug)]
enum Source<'a> {
    Unset,
    /// The variable of the container with this index.
    Variable(usize),
    Option(&'a str, &'a Entry),
}

impl EnabledPlugins<'_> {
    /// JSON Pointer of the variable's value; `None` if nothing known sets it.
    pub fn place(&self, pods: &Pods<'_>) -> Option<String> {
        match &self.source {
            Source::Unset => None,
            Source::Variable(index) => {
                let Container { kind, index: container, .. } = self.container;
                Some(pods.place(format!("/spec/{kind}/{container}/env/{index}/value")))
            }
            Source::Option(_, entry) => entry.pointer.clone(),
        }
    }

    /// The option that sets the variable.
    pub fn option(&self) -> Option<&str> {
        if let Source::Option(key, _) = &self.source { Some(key) } else { None }
    }
}

/// The plugins of Flink's container in these pods; `None` where its image is another one, or where
/// something else may bring plugins: an init container, a volume, a script.
pub fn enabled_plugins<'a>(
    pods: &'a Pods<'_>,
    workload: &'a Workload,
) -> Option<EnabledPlugins<'a>> {
    let container = pods.containers.iter().find(|container| container.main)?;
    container.image.reference?;
    let is_own = container.image.parsed.as_ref().is_some_and(is_flinks_own);
    let has_others = !elements(pods.spec(), "initContainers").is_empty();
    let spec = container.spec.unwrap_or(&Value::Null);
    if !is_own || has_others || brings_classes(spec) || runs_script(spec, workload) {
        return None;
    }
    let (mut value, mut source) = ("", Source::Unset);
    for (index, variable) in elements(spec, "env").iter().enumerate() {
        match text(variable, "name") {
            ENABLE_PLUGINS => {
                // A value from elsewhere is not known.
                value = variable.get("value")?.as_str()?;
                source = Source::Variable(index);
            }
            name if CLASS_VARIABLES.contains(&name) => return None,
            _ => steps::step(),
        }
    }
    let option = match pods.set.role {
        Role::JobManager => "containerized.master.env.ENABLE_BUILT_IN_PLUGINS",
        _ => "containerized.taskmanager.env.ENABLE_BUILT_IN_PLUGINS",
    };
    // Flink appends its variables to those of the container: the last one counts.
    if let Some(entry) = workload.config.exact(option) {
        value = &entry.value;
        source = Source::Option(option, entry);
    }
    // A variable in the value is filled in by the kubelet.
    (!value.contains('$')).then_some(EnabledPlugins { container, value, source })
}

/// Whether a container has classes from volumes, or variables that are not known.
fn brings_classes(container: &Value) -> bool {
    let is_of_classes = |mount: &Value| {
        let path = text(mount, "mountPath").trim_end_matches('/');
        let is_below = |inner: &str, outer: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        CLASSES.iter().any(|folder| is_below(path, folder) || is_below(folder, path))
    };
    elements(container, "volumeMounts").iter().any(is_of_classes)
        || !elements(container, "envFrom").is_empty()
        || pointer::at(container, "/lifecycle/postStart").is_some()
}

/// Whether a container of a plain manifest starts something else than the image's entrypoint with a
/// process of Flink. Operators and native mode write the command themselves.
fn runs_script(container: &Value, workload: &Workload) -> bool {
    workload.engine == Engine::Standalone && !is_started_by_entrypoint(container)
}
