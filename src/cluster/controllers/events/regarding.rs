//! The object that an Event is about: one that users look at when something does not start.
//!
//! The refused object itself is never stored. Its owner is what a tenant wrote: it may not exist, or
//! not have sent the request. So an Event about an owner stays in the refused object's namespace, and
//! contains only findings about that object.

use crate::kinds::{self, Origin, Property};
use crate::resource::{GroupVersionKind, Resource, owners};
use crate::tenant::FlinkTenant;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::Resource as _;
use serde_json::Value;

/// What an Event is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Regarding {
    /// An object in the namespace of what was refused.
    Owner { namespace: String, api_version: String, kind: String, name: String, uid: String },
    /// The tenant, a cluster-scoped object.
    Tenant { name: String },
}

/// The longest name of an object, and the longest value in a reference that is accepted.
const NAME_LENGTH: usize = 253;

impl Regarding {
    /// The controlling owner, else another owner, else the tenant; `None` if there is none of them.
    ///
    /// Only controllers and the operator make objects of a custom resource directly: of any other
    /// sender, `is_component` is false, and such an owner is no more than text.
    pub(super) fn of(
        resource: &Resource,
        tenant: Option<&str>,
        is_component: bool,
    ) -> Option<Self> {
        let owner = || {
            let owners = owners(&resource.object);
            let controls =
                |owner: &&Value| owner.get("controller").and_then(Value::as_bool) == Some(true);
            // An object of the operator is owned by its FlinkDeployment, and has no controller.
            let ordered = owners
                .iter()
                .filter(controls)
                .chain(owners.iter().filter(|owner| !controls(owner)));
            ordered
                .filter_map(|owner| Self::owner(&resource.namespace, owner))
                .find(|owner| is_component || !owner.is_custom_resource())
        };
        let owner = if resource.namespace.is_empty() { None } else { owner() };
        owner.or_else(|| tenant.map(|name| Self::Tenant { name: name.into() }))
    }

    /// An owner that users look at, from an owner reference.
    pub(super) fn owner(namespace: &str, reference: &Value) -> Option<Self> {
        let text = |field: &str| {
            let text = reference.get(field).and_then(Value::as_str).unwrap_or_default();
            (!text.is_empty() && text.len() <= NAME_LENGTH).then(|| text.to_owned())
        };
        let (api_version, kind) = (text("apiVersion")?, text("kind")?);
        let group = GroupVersionKind::parse(&api_version, &kind).group;
        // All of these are in namespaces: an Event about a Node would appear at the Node.
        let known = kinds::find(&group, &kind).is_some_and(|row| row.has(Property::ShowsEvents));
        known.then_some(Self::Owner {
            namespace: namespace.into(),
            api_version,
            kind,
            name: text("name")?,
            uid: text("uid")?,
        })
    }

    /// Whether it is an object of a Flink operator.
    pub(super) fn is_custom_resource(&self) -> bool {
        let Self::Owner { api_version, kind, .. } = self else { return false };
        let row = kinds::of(&GroupVersionKind::parse(api_version, kind));
        row.is_some_and(|row| row.origin == Origin::Operator)
    }

    /// The namespace of the Event: those about cluster-scoped objects are in `default`.
    pub(super) fn event_namespace(&self) -> &str {
        match self {
            Self::Owner { namespace, .. } => namespace,
            Self::Tenant { .. } => "default",
        }
    }

    /// The reference, as `kubectl describe` finds it; that needs a tenant's `uid`.
    pub(super) fn reference(&self, tenant_uid: Option<String>) -> ObjectReference {
        match self.clone() {
            Self::Owner { namespace, api_version, kind, name, uid } => ObjectReference {
                namespace: Some(namespace),
                api_version: Some(api_version),
                kind: Some(kind),
                name: Some(name),
                uid: Some(uid),
                ..ObjectReference::default()
            },
            Self::Tenant { name } => ObjectReference {
                api_version: Some(FlinkTenant::api_version(&()).into_owned()),
                kind: Some(FlinkTenant::kind(&()).into_owned()),
                name: Some(name),
                uid: tenant_uid,
                ..ObjectReference::default()
            },
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(owners: Value) -> String {
        let resource = Resource {
            namespace: "payments-prod".into(),
            object: json!({"metadata": {"ownerReferences": owners}}),
            ..Resource::default()
        };
        match Regarding::of(&resource, Some("payments"), true).unwrap() {
            Regarding::Owner { namespace, kind, name, .. } => format!("{namespace}: {kind} {name}"),
            Regarding::Tenant { name } => format!("tenant {name}"),
        }
    }

    fn owner(api_version: &str, kind: &str, name: &str, controller: bool) -> Value {
        json!({"apiVersion": api_version, "kind": kind, "name": name, "uid": "4711", "controller": controller})
    }

    #[test]
    fn the_controlling_owner_is_told_else_another_else_the_tenant() {
        let replica_set = owner("apps/v1", "ReplicaSet", "etl-5d9", true);
        let flink = owner("flink.apache.org/v1beta1", "FlinkDeployment", "etl", false);
        let mut without_uid = replica_set.clone();
        without_uid["uid"] = json!("");
        for (owners, expected) in [
            (json!([flink, replica_set]), "payments-prod: ReplicaSet etl-5d9"),
            (json!([flink]), "payments-prod: FlinkDeployment etl"),
            (json!([without_uid, flink]), "payments-prod: FlinkDeployment etl"),
            (json!([without_uid]), "tenant payments"),
            (json!([]), "tenant payments"),
            (json!("nonsense"), "tenant payments"),
            (json!([7, {"kind": []}]), "tenant payments"),
        ] {
            assert_eq!(of(owners.clone()), expected, "{owners}");
        }
    }

    #[test]
    fn what_stands_in_no_namespace_or_is_not_known_to_is_never_named() {
        for (api_version, kind) in [
            ("v1", "Node"),
            ("v1", "Namespace"),
            ("example.com/v1", "Deployment"),
            ("apps", "Deployment"),
        ] {
            assert_eq!(
                of(json!([owner(api_version, kind, "x", true)])),
                "tenant payments",
                "{api_version} {kind}"
            );
        }
        assert_eq!(
            of(json!([owner("apps/v1", "Deployment", &"x".repeat(254), true)])),
            "tenant payments"
        );
    }

    #[test]
    fn an_event_about_an_owner_stays_in_the_namespace_of_what_was_refused() {
        let mut elsewhere = owner("apps/v1", "Deployment", "x", true);
        elsewhere["namespace"] = json!("fraud-prod");
        assert_eq!(of(json!([elsewhere])), "payments-prod: Deployment x");
        let resource = Resource {
            object: json!({"metadata": {"ownerReferences": [elsewhere]}}),
            ..Resource::default()
        };
        assert_eq!(Regarding::of(&resource, None, true), None);
    }

    #[test]
    fn only_components_name_a_custom_resource() {
        let flink = owner("flink.apache.org/v1beta1", "FlinkDeployment", "etl", true);
        let deployment = owner("apps/v1", "Deployment", "etl", false);
        let of = |owners: Value, is_component| {
            let resource = Resource {
                namespace: "payments-prod".into(),
                object: json!({"metadata": {"ownerReferences": owners}}),
                ..Resource::default()
            };
            match Regarding::of(&resource, None, is_component) {
                Some(Regarding::Owner { kind, .. }) => kind,
                _ => "none".into(),
            }
        };
        assert_eq!(of(json!([flink]), true), "FlinkDeployment");
        assert_eq!(of(json!([flink]), false), "none");
        assert_eq!(of(json!([flink, deployment]), false), "Deployment");
    }
}
