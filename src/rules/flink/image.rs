//! `flink/image`

use crate::flink::PodSet;
use crate::flink::dialects::emr_release;
use crate::flink::options::IMAGE;
use crate::resource::pointer;
use crate::rules::words::alternatives;
use crate::rules::{Findings, Level, Rule, Subject};
use serde_json::Value;

/// Clusters without an image, which run the one of the operator's release.
pub static RULE: Rule = Rule {
    id: "flink/image",
    level: Level::Warning,
    since: "0.1.0",
    title: "Missing image",
    tenant_fields: &["security.images.allow"],
    as_is: false,
    page: include_str!("image.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(cluster) = subject.operators_cluster() else { return };
    if emr_release(cluster.spec()).is_some() {
        return;
    }
    if !cluster.is_blank(IMAGE) || subject.workload.pods.iter().all(|set| has_image(subject, set)) {
        return;
    }
    let field = cluster.name("/image");
    let help = match subject.tenant.spec.security.images.allow.as_deref() {
        None | Some([]) => format!("set `{field}`"),
        Some(allowed) => {
            format!("set `{field}` to an image that matches {}", alternatives(allowed))
        }
    };
    findings
        .at(cluster.at("/image"))
        .message(
            "no image is set: the operator uses that of its own Flink release, not of `flinkVersion`",
        )
        .help(help);
}

/// Whether the pod template names the image of the container that runs Flink.
fn has_image(subject: &Subject<'_>, set: &PodSet) -> bool {
    let container = set
        .main_container
        .and_then(|main| pointer::at(set.template(subject.object), "/spec/containers")?.get(main));
    let image = container.and_then(|container| container.get("image"));
    image.and_then(Value::as_str).is_some_and(|image| !image.is_empty())
}
