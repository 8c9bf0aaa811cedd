//! Enums of other modules as values of flags: only `cli` knows clap.

use crate::admission::answer::Webhook;
use crate::rules::Unassigned;
use crate::telemetry::logs::Format;
use clap::ValueEnum;
use clap::builder::PossibleValue;

impl ValueEnum for Unassigned {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Allow, Self::Warn, Self::Deny]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Self::Allow => "Admit it",
            Self::Warn => "Admit it with a warning",
            Self::Deny => "Refuse it",
        };
        Some(PossibleValue::new(self.as_str()).help(help))
    }
}

impl ValueEnum for Webhook {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Mutate, Self::Validate]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Self::Mutate => "May change the object",
            Self::Validate => "Checks the object as it will be stored",
        };
        Some(PossibleValue::new(self.as_str()).help(help))
    }
}

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Json, Self::Text]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Json => PossibleValue::new("json").help("One JSON object per line"),
            Self::Text => PossibleValue::new("text").help("Text for people"),
        })
    }
}
