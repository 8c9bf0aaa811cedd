//! Flink's configuration in a FlinkCluster and a FlinkApplication: a map of options, which the operators
//! of these kinds write into lines. Their pods are completed when they are created.

use super::context::Context;
use super::edit::Path;
use super::wanted_options::{MissingOption, Reader, missing};
use super::{Conflict, Difference};
use crate::flink::config_file::{FLINK_CONF, oldest_reader};
use crate::flink::text_form::TextForm;
use crate::flink::{Engine, config_text};
use crate::resource::pointer;
use serde_json::Value;

/// The options that an object lacks.
pub(super) struct LackingOptions {
    field: &'static str,
    options: Vec<MissingOption>,
}

impl LackingOptions {
    /// The options that an object lacks, where its pods see the claim for state at this root.
    pub(super) fn of(context: &Context<'_>, state_root: Option<String>) -> Option<Self> {
        let workload = context.workload;
        let field = match workload.engine {
            Engine::Spotify => "/spec/flinkProperties",
            Engine::Lyft => "/spec/flinkConfig",
            _ => return None,
        };
        let value = |key: &str, value: &str| {
            let value = TextForm::Lines.value(value);
            config_text::can_hold(FLINK_CONF, key, value).then(|| value.to_owned())
        };
        let oldest = workload.version.unwrap_or_else(|| oldest_reader(FLINK_CONF));
        let reader = Reader { oldest, value: &value, state_root };
        let options = missing(&workload.config, context.tenant, &reader);
        (workload.declares_cluster && !options.is_empty()).then_some(Self { field, options })
    }

    /// Adds the options to the object, and returns the enforced ones that it cannot hold: a value of
    /// another type is in their way.
    pub(super) fn add_to(&self, object: &mut Value) -> Vec<Conflict> {
        let is_blocked = |option: &&MissingOption| {
            let path = Path::of_fields(&pointer::join(self.field, &option.key));
            !path.set_scalar(object, option.value.as_str().into())
        };
        self.conflicts(self.options.iter().filter(is_blocked))
    }

    /// The enforced ones among the options.
    pub(super) fn enforced(&self) -> Vec<Conflict> {
        self.conflicts(self.options.iter())
    }

    fn conflicts<'o>(&self, options: impl Iterator<Item = &'o MissingOption>) -> Vec<Conflict> {
        let conflict = |option: &MissingOption| Conflict {
            pointer: self.field.into(),
            difference: Difference::EnforcedOption {
                key: option.key.clone(),
                wanted: option.value.clone(),
                found: None,
            },
        };
        options.filter(|option| option.is_enforced).map(conflict).collect()
    }
}
