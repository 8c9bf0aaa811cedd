//! What the rules about the Pod Security Standards share: a finding for each violation, and the
//! names of what violates.

use crate::kubernetes::pod_security::{ContainerKind, Control, PodPart, Violation};
use crate::rules::words::shown;
use crate::rules::{Finding, Findings, Subject};

/// Reports each violation of a control. The finding has its place, container and value; `describe`
/// adds the message and the help.
pub(in crate::rules) fn report(
    subject: &Subject<'_>,
    control: Control,
    findings: &mut Findings,
    describe: impl Fn(&Violation<'_>, &mut Finding),
) {
    for violation in subject.violations(control) {
        let finding = findings.at(violation.place.as_str());
        if let PodPart::Container(_, name) = violation.part {
            finding.container(shown(name));
        }
        if violation.found.is_some() {
            finding.found(shown(&violation.found_text()));
        }
        describe(violation, finding);
    }
}

/// The part of the pod that violates the standard: ``init container `fetch` ``.
pub(in crate::rules) fn part_name(violation: &Violation<'_>) -> String {
    let (noun, name) = match violation.part {
        PodPart::Pod | PodPart::Annotation => return "the pod".to_owned(),
        PodPart::Container(ContainerKind::Init, name) => ("init container", name),
        PodPart::Container(ContainerKind::Regular, name) => ("container", name),
        PodPart::Container(ContainerKind::Ephemeral, name) => ("ephemeral container", name),
        PodPart::Volume(name) => ("volume", name),
    };
    match name {
        "" => format!("{noun} without a name"),
        name => format!("{noun} `{}`", shown(name)),
    }
}

/// The value found, in backticks.
pub(in crate::rules) fn value(violation: &Violation<'_>) -> String {
    match &*violation.found_text() {
        "" => "`\"\"`".to_owned(),
        found => format!("`{}`", shown(found)),
    }
}
