//! `flink/schema`

use crate::flink::dialects::is_emr;
use crate::flink::operator::field_name;
use crate::flink::schemas::{Expected, FaultKind, SchemaFault};
use crate::flink::version::FlinkVersion;
use crate::resource::type_name;
use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};
use crate::spelling;
use serde_json::Value;

/// Values that the custom resource definitions of Flink's operators do not allow.
pub static RULE: Rule = Rule {
    id: "flink/schema",
    level: Level::Error,
    since: "0.1.0",
    title: "Types and values of fields",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("schema.md"),
    check,
};

const PULL_POLICY: &str = "/imagePullPolicy";
const PULL_POLICIES: [&str; 3] = ["Always", "IfNotPresent", "Never"];

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    for fault in subject.schema_faults() {
        if is_version_rule(fault) {
            continue;
        }
        let name = || field_name(&fault.place);
        let (message, help) = match &fault.kind {
            FaultKind::Unknown { .. } => continue,
            FaultKind::Type { expected, found } => (
                format!("`{}` is {}, but must be {}", name(), kind_of(found), expected.as_str()),
                Advice::words(help_for_type(*expected, found)),
            ),
            FaultKind::Word { allowed, found } => (
                format!("`{}` cannot be `{}`", name(), shown(found)),
                match allowed.last().filter(|_| is_flink_version(fault)) {
                    // They are in their order, and the newest is the nearest to a newer one.
                    Some(newest) => Advice::replace(newest).then(" or older, or a newer operator"),
                    None => Advice::word_of(&likely(allowed, found)),
                },
            ),
            FaultKind::Range { allowed, found } => {
                let range = range(allowed);
                (
                    format!("`{}` is {}, but must be {range}", name(), shown(&found.to_string())),
                    Advice::words(format!("write a number that is {range}")),
                )
            }
            FaultKind::Missing { name: field } => {
                (format!("`{}` is missing", name()), Advice::words(format!("add `{field}`")))
            }
        };
        let since = super::unknown_field::allowed_since(fault);
        // The definition of Amazon EMR is another one, which its API server holds the object against.
        let level = if is_emr(subject.object) { Level::Info } else { Level::Error };
        let finding = findings
            .at(fault.place.as_str())
            .level(level)
            .message(format!("{message}{}", since.as_deref().unwrap_or_default()))
            .advise(help);
        if matches!(fault.kind, FaultKind::Type { .. }) {
            finding.unreadable();
        }
    }
    check_pull_policy(subject, findings);
}

/// The definitions take any text for `imagePullPolicy`. The operator looks the word up as it is written
/// (`ImagePullPolicy.valueOf` in `FlinkConfigBuilder`, 1.8 to 1.15), and fails.
fn check_pull_policy(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(cluster) = subject.operators_cluster() else { return };
    let Some(found) = cluster.text(PULL_POLICY) else { return };
    if PULL_POLICIES.contains(&found) {
        return;
    }
    let place = cluster.at(PULL_POLICY);
    findings
        .at(place.as_str())
        .message(format!("`{}` cannot be `{}`", field_name(&place), shown(found)))
        .advise(Advice::word_of(&likely(&PULL_POLICIES, found)));
}

/// Whether `flink/version` reports the value: it knows more of Flink's versions than definitions do.
fn is_version_rule(fault: &SchemaFault<'_>) -> bool {
    let FaultKind::Word { found, .. } = fault.kind else { return false };
    let is_of_one_release = fault.releases.first_and_last().is_some();
    is_flink_version(fault) && (FlinkVersion::parse(found).is_none() || !is_of_one_release)
}

fn is_flink_version(fault: &SchemaFault<'_>) -> bool {
    fault.place.ends_with("/flinkVersion")
}

/// What a value is; a number with a fraction is no integer.
fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Number(number) if number.is_f64() => "a number with a fraction",
        other => type_name(other),
    }
}

/// What to write instead. Values are not repeated: one may be a secret.
fn help_for_type(expected: Expected, found: &Value) -> &'static str {
    let text = found.as_str().unwrap_or_default();
    match (expected, found) {
        (Expected::Text, Value::Bool(_) | Value::Number(_)) => "write the value in quotes",
        (Expected::Text, _) => "write a single text",
        (Expected::Integer | Expected::Number, Value::String(_)) if is_number(expected, text) => {
            "write the number without quotes"
        }
        (Expected::Integer, _) => "write a whole number",
        (Expected::Number, _) => "write a number",
        (Expected::Boolean, Value::String(_)) if ["true", "false"].contains(&text) => {
            "write it without quotes"
        }
        (Expected::Boolean, _) => "write `true` or `false`",
        (Expected::IntegerOrText, _) => "write a whole number or a text",
        (Expected::List, _) => "write a list, with `- ` in front of each element",
        (Expected::Mapping, _) => "write a mapping, with one `field: value` a line",
    }
}

fn is_number(expected: Expected, text: &str) -> bool {
    match expected {
        Expected::Integer => text.parse::<i64>().is_ok(),
        _ => text.parse::<f64>().is_ok_and(f64::is_finite),
    }
}

/// The word that is like the one found, or else all of them.
fn likely(allowed: &[&'static str], found: &str) -> Vec<&'static str> {
    spelling::closest(found, allowed).map_or_else(|| allowed.to_vec(), |word| vec![word])
}

/// `low..high`, of which one may be missing, in words.
fn range(allowed: &str) -> String {
    match allowed.split_once("..") {
        Some(("", high)) => format!("at most {high}"),
        Some((low, "")) => format!("at least {low}"),
        Some((low, high)) => format!("between {low} and {high}"),
        None => allowed.to_owned(),
    }
}
