//! Conditions in the status of Flinkgate's own kinds: one type each, with its own writer.

use serde_json::{Value, json};

/// A condition as it should be.
#[derive(Clone, Copy, Debug)]
pub struct Condition<'a> {
    /// Its type, such as `Ready`.
    pub name: &'a str,
    /// Whether it holds.
    pub holds: bool,
    /// One word that says why.
    pub reason: &'a str,
    /// The same for people.
    pub message: &'a str,
    /// The generation of the spec that it speaks of, where it speaks of one.
    pub generation: Option<i64>,
}

/// The condition of this type as a status says it.
pub fn said<'s>(status: &'s Value, name: &str) -> Option<&'s Value> {
    let of_type = |said: &&Value| said.get("type").and_then(Value::as_str) == Some(name);
    status.get("conditions")?.as_array()?.iter().find(of_type)
}

impl Condition<'_> {
    /// The condition to write into `status`; `None` where it says so already. `now` is written
    /// where it begins or ceases to hold: a transition is one of the status, not of its reason.
    pub fn due(&self, status: &Value, now: jiff::Timestamp) -> Option<Value> {
        let said = said(status, self.name);
        let word = if self.holds { "True" } else { "False" };
        let since = said
            .filter(|said| said.get("status").and_then(Value::as_str) == Some(word))
            .and_then(|said| said.get("lastTransitionTime"));
        let since = since
            .cloned()
            .unwrap_or_else(|| Value::from(now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()));
        let mut wanted = json!({"type": self.name, "status": word, "reason": self.reason, "message": self.message, "lastTransitionTime": since});
        if let Some((fields, generation)) = wanted.as_object_mut().zip(self.generation) {
            fields.insert("observedGeneration".into(), generation.into());
        }
        let same = |field: &str| said.and_then(|said| said.get(field)) == wanted.get(field);
        let is_said = ["status", "reason", "message", "observedGeneration"].into_iter().all(same);
        (!is_said).then_some(wanted)
    }
}
