//! Values that YAML can write in several ways: quantities and options.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A quantity of Kubernetes, as a string or an integer: `"500m"`, `256Gi`, `40`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "serde_json::Value", into = "String")]
pub struct Amount(pub String);

impl From<Amount> for String {
    fn from(amount: Amount) -> Self {
        amount.0
    }
}

/// A value that is neither an integer nor a string.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is not a quantity: write an integer, or a quantity in quotes such as `\"1.5\"` or `\"256Gi\"`"
)]
pub struct AmountError(serde_json::Value);

impl TryFrom<serde_json::Value> for Amount {
    type Error = AmountError;

    fn try_from(value: serde_json::Value) -> Result<Self, AmountError> {
        match value {
            serde_json::Value::String(text) => Ok(Self(text)),
            serde_json::Value::Number(number) if number.is_i64() || number.is_u64() => {
                Ok(Self(number.to_string()))
            }
            other => Err(AmountError(other)),
        }
    }
}

impl JsonSchema for Amount {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Amount".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "x-kubernetes-int-or-string": true,
            "pattern": QUANTITY_PATTERN
        })
    }
}

/// The syntax of `resource.Quantity` in Kubernetes' CRD schemas.
const QUANTITY_PATTERN: &str = r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$";

/// The value of an option. YAML reads `60s` as a string, `4` as a number and `true` as a boolean;
/// Flink reads their text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scalar(pub serde_json::Value);

impl Scalar {
    /// The value in Flink's configuration.
    pub fn text(&self) -> String {
        match &self.0 {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }

    /// Whether an option has this value.
    pub fn is(&self, text: &str) -> bool {
        match &self.0 {
            serde_json::Value::String(own) => own == text,
            serde_json::Value::Bool(own) => text == if *own { "true" } else { "false" },
            serde_json::Value::Number(own) if own.is_i64() => own.as_i64() == text.parse().ok(),
            _ => self.text() == text,
        }
    }
}

impl JsonSchema for Scalar {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Scalar".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"x-kubernetes-preserve-unknown-fields": true})
    }
}
