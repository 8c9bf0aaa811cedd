//! The bodies of the fuzz targets: one function a parser, and some for whole reviews. `fuzz/` runs
//! them with libFuzzer, `tests/fuzz/` with a small generator.
//!
//! A body panics if something is wrong with what it got; a panic of the code under test is a finding
//! as well. It returns whether the input could be read: the share of those shows whether the inputs
//! get past parsing.

mod addresses;
mod certificates;
mod files;
mod network;
mod options;
mod reviews;
mod text;
mod values;

/// A body.
pub type Target = fn(&[u8]) -> bool;

/// All bodies by the name of their target.
pub const TARGETS: &[(&str, Target)] = &[
    ("yaml", files::yaml_documents),
    ("review", reviews::review),
    ("grammar", reviews::generated),
    ("edits", reviews::edited),
    ("tenants", reviews::tenant),
    ("option_values", values::option_values),
    ("images", values::images),
    ("quantities", values::quantities),
    ("memory_sizes", values::memory_sizes),
    ("config_files", files::config_files),
    ("text_forms", options::text_forms),
    ("arguments", options::arguments),
    ("autoscaler_states", options::autoscaler_states),
    ("ledger_lines", files::ledger_lines),
    ("certificates", certificates::certificates),
    ("path_tokens", network::path_tokens),
    ("callers", network::callers),
    ("annotations", network::annotations),
    ("selectors", network::selectors),
    ("locations", addresses::locations),
    ("redaction", addresses::redaction),
    ("pointers", text::pointers),
    ("printable", text::printable),
];

/// Texts in an input, which a NUL separates.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split('\0')
}
