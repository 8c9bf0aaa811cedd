//! Policies of other tools, besides Flinkgate's own: loaded from the same paths, and evaluated over
//! every object of files.

use super::conftest::{CombinedFinding, Combining, Conftest, Data, Found};
use super::dialect::{self, Dialect, Namespaces};
use super::error::PolicyError;
use super::gatekeeper::{Gatekeeper, Inventory, Review};
use super::set::PolicySet;
use super::source;
use crate::resource::Resource;
use crate::rules::Documentation;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How policies of other tools are distinguished from Flinkgate's, and which are evaluated.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Whose policies files without a sign of their own are.
    pub dialect: Dialect,
    /// Which of conftest's packages are evaluated.
    pub namespaces: Namespaces,
    /// How conftest's policies get `input`.
    pub combining: Combining,
    /// Files with `data` of conftest's policies.
    pub data: Vec<PathBuf>,
}

impl Default for Choice {
    fn default() -> Self {
        Self {
            dialect: Dialect::default(),
            namespaces: Namespaces::Main,
            combining: Combining::default(),
            data: Vec::new(),
        }
    }
}

/// Policies by whose they are.
#[derive(Debug)]
pub struct Loaded {
    /// Flinkgate's own.
    pub own: PolicySet,
    /// Those of other tools.
    pub foreign: Foreign,
}

/// Policies of conftest and Gatekeeper.
#[derive(Debug)]
pub struct Foreign {
    conftest: Conftest,
    gatekeeper: Gatekeeper,
}

/// The other objects of an input, as far as policies want them.
#[derive(Debug, Default)]
pub struct Others {
    inventory: Inventory,
    namespaces: BTreeMap<String, Value>,
}

impl Others {
    /// All objects of an input.
    pub fn of<'a>(resources: impl Iterator<Item = &'a Resource> + Clone) -> Self {
        let is_namespace = |it: &&Resource| it.kind.group.is_empty() && it.kind.kind == "Namespace";
        let namespaces = resources.clone().filter(is_namespace);
        Self {
            namespaces: namespaces.map(|it| (it.name.clone(), it.object.clone())).collect(),
            inventory: Inventory::of(resources),
        }
    }
}

/// Loads the policies under these paths.
///
/// # Errors
/// When a path cannot be read, a policy is refused, or none of conftest's packages is chosen.
pub fn load(paths: &[PathBuf], choice: &Choice) -> Result<Loaded, PolicyError> {
    let files = source::read_all(paths)?;
    let split = dialect::split(files.sources, choice.dialect, &choice.namespaces)?;
    let has_conftest = split.conftest.iter().any(|source| !source.is_test());
    let data = match has_conftest {
        true => Data::read(&choice.data, paths)?,
        false => Data::default(),
    };
    let conftest = Conftest::new(&split.conftest, &choice.namespaces, choice.combining, data)?;
    if conftest.is_empty() && !conftest.unchosen().is_empty() {
        return Err(PolicyError::NoNamespace(conftest.unchosen().join(", ")));
    }
    let gatekeeper = Gatekeeper::new(&files.objects)?;
    Ok(Loaded {
        own: PolicySet::from_sources(split.own)?,
        foreign: Foreign { conftest, gatekeeper },
    })
}

/// The documentation of all rules: the built-in ones, and those of all policies under these paths;
/// sorted by id.
///
/// # Errors
/// As [`load`].
pub fn catalog(paths: &[PathBuf]) -> Result<Vec<Documentation>, PolicyError> {
    let choice = Choice { namespaces: Namespaces::All, ..Choice::default() };
    let loaded = load(paths, &choice)?;
    let all = loaded.own.catalog().iter().chain(loaded.foreign.rules());
    let mut catalog: Vec<Documentation> = all.cloned().collect();
    catalog.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(catalog)
}

impl Foreign {
    /// The documentation of all rules.
    pub fn rules(&self) -> impl Iterator<Item = &Documentation> {
        self.conftest.rules().iter().chain(self.gatekeeper.rules())
    }

    /// What a user may not expect, one sentence each.
    pub fn notes(&self) -> Vec<String> {
        let unchosen = self.conftest.unchosen().iter().map(|package| {
            format!(
                "package `{package}` has rules that are not evaluated: choose it with \
                 `--policy-namespace {package}`"
            )
        });
        unchosen.chain(self.gatekeeper.notes().iter().cloned()).collect()
    }

    /// Whether there is nothing to evaluate.
    pub fn is_empty(&self) -> bool {
        self.conftest.is_empty() && self.gatekeeper.is_empty()
    }

    /// Whether policies want the other objects of an input.
    pub fn needs_others(&self) -> bool {
        self.gatekeeper.needs_others()
    }

    /// Whether policies of conftest want all objects of an input together.
    pub fn is_combined(&self) -> bool {
        self.conftest.is_combined()
    }

    /// What the policies find in one object of a file.
    pub fn findings(&self, resource: &Resource, file: &str, others: &Others) -> Found {
        let mut found = self.conftest.findings(&resource.object, file);
        if !self.gatekeeper.is_empty() {
            let namespace = others.namespaces.get(Review::namespace_of(&resource.object));
            let review = Review::of_object(&resource.object, namespace);
            found.findings.extend(self.gatekeeper.findings(&review, &others.inventory));
        }
        found
    }

    /// What conftest's policies find in all objects together, with the number of findings that
    /// exceptions leave out.
    pub fn combined<'a>(
        &self,
        objects: impl Iterator<Item = (&'a str, &'a Value)>,
    ) -> (Vec<CombinedFinding>, usize) {
        self.conftest.combined(objects)
    }
}
