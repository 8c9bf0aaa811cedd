//! Paths and standard input made into manifests: what `lint`, `render` and `size` read.
//!
//! One bad file never hides the others: what cannot be read is listed with its place, and the rest is used.

use super::input_files::{self, Candidate, Content};
use crate::report::{Judged, ObjectRef, Report, Sources, Unreadable};
use crate::resource::yaml::{self, Document, Positions, Problem, Span};
use crate::resource::{Resource, ResourceError, pointer};
use indicatif::ProgressBar;
use rayon::prelude::*;
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;

/// From how many files on a progress bar is worth showing.
const MANY_FILES: u64 = 50;

/// One Kubernetes object of a file.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The file, as the user named it.
    pub file: Arc<str>,
    /// The object.
    pub resource: Resource,
    /// Where the fields of the document stand that holds the object.
    pub positions: Arc<Positions>,
    /// Where the object stands in that document: empty, or `/items/N` in a List.
    pub prefix: String,
}

impl Manifest {
    /// Where to point in the file for a pointer into the object.
    pub fn span(&self, pointer: &str) -> Span {
        if self.prefix.is_empty() { self.positions.nearest(pointer) } else { self.positions.nearest(&format!("{}{pointer}", self.prefix)) }
    }

    /// Which object this is.
    pub fn object_ref(&self) -> ObjectRef {
        ObjectRef::of(&self.resource)
    }

    /// The entry of a report that says that this object was judged.
    pub fn judged(&self) -> Judged {
        Judged { file: self.file.clone(), object: self.object_ref() }
    }
}

/// What the paths of a command line hold.
#[derive(Debug, Default)]
pub struct Input {
    /// How many files were read.
    pub files: usize,
    /// The objects, by file and place.
    pub manifests: Vec<Manifest>,
    /// What could not be read.
    pub unreadable: Vec<Unreadable>,
    /// What a reader may stumble over in documents that could be read, such as a key that is there twice.
    pub doubts: Vec<(Arc<str>, Problem)>,
    /// The text of every file that was read.
    pub sources: Sources,
    /// What was left alone, one sentence a reason.
    pub notes: Vec<String>,
}

impl Input {
    /// Reads files as given, folders with all below them, and `-` for standard input.
    pub fn read(paths: &[PathBuf]) -> Self {
        let listing = input_files::list(paths);
        let count = u64::try_from(listing.candidates.len()).unwrap_or(u64::MAX);
        // indicatif draws on standard error, and only where that is a terminal.
        let progress = if count > MANY_FILES { ProgressBar::new(count) } else { ProgressBar::hidden() };
        let parts: Vec<Part> = listing.candidates.par_iter().map(Part::read).inspect(|_| progress.inc(1)).collect();
        progress.finish_and_clear();

        let mut input = Self { unreadable: listing.unreadable, notes: listing.notes, ..Self::default() };
        let mut foreign = 0_usize;
        for part in parts {
            if let Some((file, text)) = part.source {
                input.files += 1;
                input.sources.insert(file, text);
            }
            input.manifests.extend(part.manifests);
            input.unreadable.extend(part.unreadable);
            input.doubts.extend(part.doubts);
            foreign += part.foreign;
        }
        // A folder that is misspelled or empty must not look like one that is fine.
        if input.manifests.is_empty() && input.unreadable.is_empty() {
            let names: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
            input.notes.push(format!(
                "no Kubernetes object in {}: name manifests, or folders that hold some (.yaml, .yml, .json)",
                names.join(", ")
            ));
        }
        if foreign > 0 {
            let documents = crate::report::counted(foreign, "document");
            input.notes.push(format!("left {documents} alone that are no Kubernetes objects (no apiVersion or kind)"));
        }
        input
    }

    /// Prints to standard error what was left alone, and what could not be read.
    pub fn complain(&self, report: &Report) {
        for note in &self.notes {
            eprintln!("note: {note}");
        }
        eprint!("{}", crate::report::text::render_unreadable(report, &self.sources, super::terminal::stderr_wants_colour()));
    }

    /// A report of what could not be read, for commands that find nothing.
    pub fn report(&self) -> Report {
        Report::new(self.files, self.manifests.iter().map(Manifest::judged).collect(), Vec::new(), self.unreadable.clone())
    }
}

/// What one file holds.
#[derive(Default)]
struct Part {
    source: Option<(Arc<str>, Arc<str>)>,
    manifests: Vec<Manifest>,
    unreadable: Vec<Unreadable>,
    doubts: Vec<(Arc<str>, Problem)>,
    /// Documents of a folder's file that are no Kubernetes objects.
    foreign: usize,
}

impl Part {
    fn read(candidate: &Candidate) -> Self {
        match candidate.read() {
            Ok(Content { file, text }) => Self::parse(file, &text, candidate.explicit),
            Err(unreadable) => Self { unreadable: vec![unreadable], ..Self::default() },
        }
    }

    fn parse(file: Arc<str>, text: &str, explicit: bool) -> Self {
        let mut part = Self::default();
        for document in yaml::parse(text) {
            part.add(&file, document, explicit);
        }
        part.source = Some((file, text.into()));
        part
    }

    fn add(&mut self, file: &Arc<str>, document: Document, explicit: bool) {
        let Some(value) = document.value else {
            for problem in document.problems {
                self.unreadable.push(Unreadable { file: file.clone(), span: Some(problem.span), message: problem.message });
            }
            return;
        };
        let positions = Arc::new(document.positions);
        let found = self.manifests.len();
        for (prefix, object) in expand(value) {
            match Resource::from_manifest(object) {
                Ok(resource) => self.manifests.push(Manifest { file: file.clone(), resource, positions: positions.clone(), prefix }),
                // A folder also holds Helm values, compose files and the like; who names a file means it.
                Err(_) if !explicit && prefix.is_empty() => self.foreign += 1,
                Err(error) => self.unreadable.push(not_an_object(file, &positions, &prefix, &error)),
            }
        }
        if self.manifests.len() > found {
            self.doubts.extend(document.problems.into_iter().map(|problem| (file.clone(), problem)));
        }
    }
}

fn not_an_object(file: &Arc<str>, positions: &Positions, prefix: &str, error: &ResourceError) -> Unreadable {
    let span = positions.nearest(prefix);
    Unreadable { file: file.clone(), span: (span.line > 0).then_some(span), message: error.to_string() }
}

/// The objects of a document: itself, or the items of a `List` (of any `*List` kind with items), with their
/// places. Lists within lists are opened too.
fn expand(value: Value) -> Vec<(String, Value)> {
    let mut open = vec![(String::new(), value)];
    let mut objects = Vec::new();
    while let Some((prefix, mut value)) = open.pop() {
        match take_items(&mut value) {
            Some(items) => {
                let items = items.into_iter().enumerate().rev();
                open.extend(items.map(|(index, item)| (pointer::join(&format!("{prefix}/items"), &index.to_string()), item)));
            }
            None => objects.push((prefix, value)),
        }
    }
    objects
}

fn take_items(value: &mut Value) -> Option<Vec<Value>> {
    let is_list = value.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List")) && value.get("apiVersion").is_some();
    match value.get_mut("items").filter(|_| is_list) {
        Some(Value::Array(items)) => Some(std::mem::take(items)),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_list_is_opened_into_its_items() {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": [
            {"kind": "A"},
            {"apiVersion": "v1", "kind": "PodList", "items": [{"kind": "B"}]},
            {"kind": "C"},
        ]});
        let expanded: Vec<_> = expand(list).into_iter().map(|(prefix, object)| format!("{prefix} {}", object["kind"])).collect();
        assert_eq!(expanded, ["/items/0 \"A\"", "/items/1/items/0 \"B\"", "/items/2 \"C\""]);
    }

    #[test]
    fn what_only_looks_like_a_list_stays_whole() {
        for object in [
            json!({"kind": "List", "items": []}),
            json!({"apiVersion": "v1", "kind": "List"}),
            json!({"apiVersion": "v1", "kind": "Pod", "items": [1]}),
        ] {
            assert_eq!(expand(object.clone()), [(String::new(), object)]);
        }
    }
}
