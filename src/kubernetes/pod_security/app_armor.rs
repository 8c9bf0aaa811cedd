//! AppArmor profiles, as fields and as the annotations that were there before.

use super::pod::{Pod, Subject, field, shown, text};
use super::violation::{Control, Found, Said};
use crate::resource::pointer;
use serde_json::Value;

const ID: &str = "appArmorProfile";
const ANNOTATION: &str = "container.apparmor.security.beta.kubernetes.io/";

pub(super) fn check(_: &Pod<'_>, subject: &Subject<'_>, found: &mut Found) {
    let Some(profile) = field(subject.context, ID) else { return };
    let kind = text(field(profile, "type"));
    if !matches!(&*kind, "RuntimeDefault" | "Localhost") {
        found.add(Control::AppArmor, ID, || {
            let message = format!("{subject} must not have the AppArmor profile {}", shown(&kind));
            Said::new(
                subject.context_place(&[ID, "type"]),
                message,
                "set appArmorProfile: {type: RuntimeDefault}, or leave it out",
            )
        });
    }
}

pub(super) fn check_annotations(pod: &Pod<'_>, found: &mut Found) {
    let annotations = pod.metadata.get("annotations").and_then(Value::as_object);
    for (key, value) in
        annotations.into_iter().flatten().filter(|(key, _)| key.starts_with(ANNOTATION))
    {
        let profile = text(Some(value));
        if !profile.is_empty() && profile != "runtime/default" && !profile.starts_with("localhost/")
        {
            found.add(Control::AppArmor, ID, || {
                let container = key.strip_prefix(ANNOTATION).unwrap_or_default();
                let message = format!(
                    "the AppArmor annotation of container {} must not be {}",
                    shown(container),
                    shown(&profile)
                );
                Said::new(
                    pointer::join("/metadata/annotations", key),
                    message,
                    "remove the annotation",
                )
            });
        }
    }
}
