//! What one review costs: allocations, steps, and the length of its answer.

use flinkgate::admission::answer::Webhook;
use flinkgate::admission::response::Reply;
use flinkgate::admission::review::Review;
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::resource::steps;
use std::sync::OnceLock;

/// The cost of one review.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    pub request: u64,
    pub allocations: u64,
    pub bytes: u64,
    /// The most bytes at once.
    pub peak: u64,
    pub steps: u64,
    pub answer: usize,
}

/// A gate with a tenant that uses every field.
pub fn gate() -> &'static Gate {
    static GATE: OnceLock<Gate> = OnceLock::new();
    GATE.get_or_init(|| {
        let tenants = ["tests/data/bounded/tenant.yaml".into()];
        Gate::load(&tenants, &[], Unassigned::Warn).unwrap().0
    })
}

/// The answer to a body, as the server encodes it.
pub fn answer(gate: &Gate, webhook: Webhook, body: &[u8]) -> Vec<u8> {
    let mut review = Review::parse(body).unwrap();
    let reply = match review.resource() {
        Ok(resource) => Reply::new(&review, webhook, &resource, &webhook.ask(gate, &resource)),
        Err(error) => Reply::unreadable(&review, &error),
    };
    serde_json::to_vec(&reply).unwrap()
}

/// The cost of one body at one webhook.
pub fn cost(webhook: Webhook, body: &[u8]) -> Cost {
    let (gate, before) = (gate(), steps::count());
    let mut length = 0;
    let counted = allocation_counter::measure(|| length = answer(gate, webhook, body).len());
    Cost {
        request: body.len() as u64,
        allocations: counted.count_total,
        bytes: counted.bytes_total,
        peak: counted.bytes_max,
        steps: steps::count() - before,
        answer: length,
    }
}
