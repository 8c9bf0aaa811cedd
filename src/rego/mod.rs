//! Rules in Rego: loaded, checked, compiled once, evaluated over one `input`.
//!
//! A [`PolicySet`] holds the rules in the binary and those of users. Loading parses every file,
//! reads each rule's metadata, refuses what could hurt later (recursion, unknown functions, ids
//! that clash) with file, line and column, and compiles to programs of regorus' virtual machine;
//! evaluating runs those, one machine a thread. A [`PolicyStore`] swaps sets while requests run; in
//! a cluster, where policies are objects ([`flink_policy`]), [`assemble`] takes what can be taken
//! of them.
//!
//! Three things to know of the virtual machine: it finds nothing in a package read as a whole, so
//! imported names are written out before compiling and `data.package[name]` is refused; it has no
//! `with` and no `print` (policies that use them are refused; tests, which run in the interpreter,
//! may), and a complete rule that takes two values at once (`x := 1`, `x := 2`) is undefined there
//! without an error, so that a `deny` that needs it stays silent: write such helpers as sets or
//! functions.

mod assemble;
mod compile;
pub mod error;
mod evaluate;
pub mod flink_policy;
pub mod input;
pub mod library;
mod limits;
mod recursion;
mod references;
mod rule;
mod scope;
pub mod set;
pub mod source;
pub mod store;
mod syntax;
pub mod test_runner;
mod unknown_input;
mod walker;

pub use assemble::{Assembled, assemble};
pub use error::{PolicyError, PolicyProblem};
pub use scope::{Scope, Target};
pub use set::{Needs, PolicySet};
pub use source::PolicySource;
pub use store::PolicyStore;
