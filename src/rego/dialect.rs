//! Which policies are Flinkgate's own and which are conftest's, where a folder holds both.
//!
//! A package is Flinkgate's own if its metadata has `custom.id`, or if it reads a part of `input`
//! that only Flinkgate gives, such as `input.object`. Others are conftest's if they are in Rego v0,
//! have a rule that only conftest evaluates (`violation`, `deny_…`, `warn_…`, `exception`), are the
//! package `main` that reads `input`, or are chosen by name.

use super::compile::{self, on_large_stack};
use super::conftest::verdicts;
use super::error::{PolicyError, PolicyProblem};
use super::references::ModuleFacts;
use super::rule;
use super::source::{PolicySource, Syntax};
use super::{flink_policy, legacy, library};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Whose policies files without a sign of their own are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Each package's own signs decide.
    #[default]
    Auto,
    /// Flinkgate's.
    Flinkgate,
    /// Conftest's.
    Conftest,
}

/// Which of conftest's packages are evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Namespaces {
    /// The package `main`.
    Main,
    /// The packages that one of these patterns names: `*` matches any letters, `?` matches one.
    Named(Vec<String>),
    /// All packages.
    All,
}

impl Namespaces {
    /// Whether a package, such as `kubernetes.security`, is evaluated.
    pub fn include(&self, package: &str) -> bool {
        match self {
            Self::Main => package == "main",
            Self::Named(patterns) => {
                patterns.iter().any(|pattern| matches(pattern.as_bytes(), package.as_bytes()))
            }
            Self::All => true,
        }
    }

    /// Whether a user named the package.
    fn name(&self, package: &str) -> bool {
        matches!(self, Self::Named(_)) && self.include(package)
    }
}

/// A pattern with `*` and `?`, in time that grows with both lengths.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while let Some(byte) = text.get(from) {
        match pattern.get(at) {
            Some(b'*') => {
                retry = Some((at + 1, from));
                at += 1;
            }
            Some(other) if other == byte || *other == b'?' => (at, from) = (at + 1, from + 1),
            _ => match retry {
                Some((after, start)) => {
                    (at, from) = (after, start + 1);
                    retry = Some((after, start + 1));
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(at).all(|byte| *byte == b'*')
}

/// Policies by the tool that they are written for.
#[derive(Debug, Default)]
pub struct Split {
    /// Flinkgate's own, and helpers.
    pub own: Vec<PolicySource>,
    /// Conftest's, and helpers.
    pub conftest: Vec<PolicySource>,
}

/// Fields of `input` that Flinkgate gives and no Kubernetes object has.
const OWN_FIELDS: [&str; 7] =
    ["object", "oldObject", "request", "tenant", "tenancy", "flink", "quota"];

/// What a file says of itself.
struct Signs {
    package: String,
    is_own: bool,
    is_conftest: bool,
    /// Whether it has rules and not only helpers.
    has_rules: bool,
    syntax: Syntax,
}

/// Sorts policies by dialect. Tests come with both.
///
/// # Errors
/// When the thread that parses cannot be started.
pub fn split(
    sources: Vec<PolicySource>,
    dialect: Dialect,
    namespaces: &Namespaces,
) -> Result<Split, PolicyError> {
    if dialect == Dialect::Flinkgate || sources.is_empty() {
        return Ok(Split { own: sources, ..Split::default() });
    }
    let signs: Vec<Signs> = on_large_stack(|| {
        sources.iter().map(|source| signs(source, dialect, namespaces)).collect()
    })?;
    let mut packages: BTreeMap<&str, bool> = BTreeMap::new();
    for sign in signs.iter().filter(|sign| sign.is_own || sign.is_conftest) {
        let is_conftest = packages.entry(&sign.package).or_insert(true);
        *is_conftest &= !sign.is_own;
    }
    let has_own = signs.iter().any(|sign| {
        sign.has_rules && !packages.get(sign.package.as_str()).is_some_and(|conftest| *conftest)
    });
    let has_conftest = packages.values().any(|conftest| *conftest);
    let mut split = Split::default();
    for (source, sign) in sources.into_iter().zip(&signs) {
        let package = packages.get(sign.package.as_str()).copied();
        let is_helper = package.is_none() && !sign.has_rules;
        let source = PolicySource { syntax: sign.syntax, ..source };
        if has_conftest && (package == Some(true) || is_helper) {
            split.conftest.push(legacy::readable(source.clone()));
        }
        // Helpers of conftest's policies alone need not be what Flinkgate's own may be.
        let is_own = package == Some(false)
            || (package.is_none() && (has_own || !has_conftest))
                && (sign.syntax == Syntax::V1 || !has_conftest);
        if is_own {
            let syntax = Syntax::V1;
            split.own.push(PolicySource { syntax, ..source });
        }
    }
    Ok(split)
}

/// Refuses policies of conftest where they would not be evaluated.
///
/// # Errors
/// For each of them.
pub fn only_own(sources: Vec<PolicySource>) -> Result<Vec<PolicySource>, PolicyError> {
    let split = split(sources, Dialect::Auto, &Namespaces::Main)?;
    let own: BTreeSet<&str> = split.own.iter().map(|source| source.path.as_str()).collect();
    let others = split.conftest.iter().filter(|it| !own.contains(it.path.as_str()));
    let problems: Vec<PolicyProblem> = others
        .filter(|source| !source.is_test())
        .map(|source| PolicyProblem::of_file(&source.path, ONLY_LINT))
        .collect();
    if problems.is_empty() { Ok(split.own) } else { Err(PolicyError::Rejected(problems)) }
}

const ONLY_LINT: &str = "this policy is written for conftest, which only `flinkgate lint` and \
                         `flinkgate test` run: leave it out here, or rewrite it for Flinkgate's \
                         `input`";

fn signs(source: &PolicySource, dialect: Dialect, namespaces: &Namespaces) -> Signs {
    let is_built_in = library::name(Path::new(&source.path)).is_some();
    if is_built_in || source.path.starts_with(flink_policy::PREFIX) || rule::names_itself(source) {
        return Signs {
            package: package(&source.text),
            is_own: true,
            is_conftest: false,
            has_rules: true,
            syntax: Syntax::V1,
        };
    }
    let (syntax, module) = compile::syntax(source);
    let Some(module) = module else {
        // What cannot be parsed is refused by whom it is given to.
        let is_conftest = dialect == Dialect::Conftest || syntax == Syntax::V0;
        return Signs {
            package: package(&source.text),
            is_own: false,
            is_conftest,
            has_rules: true,
            syntax,
        };
    };
    let package = module.package.join(".");
    let names = || module.definitions.iter().map(|definition| definition.name.as_str());
    let has_rules = names().any(|name| verdicts::level(name).is_some() || name == "info");
    let is_own = dialect == Dialect::Auto && reads_own(&module);
    let is_conftest = !is_own
        && (dialect == Dialect::Conftest
            || (has_rules && syntax == Syntax::V0)
            || names().any(verdicts::is_only_conftests)
            || (has_rules && namespaces.name(&package))
            || (has_rules && package == "main" && !module.inputs.is_empty()));
    Signs { package, is_own, is_conftest, has_rules, syntax }
}

fn reads_own(module: &ModuleFacts) -> bool {
    let firsts = module.inputs.iter().filter_map(|read| read.pattern.first()?.as_deref());
    firsts.into_iter().any(|first| OWN_FIELDS.contains(&first))
}

/// The package of a file that is not parsed.
fn package(text: &str) -> String {
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix("package "));
    line.map(|rest| rest.split('#').next().unwrap_or_default().trim().to_owned())
        .unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    /// The paths that are Flinkgate's own, and those that are conftest's.
    fn sorted(files: &[(&str, &str)], dialect: Dialect, namespaces: &Namespaces) -> String {
        let source = |(path, text): &(&str, &str)| PolicySource {
            path: (*path).into(),
            text: (*text).into(),
            ..PolicySource::default()
        };
        let split = super::split(files.iter().map(source).collect(), dialect, namespaces).unwrap();
        let names = |sources: &[PolicySource]| {
            sources.iter().map(|source| source.path.as_str()).collect::<Vec<_>>().join(" ")
        };
        format!("{} | {}", names(&split.own), names(&split.conftest))
    }

    #[test]
    fn a_package_tells_whose_it_is() {
        let main = Namespaces::Main;
        for (text, expected) in [
            ("package main\ndeny contains \"x\" if input.kind == \"Pod\"\n", " | a"),
            ("package main\ndeny contains \"x\" if input.object.kind == \"Pod\"\n", "a | "),
            ("package other\ndeny contains \"x\" if input.kind == \"Pod\"\n", "a | "),
            ("package other\ndeny[\"x\"] { input.kind == \"Pod\" }\n", " | a"),
            ("package other\nviolation contains {\"msg\": \"x\"} if input.kind\n", " | a"),
            ("package other\ndeny_x contains \"x\" if input.flink.mode\n", "a | "),
            ("package other\nexception contains [\"x\"] if input.kind\n", " | a"),
            (
                "# METADATA\n# custom: {id: user/x}\npackage main\ndeny contains \"x\" if input.kind\n",
                "a | ",
            ),
            ("package helpers\nf(x) := x\n", "a | "),
            ("package broken\ndeny[x] { ] }\n", " | a"),
            ("package broken\ndeny contains x if { ] }\n", "a | "),
        ] {
            assert_eq!(sorted(&[("a", text)], Dialect::Auto, &main), expected, "{text}");
        }
        let text = "package other\ndeny contains \"x\" if input.kind == \"Pod\"\n";
        let named = Namespaces::Named(vec!["o?he*".into()]);
        assert_eq!(sorted(&[("a", text)], Dialect::Auto, &named), " | a");
        assert_eq!(sorted(&[("a", text)], Dialect::Conftest, &main), " | a");
        assert_eq!(sorted(&[("a", text)], Dialect::Flinkgate, &main), "a | ");
    }

    #[test]
    fn helpers_come_with_both() {
        let own = ("own", "package own\ndeny contains \"x\" if input.object.kind\n");
        let other = ("other", "package main\ndeny[\"x\"] { input.kind }\n");
        let (new, old) =
            (("new", "package lib\nf(x) := x\n"), ("old", "package lib\ng(x) { x }\n"));
        let main = Namespaces::Main;
        assert_eq!(
            sorted(&[own, other, new, old], Dialect::Auto, &main),
            "own new | other new old"
        );
        assert_eq!(sorted(&[other, new, old], Dialect::Auto, &main), " | other new old");
    }

    #[test]
    fn patterns_of_namespaces_are_matched_as_a_whole() {
        for (pattern, text, expected) in [
            ("main", "main", true),
            ("main", "main.gke", false),
            ("main.*", "main.gke.a", true),
            ("*", "x", true),
            ("a?c*", "abcd", true),
            ("*a*b", "xaxaxb", true),
            ("*a*b", "xaxaxbx", false),
            ("", "", true),
        ] {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }
}
