//! Images: where they come from, whether they stay what they are, and when they are pulled.

use super::super::image::image;
use super::super::{as_text, elements, extended, path};
use super::{Found, Subject, shown, texts, use_one_of};
use crate::flink::options::{IMAGE, IMAGE_PULL_POLICY};
use crate::flink::workload::MAIN_CONTAINER;
use regorus::Value;

/// What a tenant says of images.
struct Wanted<'a> {
    allow: Option<Vec<&'a str>>,
    not_floating: bool,
    digest: bool,
    pull_policies: Option<Vec<&'a str>>,
}

pub(super) fn judge(subject: &Subject<'_>, found: &mut Found) {
    let images = &subject.security["images"];
    let wanted = Wanted {
        allow: texts(&images["allow"]),
        not_floating: images["forbidLatestTag"] == Value::Bool(true),
        digest: images["requireDigest"] == Value::Bool(true),
        pull_policies: texts(&images["pullPolicies"]),
    };
    for pod in elements(subject.pods) {
        for container in elements(&pod["containers"]) {
            let name = as_text(&container["name"]).unwrap_or_default();
            judge_image(name, &container["image"], &wanted, found);
            if let Some(allowed) = &wanted.pull_policies {
                judge_pull_policy(subject, name, container, allowed, found);
            }
        }
    }
    if subject.asks_for_task_managers()
        && let Some((key, entry)) = subject.option(IMAGE)
    {
        let place = Value::from(path(&subject.place(key, entry)));
        judge_image(MAIN_CONTAINER, &image(Some(&entry.value), place, subject.tenant), &wanted, found);
    }
    if subject.asks_for_task_managers()
        && let (Some(allowed), Some((key, entry))) = (&wanted.pull_policies, subject.option(IMAGE_PULL_POLICY))
        && !allowed.contains(&entry.value.as_str())
    {
        let message = format!("option {key} must not be {:?}", shown(&entry.value));
        found.add("imagePullPolicy", &subject.place(key, entry), message, use_one_of(allowed));
    }
}

fn judge_image(container: &str, image: &Value, wanted: &Wanted<'_>, found: &mut Found) {
    let text = || as_text(&image["text"]).unwrap_or_default();
    if let Some(allow) = &wanted.allow
        && image["allowed"] == Value::Bool(false)
    {
        let message = match text() {
            "" => format!("container {container:?} names no image and would run Flink's own from docker.io"),
            text => format!("container {container:?} must not run the image {}", shown(text)),
        };
        found.add_at("imageRegistry", image["path"].clone(), message, format!("use an image from {}", allow.join(" or ")));
    }
    if wanted.not_floating && image["floating"] == Value::Bool(true) {
        let message = format!("container {container:?} must not run the floating image {}", shown(text()));
        found.add_at("imageTag", image["path"].clone(), message, None);
    }
    if wanted.digest && image["digest"] == Value::Null {
        let message = format!("container {container:?} must name its image by digest");
        found.add_at("imageTag", image["path"].clone(), message, "write registry/repository@sha256:…".to_owned());
    }
}

fn judge_pull_policy(subject: &Subject<'_>, name: &str, container: &Value, allowed: &[&str], found: &mut Found) {
    let operators = container["main"] == Value::Bool(true) && subject.workload.declares_cluster && subject.options_make_pods();
    let option = subject.workload.config.first(IMAGE_PULL_POLICY).filter(|_| operators);
    let own = as_text(&container["spec"]["imagePullPolicy"]);
    let (policy, place) = match (option, own) {
        (Some((key, entry)), _) => (entry.value.as_str(), Value::from(path(&subject.place(key, entry)))),
        (None, Some(own)) => (own, extended(elements(&container["path"]), ["imagePullPolicy"])),
        // Kubernetes looks at the tag; Flink does not.
        (None, None) if !operators && container["image"]["floating"] == Value::Bool(true) => ("Always", container["image"]["path"].clone()),
        (None, None) => ("IfNotPresent", container["image"]["path"].clone()),
    };
    if !allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(policy)) {
        let message = format!("container {name:?} must not have its image pulled by the policy {:?}", shown(policy));
        let help = format!("set imagePullPolicy: {}", allowed.join(" or "));
        found.add_at("imagePullPolicy", place, message, help);
    }
}
