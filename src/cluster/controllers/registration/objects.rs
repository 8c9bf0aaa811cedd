//! The Secret with the path tokens and both webhook configurations, as last read, and how they are
//! read and written.

use super::secret::SECRET;
use crate::admission::answer::Webhook;
use crate::admission::registration::CONFIGURATION;
use crate::cluster::apply::FIELD_MANAGER;
use crate::cluster::controllers::known::Known;
use crate::cluster::controllers::step::StepError;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration,
};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{ApiResource, Patch, PatchParams, PostParams};
use kube::core::DynamicObject;
use kube::{Api, Client, ResourceExt};
use serde_json::Value;

/// All three, as last read.
pub(super) struct Objects {
    pub(super) secret: Known<Secret>,
    mutating: Known<DynamicObject>,
    validating: Known<DynamicObject>,
}

/// Both configurations.
pub(super) const WEBHOOKS: [Webhook; 2] = [Webhook::Mutate, Webhook::Validate];

impl Objects {
    pub(super) fn not_yet() -> Self {
        Self { secret: Known::not_yet(), mutating: Known::not_yet(), validating: Known::not_yet() }
    }

    /// Whether both configurations have been read.
    pub(super) fn are_configurations_known(&self) -> bool {
        self.mutating.is_known() && self.validating.is_known()
    }

    /// Whether these are the same objects at the same versions.
    pub(super) fn are_same(&self, other: &Self) -> bool {
        self.mutating.is_same(&other.mutating) && self.validating.is_same(&other.validating)
    }

    /// Takes what was read by requests.
    pub(super) fn update(&mut self, read: Self) {
        self.secret.update(read.secret);
        self.mutating.update(read.mutating);
        self.validating.update(read.validating);
    }

    /// The configuration with a webhook.
    pub(super) fn configuration(&mut self, webhook: Webhook) -> &mut Known<DynamicObject> {
        match webhook {
            Webhook::Mutate => &mut self.mutating,
            Webhook::Validate => &mut self.validating,
        }
    }

    /// The same, if it exists.
    pub(super) fn stored(&self, webhook: Webhook) -> Option<&DynamicObject> {
        match webhook {
            Webhook::Mutate => self.mutating.get(),
            Webhook::Validate => self.validating.get(),
        }
    }
}

/// A configuration as JSON.
pub(super) fn as_json(configuration: &DynamicObject) -> Value {
    serde_json::to_value(configuration).unwrap_or_default()
}

/// Access to all three.
pub(super) struct Apis {
    secrets: Api<Secret>,
    mutating: Api<DynamicObject>,
    validating: Api<DynamicObject>,
}

impl Apis {
    pub(super) fn new(client: &Client, namespace: &str) -> Self {
        let mutating = ApiResource::erase::<MutatingWebhookConfiguration>(&());
        let validating = ApiResource::erase::<ValidatingWebhookConfiguration>(&());
        Self {
            secrets: Api::namespaced(client.clone(), namespace),
            mutating: Api::all_with(client.clone(), &mutating),
            validating: Api::all_with(client.clone(), &validating),
        }
    }

    fn of(&self, webhook: Webhook) -> &Api<DynamicObject> {
        match webhook {
            Webhook::Mutate => &self.mutating,
            Webhook::Validate => &self.validating,
        }
    }

    /// Reads everything as it is now, from the store and not from a cache.
    pub(super) async fn read(&self, with_secret: bool) -> Result<Objects, StepError> {
        let failed = |what| move |source| StepError::Api { what, source };
        let mut objects = Objects::not_yet();
        let (mutating, validating) = tokio::join!(
            self.mutating.get_opt(CONFIGURATION),
            self.validating.get_opt(CONFIGURATION)
        );
        let mutating = mutating.map_err(failed("read the MutatingWebhookConfiguration"))?;
        let validating = validating.map_err(failed("read the ValidatingWebhookConfiguration"))?;
        objects.mutating.set(mutating);
        objects.validating.set(validating);
        if with_secret {
            let secret = self.secrets.get_opt(SECRET).await;
            objects.secret.set(secret.map_err(failed("read the Secret flinkgate-path-token"))?);
        }
        Ok(objects)
    }

    /// Creates the Secret, or replaces the very version that was read.
    pub(super) async fn store(&self, secret: &Secret) -> Result<Secret, StepError> {
        let post =
            PostParams { field_manager: Some(FIELD_MANAGER.into()), ..PostParams::default() };
        let written = if secret.resource_version().is_none() {
            self.secrets.create(&post, secret).await
        } else {
            self.secrets.replace(SECRET, &post, secret).await
        };
        let what = "write the Secret flinkgate-path-token";
        written.map_err(|source| StepError::Api { what, source })
    }

    /// Patches a configuration; the patch has the version that was read.
    pub(super) async fn patch(
        &self,
        webhook: Webhook,
        patch: Patch<Value>,
    ) -> Result<DynamicObject, StepError> {
        let parameters =
            PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() };
        let patched = self.of(webhook).patch(CONFIGURATION, &parameters, &patch).await;
        patched.map_err(|source| StepError::Api { what: "write a webhook configuration", source })
    }

    /// Creates a configuration.
    pub(super) async fn create(
        &self,
        webhook: Webhook,
        configuration: &DynamicObject,
    ) -> Result<DynamicObject, StepError> {
        let post =
            PostParams { field_manager: Some(FIELD_MANAGER.into()), ..PostParams::default() };
        let created = self.of(webhook).create(&post, configuration).await;
        created.map_err(|source| StepError::Api { what: "create a webhook configuration", source })
    }
}
