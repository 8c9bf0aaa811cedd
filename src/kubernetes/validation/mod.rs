//! What the API server checks of a pod before it stores it.
//!
//! In go a pod or its template, out come faults, each with its place. For Pods and workloads of
//! Kubernetes the API server says the same. For a custom resource it does so only when the operator
//! creates the pods from it, and the user does not see that answer.
//!
//! The facts are those of Kubernetes 1.36 (`pkg/apis/core/validation`); what older versions refuse
//! and newer ones accept is not a fault, except for names of variables, which have their own form.
//! `tests/cluster/pod_validation.rs` compares the faults with the answers of a real API server.
//! Types of fields and unknown fields are judged with the schemas of the kinds, not here.

mod claim_template;
mod containers;
mod context;
mod environment;
mod fault;
mod fields;
mod forms;
mod metadata;
mod mounts;
mod place;
mod ports;
mod probes;
mod projected;
mod resources;
mod scheduling;
mod security;
mod selectors;
mod volumes;
mod workload;

pub use context::Options;
pub use fault::{Fault, Named, Reason, Report};
pub use forms::Form;
pub use place::Place;
pub use workload::workload;

use crate::resource::fields::elements;
use context::Context;
use fields::{
    each, fits, formed, is_given, object, one_of, one_of_given, repeated, required, required_form,
    text, within,
};
use serde_json::Value;

/// Name servers of a pod.
const NAME_SERVERS: usize = 3;
/// Search domains of a pod, and the characters of all.
const SEARCHES: usize = 32;
const SEARCH_CHARACTERS: usize = 2048;

/// Reports what the API server refuses of a pod or a template: `metadata` and `spec`.
pub fn pod(template: &Value, options: &Options<'_>, report: &mut Report<'_>) {
    let root = Place::ROOT;
    let spec = template.get("spec").unwrap_or(&Value::Null);
    if let Some(own) = object(template, "metadata") {
        let at = root.field("metadata");
        metadata::labels(own, "labels", options.checks_types, &at, report);
        metadata::annotations(own, spec, options.checks_types, &at, report);
    }
    if !spec.is_object() {
        // Of another type: reported where templates are read.
        if spec.is_null() && !options.adds_container {
            report(&root, Fault::Missing("spec"));
        }
        return;
    }
    let at = root.field("spec");
    let pod = Context::new(spec, options);
    volumes::volumes(&pod, &at, report);
    containers::containers(&pod, &at, report);
    resources::resources(resources::Owner::Pod, spec, spec, &at, report);
    resources::overhead(spec, &at, report);
    security::of_pod(&pod, &at, report);
    scheduling::scheduling(spec, &at, report);
    metadata::labels(spec, "nodeSelector", options.checks_types, &at, report);
    names(spec, &at, report);
    resolution(spec, &at, report);
    resource_claims(spec, &at, report);
}

/// Names and numbers of a pod's own.
fn names(spec: &Value, at: &Place<'_>, report: &mut Report<'_>) {
    for name in ["serviceAccountName", "nodeName", "priorityClassName", "runtimeClassName"] {
        formed(spec, name, Form::DnsSubdomain, at, report);
    }
    for name in ["hostname", "subdomain"] {
        formed(spec, name, Form::DnsLabel, at, report);
    }
    one_of(spec, "restartPolicy", &["Always", "OnFailure", "Never"], at, report);
    one_of_given(spec, "preemptionPolicy", &["Never", "PreemptLowerPriority"], at, report);
    within(spec, "activeDeadlineSeconds", (1, i32::MAX.into()), at, report);
    if let Some(os) = object(spec, "os") {
        let at = at.field("os");
        required(os, "name", &at, report);
        one_of(os, "name", &["linux", "windows"], &at, report);
    }
    each(spec, "readinessGates", at, |gate, at| {
        required_form(gate, "conditionType", Form::Key, at, report);
    });
    each(spec, "schedulingGates", at, |gate, at| {
        required_form(gate, "name", Form::Key, at, report);
    });
    let at_gates = at.field("schedulingGates");
    let gates = elements(spec, "schedulingGates");
    repeated(
        gates,
        |gate| text(gate, "name"),
        |index, name| {
            report(&at_gates.index(index), Fault::Repeated(name));
        },
    );
    if !gates.is_empty() && is_given(spec, "nodeName") {
        report(&at.field("nodeName"), Fault::Refused(Reason::GatedNode));
    }
}

/// How a pod resolves names of hosts.
fn resolution(spec: &Value, at: &Place<'_>, report: &mut Report<'_>) {
    const POLICIES: &[&str] = &["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"];
    one_of(spec, "dnsPolicy", POLICIES, at, report);
    each(spec, "hostAliases", at, |alias, at| {
        required_form(alias, "ip", Form::Ip, at, report);
        let at = at.field("hostnames");
        for (index, name) in elements(alias, "hostnames").iter().enumerate() {
            if let Some(name) = name.as_str() {
                fits(name, Form::DnsSubdomain, &at.index(index), report);
            }
        }
    });
    let config = object(spec, "dnsConfig").unwrap_or(&Value::Null);
    let servers = elements(config, "nameservers");
    if text(spec, "dnsPolicy") == Some("None") && servers.is_empty() {
        report(&at.field("dnsPolicy"), Fault::Refused(Reason::NameServers));
    }
    let at = at.field("dnsConfig");
    if servers.len() > NAME_SERVERS {
        report(&at.field("nameservers"), Fault::TooMany(NAME_SERVERS));
    }
    for (index, server) in servers.iter().enumerate() {
        if let Some(server) = server.as_str() {
            fits(server, Form::Ip, &at.field("nameservers").index(index), report);
        }
    }
    let searches = elements(config, "searches");
    let characters =
        searches.iter().filter_map(Value::as_str).map(|search| search.len() + 1).sum::<usize>();
    if searches.len() > SEARCHES || characters > SEARCH_CHARACTERS + 1 {
        report(&at.field("searches"), Fault::TooMany(SEARCHES));
    }
    for (index, search) in searches.iter().filter_map(Value::as_str).enumerate() {
        let name = search.strip_suffix('.').unwrap_or(search);
        if search != "." {
            fits(name, Form::SearchDomain, &at.field("searches").index(index), report);
        }
    }
    each(config, "options", &at, |option, at| {
        required(option, "name", at, report);
    });
}

fn resource_claims(spec: &Value, at: &Place<'_>, report: &mut Report<'_>) {
    const SOURCES: &[&str] = &["resourceClaimName", "resourceClaimTemplateName"];
    each(spec, "resourceClaims", at, |claim, at| {
        required_form(claim, "name", Form::DnsLabel, at, report);
        fields::one_source(claim, SOURCES, at, report);
        for source in SOURCES {
            formed(claim, source, Form::DnsSubdomain, at, report);
        }
    });
    let at = at.field("resourceClaims");
    repeated(
        elements(spec, "resourceClaims"),
        |claim| text(claim, "name"),
        |index, name| {
            report(&at.index(index).field("name"), Fault::Repeated(name));
        },
    );
}
