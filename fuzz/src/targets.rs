//! The bodies of the fuzz targets: one function a parser, and one for whole reviews. `fuzz/` runs
//! them with libFuzzer, `tests/fuzz/` with a small generator.
//!
//! A body panics if something is wrong with what it got; a panic of the code under test is a finding
//! as well.

use super::grammar;
use flinkgate::admission::answer::Webhook;
use flinkgate::admission::response::Reply;
use flinkgate::admission::review::Review;
use flinkgate::flink::config::FlinkConfig;
use flinkgate::flink::config_file::{self, CONFIG, FLINK_CONF};
use flinkgate::flink::context::OperatorDefaults;
use flinkgate::flink::image::{ImageRef, glob, untagged};
use flinkgate::flink::memory_size::{parse_memory_size, parse_resource_memory};
use flinkgate::flink::operator::excluded_periods::is_period;
use flinkgate::flink::values::{self, ValueType};
use flinkgate::flink::version::FlinkVersion;
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::quota::ledger::line;
use flinkgate::resource::limits::object_excess;
use flinkgate::resource::quantity::Quantity;
use flinkgate::resource::{pointer, yaml};
use flinkgate::server::ca_bundle;
use flinkgate::server::certificate::Serving;
use serde_json::Value;
use std::sync::OnceLock;

/// A body.
pub type Target = fn(&[u8]);

/// All bodies by the name of their target.
pub const TARGETS: &[(&str, Target)] = &[
    ("yaml", yaml_documents),
    ("review", review),
    ("grammar", generated_review),
    ("option_values", option_values),
    ("images", images),
    ("quantities", quantities),
    ("memory_sizes", memory_sizes),
    ("config_files", config_files),
    ("ledger_lines", ledger_lines),
    ("certificates", certificates),
    ("pointers", pointers),
];

/// The longest answer of a webhook in bytes.
const LONGEST_ANSWER: usize = 64 << 10;

/// YAML: documents have a value or a problem, and places within the text.
pub fn yaml_documents(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let lines = text.matches(['\n', '\r']).count() + 2;
    for document in yaml::parse(&text) {
        let broken = document.problems.iter().any(|problem| !problem.usable);
        assert_eq!(document.value.is_none(), broken);
        for problem in &document.problems {
            assert!(problem.span.line > 0 && problem.span.line <= lines);
        }
        if let Some(value) = &document.value {
            // Each value has a place.
            let span = document.positions.nearest("/metadata/name");
            assert!(span.line <= lines);
            let _ = object_excess(value);
            let _ = FlinkConfig::from_object(value, "/spec");
        }
    }
}

/// Any body of a request.
pub fn review(data: &[u8]) {
    let Ok(mut review) = Review::parse(data) else { return };
    let reply = match review.resource() {
        Ok(resource) => {
            for webhook in [Webhook::Mutate, Webhook::Validate] {
                let answer = webhook.ask(gate(), &resource);
                assert!(
                    encoded(&Reply::new(&review, webhook, &resource, &answer)) <= LONGEST_ANSWER
                );
            }
            return;
        }
        Err(error) => Reply::unreadable(&review, &error),
    };
    assert!(encoded(&reply) <= LONGEST_ANSWER);
}

/// A review that the bytes choose from a grammar of Kubernetes objects, judged as a whole. What
/// mutation gives is complete: a second mutation changes nothing.
pub fn generated_review(data: &[u8]) {
    let body = grammar::review(data);
    review(&body);
    let Ok(resource) = Review::parse(&body)
        .map_err(|_| ())
        .and_then(|mut review| review.resource().map_err(|_| ()))
    else {
        panic!("the grammar makes no review: {}", String::from_utf8_lossy(&body));
    };
    let answer = gate().mutate(&resource);
    let Some(patch) = &answer.patch else { return };
    let mut again = resource.clone();
    json_patch::patch(&mut again.object, patch).unwrap();
    let second = gate().mutate(&again);
    assert!(second.patch.is_none(), "{}\n{:?}", resource.object, second.patch);
}

/// Values of every type of option, in the versions that read them differently.
pub fn option_values(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for kind in [
        ValueType::Boolean,
        ValueType::Integer,
        ValueType::Long,
        ValueType::Float,
        ValueType::Double,
        ValueType::Text,
        ValueType::Duration,
        ValueType::MemorySize,
        ValueType::Enum,
        ValueType::List,
        ValueType::EnumList,
        ValueType::Map,
        ValueType::MapList,
    ] {
        for version in [FlinkVersion::new(1, 16), FlinkVersion::new(1, 20), FlinkVersion::new(2, 2)]
        {
            let _ = values::check(kind, "a|b", &text, version);
            let _ = values::parse_duration(&text, version);
        }
    }
    let maps = values::list_of_map_pairs(&text).len() + values::map_pairs(&text).len();
    assert!(maps <= 4 * text.len() + 4);
    let _ = values::list_elements(&text);
    let _ = is_period(&text);
    let _ = (FlinkVersion::parse(&text), FlinkVersion::parse_release(&text));
}

/// References of images.
pub fn images(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Some(image) = ImageRef::parse(&text) {
        let _ = image.floating();
        assert!(image.matches("*") || image.matches("*/*"), "{text}");
    }
    assert!(text.starts_with(untagged(&text)));
    assert!(glob("*", &text));
}

/// Quantities: what is read again is the same.
pub fn quantities(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(quantity) = Quantity::parse(&text) else { return };
    assert_eq!(Quantity::parse(&quantity.to_string()), Ok(quantity), "{text}");
    let _ = (quantity.units_ceil(), quantity.as_cores_f64(), quantity.display_bytes());
    let _ = (quantity.checked_add(quantity), quantity.checked_mul(u64::MAX));
}

/// Memory sizes of Flink and of its operator.
pub fn memory_sizes(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = (parse_memory_size(&text), parse_resource_memory(&text));
}

/// Configuration files in both forms.
pub fn config_files(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for file in [CONFIG, FLINK_CONF] {
        let _ = config_file::parse(file, &text, Some("/data"));
    }
    let _ = OperatorDefaults::parse(&text);
}

/// Lines of a ledger: what is read is written as it was.
pub fn ledger_lines(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok((object, slot)) = line::read(&text) {
        let written = line::write(&object, &slot);
        assert_eq!(line::read(&written), Ok((object, slot)), "{text}");
    }
}

/// Certificates and keys in PEM.
pub fn certificates(data: &[u8]) {
    let _ = ca_bundle::bundle(data);
    let _ = Serving::from_pem(data, data);
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, data)
    );
    let _ = ca_bundle::bundle(pem.as_bytes());
}

/// JSON Pointers: tokens survive, and every pointer has a nearest value.
pub fn pointers(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let tokens: Vec<&str> = text.split('\n').collect();
    let made = pointer::from_tokens(tokens.iter().copied());
    assert!(pointer::tokens(&made).eq(tokens.iter().copied()));
    let root = tokens.iter().rev().fold(Value::Bool(true), |inner, token| {
        Value::Object([((*token).to_owned(), inner)].into_iter().collect())
    });
    assert_eq!(pointer::at(&root, &made), Some(&Value::Bool(true)));
    let _ = pointer::nearest_existing(&root, &text);
}

fn encoded(reply: &Reply) -> usize {
    serde_json::to_vec(reply).unwrap().len()
}

/// A gate with a tenant that uses many fields.
fn gate() -> &'static Gate {
    static GATE: OnceLock<Gate> = OnceLock::new();
    GATE.get_or_init(|| {
        let tenants = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/bounded/tenant.yaml");
        let tenants = tenants.replace("/fuzz/tests/", "/tests/");
        Gate::load(&[tenants.into()], &[], Unassigned::Warn).unwrap().0
    })
}
