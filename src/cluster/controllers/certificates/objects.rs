//! The three objects that hold certificates, as last read, and how they are read and written.

use super::authority::Authority;
use super::ca_bundle::{self, Configuration};
use super::rotation::Bundle;
use super::secret::SECRET;
use crate::admission::registration::CONFIGURATION;
use crate::cluster::apply::FIELD_MANAGER;
use crate::cluster::controllers::known::Known;
use crate::cluster::controllers::step::StepError;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration,
};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client, ResourceExt};
use serde::de::DeserializeOwned;
use std::fmt::Debug;

/// All three.
pub(super) struct Objects {
    pub(super) secret: Known<Secret>,
    pub(super) mutating: Known<MutatingWebhookConfiguration>,
    pub(super) validating: Known<ValidatingWebhookConfiguration>,
}

impl Objects {
    pub(super) fn not_yet() -> Self {
        Self { secret: Known::not_yet(), mutating: Known::not_yet(), validating: Known::not_yet() }
    }

    /// Whether all of them have been read.
    pub(super) fn are_known(&self) -> bool {
        self.secret.is_known() && self.mutating.is_known() && self.validating.is_known()
    }

    /// Whether these are the same objects at the same versions.
    pub(super) fn are_same(&self, other: &Self) -> bool {
        self.secret.is_same(&other.secret)
            && self.mutating.is_same(&other.mutating)
            && self.validating.is_same(&other.validating)
    }

    /// Takes all three as they were read by requests.
    pub(super) fn update(&mut self, read: Self) {
        self.secret.update(read.secret);
        self.mutating.update(read.mutating);
        self.validating.update(read.validating);
    }

    /// The bundle of every webhook there is.
    pub(super) fn bundles(&self) -> Vec<(Bundle, Vec<Authority>)> {
        let mut bundles = self.mutating.get().map(ca_bundle::read).unwrap_or_default();
        bundles.extend(self.validating.get().map(ca_bundle::read).unwrap_or_default());
        bundles
    }
}

/// Access to all three.
pub(super) struct Apis {
    secrets: Api<Secret>,
    mutating: Api<MutatingWebhookConfiguration>,
    validating: Api<ValidatingWebhookConfiguration>,
}

impl Apis {
    pub(super) fn new(client: &Client, namespace: &str) -> Self {
        Self {
            secrets: Api::namespaced(client.clone(), namespace),
            mutating: Api::all(client.clone()),
            validating: Api::all(client.clone()),
        }
    }

    /// Reads all three as they are now, from the store and not from a cache.
    pub(super) async fn read(&self) -> Result<Objects, StepError> {
        let failed = |what| move |source| StepError::Api { what, source };
        let (secret, mutating, validating) = tokio::join!(
            self.secrets.get_opt(SECRET),
            self.mutating.get_opt(CONFIGURATION),
            self.validating.get_opt(CONFIGURATION)
        );
        let mut objects = Objects::not_yet();
        objects.secret.set(secret.map_err(failed("read the Secret flinkgate-tls"))?);
        objects
            .mutating
            .set(mutating.map_err(failed("read the MutatingWebhookConfiguration flinkgate"))?);
        objects
            .validating
            .set(validating.map_err(failed("read the ValidatingWebhookConfiguration flinkgate"))?);
        Ok(objects)
    }

    /// Creates the Secret, or replaces the very version that was read.
    pub(super) async fn store(&self, secret: &Secret) -> Result<Secret, StepError> {
        let post =
            PostParams { field_manager: Some(FIELD_MANAGER.into()), ..PostParams::default() };
        if secret.resource_version().is_none() {
            let created = self.secrets.create(&post, secret).await;
            return created.map_err(|source| StepError::Api {
                what: "create the Secret flinkgate-tls",
                source,
            });
        }
        let replaced = self.secrets.replace(SECRET, &post, secret).await;
        replaced.map_err(|source| StepError::Api { what: "write the Secret flinkgate-tls", source })
    }

    /// Writes this bundle into every webhook, and the result into `objects`.
    pub(super) async fn publish(
        &self,
        objects: &mut Objects,
        wanted: &[Authority],
    ) -> Result<(), StepError> {
        publish(&self.mutating, &mut objects.mutating, wanted).await?;
        publish(&self.validating, &mut objects.validating, wanted).await
    }
}

async fn publish<T>(
    api: &Api<T>,
    known: &mut Known<T>,
    wanted: &[Authority],
) -> Result<(), StepError>
where
    T: Configuration + Clone + DeserializeOwned + Debug,
{
    let Some(patch) = known.get().and_then(|configuration| ca_bundle::patch(configuration, wanted))
    else {
        return Ok(());
    };
    let parameters =
        PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() };
    let patched = api.patch(CONFIGURATION, &parameters, &Patch::Strategic(patch)).await;
    known.set(Some(patched.map_err(|source| StepError::Api {
        what: "write the caBundle of a webhook configuration",
        source,
    })?));
    Ok(())
}
