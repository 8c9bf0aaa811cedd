//! The tenants that generated reviews meet: some written for one purpose, some with random fields.

use super::Choices;
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::rego::PolicySet;
use flinkgate::resource::yaml;
use flinkgate::tenant::{FlinkTenantSpec, Tenant, Tenants};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, OnceLock};

/// The namespaces of reviews. Each of the first has a tenant of its name; `both` has two tenants, and
/// `other` none.
pub const NAMESPACES: [&str; 22] = [
    "strict",
    "restricted",
    "baseline",
    "claims",
    "options",
    "quotas",
    "lenient",
    "spread",
    "empty",
    "locked",
    "random-0",
    "random-1",
    "random-2",
    "random-3",
    "random-4",
    "random-5",
    "random-6",
    "random-7",
    "random-8",
    "random-9",
    "both",
    "other",
];

/// Values of a tenant's fields by the path of the field.
static FIELDS: LazyLock<Vec<(String, Vec<Value>)>> = LazyLock::new(|| {
    let fields: BTreeMap<String, Vec<Value>> =
        serde_json::from_value(read("tests/data/convergence/tenant.yaml")).unwrap();
    // Not at the same time as `storage.claims.names` and others.
    fields.into_iter().filter(|(path, _)| path != "storage.claims").collect()
});

/// The folder of the repository: the test and the fuzz crate have different manifests.
pub fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    if here.join("fuzz_targets").exists() { here.parent().unwrap().to_owned() } else { here }
}

/// The only document of a file.
pub fn read(file: &str) -> Value {
    documents(file).remove(0)
}

fn documents(file: &str) -> Vec<Value> {
    let text = fs::read_to_string(root().join(file)).unwrap();
    yaml::parse(&text).into_iter().map(|document| document.value.unwrap()).collect()
}

/// A gate with all tenants, built once.
pub fn gate() -> &'static Gate {
    static GATE: OnceLock<Gate> = OnceLock::new();
    GATE.get_or_init(|| {
        let written = ["tests/data/bounded/tenant.yaml", "fuzz/tenants.yaml"];
        let written = written.into_iter().flat_map(documents).map(|manifest| {
            let name = manifest["metadata"]["name"].as_str().unwrap().to_owned();
            tenant(&name, manifest["spec"].clone())
        });
        let random = (0..10).map(|number| tenant(&format!("random-{number}"), random(number)));
        let tenants: Vec<Tenant> = written.chain(random).collect();
        let policies = Arc::new(PolicySet::built_in().unwrap());
        Gate::new(Tenants::new(tenants, BTreeMap::new()), policies, Unassigned::Warn)
    })
}

fn tenant(name: &str, spec: Value) -> Tenant {
    let spec: FlinkTenantSpec =
        serde_json::from_value(spec.clone()).unwrap_or_else(|error| panic!("{error}: {spec}"));
    Tenant { name: name.into(), spec, ..Tenant::default() }
}

/// A field of a tenant and its value.
pub fn field(choices: &mut Choices<'_>) -> (&'static str, Value) {
    let (path, values) = &FIELDS[choices.below(FIELDS.len())];
    (path, values[choices.below(values.len())].clone())
}

/// A spec with a third of all fields.
fn random(number: u32) -> Value {
    let mut spec = json!({"namespaces": {"names": [format!("random-{number}")]}});
    let mut state = number.wrapping_mul(2_654_435_761).wrapping_add(1);
    let mut below = |bound: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as usize % bound
    };
    for (path, values) in FIELDS.iter() {
        if below(3) == 0 {
            let place = path.split('.').fold(&mut spec, |spec, field| &mut spec[field]);
            *place = values[below(values.len())].clone();
        }
    }
    if let Some(volume) = spec.pointer_mut("/storage/checkpoints/volume")
        && volume["claimName"].is_null()
    {
        volume["claimName"] = json!("{cluster}-state");
    }
    spec
}
