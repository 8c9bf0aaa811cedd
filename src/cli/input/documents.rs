//! The documents of one file, made into objects.

use super::Manifest;
use super::files::Text;
use super::foreign::Foreign;
use crate::report::Unreadable;
use crate::resource::yaml::{self, Document, Positions, Problem};
use crate::resource::{Resource, ResourceError, lists};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Documents of one file whose faults are reported; of further ones only the number is.
const MOST_UNREADABLE: usize = 100;
/// Keys of one file that are reported as doubtful, such as those that are there twice.
const MOST_DOUBTS: usize = 1_000;

/// What the documents of a file hold besides objects.
#[derive(Debug, Default)]
pub(super) struct Rest {
    pub(super) objects: usize,
    pub(super) unreadable: Vec<Unreadable>,
    /// Further ones.
    pub(super) omitted: usize,
    pub(super) doubts: Vec<(Arc<str>, Problem)>,
    /// What is no Kubernetes object.
    pub(super) foreign: BTreeMap<Foreign, usize>,
}

impl Rest {
    fn add(&mut self, more: Self) {
        self.objects += more.objects;
        for (kind, count) in more.foreign {
            *self.foreign.entry(kind).or_default() += count;
        }
        self.unreadable.extend(more.unreadable);
        self.omitted += self.unreadable.len().saturating_sub(MOST_UNREADABLE);
        self.unreadable.truncate(MOST_UNREADABLE);
        self.doubts.extend(more.doubts);
        self.doubts.truncate(MOST_DOUBTS);
    }
}

pub(super) fn more_unreadable(text: &Text, omitted: usize) -> Unreadable {
    let documents = crate::report::counted(omitted, "more document");
    let message = format!("{documents} of this file cannot be read");
    Unreadable { file: text.file.clone(), span: None, message }
}

impl Text {
    /// Whether this is standard input without any document: what was to write it may have failed.
    pub(super) fn is_empty_stdin(&self) -> bool {
        let mut lines = self.text.lines().map(str::trim);
        self.is_stdin && lines.all(|line| line.is_empty() || line == "---" || line.starts_with('#'))
    }

    /// What is made of the objects of each document, and the rest of the file.
    pub(super) fn each<T: Send>(
        &self,
        take: impl Fn(usize, Vec<Manifest>) -> T + Sync,
    ) -> (Rest, Vec<T>) {
        let (mut all, mut parts) = (Rest::default(), Vec::new());
        let read = |document| {
            let (rest, manifests) = self.objects(document);
            (rest, (!manifests.is_empty()).then(|| take(self.settings, manifests)))
        };
        yaml::parse_each(&self.text, read, |(rest, part)| {
            all.add(rest);
            parts.extend(part);
        });
        (all, parts)
    }

    fn objects(&self, document: Document) -> (Rest, Vec<Manifest>) {
        let (file, mut rest, mut manifests) = (&self.file, Rest::default(), Vec::new());
        let Some(value) = document.value else {
            let may_be_foreign =
                !self.is_stdin && !document.problems.iter().any(|problem| problem.limit);
            if let Some(kind) = self.unreadable().filter(|_| may_be_foreign) {
                rest.foreign.insert(kind, 1);
                return (rest, manifests);
            }
            let unreadable = |problem: Problem| Unreadable {
                file: file.clone(),
                span: Some(problem.span),
                message: problem.message,
            };
            rest.unreadable = document.problems.into_iter().map(unreadable).collect();
            return (rest, manifests);
        };
        let positions = Arc::new(document.positions);
        for (prefix, object) in lists::into_items(value) {
            // What a list itself is called decides nothing: kubectl applies its items one by one.
            let is_told = |kind: &Foreign| prefix.is_empty() || *kind != Foreign::Other;
            if let Some(kind) = Foreign::of(&object).filter(is_told).filter(|_| !self.is_stdin) {
                *rest.foreign.entry(kind).or_default() += 1;
                continue;
            }
            // `Chart.yaml` has an `apiVersion` and is no object.
            let is_meant =
                self.is_stdin || object.get("metadata").is_some() || object.get("kind").is_some();
            match Resource::from_manifest(object) {
                Ok(resource) => manifests.push(Manifest {
                    file: file.clone(),
                    resource,
                    positions: positions.clone(),
                    prefix,
                }),
                // A folder also holds compose files and the like; who names a file means it.
                Err(_) if prefix.is_empty() && (!self.explicit || !is_meant) => {
                    rest.foreign.insert(Foreign::Other, 1);
                }
                Err(error) => {
                    rest.unreadable.push(not_an_object(file, &positions, &prefix, &error))
                }
            }
        }
        rest.objects = manifests.len();
        if !manifests.is_empty() {
            rest.doubts
                .extend(document.problems.into_iter().map(|problem| (file.clone(), problem)));
        }
        (rest, manifests)
    }
}

fn not_an_object(
    file: &Arc<str>,
    positions: &Positions,
    prefix: &str,
    error: &ResourceError,
) -> Unreadable {
    let span = positions.nearest(prefix);
    Unreadable {
        file: file.clone(),
        span: (span.line > 0).then_some(span),
        message: error.to_string(),
    }
}
