//! Which expensive parts of `input` a set of policies reads.

use super::syntax::Pattern;

/// The expensive parts of `input` that any rule may read; the others are not built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// `input.object`.
    pub object: bool,
    /// `input.oldObject`.
    pub old_object: bool,
    /// `input.quota.used`, which offline is known only when all objects are.
    pub used: bool,
}

impl Needs {
    /// From what is read below `input`; a bare `input` or `input[x]` may read anything.
    pub(super) fn of<'a>(inputs: impl Iterator<Item = &'a Pattern>) -> Self {
        inputs.fold(Self::default(), |needs, path| {
            let names = |index: usize, field: &str| {
                path.get(index).is_none_or(|part| part.as_deref().is_none_or(|part| part == field))
            };
            Self {
                object: needs.object || names(0, "object"),
                old_object: needs.old_object || names(0, "oldObject"),
                used: needs.used || (names(0, "quota") && names(1, "used")),
            }
        })
    }
}
