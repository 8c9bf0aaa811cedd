//! What an object counts in its tenant's ledger: as a request to be admitted, and as it lives.
//!
//! Both are measured alike, or a reservation would never settle: a Deployment with its pods as
//! mutation will complete them, a custom resource as it is stored. What an operator made of an
//! object that was counted whole does not count again; its pods do, and draw on that object.

use super::{Case, Gate, measure};
use crate::flink::{self, Workload};
use crate::mutate::{self, Foresight};
use crate::quota::ledger::{KnownLimits, Living, Request, Shortage, Waived};
use crate::resource::{Operation, Resource, is_being_deleted};
use crate::rules::{Finding, Level, enforcement};
use crate::tenant::Tenant;
use serde_json::Value;
use std::sync::Arc;

/// The rule that keeps a tenant within its limits.
const TENANT_RULE: &str = "quota/exceeded";
/// The rule that keeps one cluster within its limits.
const CLUSTER_RULE: &str = "quota/per-cluster";

/// What a request is to be held against.
#[derive(Clone, Debug)]
pub struct Charge {
    /// The tenant's name.
    pub tenant: String,
    /// Its limits.
    pub known: Arc<KnownLimits>,
    /// What is asked for.
    pub request: Request,
    /// How grave it is to pass the tenant's limits; `None` where the tenant lets this object.
    tenant_level: Option<Level>,
    /// The same for the limits of one cluster.
    cluster_level: Option<Level>,
}

impl Charge {
    /// Whether the tenant lets this object pass limits that hold for others.
    pub fn is_waived(&self) -> bool {
        self.request.waived != Waived::default()
    }

    /// The same request, held to all limits: what it would be told if it were not let.
    pub fn strict(&self) -> Request {
        Request { waived: Waived::default(), ..self.request.clone() }
    }

    /// What there is to say of what is missing, where `told` is said already: that one object alone
    /// is too large for one cluster needs no ledger.
    pub fn findings(&self, shortage: &Shortage, told: &[Finding]) -> Vec<Finding> {
        let finding = |rule: &'static str, level: Option<Level>, message: Option<String>| {
            let help = Some(shortage.advice.clone());
            Some(Finding {
                rule: rule.into(),
                level: level?,
                message: message?,
                pointer: "/spec".into(),
                help,
                ..Finding::default()
            })
        };
        let tenant = finding(TENANT_RULE, self.tenant_level, shortage.of_tenant());
        let is_told = told.iter().any(|finding| finding.rule == CLUSTER_RULE);
        let cluster =
            finding(CLUSTER_RULE, self.cluster_level, shortage.of_cluster()).filter(|_| !is_told);
        tenant.into_iter().chain(cluster).collect()
    }

    /// What there is to say where nothing could be decided.
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
    /// What a request asks of its tenant's ledger; `None` for a tenant without limits, for a request
    /// that asks for no more than before, and for what never counts: objects that are being deleted
    /// and what an operator made.
    pub fn charge(&self, case: &Case<'_>) -> Option<Charge> {
        let resource = case.resource;
        if resource.is_removal()
            || resource.operation == Operation::Connect
            || flink::is_made_by_operator(resource)
        {
            return None;
        }
        let tenant = case.tenant()?;
        let known = Arc::clone(self.limits_of(&tenant.name)?);
        let usage = |object: &Value, workload: &Workload| {
            measure::usage(resource, object, workload, Some(tenant))
        };
        let old = resource.old_object.as_ref().filter(|_| resource.operation == Operation::Update);
        let before = old
            .and_then(|old| Some(usage(old, &self.lower_for_quota(resource, old, Some(tenant))?)));
        let level = |rule: &str| {
            enforcement::level(&tenant.spec, rule, Level::Error, resource, enforcement::today())
        };
        let (tenant_level, cluster_level) = (level(TENANT_RULE), level(CLUSTER_RULE));
        let waived = Waived {
            tenant: tenant_level != Some(Level::Error),
            cluster: cluster_level != Some(Level::Error),
        };
        let workload = &case.workload;
        let asked = usage(&resource.object, workload);
        let mut request = Request { waived, ..Request::of(resource, workload, asked, before) };
        if flink::kinds::is_claim(resource) {
            request.owners.extend(measure::owners_by_name(resource, Some(tenant)));
        }
        request.asks_for_more().then(|| Charge {
            tenant: tenant.name.clone(),
            known,
            request,
            tenant_level,
            cluster_level,
        })
    }

    /// A stored object as it counts in the hands of a tenant; `None` for what does not. Its owners
    /// are those that it names itself.
    ///
    /// What declares others and is being deleted declares nothing any more: the garbage collector
    /// may take its name off what it owned, which counts by itself from then on.
    pub fn living(&self, stored: &Resource, tenant: Option<&Tenant>) -> Option<Living> {
        if flink::is_made_by_operator(stored) {
            return None;
        }
        let workload = self.lower_for_quota(stored, &stored.object, tenant)?;
        let mut living =
            Living::of(stored, measure::usage(stored, &stored.object, &workload, tenant));
        if living.object.declares() && is_being_deleted(&stored.object) {
            return None;
        }
        if flink::kinds::is_claim(stored) {
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
        let surroundings = self.surroundings();
        let workload = flink::lower_within(resource, object, &surroundings)?;
        let foreseen =
            tenant.and_then(|tenant| mutate::foresee(resource, object, &workload, &tenant.spec));
        Some(match foreseen {
            Some(Foresight { object, pods, .. }) => {
                self.foreseen_workload(resource, workload, object.as_ref(), pods)
            }
            None => workload,
        })
    }
}
