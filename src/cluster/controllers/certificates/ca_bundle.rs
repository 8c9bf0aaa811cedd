//! The `caBundle` of every webhook in both configurations named `flinkgate`.

use super::authority::{Authority, bundle};
use super::rotation::Bundle;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::ByteString;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration,
};
use kube::ResourceExt;
use serde_json::{Value, json};

/// A configuration of either kind.
pub trait Configuration: ResourceExt {
    /// Each webhook's name and `caBundle`.
    fn bundles(&self) -> Vec<(&str, &[u8])>;
}

fn bytes(bundle: Option<&ByteString>) -> &[u8] {
    bundle.map_or(&[], |bytes| bytes.0.as_slice())
}

impl Configuration for MutatingWebhookConfiguration {
    fn bundles(&self) -> Vec<(&str, &[u8])> {
        let webhooks = self.webhooks.iter().flatten();
        webhooks
            .map(|webhook| (webhook.name.as_str(), bytes(webhook.client_config.ca_bundle.as_ref())))
            .collect()
    }
}

impl Configuration for ValidatingWebhookConfiguration {
    fn bundles(&self) -> Vec<(&str, &[u8])> {
        let webhooks = self.webhooks.iter().flatten();
        webhooks
            .map(|webhook| (webhook.name.as_str(), bytes(webhook.client_config.ca_bundle.as_ref())))
            .collect()
    }
}

/// The bundles of a configuration, and Flinkgate's authorities in them.
pub fn read(configuration: &impl Configuration) -> Vec<(Bundle, Vec<Authority>)> {
    let read = |(_, content): (&str, &[u8])| {
        let authorities = Authority::read_all(content, b"");
        let exact = bundle(&authorities).as_bytes() == content;
        (
            Bundle {
                authorities: authorities.iter().map(|one| one.facts().clone()).collect(),
                exact,
            },
            authorities,
        )
    };
    configuration.bundles().into_iter().map(read).collect()
}

/// The patch that writes this bundle into every webhook and nothing else; `None` when they have it.
/// It carries the resource version, so that it fails when another client wrote in the meantime.
pub fn patch(configuration: &impl Configuration, wanted: &[Authority]) -> Option<Value> {
    let wanted = bundle(wanted);
    let others: Vec<&str> = configuration
        .bundles()
        .into_iter()
        .filter(|(_, content)| *content != wanted.as_bytes())
        .map(|(name, _)| name)
        .collect();
    let encoded = STANDARD.encode(&wanted);
    let webhooks: Vec<Value> = others
        .iter()
        .map(|name| json!({"name": name, "clientConfig": {"caBundle": encoded}}))
        .collect();
    (!webhooks.is_empty()).then(|| json!({"metadata": {"resourceVersion": configuration.resource_version()}, "webhooks": webhooks}))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use std::time::{Duration, SystemTime};

    #[test]
    fn only_webhooks_whose_bundle_differs_are_patched() {
        let authority = Authority::make(SystemTime::now(), Duration::from_secs(1_000)).unwrap();
        let good = STANDARD.encode(authority.pem());
        let webhook = |name: &str, bundle: Option<&str>| json!({"name": name, "admissionReviewVersions": ["v1"], "sideEffects": "None", "clientConfig": {"caBundle": bundle}});
        let webhooks = [
            webhook("pods.flinkgate.dev", Some(&good)),
            webhook("flink.flinkgate.dev", None),
            webhook("own.flinkgate.dev", Some("bm9pc2U=")),
        ];
        let value = json!({"metadata": {"name": "flinkgate", "resourceVersion": "5"}, "webhooks": webhooks});
        let configuration: ValidatingWebhookConfiguration = serde_json::from_value(value).unwrap();
        let read: Vec<Bundle> =
            read(&configuration).into_iter().map(|(bundle, _)| bundle).collect();
        assert_eq!(
            read.iter().map(|bundle| (bundle.authorities.len(), bundle.exact)).collect::<Vec<_>>(),
            [(1, true), (0, true), (0, false)]
        );
        let wanted = |name: &str| json!({"name": name, "clientConfig": {"caBundle": good}});
        assert_eq!(
            patch(&configuration, std::slice::from_ref(&authority)),
            Some(
                json!({"metadata": {"resourceVersion": "5"}, "webhooks": [wanted("flink.flinkgate.dev"), wanted("own.flinkgate.dev")]})
            )
        );
    }
}
