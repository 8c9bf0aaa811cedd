//! Policies of conftest and Gatekeeper, which judge every object of an input, of any kind and in
//! any namespace.

use super::judge::{Linted, diagnostic};
use crate::cli::input::{Manifest, Texts};
use crate::flink::redaction::Secrets;
use crate::kinds;
use crate::rego::conftest::{CombinedFinding, Combining};
use crate::rego::dialect::{Dialect, Namespaces};
use crate::rego::foreign::{Choice, Foreign, Others};
use crate::report::{Diagnostic, Sources};
use crate::resource::yaml::Span;
use crate::resource::{Resource, pointer};
use crate::rules;
use clap::ValueEnum;
use std::path::PathBuf;
use std::sync::Arc;

/// How policies of other tools are run.
#[derive(Debug, Default, clap::Args)]
pub(super) struct ForeignArgs {
    /// Whose policies the Rego files are that do not show it
    #[arg(long, value_name = "DIALECT", value_enum, default_value_t)]
    dialect: DialectArg,
    /// Package of conftest's policies to run, such as `kubernetes.*`; can be repeated [default:
    /// main]
    #[arg(long, value_name = "PACKAGE")]
    policy_namespace: Vec<String>,
    /// Run all packages of conftest's policies
    #[arg(long, conflicts_with = "policy_namespace")]
    all_policy_namespaces: bool,
    /// Give conftest's policies all objects together, as a list of `{path, contents}`
    ///
    /// Packages that read `input[_].contents` get it so without this option.
    #[arg(long)]
    combine: bool,
    /// File or folder with `data` of conftest's policies; can be repeated
    ///
    /// `data.yaml`, `data.json` and folders `data` next to the policies are read without this
    /// option.
    #[arg(long, value_name = "PATH")]
    policy_data: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum DialectArg {
    /// Each package shows it
    #[default]
    Auto,
    /// Flinkgate's
    Flinkgate,
    /// Conftest's
    Conftest,
}

impl ForeignArgs {
    /// What the arguments choose.
    pub(super) fn choice(&self) -> Choice {
        Choice {
            dialect: match self.dialect {
                DialectArg::Auto => Dialect::Auto,
                DialectArg::Flinkgate => Dialect::Flinkgate,
                DialectArg::Conftest => Dialect::Conftest,
            },
            namespaces: match self.policy_namespace.as_slice() {
                _ if self.all_policy_namespaces => Namespaces::All,
                [] => Namespaces::Main,
                named => Namespaces::Named(named.to_vec()),
            },
            combining: if self.combine { Combining::All } else { Combining::AsRead },
            data: self.policy_data.clone(),
        }
    }
}

/// The policies, and what they want of the whole input.
#[derive(Debug)]
pub(super) struct ForeignPolicies {
    policies: Foreign,
    others: Others,
}

impl ForeignPolicies {
    /// Policies for an input.
    pub(super) fn new(policies: Foreign, texts: &Texts) -> Self {
        let others = match policies.needs_others() {
            true => {
                let manifests = texts.all();
                Others::of(manifests.iter().map(|manifest| &manifest.resource))
            }
            false => Others::default(),
        };
        Self { policies, others }
    }

    /// The policies alone.
    pub(super) fn policies(&self) -> &Foreign {
        &self.policies
    }

    /// Adds what the policies find in an object.
    pub(super) fn judge(&self, manifest: &Manifest, linted: &mut Linted) {
        if self.policies.is_empty() {
            return;
        }
        let resource = &manifest.resource;
        let mut found = self.policies.findings(resource, &manifest.file, &self.others);
        linted.excepted += found.excepted;
        if found.findings.is_empty() {
            return;
        }
        let secrets = secrets(resource);
        let places = secrets.places().iter();
        let spans = places
            .filter_map(|place| pointer::at(&resource.object, place).map(|_| manifest.span(place)));
        let spans: Vec<Span> = spans.collect();
        if !spans.is_empty() {
            linted.hidden.entry(manifest.file.clone()).or_default().extend(spans);
        }
        found.findings.iter_mut().for_each(|finding| finding.hide(&secrets));
        found.findings.sort_by(rules::Finding::order);
        rules::abridge(&mut found.findings);
        let found = found.findings.into_iter();
        linted.diagnostics.extend(found.map(|finding| diagnostic(manifest, finding, None)));
    }

    /// Adds what the policies find in all objects together. Such a finding is at its rule, whose
    /// file becomes one of the sources.
    pub(super) fn combined(&self, texts: &Texts, sources: &mut Sources, linted: &mut Linted) {
        if !self.policies.is_combined() {
            return;
        }
        let manifests = texts.all();
        let objects =
            manifests.iter().map(|manifest| (manifest.file.as_ref(), &manifest.resource.object));
        let (found, excepted) = self.policies.combined(objects);
        linted.excepted += excepted;
        if found.is_empty() {
            return;
        }
        let secrets: Vec<Secrets> =
            manifests.iter().map(|manifest| secrets(&manifest.resource)).collect();
        let mut findings: Vec<(rules::Finding, Arc<str>, Span)> = Vec::new();
        for CombinedFinding { mut finding, rule } in found {
            secrets.iter().for_each(|secrets| finding.hide(secrets));
            let span = Span {
                line: rule.line,
                column: rule.column,
                end_line: rule.line,
                end_column: rule.column,
            };
            findings.push((finding, rule.file.into(), span));
        }
        findings.sort_by(|a, b| a.0.order(&b.0));
        for (finding, file, span) in findings {
            if !sources.contains_key(&file)
                && let Ok(text) = std::fs::read_to_string(file.as_ref())
            {
                sources.insert(file.clone(), text.into());
            }
            linted.diagnostics.push(Diagnostic {
                rule: finding.rule.into_owned(),
                level: finding.level,
                message: finding.message,
                help: finding.help,
                file,
                span,
                pointer: String::new(),
                place: String::new(),
                object: None,
                tenant: None,
                facts: finding.facts,
                within: None,
                fix: None,
            });
        }
    }
}

fn secrets(resource: &Resource) -> Secrets {
    let workload = kinds::lower(resource, &resource.object).unwrap_or_default();
    Secrets::of(&resource.object, None, &workload, std::iter::empty())
}

/// A note about findings that exceptions of conftest's policies leave out.
pub(super) fn note(excepted: usize) -> Option<String> {
    let findings = crate::report::counted(excepted, "finding");
    (excepted > 0).then(|| format!("{findings} left out by `exception` rules of the policies"))
}
