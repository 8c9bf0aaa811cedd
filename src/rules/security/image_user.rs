//! `security/image-user`

use crate::flink::image::{DEFAULT_REGISTRY, ImageRef};
use crate::flink::pods::{Container, Pods};
use crate::kubernetes::pod_security::PodSecurityLevel;
use crate::resource::pointer;
use crate::rules::words::shown;
use crate::rules::{Findings, Level, Rule, Subject};
use serde_json::Value;

/// Containers that the kubelet does not start, because their image's user is root or unknown.
pub static RULE: Rule = Rule {
    id: "security/image-user",
    level: Level::Error,
    since: "0.1.0",
    title: "Users of other images",
    tenant_fields: &["security.podSecurity", "security.runAs"],
    as_is: false,
    page: include_str!("image_user.md"),
    check,
};

/// Official images of Docker Hub whose Dockerfiles set no user, sorted. Flink's set none before 2.2,
/// and later a name, which the kubelet cannot verify either.
const ROOT_IMAGES: [&str; 27] = [
    "almalinux",
    "alpine",
    "amazoncorretto",
    "amazonlinux",
    "bash",
    "buildpack-deps",
    "busybox",
    "centos",
    "debian",
    "eclipse-temurin",
    "fedora",
    "flink",
    "golang",
    "httpd",
    "mariadb",
    "maven",
    "mysql",
    "nginx",
    "node",
    "openjdk",
    "perl",
    "php",
    "postgres",
    "python",
    "rockylinux",
    "ruby",
    "ubuntu",
];

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    if !subject.workload.is_flink() {
        return;
    }
    let security = &subject.tenant.spec.security;
    let is_restricted = security.pod_security.level == PodSecurityLevel::Restricted;
    for pods in &subject.pods {
        if pointer::at(pods.spec(), "/os/name").and_then(Value::as_str) == Some("windows") {
            continue;
        }
        for container in pods.of_other_images() {
            report(pods, container, is_restricted, findings);
        }
    }
}

fn report(
    pods: &Pods<'_>,
    container: &Container<'_>,
    is_restricted: bool,
    findings: &mut Findings,
) {
    let Some(spec) = container.spec else { return };
    let own = setting(spec, "runAsNonRoot");
    let is_verified = own.or_else(|| setting(pods.spec(), "runAsNonRoot"));
    let user = setting(spec, "runAsUser").or_else(|| setting(pods.spec(), "runAsUser"));
    if is_verified != Some(&Value::Bool(true)) || user.is_some() {
        return;
    }
    let image = shown(container.image.text());
    let noun = if container.kind == "initContainers" { "init container" } else { "container" };
    let name = shown(container.name);
    let (level, problem) = if is_root(container.image.text()) {
        (
            Level::Error,
            format!(
                "{noun} `{name}` cannot start: its image `{image}` runs as root or under a name, which `runAsNonRoot` forbids"
            ),
        )
    } else if is_restricted && own.is_none() {
        (
            Level::Warning,
            format!(
                "{noun} `{name}` starts only if its image `{image}` has a user with a number other than 0"
            ),
        )
    } else {
        return;
    };
    let help = match level {
        Level::Error => {
            "set `runAsUser` in its `securityContext`: a user other than 0 with which its program works"
        }
        _ => {
            "set `runAsUser` in its `securityContext`, or `runAsNonRoot: true` there if its image has such a user"
        }
    };
    findings
        .at(container.place(pods.set.path()))
        .level(level)
        .message(problem)
        .help(help.to_owned())
        .container(&name)
        .key("runAsUser")
        .found(image);
}

/// A field of a pod's or container's security context.
fn setting<'v>(owner: &'v Value, field: &str) -> Option<&'v Value> {
    owner.get("securityContext")?.get(field).filter(|value| !value.is_null())
}

/// Whether this is known of an image: one of Docker Hub's own, and not a copy under its name.
fn is_root(image: &str) -> bool {
    let reference = ImageRef::parse(image);
    reference.filter(|image| image.registry == DEFAULT_REGISTRY).is_some_and(|image| {
        let official = image.repository.strip_prefix("library/");
        official.is_some_and(|name| ROOT_IMAGES.binary_search(&name).is_ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_official_images_are_known() {
        assert!(ROOT_IMAGES.is_sorted());
        for image in [
            "alpine:3.20",
            "docker.io/library/busybox",
            "python@sha256:0000000000000000000000000000000000000000000000000000000000000000",
        ] {
            assert!(is_root(image), "{image}");
        }
        for image in ["registry.example.com/library/alpine:3.20", "me/alpine", "grafana", "", "a b"]
        {
            assert!(!is_root(image), "{image}");
        }
    }
}
