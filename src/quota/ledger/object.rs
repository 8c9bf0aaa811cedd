//! Which object: the name under which at most one lives at a time, and who may draw on whom.

use crate::kinds::{self, Kind};
use std::fmt;
use std::str::FromStr;

/// An object's kind, namespace and name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    /// Its kind, such as `FlinkDeployment`; no two kinds that count share a name.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// A text that names no object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no object: it must be KIND/NAMESPACE/NAME")]
pub struct NoObject(String);

impl ObjectRef {
    /// By its parts.
    pub fn new(
        kind: impl Into<String>,
        namespace: impl Into<String>,
        name: impl Into<String>,
    ) -> Self {
        Self { kind: kind.into(), namespace: namespace.into(), name: name.into() }
    }

    /// Whether this object may draw on what another one declares. Only down a line of ranks, so
    /// that lines end; and two clusters never draw on one another, or owner references would be a
    /// way to have two clusters for one.
    pub fn may_draw_on(&self, other: &Self) -> bool {
        self.namespace == other.namespace && self.rank() < other.rank()
    }

    /// The rank of its kind.
    pub(super) fn rank(&self) -> u8 {
        kinds::named(&self.kind).map_or(kinds::DEFAULT_RANK, |row| row.rank)
    }

    /// Whether objects of this kind declare others that will draw on them, so that they keep a slot
    /// while they live.
    pub fn declares(&self) -> bool {
        kinds::named(&self.kind).is_none_or(Kind::declares)
    }
}

/// `KIND/NAMESPACE/NAME`.
impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.kind, self.namespace, self.name)
    }
}

impl FromStr for ObjectRef {
    type Err = NoObject;

    fn from_str(text: &str) -> Result<Self, NoObject> {
        let mut parts = text.split('/');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(kind), Some(namespace), Some(name), None) => Ok(Self::new(kind, namespace, name)),
            _ => Err(NoObject(text.chars().take(256).collect())),
        }
    }
}
