//! Paths and standard input made into manifests: what `lint`, `render` and `size` read.
//!
//! One bad file never hides the others: what cannot be read is listed with its place, and the rest
//! is used. [`files`] and [`walk`] find the files, [`texts`] reads them, [`documents`] parses them, [`foreign`] and
//! [`kustomize`] recognise what is not a whole object.

mod documents;
mod files;
mod foreign;
mod kustomize;
mod texts;
mod walk;

pub use files::STDIN;
pub(super) use files::Selection;
pub use texts::Texts;

use super::args::ManifestArgs;
use super::settings::SettingsError;
use super::terminal;
use crate::report::{Judged, ObjectRef, Report, Sources, Unreadable};
use crate::resource::Resource;
use crate::resource::yaml::{Positions, Problem, Span};
use std::path::PathBuf;
use std::sync::Arc;

/// One Kubernetes object of a file.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The file, as the user named it.
    pub file: Arc<str>,
    /// The object.
    pub resource: Resource,
    /// Where the fields of the document stand that holds the object.
    pub positions: Arc<Positions>,
    /// Where the object is in that document: empty, or `/items/N` in a List.
    pub prefix: String,
}

impl Manifest {
    /// Where to point in the file for a pointer into the object.
    pub fn span(&self, pointer: &str) -> Span {
        if self.prefix.is_empty() {
            self.positions.nearest(pointer)
        } else {
            self.positions.nearest(&format!("{}{pointer}", self.prefix))
        }
    }

    /// Where to point in the file for a wrong key.
    pub fn key_span(&self, pointer: &str) -> Span {
        let key = self.positions.key(&format!("{}{pointer}", self.prefix));
        key.unwrap_or_else(|| self.span(pointer))
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

/// What the files of a command line hold.
#[derive(Debug)]
pub struct Input<T> {
    /// How many files were read.
    pub files: usize,
    /// What was made of the objects, by file and document.
    pub parts: Vec<Vec<T>>,
    /// What could not be read.
    pub unreadable: Vec<Unreadable>,
    /// What a reader may stumble over in documents that could be read, such as a key that is there
    /// twice.
    pub doubts: Vec<(Arc<str>, Problem)>,
    /// The text of every file that was read.
    pub sources: Sources,
    /// What was left alone, one sentence a reason.
    pub notes: Vec<String>,
    /// How many objects were read.
    pub objects: usize,
    /// The paths of the command line, for messages.
    paths: Vec<PathBuf>,
    /// Whether standard input was read and has no document.
    pub is_stdin_empty: bool,
}

impl<T> Input<T> {
    /// What was made of the objects, and the rest.
    pub fn split(mut self) -> (Input<()>, Vec<Vec<T>>) {
        let parts = std::mem::take(&mut self.parts);
        let Self {
            files, unreadable, doubts, sources, notes, objects, paths, is_stdin_empty, ..
        } = self;
        let rest = Input {
            files,
            parts: Vec::new(),
            unreadable,
            doubts,
            sources,
            notes,
            objects,
            paths,
            is_stdin_empty,
        };
        (rest, parts)
    }

    /// The message where there are no objects: a folder that is misspelled or empty must not look
    /// like one that is fine.
    pub fn emptiness(&self) -> Option<String> {
        let names: Vec<_> = self.paths.iter().map(|path| format!("`{}`", path.display())).collect();
        (self.objects == 0 && self.unreadable.is_empty()).then(|| {
            format!(
                "no Kubernetes objects in {}: give files or folders with manifests (`.yaml`, `.yml`, `.json`)",
                names.join(", ")
            )
        })
    }

    /// Prints to standard error what was left alone, and what could not be read.
    pub fn complain(&self, report: &Report) {
        for note in &self.notes {
            terminal::report(&format!("note: {note}"));
        }
        let colour = terminal::stderr_wants_colour();
        let text = crate::report::text::render_unreadable(report, &self.sources, colour);
        if colour {
            terminal::report_coloured(&text);
        } else if !text.is_empty() {
            terminal::report(text.trim_end_matches('\n'));
        }
    }
}

impl Input<Vec<Manifest>> {
    /// All objects of the paths, for commands that need them side by side.
    ///
    /// # Errors
    /// When a pattern of `--exclude` is malformed.
    pub fn read(args: &ManifestArgs) -> Result<Self, SettingsError> {
        let texts = Texts::read(&args.paths, Selection::of_flags(args)?)?;
        let mut input = texts.each(|_, manifests| manifests);
        // Where nothing is to be found, `lint` fails, and these commands print nothing.
        input.notes.extend(input.emptiness());
        Ok(input)
    }

    /// The objects, by file and place.
    pub fn manifests(&self) -> impl Iterator<Item = &Manifest> {
        self.parts.iter().flatten().flatten()
    }

    /// A report of what could not be read, for commands that find nothing.
    pub fn report(&self) -> Report {
        Report::new(
            self.files,
            self.manifests().map(Manifest::judged).collect(),
            Vec::new(),
            self.unreadable.clone(),
        )
    }
}
