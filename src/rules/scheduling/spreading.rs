//! The check that the rules about anti-affinity and zones share: how strictly the scheduler keeps
//! the pods of a role in different places.

use crate::flink::Role;
use crate::flink::map_options::map_entries;
use crate::flink::pods::Pods;
use crate::kubernetes::placement::{
    Siblings, TermFault, by_role, has_unnamed_clusters, identity, pinned, spread_terms,
};
use crate::rules::words::{pods_of, shown};
use crate::rules::{Advice, Findings, Subject};
use crate::tenant::Spreading;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;

/// How a tenant wants the pods of a role spread.
pub(super) struct Demand<'a> {
    pub role: Role,
    pub topology_key: &'a str,
    pub strength: Spreading,
    pub means: Means,
}

/// The field that a demand is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Means {
    AntiAffinity,
    TopologySpread,
}

/// Reports sets of pods of the role that are spread less strictly.
pub(super) fn check(subject: &Subject<'_>, findings: &mut Findings, demand: &Demand<'_>) {
    if !has_unnamed_clusters(subject.workload, subject.object) {
        for pods in subject.pods.iter().filter(|pods| pods.set.role == demand.role) {
            check_set(subject, findings, demand, pods);
        }
    }
}

fn check_set(subject: &Subject<'_>, findings: &mut Findings, demand: &Demand<'_>, pods: &Pods<'_>) {
    let Demand { topology_key, strength, means, .. } = *demand;
    let (set, spec) = (pods.set, pods.spec());
    let siblings = Siblings::of(set, pods.template, subject.workload, &subject.resource.namespace);
    let mut report = |place: String, message: String, help: Advice| {
        let finding = findings.at(place);
        finding.message(message).advise(help).key(topology_key).wanted(name(strength));
    };
    if let Some(place) = siblings.colocation(spec, topology_key) {
        let message = format!(
            "this term of `podAffinity` keeps pods colocation that the tenant spreads over \
             `{topology_key}`"
        );
        return report(pods.place(&place), message, "remove this term".into());
    }
    let present = siblings.spreading(spec, topology_key);
    if present >= Some(strength) {
        if let Some(place) = only_place(subject, demand, pods) {
            let message = format!(
                "only one `{topology_key}` is selected, but the tenant spreads these pods over it"
            );
            report(place, message, format!("remove the selection by `{topology_key}`").into());
        }
        return;
    }
    let labels = identity(set, pods.template, subject.workload).map(|labels| {
        let words: Vec<_> = labels.iter().map(|(key, value)| format!("{key}: {value}")).collect();
        (
            shown(&words.join(", ")),
            json!({"matchLabels": labels.into_iter().collect::<BTreeMap<_, _>>()}),
        )
    });
    // The term that was meant to spread them.
    let mut meant = spread_terms(spec)
        .filter(|term| term.topology_key() == topology_key && term.strength >= strength);
    match meant.find_map(|term| Some((term, term.fault(&siblings)?))) {
        Some((term, fault)) => {
            let noun = if term.is_constraint() { "constraint" } else { "term" };
            let message = format!("{demand}, but this {noun} {}", defect(fault));
            report(pods.place(term.place()), message, repair(fault, labels.as_ref()));
        }
        None => {
            let but = if present.is_some() { ", but theirs is only preferred" } else { "" };
            let place = match means {
                Means::AntiAffinity => "/spec/affinity/podAntiAffinity",
                Means::TopologySpread => "/spec/topologySpreadConstraints",
            };
            let help = addition(demand, labels.as_ref().map(|(text, _)| text.as_str())).into();
            report(pods.place(place), format!("{demand}{but}"), help);
        }
    }
}

impl fmt::Display for Demand<'_> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let strength = match self.strength {
            Spreading::Required => "required",
            Spreading::Preferred => "preferred",
        };
        let what = match self.means {
            Means::AntiAffinity => "anti-affinity",
            Means::TopologySpread => "topology spread",
        };
        write!(to, "{} need {strength} {what} over `{}`", pods_of(self.role), self.topology_key)
    }
}

fn name(strength: Spreading) -> &'static str {
    match strength {
        Spreading::Required => "Required",
        Spreading::Preferred => "Preferred",
    }
}

/// What is wrong with a term or constraint, as the end of a sentence about it.
fn defect(fault: TermFault) -> &'static str {
    match fault {
        TermFault::SelectsNothing => "has no `labelSelector`",
        TermFault::OtherPods => "selects other pods",
        TermFault::OtherNamespaces => "selects other namespaces",
        TermFault::NoWeight => "has no weight",
        TermFault::LabelKeys => "excludes these pods by `matchLabelKeys` or `mismatchLabelKeys`",
        TermFault::Skew => "allows a `maxSkew` of more than 1",
    }
}

const NO_LABELS: &str = "add labels to the pod template and select the pods by them";

/// What to write in the term; `labels` are the labels of the pods as text, and as a selector.
fn repair(fault: TermFault, labels: Option<&(String, Value)>) -> Advice {
    match (fault, labels) {
        (TermFault::SelectsNothing | TermFault::OtherPods, Some((labels, selector))) => {
            Advice::set("labelSelector", selector.clone())
                .in_words(format!("set `labelSelector: {{matchLabels: {{{labels}}}}}`"))
        }
        (TermFault::SelectsNothing | TermFault::OtherPods, None) => NO_LABELS.into(),
        (TermFault::OtherNamespaces, _) => "remove `namespaces` and `namespaceSelector`".into(),
        (TermFault::NoWeight, _) => Advice::set("weight", 100),
        (TermFault::LabelKeys, _) => "remove `matchLabelKeys` and `mismatchLabelKeys`".into(),
        (TermFault::Skew, _) => Advice::set("maxSkew", 1),
    }
}

/// The term or constraint to add.
fn addition(demand: &Demand<'_>, labels: Option<&str>) -> String {
    let Some(labels) = labels else { return NO_LABELS.into() };
    let place = format!("topologyKey: {}", demand.topology_key);
    let select = format!("labelSelector: {{matchLabels: {{{labels}}}}}");
    let (field, entry) = match (demand.means, demand.strength) {
        (Means::AntiAffinity, Spreading::Required) => (
            "podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution",
            format!("{place}, {select}"),
        ),
        (Means::AntiAffinity, Spreading::Preferred) => (
            "podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution",
            format!("weight: 100, podAffinityTerm: {{{place}, {select}}}"),
        ),
        (Means::TopologySpread, strength) => {
            let unless = match strength {
                Spreading::Required => "DoNotSchedule",
                Spreading::Preferred => "ScheduleAnyway",
            };
            let entry = format!("maxSkew: 1, {place}, whenUnsatisfiable: {unless}, {select}");
            ("topologySpreadConstraints", entry)
        }
    };
    format!("add `{{{entry}}}` to `{field}`")
}

/// Where several pods are limited to one place, unless the tenant's node selector limits them.
fn only_place(subject: &Subject<'_>, demand: &Demand<'_>, pods: &Pods<'_>) -> Option<String> {
    let key = demand.topology_key;
    let by_tenant = subject.tenant.spec.scheduling.node_selector.contains_key(key);
    if pods.set.replicas < 2 || by_tenant {
        return None;
    }
    if let Some(place) = pinned(pods.spec(), key) {
        return Some(pods.place(&place));
    }
    if !subject.workload.options_apply_to(demand.role) {
        return None;
    }
    let option = by_role(
        demand.role,
        "kubernetes.jobmanager.node-selector",
        "kubernetes.taskmanager.node-selector",
    )?;
    let pairs = map_entries(&subject.workload.config, option);
    let selected = pairs.into_iter().find(|pair| pair.key == key)?;
    Some(subject.option_place(selected.option, selected.entry))
}
