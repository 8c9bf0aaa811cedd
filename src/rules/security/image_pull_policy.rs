//! `security/image-pull-policy`

use crate::flink::config::Entry;
use crate::flink::options::{IMAGE_PULL_POLICY, canonical};
use crate::flink::pods::{Container, image_volumes};
use crate::rules::words::{alternatives, shown, use_one_of};
use crate::rules::{Advice, Findings, Level, Rule, Subject};
use crate::tenant::PullPolicy;
use serde_json::Value;

/// Image pull policies that the tenant does not allow.
pub static RULE: Rule = Rule {
    id: "security/image-pull-policy",
    level: Level::Error,
    since: "0.1.0",
    title: "Image pull policy",
    tenant_fields: &["security.images.pullPolicies"],
    as_is: false,
    page: include_str!("image_pull_policy.md"),
    check,
};

/// What decides the pull policy of a container.
enum Source<'a> {
    /// An option of Flink's.
    Option(&'a str, &'a Entry),
    /// The container's `imagePullPolicy`.
    Field,
    /// Nothing: the default holds.
    Default,
}

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(allowed) = &subject.tenant.spec.security.images.pull_policies else { return };
    for pods in &subject.pods {
        for container in &pods.containers {
            let (policy, source) = pull_policy(subject, container);
            if allowed.iter().any(|allowed| allowed.as_ref().eq_ignore_ascii_case(policy)) {
                continue;
            }
            let (place, field) = match source {
                Source::Option(key, entry) => (subject.option_place(key, entry), key),
                Source::Field => {
                    let place = container.place(pods.set.path());
                    (format!("{place}/imagePullPolicy"), "imagePullPolicy")
                }
                Source::Default if is_made_by_flink(subject, container) => {
                    (container.image.place.to_string(), canonical(IMAGE_PULL_POLICY))
                }
                Source::Default => (container.image.place.to_string(), "imagePullPolicy"),
            };
            findings
                .at(place)
                .message(match source {
                    Source::Default => {
                        format!("default image pull policy `{policy}` is not allowed")
                    }
                    _ => message(policy),
                })
                .advise(help(field, allowed))
                .container(container.name)
                .found(policy);
        }
    }
    for volume in subject.pods.iter().flat_map(image_volumes) {
        let default = if volume.image.is_floating() { "Always" } else { "IfNotPresent" };
        let policy = volume.pull_policy.unwrap_or(default);
        if !allowed.iter().any(|allowed| allowed.as_ref() == policy) {
            findings
                .at(match volume.pull_policy {
                    Some(_) => format!("{}/pullPolicy", volume.place),
                    None => volume.image.place.to_string(),
                })
                .message(match volume.pull_policy {
                    Some(_) => message(policy),
                    None => format!("default image pull policy `{policy}` is not allowed"),
                })
                .advise(help("pullPolicy", allowed))
                .found(policy);
        }
    }
    if subject.requests_task_managers()
        && let Some((key, entry)) = subject.option(IMAGE_PULL_POLICY)
        && !allowed.iter().any(|allowed| allowed.as_ref() == entry.value)
    {
        findings
            .at(subject.option_place(key, entry))
            .message(message(&entry.value))
            .advise(help(key, allowed))
            .key(key)
            .found(&entry.value);
    }
}

/// The pull policy of a container, and what decides it.
fn pull_policy<'a>(subject: &Subject<'a>, container: &Container<'a>) -> (&'a str, Source<'a>) {
    let is_made_by_flink = is_made_by_flink(subject, container);
    if is_made_by_flink && let Some((key, entry)) = subject.workload.config.first(IMAGE_PULL_POLICY)
    {
        return (&entry.value, Source::Option(key, entry));
    }
    let field = container.spec.and_then(|spec| spec.get("imagePullPolicy")).and_then(Value::as_str);
    match field {
        Some(policy) => (policy, Source::Field),
        // The default of Kubernetes depends on the tag; Flink's does not.
        None if !is_made_by_flink && container.image.is_floating() => ("Always", Source::Default),
        None => ("IfNotPresent", Source::Default),
    }
}

/// Whether an operator sets the container's pull policy from Flink's options.
fn is_made_by_flink(subject: &Subject<'_>, container: &Container<'_>) -> bool {
    container.main && subject.workload.declares_cluster && subject.options_make_pods()
}

fn message(policy: &str) -> String {
    format!("image pull policy `{}` is not allowed", shown(policy))
}

fn help(field: &str, allowed: &[PullPolicy]) -> Advice {
    let advice = match allowed {
        [only] if field.contains('.') => Advice::set_option(field, only.as_ref()),
        [only] => Advice::set(field, only.as_ref()),
        _ => Advice::words(""),
    };
    advice.in_words(help_text(field, allowed))
}

fn help_text(field: &str, allowed: &[PullPolicy]) -> String {
    match allowed {
        [] => use_one_of(allowed),
        allowed => format!("set `{field}` to {}", alternatives(allowed)),
    }
}
