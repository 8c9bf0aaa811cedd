//! `quota/growth`

use crate::flink::options::{AUTOSCALER_PARALLELISM_MAX, SLOTS_MAX, canonical};
use crate::flink::sizing::bounds::GrowthCause;
use crate::quota::display;
use crate::quota::growth::ExcessGrowth;
use crate::quota::limits::Scope;
use crate::rules::{Advice, Findings, Level, Rule, Subject};
use crate::tenant::OnChange;

/// Clusters that can grow beyond a limit without a change of their object.
pub static RULE: Rule = Rule {
    id: "quota/growth",
    level: Level::Warning,
    since: "0.1.0",
    title: "Growth beyond the quota",
    tenant_fields: &["quota", "flink.autoscaler.bound"],
    as_is: false,
    page: include_str!("growth.md"),
    check,
};

/// The field of Spotify's operator.
const MAX_REPLICAS: &str = "/spec/taskManager/horizontalPodAutoscaler/maxReplicas";

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(growth) = subject.quota.and_then(|quota| quota.growth.as_ref()) else { return };
    // `quota/unbounded` reports growth without a bound.
    let Some((message, reached)) = message(growth).zip(growth.reached) else { return };
    let show = |amount| display(&growth.resource, amount);
    // Mutation supplies the bound, unless the object has another one.
    let is_guaranteed = growth.growth.by == GrowthCause::Autoscaler
        && subject.tenant.spec.flink.autoscaler.bound
        && subject.is_authors_choice(AUTOSCALER_PARALLELISM_MAX);
    findings
        .at(place(subject, growth))
        .level(if is_guaranteed { Level::Error } else { RULE.level })
        .warning_at_most(is_kept(subject))
        .message(message)
        .advise(help(growth))
        .key(&growth.resource)
        .wanted(show(growth.hard))
        .found(show(reached));
}

/// Whether the growth is that of a living cluster, which its tenant lets run: the quota may be lower
/// than when it was admitted.
pub(super) fn is_kept(subject: &Subject<'_>) -> bool {
    subject.tenant.spec.on_change == OnChange::KeepRunning
        && subject.quota.is_some_and(|quota| quota.grows_as_before)
}

/// How far a cluster may grow, and the limit; `None` without a bound.
pub fn message(growth: &ExcessGrowth) -> Option<String> {
    let (most, reached) = (growth.most?, growth.reached?);
    let show = |amount| display(&growth.resource, amount);
    let (resource, hard) = (&growth.resource, show(growth.hard));
    let cause = match growth.growth.by {
        GrowthCause::Autoscaler => "the autoscaler may scale this job",
        GrowthCause::AdaptiveScheduler => "with the adaptive scheduler this job may be scaled",
        GrowthCause::ReactiveMode => "in reactive mode this job may grow",
        GrowthCause::SessionJobs => "this session cluster may grow",
        GrowthCause::HorizontalPodAutoscaler => "the HorizontalPodAutoscaler may scale this job",
    };
    let limit = match growth.scope {
        Scope::Cluster => "the limit of one cluster",
        Scope::Tenant => "the quota of the tenant",
    };
    let mut reaches = format!("{} {resource}", show(reached));
    if resource != "taskManagers" {
        reaches = format!("{most} TaskManagers and {reaches}");
    }
    Some(format!("{cause} to {reaches}, {limit} is {hard}"))
}

fn place(subject: &Subject<'_>, growth: &ExcessGrowth) -> String {
    match growth.growth.by {
        GrowthCause::Autoscaler => subject.place_of_option(AUTOSCALER_PARALLELISM_MAX),
        GrowthCause::HorizontalPodAutoscaler => MAX_REPLICAS.into(),
        GrowthCause::AdaptiveScheduler | GrowthCause::ReactiveMode | GrowthCause::SessionJobs => {
            subject.place_of_option(SLOTS_MAX)
        }
    }
}

/// What limits the growth to what fits.
pub fn help(growth: &ExcessGrowth) -> Advice {
    let setting = match growth.growth.by {
        GrowthCause::Autoscaler => canonical(AUTOSCALER_PARALLELISM_MAX),
        GrowthCause::HorizontalPodAutoscaler => {
            "spec.taskManager.horizontalPodAutoscaler.maxReplicas"
        }
        GrowthCause::AdaptiveScheduler | GrowthCause::ReactiveMode | GrowthCause::SessionJobs => {
            canonical(SLOTS_MAX)
        }
    };
    match growth.largest {
        Some(value) if growth.growth.by == GrowthCause::HorizontalPodAutoscaler => {
            Advice::set_at(format!("/{}", setting.replace('.', "/")), setting, value)
        }
        Some(value) => Advice::set_option(setting, value),
        None => "request less for each TaskManager, or ask the platform team for more".into(),
    }
}
