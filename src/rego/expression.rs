//! One Rego expression over an `input`, in regorus' interpreter, for `flinkgate eval`.

use super::conftest::Data;
use super::error::{PolicyError, PolicyProblem};
use super::source::PolicySource;
use super::test_runner::{engine, with_syntax};
use super::{compile, limits};
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};
use std::num::NonZeroU32;
use std::time::Duration;

/// Time that an expression may take.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// The name of an expression in messages, where policies have their file.
const NAME: &str = "expression";

/// An expression with the policies whose rules it may read.
#[derive(Debug)]
pub struct Expression {
    text: String,
    engine: Engine,
}

/// What an expression is.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Its values as JSON; none where it is undefined.
    pub values: Vec<String>,
    /// What it printed.
    pub prints: Vec<String>,
}

impl Expression {
    /// An expression that may read the rules of these policies.
    ///
    /// # Errors
    /// When a policy cannot be parsed.
    pub fn new(text: &str, policies: &[PolicySource]) -> Result<Self, PolicyError> {
        let query = PolicySource { path: NAME.into(), text: text.into(), ..Default::default() };
        limits::check(&query).map_err(|problem| PolicyError::Rejected(vec![problem]))?;
        let policies: Vec<PolicySource> = policies.iter().map(with_syntax).collect();
        let made = compile::on_large_stack(|| engine(&policies, &Data::default()))?;
        let (mut engine, _) = made.map_err(PolicyError::Rejected)?;
        engine.set_gather_prints(true);
        let check_interval = NonZeroU32::MIN;
        engine
            .set_execution_timer_config(ExecutionTimerConfig { limit: TIME_LIMIT, check_interval });
        Ok(Self { text: text.to_owned(), engine })
    }

    /// What the expression is for an `input`.
    ///
    /// # Errors
    /// When it is no expression, or cannot be evaluated.
    pub fn evaluate(&self, input: &serde_json::Value) -> Result<Outcome, PolicyError> {
        compile::on_large_stack(|| {
            let mut engine = self.engine.clone();
            engine.set_input(super::input::convert(input));
            let wrong = |error: anyhow::Error| {
                let problem = PolicyProblem::from_rendered(NAME, &error.to_string());
                PolicyError::Rejected(vec![PolicyProblem { file: NAME.into(), ..problem }])
            };
            let results = engine.eval_query(self.text.clone(), false).map_err(wrong)?;
            let mut outcome =
                Outcome { prints: engine.take_prints().unwrap_or_default(), ..Outcome::default() };
            for result in &results.result {
                let last = result.expressions.last().map(|expression| &expression.value);
                if let Some(value) = last.filter(|value| **value != Value::Undefined) {
                    let text = serde_json::to_string(value);
                    outcome.values.push(text.map_err(|error| wrong(error.into()))?);
                }
            }
            Ok(outcome)
        })?
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_expression_has_the_values_of_its_solutions() {
        let input = json!({"a": [{"b": 1}, {"b": 2}], "text": "x  y"});
        let policy = PolicySource {
            path: "a.rego".into(),
            text: "package p\nbig contains x if { some x in input.a; x.b > 1 }\n".into(),
            ..PolicySource::default()
        };
        let values = |text: &str| {
            let expression = Expression::new(text, std::slice::from_ref(&policy))?;
            expression.evaluate(&input).map(|outcome| outcome.values.join(" | "))
        };
        for (text, expected) in [
            ("input.a[_].b", "1 | 2"),
            ("count(input.a)", "2"),
            ("input.c", ""),
            ("x := input.a[0].b; x + 1", "2"),
            ("data.p.big", "[{\"b\":2}]"),
            ("input.text", "\"x  y\""),
        ] {
            assert_eq!(values(text).unwrap(), expected, "{text}");
        }
        for text in ["input.", "nonsense(1)"] {
            let error = values(text).unwrap_err().to_string();
            assert!(!error.is_empty(), "{text}");
        }
    }
}
