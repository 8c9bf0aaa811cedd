//! Lists all containers of a pod, each with its place and image.

use super::image::ContainerImage;
use crate::flink::config::FlinkConfig;
use crate::flink::workload::MAIN_CONTAINER;
use crate::flink::{Engine, PodSet, Role, Workload};
use crate::resource::pointer;
use serde_json::Value;
use std::borrow::Cow;

/// The lists of containers in a pod spec.
pub const CONTAINER_LISTS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// One container of a pod.
#[derive(Debug)]
pub struct Container<'a> {
    /// The list that holds it: `containers`, `initContainers` or `ephemeralContainers`.
    pub kind: &'static str,
    /// Its index in that list.
    pub index: usize,
    /// Its name; empty if it has none.
    pub name: &'a str,
    /// Whether it runs Flink.
    pub main: bool,
    /// Its value in the template; `None` if the operator adds it.
    pub spec: Option<&'a Value>,
    /// Its image.
    pub image: ContainerImage<'a>,
}

impl Container<'_> {
    /// JSON Pointer of the container for a pod template at `base`; the container may be missing.
    pub fn place(&self, base: &str) -> String {
        place(base, self.kind, self.index)
    }

    /// Whether it runs Flink's image, as [`flinks_image`] finds it: the main container does, and a
    /// container that prepares files for it may.
    pub fn runs(&self, flinks_image: Option<&str>) -> bool {
        self.main || flinks_image.is_some_and(|image| self.image.text() == image)
    }
}

/// The image of the container that runs Flink; of the first one where none is known to.
pub fn flinks_image<'c>(containers: &'c [Container<'_>]) -> Option<&'c str> {
    let main = containers.iter().find(|container| container.main).or(containers.first());
    main.map(|main| main.image.text()).filter(|image| !image.is_empty())
}

/// The containers of a pod set. A main container that the operator adds is the last one of
/// `containers` and has no value.
pub fn containers<'a>(
    set: &'a PodSet,
    template: &'a Value,
    workload: &'a Workload,
    root: &'a Value,
) -> Vec<Container<'a>> {
    // Only for a custom resource: a Pod runs its own image, whatever its labels and arguments are.
    let by_operator = is_made_by_operator(set, workload);
    let given = || given_image(&workload.config, workload.config_pointer.as_deref(), root);
    let mut list = Vec::new();
    let mut has_main = false;
    for kind in CONTAINER_LISTS {
        let specs = template
            .get("spec")
            .and_then(|spec| spec.get(kind))
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        for (index, spec) in specs.iter().enumerate() {
            let name = spec.get("name").and_then(Value::as_str).unwrap_or_default();
            let main = kind == "containers"
                && set
                    .main_container
                    .map_or(by_operator && name == MAIN_CONTAINER, |main| main == index);
            has_main |= main;
            let own = spec.get("image").and_then(Value::as_str);
            let image = match (by_operator && main).then(given) {
                Some((Some(reference), place)) => ContainerImage::of(Some(reference), place),
                Some((None, place)) if own.is_none() => ContainerImage::of(None, place),
                _ => ContainerImage::of(own, format!("{}/image", place(set.path(), kind, index))),
            };
            list.push(Container { kind, index, name, main, spec: Some(spec), image });
        }
        if kind == "containers" && by_operator && !has_main {
            let (reference, place) = given();
            list.push(Container {
                kind,
                index: specs.len(),
                name: MAIN_CONTAINER,
                main: true,
                spec: None,
                image: ContainerImage::of(reference, place),
            });
        }
    }
    list
}

/// Whether the operator creates these pods from a custom resource and manages their main container.
pub fn is_made_by_operator(set: &PodSet, workload: &Workload) -> bool {
    workload.declares_cluster && workload.engine == Engine::Operator && set.role != Role::Other
}

fn place(base: &str, kind: &str, index: usize) -> String {
    format!("{base}/spec/{kind}/{index}")
}

/// `spec.image` or the corresponding option, with its place; both override the template's image.
fn given_image<'a>(
    config: &'a FlinkConfig,
    config_pointer: Option<&str>,
    root: &'a Value,
) -> (Option<&'a str>, Cow<'a, str>) {
    let spec = config_pointer.and_then(pointer::parent).unwrap_or("/spec");
    let field = format!("{spec}/image");
    if let Some(image) =
        pointer::at(root, &field).and_then(Value::as_str).filter(|image| !image.is_empty())
    {
        return (Some(image), field.into());
    }
    match config.first(&["kubernetes.container.image.ref", "kubernetes.container.image"]) {
        Some((_, entry)) => {
            let place = entry.pointer.as_deref().map_or(field.into(), Cow::Borrowed);
            (Some(&entry.value), place)
        }
        None => (None, field.into()),
    }
}
