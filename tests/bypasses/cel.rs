//! As much of CEL as the matchConditions use: selection, optional values, `has`, comparisons, logic.
//! An error in one side of `||` or `&&` does not matter if the other side decides.

use serde_json::Value;

/// The value of an expression: JSON, or an optional value.
#[derive(Clone, Debug, PartialEq)]
enum Term {
    Json(Value),
    Optional(Option<Value>),
}

/// Why an expression has no value: a missing field.
#[derive(Debug)]
struct Missing;

type Result<T> = std::result::Result<T, Missing>;

/// Whether a condition is true. An error is false here, as with `failurePolicy: Ignore`: the caller
/// wants every request to be asked about.
pub fn is_true(expression: &str, environment: &Value) -> bool {
    let mut parser = Parser { rest: expression, environment };
    let value = parser.ternary();
    assert_eq!(parser.rest.trim(), "", "{expression}");
    matches!(value, Ok(Term::Json(Value::Bool(true))))
}

struct Parser<'e> {
    rest: &'e str,
    environment: &'e Value,
}

impl<'e> Parser<'e> {
    fn takes(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start();
        let found = rest.strip_prefix(token);
        self.rest = found.unwrap_or(rest);
        found.is_some()
    }

    fn needs(&mut self, token: &str) {
        assert!(self.takes(token), "`{token}` is missing at `{}`", self.rest);
    }

    fn ternary(&mut self) -> Result<Term> {
        let condition = self.any();
        if !self.rest.trim_start().starts_with("?.") && self.takes("?") {
            let then = self.ternary();
            self.needs(":");
            let otherwise = self.ternary();
            return if condition? == Term::Json(true.into()) { then } else { otherwise };
        }
        condition
    }

    fn any(&mut self) -> Result<Term> {
        let mut value = self.all();
        while self.takes("||") {
            let other = self.all();
            value = decide(value, other, true);
        }
        value
    }

    fn all(&mut self) -> Result<Term> {
        let mut value = self.comparison();
        while self.takes("&&") {
            let other = self.comparison();
            value = decide(value, other, false);
        }
        value
    }

    fn comparison(&mut self) -> Result<Term> {
        let left = self.unary();
        let json = |value: bool| Ok(Term::Json(value.into()));
        if self.takes("!=") {
            let right = self.unary();
            json(left? != right?)
        } else if self.takes("==") {
            let right = self.unary();
            json(left? == right?)
        } else if self.rest.trim_start().starts_with("in ") && self.takes("in") {
            let (key, all) = (left, self.unary());
            let (Term::Json(key), Term::Json(all)) = (key?, all?) else {
                panic!("`in` needs a map or a list");
            };
            json(match all {
                Value::Array(elements) => elements.contains(&key),
                all => all.get(key.as_str().unwrap()).is_some(),
            })
        } else {
            left
        }
    }

    fn unary(&mut self) -> Result<Term> {
        if !self.rest.trim_start().starts_with("!=") && self.takes("!") {
            let Term::Json(Value::Bool(value)) = self.unary()? else { panic!("`!` of no bool") };
            return Ok(Term::Json((!value).into()));
        }
        let mut value = self.primary();
        loop {
            value = if self.takes(".?") {
                let field = self.word();
                value
                    .map(|value| Term::Optional(inner(value).and_then(|of| of.get(field).cloned())))
            } else if self.takes("[?'") {
                let field = self.until('\'');
                self.needs("]");
                value
                    .map(|value| Term::Optional(inner(value).and_then(|of| of.get(field).cloned())))
            } else if self.takes(".startsWith('") {
                let prefix = self.until('\'');
                self.needs(")");
                value.map(|value| {
                    let text = inner(value).and_then(|value| value.as_str().map(str::to_owned));
                    Term::Json(text.unwrap().starts_with(prefix).into())
                })
            } else if self.takes(".hasValue()") {
                value.map(|value| Term::Json(inner(value).is_some().into()))
            } else if self.takes(".") {
                let field = self.word();
                value.and_then(|value| {
                    let found = inner(value).and_then(|of| of.get(field).cloned());
                    found.map(Term::Json).ok_or(Missing)
                })
            } else {
                return value;
            };
        }
    }

    fn primary(&mut self) -> Result<Term> {
        if self.takes("(") {
            let value = self.ternary();
            self.needs(")");
            value
        } else if self.takes("has(") {
            let value = self.unary();
            self.needs(")");
            // An unset field does not exist in the API server's objects.
            Ok(Term::Json(matches!(value, Ok(Term::Json(value)) if !value.is_null()).into()))
        } else if self.takes("[") {
            let mut elements = Vec::new();
            while !self.takes("]") {
                self.needs("'");
                elements.push(self.until('\'').into());
                self.takes(",");
            }
            Ok(Term::Json(Value::Array(elements)))
        } else if self.takes("'") {
            Ok(Term::Json(self.until('\'').into()))
        } else if self.takes("null") {
            Ok(Term::Json(Value::Null))
        } else {
            let name = self.word();
            Ok(Term::Json(self.environment[name].clone()))
        }
    }

    fn word(&mut self) -> &'e str {
        let rest = self.rest.trim_start();
        let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(rest.len());
        assert!(end > 0, "a word is missing at `{rest}`");
        let (word, rest) = rest.split_at(end);
        self.rest = rest;
        word
    }

    fn until(&mut self, end: char) -> &'e str {
        let (text, rest) = self.rest.split_once(end).unwrap();
        self.rest = rest;
        text
    }
}

fn inner(term: Term) -> Option<Value> {
    match term {
        Term::Json(value) => Some(value),
        Term::Optional(value) => value,
    }
}

/// `||` where `by` is true, else `&&`.
fn decide(left: Result<Term>, right: Result<Term>, by: bool) -> Result<Term> {
    let decides =
        |term: &Result<Term>| matches!(term, Ok(Term::Json(Value::Bool(value))) if *value == by);
    if decides(&left) || decides(&right) {
        return Ok(Term::Json(by.into()));
    }
    left?;
    right
}

#[test]
fn conditions_are_read_as_cel() {
    let environment = serde_json::json!({"a": {"b": "x", "n": null}, "c": {}});
    for (expression, expected) in [
        ("a.b == 'x'", true),
        ("a.b != 'x' || !has(c.b)", true),
        ("c.b == 'x' || a.b == 'x'", true),
        ("c.b == 'x'", false),
        ("c.?b == c.?d", true),
        ("a.?b[?'x'].hasValue()", false),
        ("a.b == 'y' ? c.b == 'x' : 'b' in a", true),
        ("(a.b == 'x' && c.?b != a.?b) && a.b.startsWith('x')", true),
        ("has(a.n)", false),
        ("a.b in ['w', 'x'] && !(a.b in ['y'])", true),
    ] {
        assert_eq!(is_true(expression, &environment), expected, "{expression}");
    }
}
