//! Affinity, spreading and tolerations.

use super::fault::{Fault, Reason, Report};
use super::fields::{
    each, fits, formed, is_given, object, one_of, one_of_given, repeated, required, required_form,
    text, within,
};
use super::forms::Form;
use super::place::Place;
use super::selectors::{label_keys, label_selector, node_term, node_terms};
use crate::resource::fields::elements;
use serde_json::Value;

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
const WEIGHT: (i64, i64) = (1, 100);

const EFFECTS: &[&str] = &["NoSchedule", "PreferNoSchedule", "NoExecute"];

/// Checks where a pod may be scheduled.
pub fn scheduling(spec: &Value, at: &Place<'_>, report: &mut Report<'_>) {
    if let Some(affinity) = object(spec, "affinity") {
        self::affinity(affinity, &at.field("affinity"), report);
    }
    each(spec, "topologySpreadConstraints", at, |constraint, at| spread(constraint, at, report));
    let key = |constraint| {
        Some((text(constraint, "topologyKey")?, text(constraint, "whenUnsatisfiable")?))
    };
    let list = "topologySpreadConstraints";
    repeated(elements(spec, list), key, |index, (key, _)| {
        report(&at.field(list).index(index), Fault::Repeated(key));
    });
    each(spec, "tolerations", at, |element, at| toleration(element, at, report));
}

fn affinity(affinity: &Value, at: &Place<'_>, report: &mut Report<'_>) {
    if let Some(node) = object(affinity, "nodeAffinity") {
        let at = at.field("nodeAffinity");
        if let Some(selector) = object(node, REQUIRED) {
            node_terms(selector, &at.field(REQUIRED), report);
        }
        each(node, PREFERRED, &at, |term, at| {
            weight(term, at, report);
            if let Some(term) = object(term, "preference") {
                node_term(term, None, &at.field("preference"), report);
            }
        });
    }
    for kind in ["podAffinity", "podAntiAffinity"] {
        let Some(pods) = object(affinity, kind) else { continue };
        let at = at.field(kind);
        each(pods, REQUIRED, &at, |term, at| pod_term(term, at, report));
        each(pods, PREFERRED, &at, |weighted, at| {
            weight(weighted, at, report);
            match object(weighted, "podAffinityTerm") {
                Some(term) => pod_term(term, &at.field("podAffinityTerm"), report),
                None => report(at, Fault::Missing("podAffinityTerm")),
            }
        });
    }
}

fn weight(term: &Value, at: &Place<'_>, report: &mut Report<'_>) {
    if term.is_object() && !is_given(term, "weight") {
        report(at, Fault::Missing("weight"));
    }
    within(term, "weight", WEIGHT, at, report);
}

fn pod_term(term: &Value, at: &Place<'_>, report: &mut Report<'_>) {
    required_form(term, "topologyKey", Form::Key, at, report);
    label_selector(term, "labelSelector", at, report);
    label_selector(term, "namespaceSelector", at, report);
    label_keys(term, "matchLabelKeys", false, at, report);
    label_keys(term, "mismatchLabelKeys", false, at, report);
    let at = at.field("namespaces");
    for (index, name) in elements(term, "namespaces").iter().enumerate() {
        if let Some(name) = name.as_str() {
            fits(name, Form::DnsLabel, &at.index(index), report);
        }
    }
}

fn spread(constraint: &Value, at: &Place<'_>, report: &mut Report<'_>) {
    const MANY: (i64, i64) = (1, i32::MAX as i64);
    if !constraint.is_object() {
        return;
    }
    if !is_given(constraint, "maxSkew") {
        report(at, Fault::Missing("maxSkew"));
    }
    within(constraint, "maxSkew", MANY, at, report);
    required(constraint, "topologyKey", at, report);
    required(constraint, "whenUnsatisfiable", at, report);
    let actions = &["DoNotSchedule", "ScheduleAnyway"];
    one_of(constraint, "whenUnsatisfiable", actions, at, report);
    within(constraint, "minDomains", MANY, at, report);
    if is_given(constraint, "minDomains")
        && text(constraint, "whenUnsatisfiable") == Some("ScheduleAnyway")
    {
        report(&at.field("minDomains"), Fault::Refused(Reason::MinDomains));
    }
    for policy in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
        one_of_given(constraint, policy, &["Honor", "Ignore"], at, report);
    }
    label_keys(constraint, "matchLabelKeys", true, at, report);
    label_selector(constraint, "labelSelector", at, report);
}

fn toleration(toleration: &Value, at: &Place<'_>, report: &mut Report<'_>) {
    if !toleration.is_object() {
        return;
    }
    formed(toleration, "key", Form::Key, at, report);
    one_of(toleration, "effect", EFFECTS, at, report);
    let operator = text(toleration, "operator").unwrap_or("Equal");
    if !is_given(toleration, "key") && operator != "Exists" {
        report(at, Fault::Refused(Reason::EmptyKey));
    }
    if is_given(toleration, "tolerationSeconds") && text(toleration, "effect") != Some("NoExecute")
    {
        report(&at.field("tolerationSeconds"), Fault::Refused(Reason::TolerationSeconds));
    }
    match operator {
        "Equal" => formed(toleration, "value", Form::LabelValue, at, report),
        "Exists" if is_given(toleration, "value") => {
            report(&at.field("value"), Fault::Refused(Reason::ExistsValue));
        }
        "Exists" => {}
        _ => one_of(toleration, "operator", &["Exists", "Equal"], at, report),
    }
}
