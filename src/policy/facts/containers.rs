//! `pods[].containers`: all containers of a pod in one flat list, each with its place and its image.

use super::image::image;
use super::{as_text, elements, extended, get, object, path};
use crate::flink::config::{Entry, FlinkConfig};
use crate::flink::workload::MAIN_CONTAINER;
use crate::flink::{Engine, PodSet, Role, Workload};
use crate::resource::pointer;
use regorus::Value;

const KINDS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// An image that the object's own field or Flink's configuration gives the main container, whatever the template says.
struct Given {
    reference: Option<String>,
    path: Value,
}

/// The containers of a pod set, whose converted template is given. Where the operator will add the main container
/// by itself, that stands last among `containers`, with an empty `spec`.
pub fn containers(
    set: &PodSet,
    template: &Value,
    base: &[Value],
    workload: &Workload,
    object_: &serde_json::Value,
    tenant: &Value,
) -> Value {
    // Only for a custom resource: a pod's own image is what runs, whatever its labels and arguments say.
    let by_operator = is_made_by_operator(set, workload);
    let given = by_operator.then(|| given_image(&workload.config, workload.config_pointer.as_deref(), object_));
    let mut list = Vec::new();
    let mut has_main = false;
    for kind in KINDS {
        let specs = elements(get(template, &["spec", kind]));
        for (index, spec) in specs.iter().enumerate() {
            let name = as_text(&spec["name"]).unwrap_or_default();
            let main = kind == "containers" && set.main_container.map_or(by_operator && name == MAIN_CONTAINER, |main| main == index);
            has_main |= main;
            let given = given.as_ref().filter(|_| main);
            list.push(container((kind, index), name, spec.clone(), main, base, given, tenant));
        }
        if kind == "containers" && by_operator && !has_main {
            list.push(container((kind, specs.len()), MAIN_CONTAINER, Value::new_object(), true, base, given.as_ref(), tenant));
        }
    }
    Value::from(list)
}

/// Whether the operator makes these pods of a custom resource of its own, and sees to their main container.
pub fn is_made_by_operator(set: &PodSet, workload: &Workload) -> bool {
    workload.declares_cluster && workload.engine == Engine::Operator && set.role != Role::Other
}

fn container(
    (kind, index): (&str, usize),
    name: &str,
    spec: Value,
    main: bool,
    base: &[Value],
    given: Option<&Given>,
    tenant: &Value,
) -> Value {
    let index_token = index.to_string();
    let own = as_text(&spec["image"]).map(str::to_owned);
    let (reference, at) = match given {
        Some(Given { reference: Some(reference), path }) => (Some(reference.clone()), path.clone()),
        Some(Given { reference: None, path }) if own.is_none() => (None, path.clone()),
        _ => (own, extended(base, ["spec", kind, &index_token, "image"])),
    };
    object([
        ("kind", Value::from(kind)),
        ("index", Value::from(index)),
        ("name", Value::from(name)),
        ("main", Value::Bool(main)),
        ("path", extended(base, ["spec", kind, &index_token])),
        ("image", image(reference.as_deref(), at, tenant)),
        ("spec", spec),
    ])
}

/// `spec.image`, or the option that stands for it; both beat the template's image.
fn given_image(config: &FlinkConfig, config_pointer: Option<&str>, object: &serde_json::Value) -> Given {
    let spec = config_pointer.and_then(pointer::parent).unwrap_or("/spec");
    let field = format!("{spec}/image");
    let (reference, at) = match pointer::at(object, &field).and_then(serde_json::Value::as_str).filter(|image| !image.is_empty()) {
        Some(image) => (Some(image.to_owned()), field),
        None => match config.first(&["kubernetes.container.image.ref", "kubernetes.container.image"]) {
            Some((_, Entry { value, pointer })) => (Some(value.clone()), pointer.clone().unwrap_or(field)),
            None => (None, field),
        },
    };
    Given { reference, path: Value::from(path(&at)) }
}
