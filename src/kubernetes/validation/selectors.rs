//! Selectors of labels and of nodes.

use super::fault::{Fault, Reason, Report};
use super::fields::{each, fits, object, one_of, required, required_form, text};
use super::forms::Form;
use super::metadata;
use super::place::Place;
use crate::resource::fields::elements;
use serde_json::Value;

const LABEL_OPERATORS: &[&str] = &["In", "NotIn", "Exists", "DoesNotExist"];
const NODE_OPERATORS: &[&str] = &["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"];

/// Checks the label selector in a field.
pub fn label_selector(parent: &Value, field: &str, at: &Place<'_>, report: &mut Report<'_>) {
    let Some(selector) = object(parent, field) else { return };
    let at = at.field(field);
    metadata::labels(selector, "matchLabels", true, &at, report);
    each(selector, "matchExpressions", &at, |expression, at| {
        expression_of(expression, LABEL_OPERATORS, Some(Form::LabelValue), at, report);
    });
}

/// Checks keys of labels that a term compares, with the selector that they belong to.
pub fn label_keys(
    term: &Value,
    field: &str,
    is_exclusive: bool,
    at: &Place<'_>,
    report: &mut Report<'_>,
) {
    let keys = elements(term, field);
    if keys.is_empty() {
        return;
    }
    let at = at.field(field);
    let Some(selector) = object(term, "labelSelector") else {
        return report(&at, Fault::Refused(Reason::KeysWithoutSelector));
    };
    for (index, key) in keys.iter().enumerate() {
        let Some(key) = key.as_str() else { continue };
        fits(key, Form::Key, &at.index(index), report);
        let labels = selector.get("matchLabels").unwrap_or(&Value::Null);
        if is_exclusive && labels.get(key).is_some() {
            report(&at.index(index), Fault::Refused(Reason::SelectedKey));
        }
    }
}

/// Checks the terms by which nodes are selected.
pub fn node_terms(selector: &Value, at: &Place<'_>, report: &mut Report<'_>) {
    let terms = elements(selector, "nodeSelectorTerms");
    if terms.is_empty() && selector.is_object() {
        report(at, Fault::Missing("nodeSelectorTerms"));
    }
    each(selector, "nodeSelectorTerms", at, |term, at| {
        node_term(term, Some(Form::LabelValue), at, report)
    });
}

/// Checks one term; preferred terms may have any values.
pub fn node_term(term: &Value, values: Option<Form>, at: &Place<'_>, report: &mut Report<'_>) {
    each(term, "matchExpressions", at, |expression, at| {
        expression_of(expression, NODE_OPERATORS, values, at, report);
    });
    each(term, "matchFields", at, |expression, at| {
        required(expression, "key", at, report);
        one_of(expression, "key", &["metadata.name"], at, report);
        required(expression, "operator", at, report);
        one_of(expression, "operator", &["In", "NotIn"], at, report);
        let names = elements(expression, "values");
        if names.len() != 1 {
            report(at, Fault::Refused(Reason::OneValue));
        }
        let at = at.field("values");
        for (index, name) in names.iter().enumerate() {
            if let Some(name) = name.as_str() {
                fits(name, Form::DnsSubdomain, &at.index(index), report);
            }
        }
    });
}

fn expression_of(
    expression: &Value,
    operators: &'static [&'static str],
    form: Option<Form>,
    at: &Place<'_>,
    report: &mut Report<'_>,
) {
    required_form(expression, "key", Form::Key, at, report);
    required(expression, "operator", at, report);
    one_of(expression, "operator", operators, at, report);
    let values = elements(expression, "values");
    let reason = match text(expression, "operator") {
        Some("In" | "NotIn") if values.is_empty() => Some(Reason::SomeValues),
        Some("Exists" | "DoesNotExist") if !values.is_empty() => Some(Reason::NoValues),
        Some("Gt" | "Lt") if values.len() != 1 => Some(Reason::OneValue),
        _ => None,
    };
    if let Some(reason) = reason {
        report(at, Fault::Refused(reason));
    }
    let at = at.field("values");
    for (index, value) in values.iter().enumerate() {
        crate::resource::steps::step();
        if let (Some(value), Some(form)) = (value.as_str(), form) {
            fits(value, form, &at.index(index), report);
        }
    }
}
