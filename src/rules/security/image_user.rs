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

/// Official images of Docker Hub whose Dockerfiles set no user, or set a name, which the kubelet cannot
/// verify either; sorted. Read in the repositories that docker-library/official-images `37079fb` names:
/// the Dockerfiles of `almalinux`, `amazonlinux`, `centos`, `fedora`, `rockylinux` and of each program at
/// their commits of 2024 to August 2026; `debian` and `ubuntu` have none, but those that begin with them
/// (postgres `6edb0a8`, adoptium/containers `d8d18d6`) install packages without naming a user.
/// `USER flink` is in apache/flink-docker `983be34` since Flink 2.2, and `USER mysql` in the `ubi` images
/// of MariaDB.
const ROOT_IMAGES: [&str; 28] = [
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
    "redis",
    "rockylinux",
    "ruby",
    "ubuntu",
];

/// Images of other projects of which their Dockerfile shows the same, by registry and repository:
/// aws/aws-cli `d608967` (v2), alpine-docker/git `95d098d`, curl/curl-container `96c8e58` (`curl_user`),
/// fluent/fluent-bit 5.0.3 (of distroless' `cc`, whose default variant is root in `cd08076`),
/// GoogleCloudPlatform/cloud-sdk-docker `47328f7`, groundnuty/k8s-wait-for `bb1dc78`, hashicorp/vault
/// `024c09b`, prometheus/node_exporter `a7dcc3a` (`nobody`), rclone/rclone `64ab1ac`.
/// Left out after reading: kubernetes/git-sync `e2be7fa` (65533) and prometheus/statsd_exporter `ac592b1`
/// (65534) have numbers; minio/mc and istio/proxyv2 take the user of a base image that was not read.
const OTHER_ROOT_IMAGES: [(&str, &str); 14] = [
    ("cr.fluentbit.io", "fluent/fluent-bit"),
    ("docker.io", "alpine/git"),
    ("docker.io", "amazon/aws-cli"),
    ("docker.io", "curlimages/curl"),
    ("docker.io", "fluent/fluent-bit"),
    ("docker.io", "google/cloud-sdk"),
    ("docker.io", "groundnuty/k8s-wait-for"),
    ("docker.io", "hashicorp/vault"),
    ("docker.io", "prom/node-exporter"),
    ("docker.io", "rclone/rclone"),
    ("gcr.io", "google.com/cloudsdktool/google-cloud-cli"),
    ("public.ecr.aws", "aws-cli/aws-cli"),
    ("quay.io", "curl/curl"),
    ("quay.io", "prometheus/node-exporter"),
];

/// Words in tags of variants with another user: `no-root-v2.0`, `v1.10.2-distroless`.
const OTHER_VARIANTS: [&str; 6] =
    ["no-root", "nonroot", "non-root", "rootless", "unprivileged", "distroless"];

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

/// Whether this is known of an image: one of those above, and not a copy under its name.
fn is_root(image: &str) -> bool {
    let Some(image) = ImageRef::parse(image) else { return false };
    let is_variant =
        image.tag.is_some_and(|tag| OTHER_VARIANTS.iter().any(|word| tag.contains(word)));
    let official =
        image.repository.strip_prefix("library/").filter(|_| image.registry == DEFAULT_REGISTRY);
    let is_listed = match official {
        Some(name) => ROOT_IMAGES.binary_search(&name).is_ok(),
        None => OTHER_ROOT_IMAGES.iter().any(|(registry, repository)| {
            image.registry == *registry && image.repository == *repository
        }),
    };
    is_listed && !is_variant
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_official_images_are_known() {
        assert!(ROOT_IMAGES.is_sorted() && OTHER_ROOT_IMAGES.is_sorted());
        for image in [
            "alpine:3.20",
            "docker.io/library/busybox",
            "python@sha256:0000000000000000000000000000000000000000000000000000000000000000",
            "curlimages/curl:8.11.0",
            "public.ecr.aws/aws-cli/aws-cli:2.27.1",
            "fluent/fluent-bit",
        ] {
            assert!(is_root(image), "{image}");
        }
        for image in [
            "registry.example.com/library/alpine:3.20",
            "quay.io/library/alpine",
            "me/alpine",
            "grafana",
            "registry.k8s.io/git-sync/git-sync:v4.4.0",
            "istio/proxyv2:1.24.0",
            "prom/node-exporter:v1.10.2-distroless",
            "groundnuty/k8s-wait-for:no-root-v2.0",
            "",
            "a b",
        ] {
            assert!(!is_root(image), "{image}");
        }
    }
}
