//! Before a reservation without an object is released, the API server is asked: a watch may be
//! delayed, and an object that it has not reported may exist.
//!
//! That a request has ended proves that it will store nothing more, not that it stored nothing. A
//! view may release a reservation only where the object does not exist *now*, or is stored as the
//! view has it.

use super::kinds;
use crate::cluster::watch::target::api_resource;
use crate::quota::ledger::OpenReservation;
use futures::{StreamExt, stream};
use kube::api::ApiResource;
use kube::core::DynamicObject;
use kube::{Api, Client};
use std::time::Duration;

/// The most objects that are asked for in one reconciliation; the rest waits for the next.
const MOST: usize = 256;
/// Requests under way at once.
const AT_ONCE: usize = 8;
/// How long one request may take.
const REQUEST: Duration = Duration::from_secs(5);

/// A reservation whose request has ended, and whose result the view does not show.
#[derive(Clone, Debug, Default)]
pub struct Unconfirmed {
    /// The reservation.
    pub open: OpenReservation,
    /// The version of its object in the view.
    pub seen: Option<u64>,
    /// The resource of its object, as far as is known.
    pub resource: Option<ApiResource>,
}

/// Whether an object exists, by the API server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Existence {
    /// There is none of this name.
    Absent,
    /// There is one of this name.
    Present {
        /// Its UID.
        uid: String,
        /// Its resource version, if that is a number.
        version: Option<u64>,
    },
    /// The API server did not answer.
    Unknown,
}

/// The result for all unconfirmed reservations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confirmation {
    /// Up to which stamp a view may release.
    pub over: u64,
    /// UIDs that do not exist: no view may show them, however delayed its watches are.
    pub absent: Vec<String>,
}

/// Whether it is certain that the object was deleted or never created. A UID does not return; a name
/// may.
pub fn is_absent(unconfirmed: &Unconfirmed, existence: &Existence) -> bool {
    let named = unconfirmed.open.uid == unconfirmed.open.object.to_string();
    match existence {
        Existence::Absent => !named,
        Existence::Present { uid, .. } => !named && *uid != unconfirmed.open.uid,
        Existence::Unknown => false,
    }
}

/// Whether a view may release the reservation.
pub fn may_release(unconfirmed: &Unconfirmed, existence: &Existence) -> bool {
    match existence {
        Existence::Absent => true,
        Existence::Present { .. } if is_absent(unconfirmed, existence) => true,
        // The view has it as it is stored.
        Existence::Present { version, .. } => {
            unconfirmed.seen.zip(*version).is_some_and(|(seen, version)| seen >= version)
        }
        Existence::Unknown => false,
    }
}

/// Asks for the objects of reservations in a view that may release up to `over` apart from them.
pub async fn confirm(
    client: &Client,
    over: u64,
    mut unconfirmed: Vec<Unconfirmed>,
) -> Confirmation {
    unconfirmed.sort_by_key(|one| one.open.stamp);
    let rest = unconfirmed.get(MOST).map(|one| one.open.stamp);
    unconfirmed.truncate(MOST);
    let answers = stream::iter(unconfirmed)
        .map(|one| async move { (look_up(client, &one).await, one) })
        .buffer_unordered(AT_ONCE);
    let none = Confirmation { over: rest.map_or(over, |rest| rest.min(over)), absent: Vec::new() };
    let note = |mut all: Confirmation, (existence, one): (Existence, Unconfirmed)| async move {
        if !may_release(&one, &existence) {
            all.over = all.over.min(one.open.stamp);
        }
        if is_absent(&one, &existence) {
            all.absent.push(one.open.uid);
        }
        all
    };
    answers.fold(none, note).await
}

async fn look_up(client: &Client, unconfirmed: &Unconfirmed) -> Existence {
    let object = &unconfirmed.open.object;
    let Some(kind) = kinds::named(&object.kind) else { return Existence::Unknown };
    let resource = unconfirmed.resource.clone().unwrap_or_else(|| api_resource(kind));
    let api = Api::<DynamicObject>::namespaced_with(client.clone(), &object.namespace, &resource);
    // Without a resource version the answer is what the store has.
    match tokio::time::timeout(REQUEST, api.get_metadata_opt(&object.name)).await {
        Ok(Ok(None)) => Existence::Absent,
        Ok(Ok(Some(found))) => Existence::Present {
            uid: found.metadata.uid.unwrap_or_default(),
            version: found.metadata.resource_version.and_then(|version| version.parse().ok()),
        },
        Ok(Err(error)) => {
            tracing::warn!(%object, %error, "existence of object unconfirmed, keeping its reservation");
            Existence::Unknown
        }
        Err(_) => Existence::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::ledger::ObjectRef;

    fn doubt(base: u64, seen: Option<u64>) -> Unconfirmed {
        let open = OpenReservation {
            object: ObjectRef::new("Pod", "prod", "a"),
            uid: "u".into(),
            base,
            stamp: 7,
            ..OpenReservation::default()
        };
        Unconfirmed { open, seen, ..Unconfirmed::default() }
    }

    fn at(uid: &str, version: u64) -> Existence {
        Existence::Present { uid: uid.into(), version: Some(version) }
    }

    #[test]
    fn reservations_of_absent_and_known_objects_are_released() {
        for (what, doubt, found, released) in [
            ("never created", doubt(0, None), Existence::Absent, true),
            ("another of its name was created first", doubt(0, None), at("other", 9), true),
            ("created, and not yet reported", doubt(0, None), at("u", 9), false),
            ("an update that was not stored", doubt(5, Some(5)), at("u", 5), true),
            (
                "an update that was stored, and not yet reported",
                doubt(5, Some(5)),
                at("u", 6),
                false,
            ),
            ("unchanged, but the view has an older version", doubt(5, Some(4)), at("u", 5), false),
            ("an update of a deleted object", doubt(5, Some(5)), Existence::Absent, true),
            (
                "an update of an object that was created again",
                doubt(5, Some(5)),
                at("other", 9),
                true,
            ),
            ("no answer", doubt(0, None), Existence::Unknown, false),
            (
                "a version that is not a number",
                doubt(0, Some(3)),
                Existence::Present { uid: "u".into(), version: None },
                false,
            ),
        ] {
            assert_eq!(may_release(&doubt, &found), released, "{what}");
        }
    }

    #[test]
    fn only_a_uid_is_known_to_be_absent() {
        let named = Unconfirmed {
            open: OpenReservation { uid: "Pod/prod/a".into(), ..doubt(0, None).open },
            ..Unconfirmed::default()
        };
        for (doubt, found, gone) in [
            (doubt(0, None), Existence::Absent, true),
            (doubt(5, Some(5)), at("other", 9), true),
            (doubt(5, Some(5)), at("u", 5), false),
            (doubt(0, None), Existence::Unknown, false),
            (named.clone(), Existence::Absent, false),
            (named, at("other", 9), false),
        ] {
            assert_eq!(is_absent(&doubt, &found), gone, "{doubt:?} {found:?}");
        }
    }

    #[test]
    fn a_reservation_without_uid_is_for_any_object_of_its_name() {
        let mut by_name = doubt(0, None);
        by_name.open.uid = "Pod/prod/a".into();
        assert!(!may_release(&by_name, &at("any", 3)));
    }
}
