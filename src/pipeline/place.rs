//! From a rule's path to the place in the object that a person can go to.

use crate::flink::{Template, Workload};
use crate::resource::pointer;
use serde_json::Value;

/// The JSON Pointer of a rule's path: through merged and made pod templates to the field that says
/// it, and from an option's flat key to where the option is written.
pub fn locate(object: &Value, workload: &Workload, path: &[String]) -> String {
    let plain = pointer::from_tokens(path.iter().map(String::as_str));
    if pointer::at(object, &plain).is_some() {
        return plain;
    }
    for pods in &workload.pods {
        if let Template::Merged(_) | Template::Made(_) = &pods.template
            && let Some(within) = plain
                .strip_prefix(pods.path())
                .filter(|rest| rest.is_empty() || rest.starts_with('/'))
        {
            return pods.locate(object, within);
        }
    }
    let option = workload.config_pointer.as_ref().and_then(|base| {
        let depth = pointer::tokens(base).count();
        let key = path.get(depth..)?.join(".");
        plain.starts_with(base.as_str()).then(|| workload.config.entry(&key)?.pointer.clone())?
    });
    option.unwrap_or(plain)
}
