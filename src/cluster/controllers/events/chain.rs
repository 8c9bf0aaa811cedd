//! The custom resources above the owner of a refused object: the FlinkDeployment of a JobManager's
//! Deployment, its FlinkBlueGreenDeployment, and the jobs of a session cluster.
//!
//! A tenant writes the owner references of its pods. So the first owner must exist with that UID and
//! its pods must be created by the sender of the request, and all owners above it are those that the
//! API server has stored.

use super::refusals::Sender;
use super::regarding::Regarding;
use crate::kinds::{self, Property};
use crate::resource::fields::text;
use crate::resource::{GroupVersionKind, owners, pointer};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{ApiResource, DynamicObject, ListParams};
use kube::{Api, Client, ResourceExt};
use serde_json::Value;

/// From a pod's owner to a FlinkBlueGreenDeployment: Deployment, FlinkDeployment.
const DEEPEST: usize = 4;
/// The most custom resources for one refusal.
const MOST: usize = 8;
/// The most owners that are read for one refusal. Tenants write owner references.
const MOST_READ: usize = 16;
/// Jobs of a session cluster that are read at once.
const PAGE: u32 = 500;
const FORBIDDEN: u16 = 403;
const NOT_FOUND: u16 = 404;

/// The custom resources above an owner, nearest first; none if the owner does not create what was
/// refused.
///
/// # Errors
/// When the API server does not answer.
pub(super) async fn custom_resources(
    client: &Client,
    regarding: &Regarding,
    sender: &Sender,
) -> kube::Result<Vec<Regarding>> {
    let Regarding::Owner { namespace, .. } = regarding else { return Ok(Vec::new()) };
    let Some(first) = stored(client, regarding).await? else { return Ok(Vec::new()) };
    if !creates_pods_as(&first, namespace, sender) {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    found.extend(session_jobs(client, regarding, &first).await?);
    let (mut level, mut read) = (vec![first], vec![regarding.clone()]);
    for _ in 0..DEEPEST {
        let references: Vec<Regarding> = level
            .iter()
            .flat_map(owners)
            .take(MOST_READ)
            .filter_map(|reference| Regarding::owner(namespace, reference))
            .collect();
        level.clear();
        for above in references {
            if read.len() >= MOST_READ || read.contains(&above) {
                continue;
            }
            read.push(above.clone());
            let Some(object) = stored(client, &above).await? else { continue };
            found.extend(session_jobs(client, &above, &object).await?);
            if above.is_custom_resource() {
                found.push(above);
            }
            level.push(object);
        }
        if level.is_empty() {
            break;
        }
    }
    found.truncate(MOST);
    Ok(found)
}

/// The stored object, if it is the one with this UID.
async fn stored(client: &Client, regarding: &Regarding) -> kube::Result<Option<Value>> {
    let Regarding::Owner { namespace, api_version, kind, name, uid } = regarding else {
        return Ok(None);
    };
    let of = GroupVersionKind::parse(api_version, kind);
    let Some(row) = kinds::of(&of).filter(|row| row.has(Property::ShowsEvents)) else {
        return Ok(None);
    };
    let kind = kube::core::GroupVersionKind::gvk(&of.group, &of.version, &of.kind);
    let resource = ApiResource::from_gvk_with_plural(&kind, row.plural);
    let api = Api::<DynamicObject>::namespaced_with(client.clone(), namespace, &resource);
    let found = match api.get(name).await {
        Ok(found) => found,
        // Flinkgate reads only kinds that own pods, in versions that the API server has.
        Err(kube::Error::Api(status)) if [FORBIDDEN, NOT_FOUND].contains(&status.code) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let is_same = found.uid().as_ref() == Some(uid);
    Ok(serde_json::to_value(found).ok().filter(|_| is_same))
}

/// Whether the sender creates pods for a stored object: a controller or an operator, or the service
/// account of the JobManager in its template.
fn creates_pods_as(owner: &Value, namespace: &str, sender: &Sender) -> bool {
    let pod = pointer::at(owner, "/spec/template/spec").unwrap_or(&Value::Null);
    let names = ["serviceAccountName", "serviceAccount"].map(|field| text(pod, field));
    let account = names.into_iter().find(|name| !name.is_empty()).unwrap_or("default");
    sender.is_component
        || (pod.is_object()
            && sender.user == format!("system:serviceaccount:{namespace}:{account}"))
}

/// The jobs that run in a session cluster, by name.
async fn session_jobs(
    client: &Client,
    cluster: &Regarding,
    stored: &Value,
) -> kube::Result<Vec<Regarding>> {
    let (Regarding::Owner { namespace, kind, name, .. }, Some(row)) =
        (cluster, kinds::find("flink.apache.org", "FlinkSessionJob"))
    else {
        return Ok(Vec::new());
    };
    let runs_job = pointer::at(stored, "/spec/job").is_some_and(|job| !job.is_null());
    if kind != "FlinkDeployment" || runs_job {
        return Ok(Vec::new());
    }
    let resource = crate::cluster::watch::target::api_resource(row);
    let api = Api::<DynamicObject>::namespaced_with(client.clone(), namespace, &resource);
    let jobs = api.list(&ListParams::default().limit(PAGE)).await?.items.into_iter();
    let mut jobs: Vec<DynamicObject> = jobs
        .filter(|job| {
            pointer::at(&job.data, "/spec/deploymentName").and_then(Value::as_str) == Some(name)
                && pointer::at(&job.data, "/spec/job/state").and_then(Value::as_str)
                    != Some("suspended")
        })
        .collect();
    jobs.sort_by_key(ResourceExt::name_any);
    let regarding = |job: &DynamicObject| {
        let reference = OwnerReference {
            api_version: resource.api_version.clone(),
            kind: resource.kind.clone(),
            name: job.name_any(),
            uid: job.uid().unwrap_or_default(),
            ..OwnerReference::default()
        };
        Regarding::owner(namespace, &serde_json::to_value(reference).unwrap_or_default())
    };
    Ok(jobs.iter().filter_map(regarding).take(MOST).collect())
}
