//! Before what never came is given back, the API server is asked: a watch may lag, and what it has
//! not brought may live.
//!
//! That a request is over proves that it will store nothing more, not that it stored nothing. A
//! view may release a reservation only where the object is not there *now*, or is there as the view
//! has it.

use super::kinds::Kind;
use crate::quota::ledger::OpenReservation;
use futures::{StreamExt, stream};
use kube::Client;
use kube::api::ApiResource;
use std::time::Duration;

/// The most that is asked in one look; the rest waits for the next.
const ASKED: usize = 256;
/// Requests under way at once.
const AT_ONCE: usize = 8;
/// How long one request may take.
const REQUEST: Duration = Duration::from_secs(5);

/// A reservation whose request is over, and of which the view does not show what became.
#[derive(Clone, Debug, Default)]
pub struct Doubt {
    /// The reservation.
    pub open: OpenReservation,
    /// At which version the view has its object.
    pub seen: Option<u64>,
    /// Where objects of its kind are asked for, as far as is known.
    pub resource: Option<ApiResource>,
}

/// What the API server says of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// There is none of this name.
    Nothing,
    /// There is one.
    Object {
        /// Its UID.
        uid: String,
        /// Its resource version, where that is a number.
        version: Option<u64>,
    },
    /// It did not say.
    Unknown,
}

/// What the API server said of all that was doubtful.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Up to which stamp a view may release.
    pub over: u64,
    /// UIDs that are gone: no view is to show them, however late its watches are.
    pub gone: Vec<String>,
}

/// Whether it is sure of an object of which this was found that it is gone, or never came. No UID
/// returns; a name does.
pub fn is_gone(doubt: &Doubt, found: &Found) -> bool {
    let named = doubt.open.uid == doubt.open.object.to_string();
    match found {
        Found::Nothing => !named,
        Found::Object { uid, .. } => !named && *uid != doubt.open.uid,
        Found::Unknown => false,
    }
}

/// Whether a view may release a reservation of which this was found.
pub fn may_release(doubt: &Doubt, found: &Found) -> bool {
    match found {
        Found::Nothing => true,
        Found::Object { .. } if is_gone(doubt, found) => true,
        // The view has it as it is: nothing was stored that it lacks.
        Found::Object { version, .. } => {
            doubt.seen.zip(*version).is_some_and(|(seen, version)| seen >= version)
        }
        Found::Unknown => false,
    }
}

/// Asks for what is doubtful, where but for that a view may release up to `over`.
pub async fn ask(client: &Client, over: u64, mut doubts: Vec<Doubt>) -> Asked {
    doubts.sort_by_key(|doubt| doubt.open.stamp);
    let unasked = doubts.get(ASKED).map(|doubt| doubt.open.stamp);
    doubts.truncate(ASKED);
    let found = stream::iter(doubts)
        .map(|doubt| async move { (find(client, &doubt).await, doubt) })
        .buffer_unordered(AT_ONCE);
    let asked = Asked { over: unasked.map_or(over, |unasked| unasked.min(over)), gone: Vec::new() };
    let note = |mut asked: Asked, (found, doubt): (Found, Doubt)| async move {
        if !may_release(&doubt, &found) {
            asked.over = asked.over.min(doubt.open.stamp);
        }
        if is_gone(&doubt, &found) {
            asked.gone.push(doubt.open.uid);
        }
        asked
    };
    found.fold(asked, note).await
}

async fn find(client: &Client, doubt: &Doubt) -> Found {
    let object = &doubt.open.object;
    let Some(kind) = Kind::named(&object.kind) else { return Found::Unknown };
    let api = kind.one(client, doubt.resource.as_ref(), &object.namespace);
    // Without a resourceVersion in the question the answer is what the store has.
    match tokio::time::timeout(REQUEST, api.get_metadata_opt(&object.name)).await {
        Ok(Ok(None)) => Found::Nothing,
        Ok(Ok(Some(found))) => Found::Object {
            uid: found.metadata.uid.unwrap_or_default(),
            version: found.metadata.resource_version.and_then(|version| version.parse().ok()),
        },
        Ok(Err(error)) => {
            tracing::warn!(%object, %error, "nobody knows whether this object is there; what it was promised is kept");
            Found::Unknown
        }
        Err(_) => Found::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::ledger::ObjectRef;

    fn doubt(base: u64, seen: Option<u64>) -> Doubt {
        let open = OpenReservation {
            object: ObjectRef::new("Pod", "prod", "a"),
            uid: "u".into(),
            base,
            stamp: 7,
        };
        Doubt { open, seen, ..Doubt::default() }
    }

    fn at(uid: &str, version: u64) -> Found {
        Found::Object { uid: uid.into(), version: Some(version) }
    }

    #[test]
    fn what_is_not_there_or_is_as_the_view_has_it_may_be_released() {
        for (what, doubt, found, released) in [
            ("never created", doubt(0, None), Found::Nothing, true),
            ("another of its name was there first", doubt(0, None), at("other", 9), true),
            ("created, and the watch has not brought it", doubt(0, None), at("u", 9), false),
            ("an update that was not stored", doubt(5, Some(5)), at("u", 5), true),
            (
                "an update that was stored, and the watch has not brought it",
                doubt(5, Some(5)),
                at("u", 6),
                false,
            ),
            (
                "as it was, but the view has it as it was before that",
                doubt(5, Some(4)),
                at("u", 5),
                false,
            ),
            ("an update of what has gone", doubt(5, Some(5)), Found::Nothing, true),
            (
                "an update of what has gone and is there anew",
                doubt(5, Some(5)),
                at("other", 9),
                true,
            ),
            ("no answer", doubt(0, None), Found::Unknown, false),
            (
                "a version that is no number",
                doubt(0, Some(3)),
                Found::Object { uid: "u".into(), version: None },
                false,
            ),
        ] {
            assert_eq!(may_release(&doubt, &found), released, "{what}");
        }
    }

    #[test]
    fn an_object_is_gone_where_there_is_none_or_another_by_its_name_and_a_name_may_return() {
        let named = Doubt {
            open: OpenReservation { uid: "Pod/prod/a".into(), ..doubt(0, None).open },
            ..Doubt::default()
        };
        for (doubt, found, gone) in [
            (doubt(0, None), Found::Nothing, true),
            (doubt(5, Some(5)), at("other", 9), true),
            (doubt(5, Some(5)), at("u", 5), false),
            (doubt(0, None), Found::Unknown, false),
            (named.clone(), Found::Nothing, false),
            (named, at("other", 9), false),
        ] {
            assert_eq!(is_gone(&doubt, &found), gone, "{doubt:?} {found:?}");
        }
    }

    #[test]
    fn what_was_promised_to_a_name_is_any_object_of_that_name() {
        let mut by_name = doubt(0, None);
        by_name.open.uid = "Pod/prod/a".into();
        assert!(!may_release(&by_name, &at("any", 3)));
    }
}
