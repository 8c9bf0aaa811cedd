//! From policy files to programs of regorus' virtual machine, with every reason to refuse found on
//! the way.

use super::builtins;
use super::compat;
use super::error::{PolicyError, PolicyProblem};
use super::legacy;
use super::limits;
use super::needs::Needs;
use super::recursion;
use super::references::ModuleFacts;
use super::rule;
use super::source::{PolicySource, Syntax};
use super::syntax::{at, rego_path};
use super::unknown_input;
use super::walker::module_facts;
use crate::rules::notices::NOTICES;
use crate::rules::{Documentation, Level, documentation};
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::Program;
use regorus::{CompiledPolicy, Engine, PolicyLengthConfig};
use std::collections::{BTreeMap, BTreeSet};
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;

/// Stack of the thread that parses, checks and compiles, and of those that run the interpreter.
/// regorus recurses on nested expressions; a file of `1+1+1+…` nests as deep as [`limits`] lets it
/// be long until it is refused, at up to 500 bytes a level in each of several walks. Only pages
/// that are touched cost memory.
const STACK: usize = 512 << 20;

/// What a rule may say, and how gravely unless its metadata or the finding says otherwise.
const VERDICTS: [(&str, Level); 3] =
    [("deny", Level::Error), ("warn", Level::Warning), ("info", Level::Info)];

/// One rule's `deny`, `warn` or `info`.
#[derive(Clone, Debug)]
pub(super) struct EntryPoint {
    /// Index of the rule.
    pub rule: usize,
    /// Level of findings that name none.
    pub level: Level,
    /// Path below `data`, as regorus writes it.
    pub path: String,
}

/// One compiled rule package: small programs keep the virtual machine's reset before each entry
/// point cheap.
#[derive(Clone, Debug)]
pub(super) struct CompiledRule {
    /// The program.
    pub program: Arc<Program>,
    /// Its entry points, in the program's order.
    pub entry_points: Vec<EntryPoint>,
}

/// Everything that loading finds out.
pub(super) struct Compiled {
    /// Sorted by id.
    pub rules: Vec<Documentation>,
    /// Ready to run.
    pub programs: Vec<CompiledRule>,
    /// What the rules read.
    pub needs: Needs,
    /// What is no reason to refuse a policy, and most likely a mistake.
    pub warnings: Vec<PolicyProblem>,
    /// The same policies for the interpreter.
    pub engine: Engine,
}

/// Runs something on a thread with a large stack.
pub(super) fn on_large_stack<T: Send>(run: impl FnOnce() -> T + Send) -> Result<T, PolicyError> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("policies".into())
            .stack_size(STACK)
            .spawn_scoped(scope, run);
        let thread = thread.map_err(|error| {
            PolicyError::Compile(format!("no thread could be started: {error}"))
        })?;
        thread.join().map_err(|_| PolicyError::Compile("regorus panicked on them".into()))
    })
}

/// Parses, checks and compiles; all problems of the first step that finds any.
pub(super) fn compile(sources: &[PolicySource]) -> Result<Compiled, PolicyError> {
    on_large_stack(|| compile_here(sources))?.map_err(|mut problems| {
        problems.sort();
        problems.dedup();
        PolicyError::Rejected(problems)
    })
}

/// Parses and checks without compiling, for the interpreter; `with` and `print` are fine here.
pub(super) fn parse(
    sources: &[PolicySource],
) -> Result<(Engine, Vec<ModuleFacts>), Vec<PolicyProblem>> {
    let mut engine = Engine::new();
    // As OPA does, and as the virtual machine does: a builtin that cannot compute is undefined.
    engine.set_strict_builtin_errors(false);
    let mut problems = Vec::new();
    for source in sources {
        engine.set_rego_v0(source.syntax == Syntax::V0);
        let added = limits::check(source).and_then(|()| {
            let added = engine.add_policy(source.path.clone(), source.text.clone());
            added.map_err(|error| PolicyProblem::from_rendered(&source.path, &error.to_string()))
        });
        problems.extend(added.err());
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut modules: Vec<ModuleFacts> =
        engine.get_modules().iter().map(|module| module_facts(module)).collect();
    problems.extend(modules.iter_mut().flat_map(|module| std::mem::take(&mut module.problems)));
    if problems.is_empty() {
        problems.extend(recursion::cycles(&modules));
    }
    if problems.is_empty() { Ok((engine, modules)) } else { Err(problems) }
}

fn compile_here(sources: &[PolicySource]) -> Result<Compiled, Vec<PolicyProblem>> {
    let (mut engine, modules) = parse(sources)?;
    let packages = rule_packages(sources, &modules)?;
    let mut rules: Vec<Documentation> = packages.iter().map(|(_, rule)| rule.clone()).collect();
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    let needs =
        Needs::of(modules.iter().flat_map(|module| &module.inputs).map(|read| &read.pattern));
    let warnings = unknown_input::warnings(sources, &modules);
    let entry_points = entry_points(&modules, &packages, &rules);
    let Some(first) = entry_points.first().and_then(|entry_points| entry_points.first()).cloned()
    else {
        return Ok(Compiled { rules, programs: Vec::new(), needs, warnings, engine });
    };
    let locate = |problem| locate(sources, &modules, problem);
    let texts = sources.iter().zip(&modules);
    let texts = texts.map(|(source, module)| module.without_imports(&source.text));
    let policy =
        for_machine(sources, texts, &first.path).map_err(|problem| vec![locate(problem)])?;
    let mut problems = Vec::new();
    let mut programs = Vec::new();
    for entry_points in entry_points {
        let path = entry_points
            .first()
            .and_then(|entry| rules.get(entry.rule))
            .map_or("policy", |rule| rule.path.as_str());
        let names: Vec<&str> = entry_points.iter().map(|entry| entry.path.as_str()).collect();
        match program(&policy, &names, path) {
            Ok(program) => programs.push(CompiledRule { program, entry_points }),
            Err(problem) => problems.push(locate(problem)),
        }
    }
    // The interpreter prepares once; the clones that evaluate start from here.
    let _ = engine.compile_with_entrypoint(&first.path.as_str().into());
    if problems.is_empty() {
        Ok(Compiled { rules, programs, needs, warnings, engine })
    } else {
        Err(problems)
    }
}

/// The place of a problem in the file as it was given.
fn locate(
    sources: &[PolicySource],
    modules: &[ModuleFacts],
    mut problem: PolicyProblem,
) -> PolicyProblem {
    let mut files = sources.iter().zip(modules);
    if let Some((_, module)) = files.find(|(source, _)| source.path == problem.file) {
        problem.column = module.original_column(problem.line, problem.column);
    }
    problem
}

/// Compiles policies of other tools, one program for each list of rules.
pub(super) fn programs(
    sources: &[PolicySource],
    modules: &[ModuleFacts],
    entry_points: &[Vec<String>],
) -> Result<Vec<Arc<Program>>, Vec<PolicyProblem>> {
    let Some(first) = entry_points.iter().flatten().next() else { return Ok(Vec::new()) };
    let locate = |problem| locate(sources, modules, problem);
    let compat = compat::module(modules);
    let texts = sources.iter().zip(modules);
    let texts = texts.map(|(source, module)| compat::for_machine(module, &source.text));
    let texts = texts.chain(compat.iter().map(|module| module.text.clone()));
    let all: Vec<PolicySource> = sources.iter().chain(&compat).cloned().collect();
    let policy = for_machine(&all, texts, first).map_err(|problem| vec![locate(problem)])?;
    let (mut programs, mut problems) = (Vec::new(), Vec::new());
    let path = sources.first().map_or("policy", |source| source.path.as_str());
    for names in entry_points {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        match program(&policy, &names, path) {
            Ok(mut program) => {
                if let Some(program) = Arc::get_mut(&mut program) {
                    builtins::walk(program);
                }
                programs.push(program);
            }
            Err(problem) => problems.push(locate(problem)),
        }
    }
    if problems.is_empty() { Ok(programs) } else { Err(problems) }
}

/// The version of Rego that a file is written in: v1 where it can be parsed as both, and where it
/// can be parsed as neither, the one that goes wrong later.
pub(super) fn syntax(source: &PolicySource) -> (Syntax, Option<ModuleFacts>) {
    if limits::check(source).is_err() {
        return (Syntax::V1, None);
    }
    let parsed = |syntax: Syntax| {
        let mut engine = Engine::new();
        engine.set_rego_v0(syntax == Syntax::V0);
        let PolicySource { path, text, .. } =
            legacy::readable(PolicySource { syntax, ..source.clone() });
        match engine.add_policy(path, text) {
            Ok(_) => Ok(engine.get_modules().first().map(|module| module_facts(module))),
            Err(error) => Err(PolicyProblem::from_rendered(&source.path, &error.to_string())),
        }
    };
    let v1 = match parsed(Syntax::V1) {
        Ok(module) => return (Syntax::V1, module),
        Err(problem) => problem,
    };
    let is_of_v0 = v1.message.contains("keyword is required");
    match parsed(Syntax::V0) {
        Ok(module) => (Syntax::V0, module),
        Err(v0) => {
            let (v0, v1) = ((v0.line, v0.column), (v1.line, v1.column));
            (if v0 > v1 || (v0 == v1 && is_of_v0) { Syntax::V0 } else { Syntax::V1 }, None)
        }
    }
}

/// All policies for the virtual machine, with these texts instead of their own.
fn for_machine(
    sources: &[PolicySource],
    texts: impl Iterator<Item = String>,
    entry_point: &str,
) -> Result<CompiledPolicy, PolicyProblem> {
    let mut engine = Engine::new();
    engine.set_strict_builtin_errors(false);
    // The files were within the limits; what is written out may be longer.
    engine.set_policy_length_config(PolicyLengthConfig {
        max_col: NonZeroU32::MAX,
        max_file_bytes: NonZeroUsize::MAX,
        max_lines: NonZeroUsize::MAX,
    });
    for (source, text) in sources.iter().zip(texts) {
        engine.set_rego_v0(source.syntax == Syntax::V0);
        let added = engine.add_policy(source.path.clone(), text);
        added.map_err(|error| PolicyProblem::from_rendered(&source.path, &error.to_string()))?;
    }
    let path = sources.first().map_or("policy", |source| source.path.as_str());
    engine
        .compile_with_entrypoint(&entry_point.into())
        .map_err(|error| PolicyProblem::from_rendered(path, &error.to_string()))
}

fn program(
    policy: &CompiledPolicy,
    names: &[&str],
    path: &str,
) -> Result<Arc<Program>, PolicyProblem> {
    let mut program = Compiler::compile_from_policy(policy, names).map_err(|error| match &error
        .span
    {
        Some(span) => at(span, error.error.to_string()),
        None => place_of_builtin(policy, PolicyProblem::from_rendered(path, &error.to_string())),
    })?;
    if !program.instruction_data.virtual_data_document_lookup_params.is_empty() {
        let message =
            "a whole package or data.package[name] is read: name the rule, data.package.rule";
        return Err(PolicyProblem::of_file(path, message));
    }
    // Every program carries the text of every policy for its own messages; we have them already.
    if let Some(program) = Arc::get_mut(&mut program) {
        builtins::limit(program);
        program.sources = Vec::new();
        program.instruction_spans = Vec::new();
    }
    Ok(program)
}

/// regorus names a builtin it lacks, but not where it is called: the first call in the rule's file
/// or else in any.
fn place_of_builtin(policy: &CompiledPolicy, problem: PolicyProblem) -> PolicyProblem {
    let Some(name) = problem.message.strip_prefix("Missing builtin function: ") else {
        return problem;
    };
    let call = format!("{name}(");
    let mut sources: Vec<_> =
        policy.get_modules().iter().map(|module| &module.package.span.source).collect();
    sources.sort_by_key(|source| *source.file() != problem.file);
    let place = sources.iter().find_map(|source| {
        let calls = |line: &str| line.split('#').next().and_then(|code| code.find(&call));
        let (line, column) = source
            .contents()
            .lines()
            .enumerate()
            .find_map(|(index, line)| Some((index + 1, calls(line)? + 1)))?;
        Some(PolicyProblem {
            file: source.file().clone(),
            line,
            column,
            message: problem.message.clone(),
        })
    });
    place.unwrap_or(problem)
}

/// The packages that are rules, with what their metadata says.
fn rule_packages(
    sources: &[PolicySource],
    modules: &[ModuleFacts],
) -> Result<Vec<(Vec<String>, Documentation)>, Vec<PolicyProblem>> {
    let mut problems = Vec::new();
    let mut packages: BTreeMap<&[String], Vec<(&PolicySource, &ModuleFacts)>> = BTreeMap::new();
    for (source, module) in sources.iter().zip(modules) {
        problems.extend(
            module
                .definitions
                .iter()
                .filter(|definition| looks_like_a_verdict(&definition.name))
                .map(|definition| {
                    let message = format!(
                        "{} is never evaluated: name it deny, warn or info",
                        definition.name
                    );
                    PolicyProblem { message, ..definition.place.clone() }
                }),
        );
        if is_rule(module) {
            packages.entry(&module.package).or_default().push((source, module));
        }
    }
    let mut rules = Vec::new();
    for (package, files) in packages {
        // A package of one file, which most are, need not be read twice.
        let several = files.len() > 1;
        let named = files
            .iter()
            .map(|(source, _)| *source)
            .filter(|source| several && rule::names_itself(source));
        let named: Vec<&PolicySource> = named.collect();
        if let [first, second, ..] = named.as_slice() {
            let message =
                format!("the package already is a rule in {}: one package, one rule", first.path);
            problems.push(PolicyProblem::of_file(&second.path, message));
        }
        let Some(source) =
            named.first().copied().or_else(|| files.first().map(|(source, _)| *source))
        else {
            continue;
        };
        match rule::read(source, package) {
            Ok(rule) => rules.push((package.to_vec(), rule)),
            Err(problem) => problems.push(problem),
        }
    }
    let built_in = documentation::built_in().iter();
    let notices = NOTICES.iter().map(|notice| (notice.id, "Flinkgate"));
    let mut seen: BTreeMap<&str, &str> =
        built_in.map(|rule| (rule.id.as_str(), rule.path.as_str())).chain(notices).collect();
    for (_, rule) in &rules {
        if let Some(first) = seen.insert(&rule.id, &rule.path) {
            let message = format!(
                "rule id {} is already taken by {first}: give one of them another custom.id",
                rule.id
            );
            problems.push(PolicyProblem::of_file(&rule.path, message));
        }
    }
    if problems.is_empty() { Ok(rules) } else { Err(problems) }
}

fn entry_points(
    modules: &[ModuleFacts],
    packages: &[(Vec<String>, Documentation)],
    rules: &[Documentation],
) -> Vec<Vec<EntryPoint>> {
    let names: BTreeSet<(&[String], &str)> = modules
        .iter()
        .flat_map(|module| {
            module
                .definitions
                .iter()
                .map(|definition| (module.package.as_slice(), definition.name.as_str()))
        })
        .collect();
    packages
        .iter()
        .filter_map(|(package, rule)| {
            let index = rules.iter().position(|other| other.id == rule.id)?;
            let verdicts =
                VERDICTS.iter().filter(|(name, _)| names.contains(&(package.as_slice(), *name)));
            let entry = |&(name, level): &(&str, Level)| EntryPoint {
                rule: index,
                level: if level == Level::Error { rule.level } else { level },
                path: rego_path(package.iter().map(String::as_str).chain([name])),
            };
            Some(verdicts.map(entry).collect())
        })
        .collect()
}

/// Whether a module says `deny`, `warn` or `info`; others are helpers.
pub(super) fn is_rule(module: &ModuleFacts) -> bool {
    module.definitions.iter().any(|definition| verdict(&definition.name).is_some())
}

fn verdict(name: &str) -> Option<Level> {
    VERDICTS.iter().find(|(verdict, _)| *verdict == name).map(|(_, level)| *level)
}

/// Names that conftest evaluates and Flinkgate does not: better refused than silently passed over.
fn looks_like_a_verdict(name: &str) -> bool {
    name == "violation"
        || ["deny_", "warn_", "violation_"].iter().any(|prefix| name.starts_with(prefix))
}
