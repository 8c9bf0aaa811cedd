//! Paths and standard input made into manifests: what `lint`, `render` and `size` read.
//!
//! One bad file never hides the others: what cannot be read is listed with its place, and the rest
//! is used.

use super::foreign::Foreign;
use super::input_files::{self, Candidate, Text};
use super::terminal;
use crate::flink::config_file::{CONFIG, FLINK_CONF};
use crate::flink::config_sources::PROPERTIES;
use crate::kinds::{KINDS, Kind};
use crate::report::{Judged, ObjectRef, Report, Sources, Unreadable};
use crate::resource::yaml::{self, Document, Positions, Problem, Span};
use crate::resource::{Resource, ResourceError, lists};
use indicatif::ProgressBar;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// From how many files on a progress bar is worth showing.
const MANY_FILES: u64 = 50;

/// A kind that is about all pods of its namespace.
const BUDGET: &str = "PodDisruptionBudget";

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

/// The files of a command line, read but not parsed: what is parsed takes fifty times the room.
#[derive(Debug, Default)]
pub struct Texts {
    texts: Vec<Text>,
    paths: Vec<PathBuf>,
    unreadable: Vec<Unreadable>,
    notes: Vec<String>,
}

impl Texts {
    /// Reads files as given, folders with all below them, and `-` for standard input.
    pub fn read(paths: &[PathBuf]) -> Self {
        let listing = input_files::list(paths);
        let (mut unreadable, mut texts, mut binary) = (listing.unreadable, Vec::new(), 0);
        for read in listing.candidates.par_iter().map(Candidate::read).collect::<Vec<_>>() {
            match read {
                Ok(Some(text)) => texts.push(text),
                Ok(None) => binary += 1,
                Err(error) => unreadable.push(error),
            }
        }
        let mut notes = listing.notes;
        if binary > 0 {
            let files = crate::report::counted(binary, "file");
            notes.push(format!("skipped {files} with text that is not UTF-8"));
        }
        Self { texts, paths: paths.to_vec(), unreadable, notes }
    }

    /// The objects of the files that mention a word.
    pub fn mentioning(&self, word: &str) -> Vec<Manifest> {
        // Text in quotes may spell a word with escapes.
        self.of(|text| text.contains(word) || text.contains('\\'))
    }

    /// All objects, for policies that want them side by side.
    pub fn all(&self) -> Vec<Manifest> {
        self.of(|_| true)
    }

    /// The objects of the files that have Flinkgate's kinds.
    pub fn configuration(&self) -> Vec<Manifest> {
        self.of(|text| text.contains("flinkgate.dev/"))
    }

    /// The objects of the files that may say what others mean: ConfigMaps with Flink's
    /// configuration, pods that mount them, claims, LimitRanges, and where there are session jobs, their clusters;
    /// PodDisruptionBudgets, and where there are any, what they may be over; Services and
    /// Ingresses, and where there are any, what they may lead to.
    pub fn surrounding(&self) -> Vec<Manifest> {
        let sessions = self.texts.iter().any(|text| text.text.contains("FlinkSessionJob"));
        let configures = |text: &str| {
            (text.contains("ConfigMap") || text.contains("configMap"))
                && [CONFIG, FLINK_CONF, PROPERTIES].iter().any(|name| text.contains(name))
        };
        let claims = self.texts.iter().any(|text| text.text.contains("PersistentVolumeClaim"));
        let budgets = self.texts.iter().any(|text| text.text.contains(BUDGET));
        let exposed = self.texts.iter().any(|text| mentions_exposure(&text.text));
        let runs = |text: &str| KINDS.iter().any(|row| runs_pods(row) && text.contains(row.kind));
        let is_around_exposure =
            |text: &str| mentions_exposure(text) || text.contains("Pod") || runs(text);
        self.of(|text| {
            configures(text)
                || text.contains("PersistentVolumeClaim")
                || (claims && text.contains("persistentVolumeClaim"))
                || text.contains("LimitRange")
                || (sessions && text.contains("FlinkDeployment"))
                || text.contains(BUDGET)
                || (budgets && runs(text))
                || (exposed && is_around_exposure(text))
        })
    }

    fn of(&self, wanted: impl Fn(&str) -> bool) -> Vec<Manifest> {
        let texts: Vec<&Text> = self.texts.iter().filter(|text| wanted(&text.text)).collect();
        // Nothing points into these files, and places take as much memory as the objects.
        let without_places =
            |manifest: Manifest| Manifest { positions: Arc::default(), ..manifest };
        texts
            .par_iter()
            .flat_map_iter(|text| {
                text.each(|manifests| manifests.into_iter().map(without_places).collect::<Vec<_>>())
                    .1
            })
            .flatten_iter()
            .collect()
    }

    /// Parses all files and hands on the objects of each document as soon as it is read.
    pub fn each<T: Send>(&self, take: impl Fn(Vec<Manifest>) -> T + Sync) -> Input<T> {
        let count = u64::try_from(self.texts.len()).unwrap_or(u64::MAX);
        // indicatif draws on standard error, and only where that is a terminal.
        let progress =
            if count > MANY_FILES { ProgressBar::new(count) } else { ProgressBar::hidden() };
        let documents: Vec<_> = self
            .texts
            .par_iter()
            .map(|text| text.each(&take))
            .inspect(|_| progress.inc(1))
            .collect();
        progress.finish_and_clear();

        let mut input = Input {
            files: self.texts.len(),
            parts: Vec::with_capacity(documents.len()),
            unreadable: self.unreadable.clone(),
            doubts: Vec::new(),
            sources: self.texts.iter().map(|text| (text.file.clone(), text.text.clone())).collect(),
            notes: self.notes.clone(),
        };
        let (mut objects, mut foreign) = (0, BTreeMap::<Foreign, usize>::new());
        for (text, (rest, parts)) in self.texts.iter().zip(documents) {
            objects += rest.objects;
            for (kind, count) in rest.foreign {
                *foreign.entry(kind).or_default() += count;
            }
            input.unreadable.extend(rest.unreadable);
            input
                .unreadable
                .extend((rest.omitted > 0).then(|| more_unreadable(text, rest.omitted)));
            input.doubts.extend(rest.doubts);
            input.parts.push(parts);
        }
        // A folder that is misspelled or empty must not look like one that is fine.
        if objects == 0 && input.unreadable.is_empty() {
            let names: Vec<_> =
                self.paths.iter().map(|path| format!("`{}`", path.display())).collect();
            input.notes.push(format!(
                "no Kubernetes objects in {}: give files or folders with manifests (`.yaml`, `.yml`, `.json`)",
                names.join(", ")
            ));
        }
        input.notes.extend(foreign.into_iter().map(|(kind, count)| kind.note(count)));
        input
    }

    /// Parses some of the files again, by their numbers.
    pub fn again<T: Send>(
        &self,
        numbers: Vec<usize>,
        take: impl Fn(Vec<Manifest>) -> T + Sync,
    ) -> Vec<(usize, Vec<T>)> {
        let parts = |text: &Text| text.each(&take).1;
        numbers
            .into_par_iter()
            .filter_map(|number| Some((number, parts(self.texts.get(number)?))))
            .collect()
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
}

impl<T> Input<T> {
    /// What was made of the objects, and the rest.
    pub fn split(self) -> (Input<()>, Vec<Vec<T>>) {
        let Self { files, parts, unreadable, doubts, sources, notes } = self;
        (Input { files, parts: Vec::new(), unreadable, doubts, sources, notes }, parts)
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
    pub fn read(paths: &[PathBuf]) -> Self {
        Texts::read(paths).each(|manifests| manifests)
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

/// Documents of one file whose faults are reported; of further ones only the number is.
const MOST_UNREADABLE: usize = 100;
/// Keys of one file that are reported as doubtful, such as those that are there twice.
const MOST_DOUBTS: usize = 1_000;

/// What the documents of a file hold besides objects.
#[derive(Debug, Default)]
struct Rest {
    objects: usize,
    unreadable: Vec<Unreadable>,
    /// Further ones.
    omitted: usize,
    doubts: Vec<(Arc<str>, Problem)>,
    /// What is no Kubernetes object.
    foreign: BTreeMap<Foreign, usize>,
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

fn more_unreadable(text: &Text, omitted: usize) -> Unreadable {
    let documents = crate::report::counted(omitted, "more document");
    let message = format!("{documents} of this file cannot be read");
    Unreadable { file: text.file.clone(), span: None, message }
}

impl Text {
    /// What is made of the objects of each document, and the rest of the file.
    fn each<T: Send>(&self, take: impl Fn(Vec<Manifest>) -> T + Sync) -> (Rest, Vec<T>) {
        let (mut all, mut parts) = (Rest::default(), Vec::new());
        let read = |document| {
            let (rest, manifests) = self.objects(document);
            (rest, (!manifests.is_empty()).then(|| take(manifests)))
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
            match Resource::from_manifest(object) {
                Ok(resource) => manifests.push(Manifest {
                    file: file.clone(),
                    resource,
                    positions: positions.clone(),
                    prefix,
                }),
                // A folder also holds compose files and the like; who names a file means it.
                Err(_) if !self.explicit && prefix.is_empty() => {
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

/// Whether objects of a kind declare pods.
fn runs_pods(kind: &Kind) -> bool {
    kind.is_counted() && kind.declares()
}

/// Whether a file may have a Service or an Ingress. `ServiceAccount` is neither.
fn mentions_exposure(text: &str) -> bool {
    let is_whole = |(start, word): (usize, &str)| {
        let rest = text.as_bytes().get(start.saturating_add(word.len()));
        rest.is_none_or(|next| !next.is_ascii_alphanumeric())
    };
    text.contains("Ingress") || text.match_indices("Service").any(is_whole)
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
