//! One object as last read, by a watch or by a request.

use crate::cluster::watch::Event;
use kube::ResourceExt;
use serde::de::DeserializeOwned;

/// Why the events of a watch do not come.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct WatchError(String);

/// One object as last read.
pub(super) struct Known<T> {
    object: Knowledge<T>,
    /// Whether the list under way has contained it.
    in_list: bool,
}

enum Knowledge<T> {
    /// It has not been read yet.
    NotYet,
    Absent,
    Present(T),
}

impl<T: ResourceExt + DeserializeOwned> Known<T> {
    pub(super) fn not_yet() -> Self {
        Self { object: Knowledge::NotYet, in_list: false }
    }

    /// Takes an event of its watch.
    ///
    /// # Errors
    /// With the reason, when the watch is interrupted.
    pub(super) fn apply(&mut self, event: Event) -> Result<(), WatchError> {
        match event {
            Event::ListStarted(_) => self.in_list = false,
            Event::Applied(object) => {
                self.in_list = true;
                self.set(Some(object.try_parse().map_err(|error| WatchError(error.to_string()))?));
            }
            Event::Deleted(_) => self.set(None),
            Event::Listed(_) if !self.in_list => self.set(None),
            Event::Listed(_) | Event::Position(_) | Event::Resumed => {}
            Event::Interrupted(error) => return Err(WatchError(error)),
            Event::Unserved => return Err(WatchError("the API server does not serve it".into())),
        }
        Ok(())
    }
}

impl<T: ResourceExt> Known<T> {
    /// Takes the object as it was read or written, unless a newer one is known.
    pub(super) fn set(&mut self, found: Option<T>) {
        if let (Knowledge::Present(known), Some(found)) = (&self.object, &found)
            && let (Some(known), Some(found)) = (version(known), version(found))
            && found < known
        {
            return;
        }
        self.object = found.map_or(Knowledge::Absent, Knowledge::Present);
    }

    /// Takes the object as it was read by a request; the list under way goes on.
    pub(super) fn update(&mut self, read: Self) {
        match read.object {
            Knowledge::NotYet => {}
            Knowledge::Absent => self.set(None),
            Knowledge::Present(found) => self.set(Some(found)),
        }
    }

    pub(super) fn get(&self) -> Option<&T> {
        match &self.object {
            Knowledge::Present(found) => Some(found),
            Knowledge::NotYet | Knowledge::Absent => None,
        }
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        let key = |known: &Self| known.get().map(|found| (found.uid(), found.resource_version()));
        key(self) == key(other) && self.is_known()
    }

    pub(super) fn is_known(&self) -> bool {
        !matches!(self.object, Knowledge::NotYet)
    }
}

/// Resource versions grow; one that is not a number cannot be compared.
fn version(object: &impl ResourceExt) -> Option<u64> {
    object.resource_version()?.parse().ok()
}
