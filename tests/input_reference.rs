//! `docs/reference/input.md` is the schema of `input`, and `flinkgate input` prints that document.
//!
//! `UPDATE_DOCS=1 cargo test --test input_reference` writes the page.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use assert_cmd::Command;
use flinkgate::rego::input::{Field, field, schema};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

const PAGE: &str = "docs/reference/input.md";

/// The tables of all structs, each before those of its fields.
#[derive(Default)]
struct Tables {
    /// Headings by the name of the definition, for links.
    headings: BTreeMap<String, String>,
    /// Structs that the last table links to for the first time.
    found: Vec<(String, &'static Value)>,
}

fn definition(reference: &str) -> &'static Value {
    schema().pointer(reference.strip_prefix('#').unwrap()).unwrap()
}

fn text<'a>(schema: &'a Value, key: &str) -> &'a str {
    schema[key].as_str().unwrap_or_default()
}

/// A doc comment as one line of a table.
fn line(comment: &str) -> String {
    comment.replace('\n', " ").replace('|', "\\|")
}

/// How GitHub and mdBook link to a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

impl Tables {
    fn all() -> String {
        let mut tables = Self::default();
        let mut waiting = vec![("input".to_owned(), schema())];
        let mut page = String::new();
        while let Some((heading, schema)) = waiting.pop() {
            let table = tables.table(&heading, schema);
            waiting.extend(tables.found.drain(..).rev());
            let description = line(text(schema, "description"));
            let _ = write!(page, "\n## `{heading}`\n\n{description}\n\n{table}");
        }
        page
    }

    fn table(&mut self, heading: &str, schema: &'static Value) -> String {
        let base = heading.split(':').next().unwrap();
        let mut table = String::from("| Field | Type | Meaning |\n|---|---|---|\n");
        for (name, field) in schema["properties"].as_object().unwrap() {
            let kind = self.kind(&format!("{base}.{name}"), field);
            let mut meaning = line(text(field, "description"));
            if meaning.is_empty() {
                meaning = line(
                    field["$ref"]
                        .as_str()
                        .map_or("", |reference| text(definition(reference), "description")),
                );
            }
            let _ = writeln!(table, "| `{name}` | {kind} | {meaning} |");
        }
        table
    }

    /// The type of a field in words; structs get a table of their own.
    fn kind(&mut self, path: &str, schema: &'static Value) -> String {
        if let Some(reference) = schema["$ref"].as_str() {
            return self.named(path, reference);
        }
        if let Some(any_of) = schema["anyOf"].as_array().or(schema["oneOf"].as_array()) {
            let constants: Vec<_> = any_of.iter().filter_map(|one| one["const"].as_str()).collect();
            if !constants.is_empty() {
                return format!("`{}`", constants.join("`, `"));
            }
            let structs = any_of.iter().filter(|one| one.get("$ref").is_some()).count();
            let kinds = any_of.iter().map(|one| match one["$ref"].as_str() {
                Some(reference) if structs > 1 => {
                    let name = reference.rsplit('/').next().unwrap();
                    self.named(&format!("{path}: {name}"), reference)
                }
                _ => self.kind(path, one),
            });
            return kinds.collect::<Vec<_>>().join(" or ");
        }
        let types: Vec<&str> = match &schema["type"] {
            Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
            Value::String(name) => vec![name],
            _ if schema.get("x-kubernetes-int-or-string").is_some() => vec!["quantity"],
            _ if schema.get("enum").is_some() => vec!["string"],
            _ => vec!["any"],
        };
        let kinds = types.iter().map(|name| match *name {
            "array" => {
                let kind = self.kind(&format!("{path}[]"), &schema["items"]);
                let word = kind.chars().all(char::is_alphabetic);
                let plural = if word { kind + "s" } else { kind.replace("[object]", "[objects]") };
                format!("list of {plural}")
            }
            "object" if schema["additionalProperties"].is_object() => {
                format!(
                    "map to {}",
                    self.kind(&format!("{path}.*"), &schema["additionalProperties"])
                )
            }
            "any" => "*any*".into(),
            name => name.to_owned(),
        });
        kinds.collect::<Vec<_>>().join(" or ")
    }

    fn named(&mut self, path: &str, reference: &str) -> String {
        let target = definition(reference);
        if target.get("properties").is_none() {
            return self.kind(path, target);
        }
        let heading = self.headings.entry(reference.to_owned()).or_insert_with(|| {
            self.found.push((path.to_owned(), target));
            path.to_owned()
        });
        format!("[object](#{})", anchor(heading))
    }
}

/// JSON where everything that fits is on one line.
fn compact(value: &Value, indent: usize) -> String {
    let short = spaced(value);
    if short.len() + indent <= 100 {
        return short;
    }
    let (inner, outer) = (" ".repeat(indent + 2), " ".repeat(indent));
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| {
                format!("{inner}{}: {}", json!(key), compact(value, indent + 2))
            });
            format!("{{\n{}\n{outer}}}", fields.collect::<Vec<_>>().join(",\n"))
        }
        Value::Array(items) => {
            let items = items.iter().map(|item| format!("{inner}{}", compact(item, indent + 2)));
            format!("[\n{}\n{outer}]", items.collect::<Vec<_>>().join(",\n"))
        }
        scalar => scalar.to_string(),
    }
}

fn spaced(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields =
                fields.iter().map(|(key, value)| format!("{}: {}", json!(key), spaced(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(spaced).collect::<Vec<_>>().join(", "))
        }
        scalar => scalar.to_string(),
    }
}

fn flinkgate(args: &[&str], stdin: &str) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flinkgate"));
    let output = command.args(args).write_stdin(stdin).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// What `flinkgate input` prints, one document an object.
fn documents(args: &[&str], stdin: &str) -> Vec<Value> {
    let (code, out, err) = flinkgate(&[&["input"], args].concat(), stdin);
    assert_eq!(code, 0, "{err}");
    serde_json::Deserializer::from_str(&out).into_iter().map(Result::unwrap).collect()
}

/// Replaces what is between two markers of the page.
fn between(page: &str, marker: &str, content: &str) -> String {
    let (before, rest) = page.split_once(&format!("<!-- {marker}: begin")).unwrap();
    let (note, rest) = rest.split_once("-->\n").unwrap();
    let end = format!("<!-- {marker}: end -->");
    let (_, after) = rest.split_once(&end).unwrap();
    format!("{before}<!-- {marker}: begin{note}-->\n{content}{end}{after}")
}

#[test]
fn the_page_is_the_schema() {
    let page = fs::read_to_string(PAGE).unwrap();
    let example = documents(&["examples/manifests/etl.yaml", "--tenants", "examples/tenants"], "");
    let example = format!("```json\n{}\n```\n", compact(&example[0], 0));
    let wanted = between(&between(&page, "fields", &Tables::all()), "example", &example);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(PAGE, &wanted).unwrap();
    }
    let found = fs::read_to_string(PAGE).unwrap();
    assert!(found == wanted, "{PAGE} is stale: UPDATE_DOCS=1 cargo test --test input_reference");
}

/// Every field that a document has is in the schema.
fn assert_known(value: &Value, schema: &Value, path: &str) {
    let below = |name| match field(schema, Some(name)) {
        Field::Known(below) => Some(below),
        Field::Open => None,
        Field::Unknown(known) => panic!("{path}.{name} is not in the schema: {known:?}"),
    };
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if let Some(schema) = below(name) {
                    assert_known(value, schema, &format!("{path}.{name}"));
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                if let Field::Known(schema) = field(schema, None) {
                    assert_known(item, schema, &format!("{path}[]"));
                }
            }
        }
        _ => {}
    }
}

#[test]
fn every_field_of_a_document_is_in_the_schema() {
    let all = ["examples/manifests", "--tenants", "examples/tenants"];
    let reviews = ["examples/reviews/flinkdeployment.json", "--tenants", "examples/tenants"];
    let found = [documents(&all, ""), documents(&reviews, "")].concat();
    assert!(found.len() >= 5);
    for document in found {
        assert_known(&document, schema(), "input");
    }
}

#[test]
fn a_manifest_is_shown_after_mutation() {
    let found = documents(&["examples/manifests/etl.yaml", "--tenants", "examples/tenants"], "");
    assert_eq!(found.len(), 1);
    let input = &found[0];
    assert_eq!(input["request"]["operation"], "CREATE");
    assert_eq!(input["tenant"]["name"], "payments");
    assert_eq!(input["tenancy"], json!({"unassigned": null, "claimants": []}));
    let template = &input["flink"]["pods"][0]["template"];
    assert_eq!(template["spec"]["volumes"][0]["name"], "flinkgate-state");
    assert!(input["quota"]["requested"]["cpu"].is_string(), "{}", input["quota"]);
}

#[test]
fn an_admission_review_is_shown_as_it_is() {
    let file = "examples/reviews/privileged-pod.json";
    let input = documents(&[file, "--tenants", "examples/tenants"], "").remove(0);
    let review: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(input["object"], review["request"]["object"]);
    assert_eq!(input["request"]["userInfo"]["username"], review["request"]["userInfo"]["username"]);
}

#[test]
fn objects_of_one_file_share_their_quota() {
    let pod = |name: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: payments-prod}}\nspec: {{containers: [{{name: a, image: a, resources: {{requests: {{cpu: 2}}}}}}]}}\n"
        )
    };
    let manifests = format!("{}---\n{}", pod("a"), pod("b"));
    let found = documents(&["-", "--tenants", "examples/tenants"], &manifests);
    for input in &found {
        let cpu = |part: &str| input["quota"][part]["cpu"].clone();
        assert_eq!((cpu("requested"), cpu("used")), (json!("2"), json!("2")));
    }
}

#[test]
fn what_policies_do_not_see_is_a_note() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\n";
    let (code, out, err) = flinkgate(&["input"], secret);
    assert_eq!((code, out.as_str()), (0, ""));
    assert_eq!(err, "note: policies do not see Secret default/x in `<stdin>`\n");
    let (code, _, err) = flinkgate(&["input"], "kind: [");
    assert!(code == 2 && err.contains("<stdin>"), "{err}");
}
