//! Refuses rules and functions that call themselves, directly or around corners.
//!
//! OPA refuses recursion when it compiles; regorus runs it, in the interpreter until the stack
//! overflows and takes the process along. So the graph of references is searched for cycles before
//! anything runs.

use super::error::PolicyProblem;
use super::references::{Definition, ModuleFacts, Reference};
use std::collections::BTreeMap;

/// All rules of the loaded modules by path, with the indexes of their definitions.
struct Graph<'a> {
    definitions: Vec<&'a Definition>,
    rules: BTreeMap<&'a [String], Vec<usize>>,
}

/// One problem for each cycle found, at the reference that closes it.
pub(super) fn cycles(modules: &[ModuleFacts]) -> Vec<PolicyProblem> {
    let definitions: Vec<&Definition> =
        modules.iter().flat_map(|module| &module.definitions).collect();
    let mut rules: BTreeMap<&[String], Vec<usize>> = BTreeMap::new();
    for (index, definition) in definitions.iter().enumerate() {
        rules.entry(&definition.path).or_default().push(index);
    }
    let graph = Graph { definitions, rules };
    let mut search =
        Search { graph: &graph, done: BTreeMap::new(), trail: Vec::new(), problems: Vec::new() };
    for rule in graph.rules.keys() {
        search.visit(rule);
    }
    search.problems
}

impl<'a> Graph<'a> {
    /// Rules that a reference may mean: those it names, reaches into, or holds.
    fn targets(&self, reference: &'a Reference) -> impl Iterator<Item = &'a [String]> {
        let constant: Vec<String> = reference.pattern.iter().map_while(Clone::clone).collect();
        let first = constant.first().cloned();
        self.rules.keys().copied().filter(move |rule| {
            (first.is_none() || rule.first() == first.as_ref())
                && reference.package.is_none_or(|package| rule.len() > package)
                && rule
                    .iter()
                    .zip(&reference.pattern)
                    .all(|(part, wanted)| wanted.as_ref().is_none_or(|wanted| wanted == part))
        })
    }
}

struct Search<'a> {
    graph: &'a Graph<'a>,
    /// Rules seen: `true` once everything below them is known to end.
    done: BTreeMap<&'a [String], bool>,
    trail: Vec<&'a [String]>,
    problems: Vec<PolicyProblem>,
}

impl<'a> Search<'a> {
    /// Recursion as deep as the longest chain of rules; loading runs on a thread with a large
    /// stack.
    fn visit(&mut self, rule: &'a [String]) {
        if self.done.contains_key(rule) {
            return;
        }
        self.done.insert(rule, false);
        self.trail.push(rule);
        let graph = self.graph;
        for definition in graph
            .rules
            .get(rule)
            .into_iter()
            .flatten()
            .filter_map(|&index| graph.definitions.get(index))
        {
            for reference in &definition.references {
                for target in graph.targets(reference) {
                    if self.done.get(target) == Some(&false) {
                        self.report(definition, reference, target);
                    } else {
                        self.visit(target);
                    }
                }
            }
        }
        self.trail.pop();
        self.done.insert(rule, true);
    }

    fn report(&mut self, definition: &Definition, reference: &Reference, target: &[String]) {
        let cycle = self.trail.iter().skip_while(|rule| **rule != target);
        let names: Vec<String> =
            cycle.copied().chain([target]).map(|rule| rule.join(".")).collect();
        let message = format!(
            "recursion: {}: Rego has none, let one of them do without the other",
            names.join(" → ")
        );
        let (line, column) = reference.place;
        let problem = PolicyProblem { line, column, message, ..definition.place.clone() };
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }
}
