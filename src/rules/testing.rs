//! What unit tests of rules share.

use super::{Finding, Findings, Rule, Subject};
use crate::flink::Workload;
use crate::kinds::lower;
use crate::resource::Resource;
use crate::tenant::{PreparedTenant, Tenant};
use serde_json::Value;
use std::sync::Arc;

/// What a rule reports about a workload under a tenant with this spec.
pub(super) fn reported(rule: &'static Rule, workload: &Workload, spec: Value) -> Vec<Finding> {
    of_object(rule, &Resource::default(), workload, spec)
}

/// What a rule reports about a manifest under a tenant with this spec.
pub(super) fn reported_of_manifest(
    rule: &'static Rule,
    manifest: Value,
    spec: Value,
) -> Vec<Finding> {
    let resource = Resource::from_manifest(manifest).unwrap();
    let workload = lower(&resource, &resource.object).unwrap();
    of_object(rule, &resource, &workload, spec)
}

fn of_object(
    rule: &'static Rule,
    resource: &Resource,
    workload: &Workload,
    spec: Value,
) -> Vec<Finding> {
    let spec = serde_json::from_value(spec).unwrap();
    let tenant = PreparedTenant::new(&Arc::new(Tenant { spec, ..Tenant::default() }));
    let mut findings = Findings::new(rule);
    (rule.check)(&Subject::new(resource, &resource.object, workload, &tenant), &mut findings);
    findings.into_list()
}
