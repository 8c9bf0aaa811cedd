//! What PersistentVolumeClaims ask for: storage class, size and access modes that the tenant may
//! have. A claim that Kubernetes makes of a StatefulSet's template or for a pod's ephemeral volume
//! is held to the same as one that somebody writes.

use super::super::{as_text, get};
use super::{Found, Subject, is_any, shown, texts, use_one_of};
use crate::flink::Engine;
use crate::flink::claims::claim_for;
use crate::flink::kinds::{CLASS_ANNOTATION, is_claim};
use crate::resource::quantity::Quantity;
use crate::resource::{Operation, metadata_text, pointer};
use regorus::Value;
use serde_json::Value as Json;

const SIZE: &str = "/spec/resources/requests/storage";
const MODES: &str = "/spec/accessModes";

/// What the tenant's claims may ask for; `None` for anything.
struct Limits<'a> {
    classes: Option<Vec<&'a str>>,
    size: Option<Quantity>,
    modes: Option<Vec<&'a str>>,
}

pub(super) fn judge(subject: &Subject<'_>, found: &mut Found) {
    let storage = &subject.tenant["storage"];
    let claims = &storage["claims"];
    if !matches!(claims, Value::Object(_)) {
        return;
    }
    let limits = Limits {
        classes: texts(&claims["storageClassNames"]),
        size: as_text(&claims["maxSize"]).and_then(|size| Quantity::parse(size).ok()),
        modes: texts(&claims["accessModes"]),
    };
    if limits.classes.is_none() && limits.size.is_none() && limits.modes.is_none() {
        return;
    }
    if is_claim(subject.resource) {
        let limits = if is_checkpoints(subject) {
            limits.and_of(get(storage, &["checkpoints", "volume"]))
        } else {
            limits
        };
        return limits.judge(subject.root, "", subject.old_claim(), found);
    }
    for set in &subject.workload.pods {
        let template = set.template(subject.root);
        let volumes = pointer::at(template, "/spec/volumes")
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
            .enumerate();
        for (index, claim) in volumes.filter_map(|(index, volume)| {
            Some((index, pointer::at(volume, "/ephemeral/volumeClaimTemplate")?))
        }) {
            limits.judge(
                claim,
                &format!("{}/spec/volumes/{index}/ephemeral/volumeClaimTemplate", set.path()),
                None,
                found,
            );
        }
        if subject.workload.engine == Engine::Spotify {
            limits.judge_all(subject.root, &format!("{}/volumeClaimTemplates", set.path()), found);
        }
    }
    limits.judge_all(subject.root, "/spec/volumeClaimTemplates", found);
}

impl<'a> Limits<'a> {
    /// The same, and what the tenant's own template for a claim says.
    fn and_of(mut self, volume: &'a Value) -> Self {
        if let (Some(classes), Some(class)) =
            (&mut self.classes, as_text(&volume["storageClassName"]))
        {
            classes.push(class);
        }
        if let (Some(own), Some(modes)) = (&mut self.modes, texts(&volume["accessModes"])) {
            own.extend(modes);
        }
        let size = as_text(&volume["size"]).and_then(|size| Quantity::parse(size).ok());
        self.size = self.size.map(|own| size.map_or(own, |size| own.max(size)));
        self
    }

    fn judge_all(&self, root: &Json, place: &str, found: &mut Found) {
        for (index, claim) in
            pointer::at(root, place).and_then(Json::as_array).into_iter().flatten().enumerate()
        {
            self.judge(claim, &format!("{place}/{index}"), None, found);
        }
    }

    /// Judges what a claim asks for and did not have already: its class and modes can never change,
    /// and it must be able to grow.
    fn judge(&self, claim: &Json, place: &str, old: Option<&Json>, found: &mut Found) {
        if let Some(classes) = &self.classes
            && let (class, within) = class(claim)
            && old.is_none_or(|old| self::class(old).0 != class)
            && !class.is_some_and(|class| classes.contains(&class))
        {
            let message = match class {
                Some(class) => {
                    format!("a claim must not have the storage class {:?}", shown(class))
                }
                None => {
                    "a claim must name its storage class: the cluster's default may be any".into()
                }
            };
            found.add("claimClass", &format!("{place}{within}"), message, use_one_of(classes));
        }
        let size =
            |claim: &Json| pointer::at(claim, SIZE).and_then(|size| Quantity::from_json(size).ok());
        if let (Some(most), Some(size)) =
            (self.size, size(claim).filter(|new| old.and_then(size).is_none_or(|old| *new > old)))
            && size > most
        {
            let message = format!(
                "a claim of {} is larger than the {} that one may have",
                size.display_bytes(),
                most.display_bytes()
            );
            found.add(
                "claimSize",
                &format!("{place}{SIZE}"),
                message,
                format!("ask for {} or less", most.display_bytes()),
            );
        }
        if let Some(modes) = self
            .modes
            .as_ref()
            .filter(|_| old.is_none_or(|old| pointer::at(old, MODES) != pointer::at(claim, MODES)))
        {
            for (index, mode) in
                pointer::at(claim, MODES).and_then(Json::as_array).into_iter().flatten().enumerate()
            {
                if let Some(mode) = mode.as_str().filter(|mode| !modes.contains(mode)) {
                    let message =
                        format!("a claim must not have the access mode {:?}", shown(mode));
                    found.add(
                        "claimAccessModes",
                        &format!("{place}{MODES}/{index}"),
                        message,
                        use_one_of(modes),
                    );
                }
            }
        }
    }
}

/// A claim's storage class and where it stands; an empty name is one, for volumes that belong to no
/// class.
fn class(claim: &Json) -> (Option<&str>, &'static str) {
    let annotation = claim
        .get("metadata")
        .and_then(|metadata| metadata.get("annotations")?.get(CLASS_ANNOTATION)?.as_str());
    match annotation {
        Some(class) => {
            (Some(class), "/metadata/annotations/volume.beta.kubernetes.io~1storage-class")
        }
        None => (
            pointer::at(claim, "/spec/storageClassName").and_then(Json::as_str),
            "/spec/storageClassName",
        ),
    }
}

/// Whether a claim has the name of one that the tenant's clusters are given.
fn is_checkpoints(subject: &Subject<'_>) -> bool {
    let pattern = as_text(get(subject.tenant, &["storage", "checkpoints", "volume", "claimName"]));
    let name = metadata_text(subject.root, "name");
    pattern.is_some_and(|pattern| is_any(&[&claim_for(pattern, "*")], name))
}

impl<'a> Subject<'a> {
    /// The claim before this update.
    fn old_claim(&self) -> Option<&'a Json> {
        self.resource.old_object.as_ref().filter(|_| self.resource.operation == Operation::Update)
    }
}
