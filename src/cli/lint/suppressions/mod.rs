//! Findings that a file accepts, with a reason: by a comment or by an annotation.
//!
//! [`directive`] reads both, [`comments`] finds where a comment applies. Only `lint` reads them: in
//! a cluster, only the tenant exempts.

mod comments;
mod directive;

use super::adjust::Adjust;
use super::gates::{Gates, rule_ids};
use crate::cli::input::{Manifest, Texts};
use crate::report::{Diagnostic, ObjectRef, Suppressed, Suppressor};
use crate::resource::pointer;
use crate::resource::yaml::Span;
use crate::rules::Facts;
use crate::rules::notices::{Notice, SUPPRESSION, UNUSED};
use crate::tenant::{rule_match, unknown_rule};
use directive::{Directive, DirectiveError};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// The annotation, for objects without comments.
const ANNOTATION: &str = "flinkgate.dev/allow";

/// The suppressions of an object's annotation.
#[derive(Debug)]
pub(super) struct Annotated {
    file: Arc<str>,
    object: ObjectRef,
    span: Span,
    text: String,
}

impl Annotated {
    /// What an object has; `None` for most.
    pub(super) fn of(manifest: &Manifest) -> Option<Self> {
        let place = pointer::join("/metadata/annotations", ANNOTATION);
        let text = pointer::at(&manifest.resource.object, &place)?.as_str()?;
        Some(Self {
            file: manifest.file.clone(),
            object: manifest.object_ref(),
            span: manifest.key_span(&place),
            text: text.to_owned(),
        })
    }
}

/// Which findings of its file a suppression is about.
#[derive(Clone, Debug)]
enum Scope {
    /// Those of a line.
    Line(usize),
    /// Those of lines.
    Lines(Range<usize>),
    /// Those of an object.
    Object(ObjectRef),
    /// None: nothing follows the comment.
    Nothing,
}

/// One rule that is allowed at one place.
#[derive(Debug)]
struct Suppression {
    /// A rule's id, or a family.
    rule: String,
    reason: String,
    /// Where it is written.
    span: Span,
    is_used: bool,
}

/// The suppressions of a file, found by what they are about: there may be as many as findings.
#[derive(Debug, Default)]
struct OfFile {
    all: Vec<Suppression>,
    lines: BTreeMap<usize, Vec<usize>>,
    /// By the first line of the document, with the line after its last.
    documents: BTreeMap<usize, (usize, Vec<usize>)>,
    objects: BTreeMap<ObjectRef, Vec<usize>>,
}

impl OfFile {
    fn add(&mut self, scope: &Scope, suppression: Suppression) {
        let number = self.all.len();
        match scope {
            Scope::Line(line) => self.lines.entry(*line).or_default().push(number),
            Scope::Lines(lines) => {
                let document = self.documents.entry(lines.start).or_default();
                document.0 = lines.end;
                document.1.push(number);
            }
            Scope::Object(object) => {
                self.objects.entry(object.clone()).or_default().push(number);
            }
            Scope::Nothing => {}
        }
        self.all.push(suppression);
    }

    /// The numbers of those that match a finding.
    fn matching(&self, diagnostic: &Diagnostic) -> impl Iterator<Item = usize> {
        let span = diagnostic.span;
        let lines = self.lines.range(span.line..=span.end_line.max(span.line));
        let document = self.documents.range(..=span.line).next_back();
        let document = document.filter(|(_, (end, _))| span.line < *end);
        let object = diagnostic.object.as_ref().and_then(|object| self.objects.get(object));
        lines
            .flat_map(|(_, numbers)| numbers)
            .chain(document.into_iter().flat_map(|(_, (_, numbers))| numbers))
            .chain(object.into_iter().flatten())
            .copied()
            .filter(|number| {
                let suppression = self.all.get(*number);
                suppression.is_some_and(|one| rule_match(&one.rule, &diagnostic.rule).is_some())
            })
    }
}

/// All suppressions of an input.
#[derive(Debug, Default)]
pub(super) struct Suppressions {
    by_file: BTreeMap<Arc<str>, OfFile>,
    /// The findings about those that cannot be used.
    pub(super) invalid: Vec<Diagnostic>,
}

impl Suppressions {
    /// Reads the comments and annotations of the files whose configuration allows them.
    pub(super) fn read(
        texts: &Texts,
        annotated: Vec<Annotated>,
        gates: &Gates,
        adjust: &Adjust<'_>,
    ) -> Self {
        let mut all = Self::default();
        let allows =
            |file: &Arc<str>| adjust.settings(file).is_some_and(|settings| settings.suppressions);
        let rules: BTreeMap<usize, Vec<&str>> = texts
            .settings_in_use()
            .filter_map(|(number, _)| Some((number, rule_ids(gates.of(number)?))))
            .collect();
        let known =
            |file: &Arc<str>| rules.get(&adjust.number(file)).map_or(&[][..], Vec::as_slice);
        for (file, text) in texts.with_directives().filter(|(file, _)| allows(file)) {
            for (comment, scope, span) in comments::of(text) {
                if let Some(directive) = directive::of_comment(&comment) {
                    all.add(file, span, &scope, known(file), directive);
                }
            }
        }
        for Annotated { file, object, span, text } in annotated {
            if allows(&file) {
                let scope = Scope::Object(object);
                for directive in directive::of_annotation(&text) {
                    all.add(&file, span, &scope, known(&file), directive);
                }
            }
        }
        all
    }

    fn add(
        &mut self,
        file: &Arc<str>,
        span: Span,
        scope: &Scope,
        known: &[&str],
        directive: Result<Directive, DirectiveError>,
    ) {
        let Directive { rules, reason } = match directive {
            Ok(directive) => directive,
            Err(error) => {
                let help = Some(DirectiveError::HELP.to_owned());
                self.invalid.push(finding(&SUPPRESSION, file, span, error.to_string(), help));
                return;
            }
        };
        for rule in rules {
            match unknown_rule(&rule, known) {
                Some(message) => {
                    self.invalid.push(finding(&SUPPRESSION, file, span, message, None));
                }
                None => self
                    .by_file
                    .entry(Arc::clone(file))
                    .or_default()
                    .add(scope, Suppression { rule, reason: reason.clone(), span, is_used: false }),
            }
        }
    }

    /// Notes which suppressions match a finding, whether or not it is reported in the end.
    pub(super) fn mark(&mut self, diagnostics: &[Diagnostic]) {
        for diagnostic in diagnostics {
            let Some(of_file) = self.by_file.get_mut(&diagnostic.file) else { continue };
            let matching: Vec<usize> = of_file.matching(diagnostic).collect();
            for number in matching {
                if let Some(suppression) = of_file.all.get_mut(number) {
                    suppression.is_used = true;
                }
            }
        }
    }

    /// Takes the findings out that are suppressed.
    pub(super) fn take(&self, diagnostics: &mut Vec<Diagnostic>) -> Vec<Suppressed> {
        if self.by_file.is_empty() {
            return Vec::new();
        }
        let (mut kept, mut suppressed) = (Vec::with_capacity(diagnostics.len()), Vec::new());
        for diagnostic in diagnostics.drain(..) {
            let of_file = self.by_file.get(&diagnostic.file);
            let first = of_file.and_then(|of_file| {
                of_file.all.get(of_file.matching(&diagnostic).next()?).map(|one| &one.reason)
            });
            match first {
                Some(reason) => suppressed.push(Suppressed {
                    diagnostic,
                    by: Suppressor::InSource { reason: reason.clone() },
                }),
                None => kept.push(diagnostic),
            }
        }
        *diagnostics = kept;
        suppressed
    }

    /// The findings about suppressions that match nothing, in files whose configuration asks for it.
    pub(super) fn unused(&self, adjust: &Adjust<'_>) -> Vec<Diagnostic> {
        let reports =
            |file: &Arc<str>| adjust.settings(file).is_some_and(|settings| settings.report_unused);
        let files = self.by_file.iter().filter(|(file, _)| reports(file));
        let unused = files.flat_map(|(file, of_file)| {
            of_file.all.iter().filter(|one| !one.is_used).map(move |one| {
                let message = format!("no finding of `{}` is suppressed here", one.rule);
                let help = format!("remove `{}` from the suppression", one.rule);
                finding(&UNUSED, file, one.span, message, Some(help))
            })
        });
        unused.collect()
    }
}

/// A finding about a file and not about an object.
pub(super) fn finding(
    notice: &Notice,
    file: &Arc<str>,
    span: Span,
    message: String,
    help: Option<String>,
) -> Diagnostic {
    Diagnostic {
        rule: notice.id.into(),
        level: notice.level,
        message,
        help,
        file: Arc::clone(file),
        span,
        pointer: String::new(),
        place: String::new(),
        object: None,
        tenant: None,
        facts: Facts::default(),
        within: None,
        fix: None,
    }
}
