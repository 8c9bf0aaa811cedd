//! From a rule's pointer to the field of the object that a person can change.

use crate::flink::{Template, Workload};
use crate::resource::pointer;
use serde_json::Value;

/// Translates a pointer: through merged and made pod templates to the field that holds the value,
/// and from an option's flat key to where the option is written.
pub(super) fn locate(object: &Value, workload: &Workload, place: &str) -> String {
    if pointer::at(object, place).is_some() {
        return place.to_owned();
    }
    for pods in &workload.pods {
        if let Template::Merged(_) | Template::Generated(_) = &pods.template
            && let Some(within) = place
                .strip_prefix(pods.path())
                .filter(|rest| rest.is_empty() || rest.starts_with('/'))
        {
            return pods.locate(object, within);
        }
    }
    let option = workload.config_pointer.as_ref().and_then(|base| {
        let rest = place.strip_prefix(base.as_str())?;
        let key = pointer::tokens(rest).collect::<Vec<_>>().join(".");
        workload.config.entry(&key)?.pointer.clone()
    });
    option.unwrap_or_else(|| place.to_owned())
}
