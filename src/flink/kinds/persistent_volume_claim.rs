//! `v1 PersistentVolumeClaim`: it runs nothing, but it uses its tenant's storage and defines where
//! pods can mount it.

use crate::flink::sizing::requests::PodRequests;
use crate::flink::sizing::{Size, SizeProblem};
use crate::flink::{FlinkContext, Workload};
use crate::resource::quantity::{Quantity, QuantityError};
use crate::resource::{Resource, pointer, users};
use serde_json::Value;

const STORAGE: &str = "/spec/resources/requests/storage";
/// Names a storage class as the field does, and overrides it.
pub const CLASS_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";

pub(crate) fn lower(_: &Resource, object: &Value, _: &FlinkContext) -> Workload {
    let mut size = Size::default();
    let mut claim = PodRequests { claims: 1, ..PodRequests::default() };
    match pointer::at(object, STORAGE).map(Quantity::from_json) {
        Some(Ok(storage)) if !storage.is_negative() => claim.storage = storage,
        Some(Ok(_)) => size.problems.push(SizeProblem::new(
            STORAGE,
            "the size of the claim is negative",
            "write its size, such as `10Gi`",
        )),
        Some(Err(error)) => {
            let message = error.to_string();
            size.problems.push(SizeProblem::new(STORAGE, message, QuantityError::HELP));
        }
        None => {}
    }
    size.add_claims(1, &claim, STORAGE);
    Workload { size, ..Workload::default() }
}

/// Whether an update of a claim asks for nothing that it had not before: Kubernetes writes the
/// volume's name into it when it binds it. What is smaller the API server refuses itself.
pub(crate) fn requests_no_more(resource: &Resource, old: &Value) -> bool {
    let new = &resource.object;
    let same = |place: &str| pointer::at(new, place) == pointer::at(old, place);
    let storage = |object: &Value| {
        pointer::at(object, STORAGE).and_then(|value| Quantity::from_json(value).ok())
    };
    // Anyone who may update a claim that is not bound may name a volume for it.
    let is_binding = users::is_trusted(&resource.user) || same("/spec/volumeName");
    is_binding
        && same("/spec/storageClassName")
        && same("/spec/accessModes")
        && same("/metadata/annotations/volume.beta.kubernetes.io~1storage-class")
        && storage(new).is_some_and(|new| storage(old).is_some_and(|old| new <= old))
}

/// Whether a resource is a claim.
pub fn is_claim(resource: &Resource) -> bool {
    resource.kind.group.is_empty() && resource.kind.kind == "PersistentVolumeClaim"
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::kinds::lower;
    use crate::resource::Operation;
    use serde_json::json;

    fn claim(spec: Value) -> Resource {
        Resource::from_manifest(json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "c"}, "spec": spec}))
            .unwrap()
    }

    #[test]
    fn claims_count_as_one_with_their_size() {
        for (storage, bytes, problems) in [
            (json!("10Gi"), 10 << 30, 0),
            (json!(1000), 1000, 0),
            (json!("-1Gi"), 0, 1),
            (json!("10 Gi"), 0, 1),
            (json!({}), 0, 1),
            (Value::Null, 0, 0),
        ] {
            let resource = claim(json!({"resources": {"requests": {"storage": storage}}}));
            let size = lower(&resource, &resource.object).unwrap().size;
            assert_eq!(
                (
                    size.total.persistent_volume_claims,
                    size.total.storage.units_ceil(),
                    size.problems.len()
                ),
                (1, bytes, problems)
            );
        }
        let odd = claim(json!("text"));
        assert_eq!(lower(&odd, &odd.object).unwrap().size.total.persistent_volume_claims, 1);
    }

    #[test]
    fn binding_requests_no_more_and_expanding_does() {
        let spec = |size: &str, class: &str| json!({"storageClassName": class, "resources": {"requests": {"storage": size}}});
        let old = claim(spec("10Gi", "nfs")).object;
        let update = |size: &str, class: &str, volume: Option<&str>| {
            let mut resource =
                Resource { operation: Operation::Update, ..claim(spec(size, class)) };
            resource.object["spec"]["volumeName"] = json!(volume);
            let by_user = requests_no_more(&resource, &old);
            assert!(!(by_user && volume.is_some()), "{volume:?}");
            resource.user.username =
                "system:serviceaccount:kube-system:persistent-volume-binder".into();
            requests_no_more(&resource, &old)
        };
        assert!(
            update("10Gi", "nfs", Some("pv-1"))
                && update("10240Mi", "nfs", None)
                && update("5Gi", "nfs", None)
        );
        assert!(
            !update("11Gi", "nfs", None)
                && !update("10Gi", "ssd", None)
                && !update("much", "nfs", None)
        );
    }
}
