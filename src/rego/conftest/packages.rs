//! From conftest's policies to programs: which packages and rules are evaluated.

use super::verdicts;
use super::{Combining, FAMILY, Namespace, Rule};
use crate::rego::compile;
use crate::rego::dialect::Namespaces;
use crate::rego::error::PolicyProblem;
use crate::rego::references::{Definition, ModuleFacts};
use crate::rego::rule;
use crate::rego::source::PolicySource;
use crate::rego::syntax::rego_path;
use crate::rules::{Documentation, Level};
use std::collections::BTreeMap;

/// Packages that are evaluated, the documentation of their rules, and packages that were not chosen.
type Parts = (Vec<Namespace>, Vec<Documentation>, Vec<String>);

/// Checks and compiles the chosen packages.
pub(super) fn compiled(
    sources: &[PolicySource],
    chosen: &Namespaces,
    combining: Combining,
) -> Result<Parts, Vec<PolicyProblem>> {
    let (_, modules) = compile::parse(sources)?;
    let mut packages: BTreeMap<String, Vec<(&PolicySource, &ModuleFacts)>> = BTreeMap::new();
    for (source, module) in sources.iter().zip(&modules) {
        packages.entry(module.package.join(".")).or_default().push((source, module));
    }
    let has_rules = |files: &[(&PolicySource, &ModuleFacts)]| {
        let mut definitions = files.iter().flat_map(|(_, module)| &module.definitions);
        definitions.any(|definition| verdicts::level(&definition.name).is_some())
    };
    packages.retain(|_, files| has_rules(files));
    let (taken, unchosen): (BTreeMap<_, _>, BTreeMap<_, _>) =
        packages.into_iter().partition(|(package, _)| chosen.include(package));

    let mut documentation = Vec::new();
    let mut namespaces = Vec::new();
    let mut entry_points = Vec::new();
    for (package, files) in &taken {
        let (rules, exception, names) = rules(package, files, &mut documentation);
        let is_combined =
            combining == Combining::All || files.iter().any(|(_, module)| reads_combined(module));
        namespaces.push((rules, exception, is_combined));
        entry_points.push(names);
    }
    let programs = compile::programs(sources, &modules, &entry_points)?;
    let namespace = |(program, (rules, exception, is_combined))| Namespace {
        program,
        rules,
        exception,
        is_combined,
    };
    let namespaces = programs.into_iter().zip(namespaces).map(namespace).collect();
    Ok((namespaces, documentation, unchosen.into_keys().collect()))
}

/// The rules of a package, the entry point of its exceptions, and the paths of all entry points.
fn rules(
    package: &str,
    files: &[(&PolicySource, &ModuleFacts)],
    documentation: &mut Vec<Documentation>,
) -> (Vec<Rule>, Option<usize>, Vec<String>) {
    let (mut rules, mut exception, mut names): (Vec<Rule>, _, Vec<String>) =
        (Vec::new(), None, Vec::new());
    let definitions = files
        .iter()
        .flat_map(|(source, module)| module.definitions.iter().map(move |one| (*source, one)));
    for (source, definition) in definitions.filter(|(_, definition)| !definition.is_function) {
        let level = verdicts::level(&definition.name);
        let path = rego_path(definition.path.iter().map(String::as_str));
        if (level.is_none() && definition.name != "exception") || names.contains(&path) {
            continue;
        }
        let index = names.len();
        names.push(path.clone());
        let Some(level) = level else {
            exception = Some(index);
            continue;
        };
        rules.push(Rule {
            index,
            documentation: documentation.len(),
            short: verdicts::without_prefix(&definition.name).to_owned(),
            level,
            place: definition.place.clone(),
            path,
        });
        documentation.push(document(package, source, definition, level));
    }
    (rules, exception, names)
}

/// What is known of a rule: `conftest/<package>-<rule>`, and the title and description of the
/// metadata above it.
fn document(
    package: &str,
    source: &PolicySource,
    definition: &Definition,
    level: Level,
) -> Documentation {
    let (title, description) = rule::annotation_above(&source.text, definition.place.line);
    Documentation {
        id: id(FAMILY, &[package, &definition.name]),
        family: FAMILY.into(),
        title: title.unwrap_or_else(|| format!("Rule {} of package {package}", definition.name)),
        description: description.unwrap_or_default(),
        level,
        path: source.path.clone(),
        ..Documentation::default()
    }
}

/// An id in the form of rule ids: what is neither letter nor digit becomes a hyphen.
pub(in crate::rego) fn id(family: &str, parts: &[&str]) -> String {
    let text = parts.join("-").to_lowercase();
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    format!("{family}/{}", words.join("-"))
}

/// Whether a module reads `input` as a list of files.
fn reads_combined(module: &ModuleFacts) -> bool {
    module.inputs.iter().any(|read| match read.pattern.as_slice() {
        [None, Some(field), ..] => field == "contents" || field == "path",
        _ => false,
    })
}
