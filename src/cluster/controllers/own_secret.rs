//! A Secret that Flinkgate makes for itself.

use k8s_openapi::api::core::v1::Secret;
use kube::api::ObjectMeta;

/// A new Secret of this name and type, without content.
pub(super) fn own_secret(name: &str, secret_type: &str) -> Secret {
    let labels =
        [("app.kubernetes.io/name", "flinkgate"), ("app.kubernetes.io/managed-by", "flinkgate")];
    let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let metadata = ObjectMeta {
        name: Some(name.into()),
        labels: Some(labels.into()),
        ..ObjectMeta::default()
    };
    Secret { metadata, type_: Some(secret_type.into()), ..Secret::default() }
}
