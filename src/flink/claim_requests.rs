//! The requests of PersistentVolumeClaims: of claims themselves, and of templates from which
//! Kubernetes creates claims for a StatefulSet or an ephemeral volume.

use super::kinds::{CLASS_ANNOTATION, is_claim};
use super::{Engine, PodSet, Workload};
use crate::resource::fields::{elements, elements_at};
use crate::resource::quantity::Quantity;
use crate::resource::{Operation, Resource, metadata_text, pointer};
use serde_json::Value;

/// JSON Pointer of a claim's size.
pub const SIZE: &str = "/spec/resources/requests/storage";
/// JSON Pointer of a claim's access modes.
pub const ACCESS_MODES: &str = "/spec/accessModes";
const CLASS: &str = "/spec/storageClassName";

/// A claim, or a template for claims.
#[derive(Debug)]
pub struct ClaimRequest<'a> {
    claim: &'a Value,
    /// The claim before an update. Its class and modes cannot change, and its size may only grow.
    old: Option<&'a Value>,
    place: Place<'a>,
}

#[derive(Debug)]
enum Place<'a> {
    Object,
    Volume(&'a PodSet, usize),
    /// An element of `volumeClaimTemplates` at this pointer.
    Template(&'a str, usize),
}

/// The requests of an object: the claim that it is, or the templates in it.
pub fn claim_requests<'a>(
    resource: &'a Resource,
    object: &'a Value,
    workload: &'a Workload,
) -> impl Iterator<Item = ClaimRequest<'a>> {
    let own = is_claim(resource).then(|| ClaimRequest {
        claim: object,
        old: resource.old_object.as_ref().filter(|_| resource.operation == Operation::Update),
        place: Place::Object,
    });
    let sets = if own.is_some() { &[] } else { workload.pods.as_slice() };
    let volumes = sets.iter().flat_map(move |set| {
        let volumes = elements_at(set.template(object), "/spec/volumes").iter().enumerate();
        volumes.filter_map(move |(index, volume)| {
            let claim = pointer::at(volume, "/ephemeral/volumeClaimTemplate")?;
            Some(ClaimRequest { claim, old: None, place: Place::Volume(set, index) })
        })
    });
    let by_role = sets.iter().filter(|_| workload.engine == Engine::Spotify).map(PodSet::path);
    let of_set = own.is_none().then_some("/spec");
    let templates = by_role.chain(of_set).flat_map(move |base| {
        let holder = pointer::at(object, base).unwrap_or(&Value::Null);
        let claims = elements(holder, "volumeClaimTemplates").iter().enumerate();
        claims.map(move |(index, claim)| ClaimRequest {
            claim,
            old: None,
            place: Place::Template(base, index),
        })
    });
    own.into_iter().chain(volumes).chain(templates)
}

impl<'a> ClaimRequest<'a> {
    /// The claim's name; `None` for a template.
    pub fn name(&self) -> Option<&'a str> {
        matches!(self.place, Place::Object).then(|| metadata_text(self.claim, "name"))
    }

    /// Its storage class and the place, unless the update keeps it. An empty class is a value too:
    /// it selects volumes without a class.
    pub fn changed_class(&self) -> Option<(Option<&'a str>, String)> {
        let (class, within) = class(self.claim);
        let is_kept = self.old.is_some_and(|old| self::class(old).0 == class);
        (!is_kept).then(|| (class, self.pointer(within)))
    }

    /// Its size, unless the update keeps or reduces it.
    pub fn grown_size(&self) -> Option<Quantity> {
        let size = |claim: &Value| {
            pointer::at(claim, SIZE).and_then(|size| Quantity::from_json(size).ok())
        };
        size(self.claim).filter(|new| self.old.and_then(size).is_none_or(|old| *new > old))
    }

    /// Its access modes; empty if the update keeps them.
    pub fn changed_modes(&self) -> &'a [Value] {
        let is_kept = self.old.is_some_and(|old| {
            pointer::at(old, ACCESS_MODES) == pointer::at(self.claim, ACCESS_MODES)
        });
        if is_kept { &[] } else { elements_at(self.claim, ACCESS_MODES) }
    }

    /// A field of the claim, unless the update keeps it or the field is absent.
    pub fn changed(&self, within: &str) -> Option<&'a Value> {
        let value = pointer::at(self.claim, within).filter(|value| !value.is_null())?;
        let is_kept = self.old.is_some_and(|old| pointer::at(old, within) == Some(value));
        (!is_kept).then_some(value)
    }

    /// Whether this is an update of a claim.
    pub fn is_update(&self) -> bool {
        self.old.is_some()
    }

    /// Its size as written.
    pub fn written_size(&self) -> String {
        let size = pointer::at(self.claim, SIZE).unwrap_or(&Value::Null);
        size.as_str().map_or_else(|| size.to_string(), str::to_owned)
    }

    /// JSON Pointer in the object for a pointer within the claim.
    pub fn pointer(&self, within: &str) -> String {
        match self.place {
            Place::Object => within.to_owned(),
            Place::Volume(set, index) => {
                format!("{}/spec/volumes/{index}/ephemeral/volumeClaimTemplate{within}", set.path())
            }
            Place::Template(base, index) => {
                format!("{base}/volumeClaimTemplates/{index}{within}")
            }
        }
    }
}

/// A claim's storage class and its place.
fn class(claim: &Value) -> (Option<&str>, &'static str) {
    let annotation = claim
        .get("metadata")
        .and_then(|metadata| metadata.get("annotations")?.get(CLASS_ANNOTATION)?.as_str());
    match annotation {
        Some(class) => {
            (Some(class), "/metadata/annotations/volume.beta.kubernetes.io~1storage-class")
        }
        None => (pointer::at(claim, CLASS).and_then(Value::as_str), CLASS),
    }
}
