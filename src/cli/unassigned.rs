//! `--unassigned`: what the gate does with Flink in a namespace that no tenant owns.

use crate::rules::Unassigned;
use clap::builder::PossibleValue;

impl clap::ValueEnum for Unassigned {
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
