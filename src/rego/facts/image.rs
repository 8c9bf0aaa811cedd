//! `containers[].image`: an image reference taken apart and held against the tenant's patterns.

use super::{as_text, get, object, path, text};
use crate::flink::image::ImageRef;
use regorus::Value;

/// The repository that Flink runs where nothing names an image.
const DEFAULT_IMAGE: &str = "flink";

/// What a container runs.
pub struct Image<'a> {
    /// As it is written; `None` for Flink's own default.
    pub reference: Option<&'a str>,
    /// Where it is written, or would be.
    pub place: String,
    parsed: Option<ImageRef<'a>>,
}

impl<'a> Image<'a> {
    /// An image by its reference.
    pub fn of(reference: Option<&'a str>, place: String) -> Self {
        Self { reference, place, parsed: ImageRef::parse(reference.unwrap_or(DEFAULT_IMAGE)) }
    }

    /// The reference as written; empty for Flink's default.
    pub fn text(&self) -> &'a str {
        self.reference.unwrap_or_default()
    }

    /// Whether it comes from one of these places.
    pub fn is_from<'p>(&self, mut patterns: impl Iterator<Item = &'p str>) -> bool {
        self.parsed.as_ref().is_some_and(|image| patterns.any(|pattern| image.matches(pattern)))
    }

    /// Whether it may be another image tomorrow; what is not named is Flink's to choose.
    pub fn is_floating(&self) -> bool {
        self.reference.is_some() && self.parsed.as_ref().is_some_and(ImageRef::floating)
    }

    /// The digest that it is named by.
    pub fn digest(&self) -> Option<&str> {
        self.parsed.as_ref().and_then(|image| image.digest)
    }

    /// What rules learn of it.
    pub fn described(&self, tenant: &Value) -> Value {
        let allowed = match get(tenant, &["security", "images", "allow"]) {
            Value::Array(patterns) => self.is_from(patterns.as_slice().iter().filter_map(as_text)),
            _ => true,
        };
        let parsed = self.parsed.as_ref();
        object([
            ("text", Value::from(self.text())),
            ("path", Value::from(path(&self.place))),
            ("allowed", Value::Bool(allowed)),
            ("floating", Value::Bool(self.is_floating())),
            ("valid", Value::Bool(parsed.is_some())),
            ("registry", text(parsed.map(|image| &*image.registry))),
            ("repository", text(parsed.map(|image| &*image.repository))),
            ("tag", text(parsed.and_then(|image| image.tag))),
            ("digest", text(self.digest())),
        ])
    }
}
