//! `cost/spot`

use crate::flink::Role;
use crate::flink::map_options::map_entries;
use crate::flink::options::high_availability;
use crate::flink::pods::Pods;
use crate::kubernetes::placement::{
    PodToleration, by_role, excludes_label, option_tolerations, requires_label,
};
use crate::resource::fields::elements;
use crate::rules::{Findings, Level, Rule, Subject};
use crate::tenant::Spot;
use std::borrow::Cow;

/// JobManagers that lose their jobs with a spot node, and TaskManagers that use no spot nodes.
pub static RULE: Rule = Rule {
    id: "cost/spot",
    level: Level::Error,
    since: "0.1.0",
    title: "Spot nodes",
    tenant_fields: &["cost.spot"],
    as_is: false,
    page: include_str!("spot.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(spot) = &subject.tenant.spec.cost.spot else { return };
    // Pods alone do not say whether their cluster is highly available.
    if !subject.workload.declares_cluster {
        return;
    }
    for pods in &subject.pods {
        let nodes = Nodes::of(subject, pods, spot);
        let may_use_spot = match nodes {
            Nodes::Spot => true,
            Nodes::Others => false,
            Nodes::Any => tolerates(subject, pods, spot),
        };
        match pods.set.role {
            Role::JobManager
                if may_use_spot && high_availability(&subject.workload.config).is_none() =>
            {
                let field =
                    if nodes == Nodes::Spot { Field::NodeSelector } else { Field::Tolerations };
                findings
                    .at(field.place(subject, pods))
                    .message(
                        "a JobManager without high availability loses its jobs with its spot node",
                    )
                    .help(
                        "set `high-availability.type` to `kubernetes` and \
                         `high-availability.storageDir` to a durable directory, or keep it off spot \
                         nodes"
                            .to_owned(),
                    );
            }
            Role::TaskManager if !may_use_spot && spot.task_managers => {
                let help = match spot.node_selector.iter().next() {
                    Some((key, value)) => format!("add `{key}: {value}` to the node selector"),
                    None => "tolerate the taint of the spot nodes".into(),
                };
                findings
                    .at(Field::NodeSelector.place(subject, pods))
                    .level(Level::Warning)
                    .message("TaskManagers do not use the tenant's spot nodes")
                    .help(help);
            }
            _ => {}
        }
    }
}

/// The nodes that a set of pods may run on, by their labels.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nodes {
    /// Spot nodes only.
    Spot,
    /// No spot node.
    Others,
    /// Spot nodes and others.
    Any,
}

impl Nodes {
    fn of(subject: &Subject<'_>, pods: &Pods<'_>, spot: &Spot) -> Self {
        let spec = pods.spec();
        let mut nodes = if spot.node_selector.is_empty() { Self::Any } else { Self::Spot };
        for (key, value) in &spot.node_selector {
            let selected = selected_value(subject, pods, key);
            let is_selected = selected.as_ref().is_some_and(|selected| selected == value);
            if (selected.is_some() && !is_selected) || excludes_label(spec, key, value) {
                return Self::Others;
            }
            if !is_selected && !requires_label(spec, key, value) {
                nodes = Self::Any;
            }
        }
        nodes
    }
}

/// The value of a node label that pods select: options take precedence over the template.
fn selected_value<'a>(
    subject: &'a Subject<'_>,
    pods: &'a Pods<'_>,
    key: &str,
) -> Option<Cow<'a, str>> {
    let by_option = || {
        let option = Field::NodeSelector.option(subject, pods.set.role)?;
        let mut pairs = map_entries(&subject.workload.config, option).into_iter();
        pairs.rfind(|pair| pair.key == key).map(|pair| Cow::Owned(pair.value))
    };
    let by_template = || pods.spec().get("nodeSelector")?.get(key)?.as_str().map(Cow::Borrowed);
    by_option().or_else(by_template)
}

/// Whether the pods tolerate a taint of the spot nodes.
fn tolerates(subject: &Subject<'_>, pods: &Pods<'_>, spot: &Spot) -> bool {
    let option = Field::Tolerations.option(subject, pods.set.role);
    spot.tolerations.iter().map(PodToleration::of_tenant).any(|taint| {
        let by_template = || {
            let mut own = elements(pods.spec(), "tolerations").iter();
            own.any(|own| PodToleration::of_template(own).covers(taint))
        };
        let by_option = |option| {
            option_tolerations(&subject.workload.config, option)
                .any(|own| own.fields().covers(taint))
        };
        taint.is_of_every_pod() || by_template() || option.is_some_and(by_option)
    })
}

/// The field of a pod template, or the option, that decides where pods run.
#[derive(Clone, Copy)]
enum Field {
    NodeSelector,
    Tolerations,
}

impl Field {
    fn name(self) -> &'static str {
        match self {
            Self::NodeSelector => "nodeSelector",
            Self::Tolerations => "tolerations",
        }
    }

    /// The option of the role, where options make its pods.
    fn option(self, subject: &Subject<'_>, role: Role) -> Option<&'static str> {
        let (job_manager, task_manager) = match self {
            Self::NodeSelector => {
                ("kubernetes.jobmanager.node-selector", "kubernetes.taskmanager.node-selector")
            }
            Self::Tolerations => {
                ("kubernetes.jobmanager.tolerations", "kubernetes.taskmanager.tolerations")
            }
        };
        by_role(role, job_manager, task_manager).filter(|_| subject.workload.options_apply_to(role))
    }

    fn place(self, subject: &Subject<'_>, pods: &Pods<'_>) -> String {
        let option = self.option(subject, pods.set.role);
        match option.and_then(|option| subject.workload.config.under(option).next()) {
            Some((key, entry)) => subject.option_place(key, entry),
            None => pods.place(format!("/spec/{}", self.name())),
        }
    }
}
