//! The check of fields against the API server that has the definitions: every mutation of valid
//! objects is refused by both or by none.
//!
//! The definitions are made from Flinkgate's own table. With those of the operators in a folder, as
//! `src/flink/schemas/README.md` describes, `FLINK_CRD_RELEASES=FOLDER` compares each release; the page
//! has the last result.

use super::support::wait::until;
use super::support::{ControlPlane, Options};
use flinkgate::flink::operator::version::OperatorVersion;
use flinkgate::flink::schemas;
use flinkgate::resource::{Resource, pointer, yaml};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const TABLE: &str = include_str!("../../src/flink/schemas/fields.tsv");

/// What the table leaves out, so that the API server alone refuses it: patterns, lengths, list keys,
/// names of finalizers, and `2.0` for the replicas that the scale sub-resource reads.
const LEFT_OUT: [&str; 6] = [
    "should match",
    "should be at least",
    "Duplicate value",
    "metadata.finalizers",
    "format",
    "accessor error",
];

/// Definitions of one release, by kind.
struct Release {
    name: String,
    /// The release in the table; without one, all are.
    version: Option<OperatorVersion>,
    definitions: BTreeMap<String, Value>,
}

fn releases() -> Vec<Release> {
    let given = std::env::var_os("FLINK_CRD_RELEASES").filter(|folder| !folder.is_empty());
    let Some(folder) = given else { return vec![of_table()] };
    let mut found = Vec::new();
    let mut folders: Vec<_> =
        walkdir::WalkDir::new(folder).min_depth(2).max_depth(2).into_iter().collect();
    folders.sort_by_key(|entry| entry.as_ref().unwrap().path().to_owned());
    for release in folders {
        let release = release.unwrap().into_path();
        let mut definitions = BTreeMap::new();
        for file in fs::read_dir(&release).unwrap() {
            let text = fs::read_to_string(file.unwrap().path()).unwrap();
            let definition = yaml::parse(&text).remove(0).value.unwrap();
            // No API server accepts those of before Kubernetes 1.16 any more.
            if definition["apiVersion"] == "apiextensions.k8s.io/v1" {
                let kind = definition["spec"]["names"]["kind"].as_str().unwrap().to_owned();
                definitions.insert(kind, definition);
            }
        }
        let name = release.file_name().unwrap().to_str().unwrap().to_owned();
        let version = OperatorVersion::parse(&name);
        found.push(Release { version, name, definitions });
    }
    found
}

/// Definitions of the newest release of each operator, made from the table.
fn of_table() -> Release {
    let is_header = |line: &&str| line.starts_with("operator\t") || line.starts_with("kind\t");
    let nodes: Vec<&str> = TABLE.lines().filter(|line| !is_header(line)).collect();
    let mut definitions = BTreeMap::new();
    for line in TABLE.lines().filter(|line| line.starts_with("kind\t")) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [_, _, group, version, kind, mask, root] = cells[..] else { panic!("{line}") };
        if version != "v1beta1" {
            continue;
        }
        let newest = 1 << (15 - u16::from_str_radix(mask, 16).unwrap().leading_zeros());
        let mut schema = schema_of(root, &nodes, newest);
        let properties = schema["properties"].as_object_mut().unwrap();
        properties.retain(|name, _| !["metadata", "apiVersion", "kind"].contains(&name.as_str()));
        let plural = format!("{}s", kind.to_lowercase());
        definitions.insert(kind.to_owned(), json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("{plural}.{group}")},
            "spec": {
                "group": group, "scope": "Namespaced", "names": {"kind": kind, "plural": plural},
                "versions": [{"name": version, "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}],
            },
        }));
    }
    let version = Some(OperatorVersion::Main);
    Release { name: "the table".into(), version, definitions }
}

fn schema_of(reference: &str, nodes: &[&str], release: u16) -> Value {
    let Some(letter) = reference.chars().next().filter(|first| !first.is_ascii_digit()) else {
        return schema_of_line(nodes[reference.parse::<usize>().unwrap()], nodes, release);
    };
    let rest = &reference[1..];
    match letter {
        's' => json!({"type": "string"}),
        'b' => json!({"type": "boolean"}),
        'q' => json!({"x-kubernetes-int-or-string": true}),
        'x' => json!({"x-kubernetes-preserve-unknown-fields": true}),
        'o' => json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true}),
        'l' => json!({"type": "array", "items": schema_of(rest, nodes, release)}),
        'm' => json!({"type": "object", "additionalProperties": schema_of(rest, nodes, release)}),
        'i' | 'n' => {
            let mut schema = json!({"type": if letter == 'i' { "integer" } else { "number" }});
            if let Some((low, high)) = rest.trim_matches(['[', ']']).split_once("..") {
                for (bound, name) in [(low, "minimum"), (high, "maximum")] {
                    if let Ok(bound) = bound.parse::<f64>() {
                        schema[name] = json!(bound);
                    }
                }
            }
            schema
        }
        other => panic!("{other}"),
    }
}

fn schema_of_line(line: &str, nodes: &[&str], release: u16) -> Value {
    let has = |mask: &str| u16::from_str_radix(mask, 16).unwrap() & release != 0;
    let mut cells = line.split('\t');
    let kind = cells.next().unwrap();
    if kind == "enum" {
        let words = cells.filter_map(|cell| match cell.split_once('@') {
            Some((word, mask)) => has(mask).then_some(word),
            None => Some(cell),
        });
        return json!({"type": "string", "enum": words.collect::<Vec<_>>()});
    }
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for cell in cells {
        let (name, rest) = cell.split_once(':').unwrap();
        let (rest, requires) = match rest.split_once('!') {
            Some((rest, mask)) => (rest, mask.is_empty() || has(mask)),
            None => (rest, false),
        };
        let (reference, is_there) = match rest.split_once('@') {
            Some((reference, mask)) => (reference, has(mask)),
            None => (rest, true),
        };
        if is_there {
            properties.insert(name.into(), schema_of(reference, nodes, release));
            required.extend(requires.then_some(name));
        }
    }
    let mut schema = json!({"type": "object", "properties": properties});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    if kind == "open" {
        schema["x-kubernetes-preserve-unknown-fields"] = json!(true);
    }
    schema
}

/// A definition in one of Kubernetes' own groups says that it is not Kubernetes' own.
fn approved(definition: &Value) -> String {
    let mut definition = definition.clone();
    definition["metadata"]["annotations"] = json!({"api-approved.kubernetes.io": "unapproved"});
    definition.to_string()
}

/// The object with one key renamed, one value of another type or one field less, each way once.
fn mutations(object: &Value) -> Vec<(String, Value)> {
    let mut places = Vec::new();
    for part in ["/spec", "/metadata/labels", "/metadata/annotations", "/metadata/finalizers"] {
        if let Some(value) = pointer::at(object, part) {
            collect(value, part.to_owned(), &mut places);
        }
    }
    let others = [
        json!(5),
        json!(2.0),
        json!(1.5),
        json!("text"),
        json!("7"),
        json!(true),
        json!([]),
        json!([null]),
        json!({}),
        json!({"a": null}),
        json!({"zz": 1}),
        Value::Null,
    ];
    let mut found = vec![("unchanged".into(), object.clone())];
    for place in &places {
        for other in &others {
            let mut changed = object.clone();
            *changed.pointer_mut(place).unwrap() = other.clone();
            found.push((format!("{place} = {other}"), changed));
        }
        let (parent, key) = place.rsplit_once('/').unwrap();
        let Some(Value::Object(_)) = pointer::at(object, parent) else { continue };
        let key = key.replace("~1", "/");
        for renamed in [None, Some(format!("{key}x")), Some(key.to_uppercase())] {
            let mut changed = object.clone();
            let Some(Value::Object(fields)) = changed.pointer_mut(parent) else { panic!() };
            let value = fields.remove(&key).unwrap();
            if let Some(renamed) = &renamed {
                fields.insert(renamed.clone(), value);
            }
            found.push((format!("{place} -> {renamed:?}"), changed));
        }
    }
    found
}

fn collect(value: &Value, place: String, places: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            fields
                .iter()
                .for_each(|(key, value)| collect(value, pointer::join(&place, key), places));
        }
        Value::Array(elements) => {
            elements.iter().enumerate().for_each(|(index, value)| {
                collect(value, format!("{place}/{index}"), places);
            });
        }
        _ => {}
    }
    places.push(place);
}

/// The API server's refusal of an object; `None` if it would store it.
async fn refusal(client: &kube::Client, url: &str, object: &Value) -> Option<String> {
    let request = hyper::Request::post(url)
        .header("Content-Type", "application/json")
        .body(object.to_string().into_bytes())
        .unwrap();
    match client.request::<Value>(request).await {
        Ok(_) => None,
        Err(kube::Error::Api(status)) => Some(status.message.clone()),
        Err(error) => panic!("{error}"),
    }
}

fn url(object: &Value) -> String {
    let plural = format!("{}s", object["kind"].as_str().unwrap().to_lowercase());
    let version = object["apiVersion"].as_str().unwrap();
    format!("/apis/{version}/namespaces/default/{plural}?dryRun=All&fieldValidation=Strict")
}

#[test]
fn mutated_objects_are_refused_as_by_the_api_server() {
    let mut wrong = Vec::new();
    let mut compared = 0;
    for release in releases() {
        let definitions: Vec<_> = release.definitions.values().map(approved).collect();
        if definitions.is_empty() {
            continue;
        }
        let control_plane = ControlPlane::start(Options { nodes: 0, ..Options::default() });
        control_plane.apply(&definitions.join("\n---\n"));
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let client = runtime.block_on(control_plane.client());
        for kind in release.definitions.keys() {
            let file = Path::new("tests/data/schema").join(format!("{kind}.yaml"));
            let base = yaml::parse(&fs::read_to_string(file).unwrap()).remove(0).value.unwrap();
            // Nothing says which operator's FlinkCluster it is: what one of them allows is right.
            let is_exact = base["apiVersion"] == "flink.apache.org/v1beta1";
            let url = url(&base);
            until(&format!("{kind} of {} is accepted", release.name), || {
                runtime.block_on(refusal(&client, &url, &base)).map_or(Ok(()), Err)
            });
            for (name, object) in mutations(&base) {
                compared += 1;
                let refused = runtime.block_on(refusal(&client, &url, &object));
                let resource = Resource::from_manifest(object).unwrap();
                let faults = schemas::faults(&resource, release.version);
                let only_there =
                    |message: &String| LEFT_OUT.iter().any(|part| message.contains(part));
                let differs = match &refused {
                    None => !faults.is_empty(),
                    Some(message) => faults.is_empty() && is_exact && !only_there(message),
                };
                if differs {
                    wrong.push(format!("{} {kind} {name}: {refused:?}, {faults:?}", release.name));
                }
            }
        }
    }
    assert!(compared > 2_000, "{compared}");
    let shown = wrong.iter().take(40).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} of {compared}:\n{shown}", wrong.len());
}
