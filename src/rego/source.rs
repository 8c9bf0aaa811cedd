//! The text of policies: from users' files, and from the library in the binary.
//!
//! A file is Rego, or YAML or JSON with FlinkPolicies as `kubectl get -o yaml` prints them.

use super::error::{PolicyError, PolicyProblem};
use super::gatekeeper::PolicyObject;
use super::scope::Scope;
use super::{flink_policy, library};
use crate::resource::fields::text;
use crate::resource::files::list_files;
use crate::resource::{lists, metadata_text, yaml};
use std::path::{Path, PathBuf};

/// The files of a folder that may hold policies.
pub const EXTENSIONS: [&str; 4] = ["rego", "yaml", "yml", "json"];

/// One policy file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicySource {
    /// Path as given; names the file in messages.
    pub path: String,
    /// Rego text.
    pub text: String,
    /// Where it applies and how strictly; a Rego file applies everywhere.
    pub scope: Scope,
    /// The version of Rego it is written in.
    pub syntax: Syntax,
}

/// A version of Rego.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Syntax {
    /// `deny contains message if { … }`
    #[default]
    V1,
    /// `deny[message] { … }`: policies of other tools may be written in it.
    V0,
}

impl PolicySource {
    /// Whether this is a test file (`…_test.rego`): run by `flinkgate test`, never by the gate.
    pub fn is_test(&self) -> bool {
        self.path.ends_with("_test.rego")
    }
}

/// The `*.rego` files and the FlinkPolicies under the paths, and the policies of the library that paths such as
/// `library/naming` name; tests too.
///
/// # Errors
/// When a path does not exist, a file is not readable text, a FlinkPolicy is invalid, or the library
/// has no such policy.
pub fn read(paths: &[PathBuf]) -> Result<Vec<PolicySource>, PolicyError> {
    Ok(read_files(paths, false)?.sources)
}

/// What policy files hold.
#[derive(Debug, Default)]
pub struct PolicyFiles {
    /// Rego, of files and FlinkPolicies.
    pub sources: Vec<PolicySource>,
    /// Objects of Gatekeeper.
    pub objects: Vec<PolicyObject>,
}

/// [`read`], with the objects of other tools.
///
/// # Errors
/// As [`read`].
pub fn read_all(paths: &[PathBuf]) -> Result<PolicyFiles, PolicyError> {
    read_files(paths, true)
}

fn read_files(paths: &[PathBuf], with_objects: bool) -> Result<PolicyFiles, PolicyError> {
    let mut objects = Objects { with_others: with_objects, ..Objects::default() };
    let mut sources = Vec::new();
    for path in list_files(&on_disk(paths), &EXTENSIONS)? {
        if is_manifest(&path) {
            objects.read(&path, paths.contains(&path))?;
        } else {
            sources.push(read_file(&path)?);
        }
    }
    if !objects.problems.is_empty() {
        return Err(PolicyError::Rejected(objects.problems));
    }
    // A folder may hold a policy and the FlinkPolicy that installs it.
    let is_file = |text: &str| sources.iter().any(|file| file.text.trim() == text.trim());
    objects.sources.retain(|object| !is_file(&object.text));
    sources.extend(objects.sources);
    for name in paths.iter().filter_map(|path| library::name(path)) {
        for policy in library::sources(name)? {
            if !sources.contains(&policy) {
                sources.push(policy);
            }
        }
    }
    Ok(PolicyFiles { sources, objects: objects.others })
}

/// The paths that are files and folders; the others name policies of the library.
pub fn on_disk(paths: &[PathBuf]) -> Vec<PathBuf> {
    paths.iter().filter(|path| library::name(path).is_none()).cloned().collect()
}

fn read_file(path: &Path) -> Result<PolicySource, PolicyError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| PolicyError::Read { path: path.into(), source })?;
    Ok(PolicySource { path: path.display().to_string(), text, ..PolicySource::default() })
}

fn is_manifest(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| EXTENSIONS.contains(&extension) && extension != "rego")
}

/// FlinkPolicies from manifests.
#[derive(Default)]
struct Objects {
    sources: Vec<PolicySource>,
    problems: Vec<PolicyProblem>,
    /// Whether objects of other tools are kept.
    with_others: bool,
    others: Vec<PolicyObject>,
}

impl Objects {
    /// Reads a file. One in a folder may hold anything else.
    fn read(&mut self, path: &Path, is_named: bool) -> Result<(), PolicyError> {
        let text = match read_file(path) {
            Ok(source) => source.text,
            Err(error) if is_named => return Err(error),
            Err(_) => return Ok(()),
        };
        let may_have_others = self.with_others
            && (text.contains("gatekeeper.sh/") || text.contains("ValidatingAdmissionPolicy"));
        if !is_named && !text.contains("FlinkPolicy") && !may_have_others {
            return Ok(());
        }
        let counts = |it: &Self| (it.sources.len(), it.problems.len(), it.others.len());
        let before = counts(self);
        let documents = yaml::parse(&text);
        let is_refused = documents
            .iter()
            .any(|document| document.value.is_none() && !document.problems.is_empty());
        let file = path.display().to_string();
        let lenient = (is_refused && may_have_others)
            .then(|| PolicyObject::read_leniently(&file, &text))
            .flatten();
        match lenient {
            Some(objects) => {
                self.others
                    .extend(objects.into_iter().filter(|it| PolicyObject::is_known(&it.value)));
            }
            None => documents.iter().for_each(|document| self.take(path, document)),
        }
        if is_named && before == counts(self) {
            let message = "there is no FlinkPolicy in this file: give a manifest of kind FlinkPolicy, or a file that ends in `.rego`";
            self.problems.push(PolicyProblem::of_file(&path.display().to_string(), message));
        }
        Ok(())
    }

    fn take(&mut self, path: &Path, document: &yaml::Document) {
        let problem = |span: yaml::Span, message: String| PolicyProblem {
            file: path.display().to_string(),
            line: span.line,
            column: span.column,
            message,
        };
        for found in document.problems.iter() {
            self.problems.push(problem(found.span, found.message.clone()));
        }
        for (prefix, value) in document.value.iter().flat_map(lists::items) {
            if self.with_others && PolicyObject::is_known(value) {
                self.others.push(PolicyObject {
                    file: path.display().to_string(),
                    value: value.clone(),
                    positions: document.positions.clone(),
                    prefix,
                });
                continue;
            }
            if text(value, "kind") != "FlinkPolicy"
                || !text(value, "apiVersion").starts_with("flinkgate.dev/")
            {
                continue;
            }
            let at = |pointer: &str| document.positions.nearest(&format!("{prefix}{pointer}"));
            let name = metadata_text(value, "name");
            let is_known =
                self.sources.iter().any(|source| source.path == flink_policy::path(name));
            if name.is_empty() {
                let message = "the FlinkPolicy has no name: set `metadata.name`";
                self.problems.push(problem(at("/metadata"), message.into()));
            } else if is_known {
                let message = format!("FlinkPolicy `{name}` exists already: rename one of them");
                self.problems.push(problem(at("/metadata/name"), message));
            }
            let spec = value.get("spec").cloned().unwrap_or_default();
            match flink_policy::read(spec.clone()) {
                Ok(spec) => self.sources.push(spec.source(name)),
                Err(error) => {
                    let found = error.mismatches(&spec).into_iter();
                    let place = |pointer: &str| at(&format!("/spec{pointer}"));
                    self.problems
                        .extend(found.map(|one| problem(place(&one.pointer), one.message)));
                }
            }
        }
    }
}
