//! Walks all built-in rules: every one compiles for the RVM, passes its own tests, speaks against its `bad` manifest
//! and not against its `good` one, and says the same in the interpreter as in the RVM.

use crate::flink::{Engine, Mode, PodSet, Role, Template, Workload, lower, version::FlinkVersion};
use crate::policy::input::{InputParts, build, tenant_value};
use crate::resource::Resource;
use crate::tenant::FlinkTenantSpec;
use regorus::{Value, languages::rego::compiler::Compiler, rvm::RegoVM};
use serde_json::Value as Json;
use std::path::PathBuf;

/// Rules that report what mutation, sizing and quota found out, which this test does not run.
const REPORTERS: [&str; 8] = [
    "scheduling/node-selector",
    "flink/enforced-option",
    "storage/checkpoint-volume",
    "tenancy/label",
    "flink/size",
    "quota/per-cluster",
    "quota/exceeded",
    "quota/undeclared",
];

fn policies() -> Vec<(String, String)> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("policies");
    let mut files: Vec<_> = walkdir::WalkDir::new(root).into_iter().map(|entry| entry.unwrap().into_path()).collect();
    files.sort();
    let rego = files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rego"));
    rego.map(|path| (path.display().to_string(), std::fs::read_to_string(&path).unwrap())).collect()
}

fn is_test(path: &str) -> bool {
    path.ends_with("_test.rego")
}

fn yaml(text: &str) -> Json {
    serde_json::from_str(&Value::from_yaml_str(text).unwrap().to_string()).unwrap()
}

fn metadata(text: &str) -> Option<Json> {
    let mut lines = text.lines().skip_while(|line| *line != "# METADATA").skip(1).peekable();
    lines.peek()?;
    let block: Vec<_> = lines.map_while(|line| line.strip_prefix('#')).map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    Some(yaml(&block.join("\n")))
}

/// The object's workload, made by hand for the kinds that examples use until `lower` knows them.
fn workload(resource: &Resource) -> Workload {
    if let Some(workload) = lower(resource, &resource.object) {
        return workload;
    }
    let object = &resource.object;
    if resource.kind.kind == "Pod" {
        let set = PodSet { role: Role::Other, replicas: 1, template: Template::InObject(String::new()), main_container: None };
        return Workload { pods: vec![set], ..Workload::default() };
    }
    let mut workload = Workload {
        engine: Engine::Operator,
        mode: Some(Mode::Native),
        cluster: resource.name.clone(),
        version: object["spec"]["flinkVersion"].as_str().and_then(FlinkVersion::parse),
        config_pointer: Some("/spec/flinkConfiguration".into()),
        declares_cluster: true,
        ..Workload::default()
    };
    for (key, value) in object["spec"]["flinkConfiguration"].as_object().into_iter().flatten() {
        workload.config.set(key, value.as_str().unwrap(), Some(format!("/spec/flinkConfiguration/{key}")));
    }
    for (role, name) in [(Role::JobManager, "jobManager"), (Role::TaskManager, "taskManager")] {
        let own = format!("/spec/{name}/podTemplate");
        let pointer = if object.pointer(&own).is_some() { own } else { "/spec/podTemplate".into() };
        workload.pods.push(PodSet { role, replicas: 1, template: Template::InObject(pointer), main_container: None });
    }
    workload
}

fn input(manifest: &str, tenant: Option<&FlinkTenantSpec>, need_object: bool) -> Value {
    let resource = Resource::from_manifest(yaml(manifest)).unwrap();
    let workload = workload(&resource);
    let tenant = tenant.map(tenant_value);
    build(InputParts {
        resource: &resource,
        object: &resource.object,
        workload: Some(&workload),
        tenant: tenant.as_ref().map(|tenant| ("payments", tenant)),
        conflicts: &[],
        quota: Value::new_object(),
        unassigned: "warn",
        need_object,
        need_old_object: false,
    })
}

#[test]
fn every_rule_passes_its_own_tests() {
    let mut engine = regorus::Engine::new();
    let mut tests = Vec::new();
    for (path, text) in policies() {
        let package = engine.add_policy(path.clone(), text.clone()).unwrap_or_else(|error| panic!("{path}: {error}"));
        if is_test(&path) {
            let named = text.lines().filter_map(|line| line.strip_prefix("test_")?.split_whitespace().next());
            tests.extend(named.map(|name| format!("{package}.test_{name}")));
        }
    }
    assert!(tests.len() > 40);
    let failed: Vec<_> = tests
        .into_iter()
        .filter(|test| engine.eval_rule(test.clone()).map_err(|e| println!("{e}")).ok() != Some(Value::Bool(true)))
        .collect();
    assert_eq!(failed, Vec::<String>::new());
}

#[test]
fn every_rule_speaks_against_its_bad_example_only() {
    let mut engine = regorus::Engine::new();
    let mut rules = Vec::new();
    for (path, text) in policies().into_iter().filter(|(path, _)| !is_test(path)) {
        let package = engine.add_policy(path.clone(), text.clone()).unwrap_or_else(|error| panic!("{path}: {error}"));
        if let Some(metadata) = metadata(&text) {
            for word in ["deny", "warn"].into_iter().filter(|word| text.contains(&format!("\n{word} contains"))) {
                rules.push((format!("{package}.{word}"), metadata["custom"].clone()));
            }
        }
    }
    assert!(rules.len() > 25);
    let names: Vec<&str> = rules.iter().map(|(name, _)| name.as_str()).collect();
    let policy = engine.compile_with_entrypoint(&names[0].into()).unwrap();
    let mut vm = RegoVM::new();
    vm.load_program(Compiler::compile_from_policy(&policy, &names).unwrap());
    vm.set_data(Value::new_object()).unwrap();
    let mut judge = |name: &str, input: Value| {
        vm.set_input(input.clone());
        let found = vm.execute_entry_point_by_name(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        engine.set_input(input);
        assert_eq!(engine.eval_rule(name.into()).unwrap(), found, "{name}");
        found.as_set().unwrap().iter().cloned().collect::<Vec<_>>()
    };
    for (name, custom) in &rules {
        let id = custom["id"].as_str().unwrap();
        let spec: FlinkTenantSpec = custom["tenant"].as_str().map(|text| serde_json::from_value(yaml(text)).unwrap()).unwrap_or_default();
        let (bad, good) = (custom["bad"].as_str().unwrap(), custom["good"].as_str().unwrap());
        for need_object in [false, true] {
            let found = judge(name, input(good, Some(&spec), need_object));
            assert_eq!(found, [], "{name} on its good example");
            let unassigned = id == "tenancy/unassigned-namespace";
            let found = judge(name, input(bad, Some(&spec).filter(|_| !unassigned), need_object));
            let expected = !REPORTERS.contains(&id) && !(unassigned && name.ends_with("deny"));
            assert_eq!(!found.is_empty(), expected, "{name} on its bad example");
            for finding in &found {
                assert!(!crate::policy::facts::elements(&finding["path"]).is_empty(), "{name}: {finding}");
                assert!(matches!(finding["msg"], Value::String(_)), "{name}: {finding}");
            }
        }
    }
}
