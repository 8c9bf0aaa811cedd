//! Image volumes: images that the kubelet pulls and mounts into containers.

use super::{ContainerImage, Pods};
use crate::resource::fields::elements;
use serde_json::Value;

/// A volume with the content of an image.
#[derive(Debug)]
pub struct ImageVolume<'a> {
    /// JSON Pointer of the volume's `image`.
    pub place: String,
    /// The image.
    pub image: ContainerImage<'a>,
    /// When the kubelet pulls it, if the volume says so.
    pub pull_policy: Option<&'a str>,
}

/// The image volumes of a pod. The API server refuses a volume without a reference.
pub fn image_volumes<'a>(pods: &Pods<'a>) -> impl Iterator<Item = ImageVolume<'a>> {
    let base = pods.set.path();
    elements(pods.spec(), "volumes").iter().enumerate().filter_map(move |(index, volume)| {
        let image = volume.get("image").filter(|image| image.is_object())?;
        let text = |field: &str| image.get(field).and_then(Value::as_str);
        let reference = text("reference").filter(|reference| !reference.is_empty())?;
        let place = format!("{base}/spec/volumes/{index}/image");
        Some(ImageVolume {
            image: ContainerImage::of(Some(reference), format!("{place}/reference")),
            pull_policy: text("pullPolicy").filter(|policy| !policy.is_empty()),
            place,
        })
    })
}
