//! Tenants from files and folders, with file, line and column for everything that is wrong.
//!
//! Namespace manifests may stand beside the tenants: their labels decide where a tenant selects by
//! labels.

use super::ownership::{NamespaceLabels, Selection};
use super::{Tenant, Tenants, check};
use crate::resource::fields::text;
use crate::resource::files::{self, FilesError};
use crate::resource::yaml::{self, Document};
use crate::resource::{metadata_text, yaml::Span};
use jiff::civil::Date;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// One thing that is wrong in a tenant's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantProblem {
    /// The file.
    pub file: PathBuf,
    /// Where in it.
    pub span: Span,
    /// What is wrong and what to do.
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
    #[error("the tenants cannot be loaded")]
    Files(#[source] FilesError),
    /// A file could not be read.
    #[error("failed to read the tenants' file {file}")]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Something in the files is wrong; all of it is listed.
    #[error("the tenants are not right:\n{}", list(.0))]
    Problems(Vec<TenantProblem>),
    /// The paths hold no tenant at all.
    #[error(
        "there is no FlinkTenant in {0}: give a file or folder with at least one manifest of kind FlinkTenant"
    )]
    Nothing(String),
}

fn list(problems: &[TenantProblem]) -> String {
    problems.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n")
}

/// Tenants, and what is worth a warning about them.
#[derive(Debug)]
pub struct Loaded {
    /// The tenants.
    pub tenants: Tenants,
    /// What does not stop them, such as an exemption that has ended.
    pub warnings: Vec<TenantProblem>,
}

/// Loads tenants; no path at all gives the built-in one. `rules` are the ids that exist.
///
/// # Errors
/// When a file cannot be read, or anything in one is wrong: then all of it is told.
pub fn load(paths: &[PathBuf], rules: &[&str], today: Date) -> Result<Loaded, LoadError> {
    if paths.is_empty() {
        return Ok(Loaded { tenants: Tenants::built_in(), warnings: Vec::new() });
    }
    let mut collected = Collected::default();
    for file in files::list_files(paths, &["yaml", "yml", "json"]).map_err(LoadError::Files)? {
        let text = std::fs::read_to_string(&file)
            .map_err(|source| LoadError::Read { file: file.clone(), source })?;
        for document in yaml::parse(&text) {
            collected.take(&file, &document, rules, today);
        }
    }
    collected.find_conflicts();
    if !collected.errors.is_empty() {
        // In the order in which they are met when reading.
        collected.errors.sort_by(|a, b| {
            (&a.file, a.span.line, a.span.column).cmp(&(&b.file, b.span.line, b.span.column))
        });
        return Err(LoadError::Problems(collected.errors));
    }
    if collected.tenants.is_empty() {
        return Err(LoadError::Nothing(
            paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "),
        ));
    }
    let tenants = collected.tenants.into_iter().map(|found| found.tenant).collect();
    Ok(Loaded {
        tenants: Tenants::new(tenants, collected.namespaces),
        warnings: collected.warnings,
    })
}

#[derive(Default)]
struct Collected {
    tenants: Vec<Found>,
    namespaces: NamespaceLabels,
    errors: Vec<TenantProblem>,
    warnings: Vec<TenantProblem>,
}

struct Found {
    tenant: Tenant,
    file: PathBuf,
    name_spans: Vec<Span>,
    selector_span: Span,
}

impl Collected {
    fn take(&mut self, file: &Path, document: &Document, rules: &[&str], today: Date) {
        let at =
            |span: Span, message: String| TenantProblem { file: file.to_path_buf(), span, message };
        // In a tenant's file a duplicate key is an error too: half of what was written would not
        // hold.
        self.errors.extend(
            document.problems.iter().map(|problem| at(problem.span, problem.message.clone())),
        );
        let Some(value) = &document.value else { return };
        match (text(value, "apiVersion"), text(value, "kind")) {
            ("v1", "Namespace") => {
                self.namespaces.insert(metadata_text(value, "name").into(), labels(value));
            }
            ("flinkgate.dev/v1alpha1", "FlinkTenant") => self.take_tenant(file, value, document, rules, today),
            ("", _) | (_, "") => self.errors.push(at(
                document.positions.nearest(""),
                "not a Kubernetes object: a tenant's file holds manifests with apiVersion: flinkgate.dev/v1alpha1 and kind: FlinkTenant"
                    .into(),
            )),
            (version, "FlinkTenant") => self.errors.push(at(
                document.positions.nearest("/apiVersion"),
                format!("FlinkTenant has no version {version:?}: write apiVersion: flinkgate.dev/v1alpha1"),
            )),
            _ => {}
        }
    }

    fn take_tenant(
        &mut self,
        file: &Path,
        value: &Value,
        document: &Document,
        rules: &[&str],
        today: Date,
    ) {
        let at = |pointer: &str, message: String| TenantProblem {
            file: file.to_path_buf(),
            span: document.positions.nearest(pointer),
            message,
        };
        let before = self.errors.len();
        let name = metadata_text(value, "name");
        if let Some(first) = self.tenants.iter().find(|found| found.tenant.name == name) {
            self.errors.push(at(
                "/metadata/name",
                format!(
                    "there are two tenants named {name:?}; the first is at {}",
                    first.tenant.source
                ),
            ));
        }
        let (spec, remarks) = check::check(value, rules, today);
        for remark in remarks {
            let key = document.positions.key(&remark.pointer).filter(|_| remark.on_key);
            let span = key.unwrap_or_else(|| document.positions.nearest(&remark.pointer));
            let problem = TenantProblem { file: file.to_path_buf(), span, message: remark.message };
            if remark.warning { self.warnings.push(problem) } else { self.errors.push(problem) }
        }
        let Some(spec) = spec.filter(|_| self.errors.len() == before) else { return };
        let line = document.positions.nearest("/metadata/name").line;
        let name_spans = (0..spec.namespaces.names.len())
            .map(|index| document.positions.nearest(&format!("/spec/namespaces/names/{index}")))
            .collect();
        let tenant = Tenant {
            name: name.into(),
            spec,
            source: format!("{}:{line}", file.display()),
            version: 0,
        };
        let selector_span = document.positions.nearest("/spec/namespaces/selector");
        self.tenants.push(Found { tenant, file: file.to_path_buf(), name_spans, selector_span });
    }

    /// Reports two tenants that select one namespace: by names, or by the labels of a Namespace
    /// manifest.
    fn find_conflicts(&mut self) {
        let tenants = Tenants::new(
            self.tenants.iter().map(|found| found.tenant.clone()).collect(),
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

/// The labels of a Namespace manifest.
pub fn labels(namespace: &Value) -> BTreeMap<String, String> {
    let labels = namespace.pointer("/metadata/labels").and_then(Value::as_object);
    labels
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_string())))
        .collect()
}
