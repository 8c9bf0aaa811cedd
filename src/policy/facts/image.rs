//! `containers[].image`: an image reference taken apart and held against the tenant's patterns.

use super::{as_text, get, object, text};
use crate::flink::image::ImageRef;
use regorus::Value;

/// The repository that Flink runs where nothing names an image.
const DEFAULT_IMAGE: &str = "flink";

/// What rules learn of an image; `path` is where the reference stands or would stand. No reference at all means
/// Flink's own default.
pub fn image(reference: Option<&str>, path: Value, tenant: &Value) -> Value {
    let written = reference.unwrap_or_default();
    let parsed = ImageRef::parse(reference.unwrap_or(DEFAULT_IMAGE));
    let allowed = match get(tenant, &["security", "images", "allow"]) {
        Value::Array(patterns) => {
            let mut patterns = patterns.as_slice().iter().filter_map(as_text);
            parsed.as_ref().is_some_and(|image| patterns.any(|pattern| image.matches(pattern)))
        }
        _ => true,
    };
    object([
        ("text", Value::from(written)),
        ("path", path),
        ("allowed", Value::Bool(allowed)),
        ("floating", Value::Bool(reference.is_some() && parsed.as_ref().is_some_and(ImageRef::floating))),
        ("valid", Value::Bool(parsed.is_some())),
        ("registry", text(parsed.as_ref().map(|image| &*image.registry))),
        ("repository", text(parsed.as_ref().map(|image| &*image.repository))),
        ("tag", text(parsed.as_ref().and_then(|image| image.tag))),
        ("digest", text(parsed.as_ref().and_then(|image| image.digest))),
    ])
}
