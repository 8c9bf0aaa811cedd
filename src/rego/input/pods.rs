//! `input.flink.pods`.

use super::Path;
use crate::flink::pods::{Container, ContainerImage, Pods};
use crate::tenant::PreparedTenant;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::sync::LazyLock;

/// Stands for a template or container that the object does not have.
static EMPTY: LazyLock<Value> = LazyLock::new(|| Value::Object(serde_json::Map::new()));

/// Pods that are alike: one role, one template.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PodSet<'a> {
    /// `jobManager`, `taskManager` or `other`.
    pub role: &'static str,
    /// Number of pods.
    pub replicas: u64,
    /// Where the template is in the object, such as `["spec", "taskManager", "podTemplate"]`; empty
    /// for a pod.
    pub path: Path<'a>,
    /// Index in the template's `spec.containers` of the container that runs Flink; null where the
    /// template has none.
    pub main: Option<usize>,
    /// The service account that the pods run as.
    pub service_account: ServiceAccount<'a>,
    /// The pod template: `metadata` and `spec`. Where the operator merges two templates, the result.
    pub template: &'a Value,
    /// All containers, init containers and ephemeral containers. Where the operator adds Flink's
    /// container, it is included.
    pub containers: Vec<PodContainer<'a>>,
}

/// A service account and the field that names it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ServiceAccount<'a> {
    /// Its name; `default` where the object names none.
    pub name: &'a str,
    /// The field or option that names it, or would.
    pub path: Path<'a>,
}

/// One container of a pod.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PodContainer<'a> {
    /// The list that holds it: `containers`, `initContainers` or `ephemeralContainers`.
    pub kind: &'static str,
    /// Its index in the list.
    pub index: usize,
    /// Its name.
    pub name: &'a str,
    /// Whether it runs Flink.
    pub main: bool,
    /// Where it is, or would be, in the object.
    pub path: Path<'a>,
    /// The image that it runs.
    pub image: Image<'a>,
    /// The container as the template has it; empty where the operator adds it.
    pub spec: &'a Value,
}

/// An image reference and its parts.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Image<'a> {
    /// The reference as written; empty for Flink's default image.
    pub text: &'a str,
    /// The field or option that names it, or would.
    pub path: Path<'a>,
    /// Registry, such as `docker.io`; null if the reference is invalid.
    pub registry: Option<&'a str>,
    /// Repository, such as `library/flink`; null if the reference is invalid.
    pub repository: Option<&'a str>,
    /// Tag; null without one.
    pub tag: Option<&'a str>,
    /// Digest; null without one.
    pub digest: Option<&'a str>,
    /// Whether the reference may name another image tomorrow: `latest` or neither tag nor digest.
    pub floating: bool,
    /// Whether a container runtime can pull such a reference.
    pub valid: bool,
    /// Whether it matches the tenant's `security.images.allow`; true where the tenant has no list.
    pub allowed: bool,
}

impl<'a> PodSet<'a> {
    pub(super) fn of(pods: &'a Pods<'a>, tenant: &PreparedTenant) -> Self {
        let place = pods.set.path();
        let containers = pods.containers.iter();
        Self {
            role: pods.set.role.as_str(),
            replicas: pods.set.replicas,
            path: Path::new(place),
            main: pods.set.main_container,
            service_account: ServiceAccount {
                name: pods.account.name,
                path: Path::new(&*pods.account.place),
            },
            // An object even where there is none, so that policies can look into it.
            template: if pods.template.is_object() { pods.template } else { &EMPTY },
            containers: containers
                .map(|container| PodContainer::of(container, place, tenant))
                .collect(),
        }
    }
}

impl<'a> PodContainer<'a> {
    fn of(container: &'a Container<'a>, base: &str, tenant: &PreparedTenant) -> Self {
        Self {
            kind: container.kind,
            index: container.index,
            name: container.name,
            main: container.main,
            path: Path::new(container.place(base)),
            image: Image::of(&container.image, tenant),
            spec: container.spec.unwrap_or(&EMPTY),
        }
    }
}

impl<'a> Image<'a> {
    fn of(image: &'a ContainerImage<'a>, tenant: &PreparedTenant) -> Self {
        let parsed = image.parsed.as_ref();
        let allow = tenant.spec.security.images.allow.as_ref();
        Self {
            text: image.text(),
            path: Path::new(&*image.place),
            registry: parsed.map(|image| &*image.registry),
            repository: parsed.map(|image| &*image.repository),
            tag: parsed.and_then(|image| image.tag),
            digest: image.digest(),
            floating: image.is_floating(),
            valid: parsed.is_some(),
            allowed: allow.is_none_or(|allow| image.is_from(allow.iter().map(String::as_str))),
        }
    }
}
