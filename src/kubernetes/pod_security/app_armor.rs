//! AppArmor profiles, in fields and in the older annotations.

use super::pod::{Pod, Subject, field, text};
use super::violation::{Control, PodPart, Violation, Violations};
use crate::resource::pointer;
use serde_json::Value;

const ID: &str = "appArmorProfile";
const ANNOTATION: &str = "container.apparmor.security.beta.kubernetes.io/";

pub(super) fn check<'a>(_: &Pod<'a>, subject: &Subject<'a>, violations: &mut Violations<'a>) {
    let Some(profile) = field(subject.context, ID) else { return };
    let kind = field(profile, "type");
    if !matches!(&*text(kind), "RuntimeDefault" | "Localhost") {
        violations.add(Control::AppArmor, |control| Violation {
            control,
            check: ID,
            place: subject.context_place(&[ID, "type"]),
            part: subject.part(),
            field: "type",
            found: kind,
            accepted: &["RuntimeDefault", "Localhost"],
        });
    }
}

pub(super) fn check_annotations<'a>(pod: &Pod<'a>, violations: &mut Violations<'a>) {
    let annotations = pod.metadata.get("annotations").and_then(Value::as_object);
    for (key, value) in
        annotations.into_iter().flatten().filter(|(key, _)| key.starts_with(ANNOTATION))
    {
        let profile = text(Some(value));
        if !profile.is_empty() && profile != "runtime/default" && !profile.starts_with("localhost/")
        {
            violations.add(Control::AppArmor, |control| Violation {
                control,
                check: ID,
                place: pointer::join("/metadata/annotations", key),
                part: PodPart::Annotation,
                field: key,
                found: Some(value),
                accepted: &["runtime/default", "localhost/*"],
            });
        }
    }
}
