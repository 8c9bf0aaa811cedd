//! Fields that must be there.

use super::{Declared, Found, Subject};
use crate::flink::PodSet;
use crate::flink::options::IMAGE;
use crate::resource::pointer;
use serde_json::Value;

/// A service account that is named.
pub(super) fn service_account(declared: &Declared<'_>, found: &mut Found) {
    if declared.text("/serviceAccount").is_none() {
        let message = "no service account is named, and the operator deploys nothing without one";
        found.tell(Subject::ServiceAccount, declared.at("/serviceAccount"), message);
    }
}

/// An image, from the field, the option or the pod templates of both roles.
pub(super) fn image(declared: &Declared<'_>, object: &Value, found: &mut Found) {
    if declared.option(IMAGE).is_some_and(|(_, entry)| !entry.value.trim().is_empty()) {
        return;
    }
    let has_image = |set: &PodSet| {
        let main = set.main_container.map(|main| format!("/spec/containers/{main}/image"));
        main.and_then(|main| pointer::at(set.template(object), &main))
            .and_then(Value::as_str)
            .is_some_and(|image| !image.is_empty())
    };
    if !declared.workload.pods.iter().all(has_image) {
        found.tell(
            Subject::Image,
            declared.at("/image"),
            "no image is named: what runs is Flink's own of the operator's release, whatever version is named here",
        );
    }
}
