//! A ConstraintTemplate: Rego for one kind of constraints.

use super::object::PolicyObject;
use crate::rego::compile;
use crate::rego::error::PolicyProblem;
use crate::rego::legacy;
use crate::rego::source::{PolicySource, Syntax};
use crate::rego::syntax::rego_path;
use crate::resource::fields::{elements, text};
use regorus::rvm::Program;
use serde_json::Value;
use std::sync::Arc;

/// The only target that Gatekeeper has.
const TARGET: &str = "admission.k8s.gatekeeper.sh";

/// A template, checked and compiled.
#[derive(Debug)]
pub(super) struct Template {
    /// Its name.
    pub name: String,
    /// The kind of its constraints.
    pub kind: String,
    /// The program, whose one entry point is `violation`.
    pub program: Arc<Program>,
    /// Whether it reads `data.inventory`.
    pub reads_inventory: bool,
    /// The schema of the constraints' parameters; null if there is none.
    pub schema: Value,
    /// What its annotations say.
    pub title: Option<String>,
    /// What its annotations say at length.
    pub description: Option<String>,
}

/// A Rego text of the template and where it is in the file.
struct Module {
    source: PolicySource,
    place: String,
}

impl Template {
    /// Reads, checks and compiles a template.
    pub(super) fn new(object: &PolicyObject) -> Result<Self, Vec<PolicyProblem>> {
        let one = |place: &str, message: String| vec![object.problem(place, message)];
        let kind = object.at("/spec/crd/spec/names/kind").and_then(Value::as_str);
        let Some(kind) = kind.filter(|kind| !kind.is_empty()) else {
            return Err(one("/spec/crd", "spec.crd.spec.names.kind is missing".into()));
        };
        if object.name() != kind.to_lowercase() {
            let message = format!(
                "the name of the template of kind {kind} must be `{}`",
                kind.to_lowercase()
            );
            return Err(one("/metadata/name", message));
        }
        let modules = modules(object)?;
        let sources: Vec<PolicySource> =
            modules.iter().map(|module| module.source.clone()).collect();
        let located = |problems: Vec<PolicyProblem>| -> Vec<PolicyProblem> {
            problems.into_iter().map(|problem| locate(object, &modules, problem)).collect()
        };
        let (_, facts) = compile::parse(&sources).map_err(located)?;
        for (module, facts) in modules.iter().zip(&facts).skip(1) {
            if facts.package.first().is_none_or(|first| first != "lib") {
                let package = facts.package.join(".");
                let message =
                    format!("the package of a library is `lib` or begins with `lib.`: {package}");
                return Err(one(&module.place, message));
            }
        }
        let main = facts.first();
        let entry = main.and_then(|module| {
            let violation = module.definitions.iter().find(|one| one.name == "violation")?;
            Some(rego_path(violation.path.iter().map(String::as_str)))
        });
        let Some(entry) = entry else {
            let place = modules.first().map_or("/spec/targets", |module| module.place.as_str());
            return Err(one(place, "the Rego of a template needs a rule `violation`".into()));
        };
        let references = facts.iter().flat_map(|module| &module.definitions);
        let mut references = references.flat_map(|definition| &definition.references);
        let reads_inventory = references.any(|read| {
            read.package.is_none()
                && read
                    .pattern
                    .first()
                    .is_none_or(|first| first.as_deref().is_none_or(|first| first == "inventory"))
        });
        let programs = compile::programs(&sources, &facts, &[vec![entry]]).map_err(located)?;
        let Some(program) = programs.into_iter().next() else {
            return Err(one("/spec/targets", "the Rego could not be compiled".into()));
        };
        Ok(Self {
            name: object.name().to_owned(),
            kind: kind.to_owned(),
            program,
            reads_inventory,
            schema: object
                .at("/spec/crd/spec/validation/openAPIV3Schema")
                .cloned()
                .unwrap_or_default(),
            title: object.annotation("metadata.gatekeeper.sh/title"),
            description: object.annotation("description"),
        })
    }
}

/// The kind of a template that has only other languages than Rego, and a note about it.
pub(super) fn without_rego(object: &PolicyObject) -> Option<(String, String)> {
    let target = object.at("/spec/targets/0")?;
    let engines: Vec<&str> =
        elements(target, "code").iter().map(|code| text(code, "engine")).collect();
    if engines.is_empty() || engines.contains(&"Rego") || !text(target, "rego").is_empty() {
        return None;
    }
    let kind = object.at("/spec/crd/spec/names/kind").and_then(Value::as_str)?;
    let note = format!(
        "ConstraintTemplate `{}` in `{}` is not evaluated: it has no Rego, only {}",
        object.name(),
        object.file,
        engines.join(", ")
    );
    Some((kind.to_owned(), note))
}

/// The Rego of a template, first the one with `violation`.
fn modules(object: &PolicyObject) -> Result<Vec<Module>, Vec<PolicyProblem>> {
    let one = |place: &str, message: String| vec![object.problem(place, message)];
    let targets = object
        .at("/spec/targets")
        .map_or([].as_slice(), |targets| targets.as_array().map_or([].as_slice(), Vec::as_slice));
    let target = match targets {
        [target] => target,
        _ => return Err(one("/spec/targets", "a template has one target".into())),
    };
    if text(target, "target") != TARGET {
        let message = format!("unknown target `{}`: write {TARGET}", text(target, "target"));
        return Err(one("/spec/targets/0/target", message));
    }
    let base = "/spec/targets/0";
    let code = elements(target, "code");
    let rego = code.iter().position(|code| text(code, "engine") == "Rego");
    let (source, place) = match rego {
        Some(index) => {
            let source = code.get(index).and_then(|code| code.get("source"));
            (source.unwrap_or(&Value::Null), format!("{base}/code/{index}/source"))
        }
        None => (target, base.to_owned()),
    };
    let syntax = match text(source, "version") {
        "" | "v0" => Syntax::V0,
        "v1" => Syntax::V1,
        other => {
            let message = format!("unknown version of Rego `{other}`: write v0 or v1");
            return Err(one(&format!("{place}/version"), message));
        }
    };
    let module = |text: &str, place: String| Module {
        source: legacy::readable(PolicySource {
            path: format!("{}#{place}", object.file),
            text: text.to_owned(),
            syntax,
            ..PolicySource::default()
        }),
        place,
    };
    let main = text(source, "rego");
    if main.is_empty() {
        return Err(one(&place, "the template has no Rego".into()));
    }
    let mut modules = vec![module(main, format!("{place}/rego"))];
    for (index, lib) in elements(source, "libs").iter().enumerate() {
        modules.push(module(lib.as_str().unwrap_or_default(), format!("{place}/libs/{index}")));
    }
    Ok(modules)
}

/// The place in the file of a problem in a template's Rego.
fn locate(object: &PolicyObject, modules: &[Module], problem: PolicyProblem) -> PolicyProblem {
    let Some(module) = modules.iter().find(|module| module.source.path == problem.file) else {
        return PolicyProblem { file: object.file.clone(), ..problem };
    };
    let place = format!("{}{}", object.prefix, module.place);
    let span = object.positions.value(&place).unwrap_or_else(|| object.span(&module.place));
    // The lines of a block are below the line of its key.
    let line = if span.end_line > span.line { span.line + problem.line } else { span.line };
    PolicyProblem { file: object.file.clone(), line, ..problem }
}
