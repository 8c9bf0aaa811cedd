//! References to objects, and which object may draw on the charge of which other.

use crate::kinds::{self, Kind, Property};
use std::fmt;
use std::str::FromStr;

/// An object's kind, namespace and name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    /// Its kind, such as `FlinkDeployment`. The kinds that count have different names.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// A text that is not an object reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an object reference, expected KIND/NAMESPACE/NAME")]
pub struct InvalidObjectRef(String);

impl ObjectRef {
    /// A reference from its parts.
    pub fn new(
        kind: impl Into<String>,
        namespace: impl Into<String>,
        name: impl Into<String>,
    ) -> Self {
        Self { kind: kind.into(), namespace: namespace.into(), name: name.into() }
    }

    /// Whether this object may draw on the charge of another. Only a lower rank may, so owner
    /// chains end. No cluster draws on another cluster, or an owner reference would give two
    /// clusters for the charge of one.
    pub fn may_draw_on(&self, other: &Self) -> bool {
        self.namespace == other.namespace && self.rank() < other.rank()
    }

    /// Whether an object of this kind with a JobManager is a cluster of its own, whatever owner it
    /// names.
    pub(super) fn counts_apart(&self) -> bool {
        kinds::named(&self.kind).is_some_and(|row| row.has(Property::CountsApart))
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
    type Err = InvalidObjectRef;

    fn from_str(text: &str) -> Result<Self, InvalidObjectRef> {
        let mut parts = text.split('/');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(kind), Some(namespace), Some(name), None) => Ok(Self::new(kind, namespace, name)),
            _ => Err(InvalidObjectRef(text.chars().take(256).collect())),
        }
    }
}
