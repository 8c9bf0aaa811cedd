//! Images: where they come from, whether they stay what they are, and when they are pulled.

use super::{Found, Subject, shown, texts, use_one_of};
use crate::flink::options::{IMAGE, IMAGE_PULL_POLICY};
use crate::flink::pods::Container;
use crate::flink::pods::ContainerImage;
use crate::flink::workload::MAIN_CONTAINER;
use regorus::Value;
use serde_json::Value as Json;

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
    for container in subject.pods.iter().flat_map(|pods| &pods.containers) {
        judge_image(container.name, &container.image, &wanted, found);
    }
    if let Some(allowed) = &wanted.pull_policies {
        for pods in subject.pods {
            pods.containers.iter().for_each(|container| {
                judge_pull_policy(subject, container, pods.set.path(), allowed, found)
            });
        }
    }
    if subject.asks_for_task_managers()
        && let Some((key, entry)) = subject.option(IMAGE)
    {
        judge_image(
            MAIN_CONTAINER,
            &ContainerImage::of(Some(&entry.value), subject.place(key, entry)),
            &wanted,
            found,
        );
    }
    if subject.asks_for_task_managers()
        && let (Some(allowed), Some((key, entry))) =
            (&wanted.pull_policies, subject.option(IMAGE_PULL_POLICY))
        && !allowed.contains(&entry.value.as_str())
    {
        let message = format!("option {key} must not be {:?}", shown(&entry.value));
        found.add("imagePullPolicy", &subject.place(key, entry), message, use_one_of(allowed));
    }
}

fn judge_image(
    container: &str,
    image: &ContainerImage<'_>,
    wanted: &Wanted<'_>,
    found: &mut Found,
) {
    if let Some(allow) = &wanted.allow
        && !image.is_from(allow.iter().copied())
    {
        let message = match image.text() {
            "" => format!(
                "container {container:?} names no image and would run Flink's own from docker.io"
            ),
            text => format!("container {container:?} must not run the image {}", shown(text)),
        };
        found.add(
            "imageRegistry",
            &image.place,
            message,
            format!("use an image from {}", allow.join(" or ")),
        );
    }
    if wanted.not_floating && image.is_floating() {
        let message = format!(
            "container {container:?} must not run the floating image {}",
            shown(image.text())
        );
        found.add("imageTag", &image.place, message, None);
    }
    if wanted.digest && image.digest().is_none() {
        let message = format!("container {container:?} must name its image by digest");
        found.add(
            "imageTag",
            &image.place,
            message,
            "write registry/repository@sha256:…".to_owned(),
        );
    }
}

fn judge_pull_policy(
    subject: &Subject<'_>,
    container: &Container<'_>,
    base: &str,
    allowed: &[&str],
    found: &mut Found,
) {
    let operators =
        container.main && subject.workload.declares_cluster && subject.options_make_pods();
    let option = subject.workload.config.first(IMAGE_PULL_POLICY).filter(|_| operators);
    let own = container.spec.and_then(|spec| spec.get("imagePullPolicy")).and_then(Json::as_str);
    let (policy, place) = match (option, own) {
        (Some((key, entry)), _) => (entry.value.as_str(), subject.place(key, entry)),
        (None, Some(own)) => (own, format!("{}/imagePullPolicy", container.place(base))),
        // Kubernetes looks at the tag; Flink does not.
        (None, None) if !operators && container.image.is_floating() => {
            ("Always", container.image.place.clone())
        }
        (None, None) => ("IfNotPresent", container.image.place.clone()),
    };
    if !allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(policy)) {
        let message = format!(
            "container {:?} must not have its image pulled by the policy {:?}",
            container.name,
            shown(policy)
        );
        let help = format!("set imagePullPolicy: {}", allowed.join(" or "));
        found.add("imagePullPolicy", &place, message, help);
    }
}
