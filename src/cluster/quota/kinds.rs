//! What the leader watches to settle ledgers: all that counts, and what says whose a pod and whose
//! a namespace is.

use crate::resource::GroupVersionKind;
use kube::api::ApiResource;
use kube::client::Client;
use kube::core::DynamicObject;
use kube::error::DiscoveryError;
use kube::{Api, discovery};

/// A watched kind.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// API group.
    pub group: &'static str,
    /// The version that is asked for; of [foreign](Self::foreign) kinds, where none is served.
    pub version: &'static str,
    /// Kind; no two that are watched share one.
    pub kind: &'static str,
    /// Plural, as in an address.
    pub plural: &'static str,
    /// Whether somebody else defines it, in versions of their own, or not at all.
    pub foreign: bool,
    /// What it is watched for.
    pub part: Part,
}

/// What a kind is watched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Its objects use something.
    Counts,
    /// Its objects tell owners of owners: metadata is enough.
    Owns,
    /// The Namespaces, for their labels: metadata is enough.
    Namespaces,
    /// The FlinkTenants, for what they claim and what their status says.
    Tenants,
    /// The ledgers, for when they change: metadata is enough.
    Ledgers,
}

const fn built_in(
    group: &'static str,
    kind: &'static str,
    plural: &'static str,
    part: Part,
) -> Kind {
    Kind { group, version: "v1", kind, plural, foreign: false, part }
}

const fn foreign(group: &'static str, kind: &'static str, plural: &'static str) -> Kind {
    Kind { group, version: "v1beta1", kind, plural, foreign: true, part: Part::Counts }
}

const fn own(kind: &'static str, plural: &'static str, part: Part) -> Kind {
    Kind { group: "flinkgate.dev", version: "v1alpha1", kind, plural, foreign: false, part }
}

/// All of them.
pub static KINDS: [Kind; 15] = [
    built_in("", "Pod", "pods", Part::Counts),
    built_in("", "PersistentVolumeClaim", "persistentvolumeclaims", Part::Counts),
    built_in("apps", "Deployment", "deployments", Part::Counts),
    built_in("apps", "StatefulSet", "statefulsets", Part::Counts),
    built_in("apps", "ReplicaSet", "replicasets", Part::Owns),
    built_in("batch", "Job", "jobs", Part::Counts),
    built_in("batch", "CronJob", "cronjobs", Part::Counts),
    foreign("flink.apache.org", "FlinkDeployment", "flinkdeployments"),
    foreign("flink.apache.org", "FlinkSessionJob", "flinksessionjobs"),
    foreign("flink.apache.org", "FlinkBlueGreenDeployment", "flinkbluegreendeployments"),
    foreign("flinkoperator.k8s.io", "FlinkCluster", "flinkclusters"),
    foreign("flink.k8s.io", "FlinkApplication", "flinkapplications"),
    built_in("", "Namespace", "namespaces", Part::Namespaces),
    own("FlinkTenant", "flinktenants", Part::Tenants),
    own("FlinkTenantLedger", "flinktenantledgers", Part::Ledgers),
];

impl Kind {
    /// The watched kind of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.kind == name)
    }

    /// Group, version and kind.
    pub fn gvk(&self) -> GroupVersionKind {
        GroupVersionKind {
            group: self.group.into(),
            version: self.version.into(),
            kind: self.kind.into(),
        }
    }

    /// Whether metadata is all that is wanted of it.
    pub fn is_metadata(&self) -> bool {
        matches!(self.part, Part::Owns | Part::Namespaces | Part::Ledgers)
    }

    /// Whether a view tells how new the knowledge of it is: it says what is there, or whose that
    /// is.
    pub fn makes_views(&self) -> bool {
        matches!(self.part, Part::Counts | Part::Namespaces | Part::Tenants)
    }

    /// Where it is asked for, in the version that is known from here.
    pub fn resource(&self) -> ApiResource {
        let kind = kube::core::GroupVersionKind::gvk(self.group, self.version, self.kind);
        ApiResource::from_gvk_with_plural(&kind, self.plural)
    }

    /// Where the cluster serves it; `None` where it does not. An operator may define a kind in a
    /// version that nobody knows here.
    ///
    /// # Errors
    /// When the cluster does not say.
    pub async fn served(&self, client: &Client) -> kube::Result<Option<ApiResource>> {
        if !self.foreign {
            return Ok(Some(self.resource()));
        }
        let group = match discovery::group(client, self.group).await {
            Ok(group) => group,
            Err(kube::Error::Discovery(DiscoveryError::MissingApiGroup(_))) => return Ok(None),
            Err(error) => return Err(error),
        };
        let versions = std::iter::once(group.preferred_version_or_latest()).chain(group.versions());
        let served = versions
            .flat_map(|version| group.versioned_resources(version))
            .map(|(resource, _)| resource);
        Ok(served
            .into_iter()
            .find(|resource| resource.kind == self.kind && resource.plural == self.plural))
    }

    /// One object of it by name.
    pub fn one(
        &self,
        client: &Client,
        resource: Option<&ApiResource>,
        namespace: &str,
    ) -> Api<DynamicObject> {
        let resource = resource.cloned().unwrap_or_else(|| self.resource());
        Api::namespaced_with(client.clone(), namespace, &resource)
    }
}
