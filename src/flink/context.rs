//! What an object means beyond what it says itself: the operator's user and default configuration,
//! and the ConfigMaps and claims that its pods mount.

use super::budgets::NamespaceObjects;
use super::catalog::{self, KeyLookup};
use super::claims::{AccessScope, claim_access_scope};
use super::config::FlinkConfig;
use super::config_file::{self, CONFIG, FLINK_CONF, Unreadable};
use super::container_defaults::ContainerDefaults;
use super::mounted_configuration::MountedConfiguration;
use super::network::NamespaceNetwork;
use super::operator::version::OperatorVersion;
use super::requester::{OperatorUsers, Requester};
use super::version::FlinkVersion;
use crate::resource::{Operation, Resource};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Defaults for one namespace, or for one Flink version (`…flink-version.v1_19+.` for it and all
/// later ones).
const OF_NAMESPACE: &str = "kubernetes.operator.default-configuration.namespace.";
const OF_VERSION: &str = "kubernetes.operator.default-configuration.flink-version.";

/// The objects whose pods mount a claim, as `kind/name`, by the name of the claim.
pub type ClaimUsers = BTreeMap<String, BTreeSet<String>>;

/// What is known beside an object when it is lowered. Nothing, by default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FlinkContext {
    operator: OperatorDefaults,
    operator_users: OperatorUsers,
    operator_version: Option<OperatorVersion>,
    /// The version that every object is read for, whatever it names.
    assumed_version: Option<FlinkVersion>,
    configuration: MountedConfiguration,
    /// By kind, namespace and name; `None` for what is known not to exist.
    objects: BTreeMap<(String, String, String), Option<Arc<Value>>>,
    claims: BTreeMap<String, Arc<BTreeMap<String, AccessScope>>>,
    claim_users: BTreeMap<String, Arc<ClaimUsers>>,
    /// The names of all claims that pods can mount, by namespace.
    mountable_claims: BTreeMap<String, Arc<BTreeSet<String>>>,
    container_defaults: BTreeMap<String, ContainerDefaults>,
    /// By namespace; `None` where others may be there of which nothing is known.
    namespace_objects: Option<BTreeMap<String, Arc<NamespaceObjects>>>,
    networks: BTreeMap<String, Arc<NamespaceNetwork>>,
}

/// The configuration that the Flink operator puts under every object's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperatorDefaults {
    all: Vec<(String, String)>,
    by_namespace: Vec<(String, String)>,
    by_version: Vec<(FlinkVersion, bool, String, String)>,
}

impl FlinkContext {
    /// The same with the operator's default configuration.
    pub fn with_operator(self, operator: OperatorDefaults) -> Self {
        Self { operator, ..self }
    }

    /// The same with the release of the operator.
    pub fn with_operator_version(self, operator_version: Option<OperatorVersion>) -> Self {
        Self { operator_version, ..self }
    }

    /// The release of the operator; `None` if it is unknown.
    pub fn operator_version(&self) -> Option<OperatorVersion> {
        self.operator_version
    }

    /// The same where every object is read as if its Flink had this version.
    pub fn with_assumed_version(self, assumed_version: Option<FlinkVersion>) -> Self {
        Self { assumed_version, ..self }
    }

    /// The version of Flink that an object is read for: the one that it names, unless another one is
    /// assumed.
    pub fn version(&self, named: Option<FlinkVersion>) -> Option<FlinkVersion> {
        self.assumed_version.or(named)
    }

    /// What is known of ConfigMaps with Flink's configuration.
    pub fn configuration(&self) -> &MountedConfiguration {
        &self.configuration
    }

    /// The same, to add to it.
    pub fn configuration_mut(&mut self) -> &mut MountedConfiguration {
        &mut self.configuration
    }

    /// The same with the users of the operators.
    pub fn with_operator_users(self, operator_users: OperatorUsers) -> Self {
        Self { operator_users, ..self }
    }

    /// Who sent a request.
    pub fn requester(&self, resource: &Resource) -> Requester {
        self.operator_users.requester(&resource.user)
    }

    /// Whether the operator sends the request, or a controller of Kubernetes that updates what
    /// exists.
    pub fn is_maintained(&self, resource: &Resource) -> bool {
        match self.requester(resource) {
            Requester::FlinkOperator => true,
            Requester::KubernetesController => resource.operation == Operation::Update,
            Requester::Other => false,
        }
    }

    /// Adds an object that others are about, or that there is none of this name.
    pub fn add_object(&mut self, kind: &str, namespace: &str, name: &str, object: Option<Value>) {
        self.objects.insert((kind.into(), namespace.into(), name.into()), object.map(Arc::new));
    }

    /// An object that another is about.
    pub fn object(&self, kind: &str, namespace: &str, name: &str) -> Option<&Value> {
        self.known(kind, namespace, name)?.as_deref()
    }

    /// Whether an object is known not to exist.
    pub fn is_absent(&self, kind: &str, namespace: &str, name: &str) -> bool {
        self.known(kind, namespace, name).is_some_and(Option::is_none)
    }

    fn known(&self, kind: &str, namespace: &str, name: &str) -> Option<&Option<Arc<Value>>> {
        if self.objects.is_empty() {
            None
        } else {
            self.objects.get(&(kind.into(), namespace.into(), name.into()))
        }
    }

    /// Adds a PersistentVolumeClaim, if it says how it can be mounted.
    pub fn add_claim(&mut self, namespace: &str, name: &str, object: &Value) {
        if let Some(scope) = claim_access_scope(object) {
            Arc::make_mut(self.claims.entry(namespace.into()).or_default())
                .insert(name.into(), scope);
        }
    }

    /// Adds an object whose pods mount a claim, wherever they run.
    pub fn add_claim_user(&mut self, namespace: &str, claim: &str, object: String) {
        let users = Arc::make_mut(self.claim_users.entry(namespace.into()).or_default());
        users.entry(claim.into()).or_default().insert(object);
    }

    /// The known objects of a namespace whose pods mount claims.
    pub fn claim_users(&self, namespace: &str) -> Option<Arc<ClaimUsers>> {
        self.claim_users.get(namespace).cloned()
    }

    /// The claims of a namespace; `None` where none is known.
    pub fn claims(&self, namespace: &str) -> Option<Arc<BTreeMap<String, AccessScope>>> {
        self.claims.get(namespace).cloned()
    }

    /// Sets the names of all claims of a namespace that pods can mount.
    pub fn set_mountable_claims(&mut self, namespace: &str, names: BTreeSet<String>) {
        self.mountable_claims.insert(namespace.into(), Arc::new(names));
    }

    /// The names of all claims of a namespace that pods can mount; `None` if not all are known.
    pub fn mountable_claims(&self, namespace: &str) -> Option<Arc<BTreeSet<String>>> {
        self.mountable_claims.get(namespace).cloned()
    }

    /// Adds a LimitRange.
    pub fn add_limit_range(&mut self, namespace: &str, object: &Value) {
        self.container_defaults.entry(namespace.into()).or_default().add(object);
    }

    /// The requests that known LimitRanges of a namespace give to containers.
    pub fn container_defaults(&self, namespace: &str) -> ContainerDefaults {
        self.container_defaults.get(namespace).copied().unwrap_or_default()
    }

    /// The same, where these are all the PodDisruptionBudgets there are, and the objects that run
    /// pods beside them. What their pods are depends on the rest: this comes last.
    pub fn with_neighbours(
        self,
        namespace_objects: BTreeMap<String, Arc<NamespaceObjects>>,
    ) -> Self {
        Self { namespace_objects: Some(namespace_objects), ..self }
    }

    /// What is in a namespace; `None` where not all of it is known.
    pub fn namespace_objects(&self, namespace: &str) -> Option<Arc<NamespaceObjects>> {
        self.namespace_objects.as_ref().map(|all| all.get(namespace).cloned().unwrap_or_default())
    }

    /// The same, where these are the networks of namespaces.
    pub fn with_networks(self, networks: BTreeMap<String, Arc<NamespaceNetwork>>) -> Self {
        Self { networks, ..self }
    }

    /// What is known of the network of a namespace.
    pub fn network(&self, namespace: &str) -> Option<Arc<NamespaceNetwork>> {
        self.networks.get(namespace).cloned()
    }

    /// What the operator's configuration gives an object of this namespace and Flink version.
    pub fn operator_defaults(&self, namespace: &str, version: Option<FlinkVersion>) -> FlinkConfig {
        self.operator.of(namespace, version)
    }
}

impl OperatorDefaults {
    /// Reads the operator's configuration: the text of its `flink-conf.yaml` or `config.yaml`, or
    /// the ConfigMap that holds one.
    ///
    /// # Errors
    /// When it is not YAML, or over a limit of options.
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        let value =
            crate::resource::yaml::parse(text).into_iter().find_map(|document| document.value);
        match value
            .as_ref()
            .filter(|value| value.get("kind").and_then(Value::as_str) == Some("ConfigMap"))
        {
            Some(config_map) => Self::of_config_map(config_map),
            // Values of the older file need not be YAML.
            None if value.is_none() && text.lines().all(is_pair) => Self::of_file(FLINK_CONF, text),
            None => Self::of_file(CONFIG, text),
        }
    }

    /// Reads the ConfigMap that the operator mounts; without a configuration file it holds no
    /// defaults.
    ///
    /// # Errors
    /// When its file is not YAML, or over a limit of options.
    pub fn of_config_map(object: &Value) -> Result<Self, Unreadable> {
        config_file::of_config_map(object)
            .map_or(Ok(Self::default()), |(file, text)| Self::of_file(file, text))
    }

    /// What can be read of a ConfigMap whose file is not YAML or over a limit: the options that a line
    /// gives with their full name, as far as they are within the limits.
    pub fn readable_parts_of_config_map(object: &Value) -> Self {
        let text = config_file::of_config_map(object).map(|(_, text)| text).unwrap_or_default();
        let flat = |line: &&str| !line.starts_with(char::is_whitespace);
        let lines: Vec<&str> = text.lines().filter(flat).collect();
        // The older file is read by lines, which cannot fail.
        let read = config_file::parse(config_file::FLINK_CONF, &lines.join("\n"), None);
        read.map(|read| Self::of_options(&read)).unwrap_or_default()
    }

    fn of_file(file: &'static str, text: &str) -> Result<Self, Unreadable> {
        let read = config_file::parse(file, text, None)?;
        match read.excess() {
            Some(excess) => Err(Unreadable { file, line: 1, message: excess.limit.exceeded() }),
            None => Ok(Self::of_options(&read)),
        }
    }

    fn of_options(read: &FlinkConfig) -> Self {
        let mut defaults = Self::default();
        for (key, entry) in read.iter() {
            let value = entry.value.clone();
            if let Some(rest) = key.strip_prefix(OF_NAMESPACE) {
                defaults.by_namespace.push((rest.to_owned(), value));
            } else if let Some(rest) = key.strip_prefix(OF_VERSION) {
                defaults.by_version.extend(
                    versioned(rest)
                        .map(|(version, later, key)| (version, later, key.to_owned(), value)),
                );
            } else {
                defaults.all.push((key.to_owned(), value));
            }
        }
        // Of two that hold for a version the nearer one counts.
        defaults.by_version.sort();
        defaults
    }

    /// Whether any option is one that Flink or its operator reads.
    pub fn has_known_option(&self) -> bool {
        let all = self.all.iter().map(|(key, _)| key);
        let by_version = self.by_version.iter().map(|(_, _, key, _)| key);
        !self.by_namespace.is_empty()
            || all
                .chain(by_version)
                .any(|key| !matches!(catalog::find(key), KeyLookup::Unknown { .. }))
    }

    /// For all, over that for the namespace, over that for the version, as the operator has it.
    fn of(&self, namespace: &str, version: Option<FlinkVersion>) -> FlinkConfig {
        let mut config = FlinkConfig::default();
        for (key, value) in &self.all {
            config.set(key.as_str(), value.as_str(), None);
        }
        let own =
            |key: &'_ String| key.strip_prefix(namespace)?.strip_prefix('.').map(str::to_owned);
        for (key, value) in
            self.by_namespace.iter().filter_map(|(key, value)| Some((own(key)?, value)))
        {
            config.set(key, value.as_str(), None);
        }
        let holds = |of: FlinkVersion, later: bool| {
            version.is_some_and(|version| version == of || (later && version > of))
        };
        for (_, _, key, value) in
            self.by_version.iter().filter(|(of, later, _, _)| holds(*of, *later))
        {
            config.set(key.as_str(), value.as_str(), None);
        }
        config
    }
}

/// Whether a line of the older file says something that is read, or nothing.
fn is_pair(line: &str) -> bool {
    let content = line.split('#').next().unwrap_or_default();
    content.trim().is_empty() || content.contains(": ")
}

/// `v1_19+.key` or `v1_19.key`.
fn versioned(rest: &str) -> Option<(FlinkVersion, bool, &str)> {
    let (version, key) = rest.split_once('.')?;
    let (version, later) =
        version.strip_suffix('+').map_or((version, false), |version| (version, true));
    Some((FlinkVersion::parse(version)?, later, key))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn given(text: &str, namespace: &str, version: &str) -> Vec<(String, String)> {
        let context = FlinkContext::default().with_operator(OperatorDefaults::parse(text).unwrap());
        let config = context.operator_defaults(namespace, FlinkVersion::parse(version));
        config.iter().map(|(key, entry)| (key.to_owned(), entry.value.clone())).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn version_goes_before_namespace_before_all() {
        let text = "a: all\nb: all\nc: all\n\
            kubernetes.operator.default-configuration.namespace.payments.b: namespace\n\
            kubernetes.operator.default-configuration.namespace.payments.c: namespace\n\
            kubernetes.operator.default-configuration.namespace.pay.c: another\n\
            kubernetes.operator.default-configuration.flink-version.v1_19+.c: later\n\
            kubernetes.operator.default-configuration.flink-version.v1_20.d: exact\n";
        assert_eq!(
            given(text, "payments", "v2_0"),
            pairs(&[("a", "all"), ("b", "namespace"), ("c", "later")])
        );
        assert_eq!(
            given(text, "payments", "v1_20"),
            pairs(&[("a", "all"), ("b", "namespace"), ("c", "later"), ("d", "exact")])
        );
        assert_eq!(
            given(text, "other", "v1_18"),
            pairs(&[("a", "all"), ("b", "all"), ("c", "all")])
        );
    }

    #[test]
    fn of_two_versions_that_hold_the_nearer_counts() {
        let prefix = "kubernetes.operator.default-configuration.flink-version.";
        let text = format!("{prefix}v1_20+.a: b\n{prefix}v1_17+.a: c\n");
        assert_eq!(given(&text, "n", "v2_0"), pairs(&[("a", "b")]));
        assert_eq!(given(&text, "n", "v1_18"), pairs(&[("a", "c")]));
    }

    #[test]
    fn the_file_may_be_nested_lines_or_a_config_map() {
        let expected = pairs(&[("taskmanager.numberOfTaskSlots", "2")]);
        for text in [
            "taskmanager:\n  numberOfTaskSlots: 2\n",
            "taskmanager.numberOfTaskSlots: 2\n",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: flink-operator-config}\ndata:\n  config.yaml: |\n    taskmanager.numberOfTaskSlots: 2\n",
            "apiVersion: v1\nkind: ConfigMap\ndata:\n  flink-conf.yaml: |\n    taskmanager.numberOfTaskSlots: 2\n",
        ] {
            assert_eq!(given(text, "n", "v1_20"), expected, "{text}");
        }
        assert_eq!(given("", "n", "v1_20"), []);
        assert_eq!(given("a: *b\nc: [x\n", "n", "v1_20"), pairs(&[("a", "*b"), ("c", "[x")]));
        for wrong in ["a: [\nb", "- a\n", "a: b: c\nd\n"] {
            assert!(OperatorDefaults::parse(wrong).is_err(), "{wrong}");
        }
    }
}
