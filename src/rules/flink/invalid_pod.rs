//! `flink/invalid-pod`

mod additions;
mod options;
mod reasons;
mod words;

use crate::flink::Template;
use crate::flink::pods::{Pods, is_made_by_operator};
use crate::flink::workload::{MAIN_CONTAINER, PodMaker};
use crate::kubernetes::validation::{self, Fault, Form, Options, Place, Reason};
use crate::resource::{Operation, Resource, pointer};
use crate::rules::{Advice, Findings, Level, Rule, Subject};
use crate::spelling::closest;
use additions::Where;
use serde_json::Value;
use std::collections::BTreeSet;
use words::Words;

/// Pods that the API server refuses.
pub static RULE: Rule = Rule {
    id: "flink/invalid-pod",
    level: Level::Error,
    since: "0.1.0",
    title: "Validity of pods",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("invalid_pod.md"),
    check,
};

/// Faults of one object that are looked into.
const MOST: usize = 200;

/// The option by which lists of pod templates are merged by name.
const MERGE_BY_NAME: &str = "kubernetes.operator.pod-template.merge-arrays-by-name";

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    if is_validated(subject) {
        return;
    }
    let mut report = Reports { subject, findings, reported: BTreeSet::new() };
    for pods in &subject.pods {
        report.pods(pods);
    }
    options::check(subject, |place, words| report.add(place, words, None, Level::Error));
    let kind = &subject.resource.kind.kind;
    if matches!(subject.resource.kind.group.as_str(), "" | "apps" | "batch") {
        let mut is_selector_wrong = false;
        validation::workload(kind, &subject.resource.object, &mut |at, fault| {
            // A selector with a label that cannot be one selects nothing either.
            if fault == Fault::Refused(Reason::Selector) && is_selector_wrong {
                return;
            }
            is_selector_wrong |= at.to_pointer().starts_with("/spec/selector/");
            let words = Words::of(fault, at, "");
            // A selector belongs to the workload, as it is stored, and says nothing of its pods.
            let level = match fault {
                Fault::Missing("selector") => Level::Warning,
                _ => Level::Error,
            };
            report.add(at.to_pointer(), &words, None, level);
        });
    }
}

/// Whether the API server has validated the pod before it asked, and no person wrote it: Kubernetes'
/// controllers and JobManagers make most pods, from templates that were judged.
fn is_validated(subject: &Subject<'_>) -> bool {
    let Resource { kind, operation, .. } = subject.resource;
    kind.group.is_empty()
        && kind.kind == "Pod"
        && *operation == Operation::Create
        && subject.workload.pod_maker == PodMaker::Template
}

/// What was reported: roles share a common template, and a fault of it is one finding.
struct Reports<'r, 'a> {
    subject: &'r Subject<'a>,
    findings: &'r mut Findings,
    reported: BTreeSet<(String, String)>,
}

impl<'a> Reports<'_, 'a> {
    fn pods(&mut self, pods: &Pods<'a>) {
        let workload = self.subject.workload;
        let is_generated = workload.declares_cluster;
        let is_completed = is_made_by_operator(pods.set, workload);
        let is_pod = pods.set.path().is_empty();
        let object = self.subject.object;
        let claims = additions::ClaimTemplates::of(object, pods.set);
        let adds_volume = |name: &str| {
            (is_generated && additions::may_add_volume(workload, pods.set.role, name))
                || claims.has(name)
        };
        // Other operators write whole pods from the fields of their kinds.
        let options = if is_generated {
            Options {
                is_pod,
                completed: pods.set.main_container.filter(|_| is_completed),
                adds_container: is_completed,
                adds_volume: &adds_volume,
                checks_types: false,
            }
        } else {
            Options { adds_volume: &adds_volume, ..Options::of_kubernetes(is_pod) }
        };
        validation::pod(pods.template, &options, &mut |at, fault| self.fault(pods, at, fault));
        if is_completed {
            additions::repeated(pods, self.subject, |place, words| {
                let place = pods.set.locate(self.subject.object, &place);
                self.add(place, words, None, Level::Error);
            });
            additions::mounted_twice(pods, self.subject, &mut |place, words| {
                let place = match place {
                    Where::Pod(place) => pods.set.locate(self.subject.object, &place),
                    Where::Object(place) => place,
                };
                self.add(place, words, None, Level::Error);
            });
        }
    }

    fn fault(&mut self, pods: &Pods<'a>, at: &Place<'_>, fault: Fault<'_>) {
        // Each costs a search, and a report has far fewer.
        if self.reported.len() >= MOST {
            return;
        }
        let within = at.to_pointer();
        let object = self.subject.object;
        let place = pods.set.locate(object, &within);
        // A role that lacks the field has it in the common template, where the element is.
        let mut place = pointer::nearest_existing(object, &place).to_owned();
        if self.subject.is_size_problem(&place) {
            return;
        }
        // Other rules report a field that is missing where it would be.
        if let Fault::Missing(field) = fault
            && !field.contains('.')
        {
            pointer::push(&mut place, field);
        }
        let element = element(pods.template, &within);
        let name = element.and_then(|element| element.get("name")).and_then(Value::as_str);
        let mut words = Words::of(fault, at, name.unwrap_or_default());
        if let Some(help) = self.help(pods, &within, fault) {
            words.help = help;
        }
        let level = match fault {
            Fault::Malformed(_, Form::Variable) => Level::Warning,
            _ => Level::Error,
        };
        let container = container(pods.template, &within);
        self.add(place, &words, container, level);
    }

    /// What to write where the operator makes the pods.
    fn help(&self, pods: &Pods<'a>, within: &str, fault: Fault<'_>) -> Option<Advice> {
        let object = self.subject.object;
        if let Template::Merged(merged) = &pods.set.template
            && !merged.by_name
            && words::is_of_merge(fault)
            && (collides(object, &merged.common, &merged.role, within)
                || words::has_volume(object, &merged.common, fault))
        {
            return Some(Advice::set_option(MERGE_BY_NAME, true));
        }
        let is_image = fault == Fault::Missing("image") && within.starts_with("/spec/containers/");
        let is_of_operator = is_made_by_operator(pods.set, self.subject.workload);
        (is_image && is_of_operator && container(pods.template, within).is_some_and(is_like_main))
            .then(|| {
                let words = format!(
                    "name it `{MAIN_CONTAINER}`: only that container gets the image of the cluster"
                );
                Advice::set("name", MAIN_CONTAINER).in_words(words)
            })
    }

    fn add(&mut self, place: String, words: &Words, container: Option<&str>, level: Level) {
        let Words { message, help, option } = words.clone();
        if !self.reported.insert((place.clone(), message.clone())) {
            return;
        }
        let finding = self.findings.at(place).message(message).advise(help).level(level);
        if let Some(container) = container {
            finding.container(container);
        }
        if let Some(option) = option {
            finding.key(option);
        }
    }
}

/// Whether a container without an image was meant to be Flink's.
fn is_like_main(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["flink", "main", "jobmanager", "taskmanager"].iter().any(|word| name.contains(word))
        || closest(&name, &[MAIN_CONTAINER]).is_some()
}

/// The element of a list, or the value, that a place is in.
fn element<'v>(template: &'v Value, within: &str) -> Option<&'v Value> {
    let mut place = within;
    loop {
        let is_element =
            place.rsplit('/').next().is_some_and(|token| token.parse::<usize>().is_ok());
        if is_element {
            return pointer::at(template, place);
        }
        place = pointer::parent(place).filter(|place| !place.is_empty())?;
    }
}

/// The name of the container that a place is in.
fn container<'v>(template: &'v Value, within: &str) -> Option<&'v str> {
    let mut tokens = within.split('/').skip(2);
    let list = tokens.next().filter(|list| list.to_ascii_lowercase().ends_with("containers"))?;
    let index = tokens.next()?;
    let name = pointer::at(template, &format!("/spec/{list}/{index}/name"))?;
    name.as_str()
}

/// Whether two templates have different elements at one position on the way to a place.
fn collides(object: &Value, common: &str, role: &str, within: &str) -> bool {
    let (mut common, mut role) = (common.to_owned(), role.to_owned());
    for token in pointer::tokens(within) {
        pointer::push(&mut common, &token);
        pointer::push(&mut role, &token);
        let name =
            |place: &str| Some(pointer::at(object, place)?.get("name")?.as_str()?.to_owned());
        if let (Some(common), Some(role)) = (name(&common), name(&role))
            && common != role
        {
            return true;
        }
    }
    false
}
