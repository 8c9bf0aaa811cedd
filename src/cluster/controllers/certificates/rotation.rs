//! The next step, decided from the objects: a pure function, so that every state and every crash
//! can be tested.
//!
//! A new authority comes into use in an order in which API servers can always verify the served
//! certificate:
//!
//! 1. the new authority is added to the Secret, next to the old one,
//! 2. both are written into the `caBundle` of both configurations, and API servers get time to load
//!    them ([`Established`]),
//! 3. the new authority signs the leaf, and replicas get time to load it (`overlap`),
//! 4. the old authority is removed from the Secret, and then from the bundles.
//!
//! The progress of a rotation is in the objects alone, so the next leader continues it.

use super::CertificateTimings;
use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

/// The SHA-256 of an authority's certificate.
pub type Id = String;

/// What decisions depend on of an authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// Its identity.
    pub id: Id,
    /// When it was made.
    pub issued: SystemTime,
    /// When it ends.
    pub until: SystemTime,
    /// Whether its key is at hand.
    pub signs: bool,
}

/// What decisions depend on of a leaf that can be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// The authority that signed it; always one of those in the Secret.
    pub authority: Id,
    /// When it was made.
    pub issued: SystemTime,
    /// When it ends.
    pub until: SystemTime,
    /// Whether it has all names it should have.
    pub complete: bool,
}

/// What decisions depend on of the Secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Store {
    /// Whether it is exactly as Flinkgate would write it.
    pub tidy: bool,
    /// The authorities, oldest first.
    pub authorities: Vec<Authority>,
    /// The leaf, if there is one that can be served.
    pub leaf: Option<Leaf>,
    /// Since when it has been there. That is not its own date: one that was lost and restored was
    /// missing for a while.
    pub since: Option<SystemTime>,
}

/// What decisions depend on of one webhook's `caBundle`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bundle {
    /// Flinkgate's authorities in it, oldest first.
    pub authorities: Vec<Authority>,
    /// Whether there is nothing else in it.
    pub exact: bool,
}

/// Everything that the decision depends on.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The Secret as it is.
    pub store: &'a Store,
    /// The Secret as this process last saw it with a leaf to serve.
    pub memory: &'a Store,
    /// The bundles of every webhook of the configurations that exist.
    pub bundles: &'a [Bundle],
    /// What API servers are known to trust.
    pub established: &'a Established,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Write the Secret.
    Store(Change),
    /// Write the Secret's authorities into every bundle.
    Publish,
    /// Nothing, for this long at most.
    Rest(Duration),
}

/// The next state of the Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The authorities to hold, oldest first, with their keys or without.
    pub authorities: Vec<(Id, bool)>,
    /// Whether another one is to be created.
    pub new_authority: bool,
    /// What happens to the leaf.
    pub leaf: LeafChange,
}

/// What happens to the leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeafChange {
    /// It stays.
    Keep,
    /// There can be none yet.
    None,
    /// The remembered one is restored.
    Restore,
    /// This authority signs a new one.
    Sign(Id),
    /// The authority created now signs a new one.
    SignWithNew,
}

/// Since when every bundle has held an authority.
#[derive(Clone, Debug, Default)]
pub struct Established(BTreeMap<Id, Instant>);

impl Established {
    /// Takes what was read at a time. Without any configuration no API server calls, and everything
    /// counts as established.
    pub fn observe(&mut self, store: &Store, bundles: &[Bundle], now: Instant) {
        let everywhere = |id: &Id| {
            bundles.iter().all(|bundle| bundle.authorities.iter().any(|held| held.id == *id))
        };
        let seen =
            store.authorities.iter().map(|authority| &authority.id).filter(|id| everywhere(id));
        self.0 = seen.map(|id| (id.clone(), self.0.get(id).copied().unwrap_or(now))).collect();
    }

    /// How long until API servers are assumed to trust it; `None` while it is not in every bundle.
    fn remaining(&self, id: &Id, margin: Duration, now: Instant) -> Option<Duration> {
        self.0.get(id).map(|since| margin.saturating_sub(now.saturating_duration_since(*since)))
    }
}

/// The wall-clock time, for certificates, and a monotonic one, for waiting.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// The wall-clock time.
    pub wall: SystemTime,
    /// The monotonic time.
    pub clock: Instant,
}

impl Store {
    /// Whether there is a leaf to serve. The last one served is remembered, with authority keys or
    /// without: API servers may no longer trust an older leaf.
    pub fn can_serve(&self, now: SystemTime) -> bool {
        self.leaf.as_ref().is_some_and(|leaf| now < leaf.until)
    }

    /// Whether there is a leaf to serve and a key to sign the next one.
    pub fn is_sound(&self, now: SystemTime) -> bool {
        self.can_serve(now) && self.authorities.iter().any(|one| one.signs && now < one.until)
    }
}

/// Two thirds of the way from beginning to end.
fn due(issued: SystemTime, until: SystemTime) -> SystemTime {
    issued + until.duration_since(issued).unwrap_or_default() / 3 * 2
}

/// Decides.
pub fn next(view: View<'_>, now: Now, timings: &CertificateTimings) -> Step {
    let published = view.bundles.iter().all(|bundle| {
        let held = bundle.authorities.iter().map(|held| &held.id);
        bundle.exact && held.eq(view.store.authorities.iter().map(|authority| &authority.id))
    });
    // As long as the Secret is sound, repairing a bundle is what matters most.
    if !published && view.store.is_sound(now.wall) {
        return Step::Publish;
    }
    let plan = plan(view, now, timings);
    let as_it_is = plan.change.leaf
        == if view.store.leaf.is_some() { LeafChange::Keep } else { LeafChange::None }
        && !plan.change.new_authority
        && plan.change.authorities.iter().map(|(id, signs)| (id, *signs)).eq(view
            .store
            .authorities
            .iter()
            .map(|one| (&one.id, one.signs)));
    if !as_it_is || !view.store.tidy {
        return Step::Store(plan.change);
    }
    if published { Step::Rest(plan.rest) } else { Step::Publish }
}

struct Plan {
    change: Change,
    rest: Duration,
}

fn plan(view: View<'_>, now: Now, timings: &CertificateTimings) -> Plan {
    let alive = |authority: &&Authority| now.wall < authority.until;
    let mut trusted: Vec<Authority> =
        view.store.authorities.iter().filter(alive).cloned().collect();
    let usable = |leaf: &&Leaf, among: &[Authority]| {
        now.wall < leaf.until && among.iter().any(|one| one.id == leaf.authority)
    };
    let mut leaf = view.store.leaf.as_ref().filter(|leaf| usable(leaf, &trusted));
    let mut leaf_change = if leaf.is_some() { LeafChange::Keep } else { LeafChange::None };

    if leaf.is_none() || !trusted.iter().any(|one| one.signs) {
        // Something was lost. What replicas may still serve and API servers still trust stays
        // trusted. Its keys stay lost: users delete the Secret to get new ones.
        let elsewhere = view
            .memory
            .authorities
            .iter()
            .chain(view.bundles.iter().flat_map(|bundle| &bundle.authorities));
        for authority in elsewhere.filter(alive) {
            if !trusted.iter().any(|one| one.id == authority.id) {
                trusted.push(Authority { signs: false, ..authority.clone() });
            }
        }
        trusted.sort_by(|a, b| (a.issued, &a.id).cmp(&(b.issued, &b.id)));
        if leaf.is_none() {
            leaf = view.memory.leaf.as_ref().filter(|leaf| usable(leaf, &trusted));
            leaf_change = if leaf.is_some() { LeafChange::Restore } else { LeafChange::None };
        }
    }

    let newest = trusted.iter().rev().find(|one| one.signs);
    let new_authority = newest.is_none_or(|one| due(one.issued, one.until) <= now.wall);
    // Without a leaf to serve and without an API server that trusts an authority, nothing has to
    // wait.
    let from_nothing = leaf.is_none()
        && !view
            .bundles
            .iter()
            .any(|bundle| bundle.authorities.iter().any(|one| now.wall < one.until));
    let waiting = |id: &Id| view.established.remaining(id, timings.margin, now.clock);
    let may_sign =
        |one: &&Authority| one.signs && (from_nothing || waiting(&one.id) == Some(Duration::ZERO));
    let place = |id: &Id| trusted.iter().position(|one| one.id == *id);
    let signer = trusted.iter().rev().find(may_sign);
    if from_nothing && new_authority {
        leaf_change = LeafChange::SignWithNew;
    } else if let Some(signer) = signer {
        let wanted = leaf.is_none_or(|leaf| {
            let stale = !leaf.complete || due(leaf.issued, leaf.until) <= now.wall;
            let (by, before) = (place(&signer.id), place(&leaf.authority));
            by > before || (stale && by == before)
        });
        if wanted {
            leaf_change = LeafChange::Sign(signer.id.clone());
        }
    }

    let stays = leaf.filter(|_| matches!(leaf_change, LeafChange::Keep | LeafChange::Restore));
    let since = if leaf_change == LeafChange::Keep { view.store.since } else { None };
    let overlap_ends = stays.map(|_| since.unwrap_or(now.wall) + timings.overlap);
    let signed_by = match (&leaf_change, stays) {
        (LeafChange::Sign(id), _) => place(id),
        (_, Some(leaf)) => place(&leaf.authority),
        _ => None,
    };
    let superseded = |at: usize| signed_by.is_some_and(|by| at < by);
    let drop_now = overlap_ends.is_some_and(|end| end <= now.wall)
        && stays.is_some_and(|leaf| waiting(&leaf.authority) == Some(Duration::ZERO));
    let any_superseded = superseded(0);
    // An authority whose leaf is replaced signs no more, so its key goes.
    let kept = trusted.iter().enumerate().filter(|(at, _)| !(drop_now && superseded(*at)));
    let authorities =
        kept.map(|(at, one)| (one.id.clone(), one.signs && !superseded(at))).collect();

    let ends =
        trusted.iter().map(|one| one.until).chain(newest.map(|one| due(one.issued, one.until)));
    let leaf_ends = leaf.iter().flat_map(|leaf| [due(leaf.issued, leaf.until), leaf.until]);
    let dates = ends.chain(leaf_ends).chain(overlap_ends.filter(|_| any_superseded));
    let waits =
        dates.filter_map(|date| date.duration_since(now.wall).ok()).filter(|wait| !wait.is_zero());
    let margins = trusted.iter().filter_map(|one| waiting(&one.id)).filter(|wait| !wait.is_zero());
    let rest =
        waits.chain(margins).min().map_or(timings.reconcile, |wait| wait.min(timings.reconcile));
    Plan { change: Change { authorities, new_authority, leaf: leaf_change }, rest }
}

#[cfg(test)]
mod tests;
