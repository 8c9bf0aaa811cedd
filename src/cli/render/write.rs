//! `render --write`: writes what the cluster would add into the sources, which otherwise stay as they are.

use crate::cli::input::{Input, Manifest, STDIN};
use crate::cli::lint::fixes::{FileError, Writer};
use crate::cli::terminal;
use crate::mutate;
use crate::pipeline::Gate;
use crate::report::counted;
use crate::resource::yaml::Positions;
use crate::resource::yaml::edit::{Operation, TextEdit, apply, edits};
use json_patch::PatchOperation;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// The changes of a document, each with its object.
struct Changes<'a> {
    positions: &'a Positions,
    objects: Vec<(&'a Manifest, Vec<Operation>)>,
}

/// Writes the files. Returns whether everything was written.
///
/// # Errors
/// When a file cannot be written.
pub(super) fn all(
    gate: &Gate,
    input: &Input<Vec<Manifest>>,
    paths: &[PathBuf],
) -> Result<bool, FileError> {
    let manifests: Vec<&Manifest> = input.manifests().collect();
    let changes: Vec<(&Manifest, Vec<Operation>)> = manifests
        .par_iter()
        .map(|manifest| (*manifest, operations(gate, manifest)))
        .filter(|(_, operations)| !operations.is_empty())
        .collect();
    let mut documents: BTreeMap<(&Arc<str>, usize), Changes<'_>> = BTreeMap::new();
    for (manifest, operations) in changes {
        let positions = &manifest.positions;
        let document = Arc::as_ptr(positions).addr();
        documents
            .entry((&manifest.file, document))
            .or_insert_with(|| Changes { positions, objects: Vec::new() })
            .objects
            .push((manifest, operations));
    }
    let (mut files, mut written, mut is_whole) = (BTreeMap::new(), 0_usize, true);
    for ((file, _), changes) in &documents {
        let may_edit = &***file != STDIN && Writer::may_edit(file);
        let (found, left) =
            if may_edit { changes.edits() } else { (Vec::new(), changes.all_left()) };
        written += changes.objects.len().saturating_sub(left.len());
        for (manifest, reason) in left {
            is_whole = false;
            terminal::report(&format!(
                "warning: {file}: {} is not written: {reason}",
                manifest.object_ref()
            ));
        }
        files.entry(*file).or_insert_with(Vec::new).extend(found);
    }
    let writer = Writer::of(paths);
    let mut count = 0;
    for (file, mut edits) in files {
        let Some(before) = input.sources.get(file).filter(|_| !edits.is_empty()) else { continue };
        edits.sort_by_key(|edit: &TextEdit| (edit.bytes.start, edit.bytes.end));
        writer.write(file, before, &apply(before, &edits))?;
        count += 1;
    }
    let objects = counted(written, "object");
    terminal::report(&format!("completed {objects} in {}", counted(count, "file")));
    Ok(is_whole)
}

impl<'a> Changes<'a> {
    /// The edits of the document, and the objects that are left out with the reason.
    fn edits(&self) -> (Vec<TextEdit>, Vec<(&'a Manifest, String)>) {
        let all: Vec<_> =
            self.objects.iter().flat_map(|(_, operations)| operations.iter().cloned()).collect();
        if let Ok(edits) = edits(self.positions, &all) {
            return (edits, Vec::new());
        }
        // Of a list, some objects may be written.
        let (mut found, mut kept, mut left) = (Vec::new(), Vec::new(), Vec::new());
        for (manifest, operations) in &self.objects {
            let mut more = kept.clone();
            more.extend(operations.iter().cloned());
            match edits(self.positions, &more) {
                Ok(edits) => (found, kept) = (edits, more),
                Err(error) => left.push((*manifest, error.to_string())),
            }
        }
        (found, left)
    }

    fn all_left(&self) -> Vec<(&'a Manifest, String)> {
        let reason = "standard input and templates of Helm charts are not written";
        self.objects.iter().map(|(manifest, _)| (*manifest, reason.to_owned())).collect()
    }
}

/// What mutation changes, as operations on the document.
fn operations(gate: &Gate, manifest: &Manifest) -> Vec<Operation> {
    let after = gate.mutated(&manifest.resource);
    let patch = mutate::patch(&manifest.resource.object, &after).0;
    let operation = |operation| {
        let operation = match operation {
            PatchOperation::Add(add) => {
                Operation::Set { pointer: add.path.to_string(), value: add.value }
            }
            PatchOperation::Replace(replace) => {
                Operation::Set { pointer: replace.path.to_string(), value: replace.value }
            }
            PatchOperation::Remove(remove) => {
                Operation::Remove { pointer: remove.path.to_string() }
            }
            // `patch` makes no others.
            _ => return None,
        };
        Some(operation.below(&manifest.prefix))
    };
    patch.into_iter().filter_map(operation).collect()
}
