//! The image of a container: its reference, the field that holds it, its parts.

use crate::flink::image::ImageRef;
use std::borrow::Cow;

/// The repository that Flink runs where nothing names an image.
const DEFAULT_IMAGE: &str = "flink";

/// What a container runs.
#[derive(Debug)]
pub struct ContainerImage<'a> {
    /// As it is written; `None` for Flink's own default.
    pub reference: Option<&'a str>,
    /// Where it is written, or would be.
    pub place: Cow<'a, str>,
    /// Its parts; `None` where no runtime could pull it.
    pub parsed: Option<ImageRef<'a>>,
}

impl<'a> ContainerImage<'a> {
    /// An image by its reference.
    pub fn of(reference: Option<&'a str>, place: impl Into<Cow<'a, str>>) -> Self {
        let place = place.into();
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
}
