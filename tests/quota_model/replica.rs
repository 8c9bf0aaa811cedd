//! What replicas do with requests, and the store with writes.

use super::scenario::{Fault, Scenario};
use super::state::{Call, Heard, State, Write, cores};
use flinkgate::quota::ledger::{Decision, Ledger, Request};

impl Scenario {
    /// A replica holds what it was asked against the ledger as it knows it; what would be refused,
    /// against the stored one.
    pub fn prepare(&self, state: &State, replica: usize, tenant: usize) -> Option<Write> {
        let asked: Vec<(usize, &Request)> = self.asked(state, replica, tenant).collect();
        let desk = &state.replicas[replica].desks[tenant];
        if asked.is_empty() || desk.write.is_some() {
            return None;
        }
        let known = self.known(state, state.replicas[replica].heard);
        let apply = |(expected, mut ledger): (u64, Ledger)| {
            let (mut admitted, mut refused) = (Vec::new(), Vec::new());
            ledger.learn_limits(&known);
            for (call, request) in &asked {
                match ledger.admit(request) {
                    Decision::Reserved | Decision::Unchanged => admitted.push(*call),
                    _ => refused.push(*call),
                }
            }
            Write { tenant, expected, ledger, admitted, refused }
        };
        let kept = desk.kept.clone().map(apply);
        Some(
            kept.filter(|write| write.refused.is_empty())
                .unwrap_or_else(|| apply(state.stores[tenant].clone())),
        )
    }

    /// What waits at a replica's desk.
    pub fn asked<'a>(
        &self,
        state: &'a State,
        replica: usize,
        tenant: usize,
    ) -> impl Iterator<Item = (usize, &'a Request)> + use<'a> {
        state.calls.iter().enumerate().filter_map(move |(index, call)| match call {
            Call::Asked { replica: by, tenant: of, request, .. }
                if (*by, *of) == (replica, tenant) =>
            {
                Some((index, request))
            }
            _ => None,
        })
    }

    /// The store takes a write, or does not.
    pub fn land(&self, state: &mut State, write: &Write, settles: bool) -> bool {
        let (version, before) = state.stores[write.tenant].clone();
        let lands = version == write.expected || self.fault == Some(Fault::NoCompareAndSwap);
        if !lands {
            self.happens("a write conflicts");
            return false;
        }
        let (total, old) = (cores(write.ledger.total()), cores(before.total()));
        let hard = hard(&write.ledger);
        if hard < self::hard(&before) {
            self.happens("a ledger learns lower limits");
        }
        state.passed |= !settles && total > hard && total > old;
        state.ceilings[write.tenant] = hard.max(state.ceilings[write.tenant].min(old));
        state.stores[write.tenant] = (version + 1, write.ledger.clone());
        true
    }

    pub fn answer(&self, state: &mut State, write: &Write) {
        for call in &write.admitted {
            if let Call::Asked { retries, tenant, since, request, .. } = state.calls[*call].clone()
            {
                state.calls[*call] = Call::Admitted { retries, tenant, since, request };
            }
        }
        for call in &write.refused {
            state.calls[*call] = Call::Over { stored: false };
            self.happens("something is refused");
        }
    }

    /// Replicas that have nothing to do and nothing kept are alike: only the first of them is
    /// asked.
    pub fn replicas_to_ask(&self, state: &State) -> Vec<usize> {
        let asked = |index: usize| {
            state
                .calls
                .iter()
                .any(|call| matches!(call, Call::Asked { replica, .. } if *replica == index))
        };
        let idle = |index: &usize| {
            let replica = &state.replicas[*index];
            let mut desks = replica.desks.iter();
            desks.all(|desk| desk.kept.is_none() && desk.write.is_none())
                && replica.heard == Heard::default()
                && !asked(*index)
        };
        let first = (0..self.replicas).find(idle);
        (0..self.replicas).filter(|index| Some(*index) == first || !idle(index)).collect()
    }
}

pub fn hard(ledger: &Ledger) -> u64 {
    ledger.known_limits().limits.hard.get("cpu").unwrap().units_ceil()
}
