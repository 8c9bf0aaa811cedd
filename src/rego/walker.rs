//! Collects the [references](super::references) of a module in one walk over its syntax tree:
//! regorus neither refuses recursion nor reports what a policy reads. Names that a body or a
//! comprehension declares hide rules of the same name; where scoping is unclear, a reference counts.

use super::compat::{self, Call, Hoisted, hoisted};
use super::error::PolicyProblem;
use super::references::{Definition, ImportedName, ModuleFacts, Reference};
use super::syntax::{Chain, Pattern, ValueSource, at, chain, declarations, rego_path, variables};
use regorus::unstable::{Expr, Literal, Module, Query, Ref, Rule, RuleAssign, RuleHead};
use std::collections::{BTreeMap, HashMap};

/// How deep expressions may nest: real policies stay below 20, and regorus' compiler recurses on
/// them.
const MAX_DEPTH: usize = 200;

/// What one module defines and reads.
pub(super) fn module_facts(module: &Module) -> ModuleFacts {
    let package =
        chain(&module.package.refr).map(|chain| chain.constant_prefix()).unwrap_or_default();
    let mut imports = HashMap::new();
    for import in &module.imports {
        if let Some(chain) =
            chain(&import.refr).filter(|chain| matches!(chain.root, "data" | "input"))
        {
            let alias = import.r#as.as_ref().map(|span| span.text().to_owned());
            if let Some(alias) = alias
                .or_else(|| chain.parts.last().cloned().flatten())
                .or_else(|| Some(chain.root.to_owned()))
            {
                imports.insert(alias, (chain.root == "input", chain.parts));
            }
        }
    }
    let mut walker = Walker::new(&package, imports);
    let definitions: Vec<Definition> =
        module.policy.iter().map(|rule| walker.definition(rule)).collect();
    let Walker { inputs, problems, imported, mut calls, negated, statements, .. } = walker;
    // A function that the module defines takes precedence over OPA's.
    calls.retain(|_, call| !definitions.iter().any(|one| one.name == call.name));
    ModuleFacts { definitions, inputs, problems, imported, calls, negated, statements, package }
}

/// A name that a query, a pattern or a function's head declares.
struct Local {
    name: String,
    /// The place below `input` that it stands for, where that is known.
    input: Option<Pattern>,
}

pub(super) struct Walker<'a> {
    package: &'a [String],
    imports: HashMap<String, (bool, Pattern)>,
    scopes: Vec<Vec<Local>>,
    references: Vec<Reference>,
    pub inputs: Vec<Reference>,
    pub problems: Vec<PolicyProblem>,
    pub imported: BTreeMap<usize, ImportedName>,
    calls: BTreeMap<usize, Call>,
    negated: BTreeMap<usize, Vec<Hoisted>>,
    statements: BTreeMap<usize, compat::Statement>,
    depth: usize,
}

impl<'a> Walker<'a> {
    /// A walk over a module of this package with these imports: alias, whether it is of `input`,
    /// and the path.
    pub(super) fn new(package: &'a [String], imports: HashMap<String, (bool, Pattern)>) -> Self {
        Self {
            package,
            imports,
            scopes: Vec::new(),
            references: Vec::new(),
            inputs: Vec::new(),
            problems: Vec::new(),
            imported: BTreeMap::new(),
            calls: BTreeMap::new(),
            negated: BTreeMap::new(),
            statements: BTreeMap::new(),
            depth: 0,
        }
    }

    /// One definition, and what it refers to.
    pub(super) fn definition(&mut self, rule: &Ref<Rule>) -> Definition {
        let (head, is_function) = match rule.as_ref() {
            Rule::Spec {
                head: RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. }, ..
            } => (refr, false),
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
                self.scopes
                    .push(declared.into_iter().map(|name| Local { name, input: None }).collect());
                // The head's value is computed in the scope of its body.
                self.scopes.push(Vec::new());
                bodies.iter().for_each(|body| self.declare(&body.query));
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

    /// Adds the names that a query declares to the innermost scope.
    fn declare(&mut self, query: &Ref<Query>) {
        for declaration in declarations(query) {
            let input = declaration.source.and_then(|source| self.value(source));
            for name in declaration.names {
                let Some(scope) = self.scopes.last_mut() else { return };
                match scope.iter_mut().find(|local| local.name == name) {
                    // In two bodies of one rule a name may stand for two places.
                    Some(local) if local.input != input => local.input = None,
                    Some(_) => {}
                    None => scope.push(Local { name, input: input.clone() }),
                }
            }
        }
    }

    /// The place below `input` that a variable stands for.
    fn value(&self, source: ValueSource<'_>) -> Option<Pattern> {
        match source {
            ValueSource::Expression(expr) => self.input_place(&chain(expr)?),
            ValueSource::ElementOf(expr) => {
                let mut place = self.input_place(&chain(expr)?)?;
                place.push(None);
                Some(place)
            }
        }
    }

    /// The place below `input` that a reference names.
    fn input_place(&self, chain: &Chain<'_>) -> Option<Pattern> {
        let base = match (chain.root, self.local(chain.root)) {
            ("input", _) => &[],
            (_, Some(local)) => local.input.as_deref()?,
            (name, None) => match self.imports.get(name) {
                Some((true, base)) => base.as_slice(),
                _ => return None,
            },
        };
        Some(base.iter().chain(&chain.parts).cloned().collect())
    }

    fn local(&self, name: &str) -> Option<&Local> {
        self.scopes.iter().rev().flatten().find(|local| local.name == name)
    }

    fn query(&mut self, query: &Ref<Query>) {
        self.scopes.push(Vec::new());
        self.declare(query);
        for statement in &query.stmts {
            self.statements.extend(compat::statement(statement));
            match &statement.literal {
                Literal::SomeVars { .. } => {}
                Literal::SomeIn { key, value, collection, .. } => {
                    key.iter().chain([value, collection]).for_each(|expr| self.expr(expr));
                }
                Literal::Expr { expr, .. } => self.expr(expr),
                Literal::NotExpr { expr, .. } => {
                    if let Expr::Call { span, params, .. } = expr.as_ref() {
                        let text = span.source.contents();
                        // A name that is no variable is a rule's, if it is any.
                        let is_rule = |name: &str| name != "_" && self.local(name).is_none();
                        let hoisted = hoisted(text, span, params, is_rule);
                        if !hoisted.is_empty() {
                            self.negated.insert(statement.span.start as usize, hoisted);
                        }
                    }
                    self.expr(expr);
                }
                Literal::Every { key, value, domain, query, .. } => {
                    self.expr(domain);
                    let element = self.value(ValueSource::ElementOf(domain));
                    let local = |name: &str, input| Local { name: name.to_owned(), input };
                    let key = key.iter().map(|span| local(span.text(), None));
                    let names = key.chain([local(value.text(), element)]).collect();
                    self.scopes.push(names);
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
        self.scopes.push(Vec::new());
        self.declare(query);
        terms.iter().for_each(|term| self.expr(term));
        self.scopes.pop();
        self.query(query);
    }

    fn expr(&mut self, expr: &Ref<Expr>) {
        if self.depth >= MAX_DEPTH {
            if self.problems.is_empty() {
                self.problems.push(at(
                    expr.span(),
                    format!("the expression nests more than {MAX_DEPTH} deep: split it into rules"),
                ));
            }
            return;
        }
        self.depth += 1;
        self.expr_within_depth(expr);
        self.depth -= 1;
    }

    fn expr_within_depth(&mut self, expr: &Ref<Expr>) {
        match expr.as_ref() {
            Expr::String { .. }
            | Expr::RawString { .. }
            | Expr::Number { .. }
            | Expr::Bool { .. }
            | Expr::Null { .. } => {}
            Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. } => self.reference(expr),
            Expr::Array { items, .. } | Expr::Set { items, .. } => {
                items.iter().for_each(|item| self.expr(item))
            }
            Expr::Object { fields, .. } => fields.iter().for_each(|(_, key, value)| {
                self.expr(key);
                self.expr(value);
            }),
            Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
                self.comprehension(&[term], query)
            }
            Expr::ObjectCompr { key, value, query, .. } => self.comprehension(&[key, value], query),
            Expr::Call { span, fcn, params, .. } => {
                if let Some(function) = chain(fcn).filter(|it| {
                    self.local(it.root).is_none() && !self.imports.contains_key(it.root)
                }) && let Some(call) = Call::of(&function, span, params)
                {
                    self.calls.insert(function.span.start as usize, call);
                }
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
            self.problems.push(at(
                chain.span,
                "unknown function __builtin_host_await: policies cannot wait for the host".into(),
            ));
        }
        if let Some(pattern) = self.input_place(&chain) {
            self.inputs.push(Reference { pattern, package: None, place });
        }
        match chain.root {
            "input" => {}
            "data" => {
                self.references.push(Reference { pattern: chain.parts, package: None, place })
            }
            name if self.local(name).is_some() => {}
            name => {
                if let Some((false, base)) = self.imports.get(name) {
                    let pattern = base.iter().chain(&chain.parts).cloned().collect();
                    self.references.push(Reference { pattern, package: None, place });
                    let path = rego_path(base.iter().flatten().map(String::as_str));
                    let (line, column) = place;
                    self.imported.insert(
                        chain.span.start as usize,
                        ImportedName { end: chain.span.end as usize, line, column, path },
                    );
                }
                let own = self
                    .package
                    .iter()
                    .cloned()
                    .chain([name.to_owned()])
                    .map(Some)
                    .chain(chain.parts)
                    .collect();
                self.references.push(Reference {
                    pattern: own,
                    package: Some(self.package.len()),
                    place,
                });
            }
        }
    }
}
