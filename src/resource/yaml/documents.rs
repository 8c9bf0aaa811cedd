//! Splits a file into documents and reads each one, so that a broken document does not hide the
//! others.

use super::source::{Bytes, Source};
use super::tree::Builder;
use super::{Dialect, Document, Problem, events, json, line_ends, template};
use rayon::prelude::*;
use serde_json::Value;
use std::sync::Arc;

/// The result of one chunk between separators.
enum Chunk<T> {
    /// Its documents.
    Documents(Vec<T>),
    /// The note that the chunk is the source of a template.
    Template(T),
}

/// Reads all documents of a text.
pub(super) fn read(text: &str, dialect: Dialect) -> Vec<Document> {
    let source = Arc::new(Source::new(text));
    let mut documents = Vec::new();
    let mut once = Once { is_reported: false, add: |document| documents.push(document) };
    for (base, chunk) in split(source.text()) {
        once.read(chunk_of(&source, base, chunk, dialect, &|document| document));
    }
    documents
}

/// Documents that are read before the first results are handed on.
const BLOCK: usize = 1_024;

/// Reads all documents of a text in parallel and passes each on at once, so that not all are held
/// in memory, nor all results apart.
pub(super) fn read_each<T: Send>(
    text: &str,
    take: impl Fn(Document) -> T + Sync,
    add: impl FnMut(T),
) {
    let source = Arc::new(Source::new(text));
    let mut once = Once { is_reported: false, add };
    for block in split(source.text()).chunks(BLOCK) {
        let chunks: Vec<Chunk<T>> = block
            .par_iter()
            .map(|(base, chunk)| chunk_of(&source, *base, chunk, Dialect::Kubernetes, &take))
            .collect();
        chunks.into_iter().for_each(|chunk| once.read(chunk));
    }
}

/// Hands on results, and one note about a template per file: one template makes many broken
/// documents.
struct Once<A> {
    is_reported: bool,
    add: A,
}

impl<A> Once<A> {
    fn read<T>(&mut self, chunk: Chunk<T>)
    where
        A: FnMut(T),
    {
        match chunk {
            Chunk::Documents(documents) => documents.into_iter().for_each(&mut self.add),
            Chunk::Template(_) if std::mem::replace(&mut self.is_reported, true) => {}
            Chunk::Template(note) => (self.add)(note),
        }
    }
}

fn chunk_of<T>(
    source: &Arc<Source>,
    base: usize,
    chunk: &str,
    dialect: Dialect,
    take: &impl Fn(Document) -> T,
) -> Chunk<T> {
    let feeds = line_ends::with_line_feeds(chunk);
    if feeds
        .split(['\n', '\r'])
        .all(|line| line.trim_start().is_empty() || line.trim_start().starts_with('#'))
    {
        return Chunk::Documents(Vec::new());
    }
    let mut documents = read_chunk(source, base, chunk, dialect);
    let broken =
        documents.iter().flat_map(|document| &document.problems).find(|problem| !problem.usable);
    if let Some(action) = broken
        .and_then(|broken| template::first_action(chunk, line_within(source, base, chunk, broken)))
    {
        return Chunk::Template(take(template::document(
            source,
            Bytes::new(base + action.start, base + action.end),
        )));
    }
    documents.retain(|document| {
        document.value.as_ref().is_some_and(|value| !value.is_null())
            || !document.problems.is_empty()
    });
    Chunk::Documents(documents.into_iter().map(take).collect())
}

/// The documents of a text and their offsets. Splits as apimachinery's `YAMLReader` does: at every
/// line that consists of `---` and an optional comment. Directives such as `%YAML 1.1` belong to the
/// document that follows them (YAML 1.2.2, 6.8), so a separator after them is a part of it.
pub(super) fn split(text: &str) -> Vec<(usize, &str)> {
    let mut chunks = Vec::new();
    let (mut start, mut at) = (0, 0);
    // Where directives may be: at the beginning, and after the end of a document.
    let mut directives = Some(Directives { start: 0, is_empty: true });
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        if is_separator(line) {
            let begin = match directives.take() {
                Some(found) if !found.is_empty => found.start,
                _ => at,
            };
            if begin > start {
                chunks.push((start, text.get(start..begin).unwrap_or_default()));
            }
            start = if begin < at { begin } else { end };
        } else if line.trim_end() == "..." {
            directives = Some(Directives { start: end, is_empty: true });
        } else if let Some(found) = &mut directives {
            let content = line.trim_start();
            if line.starts_with('%') {
                found.is_empty = false;
            } else if !content.is_empty() && !content.starts_with('#') {
                directives = None;
            }
        }
        at = end;
    }
    chunks.push((start, text.get(start..).unwrap_or_default()));
    chunks
}

/// The lines before a document.
struct Directives {
    start: usize,
    is_empty: bool,
}

fn is_separator(line: &str) -> bool {
    line.strip_prefix("---")
        .map(str::trim)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('#'))
}

fn read_chunk(source: &Arc<Source>, base: usize, chunk: &str, dialect: Dialect) -> Vec<Document> {
    let as_json = json::looks_like_json(chunk).then(|| read_json(source, base, chunk));
    if let Some(documents) = &as_json
        && documents.iter().all(|document| document.value.is_some())
    {
        return as_json.unwrap_or_default();
    }
    let mut builder = Builder::new(Arc::clone(source), chunk.len());
    let stopped = events::read(chunk, base, dialect, &mut builder).err();
    let document = builder.finish(stopped);
    match as_json {
        // Neither reader accepts it. A text that looks like JSON gets the error of the JSON reader.
        Some(documents) if document.value.is_none() && is_quoted_json(chunk) => documents,
        _ => vec![document],
    }
}

/// Whether a text starts like JSON and unlike flow YAML: `{"` or `[{"`.
fn is_quoted_json(chunk: &str) -> bool {
    chunk
        .trim_start()
        .trim_start_matches(|c: char| c == '{' || c == '[' || c.is_whitespace())
        .starts_with('"')
}

fn read_json(source: &Arc<Source>, base: usize, chunk: &str) -> Vec<Document> {
    let mut documents = Vec::new();
    let mut at = 0;
    while chunk.get(at..).is_some_and(|rest| !rest.trim_start().is_empty()) {
        let mut builder = Builder::new(Arc::clone(source), chunk.len());
        match json::read(chunk, at, base, &mut builder) {
            Ok(end) => {
                at = end;
                documents.push(builder.finish(None));
            }
            Err(fault) => {
                documents.push(builder.finish(Some(fault)));
                break;
            }
        }
    }
    documents
}

/// The line of `chunk` with the problem.
fn line_within<'a>(source: &Source, base: usize, chunk: &'a str, problem: &Problem) -> &'a str {
    let first = source.line(super::source::offset(base));
    chunk.lines().nth(problem.span.line.saturating_sub(first)).unwrap_or_default()
}

/// A document that consists of one problem.
pub(super) fn unreadable(source: &Arc<Source>, at: Bytes, message: &str) -> Document {
    let problem =
        Problem { message: message.to_owned(), span: source.span(at), usable: false, limit: false };
    Document { value: None::<Value>, problems: vec![problem], ..Document::default() }
}
