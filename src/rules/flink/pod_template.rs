//! `flink/pod-template`

mod hidden_folders;
mod main_container;
mod merged_lists;

use crate::flink::Template;
use crate::flink::pods::{Pods, is_made_by_operator};
use crate::rules::{Finding, Findings, Level, Rule, Subject};
use std::collections::BTreeSet;

/// Parts of pod templates that the operator or Flink ignores or overwrites.
pub static RULE: Rule = Rule {
    id: "flink/pod-template",
    level: Level::Warning,
    since: "0.1.0",
    title: "Effect of pod templates",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("pod_template.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let mut reports = Reports { subject, findings, reported: BTreeSet::new() };
    for pods in &subject.pods {
        if is_made_by_operator(pods.set, subject.workload) {
            if let Template::Merged(merged) = &pods.set.template {
                merged_lists::check(subject.object, merged, &mut reports);
            }
            main_container::of_operator(pods, &mut reports);
        }
        if subject.workload.is_flink() {
            main_container::variables(pods, &mut reports);
            hidden_folders::check(pods, &mut reports);
        }
    }
    main_container::options(&mut reports);
}

/// What was reported: roles share a common template, and a part of it is one finding.
struct Reports<'r, 'a> {
    subject: &'r Subject<'a>,
    findings: &'r mut Findings,
    reported: BTreeSet<String>,
}

impl<'a> Reports<'_, 'a> {
    /// A finding at a place of the object, unless it has one already.
    fn at(&mut self, place: String) -> Option<&mut Finding> {
        self.reported.insert(place.clone()).then(|| self.findings.at(place))
    }

    /// A finding at a place of a template.
    fn within(&mut self, pods: &Pods<'a>, within: &str) -> Option<&mut Finding> {
        self.at(pods.set.locate(self.subject.object, within))
    }
}
