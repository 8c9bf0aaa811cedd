//! Judges an object by the spec that its cluster was admitted with, after the tenant has changed.
//!
//! In go an object and the specs that its cluster was admitted with, as the ledger knows them. Out
//! comes the answer of one whole spec: the one in force, or one of those. An answer never mixes two
//! specs, so that what is made from the object later can be judged by one of them too.
//!
//! An update keeps what would lose the state of a running job: see [`Gate::in_force_for`].

use super::findings::is_refused;
use super::{Answer, Gate, TenantState};
use crate::flink::Workload;
use crate::flink::options::{CHECKPOINT_DIR, HIGH_AVAILABILITY_DIR, SAVEPOINT_DIR};
use crate::flink::requester::Requester;
use crate::flink::state::DEFAULT_MOUNT_PATH;
use crate::kinds;
use crate::mutate::{self, UserManifest};
use crate::pipeline::case::Case;
use crate::pipeline::charge::Charge;
use crate::pipeline::exemptions::Extent;
use crate::resource::{Operation, Resource};
use crate::rules::notices::EARLIER_SPEC;
use crate::rules::{self, Finding, Level};
use crate::tenant::{
    CheckpointVolume, FlinkTenantSpec, KeptState, OnChange, Owner, Scalar, Tenant,
};
use serde_json::Value;
use std::sync::Arc;
use std::time::Instant;

/// A tenant with another spec than the one in force.
#[derive(Debug)]
pub(super) struct KeptTenant {
    tenant: Arc<Tenant>,
    state: Arc<TenantState>,
}

/// What an object may have of an earlier spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// All of it: it is made for an admitted cluster.
    Whole,
    /// What it has already: an update may add nothing that only the earlier spec allows.
    Unchanged,
}

/// An object's answer, and the spec that gave it.
#[derive(Clone, Debug, Default)]
pub struct KeptAnswer {
    /// The answer.
    pub answer: Answer,
    /// The spec, if it is not the one in force.
    pub spec: Option<Arc<FlinkTenantSpec>>,
    /// Whether that is a spec of before; otherwise it is the one in force, with state that is kept.
    pub is_earlier: bool,
}

/// The state that a stored object keeps when it is updated under the spec `now`: the volume and the
/// directories of state that it has of the spec `last`.
pub fn kept_state(
    resource: &Resource,
    old: &Value,
    workload: &Workload,
    last: &FlinkTenantSpec,
    now: &FlinkTenantSpec,
) -> KeptState {
    let moved = moved_volume(last, now);
    let volume =
        moved.filter(|_| mutate::given_claim(resource, old, workload, last).is_some()).cloned();
    let enforced = |spec: &FlinkTenantSpec, key: &str| {
        spec.flink.configuration.enforced.get(key).map(Scalar::text)
    };
    let given = |key: &str| {
        enforced(last, key).or_else(|| last.flink.configuration.defaults.get(key).map(Scalar::text))
    };
    let directories = [CHECKPOINT_DIR, SAVEPOINT_DIR, HIGH_AVAILABILITY_DIR]
        .into_iter()
        .flatten()
        .filter_map(|key| {
            let (wanted, before) = (enforced(now, key)?, given(key)?);
            let has = workload.config.exact(key).is_some_and(|entry| entry.value == before);
            (has && wanted != before).then(|| ((*key).to_owned(), before))
        });
    KeptState { volume, directories: directories.collect() }
}

/// The volume of the spec `last`, if the spec `now` has none or another claim or path.
pub(super) fn moved_volume<'s>(
    last: &'s FlinkTenantSpec,
    now: &FlinkTenantSpec,
) -> Option<&'s CheckpointVolume> {
    let place = |volume: &'_ CheckpointVolume| {
        let path = volume.mount_path.as_deref().unwrap_or(DEFAULT_MOUNT_PATH);
        (volume.claim_name.clone(), path.trim_end_matches('/').to_owned())
    };
    let of = |spec: &'s FlinkTenantSpec| spec.storage.checkpoints.volume.as_ref();
    let wanted = now.storage.checkpoints.volume.as_ref().map(place);
    of(last).filter(|volume| Some(place(volume)) != wanted)
}

impl Gate {
    /// The owner of a namespace, with the spec by which it is judged.
    pub(super) fn owner(&self, namespace: &str) -> Owner {
        match (self.tenants.owner(namespace), &self.kept) {
            (Owner::Tenant(tenant), Some(kept)) if tenant.name == kept.tenant.name => {
                Owner::Tenant(Arc::clone(&kept.tenant))
            }
            (owner, _) => owner,
        }
    }

    /// What is derived from the spec by which a tenant is judged.
    pub(super) fn state(&self, tenant: &str) -> Option<&Arc<TenantState>> {
        match &self.kept {
            Some(kept) if kept.tenant.name == tenant => Some(&kept.state),
            _ => self.prepared.get(tenant),
        }
    }

    /// The same gate, where a tenant is judged by this spec.
    pub(super) fn by_spec(&self, tenant: &Tenant, spec: FlinkTenantSpec) -> Self {
        let tenant = Arc::new(Tenant {
            name: tenant.name.clone(),
            spec,
            source: tenant.source.clone(),
            version: tenant.version,
            unread: tenant.unread.clone(),
        });
        let state = Arc::new(TenantState::of(&tenant));
        Self { kept: Some(Arc::new(KeptTenant { tenant, state })), ..self.clone() }
    }

    /// Whether a request is an update that changes what a cluster runs. Its record is read first,
    /// because it may have to keep its state.
    pub fn may_keep_state(&self, resource: &Resource) -> bool {
        resource.operation == Operation::Update
            && mutate::decides_state(resource)
            && self.extent(resource) == Extent::Whole
    }

    /// Whether what a request stores runs something else than before.
    pub fn changes_what_runs(&self, resource: &Resource) -> bool {
        self.extent(resource) == Extent::Whole
    }

    /// Whether the tenant of a namespace lets clusters keep running.
    pub fn keeps_running(&self, namespace: &str) -> Option<Arc<Tenant>> {
        let tenant = self.tenants.owner(namespace).tenant()?;
        (tenant.spec.on_change == OnChange::KeepRunning).then_some(tenant)
    }

    /// The spec in force for an update of an object: with the volume and directories of state that
    /// the stored object has of the spec that it was admitted with. `None` where it keeps nothing.
    fn in_force_for(
        &self,
        resource: &Resource,
        tenant: &Tenant,
        last: &FlinkTenantSpec,
    ) -> Option<FlinkTenantSpec> {
        let old = resource.old_object.as_ref()?;
        let workload = kinds::lower_with_context(resource, old, &self.context)?;
        let kept = kept_state(resource, old, &workload, last, &tenant.spec);
        (kept != KeptState::default()).then(|| tenant.spec.with_state(kept))
    }

    /// The answer of the mutating webhook where the object's cluster was admitted with these specs,
    /// the last one first.
    pub fn mutate_kept(
        &self,
        resource: &Resource,
        recorded: &[FlinkTenantSpec],
        rights: Rights,
    ) -> Answer {
        let Some((tenant, last)) = self.tenant_and_last(resource, recorded) else {
            return self.mutate(resource);
        };
        let in_force = self.for_update(resource, &tenant, last);
        let first = in_force.as_ref().map_or(self, |(gate, _)| gate);
        let freed = first.without_earlier(resource, &tenant, last);
        let freed = freed.map(|object| Resource { object, ..resource.clone() });
        let Some(by_first) = first.completed(freed.as_ref().unwrap_or(resource), resource) else {
            return self.mutate(resource);
        };
        let refused_for = errors(&by_first.findings);
        if refused_for > 0 && !has_quota_error(&by_first.findings) {
            let of = |gate: &Self| gate.completed(resource, resource);
            let kept = self.best_kept(&tenant, recorded, of, |made| errors(&made.findings));
            let may_have =
                || rights == Rights::Whole || first.adds_nothing(resource, &by_first.findings);
            if let Some((kept, _, left)) = kept
                && (left == 0 || (rights == Rights::Whole && left < refused_for))
                && may_have()
            {
                return kept.answer;
            }
        }
        by_first.answer
    }

    /// The answer of the validating webhook, likewise, without its quota.
    pub fn validate_kept(
        &self,
        resource: &Resource,
        recorded: &[FlinkTenantSpec],
        rights: Rights,
        until: Option<Instant>,
    ) -> KeptAnswer {
        let of = |gate: &Self| {
            let case = gate.lower_admitted(resource)?;
            Some(gate.check_in_full(&case, until))
        };
        let plain = |mut answer: Answer| {
            rules::abridge(&mut answer.findings);
            KeptAnswer { answer, ..KeptAnswer::default() }
        };
        let Some((tenant, last)) = self.tenant_and_last(resource, recorded) else {
            return plain(of(self).unwrap_or_default());
        };
        let in_force = self.for_update(resource, &tenant, last);
        let first = in_force.as_ref().map_or(self, |(gate, _)| gate);
        let mut answer = of(first).unwrap_or_default();
        if !is_refused(&answer.findings) {
            let spec = in_force.as_ref().map(|(_, spec)| Arc::clone(spec));
            if let Some(spec) = &spec {
                answer.findings.push(keeps_state(resource, &tenant.spec, spec));
            }
            return KeptAnswer { spec, ..plain(answer) };
        }
        if has_quota_error(&answer.findings)
            || (rights == Rights::Unchanged && !first.adds_nothing(resource, &answer.findings))
        {
            return plain(answer);
        }
        // Quota is always judged by the spec in force.
        let is_quota = |finding: &Finding| finding.rule.starts_with("quota/");
        let of = |gate: &Self| {
            let mut answer = of(gate)?;
            answer.findings.retain(|finding| !is_quota(finding));
            Some(answer)
        };
        let refused_for = errors(&answer.findings);
        match self.best_kept(&tenant, recorded, of, |answer| errors(&answer.findings)) {
            Some((mut kept, spec, 0)) => {
                kept.findings.extend(answer.findings.into_iter().filter(is_quota));
                kept.findings.push(is_kept(resource, &tenant));
                KeptAnswer { spec: Some(Arc::new(spec.clone())), is_earlier: true, ..plain(kept) }
            }
            // What the cluster's own spec does not allow either is what is wrong.
            Some((kept, _, left)) if rights == Rights::Whole && left < refused_for => plain(kept),
            _ => plain(answer),
        }
    }

    /// Whether validation would refuse what mutation makes of an object.
    pub fn refuses_completed(&self, resource: &Resource) -> bool {
        self.completed(resource, resource).is_some_and(|made| is_refused(&made.findings))
    }

    /// The charge of an object, by the spec in force.
    pub fn charge_of(&self, resource: &Resource) -> Option<Charge> {
        self.lower_admitted(resource).and_then(|case| self.charge(&case))
    }

    /// Drops the conflicts of an update about values that mutation replaces.
    pub(super) fn drop_replaced(&self, case: &mut Case<'_>) {
        let is_stored = |tenant: &Tenant| !mutate::is_only_checked(case.resource, &tenant.spec);
        if !case.conflicts.is_empty() && case.tenant().is_none_or(is_stored) {
            let resource = case.resource;
            mutate::drop_replaced(resource, &mut case.conflicts, &self.manifest(resource));
        }
    }

    /// The user's own manifest. Operators and controllers have none.
    fn manifest<'r>(&self, resource: &'r Resource) -> UserManifest<'r> {
        match self.context.requester(resource) {
            Requester::Other => UserManifest::of_user(&resource.object),
            Requester::FlinkOperator | Requester::KubernetesController => {
                UserManifest::none(&resource.object)
            }
        }
    }

    fn tenant_and_last<'r>(
        &self,
        resource: &Resource,
        recorded: &'r [FlinkTenantSpec],
    ) -> Option<(Arc<Tenant>, &'r FlinkTenantSpec)> {
        self.tenants.owner(&resource.namespace).tenant().zip(recorded.first())
    }

    /// The gate for an update of a completed object, and its spec, if that keeps some state.
    fn for_update(
        &self,
        resource: &Resource,
        tenant: &Tenant,
        last: &FlinkTenantSpec,
    ) -> Option<(Self, Arc<FlinkTenantSpec>)> {
        if !self.may_keep_state(resource) {
            return None;
        }
        let spec = self.in_force_for(resource, tenant, last)?;
        Some((self.by_spec(tenant, spec.clone()), Arc::new(spec)))
    }

    /// The object of an update without what Flinkgate wrote under the last spec and does not give
    /// any more.
    fn without_earlier(
        &self,
        resource: &Resource,
        tenant: &Tenant,
        last: &FlinkTenantSpec,
    ) -> Option<Value> {
        if !self.may_keep_state(resource) {
            return None;
        }
        let now = self.kept.as_ref().map_or(&tenant.spec, |kept| &kept.tenant.spec);
        let lower = || kinds::lower_with_context(resource, &resource.object, &self.context);
        mutate::without_earlier(resource, now, last, lower, &self.manifest(resource))
    }

    /// What mutation makes of an object, as a patch of what was `sent`.
    pub(super) fn completed(
        &self,
        resource: &Resource,
        sent: &Resource,
    ) -> Option<CompletedObject> {
        if self.extent(resource) != Extent::Whole {
            return None;
        }
        let mut case = self.lower(resource, false).filter(|case| case.excess.is_none())?;
        self.drop_replaced(&mut case);
        let Answer { tenant, findings, .. } = self.check_in_full(&case, None);
        let conflicts = match case.conflicts.as_slice() {
            [] => Vec::new(),
            _ => self.conflict_findings(&case),
        };
        let mut answer = Answer { tenant, findings: conflicts, ..Answer::default() };
        if !is_refused(&answer.findings) {
            let after = case.into_stored();
            let patch = mutate::patch(&sent.object, after.as_ref().unwrap_or(&resource.object));
            answer.patch = Some(patch).filter(|patch| !patch.0.is_empty());
        }
        Some(CompletedObject { answer, findings })
    }

    /// The first earlier spec whose answer has no error, or else the one with the fewest, with the
    /// number of them.
    fn best_kept<'r, T>(
        &self,
        tenant: &Tenant,
        recorded: &'r [FlinkTenantSpec],
        answer: impl Fn(&Self) -> Option<T>,
        errors: impl Fn(&T) -> usize,
    ) -> Option<(T, &'r FlinkTenantSpec, usize)> {
        let mut best: Option<(T, &'r FlinkTenantSpec, usize)> = None;
        for spec in recorded.iter().filter(|spec| **spec != tenant.spec) {
            let Some(answer) = answer(&self.by_spec(tenant, spec.clone())) else { continue };
            let count = errors(&answer);
            if best.as_ref().is_none_or(|(_, _, least)| count < *least) {
                best = Some((answer, spec, count));
            }
            if count == 0 {
                break;
            }
        }
        best
    }

    /// Whether the old object has all errors of an update too, and the user's own manifest does not
    /// write what is wrong.
    fn adds_nothing(&self, resource: &Resource, findings: &[Finding]) -> bool {
        if resource.operation != Operation::Update || resource.old_object.is_none() {
            return false;
        }
        let errors = findings.iter().filter(|finding| finding.level == Level::Error);
        let mut errors: Vec<Finding> = errors.cloned().collect();
        let manifest = self.manifest(resource);
        if errors.iter().any(|error| manifest.says(&error.pointer)) {
            return false;
        }
        self.remove_old(&mut errors, resource, None);
        errors.is_empty()
    }
}

/// What mutation makes of an object.
pub(super) struct CompletedObject {
    /// The answer of the mutating webhook.
    pub answer: Answer,
    /// All findings about the completed object.
    pub findings: Vec<Finding>,
}

fn errors(findings: &[Finding]) -> usize {
    findings.iter().filter(|finding| finding.level == Level::Error).count()
}

fn has_quota_error(findings: &[Finding]) -> bool {
    findings
        .iter()
        .any(|finding| finding.level == Level::Error && finding.rule.starts_with("quota/"))
}

/// What is reported about an object that an earlier spec admits. Users see no warnings about pods.
fn is_kept(resource: &Resource, tenant: &Tenant) -> Finding {
    let level = if resource.kind.kind == "Pod" { Level::Info } else { Level::Warning };
    Finding {
        rule: EARLIER_SPEC.id.into(),
        level,
        message: format!(
            "tenant `{}` has changed since this cluster was admitted, and the cluster keeps running \
             with the earlier spec",
            tenant.name
        ),
        help: Some(
            "apply the cluster's manifest again, with values that the tenant allows now".into(),
        ),
        ..Finding::default()
    }
}

/// What is reported about an update that keeps the place of the state.
fn keeps_state(resource: &Resource, now: &FlinkTenantSpec, kept: &FlinkTenantSpec) -> Finding {
    let (old, new) = (&kept.storage.checkpoints.volume, &now.storage.checkpoints.volume);
    let message = match old.as_ref().filter(|_| old != new) {
        Some(volume) => format!(
            "the cluster keeps its state in claim `{}` at `{}`, because it runs with it",
            volume.claim_name,
            volume.mount_path.as_deref().unwrap_or(DEFAULT_MOUNT_PATH)
        ),
        None => "the cluster keeps its directories of state, because it runs with them".to_owned(),
    };
    Finding {
        rule: EARLIER_SPEC.id.into(),
        level: EARLIER_SPEC.level,
        message,
        help: Some(format!(
            "to move it: take a savepoint, delete `{}`, and create it again from the savepoint",
            resource.name
        )),
        ..Finding::default()
    }
}
