//! How much of a request is judged, and the object in the state in which it is judged.

use super::Gate;
use super::findings::is_refused;
use crate::flink::requester::Requester;
use crate::flink::sizing::bounds::GrowthCause;
use crate::flink::{PodSet, Workload};
use crate::kinds::{self, Completed};
use crate::mutate::{self, Conflict, Mutation, PredictedPods};
use crate::pipeline::case::Case;
use crate::pipeline::exemptions::{self, Extent};
use crate::pipeline::measure;
use crate::pipeline::scale;
use crate::quota::growth;
use crate::resource::{Operation, Resource, limits};
use crate::tenant::Owner;
use serde_json::Value;
use std::borrow::Cow;
use std::sync::OnceLock;

/// What becomes of an object's gaps when it is lowered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Completion {
    /// Mutation fills them.
    Added,
    /// Mutation fills them, and only the completed object is read.
    Patched,
    /// Nothing: conflicts only.
    None,
    /// They are conflicts: mutation should have filled them.
    Required,
}

impl Gate {
    /// How much of a request the rules judge.
    pub(super) fn extent(&self, resource: &Resource) -> Extent {
        if self.is_operators_file(resource) {
            return Extent::Whole;
        }
        exemptions::extent(resource, &self.context)
    }

    /// Whether the operator writes a ConfigMap whose options its custom resource need not have: Flink's
    /// configuration is completed and checked there.
    pub(super) fn is_operators_file(&self, resource: &Resource) -> bool {
        let is_changed = |row: &kinds::Kind| match (resource.operation, &resource.old_object) {
            (Operation::Create, _) => true,
            // An owner or a label of a file that a cluster runs with.
            (Operation::Update, Some(old)) => {
                row.adds_nothing.is_none_or(|adds_nothing| !adds_nothing(resource, old))
            }
            _ => false,
        };
        let row = kinds::of(&resource.kind).filter(|row| row.completed == Completed::Files);
        row.is_some_and(is_changed)
            && self.context.requester(resource) == Requester::FlinkOperator
            && self
                .owner(&resource.namespace)
                .tenant()
                .is_some_and(|tenant| !tenant.spec.mutation.custom_resources)
    }

    /// Whether a request is exempt from all rules.
    pub fn is_exempt(&self, resource: &Resource) -> bool {
        self.extent(resource) == Extent::Nothing
    }

    /// [`Self::lower`], or `None` for a request that is exempt from all rules.
    pub fn case<'a>(&self, resource: &'a Resource, as_is: bool) -> Option<Case<'a>> {
        if self.is_exempt(resource) { None } else { self.lower(resource, as_is) }
    }

    /// Lowers and completes an object once: after mutation, or with `as_is` as it came and with the
    /// conflicts of mutation. `None` for kinds without rules, and for objects that do not run Flink
    /// in a namespace without tenant. A Deployment, StatefulSet or Job always gets its predicted
    /// pods. An object over a limit is neither lowered nor completed.
    pub fn lower<'a>(&self, resource: &'a Resource, as_is: bool) -> Option<Case<'a>> {
        self.lower_with(resource, if as_is { Completion::None } else { Completion::Added })
    }

    /// Lowers an object that the API server is about to store, with what it lacks of its tenant's
    /// guarantees.
    pub fn lower_admitted<'a>(&self, resource: &'a Resource) -> Option<Case<'a>> {
        self.lower_with(resource, Completion::Required)
    }

    /// [`Self::lower`] for a patch. The workload is that of the object before mutation if there are no
    /// conflicts: nothing reads it then.
    pub(super) fn lower_to_patch<'a>(&self, resource: &'a Resource) -> Option<Case<'a>> {
        self.lower_with(resource, Completion::Patched)
    }

    fn lower_with<'a>(&self, resource: &'a Resource, completion: Completion) -> Option<Case<'a>> {
        let owner = self.owner(&resource.namespace);
        let as_it_came = |owner, workload| Case {
            resource,
            owner,
            object: Cow::Borrowed(&resource.object),
            is_stored: true,
            stored: None,
            workload,
            conflicts: Vec::new(),
            excess: None,
            usage: OnceLock::new(),
        };
        let beyond = |owner, excess| {
            Some(Case { excess: Some(excess), ..as_it_came(owner, Workload::default()) })
        };
        if let Some(excess) = limits::object_excess(&resource.object) {
            return match (kinds::of(&resource.kind), &owner) {
                (None, _) => None,
                // Whether another object runs Flink is unknown here, and no rule would check it.
                (Some(row), Owner::Unassigned) if !row.declares_flink() => None,
                _ => beyond(owner, excess),
            };
        }
        let workload = kinds::lower_with_context(resource, &resource.object, &self.context)?;
        let mut configs = std::iter::once(&workload).chain(&workload.also_read);
        if let Some(excess) = configs.find_map(|workload| workload.config.excess()) {
            return beyond(owner, excess.clone());
        }
        let tenant = match &owner {
            Owner::Tenant(tenant) => tenant,
            Owner::Unassigned | Owner::Unread(_) if !workload.is_flink() => return None,
            Owner::Unassigned | Owner::Ambiguous(_) | Owner::Unread(_) => {
                return Some(as_it_came(owner, workload));
            }
        };
        let predicted = mutate::predict_pods(resource, &resource.object, &workload, &tenant.spec);
        if let Some(predicted) = predicted {
            let PredictedPods { object, pods, mut conflicts, stored, unmet, blocked } = predicted;
            // Validation will find missing what could not be added.
            conflicts.extend(if completion == Completion::Required { unmet } else { blocked });
            // As for what mutation completes: see `are_held`.
            if mutate::is_only_checked(resource, &tenant.spec) && scale::only_scales(resource) {
                conflicts.clear();
            }
            let workload = self.predicted_workload(resource, workload, object.as_ref(), pods);
            let object = object.map_or(Cow::Borrowed(&resource.object), Cow::Owned);
            return Some(Case {
                object,
                is_stored: false,
                stored,
                conflicts,
                ..as_it_came(owner, workload)
            });
        }
        if matches!(completion, Completion::None | Completion::Required) {
            let omissions = (completion == Completion::Required)
                .then(|| mutate::unmet(resource, &resource.object, &workload, &tenant.spec));
            let mut case = as_it_came(owner.clone(), workload);
            if !omissions.as_ref().is_some_and(Vec::is_empty) {
                let (object, workload) = (&resource.object, &case.workload);
                case.conflicts = mutate::conflicts(resource, object, workload, &tenant.spec);
            }
            if let Some(unmet) = omissions.filter(|unmet| self.are_held(unmet, &case)) {
                case.conflicts = unmet;
            }
            return Some(case);
        }
        let unbounded = mutate::without_bound(resource, &workload, &tenant.spec);
        let (before, workload) = match unbounded {
            None => (Cow::Borrowed(&resource.object), workload),
            Some(object) => {
                let lowered = kinds::lower_with_context(resource, &object, &self.context);
                (Cow::Owned(object), lowered.unwrap_or(workload))
            }
        };
        let Mutation { object, conflicts, is_partial } =
            mutate::mutate(resource, &before, &workload, &tenant.spec);
        let is_read = completion == Completion::Added
            || !conflicts.is_empty()
            || is_partial
            || tenant.spec.flink.autoscaler.bound;
        let mut case = match object {
            Some(object) if !is_read => {
                Case { object: Cow::Owned(object), ..as_it_came(owner.clone(), workload) }
            }
            Some(object) => {
                let workload =
                    kinds::lower_with_context(resource, &object, &self.context).unwrap_or(workload);
                Case { object: Cow::Owned(object), ..as_it_came(owner.clone(), workload) }
            }
            None => Case { object: before, ..as_it_came(owner.clone(), workload) },
        };
        case.conflicts = conflicts;
        // Validation will find missing what could not be added.
        if is_partial {
            let unmet = mutate::unmet(resource, &case.object, &case.workload, &tenant.spec);
            let known = |conflict: &Conflict| case.conflicts.contains(conflict);
            let more: Vec<Conflict> = unmet.into_iter().filter(|one| !known(one)).collect();
            case.conflicts.extend(more);
        }
        Some(self.with_bounded_autoscaler(case))
    }

    /// The case with a limit for the operator's autoscaler, where the tenant wants one and the
    /// object can outgrow its quota without it.
    fn with_bounded_autoscaler<'a>(&self, mut case: Case<'a>) -> Case<'a> {
        let Some(tenant) = case.tenant().filter(|tenant| tenant.spec.flink.autoscaler.bound) else {
            return case;
        };
        let (resource, workload) = (case.resource, &case.workload);
        let growth = self.limits_of(&tenant.name).and_then(|known| {
            let usage = measure::usage(resource, &case.object, workload, Some(tenant));
            growth::beyond(&workload.size, &usage, &known.limits, workload.clusters())
        });
        let growth = growth.filter(|growth| growth.growth.by == GrowthCause::Autoscaler);
        let bounded = growth.and_then(|growth| growth.largest).and_then(|most| {
            mutate::bound_autoscaler(resource, &case.object, workload, &tenant.spec, most)
        });
        if let Some(object) = bounded {
            if let Some(lowered) = kinds::lower_with_context(resource, &object, &self.context) {
                case.workload = lowered;
            }
            case.object = Cow::Owned(object);
        }
        case
    }

    /// Whether what an object lacks of its tenant's guarantees is held against it. If a conflict
    /// refuses the object, mutation refused it too and added nothing. Requests to `/scale`, which
    /// change nothing else, do not reach mutation.
    fn are_held(&self, unmet: &[Conflict], case: &Case<'_>) -> bool {
        unmet.len() > case.conflicts.len()
            && !scale::only_scales(case.resource)
            && (case.conflicts.is_empty() || !is_refused(&self.conflict_findings(case)))
    }

    /// The workload with these predicted pods. `object` has the completed templates, where one
    /// changes.
    pub(in crate::pipeline) fn predicted_workload(
        &self,
        resource: &Resource,
        workload: Workload,
        object: Option<&Value>,
        pods: Vec<PodSet>,
    ) -> Workload {
        let lowered =
            object.and_then(|object| kinds::lower_with_context(resource, object, &self.context));
        // Templates that the operator generates are not in the object.
        Workload { pods, ..lowered.unwrap_or(workload) }
    }

    /// The object as the cluster would store it.
    pub fn mutated(&self, resource: &Resource) -> Value {
        self.case(resource, false)
            .and_then(Case::into_stored)
            .unwrap_or_else(|| resource.object.clone())
    }
}
