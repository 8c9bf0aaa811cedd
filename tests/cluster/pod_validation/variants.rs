//! Variants of an object: one field changed at a time.

use serde_json::{Value, json};

/// Fields that are no part of what is compared.
const SKIPPED: [&str; 3] = ["/kind", "/apiVersion", "/metadata"];

/// Each variant with what was changed.
pub fn variants(base: &Value) -> Vec<(String, Value)> {
    let mut all = vec![("nothing".to_owned(), base.clone())];
    let mut places = Vec::new();
    visit(base, String::new(), &mut places);
    for place in places {
        if SKIPPED.contains(&place.as_str()) || place.starts_with("/metadata/name") {
            continue;
        }
        let value = base.pointer(&place).unwrap();
        all.push((format!("{place} is dropped"), without(base, &place)));
        for other in others(value) {
            let mut object = base.clone();
            *object.pointer_mut(&place).unwrap() = other.clone();
            all.push((format!("{place} is {other}"), object));
        }
        if let Some(list) = value.as_array().filter(|list| !list.is_empty()) {
            let mut object = base.clone();
            let mut twice = list.clone();
            twice.push(list[0].clone());
            *object.pointer_mut(&place).unwrap() = json!(twice);
            all.push((format!("{place} has its first element twice"), object));
        }
        if value.as_object().is_some_and(is_of_labels) && is_labels(&place) {
            for key in ["a b", "-a", "a/b/c", "/a", "A.B/c", "é", "a.b/c", &"a".repeat(64)] {
                let mut object = base.clone();
                object.pointer_mut(&place).unwrap()[key] = json!("x");
                all.push((format!("{place} has {key}"), object));
            }
        }
    }
    all.extend(additions(base));
    all
}

fn is_of_labels(fields: &serde_json::Map<String, Value>) -> bool {
    fields.values().all(Value::is_string)
}

fn is_labels(place: &str) -> bool {
    ["labels", "annotations", "nodeSelector", "matchLabels"]
        .iter()
        .any(|field| place.ends_with(&format!("/{field}")))
}

fn visit(value: &Value, place: String, places: &mut Vec<String>) {
    if !place.is_empty() {
        places.push(place.clone());
    }
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                visit(value, format!("{place}/{name}"), places);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                visit(value, format!("{place}/{index}"), places);
            }
        }
        _ => {}
    }
}

fn without(base: &Value, place: &str) -> Value {
    let mut object = base.clone();
    let (parent, last) = place.rsplit_once('/').unwrap();
    match object.pointer_mut(parent).unwrap() {
        Value::Object(fields) => {
            fields.remove(&last.replace("~1", "/").replace("~0", "~"));
        }
        Value::Array(list) => {
            list.remove(last.parse().unwrap());
        }
        _ => unreachable!(),
    }
    object
}

fn others(value: &Value) -> Vec<Value> {
    match value {
        Value::String(_) => {
            let long = "a".repeat(64);
            let longer = "a".repeat(254);
            let texts = [
                "",
                "a",
                "data",
                "A",
                "A b",
                "a.b",
                "a_b",
                "-a",
                "a-",
                "a/b",
                "a/b/c",
                "..",
                "../a",
                "..a",
                "/a",
                "/a/../b",
                "1",
                "1a",
                "a=b",
                "é",
                "10.0.0.1",
                "Always",
                "None",
                "Exists",
                "Gt",
                "metadata.name",
                "limits.cpu",
                "1m",
                &long,
                &longer,
            ];
            texts.iter().map(|text| json!(text)).collect()
        }
        Value::Number(_) => {
            [-1, 0, 1, 15, 100, 512, 65_536, i64::from(i32::MAX)].map(|number| json!(number)).into()
        }
        Value::Bool(own) => vec![json!(!own)],
        Value::Object(_) => vec![json!({})],
        Value::Array(_) => vec![json!([])],
        Value::Null => Vec::new(),
    }
}

/// Values where the object has none.
fn additions(base: &Value) -> Vec<(String, Value)> {
    if base["kind"] != "Pod" {
        let places =
            ["/spec/template/spec/restartPolicy", "/spec/template/spec/activeDeadlineSeconds"];
        let values = [json!("Always"), json!("OnFailure"), json!("Never"), json!(1)];
        let all = places
            .into_iter()
            .flat_map(|place| values.iter().map(move |value| (place, value.clone())));
        return all
            .filter(|(place, value)| place.ends_with("Seconds") == value.is_number())
            .map(|(place, value)| set(base, place, value))
            .collect();
    }
    let main = "/spec/containers/0";
    let at = |field: &str| format!("{main}/{field}");
    let list = [
        ("/spec/volumes/0/secret".to_owned(), json!({"secretName": "a"})),
        ("/spec/volumes/0/nosuchsource".to_owned(), json!({})),
        ("/spec/hostNetwork".to_owned(), json!(true)),
        ("/spec/hostPID".to_owned(), json!(true)),
        ("/spec/hostUsers".to_owned(), json!(false)),
        ("/spec/restartPolicy".to_owned(), json!("Never")),
        ("/spec/runtimeClassName".to_owned(), json!("A b")),
        ("/spec/priorityClassName".to_owned(), json!("A b")),
        ("/spec/os".to_owned(), json!({"name": "linux"})),
        ("/spec/os".to_owned(), json!({"name": "plan9"})),
        ("/spec/os".to_owned(), json!({})),
        ("/spec/schedulingGates".to_owned(), json!([{"name": "a"}])),
        ("/spec/schedulingGates".to_owned(), json!([{"name": "a"}, {"name": "a"}])),
        ("/spec/nodeName".to_owned(), json!("a b")),
        ("/spec/dnsPolicy".to_owned(), json!("Nothing")),
        ("/spec/resources".to_owned(), json!({"requests": {"cpu": "100"}, "limits": {"cpu": "1"}})),
        ("/spec/resources".to_owned(), json!({"requests": {"ephemeral-storage": "1Gi"}})),
        ("/spec/ephemeralContainers".to_owned(), json!([])),
        (at("resources/limits/cpu"), json!("1m")),
        (at("resources/requests/cpu"), json!("-1")),
        (at("resources/requests/gpu"), json!("1")),
        (at("resources/requests/example.com~1gpu"), json!("2")),
        (at("resources/limits/example.com~1gpu"), json!("1500m")),
        (at("resources/limits/hugepages-2Mi"), json!("2Mi")),
        (at("resources/requests/kubernetes.io~1x"), json!("1")),
        (at("resources/requests/requests.example.com~1x"), json!("1")),
        (at("resources/claims"), json!([{"name": "missing"}])),
        (at("securityContext/privileged"), json!(true)),
        (at("securityContext/procMount"), json!("Unmasked")),
        (at("securityContext/capabilities"), json!({"add": ["CAP_SYS_ADMIN"]})),
        (at("terminationMessagePolicy"), json!("Nothing")),
        (at("stdin"), json!(true)),
        (at("image"), json!(" registry.example.com/a:1")),
        (at("readinessProbe/terminationGracePeriodSeconds"), json!(5)),
        (at("livenessProbe/httpGet"), json!({"port": 80})),
        (at("lifecycle/stopSignal"), json!("SIGTERM")),
        (at("volumeMounts/0/subPathExpr"), json!("a")),
        (at("env/1/value"), json!("a")),
        ("/spec/initContainers/0/livenessProbe".to_owned(), json!({"exec": {"command": ["a"]}})),
        (
            "/spec/initContainers/0/lifecycle".to_owned(),
            json!({"preStop": {"exec": {"command": ["a"]}}}),
        ),
        ("/spec/initContainers/0/name".to_owned(), json!("main")),
        ("/spec/tolerations/1/value".to_owned(), json!("x")),
        ("/spec/topologySpreadConstraints/0/minDomains".to_owned(), json!(2)),
        ("/spec/topologySpreadConstraints/1/minDomains".to_owned(), json!(2)),
    ];
    list.into_iter().map(|(place, value)| set(base, &place, value)).collect()
}

fn set(base: &Value, place: &str, value: Value) -> (String, Value) {
    let mut object = base.clone();
    let (parent, last) = place.rsplit_once('/').unwrap();
    let change = format!("{place} is set to {value}");
    let parent = object.pointer_mut(parent).unwrap_or_else(|| panic!("{place}"));
    parent[last.replace("~1", "/")] = value;
    (change, object)
}
