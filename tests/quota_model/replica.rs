//! Replicas, which decide about requests, and the store.

use super::scenario::{Fault, Scenario};
use super::state::{Call, ConfigVersions, State, Write, cores};
use flinkgate::quota::ledger::{Decision, Ledger, Request};

impl Scenario {
    /// A replica applies its waiting requests to its cached ledger, or to the stored one if it would
    /// refuse any.
    pub fn prepare(&self, state: &State, replica: usize, tenant: usize) -> Option<Write> {
        let waiting: Vec<(usize, &Request)> = self.waiting(state, replica, tenant).collect();
        let queue = &state.replicas[replica].queues[tenant];
        if waiting.is_empty() || queue.write.is_some() {
            return None;
        }
        let known = self.known(state, state.replicas[replica].config);
        let apply = |(expected, mut ledger): (u64, Ledger)| {
            let (mut admitted, mut refused) = (Vec::new(), Vec::new());
            ledger.learn_limits(&known);
            for (call, request) in &waiting {
                self.record_taken_over(&ledger, request);
                match ledger.admit(request) {
                    Decision::Reserved | Decision::Unchanged => admitted.push(*call),
                    _ => refused.push(*call),
                }
            }
            Write { tenant, expected, ledger, admitted, refused }
        };
        let cached = queue.cached.clone().map(apply);
        Some(
            cached
                .filter(|write| write.refused.is_empty())
                .unwrap_or_else(|| apply(state.stores[tenant].clone())),
        )
    }

    /// Records that a request fits only because of what it takes over.
    fn record_taken_over(&self, ledger: &Ledger, request: &Request) {
        let fits =
            |request: &Request| matches!(ledger.clone().would_admit(request), Decision::Reserved);
        let apart = Request { replaces: false, claims: Vec::new(), ..request.clone() };
        if (request.replaces || !request.claims.is_empty()) && fits(request) && !fits(&apart) {
            self.record(if request.replaces {
                "a pod takes the place of another"
            } else {
                "a cluster draws on a claim that was there"
            });
        }
    }

    /// The requests that wait in a replica's queue.
    pub fn waiting<'a>(
        &self,
        state: &'a State,
        replica: usize,
        tenant: usize,
    ) -> impl Iterator<Item = (usize, &'a Request)> + use<'a> {
        state.calls.iter().enumerate().filter_map(move |(index, call)| match call {
            Call::Waiting { replica: by, tenant: of, request, .. }
                if (*by, *of) == (replica, tenant) =>
            {
                Some((index, request))
            }
            _ => None,
        })
    }

    /// The store accepts a write, or reports a conflict.
    pub fn land(&self, state: &mut State, write: &Write, reconciles: bool) -> bool {
        let (version, before) = state.stores[write.tenant].clone();
        let lands = version == write.expected || self.fault == Some(Fault::NoCompareAndSwap);
        if !lands {
            self.record("a write conflicts");
            return false;
        }
        let (total, old) = (cores(write.ledger.total()), cores(before.total()));
        let hard = hard(&write.ledger);
        if hard < self::hard(&before) {
            self.record("a ledger gets lower limits");
        }
        state.limit_exceeded |= !reconciles && total > hard && total > old;
        state.ceilings[write.tenant] = hard.max(state.ceilings[write.tenant].min(old));
        state.stores[write.tenant] = (version + 1, write.ledger.clone());
        true
    }

    pub fn answer(&self, state: &mut State, write: &Write) {
        for call in &write.admitted {
            if let Call::Waiting { retries, tenant, since, request, .. } =
                state.calls[*call].clone()
            {
                state.calls[*call] = Call::Admitted { retries, tenant, since, request };
            }
        }
        for call in &write.refused {
            state.calls[*call] = Call::Done { stored: false };
            self.record("a request is refused");
        }
    }

    /// The replicas to send reviews to. Of idle replicas without a cached ledger only the first one,
    /// because they are equal.
    pub fn distinct_replicas(&self, state: &State) -> Vec<usize> {
        let is_waiting = |index: usize| {
            state
                .calls
                .iter()
                .any(|call| matches!(call, Call::Waiting { replica, .. } if *replica == index))
        };
        let idle = |index: &usize| {
            let replica = &state.replicas[*index];
            let mut queues = replica.queues.iter();
            queues.all(|queue| queue.cached.is_none() && queue.write.is_none())
                && replica.config == ConfigVersions::default()
                && !is_waiting(*index)
        };
        let first = (0..self.replicas).find(idle);
        (0..self.replicas).filter(|index| Some(*index) == first || !idle(index)).collect()
    }
}

pub fn hard(ledger: &Ledger) -> u64 {
    ledger.known_limits().limits.hard.get("cpu").unwrap().units_ceil()
}
