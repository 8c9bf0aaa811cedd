//! One report that every format is shown with: a multi-document file, letters beyond ASCII, a
//! broken document, a missing file, and an object that nothing is wrong with.

use super::line_hash::LineHashes;
use super::{Diagnostic, Judged, ObjectRef, Report, RuleInfo, Sources, Unreadable};
use crate::resource::yaml::Span;
use crate::rules::{Facts, Level};
use std::sync::Arc;

const TWO: &str = "\
apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata: {name: etl, namespace: payments-prod}
spec:
  podTemplate:
    spec:
      containers:
        - name: flink-main-container
          securityContext:
            privileged: true
---
apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata:
  name: größe-测试
  labels: {ärger: \"ja\", owner: zoë}
spec:
  image: flink:latest
";

const BROKEN: &str = "kind: [\n";

pub fn sources() -> Sources {
    [("jobs/two.yaml", TWO), ("jobs/broken 100%.yaml", BROKEN)]
        .into_iter()
        .map(|(name, text)| (name.into(), text.into()))
        .collect()
}

pub fn line_hashes() -> LineHashes {
    LineHashes::of(&report(), &sources(), &Default::default(), str::to_owned)
}

pub fn rules() -> Vec<RuleInfo> {
    vec![
        RuleInfo {
            id: "security/privileged".into(),
            title: "Privileged containers".into(),
            description: "A privileged container has root access to its node.".into(),
            help: "Remove `securityContext.privileged`.".into(),
            level: Level::Error,
            is_builtin: true,
        },
        RuleInfo {
            id: "security/image-tag".into(),
            title: "Image tags".into(),
            description: "The image of the tag `latest` changes while a job runs.".into(),
            help: String::new(),
            level: Level::Warning,
            is_builtin: false,
        },
    ]
}

fn object(namespace: &str, name: &str) -> ObjectRef {
    ObjectRef {
        api_version: "flink.apache.org/v1beta1".into(),
        kind: "FlinkDeployment".into(),
        namespace: namespace.into(),
        name: name.into(),
    }
}

fn span(line: usize, column: usize, end_column: usize) -> Span {
    Span { line, column, end_line: line, end_column }
}

pub fn report() -> Report {
    let file: Arc<str> = "jobs/two.yaml".into();
    let second = Some(object("default", "größe-测试"));
    let diagnostics = vec![
        Diagnostic {
            rule: "own/owner-label".into(),
            level: Level::Info,
            message: "label `owner` is \"zoë\", which is not a team".into(),
            help: None,
            file: file.clone(),
            span: span(16, 32, 35),
            pointer: "/metadata/labels/owner".into(),
            place: String::new(),
            object: second.clone(),
            tenant: None,
            facts: Facts::default(),
            within: None,
            fix: None,
        },
        Diagnostic {
            rule: "security/image-tag".into(),
            level: Level::Warning,
            message: "image `flink:latest` has no fixed tag:\n100% of restarts may change it"
                .into(),
            help: Some("set a tag, such as `flink:2.0`".into()),
            file: file.clone(),
            span: span(18, 10, 22),
            pointer: "/spec/image".into(),
            place: String::new(),
            object: second.clone(),
            tenant: None,
            facts: Facts::default(),
            within: None,
            fix: None,
        },
        Diagnostic {
            rule: "security/privileged".into(),
            level: Level::Error,
            message: "container `flink-main-container` is privileged".into(),
            help: Some("remove `privileged: true`".into()),
            file: file.clone(),
            span: span(10, 25, 29),
            pointer: "/spec/podTemplate/spec/containers/0/securityContext/privileged".into(),
            place: String::new(),
            object: Some(object("payments-prod", "etl")),
            tenant: Some("payments".into()),
            facts: Facts::default(),
            within: None,
            fix: None,
        },
        Diagnostic {
            rule: "flink/version".into(),
            level: Level::Error,
            message: "`flinkVersion` is missing".into(),
            help: None,
            file: file.clone(),
            span: span(17, 1, 5),
            pointer: "/spec/flinkVersion".into(),
            place: String::new(),
            object: second,
            tenant: None,
            facts: Facts::default(),
            within: None,
            fix: None,
        },
    ];
    let unreadable = vec![
        Unreadable {
            file: "jobs/missing.yaml".into(),
            span: None,
            message: "No such file or directory (os error 2)".into(),
        },
        Unreadable {
            file: "jobs/broken 100%.yaml".into(),
            span: Some(span(1, 7, 8)),
            message: "the list that starts here is not closed".into(),
        },
    ];
    let objects = vec![
        Judged { file: "jobs/clean.yaml".into(), object: object("payments-prod", "clean") },
        Judged { file: file.clone(), object: object("payments-prod", "etl") },
        Judged { file, object: object("default", "größe-测试") },
    ];
    Report::new(3, objects, diagnostics, unreadable)
}
