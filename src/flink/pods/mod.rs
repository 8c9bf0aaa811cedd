//! The containers, images and service accounts of a workload's pods, each with the field or option
//! that decides it.
//!
//! A lowered [`Workload`] and its object go in; one [`Pods`] for each pod set comes out. Nothing
//! here judges them: rules and mutation read them.

mod container;
mod image;
mod image_volume;
mod service_account;

pub use container::{CONTAINER_LISTS, Container, containers, flinks_image, is_made_by_operator};
pub use image::ContainerImage;
pub use image_volume::{ImageVolume, image_volumes};
pub use service_account::ServiceAccount;

use super::workload::MAIN_CONTAINER;
use super::{PodSet, Workload};
use crate::resource::pointer;
use serde_json::Value;

/// One pod set with its template, containers and service account.
#[derive(Debug)]
pub struct Pods<'a> {
    /// The pod set.
    pub set: &'a PodSet,
    /// Its template: `metadata` and `spec`.
    pub template: &'a Value,
    /// All containers, in the order of [`CONTAINER_LISTS`].
    pub containers: Vec<Container<'a>>,
    /// The service account of the pods.
    pub account: ServiceAccount<'a>,
}

impl<'a> Pods<'a> {
    /// The pods of each pod set of a workload.
    pub fn of_workload(workload: &'a Workload, object: &'a Value) -> Vec<Self> {
        workload.pods.iter().map(|set| Self::of(set, workload, object)).collect()
    }

    fn of(set: &'a PodSet, workload: &'a Workload, object: &'a Value) -> Self {
        let template = set.template(object);
        Self {
            set,
            template,
            containers: container::containers(set, template, workload, object),
            account: ServiceAccount::of(set, template, workload, object),
        }
    }

    /// The template's `spec`; `Null` if there is none.
    pub fn spec(&self) -> &'a Value {
        self.template.get("spec").unwrap_or(&Value::Null)
    }

    /// The containers that run an image of their own, not Flink's.
    pub fn of_other_images(&self) -> impl Iterator<Item = &Container<'a>> {
        let flinks = container::flinks_image(&self.containers);
        self.containers.iter().filter(move |container| !container.runs(flinks))
    }

    /// JSON Pointer in the object for a place within the template, such as `/spec/volumes/0`.
    pub fn place(&self, within: impl std::fmt::Display) -> String {
        format!("{}{within}", self.set.path())
    }
}

/// The name of the main container if the operator adds it to the template.
pub fn added_by_operator(
    set: &PodSet,
    template: &Value,
    workload: &Workload,
) -> Option<&'static str> {
    let own = || {
        pointer::at(template, "/spec/containers").and_then(Value::as_array).into_iter().flatten()
    };
    let has_main = || {
        own().any(|container| container.get("name").and_then(Value::as_str) == Some(MAIN_CONTAINER))
    };
    (set.main_container.is_none() && is_made_by_operator(set, workload) && !has_main())
        .then_some(MAIN_CONTAINER)
}
