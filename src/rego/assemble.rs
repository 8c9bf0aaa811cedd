//! One set out of policies of several authors: what is wrong with one of them must not stop the
//! others.
//!
//! Files are taken or refused together, as a user who runs a command wants it. Objects in a cluster
//! are everybody's: each that cannot be taken is left out, and where two clash, the older keeps the
//! package or the id.

use super::compile;
use super::error::{PolicyError, PolicyProblem};
use super::rule;
use super::set::PolicySet;
use super::source::PolicySource;
use std::collections::BTreeMap;

/// A set, and what was left out of it.
#[derive(Debug)]
pub struct Assembled {
    /// All policies that can be taken together.
    pub set: PolicySet,
    /// Why each of the others was left out, by path.
    pub refused: BTreeMap<String, Vec<PolicyProblem>>,
}

/// Compiles `base`, all of which must be good, with as many of `others` as can be taken, the first
/// before the later ones.
///
/// # Errors
/// When `base` itself is refused.
pub fn assemble(
    base: &[PolicySource],
    others: Vec<PolicySource>,
) -> Result<Assembled, PolicyError> {
    let mut refused: BTreeMap<String, Vec<PolicyProblem>> = BTreeMap::new();
    let mut taken = Taken::default();
    for source in base.iter().filter(|source| !source.is_test()) {
        // What is wrong with the base is found when it is compiled.
        let _ = taken.take(source, true);
    }
    let mut others: Vec<PolicySource> = others
        .into_iter()
        .filter(|source| keep(taken.take(source, false), source, &mut refused))
        .collect();
    loop {
        let sources = base.iter().chain(&others).cloned().collect();
        let problems = match PolicySet::from_sources(sources) {
            Ok(set) => return Ok(Assembled { set, refused }),
            Err(PolicyError::Rejected(problems)) => problems,
            Err(error) => return Err(error),
        };
        let before = others.len();
        others.retain(|source| {
            let own: Vec<PolicyProblem> =
                problems.iter().filter(|problem| problem.file == source.path).cloned().collect();
            keep(if own.is_empty() { Ok(()) } else { Err(own) }, source, &mut refused)
        });
        // Nobody to leave out: the base is to blame.
        if others.len() == before {
            return Err(PolicyError::Rejected(problems));
        }
    }
}

fn keep(
    outcome: Result<(), Vec<PolicyProblem>>,
    source: &PolicySource,
    refused: &mut BTreeMap<String, Vec<PolicyProblem>>,
) -> bool {
    match outcome {
        Ok(()) => true,
        Err(problems) => {
            refused.entry(source.path.clone()).or_default().extend(problems);
            false
        }
    }
}

/// Packages and rule ids that have an owner.
#[derive(Default)]
struct Taken {
    packages: BTreeMap<Vec<String>, String>,
    ids: BTreeMap<String, String>,
}

impl Taken {
    /// Takes a policy's package and id, or says why it cannot be taken: it does not parse, or an
    /// earlier one has them.
    fn take(
        &mut self,
        source: &PolicySource,
        shares_packages: bool,
    ) -> Result<(), Vec<PolicyProblem>> {
        let modules = compile::on_large_stack(|| {
            compile::parse(std::slice::from_ref(source)).map(|(_, modules)| modules)
        });
        let modules = modules
            .map_err(|error| vec![PolicyProblem::of_file(&source.path, error.to_string())])??;
        let Some(module) = modules.first() else { return Ok(()) };
        let clash = |message: String| Err(vec![PolicyProblem::of_file(&source.path, message)]);
        if let Some(first) = self.packages.get(&module.package).filter(|_| !shares_packages) {
            return clash(format!(
                "package {} is already taken by {first}: choose another package",
                module.package.join(".")
            ));
        }
        if compile::is_rule(module) {
            let rule = rule::read(source, &module.package).map_err(|problem| vec![problem])?;
            if let Some(first) = self.ids.get(&rule.id).filter(|_| !shares_packages) {
                return clash(format!(
                    "rule id {} is already taken by {first}: give one of them another custom.id",
                    rule.id
                ));
            }
            self.ids.entry(rule.id).or_insert_with(|| source.path.clone());
        }
        self.packages.entry(module.package.clone()).or_insert_with(|| source.path.clone());
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> PolicySource {
        PolicySource { path: path.into(), text: text.into(), ..PolicySource::default() }
    }

    fn rule(package: &str, id: &str) -> String {
        format!(
            "# METADATA\n# custom: {{id: {id}}}\npackage {package}\nimport rego.v1\ndeny contains \"no\" if input.object.x\n"
        )
    }

    #[test]
    fn a_policy_that_cannot_be_taken_does_not_stop_the_others() {
        let base = [source("base.rego", &rule("base", "user/base"))];
        let others = vec![
            source("good", &rule("a", "user/good")),
            source("unparsable", "package b\nx := ]\n"),
            source("same-package", &rule("a", "user/other")),
            source("same-id", &rule("c", "user/good")),
            source("base-id", &rule("d", "user/base")),
            source(
                "unknown-function",
                "package e\nimport rego.v1\ndeny contains \"x\" if nonsense(input)\n",
            ),
            source(
                "recursive",
                "package f\nimport rego.v1\ndeny contains \"x\" if g(1)\ng(x) := g(x)\n",
            ),
            source("late", &rule("g", "user/late")),
        ];
        let assembled = assemble(&base, others).unwrap();
        let ids: Vec<&str> = assembled.set.rules().iter().map(|rule| rule.id.as_str()).collect();
        assert_eq!(ids, ["user/base", "user/good", "user/late"]);
        let refused: Vec<&str> = assembled.refused.keys().map(String::as_str).collect();
        assert_eq!(
            refused,
            ["base-id", "recursive", "same-id", "same-package", "unknown-function", "unparsable"]
        );
        let text = |path: &str| assembled.refused[path][0].to_string();
        assert!(text("unparsable").starts_with("unparsable:2:6: "), "{}", text("unparsable"));
        assert_eq!(
            text("same-package"),
            "same-package:1:1: package a is already taken by good: choose another package"
        );
        assert_eq!(
            text("base-id"),
            "base-id:1:1: rule id user/base is already taken by base.rego: give one of them another custom.id"
        );
    }

    #[test]
    fn the_base_must_be_good() {
        assert!(
            assemble(
                &[source("base.rego", "package x\ny := ]\n")],
                vec![source("good", &rule("a", "user/good"))]
            )
            .is_err()
        );
    }
}
