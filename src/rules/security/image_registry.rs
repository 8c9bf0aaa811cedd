//! `security/image-registry`

use crate::rules::words::{alternatives, shown};
use crate::rules::{Findings, Level, Rule, Subject};

/// Images that the tenant does not allow.
pub static RULE: Rule = Rule {
    id: "security/image-registry",
    level: Level::Error,
    since: "0.1.0",
    title: "Allowed images",
    tenant_fields: &["security.images.allow"],
    as_is: false,
    page: include_str!("image_registry.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(allowed) = &subject.tenant.spec.security.images.allow else { return };
    subject.each_image(|container, image| {
        if image.is_from(allowed.iter().map(String::as_str)) {
            return;
        }
        let finding = findings
            .at(&*image.place)
            .message(match image.text() {
                "" => {
                    "no image is set, and Flink's default image `flink` is not allowed".to_owned()
                }
                text => format!("image `{}` is not allowed", shown(text)),
            })
            .help(match allowed.as_slice() {
                [] => "ask the platform team: the tenant allows no image".to_owned(),
                some => format!("use an image from {}", alternatives(some)),
            })
            .found(image.text());
        if let Some(container) = container {
            finding.container(container);
        }
    });
}
