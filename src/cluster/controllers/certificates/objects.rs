//! The three objects that certificates are kept in, as last seen, and how they are read and
//! written.

use super::KeepError;
use super::authority::Authority;
use super::ca_bundle::{self, CONFIGURATION, Configuration};
use super::rotation::Bundle;
use super::secret::SECRET;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration,
};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client, ResourceExt};
use serde::de::DeserializeOwned;
use std::fmt::Debug;

/// Whom the API server notes as the writer of a field.
const WRITER: &str = "flinkgate";

/// One object as last seen.
pub(super) enum Seen<T> {
    /// Nobody has looked yet.
    NotYet,
    /// It is not there.
    Absent,
    /// It is there.
    There(T),
}

impl<T: ResourceExt> Seen<T> {
    /// Takes in what a watch says, unless something newer has been seen since.
    pub(super) fn see(&mut self, found: Option<T>) {
        if let (Self::There(known), Some(found)) = (&*self, &found)
            && let (Some(known), Some(found)) = (version(known), version(found))
            && found < known
        {
            return;
        }
        *self = found.map_or(Self::Absent, Self::There);
    }

    pub(super) fn get(&self) -> Option<&T> {
        match self {
            Self::There(found) => Some(found),
            Self::NotYet | Self::Absent => None,
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        let key = |seen: &Self| seen.get().map(|found| (found.uid(), found.resource_version()));
        key(self) == key(other) && !matches!(self, Self::NotYet)
    }
}

/// Resource versions grow; one that is no number is taken as it comes.
fn version(object: &impl ResourceExt) -> Option<u64> {
    object.resource_version()?.parse().ok()
}

/// All three.
pub(super) struct Objects {
    pub(super) secret: Seen<Secret>,
    pub(super) mutating: Seen<MutatingWebhookConfiguration>,
    pub(super) validating: Seen<ValidatingWebhookConfiguration>,
}

impl Objects {
    pub(super) fn not_yet() -> Self {
        Self { secret: Seen::NotYet, mutating: Seen::NotYet, validating: Seen::NotYet }
    }

    /// Whether all of them have been looked at.
    pub(super) fn are_known(&self) -> bool {
        !matches!(self.secret, Seen::NotYet)
            && !matches!(self.mutating, Seen::NotYet)
            && !matches!(self.validating, Seen::NotYet)
    }

    /// Whether these are the same objects at the same versions.
    pub(super) fn are_same(&self, other: &Self) -> bool {
        self.secret.is_same(&other.secret)
            && self.mutating.is_same(&other.mutating)
            && self.validating.is_same(&other.validating)
    }

    /// The bundle of every webhook there is.
    pub(super) fn bundles(&self) -> Vec<(Bundle, Vec<Authority>)> {
        let mut bundles = self.mutating.get().map(ca_bundle::read).unwrap_or_default();
        bundles.extend(self.validating.get().map(ca_bundle::read).unwrap_or_default());
        bundles
    }
}

/// The ways to all three.
pub(super) struct Apis {
    pub(super) secrets: Api<Secret>,
    pub(super) mutating: Api<MutatingWebhookConfiguration>,
    pub(super) validating: Api<ValidatingWebhookConfiguration>,
}

impl Apis {
    pub(super) fn new(client: &Client, namespace: &str) -> Self {
        Self {
            secrets: Api::namespaced(client.clone(), namespace),
            mutating: Api::all(client.clone()),
            validating: Api::all(client.clone()),
        }
    }

    /// Reads all three as they are now, from the store itself and not from a cache.
    pub(super) async fn read(&self) -> Result<Objects, KeepError> {
        let seen = |what| move |source| KeepError::Api { what, source };
        let (secret, mutating, validating) = tokio::join!(
            self.secrets.get_opt(SECRET),
            self.mutating.get_opt(CONFIGURATION),
            self.validating.get_opt(CONFIGURATION)
        );
        let mut objects = Objects::not_yet();
        objects.secret.see(secret.map_err(seen("read the Secret flinkgate-tls"))?);
        objects
            .mutating
            .see(mutating.map_err(seen("read the MutatingWebhookConfiguration flinkgate"))?);
        objects
            .validating
            .see(validating.map_err(seen("read the ValidatingWebhookConfiguration flinkgate"))?);
        Ok(objects)
    }

    /// Creates the Secret, or replaces the very version that was read.
    pub(super) async fn store(&self, secret: &Secret) -> Result<Secret, KeepError> {
        let post = PostParams { field_manager: Some(WRITER.into()), ..PostParams::default() };
        if secret.resource_version().is_none() {
            let created = self.secrets.create(&post, secret).await;
            return created.map_err(|source| KeepError::Api {
                what: "create the Secret flinkgate-tls",
                source,
            });
        }
        let replaced = self.secrets.replace(SECRET, &post, secret).await;
        replaced.map_err(|source| KeepError::Api { what: "write the Secret flinkgate-tls", source })
    }

    /// Gives every webhook this bundle; what came of it is seen in `objects`.
    pub(super) async fn publish(
        &self,
        objects: &mut Objects,
        wanted: &[Authority],
    ) -> Result<(), KeepError> {
        publish(&self.mutating, &mut objects.mutating, wanted).await?;
        publish(&self.validating, &mut objects.validating, wanted).await
    }
}

async fn publish<T>(api: &Api<T>, seen: &mut Seen<T>, wanted: &[Authority]) -> Result<(), KeepError>
where
    T: Configuration + Clone + DeserializeOwned + Debug,
{
    let Some(patch) = seen.get().and_then(|configuration| ca_bundle::patch(configuration, wanted))
    else {
        return Ok(());
    };
    let parameters = PatchParams { field_manager: Some(WRITER.into()), ..PatchParams::default() };
    let patched = api.patch(CONFIGURATION, &parameters, &Patch::Strategic(patch)).await;
    seen.see(Some(patched.map_err(|source| KeepError::Api {
        what: "write the caBundle of a webhook configuration",
        source,
    })?));
    Ok(())
}
