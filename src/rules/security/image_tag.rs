//! `security/image-tag`

use crate::flink::image::untagged;
use crate::rules::words::shown;
use crate::rules::{Findings, Level, Rule, Subject};

/// Images that may change without a change of the object.
pub static RULE: Rule = Rule {
    id: "security/image-tag",
    level: Level::Error,
    since: "0.1.0",
    title: "Fixed image versions",
    tenant_fields: &["security.images.forbidLatestTag", "security.images.requireDigest"],
    as_is: false,
    page: include_str!("image_tag.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let images = &subject.tenant.spec.security.images;
    subject.each_image(|container, image| {
        let name = || match untagged(image.text()) {
            "" => "flink".to_owned(),
            name => shown(name),
        };
        let (message, help) = if images.require_digest && image.digest().is_none() {
            let message = match image.text() {
                "" => "no image is set, and Flink's default image has no digest".to_owned(),
                text => format!("image `{}` has no digest", shown(text)),
            };
            (message, format!("write `{}@sha256:<digest>`", name()))
        } else if images.forbid_latest_tag && image.is_floating() {
            let message = format!("image `{}` has no fixed tag", shown(image.text()));
            (message, format!("write a version tag: `{}:<version>`", name()))
        } else {
            return;
        };
        let finding = findings.at(&*image.place).message(message).help(help).found(image.text());
        if let Some(container) = container {
            finding.container(container);
        }
    });
}
