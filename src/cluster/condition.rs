//! Conditions in the status of Flinkgate's own kinds: one type each, with its own writer.

use serde_json::{Value, json};

/// Longest message; the API allows more, people do not read it.
const MESSAGE: usize = 2_000;

/// A condition as it should be.
#[derive(Clone, Copy, Debug)]
pub struct Condition<'a> {
    /// Its type, such as `Ready`.
    pub name: &'a str,
    /// Whether it holds.
    pub holds: bool,
    /// The reason in one word.
    pub reason: &'a str,
    /// The reason for people.
    pub message: &'a str,
    /// The generation of the spec that it is about, if any.
    pub generation: Option<i64>,
}

/// The stored condition of this type.
pub fn stored<'s>(status: &'s Value, name: &str) -> Option<&'s Value> {
    let of_type = |stored: &&Value| stored.get("type").and_then(Value::as_str) == Some(name);
    status.get("conditions")?.as_array()?.iter().find(of_type)
}

impl Condition<'_> {
    /// The condition to write into `status`; `None` where it is stored so already. `now` is the time
    /// of a transition: a change of the condition's status, not of its reason.
    pub fn update(&self, status: &Value, now: jiff::Timestamp) -> Option<Value> {
        let stored = stored(status, self.name);
        let end =
            self.message.char_indices().nth(MESSAGE).map_or(self.message.len(), |(end, _)| end);
        let message = self.message.get(..end).unwrap_or(self.message);
        let word = if self.holds { "True" } else { "False" };
        let since = stored
            .filter(|stored| stored.get("status").and_then(Value::as_str) == Some(word))
            .and_then(|stored| stored.get("lastTransitionTime"));
        let since = since
            .cloned()
            .unwrap_or_else(|| Value::from(now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()));
        let mut wanted = json!({"type": self.name, "status": word, "reason": self.reason, "message": message, "lastTransitionTime": since});
        if let Some((fields, generation)) = wanted.as_object_mut().zip(self.generation) {
            fields.insert("observedGeneration".into(), generation.into());
        }
        let same = |field: &str| stored.and_then(|stored| stored.get(field)) == wanted.get(field);
        let is_stored = ["status", "reason", "message", "observedGeneration"].into_iter().all(same);
        (!is_stored).then_some(wanted)
    }
}
