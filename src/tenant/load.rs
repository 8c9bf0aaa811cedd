//! Reads tenants from files and folders, with file, line and column of each problem.
//!
//! The files may also hold Namespace manifests, for tenants that select namespaces by labels.

use super::check::{FieldProblem, Severity};
use super::ownership::{NamespaceLabels, Selection};
use super::{FlinkTenantSpec, Tenant, Tenants};
use crate::resource::fields::text;
use crate::resource::files::{self, FilesError};
use crate::resource::lists;
use crate::resource::yaml::{self, Document};
use crate::resource::{metadata_text, pointer, type_name, yaml::Span};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// One problem in a tenant file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantProblem {
    /// The file.
    pub file: PathBuf,
    /// The place in it.
    pub span: Span,
    /// What is wrong and what to write.
    pub message: String,
}

impl fmt::Display for TenantProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}:{}: {}",
            self.file.display(),
            self.span.line,
            self.span.column,
            self.message
        )
    }
}

/// Why tenants could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A path could not be read.
    #[error("failed to load tenants")]
    Files(#[source] FilesError),
    /// A file could not be read.
    #[error("failed to read tenant file `{file}`")]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The files have these problems.
    #[error("invalid tenant configuration:\n{}", list(.0))]
    Problems(Vec<TenantProblem>),
    /// The paths hold no tenant.
    #[error(
        "there is no FlinkTenant in `{0}`: pass a file or folder with a manifest of kind FlinkTenant"
    )]
    Nothing(String),
}

fn list(problems: &[TenantProblem]) -> String {
    problems.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n")
}

/// Tenants from files, with warnings.
#[derive(Debug)]
pub struct LoadedTenants {
    /// The tenants.
    pub tenants: Tenants,
    /// Problems that do not matter for use, such as an exemption that has ended.
    pub warnings: Vec<TenantProblem>,
}

/// What reads a FlinkTenant; see [`check`](super::check::check).
pub type Check<'a> = &'a dyn Fn(&Value) -> (Option<FlinkTenantSpec>, Vec<FieldProblem>);

/// Loads tenants; without a path the built-in one.
///
/// # Errors
/// When a file cannot be read or has problems; all problems are listed.
pub fn load(paths: &[PathBuf], check: Check<'_>) -> Result<LoadedTenants, LoadError> {
    if paths.is_empty() {
        return Ok(LoadedTenants { tenants: Tenants::built_in(), warnings: Vec::new() });
    }
    let mut collected = Collected::default();
    for file in files::list_files(paths, &["yaml", "yml", "json"]).map_err(LoadError::Files)? {
        let text = std::fs::read_to_string(&file)
            .map_err(|source| LoadError::Read { file: file.clone(), source })?;
        for document in yaml::parse(&text) {
            collected.take_document(&file, &document, check);
        }
    }
    collected.find_conflicts();
    if !collected.errors.is_empty() {
        // In reading order.
        collected.errors.sort_by(|a, b| {
            (&a.file, a.span.line, a.span.column).cmp(&(&b.file, b.span.line, b.span.column))
        });
        return Err(LoadError::Problems(collected.errors));
    }
    if collected.tenants.is_empty() {
        return Err(LoadError::Nothing(
            paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join("`, `"),
        ));
    }
    let tenants = collected.tenants.into_iter().map(|located| located.tenant).collect();
    Ok(LoadedTenants {
        tenants: Tenants::new(tenants, collected.namespaces),
        warnings: collected.warnings,
    })
}

#[derive(Default)]
struct Collected {
    tenants: Vec<LocatedTenant>,
    namespaces: NamespaceLabels,
    errors: Vec<TenantProblem>,
    warnings: Vec<TenantProblem>,
}

/// A tenant with the places of its names and its selector.
struct LocatedTenant {
    tenant: Tenant,
    file: PathBuf,
    name_spans: Vec<Span>,
    selector_span: Span,
}

/// An object of a document, which may be an item of a list.
struct Located<'a> {
    file: &'a Path,
    document: &'a Document,
    /// The object's place in the document.
    prefix: String,
    value: &'a Value,
}

impl Located<'_> {
    fn span(&self, pointer: &str) -> Span {
        self.document.positions.nearest(&format!("{}{pointer}", self.prefix))
    }

    fn key(&self, pointer: &str) -> Option<Span> {
        self.document.positions.key(&format!("{}{pointer}", self.prefix))
    }

    fn problem(&self, pointer: &str, message: String) -> TenantProblem {
        TenantProblem { file: self.file.to_path_buf(), span: self.span(pointer), message }
    }
}

impl Collected {
    /// Takes the objects of a document: itself, or the items of a `List`.
    fn take_document(&mut self, file: &Path, document: &Document, check: Check<'_>) {
        let at =
            |span: Span, message: String| TenantProblem { file: file.to_path_buf(), span, message };
        // A duplicate key is an error too: one of its values would be ignored.
        self.errors.extend(
            document.problems.iter().map(|problem| at(problem.span, problem.message.clone())),
        );
        for (prefix, value) in document.value.iter().flat_map(lists::items) {
            self.take(&Located { file, document, prefix, value }, check);
        }
    }

    fn take(&mut self, object: &Located<'_>, check: Check<'_>) {
        let Located { value, .. } = *object;
        match (text(value, "apiVersion"), text(value, "kind")) {
            ("v1", "Namespace") => {
                // A label that is left out would change who owns the namespace.
                for (key, found) in malformed_labels(value) {
                    let place = pointer::join("/metadata/labels", key);
                    let message = format!(
                        "label `{key}` is {}: write it in quotes",
                        type_name(found)
                    );
                    self.errors.push(object.problem(&place, message));
                }
                self.namespaces.insert(metadata_text(value, "name").into(), labels(value));
            }
            ("flinkgate.dev/v1alpha1", "FlinkTenant") => self.take_tenant(object, check),
            ("", _) | (_, "") => self.errors.push(object.problem(
                "",
                "not a Kubernetes object: write `apiVersion: flinkgate.dev/v1alpha1` and `kind: FlinkTenant`"
                    .into(),
            )),
            (version, "FlinkTenant") => self.errors.push(object.problem(
                "/apiVersion",
                format!("FlinkTenant has no version `{version}`: write `apiVersion: flinkgate.dev/v1alpha1`"),
            )),
            _ => {}
        }
    }

    fn take_tenant(&mut self, object: &Located<'_>, check: Check<'_>) {
        let Located { file, value, .. } = *object;
        let before = self.errors.len();
        let name = metadata_text(value, "name");
        if let Some(first) = self.tenants.iter().find(|earlier| earlier.tenant.name == name) {
            self.errors.push(object.problem(
                "/metadata/name",
                format!(
                    "tenant `{name}` exists already in {}: rename one of them",
                    first.tenant.source
                ),
            ));
        }
        let (spec, problems) = check(value);
        for problem in problems {
            let key = object.key(&problem.pointer).filter(|_| problem.on_key);
            let span = key.unwrap_or_else(|| object.span(&problem.pointer));
            let list = match problem.severity {
                Severity::Warning => &mut self.warnings,
                Severity::Refused | Severity::Unreadable => &mut self.errors,
            };
            list.push(TenantProblem { file: file.into(), span, message: problem.message });
        }
        let Some(spec) = spec.filter(|_| self.errors.len() == before) else { return };
        let line = object.span("/metadata/name").line;
        let name_spans = (0..spec.namespaces.names.len())
            .map(|index| object.span(&format!("/spec/namespaces/names/{index}")))
            .collect();
        let tenant = Tenant {
            name: name.into(),
            spec,
            source: format!("{}:{line}", file.display()),
            ..Tenant::default()
        };
        let selector_span = object.span("/spec/namespaces/selector");
        self.tenants.push(LocatedTenant {
            tenant,
            file: file.to_path_buf(),
            name_spans,
            selector_span,
        });
    }

    /// Reports two tenants that select one namespace: by names, or by the labels of a Namespace
    /// manifest.
    fn find_conflicts(&mut self) {
        let tenants = Tenants::new(
            self.tenants.iter().map(|located| located.tenant.clone()).collect(),
            self.namespaces.clone(),
        );
        for (index, later) in self.tenants.iter().enumerate() {
            for conflict in tenants.conflicts_at(index) {
                let span = match conflict.selection {
                    Selection::Name(name) => {
                        later.name_spans.get(name).copied().unwrap_or(later.selector_span)
                    }
                    Selection::Selector => later.selector_span,
                };
                self.errors.push(TenantProblem {
                    file: later.file.clone(),
                    span,
                    message: conflict.message(&later.tenant.name),
                });
            }
        }
    }
}

/// The labels of a Namespace manifest whose values are no strings.
fn malformed_labels(namespace: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let labels = namespace.pointer("/metadata/labels").and_then(Value::as_object);
    labels.into_iter().flatten().filter(|(_, value)| !value.is_string())
}

/// The labels of a Namespace manifest.
pub fn labels(namespace: &Value) -> BTreeMap<String, String> {
    let labels = namespace.pointer("/metadata/labels").and_then(Value::as_object);
    labels
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_string())))
        .collect()
}
