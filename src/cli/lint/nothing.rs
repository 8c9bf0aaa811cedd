//! A run that checks nothing must not look like one that finds nothing.

use crate::cli::input::Input;
use crate::cli::settings::GateSettings;
use crate::pipeline::operator_defaults;
use crate::rego::foreign::{self, Choice};
use crate::rego::source;
use std::path::PathBuf;

/// What was to be checked, or to check by, and is not there.
#[derive(Debug, thiserror::Error)]
pub(super) enum Nothing {
    /// Standard input has no document.
    #[error(
        "standard input has no document: the command that was to write it may have failed; \
         `--allow-empty` accepts this"
    )]
    Stdin,
    /// There is no object.
    #[error(
        "{0}; ignore files and the configuration may exclude them; `--allow-empty` accepts this"
    )]
    Objects(String),
    /// A path of policies has none.
    #[error(
        "no policies in `{}`: give a file or folder with Rego policies or FlinkPolicies; \
         `--allow-empty` accepts this",
        .0.display()
    )]
    Policies(PathBuf),
    /// A file has no option of Flink or its operator.
    #[error(
        "`{}` is not a configuration of the Flink operator: it has no option of Flink or of the \
         operator; `--allow-empty` accepts this",
        .0.display()
    )]
    OperatorConfig(PathBuf),
}

impl Nothing {
    /// Whether there was something to check.
    ///
    /// # Errors
    /// When there was nothing, and that is not allowed.
    pub(super) fn check_input<T>(input: &Input<T>, is_allowed: bool) -> Result<(), Self> {
        if is_allowed {
            return Ok(());
        }
        if input.is_stdin_empty {
            return Err(Self::Stdin);
        }
        input.emptiness().map_or(Ok(()), |message| Err(Self::Objects(message)))
    }

    /// Whether the paths of a configuration have what they are to have. Tenants are required in any
    /// case.
    ///
    /// # Errors
    /// When one has not, or cannot be read.
    pub(super) fn check_paths(settings: &GateSettings, choice: &Choice) -> anyhow::Result<()> {
        for path in &settings.policies {
            let foreign = foreign::load(std::slice::from_ref(path), choice)?.foreign;
            // What is not evaluated is noted.
            if !foreign.is_empty() || !foreign.notes().is_empty() {
                continue;
            }
            let sources = source::read(std::slice::from_ref(path))?;
            if sources.iter().all(source::PolicySource::is_test) {
                Err(Self::Policies(path.clone()))?;
            }
        }
        if let Some(path) = &settings.operator_config
            && !operator_defaults(path)?.has_known_option()
        {
            Err(Self::OperatorConfig(path.clone()))?;
        }
        Ok(())
    }
}
