//! Rules that find nothing cost nothing: no rule allocates memory on an object that it accepts, and
//! what a family prepares once for all of its rules is bounded.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use flinkgate::admission::review::Review;
use flinkgate::kinds;
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::resource::Resource;
use flinkgate::rules::{self, Findings, Subject};
use flinkgate::tenant::PreparedTenant;
use std::collections::BTreeMap;

/// Allocations of a family whose rules find nothing, with what it prepares for later rules.
const MOST_IN_FAMILY: u64 = 10;

/// The recorded requests as the API server would store them, each with a rich tenant.
fn subjects() -> Vec<(&'static str, Resource)> {
    let (gate, _) = Gate::load(&["examples/tenants".into()], &[], Unassigned::Warn).unwrap();
    ["taskmanager-pod-create.json", "flinkdeployment-update.json"]
        .map(|file| {
            let body = std::fs::read(format!("benches/data/{file}")).unwrap();
            let resource = Review::parse(&body).unwrap().resource().unwrap();
            let object = gate.mutated(&resource);
            (file, Resource { object, ..resource })
        })
        .into()
}

fn tenant() -> PreparedTenant {
    let (gate, _) = Gate::load(&["examples/tenants".into()], &[], Unassigned::Warn).unwrap();
    PreparedTenant::new(gate.tenants().iter().next().unwrap())
}

#[test]
fn a_rule_without_findings_does_not_allocate() {
    let tenant = tenant();
    for (file, resource) in subjects() {
        let workload = kinds::lower(&resource, &resource.object).unwrap();
        let subject = Subject::new(&resource, &resource.object, &workload, &tenant);
        // What rules share is prepared by the first of them.
        rules::check(&subject);
        let mut allocating = BTreeMap::new();
        let mut silent = 0;
        for rule in rules::all() {
            let mut findings = Findings::new(rule);
            let counted = allocation_counter::measure(|| (rule.check)(&subject, &mut findings));
            if !findings.is_empty() {
                continue;
            }
            silent += 1;
            if counted.count_total > 0 {
                allocating.insert(rule.id, counted.count_total);
            }
        }
        assert!(
            silent * 10 >= rules::all().count() * 9,
            "{file}: only {silent} rules find nothing"
        );
        assert_eq!(allocating, BTreeMap::new(), "{file}");
    }
}

#[test]
fn a_family_without_findings_allocates_little() {
    let tenant = tenant();
    for (file, resource) in subjects() {
        let workload = kinds::lower(&resource, &resource.object).unwrap();
        let subject = || Subject::new(&resource, &resource.object, &workload, &tenant);
        // The catalog's tables are read once in a process.
        rules::check(&subject());
        let subject = subject();
        let mut families: BTreeMap<&str, u64> = BTreeMap::new();
        for rule in rules::all() {
            let mut findings = Findings::new(rule);
            let counted = allocation_counter::measure(|| (rule.check)(&subject, &mut findings));
            if findings.is_empty() {
                *families.entry(rule.family()).or_default() += counted.count_total;
            }
        }
        families.retain(|_, allocations| *allocations > MOST_IN_FAMILY);
        assert_eq!(families, BTreeMap::new(), "{file}");
    }
}
