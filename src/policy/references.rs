//! What the rules of a Rego module refer to: other rules, and `input`.
//!
//! regorus neither refuses recursion nor tells what a policy reads, so this walks its syntax tree once. Names that a
//! body or a comprehension declares hide rules of the same name; where scoping is unclear a reference is counted.

use super::compile::rego_path;
use super::error::PolicyProblem;
use super::syntax::{at, chain, declarations, variables};
use regorus::unstable::{Expr, Literal, Module, Query, Ref, Rule, RuleAssign, RuleHead};
use std::collections::{BTreeMap, HashMap};

/// How deep expressions may nest: real policies stay below 20, and regorus' compiler recurses on them.
const MAX_DEPTH: usize = 200;

/// A path below `data` or `input`; `None` stands for a part known only at run time.
pub(super) type Pattern = Vec<Option<String>>;

/// One definition of one rule or function.
#[derive(Debug)]
pub(super) struct Definition {
    /// Package and name, without `data`.
    pub path: Vec<String>,
    /// The name alone, as far as it is constant.
    pub name: String,
    /// Whether it takes arguments.
    pub is_function: bool,
    /// File, line and column of the head.
    pub place: PolicyProblem,
    /// What it refers to below `data`, with the place.
    pub references: Vec<Reference>,
}

/// One mention of something below `data`.
#[derive(Debug)]
pub(super) struct Reference {
    /// What is meant.
    pub pattern: Pattern,
    /// Whether it was written without `data`: then only rules of its own package are meant.
    pub package: Option<usize>,
    /// Line and column.
    pub place: (usize, usize),
}

/// One file's definitions.
#[derive(Debug)]
pub(super) struct ModuleFacts {
    /// Package path, without `data`.
    pub package: Vec<String>,
    /// Rules and functions, a definition each.
    pub definitions: Vec<Definition>,
    /// What is read below `input`.
    pub inputs: Vec<Pattern>,
    /// What this walk itself refuses.
    pub problems: Vec<PolicyProblem>,
    /// Uses of imported packages, by their place in the text.
    imported: BTreeMap<usize, ImportedName>,
}

/// A name that stands for an imported path below `data`.
#[derive(Debug)]
struct ImportedName {
    end: usize,
    line: usize,
    column: usize,
    path: String,
}

impl ModuleFacts {
    /// The text with imported names written out: `pods.judged` becomes `data.lib.pods.judged`.
    ///
    /// For an imported name regorus' virtual machine first evaluates the whole package and then picks the rule, and in
    /// suspendable mode it gets nothing that way: the condition would silently never hold.
    pub(super) fn without_imports(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for (&start, name) in self.imported.iter().rev() {
            if text.get(start..name.end).is_some() {
                out.replace_range(start..name.end, &name.path);
            }
        }
        out
    }

    /// The column in the file of a column in the text that [`Self::without_imports`] made.
    pub(super) fn original_column(&self, line: usize, column: usize) -> usize {
        let names = self.imported.iter().filter(|(_, name)| name.line == line);
        names
            .fold((0, column), |(grown, result), (&start, name)| {
                let growth = name.path.len().saturating_sub(name.end - start);
                if column > name.column + grown {
                    (grown + growth, result.saturating_sub(growth).max(name.column))
                } else {
                    (grown, result)
                }
            })
            .1
    }

    pub(super) fn of(module: &Module) -> Self {
        let package = chain(&module.package.refr).map(|chain| chain.constant_prefix()).unwrap_or_default();
        let mut imports = HashMap::new();
        for import in &module.imports {
            if let Some(chain) = chain(&import.refr).filter(|chain| matches!(chain.root, "data" | "input")) {
                let alias = import.r#as.as_ref().map(|span| span.text().to_owned());
                if let Some(alias) = alias.or_else(|| chain.parts.last().cloned().flatten()).or_else(|| Some(chain.root.to_owned())) {
                    imports.insert(alias, (chain.root == "input", chain.parts));
                }
            }
        }
        let mut walker = Walker {
            package: &package,
            imports,
            scopes: Vec::new(),
            references: Vec::new(),
            inputs: Vec::new(),
            problems: Vec::new(),
            imported: BTreeMap::new(),
            depth: 0,
        };
        let definitions: Vec<Definition> = module.policy.iter().map(|rule| walker.definition(rule)).collect();
        let (inputs, problems, imported) = (walker.inputs, walker.problems, walker.imported);
        Self { definitions, inputs, problems, imported, package }
    }
}

struct Walker<'a> {
    package: &'a [String],
    imports: HashMap<String, (bool, Pattern)>,
    scopes: Vec<Vec<String>>,
    references: Vec<Reference>,
    inputs: Vec<Pattern>,
    problems: Vec<PolicyProblem>,
    imported: BTreeMap<usize, ImportedName>,
    depth: usize,
}

impl Walker<'_> {
    fn definition(&mut self, rule: &Ref<Rule>) -> Definition {
        let (head, is_function) = match rule.as_ref() {
            Rule::Spec { head: RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. }, .. } => (refr, false),
            Rule::Spec { head: RuleHead::Func { refr, .. }, .. } => (refr, true),
            Rule::Default { refr, args, .. } => (refr, !args.is_empty()),
        };
        let names = chain(head).map(|chain| chain.constant_prefix()).unwrap_or_default();
        let mut declared = Vec::new();
        match rule.as_ref() {
            Rule::Spec { head, bodies, .. } => {
                if let RuleHead::Func { args, .. } = head {
                    args.iter().for_each(|arg| variables(arg, &mut declared));
                }
                self.scopes.push(declared);
                // The head's value is computed in the scope of its body.
                self.scopes.push(bodies.iter().flat_map(|body| declarations(&body.query)).collect());
                self.head(head);
                for body in bodies {
                    self.assign(body.assign.as_ref());
                    self.query(&body.query);
                }
                self.scopes.clear();
            }
            Rule::Default { value, .. } => self.expr(value),
        }
        let span = rule.span();
        Definition {
            path: self.package.iter().chain(&names).cloned().collect(),
            name: names.join("."),
            is_function,
            place: at(span, String::new()),
            references: std::mem::take(&mut self.references),
        }
    }

    fn head(&mut self, head: &RuleHead) {
        let (refr, key, assign) = match head {
            RuleHead::Compr { refr, assign, .. } => (refr, None, assign.as_ref()),
            RuleHead::Set { refr, key, .. } => (refr, key.as_ref(), None),
            RuleHead::Func { refr, assign, .. } => (refr, None, assign.as_ref()),
        };
        for index in chain(refr).map(|chain| chain.indexes).unwrap_or_default() {
            self.expr(index);
        }
        if let Some(key) = key {
            self.expr(key);
        }
        self.assign(assign);
    }

    fn assign(&mut self, assign: Option<&RuleAssign>) {
        if let Some(assign) = assign {
            self.expr(&assign.value);
        }
    }

    fn query(&mut self, query: &Ref<Query>) {
        self.scopes.push(declarations(query));
        for statement in &query.stmts {
            match &statement.literal {
                Literal::SomeVars { .. } => {}
                Literal::SomeIn { key, value, collection, .. } => {
                    key.iter().chain([value, collection]).for_each(|expr| self.expr(expr));
                }
                Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => self.expr(expr),
                Literal::Every { key, value, domain, query, .. } => {
                    self.expr(domain);
                    self.scopes.push(key.iter().chain([value]).map(|span| span.text().to_owned()).collect());
                    self.query(query);
                    self.scopes.pop();
                }
            }
            for with in &statement.with_mods {
                self.expr(&with.refr);
                self.expr(&with.r#as);
            }
        }
        self.scopes.pop();
    }

    fn comprehension(&mut self, terms: &[&Ref<Expr>], query: &Ref<Query>) {
        self.scopes.push(declarations(query));
        terms.iter().for_each(|term| self.expr(term));
        self.scopes.pop();
        self.query(query);
    }

    fn expr(&mut self, expr: &Ref<Expr>) {
        if self.depth >= MAX_DEPTH {
            if self.problems.is_empty() {
                self.problems.push(at(expr.span(), format!("the expression nests more than {MAX_DEPTH} deep: split it into rules")));
            }
            return;
        }
        self.depth += 1;
        self.expr_within_depth(expr);
        self.depth -= 1;
    }

    fn expr_within_depth(&mut self, expr: &Ref<Expr>) {
        match expr.as_ref() {
            Expr::String { .. } | Expr::RawString { .. } | Expr::Number { .. } | Expr::Bool { .. } | Expr::Null { .. } => {}
            Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. } => self.reference(expr),
            Expr::Array { items, .. } | Expr::Set { items, .. } => items.iter().for_each(|item| self.expr(item)),
            Expr::Object { fields, .. } => fields.iter().for_each(|(_, key, value)| {
                self.expr(key);
                self.expr(value);
            }),
            Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => self.comprehension(&[term], query),
            Expr::ObjectCompr { key, value, query, .. } => self.comprehension(&[key, value], query),
            Expr::Call { fcn, params, .. } => {
                self.reference(fcn);
                params.iter().for_each(|param| self.expr(param));
            }
            Expr::UnaryExpr { expr, .. } => self.expr(expr),
            Expr::BinExpr { lhs, rhs, .. }
            | Expr::BoolExpr { lhs, rhs, .. }
            | Expr::ArithExpr { lhs, rhs, .. }
            | Expr::AssignExpr { lhs, rhs, .. } => {
                self.expr(lhs);
                self.expr(rhs);
            }
            Expr::Membership { key, value, collection, .. } => {
                key.iter().chain([value, collection]).for_each(|expr| self.expr(expr));
            }
        }
    }

    fn reference(&mut self, expr: &Ref<Expr>) {
        let Some(chain) = chain(expr) else {
            // `f(x).y`, `[1, 2][i]`: what the brackets hold, then what the reference hangs on.
            let mut current = expr;
            while let Expr::RefDot { refr, .. } | Expr::RefBrack { refr, .. } = current.as_ref() {
                if let Expr::RefBrack { index, .. } = current.as_ref() {
                    self.expr(index);
                }
                current = refr;
            }
            self.expr(current);
            return;
        };
        for index in &chain.indexes {
            self.expr(index);
        }
        let place = (chain.span.line as usize, chain.span.col as usize);
        if chain.root == "__builtin_host_await" {
            self.problems.push(at(chain.span, "unknown function __builtin_host_await: policies cannot wait for the host".into()));
        }
        match chain.root {
            "input" => self.inputs.push(chain.parts),
            "data" => self.references.push(Reference { pattern: chain.parts, package: None, place }),
            name if self.scopes.iter().flatten().any(|local| local == name) => {}
            name => {
                if let Some((is_input, base)) = self.imports.get(name) {
                    let pattern = base.iter().chain(&chain.parts).cloned().collect();
                    if *is_input {
                        self.inputs.push(pattern);
                    } else {
                        self.references.push(Reference { pattern, package: None, place });
                        let path = rego_path(base.iter().flatten().map(String::as_str));
                        let (line, column) = place;
                        self.imported.insert(chain.span.start as usize, ImportedName { end: chain.span.end as usize, line, column, path });
                    }
                }
                let own = self.package.iter().cloned().chain([name.to_owned()]).map(Some).chain(chain.parts).collect();
                self.references.push(Reference { pattern: own, package: Some(self.package.len()), place });
            }
        }
    }
}
