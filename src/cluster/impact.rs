//! What a change of a tenant means for its living clusters, read from the cluster for a person.
//!
//! In go the FlinkTenants, in force or planned, and the [record](crate::quota::ledger::admitted) of
//! what their clusters were admitted with. Out come the clusters whose last spec differs, each with
//! the fields that differ, and those that can grow beyond the quota. A recorded object counts only if
//! the API server still has it with the recorded UID.

use crate::causes::with_causes;
use crate::flink::Role;
use crate::flink::state::DEFAULT_MOUNT_PATH;
use crate::kinds::{self, Kind};
use crate::mutate;
use crate::pipeline::kept_state;
use crate::quota::growth;
use crate::quota::ledger::ObjectRef;
use crate::quota::ledger::admitted::{self, AdmittedSpecs};
use crate::quota::ledger::crd::FlinkTenantLedger;
use crate::quota::ledger::request;
use crate::quota::limits::Limits;
use crate::report::impact::{ClusterImpact, GrowingCluster, KeptPlaces, ShownChange, TenantImpact};
use crate::resource::fields::text;
use crate::resource::{Operation, Resource, metadata_text, owners};
use crate::rules;
use crate::tenant::{FlinkTenant, FlinkTenantSpec, changes};
use kube::api::{ApiResource, DynamicObject, ListParams};
use kube::core::GroupVersionKind;
use kube::{Api, Client, Resource as _, ResourceExt};
use serde_json::{Map, Value};
use std::time::Duration;

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most owners that are read for an object. Controllers write one to each.
const MOST_OWNERS: usize = 8;

/// Why the impact is not known.
#[derive(Debug, thiserror::Error)]
pub enum ImpactError {
    /// The cluster does not have the kind.
    #[error(
        "the cluster has no FlinkTenants: install their definition with `flinkgate crds | kubectl apply --server-side -f -`"
    )]
    NoDefinition,
    /// No FlinkTenant of this name.
    #[error("the cluster has no FlinkTenant `{0}`: `kubectl get flinktenants` lists them")]
    NoTenant(String),
    /// A stored FlinkTenant is invalid.
    #[error(
        "FlinkTenant `{tenant}` cannot be read: its condition `Ready` says what is in force instead"
    )]
    InvalidTenant {
        /// The tenant.
        tenant: String,
        /// Why.
        source: serde_json::Error,
    },
    /// Clusters run, but Flinkgate recorded nothing.
    #[error(
        "tenant `{tenant}` has {clusters} running clusters and no record of their specs (FlinkTenantLedger `{ledger}`): the leader of `flinkgate serve --cluster` writes it"
    )]
    NoRecord {
        /// The tenant.
        tenant: String,
        /// How many clusters its status has.
        clusters: i64,
        /// The name of the record.
        ledger: String,
    },
    /// The user may not read something.
    #[error(
        "not allowed to read {what}: bind a role with `{verb}` of `{resource}` to the user of the kubeconfig"
    )]
    Forbidden {
        /// What was read.
        what: String,
        /// The verb that is missing.
        verb: &'static str,
        /// The resource, as a role names it.
        resource: String,
    },
    /// The API server answered with another error, or could not be reached.
    #[error("failed to read {what}: {cause}")]
    Request {
        /// What was read.
        what: String,
        /// Why it failed.
        cause: String,
    },
}

/// A tenant by whose spec clusters are compared.
#[derive(Clone, Debug)]
pub struct ComparedTenant {
    /// Its name.
    pub name: String,
    /// The spec, in force or planned.
    pub spec: FlinkTenantSpec,
    /// How many clusters its status has.
    pub clusters: i64,
}

/// A FlinkTenant as it is stored.
#[derive(Clone, Debug)]
pub struct StoredTenant {
    /// Its name.
    pub name: String,
    spec: Value,
    /// How many clusters its status has.
    pub clusters: i64,
}

impl StoredTenant {
    /// The tenant, with its stored spec.
    ///
    /// # Errors
    /// When the spec is invalid.
    pub fn in_force(self) -> Result<ComparedTenant, ImpactError> {
        let Self { name, spec, clusters } = self;
        match serde_json::from_value(spec) {
            Ok(spec) => Ok(ComparedTenant { name, spec, clusters }),
            Err(source) => Err(ImpactError::InvalidTenant { tenant: name, source }),
        }
    }
}

/// The FlinkTenants of the cluster, by name.
///
/// # Errors
/// When they cannot be read.
pub async fn tenants(client: &Client) -> Result<Vec<StoredTenant>, ImpactError> {
    let kind = ApiResource::erase::<FlinkTenant>(&());
    let api = Api::<DynamicObject>::all_with(client.clone(), &kind);
    let request =
        Read { what: "FlinkTenants".into(), verb: "list", resource: "flinktenants".into() };
    let params = ListParams::default();
    let listed = request.wait(api.list(&params)).await?.ok_or(ImpactError::NoDefinition)?;
    let stored = |object: DynamicObject| {
        let clusters = object.data.pointer("/status/clusters").and_then(Value::as_i64);
        let spec = object.data.get("spec").filter(|spec| !spec.is_null()).cloned();
        StoredTenant {
            name: object.name_any(),
            spec: spec.unwrap_or_else(|| Value::Object(Map::new())),
            clusters: clusters.unwrap_or_default(),
        }
    };
    let mut found: Vec<StoredTenant> = listed.items.into_iter().map(stored).collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

/// A tenant's living clusters whose last spec differs from its spec, in one namespace or in all.
///
/// # Errors
/// When the record or an object cannot be read.
pub async fn of_tenant(
    client: &Client,
    tenant: &ComparedTenant,
    namespace: Option<&str>,
) -> Result<TenantImpact, ImpactError> {
    let record = record(client, tenant).await?;
    let spec = tenant.spec.kept_part();
    let wanted = serde_json::to_value(&spec).unwrap_or_default();
    let mut recorded: Vec<_> = record
        .objects()
        .filter(|(object, ..)| namespace.is_none_or(|namespace| object.namespace == namespace))
        .collect();
    recorded.sort();
    let limits = Limits::new(&tenant.spec.quota);
    let (mut clusters, mut growing) = (Vec::new(), Vec::new());
    for (object, uid, last) in recorded {
        let last: Option<Value> = last.and_then(|text| serde_json::from_str(text).ok());
        let changes = last.as_ref().map(|last| changes::between(last, &wanted));
        let is_same = changes.as_ref().is_some_and(Vec::is_empty);
        if is_same && limits.is_empty() {
            continue;
        }
        let Some(resource) = living_cluster(client, object, uid).await? else { continue };
        growing.extend(growth_beyond(&resource, &limits).map(|(message, help)| GrowingCluster {
            object: object.clone(),
            message,
            help,
        }));
        if is_same {
            continue;
        }
        let earlier = last.clone().and_then(|last| serde_json::from_value(last).ok());
        let mut kept = earlier.map_or_else(KeptPlaces::default, |earlier: FlinkTenantSpec| {
            kept_places(&resource, &earlier, &spec)
        });
        let changes = changes.zip(last.as_ref());
        let changes =
            changes.map(|(changes, last)| ShownChange::of(&changes, [last, &wanted], &mut kept));
        clusters.push(ClusterImpact { object: object.clone(), changes, kept });
    }
    let on_change = tenant.spec.on_change;
    Ok(TenantImpact { tenant: tenant.name.clone(), on_change, clusters, growing })
}

/// How far a cluster can grow beyond the limits without a change of its object, and what would limit
/// it.
fn growth_beyond(resource: &Resource, limits: &Limits) -> Option<(String, String)> {
    let workload = kinds::lower(resource, &resource.object)?;
    let usage = request::usage(&resource.object, &workload);
    let growth = growth::beyond(&workload.size, &usage, limits, workload.clusters())?;
    rules::growth_message(&growth)
        .map(|message| (message, rules::growth_help(&growth).text().to_owned()))
}

async fn record(client: &Client, tenant: &ComparedTenant) -> Result<AdmittedSpecs, ImpactError> {
    let ledger = admitted::ledger_name(&tenant.name);
    let api = Api::<FlinkTenantLedger>::all(client.clone());
    let request = Read {
        what: format!("FlinkTenantLedger `{ledger}`"),
        verb: "get",
        resource: FlinkTenantLedger::plural(&()).into_owned(),
    };
    match request.wait(api.get(&ledger)).await? {
        Some(found) => {
            let status = found.status.unwrap_or_default();
            Ok(AdmittedSpecs::read(&status.specs, &status.admitted))
        }
        // Without a cluster there is nothing to record.
        None if tenant.clusters == 0 => Ok(AdmittedSpecs::default()),
        None => Err(ImpactError::NoRecord {
            tenant: tenant.name.clone(),
            clusters: tenant.clusters,
            ledger,
        }),
    }
}

/// A recorded object as it is stored; `None` if it is gone, was created again, or runs no cluster of
/// its own.
async fn living_cluster(
    client: &Client,
    object: &ObjectRef,
    uid: &str,
) -> Result<Option<Resource>, ImpactError> {
    let Some(row) = kinds::named(&object.kind) else { return Ok(None) };
    let Some(stored) = stored(client, row, &object.namespace, &object.name).await? else {
        return Ok(None);
    };
    if metadata_text(&stored, "uid") != uid {
        return Ok(None);
    }
    let mut resource = Resource::from_manifest(stored).map_err(|error| ImpactError::Request {
        what: object.to_string(),
        cause: error.to_string(),
    })?;
    resource.operation = Operation::Update;
    resource.old_object = Some(resource.object.clone());
    if row.declares_clusters() {
        return Ok(Some(resource));
    }
    let workload = kinds::lower(&resource, &resource.object);
    let has_job_manager = workload
        .is_some_and(|workload| workload.pods.iter().any(|pods| pods.role == Role::JobManager));
    let is_own = has_job_manager && !has_owner(client, &resource).await?;
    Ok(is_own.then_some(resource))
}

/// Whether an object belongs to another one that makes pods, which has the record. Only an owner
/// counts that the API server has with the UID of the reference.
async fn has_owner(client: &Client, resource: &Resource) -> Result<bool, ImpactError> {
    for owner in owners(&resource.object).iter().take(MOST_OWNERS) {
        let group = text(owner, "apiVersion").split_once('/').map_or("", |(group, _)| group);
        let row = kinds::find(group, text(owner, "kind"));
        let Some(row) = row.filter(|row| row.is_counted() && row.declares()) else { continue };
        let name = text(owner, "name");
        // The API server takes any text as an owner's name, and no object has another one.
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
        if name.starts_with('.') || name.is_empty() || !name.bytes().all(is_name) {
            continue;
        }
        let found = stored(client, row, &resource.namespace, name).await?;
        if found.is_some_and(|found| metadata_text(&found, "uid") == text(owner, "uid")) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// An object as the API server has it; `None` if it does not exist.
async fn stored(
    client: &Client,
    row: &Kind,
    namespace: &str,
    name: &str,
) -> Result<Option<Value>, ImpactError> {
    let kind = GroupVersionKind::gvk(row.group, row.version, row.kind);
    let kind = ApiResource::from_gvk_with_plural(&kind, row.plural);
    let api = Api::<DynamicObject>::namespaced_with(client.clone(), namespace, &kind);
    let request = Read {
        what: format!("{} `{namespace}/{name}`", row.kind),
        verb: "get",
        resource: match row.group {
            "" => row.plural.to_owned(),
            group => format!("{}.{group}", row.plural),
        },
    };
    let Some(found) = request.wait(api.get(name)).await? else { return Ok(None) };
    let found = serde_json::to_value(found);
    found
        .map(Some)
        .map_err(|error| ImpactError::Request { what: request.what, cause: error.to_string() })
}

/// The state that an update of a stored object keeps.
fn kept_places(
    resource: &Resource,
    earlier: &FlinkTenantSpec,
    spec: &FlinkTenantSpec,
) -> KeptPlaces {
    if !mutate::decides_state(resource) {
        return KeptPlaces::default();
    }
    let Some(workload) = kinds::lower(resource, &resource.object) else {
        return KeptPlaces::default();
    };
    let kept = kept_state(resource, &resource.object, &workload, earlier, spec);
    let claim = kept.volume.and_then(|volume| {
        let claim = mutate::given_claim(resource, &resource.object, &workload, earlier)?;
        Some((claim, volume.mount_path.unwrap_or_else(|| DEFAULT_MOUNT_PATH.to_owned())))
    });
    KeptPlaces { claim, directories: kept.directories.into_iter().collect() }
}

/// A request to the API server, for messages.
struct Read {
    what: String,
    verb: &'static str,
    resource: String,
}

impl Read {
    /// Waits for the answer; `None` if it is that there is no such object.
    async fn wait<T>(
        &self,
        answer: impl Future<Output = kube::Result<T>>,
    ) -> Result<Option<T>, ImpactError> {
        let failed = |cause| ImpactError::Request { what: self.what.clone(), cause };
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(answer)) => Ok(Some(answer)),
            Ok(Err(kube::Error::Api(status))) if status.code == 404 => Ok(None),
            Ok(Err(kube::Error::Api(status))) if status.code == 403 => {
                Err(ImpactError::Forbidden {
                    what: self.what.clone(),
                    verb: self.verb,
                    resource: self.resource.clone(),
                })
            }
            Ok(Err(kube::Error::Api(status))) if status.code == 401 => Err(failed(
                "the API server does not accept the credentials of the kubeconfig".into(),
            )),
            Ok(Err(kube::Error::Api(status))) => {
                Err(failed(format!("the API server answered {}: {}", status.code, status.message)))
            }
            Ok(Err(error)) => Err(failed(with_causes(&error))),
            Err(_) => Err(failed(format!("no answer from the API server within {PATIENCE:?}"))),
        }
    }
}
