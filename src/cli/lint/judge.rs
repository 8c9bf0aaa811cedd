//! Judging an input that need not fit into memory: each document is parsed, judged and let go.
//!
//! Only what the objects use together is known at the end. Where that passes no limit, every object
//! fits and what was found stands; the files of a tenant that asks for too much are judged once
//! more, against the sums.

use super::borrowed::{self, Borrowed, ConfigMapName, ConfigMapPlace};
use super::fixes;
use super::gates::{Gates, Pair};
use super::suppressions::Annotated;
use crate::admission::flinkgate_kinds::{configuration_findings, is_configuration};
use crate::cli::input::{Input, Manifest, Texts};
use crate::flink::redaction::{is_sensitive, uri};
use crate::pipeline::{InputUsage, Judgement};
use crate::report::masked::HiddenSpans;
use crate::report::{Diagnostic, Judged};
use crate::resource::pointer;
use crate::resource::yaml::Span;
use crate::rules::{Finding, of_other_operator};
use rayon::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;

/// What is found in the objects of a document, of a file, of the whole input.
#[derive(Debug, Default)]
pub(super) struct Linted {
    pub(super) objects: Vec<Judged>,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Where the files have secrets, for the lines that are shown.
    pub(super) hidden: HiddenSpans,
    /// The suppressions in annotations.
    pub(super) annotated: Vec<Annotated>,
    /// What was found in options that workloads read from ConfigMaps.
    pub(super) borrowed: Vec<Borrowed>,
    /// The ConfigMaps with Flink's configuration.
    pub(super) config_maps: BTreeMap<ConfigMapName, Vec<ConfigMapPlace>>,
    /// Findings that exceptions of conftest's policies leave out.
    pub(super) excepted: usize,
    usage: InputUsage,
}

impl Linted {
    fn add(&mut self, more: Self) {
        self.objects.extend(more.objects);
        self.diagnostics.extend(more.diagnostics);
        self.annotated.extend(more.annotated);
        for (file, spans) in more.hidden {
            self.hidden.entry(file).or_default().extend(spans);
        }
        self.borrowed.extend(more.borrowed);
        for (name, places) in more.config_maps {
            self.config_maps.entry(name).or_default().extend(places);
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

/// How objects are judged.
#[derive(Clone, Copy)]
pub(super) struct How {
    /// As written, without mutation.
    pub(super) as_is: bool,
    /// Bytes of a document that may be read to check the edits of its findings. 0 proposes none.
    pub(super) fix_bytes: usize,
}

/// Judges all objects. Those whose configurations name the same tenants share their quotas.
pub(super) fn all(gates: &Gates, texts: &Texts, how: How) -> (Input<()>, Linted) {
    let alone = InputUsage::default();
    let judged = |settings, manifests| document(gates.of(settings), manifests, how, &alone);
    let (input, parts) = texts.each(judged).split();
    let mut files: Vec<Linted> = parts.into_iter().map(Linted::of).collect();

    let pairs: Vec<Option<&Pair>> =
        texts.settings_of_files().map(|(_, settings)| gates.of(settings)).collect();
    let mut usages: BTreeMap<usize, InputUsage> = BTreeMap::new();
    for (file, pair) in files.iter().zip(&pairs) {
        if let Some(pair) = pair {
            usages.entry(pair.quota).or_default().add_all(&file.usage);
        }
    }
    let usage_of = |pair: &Pair| usages.get(&pair.quota).unwrap_or(&alone);
    let over: Vec<_> =
        gates.all().map(|pair| (pair, pair.in_force.tenants_over_limit(usage_of(pair)))).collect();
    let is_over = |file: &Linted, pair: &Pair| {
        let of_pair = over.iter().find(|(other, _)| std::ptr::eq(*other, pair));
        of_pair.is_some_and(|(_, over)| file.usage.has_any(over))
    };
    let again = files.iter().zip(&pairs).enumerate().filter_map(|(number, (file, pair))| {
        pair.filter(|pair| is_over(file, pair)).map(|_| number)
    });
    let again = again.collect();
    let judged = |settings, manifests| {
        let pair = gates.of(settings);
        document(pair, manifests, how, pair.map_or(&alone, usage_of))
    };
    for (number, parts) in texts.again(again, judged) {
        if let Some(file) = files.get_mut(number) {
            *file = Linted::of(parts);
        }
    }
    (input, Linted::of(files))
}

/// Judges the objects of a document, where the whole input uses `usage`.
fn document(pair: Option<&Pair>, manifests: Vec<Manifest>, how: How, usage: &InputUsage) -> Linted {
    let Some(pair) = pair else { return Linted::default() };
    let fixes = fixes::shares(how.fix_bytes, &manifests);
    let judged = manifests.into_par_iter().zip(fixes);
    Linted::of(
        judged.map(|(manifest, fixes)| object(pair, &manifest, how.as_is, usage, fixes)).collect(),
    )
}

/// Judges an object. At most `fixes` of its findings have edits.
fn object(
    pair: &Pair,
    manifest: &Manifest,
    as_is: bool,
    usage: &InputUsage,
    fixes: usize,
) -> Linted {
    let mut linted = by_gate(pair, manifest, as_is, usage, fixes);
    pair.foreign.judge(manifest, &mut linted);
    linted
}

fn by_gate(
    pair: &Pair,
    manifest: &Manifest,
    as_is: bool,
    usage: &InputUsage,
    fixes: usize,
) -> Linted {
    let mut linted = Linted {
        objects: vec![manifest.judged()],
        annotated: Annotated::of(manifest).into_iter().collect(),
        ..Linted::default()
    };
    if is_configuration(&manifest.resource) {
        let found = configuration_findings(pair.configured(), &manifest.resource);
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
    let gate = &pair.in_force;
    borrowed::note(manifest, &gate.context(), &mut linted);
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
        borrowed::part(manifest, point(manifest, judgement, fixes).collect(), &mut linted);
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
fn point(
    manifest: &Manifest,
    judgement: Judgement,
    mut fixes: usize,
) -> impl Iterator<Item = Diagnostic> {
    let Judgement { findings, tenant, .. } = judgement;
    findings.into_iter().map(move |mut finding| {
        let fix = finding.fix.take().filter(|_| fixes > 0).and_then(|fix| {
            fixes -= 1;
            fixes::proposed(manifest, *fix)
        });
        Diagnostic { fix: fix.map(Box::new), ..diagnostic(manifest, finding, tenant.clone()) }
    })
}

pub(super) fn diagnostic(
    manifest: &Manifest,
    finding: Finding,
    tenant: Option<String>,
) -> Diagnostic {
    let Finding { rule, level, message, pointer, help, facts, at_key, within, .. } = finding;
    Diagnostic {
        span: if at_key { manifest.key_span(&pointer) } else { manifest.span(&pointer) },
        file: manifest.file.clone(),
        place: by_names(&manifest.resource.object, &pointer),
        object: Some(manifest.object_ref()),
        tenant,
        rule: rule.into_owned(),
        level,
        message,
        pointer,
        help,
        facts,
        within,
        fix: None,
    }
}

/// A pointer with the names of list elements for their numbers, which change when others are added.
fn by_names(object: &Value, pointer: &str) -> String {
    let (mut value, mut place) = (Some(object), String::new());
    for token in pointer::tokens(pointer) {
        let list = value.and_then(Value::as_array);
        value = match list {
            Some(list) => token.parse().ok().and_then(|index: usize| list.get(index)),
            None => value.and_then(|value| value.get(&*token)),
        };
        let name = value.and_then(|element| element.get("name")).and_then(Value::as_str);
        match (list, name) {
            (Some(_), Some(name)) => pointer::push(&mut place, &format!("[{name}]")),
            (Some(_), None) => pointer::push(&mut place, "[]"),
            (None, _) => pointer::push(&mut place, &token),
        }
    }
    place
}
