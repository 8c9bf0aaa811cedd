//! What an object counts in its tenant's ledger: as a request, and as a stored object.
//!
//! Both are measured in the same way, or the ledger could not reconcile reservations with objects: a
//! Deployment with its predicted pods, a custom resource as it is stored. An object that an operator
//! made does not count again; its pods do, and draw on the custom resource.

use super::related::runs_later;
use super::{Case, Gate, measure};
use crate::flink::Workload;
use crate::flink::container_defaults::ContainerDefaults;
use crate::flink::kinds::is_claim;
use crate::flink::kinds::resting::{self, Rest};
use crate::kinds;
use crate::mutate::{self, PredictedPods};
use crate::quota::ledger::shortage::LimitOwner;
use crate::quota::ledger::{KnownLimits, LiveObject, Request, Shortage, WaivedLimits};
use crate::quota::{Usage, undeclared};
use crate::resource::{Operation, Resource, is_being_deleted, pointer, users};
use crate::rules::{Finding, Level, enforcement};
use crate::tenant::{SuspendedJobs, Tenant};
use serde_json::Value;
use std::sync::Arc;

/// The rule for the limits of a tenant.
const TENANT_RULE: &str = "quota/exceeded";
/// The rule for the limits of one cluster.
const CLUSTER_RULE: &str = "quota/per-cluster";

/// A request to a tenant's ledger.
#[derive(Clone, Debug)]
pub struct Charge {
    /// The tenant's name.
    pub tenant: String,
    /// Its limits.
    pub known: Arc<KnownLimits>,
    /// What it asks for.
    pub request: Request,
    /// Whether it draws on no owner, whatever owners the object names.
    pub is_apart: bool,
    /// The equal clusters that the object declares: two for a blue/green deployment.
    clusters: u64,
    /// Whether a component of Kubernetes waits for the answer.
    pub is_by_component: bool,
    /// Why the object holds no quota before the request, which makes it run.
    resumes: Option<Rest>,
    /// Level of a finding about the tenant's limits; `None` where the object is exempt.
    tenant_level: Option<Level>,
    /// Level of a finding about the limits of one cluster.
    cluster_level: Option<Level>,
}

impl Charge {
    /// Whether the object may exceed a limit.
    pub fn is_waived(&self) -> bool {
        self.request.waived != WaivedLimits::default()
    }

    /// The same request without permission to exceed limits, to learn which it exceeds.
    pub fn without_waivers(&self) -> Request {
        Request { waived: WaivedLimits::default(), ..self.request.clone() }
    }

    /// Findings about a shortage that are not in `reported`: the rule for one cluster needs no
    /// ledger and may have reported the object already.
    pub fn findings(&self, shortage: &Shortage, reported: &[Finding]) -> Vec<Finding> {
        let finding = |rule: &'static str, level: Option<Level>, message: Option<String>, help| {
            Some(Finding {
                rule: rule.into(),
                level: level?,
                message: message?,
                pointer: "/spec".into(),
                help: Some(help),
                ..Finding::default()
            })
        };
        let of_each = self.fitting_of_each(shortage);
        let help_or =
            |other: fn(&Shortage) -> String| of_each.clone().unwrap_or_else(|| other(shortage));
        let subject = match self.resumes {
            None | Some(Rest::Children) => "this object requests",
            Some(Rest::Suspended) => {
                "the suspended job holds no quota (`quota.suspended: Release`), and resuming it requests"
            }
            Some(Rest::Ended) => {
                "the job has ended and holds no quota, and starting it again requests"
            }
        };
        let message = shortage.tenant_message_about(&self.tenant, subject);
        let help = help_or(Shortage::tenant_help);
        let tenant = finding(TENANT_RULE, self.tenant_level, message, help);
        let is_reported = reported.iter().any(|finding| finding.rule == CLUSTER_RULE);
        let (message, help) = (shortage.cluster_message(), help_or(Shortage::cluster_help));
        let cluster =
            finding(CLUSTER_RULE, self.cluster_level, message, help).filter(|_| !is_reported);
        tenant.into_iter().chain(cluster).collect()
    }

    /// How many TaskManagers of each of several clusters would fit. They have one template, so they
    /// shrink together. `None` for a single cluster, and if fewer TaskManagers do not help.
    fn fitting_of_each(&self, shortage: &Shortage) -> Option<String> {
        let task_managers = self.request.task_managers.as_ref().filter(|_| self.clusters > 1)?;
        let count = task_managers.count / self.clusters;
        let removed = shortage.shortfalls.iter().map(|shortfall| {
            let one = task_managers.each.get(&shortfall.resource);
            let freed = match shortfall.owner {
                LimitOwner::Tenant => one.checked_mul(self.clusters)?,
                LimitOwner::Cluster(_) => one,
            };
            shortfall.total.checked_sub(shortfall.hard)?.times_begun(freed)
        });
        let removed = removed.collect::<Option<Vec<u64>>>()?.into_iter().max()?;
        let fitting = count.checked_sub(removed).filter(|fitting| *fitting > 0)?;
        Some(format!(
            "{fitting} of the {count} TaskManagers of each cluster would fit: the {} clusters \
             shrink together",
            self.clusters
        ))
    }

    /// The finding where the ledger could not decide.
    pub fn undecided(&self, message: String) -> Finding {
        let help = Some("send the object again".into());
        Finding {
            rule: TENANT_RULE.into(),
            level: Level::Error,
            message,
            pointer: String::new(),
            help,
            ..Finding::default()
        }
    }
}

impl Gate {
    /// The request to the tenant's ledger. `None` for a tenant without limits, a request for no more
    /// than before, an object that is being deleted, and one that an operator made.
    pub fn charge(&self, case: &Case<'_>) -> Option<Charge> {
        let resource = case.resource;
        // Of what is being deleted, only a claim can still grow.
        if (resource.is_removal()
            && (resource.operation == Operation::Delete || !is_claim(resource)))
            || resource.operation == Operation::Connect
            || kinds::is_made_by_operator(resource, &self.context())
            || kinds::is_made_by_controller(resource)
        {
            return None;
        }
        let tenant = case.tenant().filter(|_| case.excess.is_none())?;
        let known = Arc::clone(self.limits_of(&tenant.name)?);
        let measured = |object: &Value, workload: &Workload| {
            measure::usage(resource, object, workload, Some(tenant))
        };
        let old = resource.old_object.as_ref().filter(|_| resource.operation == Operation::Update);
        let old =
            old.and_then(|old| Some((old, self.lower_for_quota(resource, old, Some(tenant))?)));
        let resumes =
            old.as_ref().and_then(|(old, workload)| rest(resource, old, workload, tenant));
        if resumes.is_some_and(|rest| stays_at_rest(resource, rest)) {
            return None;
        }
        // What rests holds nothing, or less than its usage: the ledger knows.
        let before = old.filter(|_| resumes.is_none()).map(|(old, workload)| {
            with_limit_ranges(resource, old, &workload, measured(old, &workload))
        });
        let level = |rule: &str| {
            enforcement::level(&tenant.spec, rule, Level::Error, resource, enforcement::today())
        };
        let (tenant_level, cluster_level) = (level(TENANT_RULE), level(CLUSTER_RULE));
        let waived = WaivedLimits {
            tenant: tenant_level != Some(Level::Error),
            cluster: cluster_level != Some(Level::Error),
        };
        let workload = &case.workload;
        let asked = match std::ptr::eq(&*case.object, &resource.object) {
            true => case.usage().clone(),
            false => measured(&resource.object, workload),
        };
        let asked = with_limit_ranges(resource, &resource.object, workload, asked);
        let mut request = Request { waived, ..Request::of(resource, workload, asked, before) };
        let is_apart = workload.size.total.clusters > 0
            && kinds::claimed_owner(resource, self.context().requester(resource)).is_some();
        if is_apart {
            request.owners.clear();
        }
        if is_claim(resource) {
            request.owners.extend(measure::owners_by_name(resource, Some(tenant)));
        }
        if !request.increases_usage() {
            return None;
        }
        request.replaces = may_replace(resource);
        request.claims = measure::declared_claims(resource, &resource.object, workload, tenant);
        Some(Charge {
            tenant: tenant.name.clone(),
            known,
            request,
            is_apart,
            clusters: workload.concurrent_clusters,
            is_by_component: users::is_trusted(&resource.user),
            resumes,
            tenant_level,
            cluster_level,
        })
    }

    /// A stored object as it counts for a tenant, where LimitRanges give containers these requests;
    /// `None` if it does not count. Its owners are those in its metadata.
    ///
    /// A declaring object that is being deleted does not count: the garbage collector may remove its
    /// owner references, and then its dependents count on their own.
    pub fn living(
        &self,
        stored: &Resource,
        tenant: Option<&Tenant>,
        defaults: ContainerDefaults,
    ) -> Option<LiveObject> {
        if kinds::counts_with_owner(stored) {
            return None;
        }
        let workload = self.lower_for_quota(stored, &stored.object, tenant)?;
        let workload = Workload { container_defaults: defaults, ..workload };
        let usage = measure::usage(stored, &stored.object, &workload, tenant);
        let usage = with_limit_ranges(stored, &stored.object, &workload, usage);
        let mut living = LiveObject::of(stored, usage);
        if living.object.declares() && is_being_deleted(&stored.object) {
            return None;
        }
        living.resting =
            tenant.is_some_and(|tenant| rest(stored, &stored.object, &workload, tenant).is_some());
        if is_claim(stored) {
            living.owners.extend(measure::owners_by_name(stored, tenant));
        }
        Some(living).filter(|living| !living.usage.is_empty())
    }

    fn lower_for_quota(
        &self,
        resource: &Resource,
        object: &Value,
        tenant: Option<&Tenant>,
    ) -> Option<Workload> {
        let context = self.context();
        let workload = kinds::lower_with_context(resource, object, &context)?;
        let predicted = tenant
            .and_then(|tenant| mutate::predict_pods(resource, object, &workload, &tenant.spec));
        Some(match predicted {
            Some(PredictedPods { object, pods, .. }) => {
                self.predicted_workload(resource, workload, object.as_ref(), pods)
            }
            None => workload,
        })
    }
}

/// The usage of an object with the requests that its pods will get from LimitRanges. Pods have them
/// already.
fn with_limit_ranges(
    resource: &Resource,
    object: &Value,
    workload: &Workload,
    mut usage: Usage,
) -> Usage {
    if workload.container_defaults != ContainerDefaults::default() && runs_later(resource) {
        usage.add(&undeclared::given_by_limit_ranges(object, workload));
    }
    usage
}

/// Why an object runs nothing and keeps nothing of the quota.
fn rest(resource: &Resource, object: &Value, workload: &Workload, tenant: &Tenant) -> Option<Rest> {
    let releases = tenant.spec.quota.suspended == SuspendedJobs::Release;
    resting::rest(&resource.kind, object, workload)
        .filter(|rest| *rest != Rest::Suspended || releases)
}

/// Whether an update of what rests starts nothing: the spec is the same, or a suspended job stays
/// suspended.
fn stays_at_rest(resource: &Resource, rest: Rest) -> bool {
    let field = resting::state_field(&resource.kind);
    let state = pointer::at(&resource.object, field).and_then(Value::as_str);
    let old = resource.old_object.as_ref();
    old.is_some_and(|old| old.get("spec") == resource.object.get("spec"))
        || (rest == Rest::Suspended && state == Some("suspended"))
}

/// Whether a request creates a pod that may take the place of another of its cluster: a controller
/// sends it, or a service account of the namespace, as a JobManager does for its TaskManagers.
fn may_replace(resource: &Resource) -> bool {
    let account = users::service_account(&resource.user);
    resource.operation == Operation::Create
        && resource.kind.group.is_empty()
        && resource.kind.kind == "Pod"
        && (users::is_trusted(&resource.user)
            || account.is_some_and(|(namespace, _)| namespace == resource.namespace))
}
