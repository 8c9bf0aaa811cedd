//! The two webhook configurations, which make the API server send reviews to Flinkgate.
//!
//! Goes in: the [`endpoint`] and the CA certificates. Comes out: the configurations that
//! `flinkgate webhooks` prints and the chart installs; [`table`] lists the objects. The server does
//! not use them: it answers every review. [`differences`] compares a registered one.

pub mod differences;
pub mod endpoint;
pub mod path_token;
mod table;
pub mod values;

use super::answer::Webhook as Door;
use crate::admission::answer;
use crate::kinds::{self, KINDS, Kind, Origin};
use crate::tenant::TENANT_LABEL;
use endpoint::Endpoint;
use k8s_openapi::ByteString;
use k8s_openapi::api::admissionregistration::v1::{
    MatchCondition, MutatingWebhook, MutatingWebhookConfiguration, RuleWithOperations,
    ServiceReference, ValidatingWebhook, ValidatingWebhookConfiguration, WebhookClientConfig,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{
    LabelSelector, LabelSelectorRequirement, ObjectMeta,
};
use path_token::PathToken;
use table::{Reach, Webhook};

/// Name of both configurations.
pub const CONFIGURATION: &str = "flinkgate";

/// The namespace that Flinkgate runs in unless another is given.
pub const NAMESPACE: &str = "flinkgate-system";

/// Name of the Service in front of Flinkgate.
pub const SERVICE: &str = "flinkgate";

/// Port of that Service.
pub const SERVICE_PORT: i32 = 443;

/// The label with the name that the API server sets on each Namespace and users cannot change.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// An answer takes microseconds; the rest is for connections. Mutation and validation together stay
/// below the 34 seconds that an API request may take.
const TIMEOUT_SECONDS: i32 = 5;

/// How API servers reach Flinkgate, and the authorities that they trust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// How API servers reach it.
    pub endpoint: Endpoint,
    /// PEM certificates of the authorities. Without them Flinkgate or cert-manager fills them in.
    pub ca_bundle: Option<Vec<u8>>,
    /// The last segment of the paths. Without it, the leader of `serve --cluster` adds one.
    pub path_token: Option<PathToken>,
}

impl Registration {
    /// The configuration of a webhook as JSON.
    ///
    /// # Errors
    /// None in practice: every field is a plain value.
    pub fn printed(&self, webhook: answer::Webhook) -> serde_json::Result<serde_json::Value> {
        match webhook {
            answer::Webhook::Mutate => serde_json::to_value(self.mutating()),
            answer::Webhook::Validate => serde_json::to_value(self.validating()),
        }
    }

    /// The configuration of the mutating webhook.
    pub fn mutating(&self) -> MutatingWebhookConfiguration {
        let webhook = |webhook: &Webhook| MutatingWebhook {
            name: webhook.full_name(),
            client_config: self.client(Door::Mutate),
            rules: Some(rules(kinds::Webhook::Mutating(webhook.name), webhook.reach)),
            namespace_selector: self.namespaces(webhook.reach),
            match_conditions: self.conditions(webhook),
            match_policy: Some("Equivalent".into()),
            failure_policy: Some(webhook.on_failure.as_str().into()),
            side_effects: SIDE_EFFECTS.into(),
            timeout_seconds: Some(TIMEOUT_SECONDS),
            // Another webhook may add a container or a label later.
            reinvocation_policy: Some("IfNeeded".into()),
            admission_review_versions: review_versions(),
            object_selector: None,
        };
        MutatingWebhookConfiguration {
            metadata: metadata(),
            webhooks: Some(table::MUTATING.iter().map(webhook).collect()),
        }
    }

    /// The configuration of the validating webhook.
    pub fn validating(&self) -> ValidatingWebhookConfiguration {
        let webhook = |webhook: &Webhook| ValidatingWebhook {
            name: webhook.full_name(),
            client_config: self.client(Door::Validate),
            rules: Some(rules(kinds::Webhook::Validating(webhook.name), webhook.reach)),
            namespace_selector: self.namespaces(webhook.reach),
            match_conditions: self.conditions(webhook),
            match_policy: Some("Equivalent".into()),
            failure_policy: Some(webhook.on_failure.as_str().into()),
            side_effects: SIDE_EFFECTS.into(),
            timeout_seconds: Some(TIMEOUT_SECONDS),
            admission_review_versions: review_versions(),
            object_selector: None,
        };
        ValidatingWebhookConfiguration {
            metadata: metadata(),
            webhooks: Some(table::VALIDATING.iter().map(webhook).collect()),
        }
    }

    fn conditions(&self, webhook: &Webhook) -> Option<Vec<MatchCondition>> {
        let user = service_account(self.endpoint.own_namespace());
        let condition = |condition: &table::Condition| MatchCondition {
            name: condition.name.into(),
            expression: condition.expression.replace("{flinkgate}", &user),
        };
        (!webhook.conditions.is_empty()).then(|| webhook.conditions.iter().map(condition).collect())
    }

    fn client(&self, door: Door) -> WebhookClientConfig {
        let path = path_token::path(door, self.path_token.as_ref());
        let ca_bundle = self.ca_bundle.clone().map(ByteString);
        match &self.endpoint {
            Endpoint::Service(service) => WebhookClientConfig {
                service: Some(ServiceReference {
                    namespace: service.namespace.clone(),
                    name: service.name.clone(),
                    path: Some(path),
                    port: Some(SERVICE_PORT),
                }),
                ca_bundle,
                url: None,
            },
            Endpoint::Url(url) => {
                WebhookClientConfig { url: Some(format!("{url}{path}")), ca_bundle, service: None }
            }
        }
    }

    /// Exempts Flinkgate's namespace and kube-system: otherwise neither could start without
    /// Flinkgate.
    fn namespaces(&self, reach: Reach) -> Option<LabelSelector> {
        let exempt = LabelSelectorRequirement {
            key: NAME_LABEL.into(),
            operator: "NotIn".into(),
            values: Some(vec!["kube-system".into(), self.endpoint.own_namespace().into()]),
        };
        let tenants = LabelSelectorRequirement {
            key: TENANT_LABEL.into(),
            operator: "Exists".into(),
            values: None,
        };
        let requirements = match reach {
            Reach::TenantNamespaces => vec![exempt, tenants],
            Reach::AllNamespaces | Reach::NamespaceObjects => vec![exempt],
            Reach::ClusterObjects => return None,
        };
        Some(LabelSelector { match_expressions: Some(requirements), match_labels: None })
    }
}

/// A dry run gets the same answer and writes nothing.
const SIDE_EFFECTS: &str = "NoneOnDryRun";

fn review_versions() -> Vec<String> {
    vec!["v1".into()]
}

fn metadata() -> ObjectMeta {
    ObjectMeta { name: Some(CONFIGURATION.into()), ..ObjectMeta::default() }
}

/// The rules of a webhook from the table of kinds, one for all kinds of a group.
fn rules(webhook: kinds::Webhook, reach: Reach) -> Vec<RuleWithOperations> {
    let mut rules: Vec<((&str, usize), RuleWithOperations)> = Vec::new();
    for kind in KINDS {
        let asked = kind.webhooks.iter().filter(|asked| asked.webhook == webhook);
        for (number, asked) in asked.enumerate() {
            let resources = asked.sub_resources.iter().map(|sub| kind.resource(sub));
            match rules.iter_mut().find(|(of, _)| *of == (kind.group, number)) {
                Some((_, rule)) => rule.resources.get_or_insert_default().extend(resources),
                None => rules.push((
                    (kind.group, number),
                    RuleWithOperations {
                        api_groups: Some(vec![kind.group.into()]),
                        api_versions: Some(vec![version(kind).into()]),
                        operations: Some(asked.operations.iter().map(|&one| one.into()).collect()),
                        resources: Some(resources.collect()),
                        scope: Some(reach.scope().into()),
                    },
                )),
            }
        }
    }
    rules.into_iter().map(|(_, rule)| rule).collect()
}

/// All versions of custom resources, because new versions must not bypass the webhooks. A rule for a
/// kind that the cluster does not have is harmless.
fn version(kind: &Kind) -> &'static str {
    if kind.origin == Origin::Kubernetes { kind.version } else { "*" }
}

/// The user name of Flinkgate's service account in a namespace.
pub fn service_account(namespace: &str) -> String {
    format!("system:serviceaccount:{namespace}:flinkgate")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use endpoint::Service;
    use serde_json::{Value, json};

    fn configurations() -> [Value; 2] {
        let service = Service { namespace: "gate".into(), name: "flinkgate".into() };
        let registration = Registration {
            endpoint: Endpoint::Service(service),
            ca_bundle: None,
            path_token: None,
        };
        [
            serde_json::to_value(registration.mutating()).unwrap(),
            serde_json::to_value(registration.validating()).unwrap(),
        ]
    }

    fn webhooks(configuration: &Value) -> &[Value] {
        configuration["webhooks"].as_array().unwrap()
    }

    #[test]
    fn own_namespace_and_kube_system_are_exempt() {
        for webhook in
            configurations().iter().flat_map(|configuration| webhooks(configuration).to_vec())
        {
            if matches!(
                webhook["name"].as_str(),
                Some(
                    "configuration.flinkgate.dev"
                        | "policy-deletions.flinkgate.dev"
                        | "ledgers.flinkgate.dev"
                )
            ) {
                assert_eq!(webhook.get("namespaceSelector"), None);
                continue;
            }
            let exempt = json!({"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system", "gate"]});
            assert_eq!(webhook["namespaceSelector"]["matchExpressions"][0], exempt, "{webhook:#}");
        }
    }

    #[test]
    fn every_webhook_of_a_kind_exists() {
        for kind in KINDS {
            for asked in kind.webhooks {
                let (webhooks, name) = match asked.webhook {
                    kinds::Webhook::Mutating(name) => (table::MUTATING, name),
                    kinds::Webhook::Validating(name) => (table::VALIDATING, name),
                };
                let webhook = webhooks.iter().find(|webhook| webhook.name == name).unwrap();
                assert_eq!(webhook.reach.scope(), format!("{:?}", kind.scope), "{}", kind.kind);
            }
        }
    }

    #[test]
    fn no_webhook_selects_by_object_labels() {
        for webhook in
            configurations().iter().flat_map(|configuration| webhooks(configuration).to_vec())
        {
            assert_eq!(webhook.get("objectSelector"), None, "{webhook:#}");
        }
    }

    #[test]
    fn names_are_unique_and_no_field_is_defaulted() {
        for configuration in configurations() {
            let mut names: Vec<&str> = webhooks(&configuration)
                .iter()
                .map(|webhook| webhook["name"].as_str().unwrap())
                .collect();
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count);
            for webhook in webhooks(&configuration) {
                for field in [
                    "failurePolicy",
                    "matchPolicy",
                    "sideEffects",
                    "timeoutSeconds",
                    "admissionReviewVersions",
                ] {
                    assert!(webhook.get(field).is_some(), "{field}: {webhook:#}");
                }
                assert_eq!(webhook["clientConfig"]["service"]["port"], 443);
            }
        }
    }
}
