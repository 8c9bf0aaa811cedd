//! Users' policies in Rego: from files, from the [`library`] in the binary, and in a cluster from
//! [`flink_policy`] objects.
//!
//! Goes in: policies and, for each request that one applies to, an [`input`] document. Comes out:
//! findings. Built-in rules are not here but in [`rules`](crate::rules).
//!
//! Loading parses every file, reads its metadata, refuses what could hurt later (recursion, unknown
//! functions, ids that clash) with file, line and column, and compiles a [`PolicySet`] to programs
//! of regorus' virtual machine. Each thread has its own machines. A [`PolicyStore`] swaps sets while
//! requests run. In a cluster, [`assemble`] leaves out the policies that cannot be compiled.
//!
//! The virtual machine differs from OPA:
//!
//! - In a package that is read as a whole it finds nothing. Imported names are therefore written out
//!   before compiling, and `data.package[name]` is refused.
//! - It has neither `with` nor `print`. Policies that use them are refused. Tests may use them: they
//!   run in the interpreter.
//! - `some x in a[_].b` is refused.
//! - A complete rule that takes two values at once (`x := 1`, `x := 2`) is undefined, without an
//!   error. A `deny` that needs it reports nothing: write a set or a function.

mod assemble;
mod builtins;
mod compat;
mod compile;
pub mod conftest;
pub mod dialect;
pub mod error;
mod evaluate;
pub mod expression;
pub mod flink_policy;
pub mod foreign;
pub mod gatekeeper;
pub mod input;
mod legacy;
pub mod library;
mod limits;
mod machine;
mod needs;
mod recursion;
mod references;
mod rule;
mod scope;
pub mod set;
pub mod source;
pub mod store;
mod syntax;
mod test_failure;
pub mod test_runner;
mod unknown_input;
mod walker;

pub use assemble::{Assembled, assemble};
pub use error::{PolicyError, PolicyProblem};
pub use needs::Needs;
pub use scope::{Scope, Target};
pub use set::PolicySet;
pub use source::PolicySource;
pub use store::PolicyStore;
