//! Pieces of Rego's syntax tree taken apart: references, and the names that queries and patterns
//! declare.

use super::error::PolicyProblem;
use regorus::unstable::{AssignOp, Expr, Literal, Query, Ref, Span};

/// A path below `data` or `input`; `None` stands for a part known only at run time.
pub(super) type Pattern = Vec<Option<String>>;

/// `root.a["b"][c]` taken apart.
pub(super) struct Chain<'a> {
    pub(super) root: &'a str,
    pub(super) span: &'a Span,
    pub(super) parts: Pattern,
    pub(super) indexes: Vec<&'a Ref<Expr>>,
}

impl Chain<'_> {
    pub(super) fn constant_prefix(&self) -> Vec<String> {
        let parts = self.parts.iter().map_while(Clone::clone);
        std::iter::once(self.root.to_owned()).chain(parts).collect()
    }
}

/// Takes a reference apart; `None` where it hangs on something that is not a name.
pub(super) fn chain(expr: &Ref<Expr>) -> Option<Chain<'_>> {
    let (mut parts, mut indexes, mut current) = (Vec::new(), Vec::new(), expr);
    loop {
        match current.as_ref() {
            Expr::Var { span, .. } => {
                parts.reverse();
                return Some(Chain { root: span.text(), span, parts, indexes });
            }
            Expr::RefDot { refr, field, .. } => {
                parts.push(Some(field.0.text().to_owned()));
                current = refr;
            }
            Expr::RefBrack { refr, index, .. } => {
                match index.as_ref() {
                    Expr::String { value, .. } | Expr::RawString { value, .. } => {
                        parts.push(value.as_string().ok().map(|text| text.to_string()));
                    }
                    _ => {
                        parts.push(None);
                        indexes.push(index);
                    }
                }
                current = refr;
            }
            _ => return None,
        }
    }
}

/// Names that one statement declares.
pub(super) struct Declaration<'a> {
    pub(super) names: Vec<String>,
    /// What gives the one name its value.
    pub(super) source: Option<ValueSource<'a>>,
}

/// Where a variable's value comes from.
#[derive(Clone, Copy)]
pub(super) enum ValueSource<'a> {
    /// `x := expression`
    Expression(&'a Ref<Expr>),
    /// `some x in collection`
    ElementOf(&'a Ref<Expr>),
}

impl<'a> Declaration<'a> {
    fn of(pattern: &Ref<Expr>, source: ValueSource<'a>) -> Self {
        let mut names = Vec::new();
        variables(pattern, &mut names);
        let is_one = matches!(pattern.as_ref(), Expr::Var { .. });
        Self { names, source: is_one.then_some(source) }
    }
}

/// What the statements of one query declare: `some x`, `some x in …`, `x := …`.
pub(super) fn declarations(query: &Ref<Query>) -> Vec<Declaration<'_>> {
    let mut found = Vec::new();
    for statement in &query.stmts {
        match &statement.literal {
            Literal::SomeVars { vars, .. } => {
                let names = vars.iter().map(|span| span.text().to_owned()).collect();
                found.push(Declaration { names, source: None });
            }
            Literal::SomeIn { key, value, collection, .. } => {
                found.push(Declaration::of(value, ValueSource::ElementOf(collection)));
                if let Some(key) = key {
                    let key = Declaration::of(key, ValueSource::ElementOf(collection));
                    found.push(Declaration { source: None, ..key });
                }
            }
            Literal::Expr { expr, .. } => {
                if let Expr::AssignExpr { op: AssignOp::ColEq, lhs, rhs, .. } = expr.as_ref() {
                    found.push(Declaration::of(lhs, ValueSource::Expression(rhs)));
                }
            }
            _ => {}
        }
    }
    found
}

/// Variables of a pattern such as `[a, {"k": b}]`; regorus' parser keeps such nesting below 32.
pub(super) fn variables(expr: &Ref<Expr>, names: &mut Vec<String>) {
    match expr.as_ref() {
        Expr::Var { span, .. } => names.push(span.text().to_owned()),
        Expr::Array { items, .. } => items.iter().for_each(|item| variables(item, names)),
        Expr::Object { fields, .. } => {
            fields.iter().for_each(|(_, _, value)| variables(value, names))
        }
        _ => {}
    }
}

/// A problem where a piece of syntax stands.
pub(super) fn at(span: &Span, message: String) -> PolicyProblem {
    PolicyProblem {
        file: span.source.file().clone(),
        line: span.line as usize,
        column: span.col as usize,
        message,
    }
}

/// `data.a["b-c"].deny`, as regorus names rules.
pub(super) fn rego_path<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    parts.fold(String::from("data"), |path, part| {
        let mut bytes = part.bytes();
        let plain = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if plain {
            format!("{path}.{part}")
        } else {
            format!("{path}[{}]", serde_json::Value::from(part))
        }
    })
}
