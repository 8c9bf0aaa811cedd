//! Random objects: real requests of users and operators, changed in fields that injectors read.

use super::manifests::{created, read};
use super::seeded::Seeded;
use flinkgate::flink::FlinkContext;
use flinkgate::flink::context::OperatorDefaults;
use flinkgate::kinds::lower;
use flinkgate::resource::Resource;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// An object and its source.
pub type Named = (String, Resource);

/// All created objects of the recordings and the examples whose kind is lowered.
pub fn bases() -> Vec<Named> {
    let whole = created().into_iter().filter(|(_, resource)| resource.sub_resource.is_none());
    let named = |(number, (file, resource)): (usize, (PathBuf, Resource))| {
        (format!("{} {number}", file.file_name().unwrap().to_string_lossy()), resource)
    };
    let mut found: Vec<Named> = whole.enumerate().map(named).collect();
    found.retain(|(_, resource)| lower(resource, &resource.object).is_some());
    for (_, resource) in &mut found {
        let metadata = resource.object["metadata"].as_object_mut().unwrap();
        metadata.remove("managedFields");
        // kubectl stores a copy of the object there.
        metadata.remove("annotations");
    }
    found
}

/// The kinds of these objects.
pub fn kinds(objects: &[Named]) -> BTreeSet<&str> {
    objects.iter().map(|(_, resource)| resource.kind.kind.as_str()).collect()
}

/// Values that a user may write.
pub struct UserEdits(Value);

impl UserEdits {
    /// Reads the values.
    pub fn load() -> Self {
        Self(read("tests/data/convergence/objects.yaml"))
    }

    /// The object with some values changed.
    pub fn on(&self, base: &Resource, dice: &mut Seeded) -> Resource {
        let mut resource = base.clone();
        let (templates, spec) = places(&resource.kind.kind);
        if resource.kind.kind == "ConfigMap" {
            self.edit_files(&mut resource.object, dice);
        }
        if let Some(spec) = spec {
            for _ in 0..dice.below(3) {
                let (field, value) = self.pick("fields", dice);
                write(&mut resource.object, &format!("{spec}/{field}"), value);
            }
            for _ in 0..dice.below(3) {
                let options = self.0["options"].as_array().unwrap();
                let options = options[dice.below(options.len())].as_object().unwrap().clone();
                let place = at(&mut resource.object, &format!("{spec}/flinkConfiguration"));
                as_object(place).extend(options);
            }
        }
        for _ in 0..dice.below(7) {
            let template = templates.get(dice.below(templates.len().max(1))).copied();
            if let Some(template) = template {
                self.edit(&mut resource.object, template, spec.is_some(), dice);
            }
        }
        resource
    }

    /// Changes lines of Flink's files in a ConfigMap.
    fn edit_files(&self, object: &mut Value, dice: &mut Seeded) {
        let lines = self.0["lines"].as_array().unwrap();
        for key in ["config.yaml", "flink-conf.yaml"] {
            let Some(text) = object["data"].get(key).and_then(Value::as_str) else { continue };
            let mut text = text.to_owned();
            for _ in 0..dice.below(4) {
                let line = lines[dice.below(lines.len())].as_str().unwrap();
                text = if dice.below(2) == 0 { format!("{line}{text}") } else { text + line };
            }
            object["data"][key] = text.into();
        }
    }

    /// The operator's default configuration, which is often empty.
    pub fn context(&self, dice: &mut Seeded) -> FlinkContext {
        let defaults = self.0["operator"].as_array().unwrap();
        let defaults = &defaults[dice.below(defaults.len())];
        if defaults.is_null() {
            return FlinkContext::default();
        }
        FlinkContext::default()
            .with_operator(OperatorDefaults::parse(&defaults.to_string()).unwrap())
    }

    fn edit(
        &self,
        object: &mut Value,
        template: &str,
        may_lack_containers: bool,
        dice: &mut Seeded,
    ) {
        match dice.below(if may_lack_containers { 7 } else { 6 }) {
            0 | 1 => {
                let (field, value) = self.pick("template", dice);
                let place = at(object, &format!("{template}/{field}"));
                // A pod's labels identify it.
                if field.starts_with("metadata") {
                    as_object(place).extend(value.as_object().unwrap().clone())
                } else {
                    *place = value
                }
            }
            2 | 3 => {
                let (field, value) = self.pick("elements", dice);
                append(at(object, &format!("{template}/{field}")), value);
            }
            4 | 5 => {
                let (field, value) = self.pick("container", dice);
                let containers = as_array(at(object, &format!("{template}/spec/containers")));
                if containers.is_empty() {
                    containers.push(json!({"name": "flink-main-container"}));
                }
                let index = dice.below(containers.len());
                let place = &mut containers[index][&field];
                match value {
                    Value::Array(elements) => {
                        elements.into_iter().for_each(|element| append(place, element))
                    }
                    value => *place = value,
                }
            }
            _ => *at(object, template) = Value::Null,
        }
    }

    fn pick(&self, section: &str, dice: &mut Seeded) -> (String, Value) {
        let fields = self.0[section].as_object().unwrap();
        let (field, values) = fields.iter().nth(dice.below(fields.len())).unwrap();
        let values = values.as_array().unwrap();
        (field.clone(), values[dice.below(values.len())].clone())
    }
}

/// The places of a kind's pod templates, and of its FlinkDeployment spec.
fn places(kind: &str) -> (&'static [&'static str], Option<&'static str>) {
    match kind {
        "Pod" => (&[""], None),
        "Deployment" | "StatefulSet" | "Job" => (&["/spec/template"], None),
        "CronJob" => (&["/spec/jobTemplate/spec/template"], None),
        "FlinkDeployment" => (
            &["/spec/podTemplate", "/spec/jobManager/podTemplate", "/spec/taskManager/podTemplate"],
            Some("/spec"),
        ),
        "FlinkBlueGreenDeployment" => (
            &[
                "/spec/template/spec/podTemplate",
                "/spec/template/spec/jobManager/podTemplate",
                "/spec/template/spec/taskManager/podTemplate",
            ],
            Some("/spec/template/spec"),
        ),
        _ => (&[], None),
    }
}

/// A place of an object, created if it is missing.
fn at<'v>(object: &'v mut Value, pointer: &str) -> &'v mut Value {
    pointer
        .split('/')
        .skip(1)
        .fold(object, |value, key| as_object(value).entry(key).or_insert(Value::Null))
}

fn write(object: &mut Value, pointer: &str, value: Value) {
    *at(object, pointer) = value;
}

fn as_object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = json!({});
    }
    value.as_object_mut().unwrap()
}

/// A list, created if there is none.
pub fn as_array(value: &mut Value) -> &mut Vec<Value> {
    if !value.is_array() {
        *value = json!([]);
    }
    value.as_array_mut().unwrap()
}

/// Appends an element unless one with its name or path exists.
pub fn append(list: &mut Value, element: Value) {
    let list = as_array(list);
    let same = |key: &str| {
        element.get(key).is_some_and(|own| list.iter().any(|other| other.get(key) == Some(own)))
    };
    let taken = if element.get("mountPath").is_some() {
        same("mountPath")
    } else {
        same("name") || list.contains(&element)
    };
    if !taken {
        list.push(element);
    }
}
