//! Judging an input that need not fit into memory: each document is parsed, judged and let go.
//!
//! Only what the objects use together is known at the end. Where that passes no limit, every object
//! fits and what was found stands; the files of a tenant that asks for too much are judged once
//! more, against the sums.

use super::foreign::ForeignPolicies;
use crate::admission::flinkgate_kinds::{configuration_findings, is_configuration};
use crate::cli::input::{Input, Manifest, Texts};
use crate::flink::redaction::{is_sensitive, uri};
use crate::pipeline::{Gate, InputUsage, Judgement};
use crate::report::masked::HiddenSpans;
use crate::report::{Diagnostic, Judged};
use crate::resource::pointer;
use crate::resource::yaml::Span;
use crate::rules::{Finding, of_other_operator};
use rayon::prelude::*;
use serde_json::Value;

/// What is found in the objects of a document, of a file, of the whole input.
#[derive(Debug, Default)]
pub(super) struct Linted {
    pub(super) objects: Vec<Judged>,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Where the files have secrets, for the lines that are shown.
    pub(super) hidden: HiddenSpans,
    /// Findings that exceptions of conftest's policies leave out.
    pub(super) excepted: usize,
    usage: InputUsage,
}

impl Linted {
    fn add(&mut self, more: Self) {
        self.objects.extend(more.objects);
        self.diagnostics.extend(more.diagnostics);
        for (file, spans) in more.hidden {
            self.hidden.entry(file).or_default().extend(spans);
        }
        self.excepted += more.excepted;
        self.usage.add_all(&more.usage);
    }

    fn of(parts: Vec<Self>) -> Self {
        let mut parts = parts.into_iter();
        let mut all = parts.next().unwrap_or_default();
        parts.for_each(|part| all.add(part));
        all
    }
}

/// What objects are judged by.
#[derive(Clone, Copy)]
pub(super) struct Gates<'a> {
    /// The tenants and policies in force.
    pub(super) in_force: &'a Gate,
    /// The same with those of the input, which are judged as if they were applied in their order.
    pub(super) configured: &'a Gate,
    /// Policies of other tools.
    pub(super) foreign: &'a ForeignPolicies,
}

/// Judges all objects, which share their tenants' quotas.
pub(super) fn all(gates: Gates<'_>, texts: &Texts, as_is: bool) -> (Input<()>, Linted) {
    let gate = gates.in_force;
    let alone = InputUsage::default();
    let (input, parts) = texts.each(|manifests| document(gates, manifests, as_is, &alone)).split();
    let mut files: Vec<Linted> = parts.into_iter().map(Linted::of).collect();

    let mut usage = InputUsage::default();
    files.iter().for_each(|file| usage.add_all(&file.usage));
    let over = gate.tenants_over_limit(&usage);
    let again = files
        .iter()
        .enumerate()
        .filter(|(_, file)| file.usage.has_any(&over))
        .map(|(number, _)| number)
        .collect();
    for (number, parts) in texts.again(again, |manifests| document(gates, manifests, as_is, &usage))
    {
        if let Some(file) = files.get_mut(number) {
            *file = Linted::of(parts);
        }
    }
    (input, Linted::of(files))
}

/// Judges the objects of a document, where the whole input uses `usage`.
fn document(gates: Gates<'_>, manifests: Vec<Manifest>, as_is: bool, usage: &InputUsage) -> Linted {
    Linted::of(
        manifests.into_par_iter().map(|manifest| object(gates, &manifest, as_is, usage)).collect(),
    )
}

fn object(gates: Gates<'_>, manifest: &Manifest, as_is: bool, usage: &InputUsage) -> Linted {
    let mut linted = by_gate(gates, manifest, as_is, usage);
    gates.foreign.judge(manifest, &mut linted);
    linted
}

fn by_gate(gates: Gates<'_>, manifest: &Manifest, as_is: bool, usage: &InputUsage) -> Linted {
    let mut linted = Linted { objects: vec![manifest.judged()], ..Linted::default() };
    if is_configuration(&manifest.resource) {
        let found = configuration_findings(gates.configured, &manifest.resource);
        let hidden = if found.is_empty() { Vec::new() } else { secret_options(manifest) };
        if !hidden.is_empty() {
            linted.hidden.insert(manifest.file.clone(), hidden);
        }
        linted.diagnostics.extend(found.into_iter().map(|one| diagnostic(manifest, one, None)));
        return linted;
    }
    if let Some(finding) = of_other_operator(&manifest.resource) {
        linted.diagnostics.push(diagnostic(manifest, finding, None));
        return linted;
    }
    let gate = gates.in_force;
    if let Some(case) = gate.case(&manifest.resource, as_is) {
        linted.usage.add(&case);
        let used = usage.others(&case);
        let judgement = gate.judge(case, &used);
        let spans = judgement.secret_places.iter().filter_map(|place| {
            // A place may be missing in the file, where mutation added it.
            pointer::at(&manifest.resource.object, place).map(|_| manifest.span(place))
        });
        let spans: Vec<_> = spans.collect();
        if !spans.is_empty() {
            linted.hidden.insert(manifest.file.clone(), spans);
        }
        linted.diagnostics.extend(point(manifest, judgement));
    }
    linted
}

/// Where a FlinkTenant has options with secrets.
fn secret_options(manifest: &Manifest) -> Vec<Span> {
    let mut spans = Vec::new();
    for base in ["/spec/flink/configuration/defaults", "/spec/flink/configuration/enforced"] {
        let options = pointer::at(&manifest.resource.object, base).and_then(Value::as_object);
        for (key, value) in options.into_iter().flatten() {
            let has_secret = |text: &str| is_sensitive(key) || uri(text) != text;
            if value.as_str().map_or_else(|| is_sensitive(key), has_secret) {
                spans.push(manifest.span(&pointer::join(base, key)));
            }
        }
    }
    spans
}

/// A judgement's findings with their places in the file, which are looked up only now.
fn point(manifest: &Manifest, judgement: Judgement) -> impl Iterator<Item = Diagnostic> {
    let Judgement { findings, tenant, .. } = judgement;
    findings.into_iter().map(move |finding| diagnostic(manifest, finding, tenant.clone()))
}

pub(super) fn diagnostic(
    manifest: &Manifest,
    finding: Finding,
    tenant: Option<String>,
) -> Diagnostic {
    let Finding { rule, level, message, pointer, help, facts, at_key, .. } = finding;
    Diagnostic {
        span: if at_key { manifest.key_span(&pointer) } else { manifest.span(&pointer) },
        file: manifest.file.clone(),
        object: Some(manifest.object_ref()),
        tenant,
        rule: rule.into_owned(),
        level,
        message,
        pointer,
        help,
        facts,
    }
}
