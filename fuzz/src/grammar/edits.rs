//! Real objects with changes: those of the examples and of recorded requests, with values that users
//! write (`tests/data/convergence/objects.yaml`), and with parts removed, doubled or of another type.

use super::tenants::{NAMESPACES, read, root};
use super::{Choices, values, wrap};
use flinkgate::admission::review::Review;
use flinkgate::kinds;
use flinkgate::resource::{Operation, Resource, yaml};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

static BASES: LazyLock<Vec<Resource>> = LazyLock::new(bases);
static PARTS: LazyLock<Value> = LazyLock::new(|| read("tests/data/convergence/objects.yaml"));

/// The body of an AdmissionReview about a changed object.
pub fn edited(data: &[u8]) -> Vec<u8> {
    let mut choices = Choices::new(data);
    let base = &BASES[choices.below(BASES.len())];
    let namespace = choices.of(&NAMESPACES);
    let mut object = base.object.clone();
    object["metadata"]["namespace"] = namespace.into();
    let old = object.clone();
    let (templates, spec) = places(&base.kind.kind);
    for _ in 0..choices.below(8) {
        edit(&mut object, templates, spec, &mut choices);
    }
    // Names are no secrets.
    let has_name = object["metadata"].get("name").and_then(Value::as_str);
    if has_name.is_none_or(|name| name.contains(values::CANARY)) {
        as_object(&mut object["metadata"]).insert("name".into(), "etl".into());
    }
    let operation = choices.of(&["CREATE", "CREATE", "UPDATE"]);
    let old = if operation == "UPDATE" { old } else { Value::Null };
    let row = kinds::of(&base.kind).unwrap();
    wrap(row, namespace, operation, "", object, old, &mut choices)
}

fn bases() -> Vec<Resource> {
    let mut found = Vec::new();
    for folder in ["examples/manifests", "tests/data/kinds"] {
        for file in files(&root().join(folder), "yaml") {
            let documents = yaml::parse(&fs::read_to_string(file).unwrap());
            let values = documents.into_iter().filter_map(|document| document.value);
            found.extend(values.map(|value| Resource::from_manifest(value).unwrap()));
        }
    }
    for file in files(&root().join("tests/data/recorded"), "json") {
        let resource = Review::parse(&fs::read(file).unwrap()).unwrap().resource().unwrap();
        if resource.operation == Operation::Create && resource.sub_resource.is_none() {
            found.push(resource);
        }
    }
    found.retain(|resource| kinds::lower(resource, &resource.object).is_some());
    for resource in &mut found {
        let metadata = resource.object["metadata"].as_object_mut().unwrap();
        metadata.remove("managedFields");
    }
    assert!(found.len() > 20);
    found
}

/// The files of a folder and of the folders in it, in one order everywhere.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|own| own == extension) {
            found.push(path);
        }
    }
    found
}

/// The places of a kind's pod templates, and the place with its `flinkConfiguration`.
fn places(kind: &str) -> (&'static [&'static str], Option<&'static str>) {
    match kind {
        "Pod" => (&[""], None),
        "FlinkDeployment" => (
            &["/spec/podTemplate", "/spec/jobManager/podTemplate", "/spec/taskManager/podTemplate"],
            Some("/spec"),
        ),
        "FlinkBlueGreenDeployment" => (
            &["/spec/template/spec/podTemplate", "/spec/template/spec/taskManager/podTemplate"],
            Some("/spec/template/spec"),
        ),
        "FlinkSessionJob" => (&[], Some("/spec")),
        "CronJob" => (&["/spec/jobTemplate/spec/template"], None),
        "Deployment" | "StatefulSet" | "Job" => (&["/spec/template"], None),
        _ => (&[], None),
    }
}

fn edit(object: &mut Value, templates: &[&str], spec: Option<&str>, choices: &mut Choices<'_>) {
    match choices.below(7) {
        0 if spec.is_some() => {
            let (field, value) = pick("fields", choices);
            *at(object, &format!("{}/{field}", spec.unwrap())) = value;
        }
        1 | 2 if spec.is_some() => {
            let place = at(object, &format!("{}/flinkConfiguration", spec.unwrap()));
            let more = if choices.often() {
                values::options(choices)
            } else {
                let known = PARTS["options"].as_array().unwrap();
                known[choices.below(known.len())].clone()
            };
            as_object(place).extend(more.as_object().unwrap().clone());
        }
        3 if !templates.is_empty() => {
            let (field, value) = pick("template", choices);
            *at(object, &format!("{}/{field}", choices.of(templates))) = value;
        }
        4 if !templates.is_empty() => {
            let (field, value) = pick("elements", choices);
            let place = at(object, &format!("{}/{field}", choices.of(templates)));
            as_array(place).push(value);
        }
        5 if !templates.is_empty() => {
            let (field, value) = pick("container", choices);
            let place = at(object, &format!("{}/spec/containers", choices.of(templates)));
            let containers = as_array(place);
            if containers.is_empty() {
                containers.push(json!({"name": "flink-main-container"}));
            }
            let index = choices.below(containers.len());
            as_object(&mut containers[index]).insert(field, value);
        }
        _ => distort(object, choices),
    }
}

/// Removes a value, doubles it, or puts another one in its place.
fn distort(object: &mut Value, choices: &mut Choices<'_>) {
    let kept = ["apiVersion", "kind", "metadata"];
    let mut place = object;
    loop {
        let descends = choices.below(6) < 5;
        let is_empty = match &*place {
            Value::Object(fields) => fields.is_empty(),
            Value::Array(elements) => elements.is_empty(),
            _ => true,
        };
        if is_empty {
            *place = values::text(choices);
            return;
        }
        match place {
            Value::Object(fields) => {
                let name = fields.keys().nth(choices.below(fields.len())).cloned().unwrap();
                if kept.contains(&name.as_str()) && !descends {
                    return;
                }
                let leaf = !fields[&name].is_object() && !fields[&name].is_array();
                if leaf || !descends {
                    if kept[..2].contains(&name.as_str()) {
                        return;
                    }
                    match choices.below(3) {
                        0 => drop(fields.remove(&name)),
                        1 => drop(fields.insert(name, values::text(choices))),
                        _ => drop(fields.insert(name, values::value(choices))),
                    }
                    return;
                }
                place = &mut fields[&name];
            }
            Value::Array(elements) => {
                let index = choices.below(elements.len());
                let leaf = !elements[index].is_object() && !elements[index].is_array();
                if leaf || !descends {
                    match choices.below(3) {
                        0 => drop(elements.remove(index)),
                        1 => elements.push(elements[index].clone()),
                        _ => elements[index] = values::value(choices),
                    }
                    return;
                }
                place = &mut elements[index];
            }
            _ => return,
        }
    }
}

fn pick(section: &str, choices: &mut Choices<'_>) -> (String, Value) {
    let fields = PARTS[section].as_object().unwrap();
    let (field, values) = fields.iter().nth(choices.below(fields.len())).unwrap();
    let values = values.as_array().unwrap();
    (field.clone(), values[choices.below(values.len())].clone())
}

/// A place of an object, created if it is missing.
fn at<'v>(object: &'v mut Value, pointer: &str) -> &'v mut Value {
    let steps = pointer.split('/').skip(1);
    steps.fold(object, |value, key| as_object(value).entry(key).or_insert(Value::Null))
}

fn as_object(value: &mut Value) -> &mut serde_json::Map<String, Value> {
    if !value.is_object() {
        *value = json!({});
    }
    value.as_object_mut().unwrap()
}

fn as_array(value: &mut Value) -> &mut Vec<Value> {
    if !value.is_array() {
        *value = json!([]);
    }
    value.as_array_mut().unwrap()
}
