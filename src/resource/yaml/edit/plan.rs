//! Which nodes of a document change.

use super::super::positions::Kind;
use super::view::View;
use super::{NoEdit, Operation, Splice, block, flow, inner, intended};
use crate::resource::pointer;
use serde_json::{Map, Value};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// The changes, by node.
#[derive(Default)]
struct Plan {
    /// New values, each with the node above it.
    replaced: BTreeMap<u32, (Option<u32>, Value)>,
    /// Fields that a mapping gets.
    fields: BTreeMap<u32, Map<String, Value>>,
    /// Elements that a list gets at its end.
    elements: BTreeMap<u32, Vec<Value>>,
    /// Children that a mapping or list loses.
    removed: BTreeMap<u32, BTreeSet<u32>>,
}

/// The replacements in the order of the text, and the value that they are to give.
pub(super) fn splices(
    view: &View<'_>,
    value: &Value,
    operations: &[Operation],
) -> Result<(Vec<Splice>, Value), NoEdit> {
    let wanted = intended(value, operations)?;
    let mut plan = Plan::default();
    let mut splices = Vec::new();
    for operation in operations {
        let reached = view.reach(operation.pointer())?;
        match operation {
            Operation::Set { .. } | Operation::Within { .. } => {}
            Operation::Remove { .. } => {
                let parent = reached.parent().ok_or(NoEdit::Layout)?;
                plan.removed.entry(parent).or_default().insert(reached.node());
            }
            Operation::RenameKey { to, .. } => {
                splices.push(block::renamed(view, reached.node(), to)?);
            }
        }
    }
    for (place, changes) in inner::by_text(operations) {
        let text = pointer::at(value, place).and_then(Value::as_str).ok_or(NoEdit::Missing)?;
        let node = view.node(view.reach(place)?.node())?;
        splices.extend(inner::splices_of(view, node, text, &changes)?);
    }
    plan.compare(view, 0, None, value, &intended::with_sets(value, operations)?)?;
    splices.extend(plan.write(view)?);
    splices.sort_by_key(|splice| (splice.bytes.start, splice.bytes.end));
    Ok((splices, wanted))
}

impl Plan {
    /// Finds what differs from the value of a node.
    fn compare(
        &mut self,
        view: &View<'_>,
        id: u32,
        parent: Option<u32>,
        before: &Value,
        after: &Value,
    ) -> Result<(), NoEdit> {
        if before == after {
            return Ok(());
        }
        let node = view.node(id)?;
        let child = |token: &str| {
            let id = view.nodes.child(id, token).ok_or(NoEdit::Other)?;
            if view.node(id)?.merged { Err(NoEdit::Shared) } else { Ok(id) }
        };
        match (before, after) {
            (Value::Object(old), Value::Object(new))
                if node.kind == Kind::Mapping
                    && !node.alias
                    && (old.keys().any(|key| new.contains_key(key))
                        || (new.is_empty() && !old.is_empty())) =>
            {
                for key in old.keys().filter(|key| !new.contains_key(*key)) {
                    self.removed.entry(id).or_default().insert(child(key)?);
                }
                for (key, value) in new {
                    match old.get(key) {
                        Some(old) if old == value => {}
                        Some(old) => self.compare(view, child(key)?, Some(id), old, value)?,
                        None => {
                            let fields = self.fields.entry(id).or_default();
                            fields.insert(key.clone(), value.clone());
                        }
                    }
                }
            }
            (Value::Array(old), Value::Array(new))
                if node.kind == Kind::List && !node.alias && !old.is_empty() =>
            {
                for (index, (old, new)) in old.iter().zip(new).enumerate() {
                    if old != new {
                        self.compare(view, child(&index.to_string())?, Some(id), old, new)?;
                    }
                }
                for index in new.len()..old.len() {
                    self.removed.entry(id).or_default().insert(child(&index.to_string())?);
                }
                if let Some(more) = new.get(old.len()..).filter(|more| !more.is_empty()) {
                    self.elements.entry(id).or_default().extend(more.iter().cloned());
                }
            }
            _ => {
                self.replaced.insert(id, (parent, after.clone()));
            }
        }
        Ok(())
    }

    fn write(self, view: &View<'_>) -> Result<Vec<Splice>, NoEdit> {
        let none = BTreeSet::new();
        let mut splices = Vec::new();
        for (id, (parent, value)) in &self.replaced {
            splices.push(block::replaced(view, *id, *parent, value)?);
        }
        for (id, removed) in &self.removed {
            let is_refilled = self.fields.contains_key(id) || self.elements.contains_key(id);
            let node = view.node(*id)?;
            if is_refilled && view.children(node).iter().all(|(id, _)| removed.contains(id)) {
                return Err(NoEdit::Conflict);
            }
            match view.is_flow(node) {
                true => splices.extend(flow::removed(view, *id, removed)?),
                false => splices.extend(block::removed(view, *id, removed)?),
            }
        }
        // What is added to the inner of two mappings that end together comes first.
        let mut added = Vec::new();
        for (id, fields) in &self.fields {
            let removed = self.removed.get(id).unwrap_or(&none);
            added.push(match view.is_flow(view.node(*id)?) {
                true => flow::with_fields(view, *id, fields, removed)?,
                false => block::with_fields(view, *id, fields, removed)?,
            });
        }
        for (id, elements) in &self.elements {
            let removed = self.removed.get(id).unwrap_or(&none);
            added.push(match view.is_flow(view.node(*id)?) {
                true => flow::with_elements(view, *id, elements, removed)?,
                false => block::with_elements(view, *id, elements, removed)?,
            });
        }
        added.sort_by_key(|(column, _)| Reverse(*column));
        splices.extend(added.into_iter().map(|(_, splice)| splice));
        Ok(splices)
    }
}
