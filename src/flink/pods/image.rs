//! The image of a container: its reference, its place and its parts.

use crate::flink::image::ImageRef;
use std::borrow::Cow;

/// Flink's default repository.
const DEFAULT_IMAGE: &str = "flink";

/// The image of a container.
#[derive(Debug)]
pub struct ContainerImage<'a> {
    /// The reference as written; `None` for Flink's default.
    pub reference: Option<&'a str>,
    /// JSON Pointer of the image, which may be missing.
    pub place: Cow<'a, str>,
    /// Its parts; `None` if no runtime could pull it.
    pub parsed: Option<ImageRef<'a>>,
}

impl<'a> ContainerImage<'a> {
    /// The image with a reference and a place.
    pub fn of(reference: Option<&'a str>, place: impl Into<Cow<'a, str>>) -> Self {
        let place = place.into();
        Self { reference, place, parsed: ImageRef::parse(reference.unwrap_or(DEFAULT_IMAGE)) }
    }

    /// The reference as written; empty for Flink's default.
    pub fn text(&self) -> &'a str {
        self.reference.unwrap_or_default()
    }

    /// Whether one of these patterns matches it.
    pub fn is_from<'p>(&self, mut patterns: impl Iterator<Item = &'p str>) -> bool {
        self.parsed.as_ref().is_some_and(|image| patterns.any(|pattern| image.matches(pattern)))
    }

    /// Whether the reference may change its meaning; this does not apply to Flink's default.
    pub fn is_floating(&self) -> bool {
        self.reference.is_some() && self.parsed.as_ref().is_some_and(ImageRef::floating)
    }

    /// The digest in the reference.
    pub fn digest(&self) -> Option<&str> {
        self.parsed.as_ref().and_then(|image| image.digest)
    }
}
