//! Why a test failed: the first expression of its body that is not true, and what its parts are.
//!
//! The interpreter says only that a test is undefined. So the body is evaluated again, a statement
//! longer each time, in rules that are added to the test's package.

use super::syntax::{chain, rego_path};
use regorus::unstable::{Expr, Literal, LiteralStmt, Module, Ref, Rule, RuleHead};
use regorus::{Engine, Value};
use std::fmt::Write as _;

/// Longest value that is shown, in letters.
const LONGEST: usize = 200;

/// The rules that are added.
const PROBE: &str = "flinkgate_probe_";
/// The variable that holds a value.
const VARIABLE: &str = "flinkgate_value";

/// The explanation of a test that is undefined; `None` where it cannot be found out.
pub(super) fn explain(engine: &Engine, package: &[String], name: &str) -> Option<String> {
    let mut engine = engine.clone();
    let modules = engine.get_modules().clone();
    let (module, body) = modules.iter().find_map(|module| {
        let own = chain(&module.package.refr)?.constant_prefix();
        (own == package).then(|| Some((module, body(module, name)?))).flatten()
    })?;
    let contents = module.package.span.source.contents();
    let text = |from: u32, to: u32| contents.get(from as usize..to as usize).unwrap_or_default();
    let statement = |one: &LiteralStmt| text(one.span.start, one.span.end).to_owned();
    let first = module.policy.iter().map(|rule| rule.span().start).min()?;
    let header = text(0, first);
    let keyword = if module.rego_v1 { "if " } else { "" };

    let mut probes = header.to_owned() + "\n";
    for length in 1..=body.len() {
        let statements: Vec<String> = body.iter().take(length).map(statement).collect();
        let _ = writeln!(probes, "{PROBE}{length} {keyword}{{\n{}\n}}", statements.join("\n"));
    }
    let path = |name: String| {
        rego_path(package.iter().map(String::as_str).chain(std::iter::once(name.as_str())))
    };
    let mut probing = with(&engine, &probes, module.rego_v1)?;
    let failed = (1..=body.len()).find(|length| {
        let value = probing.eval_rule(path(format!("{PROBE}{length}")));
        !matches!(value, Ok(Value::Bool(true)))
    })?;
    let statements = body.get(..failed)?;
    let (last, before) = statements.split_last()?;
    let mut out = format!("line {}: `{}` is not true", last.span.line, flat(&statement(last)));

    let before: Vec<String> = before.iter().map(statement).collect();
    let modifiers = last.with_mods.first().map(|first| text(first.span.start, last.span.end));
    for part in parts(&last.literal) {
        let span = part.span();
        let shown = text(start(part), span.end);
        let query = format!("{VARIABLE} := {shown} {}", modifiers.unwrap_or_default());
        let all = before.iter().chain([&query]).cloned().collect::<Vec<_>>().join("\n");
        let probe = format!("{header}\n{PROBE}part := [{VARIABLE} |\n{all}\n]\n");
        let value = with(&engine, &probe, module.rego_v1)
            .and_then(|mut engine| engine.eval_rule(path(format!("{PROBE}part"))).ok());
        let value = match value {
            Some(Value::Array(values)) => values.iter().next().cloned(),
            _ => None,
        };
        let value = value.map_or_else(|| "undefined".to_owned(), |value| short(&value));
        let _ = write!(out, "\n{} is {value}", flat(shown));
    }
    Some(out)
}

/// The statements of a rule's first body.
fn body<'m>(module: &'m Ref<Module>, name: &str) -> Option<&'m [LiteralStmt]> {
    let rules = module.policy.iter();
    let mut bodies = rules.filter_map(|rule| match rule.as_ref() {
        Rule::Spec { head: RuleHead::Compr { refr, .. }, bodies, .. }
            if chain(refr).is_some_and(|chain| chain.constant_prefix().join(".") == name) =>
        {
            bodies.first().map(|body| body.query.stmts.as_slice())
        }
        _ => None,
    });
    bodies.next()
}

/// The same policies with more rules.
fn with(engine: &Engine, rules: &str, is_v1: bool) -> Option<Engine> {
    let mut engine = engine.clone();
    engine.set_rego_v0(!is_v1);
    engine.add_policy("flinkgate_probe.rego".to_owned(), rules.to_owned()).ok()?;
    Some(engine)
}

/// The parts of a statement whose values say why it is not true.
fn parts(literal: &Literal) -> Vec<&Ref<Expr>> {
    let expr = match literal {
        Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => expr,
        Literal::SomeIn { collection, .. } => return vec![collection],
        Literal::Every { domain, .. } => return vec![domain],
        Literal::SomeVars { .. } => return Vec::new(),
    };
    let parts: Vec<&Ref<Expr>> = match expr.as_ref() {
        Expr::BoolExpr { lhs, rhs, .. } => vec![lhs, rhs],
        Expr::AssignExpr { rhs, .. } => vec![rhs],
        Expr::Membership { value, collection, .. } => vec![value, collection],
        Expr::Call { params, .. } => params.iter().collect(),
        _ => vec![expr],
    };
    let is_known = |part: &Ref<Expr>| {
        matches!(
            part.as_ref(),
            Expr::String { .. }
                | Expr::RawString { .. }
                | Expr::Number { .. }
                | Expr::Bool { .. }
                | Expr::Null { .. }
        )
    };
    parts.into_iter().filter(|part| !is_known(part)).collect()
}

/// Where an expression begins: a reference's span may begin at its last part.
fn start(expr: &Ref<Expr>) -> u32 {
    let root = chain(expr).map(|chain| chain.span.start);
    root.unwrap_or(expr.span().start).min(expr.span().start)
}

/// On one line.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
