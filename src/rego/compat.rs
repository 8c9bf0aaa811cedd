//! Policies of other tools as regorus' virtual machine takes them: what OPA knows and the machine
//! does not is written in other words before it is compiled.
//!
//! - `print(…)` and `trace(…)` become `true`: what a policy prints is shown by `flinkgate test` and
//!   `flinkgate eval`, not while files are checked.
//! - `walk(x, [path, value])` becomes `all = walk(x); [path, value] = all[_]`. The machine's compiler
//!   refuses the name `walk`, so `trace` is written, and the program calls `walk`: see
//!   [`builtins::walk`](super::builtins::walk).
//! - `x := y.z` gets `x == x`: the machine goes on where `y.z` is undefined.
//! - `some x in y[_].z` becomes `x := y[_].z[_]`.
//! - `not f(x.y)` becomes `z = x.y; not f(z)`, as OPA reads it: where `x.y` is undefined, so is the
//!   whole, and where it has several values, one that `f` is not true for is enough.
//! - Functions that OPA keeps for old policies, such as `all` and `re_match`, are defined in
//!   [`MODULE`].

use super::references::{ImportedName, ModuleFacts};
use super::source::PolicySource;
use super::syntax::{Chain, chain};
use regorus::unstable::{AssignOp, Expr, Literal, LiteralStmt, Ref, Span};
use std::collections::BTreeMap;

/// Package of the functions in [`MODULE`].
const PACKAGE: &str = "flinkgate_compat";

/// Functions that OPA removed from Rego v1 and still has for v0.
const MODULE: &str = r#"package flinkgate_compat

all(items) := count([1 | some item in items; item != true]) == 0

any(items) := count([1 | some item in items; item == true]) > 0

re_match(pattern, value) := regex.match(pattern, value)

set_diff(a, b) := a - b

cast_array(x) := x if is_array(x)

cast_array(x) := [y | some y in x] if is_set(x)

cast_set(x) := x if is_set(x)

cast_set(x) := {y | some y in x} if is_array(x)

cast_string(x) := x if is_string(x)

cast_boolean(x) := x if is_boolean(x)

cast_null(x) := x if is_null(x)

cast_object(x) := x if is_object(x)
"#;

/// The functions of [`MODULE`].
const FUNCTIONS: [&str; 10] = [
    "all",
    "any",
    "re_match",
    "set_diff",
    "cast_array",
    "cast_set",
    "cast_string",
    "cast_boolean",
    "cast_null",
    "cast_object",
];

/// Functions whose calls are replaced.
const REPLACED: [&str; 3] = ["print", "trace", "walk"];

/// A call of a function that the virtual machine lacks.
#[derive(Debug)]
pub(super) struct Call {
    /// The function.
    pub name: String,
    /// Where the name ends in the text, in bytes.
    name_end: usize,
    /// Where the call ends.
    end: usize,
    /// Where its two arguments begin; only of `walk`.
    arguments: Option<(usize, usize)>,
}

impl Call {
    /// The call, if it has to be written in other words.
    pub(super) fn of(function: &Chain<'_>, span: &Span, params: &[Ref<Expr>]) -> Option<Self> {
        let name = function.root;
        let is_plain = function.parts.is_empty();
        let arguments = match params {
            [of, pattern] if name == "walk" => Some((start(of), start(pattern))),
            _ => None,
        };
        let is_other = REPLACED.contains(&name) || FUNCTIONS.contains(&name);
        (is_plain && is_other).then(|| Self {
            name: name.to_owned(),
            name_end: function.span.end as usize,
            end: span.end as usize,
            arguments,
        })
    }
}

/// A statement that is written otherwise.
#[derive(Debug)]
pub(super) enum Statement {
    /// `some key, value in collection`, whose collection is several: where each is.
    Elements { key: Option<(usize, usize)>, value: (usize, usize), collection: (usize, usize) },
    /// A check that this variable, which the statement before assigns, is defined.
    IsDefined(String),
}

/// A statement that has to be written otherwise, by its place.
pub(super) fn statement(statement: &LiteralStmt) -> Option<(usize, Statement)> {
    let (begin, end) = (statement.span.start as usize, statement.span.end as usize);
    match &statement.literal {
        Literal::SomeIn { key, value, collection, .. } if statement.with_mods.is_empty() => {
            let is_several = chain(collection).is_some_and(|chain| !chain.indexes.is_empty());
            let text = statement.span.source.contents();
            let before = |from: usize, to: usize, word: &str| {
                let slice = text.get(from..to)?.trim_end().strip_suffix(word)?.trim_end();
                Some((from, from + slice.len()))
            };
            let (value, collection) = (start(value), start(collection));
            let key = match key {
                Some(key) => Some(before(start(key), value, ",")?),
                None => None,
            };
            let value = before(value, collection, "in")?;
            let collection = (collection, end);
            is_several.then_some((begin, Statement::Elements { key, value, collection }))
        }
        Literal::Expr { expr, .. } => match expr.as_ref() {
            Expr::AssignExpr { op: AssignOp::ColEq, lhs, rhs, .. } => {
                let may_be_undefined = matches!(
                    rhs.as_ref(),
                    Expr::Var { .. }
                        | Expr::RefDot { .. }
                        | Expr::RefBrack { .. }
                        | Expr::Call { .. }
                        | Expr::ArithExpr { .. }
                        | Expr::BinExpr { .. }
                        | Expr::UnaryExpr { .. }
                );
                match lhs.as_ref() {
                    Expr::Var { span, .. } if may_be_undefined && span.text() != "_" => {
                        Some((end, Statement::IsDefined(span.text().to_owned())))
                    }
                    _ => None,
                }
            }
            _ => None,
        },
        _ => None,
    }
}

/// An argument of a negated call that OPA evaluates before the negation.
#[derive(Debug)]
pub(super) struct Hoisted {
    /// Where it begins and ends in the text, in bytes.
    start: usize,
    end: usize,
}

/// The arguments of a negated call that OPA evaluates before it: references and calls, and names of
/// rules.
pub(super) fn hoisted(
    text: &str,
    call: &Span,
    params: &[Ref<Expr>],
    is_rule: impl Fn(&str) -> bool,
) -> Vec<Hoisted> {
    let starts: Vec<usize> = params.iter().map(start).collect();
    let close = (call.end as usize).saturating_sub(1);
    let ends = starts.iter().skip(1).copied().map(|next| (next, true)).chain([(close, false)]);
    let places = params.iter().zip(&starts).zip(ends);
    let hoisted = places.filter_map(|((param, start), (end, has_comma))| {
        let is_hoisted = match param.as_ref() {
            Expr::RefDot { .. } | Expr::RefBrack { .. } | Expr::Call { .. } => true,
            Expr::Var { span, .. } => is_rule(span.text()),
            _ => false,
        };
        let slice = text.get(*start..end).filter(|_| is_hoisted)?;
        let slice = if has_comma { slice.get(..slice.rfind(',')?)? } else { slice };
        Some(Hoisted { start: *start, end: start + slice.trim_end().len() })
    });
    hoisted.collect()
}

/// Where an expression begins: a reference's span may begin at its last part.
fn start(expr: &Ref<Expr>) -> usize {
    let root = chain(expr).map(|chain| chain.span.start);
    root.unwrap_or(expr.span().start).min(expr.span().start) as usize
}

/// The text of a module with its imported names written out, and such calls in other words.
pub(super) fn for_machine(module: &ModuleFacts, text: &str) -> String {
    let arguments = module.negated.values().flatten();
    Rendering {
        text,
        imported: &module.imported,
        calls: module.calls.iter().map(|(place, call)| (*place, call)).collect(),
        negated: &module.negated,
        arguments: arguments.map(|argument| (argument.start, argument)).collect(),
        statements: &module.statements,
    }
    .text()
}

/// The text of a module with its imported names written out.
pub(super) fn without_imports(module: &ModuleFacts, text: &str) -> String {
    Rendering { text, imported: &module.imported, ..Rendering::default() }.text()
}

/// The text of a module for the interpreter, which lacks only the functions of [`MODULE`].
pub(super) fn for_interpreter(module: &ModuleFacts, text: &str) -> String {
    let calls = module.calls.iter();
    let calls = calls.filter(|(_, call)| FUNCTIONS.contains(&call.name.as_str()));
    let calls = calls.map(|(place, call)| (*place, call)).collect();
    Rendering { text, calls, ..Rendering::default() }.text()
}

/// The variable that an argument is bound to.
fn variable(argument: &Hoisted) -> String {
    format!("flinkgate_argument_{}", argument.start)
}

/// Places that have nothing to be replaced.
static NO_NAMES: BTreeMap<usize, ImportedName> = BTreeMap::new();
static NO_NEGATIONS: BTreeMap<usize, Vec<Hoisted>> = BTreeMap::new();
static NO_STATEMENTS: BTreeMap<usize, Statement> = BTreeMap::new();

struct Rendering<'a> {
    text: &'a str,
    imported: &'a BTreeMap<usize, ImportedName>,
    calls: BTreeMap<usize, &'a Call>,
    /// Negated calls, by the place of `not`.
    negated: &'a BTreeMap<usize, Vec<Hoisted>>,
    /// The arguments of negated calls that are bound before.
    arguments: BTreeMap<usize, &'a Hoisted>,
    /// Other statements.
    statements: &'a BTreeMap<usize, Statement>,
}

impl Default for Rendering<'_> {
    fn default() -> Self {
        Self {
            text: "",
            imported: &NO_NAMES,
            calls: BTreeMap::new(),
            negated: &NO_NEGATIONS,
            arguments: BTreeMap::new(),
            statements: &NO_STATEMENTS,
        }
    }
}

impl Rendering<'_> {
    fn text(&self) -> String {
        let mut out = String::with_capacity(self.text.len());
        self.render(0, self.text.len(), false, &mut out);
        out
    }

    /// Writes a part of the text. The arguments of a call are parts of it, so this recurses as deep
    /// as calls nest. An argument that is bound is written `as_argument`, and not as its variable.
    fn render(&self, start: usize, end: usize, as_argument: bool, out: &mut String) {
        let mut at = start;
        let mut after = start;
        while at < end {
            let first = |place: Option<usize>| place.unwrap_or(usize::MAX);
            let name = first(self.imported.range(at..end).next().map(|(place, _)| *place));
            let call = first(self.calls.range(at..end).next().map(|(place, _)| *place));
            let from = if as_argument { at.max(start + 1) } else { at };
            let bound = first(self.arguments.range(from..end.max(from)).next().map(|it| *it.0));
            let not = first(self.negated.range(after..end.max(after)).next().map(|it| *it.0));
            let statement =
                first(self.statements.range(after..end.max(after)).next().map(|it| *it.0));
            let place = name.min(call).min(bound).min(not).min(statement);
            if place == usize::MAX {
                out.push_str(self.slice(at, end));
                return;
            }
            out.push_str(self.slice(at, place));
            at = place;
            if let Some(other) = self.statements.get(&place).filter(|_| place == statement) {
                at = self.statement(other, place, out);
                after = place + 1;
            } else if let Some(arguments) = self.negated.get(&place).filter(|_| place == not) {
                for argument in arguments {
                    out.push_str(&format!("{} = ", variable(argument)));
                    self.render(argument.start, argument.end, true, out);
                    out.push_str("; ");
                }
                after = place + 1;
            } else if let Some(argument) = self.arguments.get(&place).filter(|_| place == bound) {
                out.push_str(&variable(argument));
                at = argument.end;
            } else if let Some(call) = self.calls.get(&place) {
                at = self.call(call, out);
            } else if let Some(name) = self.imported.get(&place) {
                out.push_str(&name.path);
                at = name.end;
            }
            after = after.max(at);
        }
    }

    /// Writes a statement otherwise, or what follows one; where the text goes on.
    fn statement(&self, statement: &Statement, place: usize, out: &mut String) -> usize {
        match statement {
            Statement::IsDefined(name) => {
                out.push_str(&format!("; {name} == {name}"));
                place
            }
            Statement::Elements { key, value, collection } => {
                out.push_str(self.slice(value.0, value.1));
                out.push_str(" = ");
                self.render(collection.0, collection.1, false, out);
                let key = key.map_or("_", |(from, to)| self.slice(from, to));
                out.push_str(&format!("[{key}]"));
                collection.1
            }
        }
    }

    /// Writes a call, or its name, in other words; where the text goes on.
    fn call(&self, call: &Call, out: &mut String) -> usize {
        if let Some((of, pattern)) = call.arguments {
            let comma = self.slice(of, pattern).rfind(',').map_or(pattern, |comma| of + comma);
            let all = format!("flinkgate_walk_{of}");
            out.push_str(&format!("{all} = trace("));
            self.render(of, comma, false, out);
            out.push_str("); ");
            self.render(pattern, call.end.saturating_sub(1), false, out);
            out.push_str(&format!(" = {all}[_]"));
            return call.end;
        }
        match call.name.as_str() {
            "walk" => {
                out.push_str("trace");
                return call.name_end;
            }
            "print" | "trace" => {
                out.push_str("true");
                return call.end;
            }
            _ => {}
        }
        out.push_str("data.");
        out.push_str(PACKAGE);
        out.push('.');
        out.push_str(&call.name);
        call.name_end
    }

    fn slice(&self, from: usize, to: usize) -> &str {
        self.text.get(from..to).unwrap_or_default()
    }
}

/// The module that such calls need; `None` where there is none of them.
pub(super) fn module(modules: &[ModuleFacts]) -> Option<PolicySource> {
    let mut calls = modules.iter().flat_map(|module| module.calls.values());
    calls.any(|call| FUNCTIONS.contains(&call.name.as_str())).then(|| PolicySource {
        path: "flinkgate_compat.rego".into(),
        text: MODULE.into(),
        ..PolicySource::default()
    })
}
