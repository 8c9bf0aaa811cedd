//! The texts of the files, and what is parsed of them.

use super::documents::more_unreadable;
use super::files::{self, Candidate, Selection, Text};
use super::foreign::Foreign;
use super::{Input, Manifest};
use crate::cli::settings::{Settings, SettingsError};
use crate::flink::config_file::{CONFIG, FLINK_CONF};
use crate::flink::config_sources::PROPERTIES;
use crate::kinds::{KINDS, Kind};
use crate::report::Unreadable;
use indicatif::ProgressBar;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

/// From how many files on a progress bar is worth showing.
const MANY_FILES: u64 = 50;

/// A kind that is about all pods of its namespace.
const BUDGET: &str = "PodDisruptionBudget";

/// The files of a command line, read but not parsed: what is parsed takes fifty times the room.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    texts: Vec<Text>,
    paths: Vec<PathBuf>,
    unreadable: Vec<Unreadable>,
    notes: Vec<String>,
    settings: Vec<Settings>,
    of_run: usize,
}

impl Texts {
    /// Reads files as given, folders with what a selection leaves of them, and `-` for standard
    /// input.
    ///
    /// # Errors
    /// When a configuration file cannot be used.
    pub(in crate::cli) fn read(
        paths: &[PathBuf],
        selection: Selection,
    ) -> Result<Self, SettingsError> {
        let listing = files::list(paths, selection)?;
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
        let (settings, of_run) = (listing.settings, listing.of_run);
        Ok(Self { texts, paths: paths.to_vec(), unreadable, notes, settings, of_run })
    }

    /// What holds for the files, by [`Self::settings_of`].
    pub(in crate::cli) fn settings(&self) -> &[Settings] {
        &self.settings
    }

    /// What holds for the whole run.
    pub(in crate::cli) fn settings_of_run(&self) -> Option<&Settings> {
        self.settings.get(self.of_run)
    }

    /// The settings of files and of the whole run, with their numbers.
    pub(in crate::cli) fn settings_in_use(&self) -> impl Iterator<Item = (usize, &Settings)> {
        let mut used: BTreeSet<usize> = self.texts.iter().map(|text| text.settings).collect();
        used.insert(self.of_run);
        used.into_iter().filter_map(|number| Some((number, self.settings.get(number)?)))
    }

    /// The number of the settings of each file, in the order of [`Input::parts`].
    pub(in crate::cli) fn settings_of_files(&self) -> impl Iterator<Item = (&Arc<str>, usize)> {
        self.texts.iter().map(|text| (&text.file, text.settings))
    }

    /// The files with their texts.
    pub(in crate::cli) fn files(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<str>)> {
        self.texts.iter().map(|text| (&text.file, &text.text))
    }

    /// The same files, some with another text.
    pub fn with(&self, changes: &BTreeMap<Arc<str>, Arc<str>>) -> Self {
        let texts = self.texts.iter().map(|text| match changes.get(&text.file) {
            Some(changed) => text.with(Arc::clone(changed)),
            None => text.clone(),
        });
        Self { texts: texts.collect(), ..self.clone() }
    }

    /// Other texts of some of the files, with the same settings, and no other files.
    pub(in crate::cli) fn with_only(&self, others: Vec<(Arc<str>, Arc<str>)>) -> Self {
        let others: BTreeMap<Arc<str>, Arc<str>> = others.into_iter().collect();
        let with = |text: &Text| Some(text.with(Arc::clone(others.get(&text.file)?)));
        let texts = self.texts.iter().filter_map(with).collect();
        Self { texts, settings: self.settings.clone(), ..Self::default() }
    }

    /// The files that may have directives for Flinkgate in comments.
    pub(in crate::cli) fn with_directives(&self) -> impl Iterator<Item = (&Arc<str>, &str)> {
        let texts = self.texts.iter().filter(|text| text.text.contains("flinkgate:"));
        texts.map(|text| (&text.file, &*text.text))
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
                text.each(|_, manifests| {
                    manifests.into_iter().map(without_places).collect::<Vec<_>>()
                })
                .1
            })
            .flatten_iter()
            .collect()
    }

    /// Parses all files and hands on the objects of each document as soon as it is read.
    pub fn each<T: Send>(&self, take: impl Fn(usize, Vec<Manifest>) -> T + Sync) -> Input<T> {
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
            objects: 0,
            paths: self.paths.clone(),
            is_stdin_empty: self.texts.iter().any(Text::is_empty_stdin),
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
        input.objects = objects;
        input.notes.extend(foreign.into_iter().map(|(kind, count)| kind.note(count)));
        input
    }

    /// Parses some of the files again, by their numbers.
    pub fn again<T: Send>(
        &self,
        numbers: Vec<usize>,
        take: impl Fn(usize, Vec<Manifest>) -> T + Sync,
    ) -> Vec<(usize, Vec<T>)> {
        let parts = |text: &Text| text.each(&take).1;
        numbers
            .into_par_iter()
            .filter_map(|number| Some((number, parts(self.texts.get(number)?))))
            .collect()
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
