//! `security/metadata`

use crate::flink::Role;
use crate::flink::map_options::map_entries;
use crate::resource::pointer;
use crate::rules::words::{matches_any, shown};
use crate::rules::{Advice, Findings, Level, Rule, Subject};
use serde_json::Value;

/// Labels and annotations that the tenant forbids.
pub static RULE: Rule = Rule {
    id: "security/metadata",
    level: Level::Error,
    since: "0.1.0",
    title: "Forbidden labels and annotations",
    tenant_fields: &[
        "security.forbiddenAnnotations",
        "security.forbiddenLabels",
        "security.podSecurity",
    ],
    as_is: false,
    page: include_str!("metadata.md"),
    check,
};

/// A field of `metadata`, and the options that set it.
struct Field {
    name: &'static str,
    noun: &'static str,
    job_manager: &'static str,
    task_manager: &'static str,
    services: [&'static str; 2],
}

impl Field {
    /// The option for pods of a role.
    fn option(&self, role: Role) -> &'static str {
        match role {
            Role::JobManager => self.job_manager,
            _ => self.task_manager,
        }
    }
}

static LABELS: Field = Field {
    name: "labels",
    noun: "label",
    job_manager: "kubernetes.jobmanager.labels",
    task_manager: "kubernetes.taskmanager.labels",
    services: ["kubernetes.rest-service.labels", "kubernetes.internal-service.labels"],
};

static ANNOTATIONS: Field = Field {
    name: "annotations",
    noun: "annotation",
    job_manager: "kubernetes.jobmanager.annotations",
    task_manager: "kubernetes.taskmanager.annotations",
    services: ["kubernetes.rest-service.annotations", "kubernetes.internal-service.annotations"],
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let security = &subject.tenant.spec.security;
    check_field(subject, &LABELS, &security.forbidden_labels, findings);
    check_field(subject, &ANNOTATIONS, &security.forbidden_annotations, findings);
    if subject.tenant.standard.is_some() {
        check_app_armor(subject, findings);
    }
}

fn check_field(
    subject: &Subject<'_>,
    field: &'static Field,
    forbidden: &[String],
    findings: &mut Findings,
) {
    if forbidden.is_empty() {
        return;
    }
    let message = |key: &str, object: &str| {
        format!("{} `{}` is not allowed on {object}", field.noun, shown(key))
    };
    for pods in &subject.pods {
        let metadata = pods.template.get("metadata").and_then(|metadata| metadata.get(field.name));
        for key in metadata.and_then(Value::as_object).into_iter().flat_map(|map| map.keys()) {
            if matches_any(forbidden, key) {
                let base = pods.place(format_args!("/metadata/{}", field.name));
                findings
                    .at(pointer::join(&base, key))
                    .message(message(key, "pods"))
                    .advise(Advice::remove_in_words(format!("remove the {}", field.noun)))
                    .key(key);
            }
        }
    }
    let mut check_option = |option: &'static str, object: &str| {
        for pair in map_entries(&subject.workload.config, option) {
            if matches_any(forbidden, &pair.key)
                && let Some(place) = subject.written(pair.option, pair.entry)
            {
                findings
                    .at(place)
                    .message(message(&pair.key, object))
                    .help(format!("remove the {} from `{option}`", field.noun))
                    .key(&pair.key);
            }
        }
    };
    for (role, _) in subject.roles_made_from_options() {
        check_option(field.option(role), "pods");
    }
    if subject.workload.declares_cluster && subject.options_make_pods() {
        field.services.into_iter().for_each(|option| check_option(option, "Services"));
    }
}

/// AppArmor annotations that options set. Those of pod templates are checked with the Pod Security
/// Standard.
fn check_app_armor(subject: &Subject<'_>, findings: &mut Findings) {
    for (role, _) in subject.roles_made_from_options() {
        for pair in map_entries(&subject.workload.config, ANNOTATIONS.option(role)) {
            let is_confined = matches!(pair.value.as_str(), "" | "runtime/default")
                || pair.value.starts_with("localhost/");
            if pair.key.starts_with("container.apparmor.security.beta.kubernetes.io/")
                && !is_confined
                && let Some(place) = subject.written(pair.option, pair.entry)
            {
                findings
                    .at(place)
                    .message(format!("AppArmor profile `{}` is not allowed", shown(&pair.value)))
                    .help("use `runtime/default`, or remove the annotation".to_owned())
                    .key(&pair.key)
                    .wanted("runtime/default")
                    .found(&pair.value);
            }
        }
    }
}
