//! Labels and annotations that a tenant's users may not set: on pods, and by options on pods and on
//! Flink's Services.

use super::{Found, Subject, is_any, shown, texts};
use crate::flink::map_options::map_entries;
use crate::resource::pointer;
use serde_json::Value as Json;

pub(super) fn judge(subject: &Subject<'_>, found: &mut Found) {
    for (field, noun, forbidden) in [
        ("labels", "label", "forbiddenLabels"),
        ("annotations", "annotation", "forbiddenAnnotations"),
    ] {
        let forbidden = texts(&subject.security[forbidden]).unwrap_or_default();
        if field == "annotations" {
            app_armor(subject, found);
        }
        if forbidden.is_empty() {
            continue;
        }
        for set in &subject.workload.pods {
            let metadata = set.template(subject.root).get("metadata");
            let marks = metadata.and_then(|metadata| metadata.get(field)).and_then(Json::as_object);
            for (key, _) in marks.into_iter().flatten().filter(|(key, _)| is_any(&forbidden, key)) {
                let place = pointer::join(&format!("{}/metadata/{field}", set.path()), key);
                found.add(
                    "marks",
                    &place,
                    format!("the {noun} {:?} must not be set on pods", shown(key)),
                    None,
                );
            }
        }
        let pods = subject
            .made_roles()
            .map(|(_, component)| (format!("kubernetes.{component}.{field}"), "pods"));
        let services = ["rest-service", "internal-service"]
            .map(|service| (format!("kubernetes.{service}.{field}"), "Services"));
        let services = services
            .into_iter()
            .filter(|_| subject.workload.declares_cluster && subject.options_make_pods());
        for (option, whose) in pods.chain(services) {
            for pair in map_entries(&subject.workload.config, &option)
                .iter()
                .filter(|pair| is_any(&forbidden, &pair.key))
            {
                if let Some(place) = subject.written(pair.option, pair.entry) {
                    let message = format!(
                        "option {option} must not set the {noun} {:?} on {whose}",
                        shown(&pair.key)
                    );
                    found.add("marks", place, message, None);
                }
            }
        }
    }
}

/// An annotation of which the Pod Security Standards speak: rules about pods see those of pod
/// templates.
fn app_armor(subject: &Subject<'_>, found: &mut Found) {
    if subject.security["podSecurity"]["level"] == regorus::Value::from("privileged") {
        return;
    }
    for (_, component) in subject.made_roles() {
        let option = format!("kubernetes.{component}.annotations");
        for pair in map_entries(&subject.workload.config, &option) {
            let confined = pair.value.is_empty()
                || pair.value == "runtime/default"
                || pair.value.starts_with("localhost/");
            if pair.key.starts_with("container.apparmor.security.beta.kubernetes.io/")
                && !confined
                && let Some(place) = subject.written(pair.option, pair.entry)
            {
                let message = format!("option {option} must not take AppArmor's profile off pods");
                found.add(
                    "marks",
                    place,
                    message,
                    "write runtime/default, or leave the annotation out".to_owned(),
                );
            }
        }
    }
}
