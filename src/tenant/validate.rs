//! Checks of a spec that a schema cannot express: quantities, dates, rule ids, namespace patterns,
//! selectors; what Kubernetes would refuse, and what contradicts itself.

mod contradictions;
mod forms;
mod given;
mod only_checked;
mod patterns;

pub(super) use forms::{Described, Form};

use super::check::{FieldProblem, Severity};
use super::schema::one_of;
use super::{Amount, FlinkTenantSpec, Ids, PodSecurityLevel, RunAs, TENANT_LABEL};
use crate::kubernetes::pod_security::minor_version;
use crate::resource::quantity::{Quantity, QuantityError};
use crate::resource::{pointer, type_name};
use crate::spelling::closest;
use jiff::civil::Date;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::core::Selector;
use std::collections::BTreeMap;

/// Resources of a quota besides extended resources, whose names have a domain.
const COUNTED: [&str; 9] = [
    "cpu",
    "memory",
    "storage",
    "pods",
    "taskManagers",
    "taskSlots",
    "clusters",
    "jobs",
    "persistentVolumeClaims",
];

/// Whether a quota can count a resource of this name.
pub(super) fn is_counted(name: &str) -> bool {
    COUNTED.contains(&name) || name.contains('/')
}

/// Access modes of PersistentVolumeClaims.
const ACCESS_MODES: [&str; 4] =
    ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"];

/// Checks a spec; `rules` are the ids of all rules. Pointers are below `spec`.
pub(super) fn problems(spec: &FlinkTenantSpec, rules: &[&str], today: Date) -> Vec<FieldProblem> {
    let mut problems = Problems::default();
    let mut error = |pointer: String, message: String| {
        problems.add(pointer, message, false, Severity::Unreadable)
    };
    for (field, amounts) in [("hard", &spec.quota.hard), ("perCluster", &spec.quota.per_cluster)] {
        quantities(amounts, &format!("/quota/{field}"), &mut error);
    }
    if let Some(volume) = &spec.storage.checkpoints.volume {
        if let Some(Err(problem)) = volume.size.as_ref().map(|size| Quantity::parse(&size.0)) {
            error("/storage/checkpoints/volume/size".into(), not_a_quantity(&problem));
        }
        if volume
            .mount_path
            .as_deref()
            .is_some_and(|path| !path.starts_with('/') || path.split('/').any(|part| part == ".."))
        {
            error(
                "/storage/checkpoints/volume/mountPath".into(),
                "the mount path must be absolute and must not contain `..`".into(),
            );
        }
        access_modes(&volume.access_modes, "/storage/checkpoints/volume/accessModes", &mut error);
    }
    let claims = &spec.storage.claims;
    if let Some(Err(problem)) = claims.max_size.as_ref().map(|size| Quantity::parse(&size.0)) {
        error("/storage/claims/maxSize".into(), not_a_quantity(&problem));
    }
    access_modes(
        claims.access_modes.as_deref().unwrap_or_default(),
        "/storage/claims/accessModes",
        &mut error,
    );
    if let Some(version) = spec.security.pod_security.version.as_deref()
        && version != "latest"
        && minor_version(version).is_none()
    {
        let message = format!(
            "`{version}` is not a version of the Pod Security Standards: write `latest` or `v1.N`, such as `v1.34`"
        );
        error("/security/podSecurity/version".into(), message);
    }
    if let Some(RunAs::Ids(ids)) = spec.security.run_as {
        if ids == Ids::default() {
            error(
                "/security/runAs".into(),
                "`runAs` has no ids: set `user`, `group` or `fsGroup`, or write `none`".into(),
            );
        }
        if ids.user == Some(0) && spec.security.pod_security.level == PodSecurityLevel::Restricted {
            error(
                "/security/runAs/user".into(),
                "level `restricted` does not allow user 0: set another `user`".into(),
            );
        }
    }
    for (index, exemption) in spec.exemptions.iter().enumerate() {
        if let Some(until) = &exemption.until
            && (until.len() != "YYYY-MM-DD".len() || until.parse::<Date>().is_err())
        {
            error(
                format!("/exemptions/{index}/until"),
                format!("`{until}` is not a date: write `YYYY-MM-DD`"),
            );
        }
    }
    for (index, pattern) in spec.namespaces.names.iter().enumerate() {
        if let Err(problem) = namespace_pattern(pattern) {
            error(format!("/namespaces/names/{index}"), problem.to_string());
        }
    }
    if let Some(selector) = &spec.namespaces.selector {
        let empty = selector.match_labels.as_ref().is_none_or(BTreeMap::is_empty)
            && selector.match_expressions.as_ref().is_none_or(Vec::is_empty);
        if empty {
            error(
                "/namespaces/selector".into(),
                "an empty selector selects every namespace: add labels, or remove it".into(),
            );
        } else if selects_by_tenant_label(selector) {
            let message =
                format!("Flinkgate sets the label `{TENANT_LABEL}`: select by another label");
            error("/namespaces/selector".into(), message);
        } else if let Err(problem) = Selector::try_from(selector.clone()) {
            error("/namespaces/selector".into(), format!("invalid selector: {problem}"));
        }
    }
    super::demands::check(spec, &mut error);
    let configuration = &spec.flink.configuration;
    for (field, options) in
        [("defaults", &configuration.defaults), ("enforced", &configuration.enforced)]
    {
        for (key, value) in options
            .iter()
            .filter(|(_, value)| value.0.is_object() || value.0.is_array() || value.0.is_null())
        {
            error(
                pointer::join(&format!("/flink/configuration/{field}"), key),
                format!(
                    "option `{key}` is {}: write each option with its full name and a string, a number or a boolean",
                    type_name(&value.0)
                ),
            );
        }
    }
    for (index, version) in spec.flink.versions.iter().flatten().enumerate() {
        if crate::flink::version::FlinkVersion::parse(version).is_none() {
            error(
                format!("/flink/versions/{index}"),
                format!(
                    "`{version}` is not a Flink version: write it as in a FlinkDeployment, such as `v1_20`"
                ),
            );
        }
    }
    let mut warning =
        |pointer: String, message: String| problems.add(pointer, message, false, Severity::Warning);
    super::option_checks::overlapping(spec, &mut warning);
    // A rule may come later, or have gone: an entry about it has no effect.
    for (index, entry) in spec.rules.iter().enumerate() {
        rule_pattern(&entry.rule, rules, format!("/rules/{index}/rule"), &mut warning);
    }
    for (index, exemption) in spec.exemptions.iter().enumerate() {
        for (rule, pattern) in exemption.rules.iter().enumerate() {
            let place = format!("/exemptions/{index}/rules/{rule}");
            rule_pattern(pattern, rules, place, &mut warning);
        }
        if let Some(until) = exemption.until.as_ref().and_then(|until| until.parse::<Date>().ok())
            && until < today
        {
            let message = format!("the exemption ended on {until}: remove it, or set a later date");
            warning(format!("/exemptions/{index}/until"), message);
        }
    }
    given::check(spec, &mut problems);
    patterns::check(spec, &mut problems);
    contradictions::check(spec, &mut problems);
    only_checked::check(spec, &mut problems);
    problems.0
}

/// The problems that were found.
#[derive(Debug, Default)]
struct Problems(Vec<FieldProblem>);

impl Problems {
    fn add(&mut self, pointer: String, message: String, on_key: bool, severity: Severity) {
        self.0.push(FieldProblem { pointer, message, on_key, severity });
    }

    fn refuse(&mut self, pointer: String, message: String) {
        self.add(pointer, message, false, Severity::Refused);
    }

    /// [`Self::refuse`] for the name of a field.
    fn refuse_key(&mut self, pointer: String, message: String) {
        self.add(pointer, message, true, Severity::Refused);
    }

    fn warn(&mut self, pointer: String, message: String) {
        self.add(pointer, message, false, Severity::Warning);
    }

    /// [`Self::warn`] for the name of a field.
    fn warn_key(&mut self, pointer: String, message: String) {
        self.add(pointer, message, true, Severity::Warning);
    }
}

fn access_modes(modes: &[String], base: &str, error: &mut impl FnMut(String, String)) {
    for (index, mode) in
        modes.iter().enumerate().filter(|(_, mode)| !ACCESS_MODES.contains(&mode.as_str()))
    {
        let hint = closest(mode, &ACCESS_MODES).map_or_else(
            || format!("write {}", one_of(&ACCESS_MODES)),
            |close| format!("did you mean `{close}`?"),
        );
        error(format!("{base}/{index}"), format!("`{mode}` is not an access mode: {hint}"));
    }
}

/// A pattern that matches no namespace.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is not a namespace name: write lower-case letters, digits and dashes, with at most one star at the end"
)]
pub struct NamespacePatternError(String);

/// Checks that a pattern can match a namespace.
pub(crate) fn namespace_pattern(pattern: &str) -> Result<(), NamespacePatternError> {
    let body = pattern.strip_suffix('*').unwrap_or(pattern);
    if !pattern.is_empty()
        && body
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    {
        return Ok(());
    }
    Err(NamespacePatternError(pattern.into()))
}

fn selects_by_tenant_label(selector: &LabelSelector) -> bool {
    selector.match_labels.iter().flatten().any(|(key, _)| key == TENANT_LABEL)
        || selector
            .match_expressions
            .iter()
            .flatten()
            .any(|expression| expression.key == TENANT_LABEL)
}

fn quantities(
    amounts: &BTreeMap<String, Amount>,
    base: &str,
    error: &mut impl FnMut(String, String),
) {
    for (name, amount) in amounts {
        let place = pointer::join(base, name);
        if !is_counted(name) {
            let hint = closest(name, &COUNTED).map_or_else(
                || {
                    let known = one_of(&COUNTED);
                    format!("write {known}, or an extended resource such as `nvidia.com/gpu`")
                },
                |close| format!("did you mean `{close}`?"),
            );
            error(place, format!("a quota cannot count `{name}`: {hint}"));
        } else {
            match Quantity::parse(&amount.0) {
                Err(problem) => error(place, not_a_quantity(&problem)),
                Ok(quantity) if quantity < Quantity::default() => {
                    error(place, format!("`{}` is negative: write 0 or more", amount.0));
                }
                Ok(_) => {}
            }
        }
    }
}

fn not_a_quantity(problem: &QuantityError) -> String {
    format!("{problem}: {}", QuantityError::HELP)
}

/// What is wrong with a pattern that matches none of these rules; `None` where one matches.
pub fn unknown_rule(pattern: &str, rules: &[&str]) -> Option<String> {
    let known = rules.iter().any(|rule| super::rule_match(pattern, rule).is_some());
    // A family may have no rules.
    let family = pattern.strip_suffix("/*").is_some_and(|family| super::FAMILIES.contains(&family));
    if known || family {
        return None;
    }
    let hint = closest(pattern, rules).map_or_else(
        || "run `flinkgate rules` for the list".into(),
        |close| format!("did you mean `{close}`?"),
    );
    Some(format!("there is no rule `{pattern}`: {hint}"))
}

fn rule_pattern(
    pattern: &str,
    rules: &[&str],
    place: String,
    error: &mut impl FnMut(String, String),
) {
    if let Some(message) = unknown_rule(pattern, rules) {
        error(place, message);
    }
}
