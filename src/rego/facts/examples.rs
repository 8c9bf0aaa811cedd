//! Walks all built-in rules: every one compiles for the RVM, passes its own tests, speaks against
//! its `bad` manifest and not against its `good` one, and says the same in the interpreter as in
//! the RVM.

use crate::flink::lower;
use crate::rego::PolicySet;
use crate::rego::input::{InputParts, build, tenant_value};
use crate::rego::source::embedded;
use crate::rego::test_runner::run_tests;
use crate::resource::Resource;
use crate::tenant::FlinkTenantSpec;
use regorus::Value;
use serde_json::Value as Json;

/// Rules that report what mutation and quota found out, which this test does not run.
const REPORTERS: [&str; 8] = [
    "scheduling/node-selector",
    "flink/enforced-option",
    "storage/checkpoint-volume",
    "storage/claim-in-use",
    "tenancy/label",
    "quota/per-cluster",
    "quota/exceeded",
    "quota/undeclared",
];

fn yaml(text: &str) -> Json {
    serde_json::from_str(&Value::from_yaml_str(text).unwrap().to_string()).unwrap()
}

fn input(
    manifest: &str,
    tenant: Option<&FlinkTenantSpec>,
    claimants: &[String],
    need_object: bool,
) -> Value {
    let resource = Resource::from_manifest(yaml(manifest)).unwrap();
    let workload = lower(&resource, &resource.object).unwrap();
    let tenant = tenant.map(tenant_value);
    build(InputParts {
        workload: Some(&workload),
        tenant: tenant.as_ref().map(|tenant| ("payments", tenant)),
        quota: Value::new_object(),
        claimants,
        need_object,
        ..InputParts::of(&resource)
    })
}

#[test]
fn every_rule_passes_its_own_tests() {
    let report = run_tests(&embedded(), &[], false).unwrap();
    let failed: Vec<_> = report.results.iter().filter(|result| result.failure.is_some()).collect();
    assert_eq!((failed, report.passed() > 50), (vec![], true));
}

#[test]
fn every_rule_speaks_against_its_bad_example_only() {
    let set = PolicySet::built_in().unwrap();
    assert!(set.rules().len() >= 25);
    let judge = |id: &str, input: Value| {
        let mut found = set.evaluate(input.clone());
        let mut expected = set.evaluate_with_interpreter(input).unwrap();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{id}");
        found.retain(|finding| finding.rule == id);
        found
    };
    for rule in set.rules() {
        let id = rule.id.as_str();
        let spec: FlinkTenantSpec = rule
            .tenant
            .as_deref()
            .map(|text| serde_json::from_value(yaml(text)).unwrap())
            .unwrap_or_default();
        // Examples of a namespace that is nobody's, or more than one tenant's.
        let claimed = id == "tenancy/ambiguous-namespace";
        let claimants =
            if claimed { vec!["payments".to_owned(), "search".to_owned()] } else { Vec::new() };
        let ownerless = claimed || id == "tenancy/unassigned-namespace";
        for need_object in [false, true] {
            let found =
                judge(id, input(rule.good.as_deref().unwrap(), Some(&spec), &[], need_object));
            assert_eq!(found, [], "{id} on its good example");
            let found = judge(
                id,
                input(
                    rule.bad.as_deref().unwrap(),
                    Some(&spec).filter(|_| !ownerless),
                    &claimants,
                    need_object,
                ),
            );
            assert_eq!(!found.is_empty(), !REPORTERS.contains(&id), "{id} on its bad example");
            assert!(
                found.iter().all(|finding| !finding.path.is_empty() && finding.help.is_some()),
                "{id}: {found:?}"
            );
        }
    }
}
