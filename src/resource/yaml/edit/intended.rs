//! What a value is after operations on it.

use super::{NoEdit, Operation, inner};
use crate::resource::pointer;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The value after operations. Their pointers are into the value before all of them.
///
/// # Errors
/// When there is no place for one of them, or one changes what another changes.
pub fn intended(value: &Value, operations: &[Operation]) -> Result<Value, NoEdit> {
    let mut after = with_sets(value, operations)?;
    for (place, changes) in inner::by_text(operations) {
        let text = after.pointer_mut(place).ok_or(NoEdit::Missing)?;
        *text = inner::changed(text.as_str().ok_or(NoEdit::Missing)?, &changes)?.into();
    }
    let (mut renamed, mut removed) = (Vec::new(), BTreeSet::new());
    for operation in operations {
        match operation {
            Operation::Remove { pointer } => {
                pointer::at(value, pointer).ok_or(NoEdit::Missing)?;
                removed.insert((order(pointer), pointer.as_str()));
            }
            Operation::RenameKey { pointer, to } => {
                pointer::at(value, pointer).ok_or(NoEdit::Missing)?;
                renamed.push((order(pointer), pointer.as_str(), to.as_str()));
            }
            Operation::Set { .. } | Operation::Within { .. } => {}
        }
    }
    // Removals first: a key may take the place of a removed one. From the deepest and the last, so that
    // the others keep their places.
    for (_, place) in removed.into_iter().rev() {
        remove(&mut after, place)?;
    }
    renamed.sort();
    for (_, place, to) in renamed.into_iter().rev() {
        let (holder, key) = holder(&mut after, place)?;
        let fields = holder.as_object_mut().ok_or(NoEdit::Missing)?;
        if fields.contains_key(to) {
            return Err(NoEdit::Conflict);
        }
        let value = fields.remove(&key).ok_or(NoEdit::Conflict)?;
        fields.insert(to.to_owned(), value);
    }
    Ok(after)
}

/// The value after the operations that set values.
pub(super) fn with_sets(value: &Value, operations: &[Operation]) -> Result<Value, NoEdit> {
    let mut after = value.clone();
    for operation in operations {
        if let Operation::Set { pointer, value } = operation {
            set(&mut after, pointer, value)?;
        }
    }
    Ok(after)
}

/// The tokens of a pointer, which are sorted as numbers where they are some.
fn order(place: &str) -> Vec<String> {
    let padded = |token: &str| match token.bytes().all(|byte| byte.is_ascii_digit()) {
        true => format!("{token:0>20}"),
        false => token.to_owned(),
    };
    pointer::tokens(place).map(|token| padded(&token)).collect()
}

fn remove(value: &mut Value, place: &str) -> Result<(), NoEdit> {
    let (holder, key) = holder(value, place)?;
    match holder {
        Value::Object(fields) => {
            fields.remove(&key).ok_or(NoEdit::Conflict)?;
        }
        Value::Array(elements) => {
            let index: usize = key.parse().map_err(|_| NoEdit::Missing)?;
            if index >= elements.len() {
                return Err(NoEdit::Missing);
            }
            elements.remove(index);
        }
        _ => return Err(NoEdit::Missing),
    }
    Ok(())
}

fn holder<'v>(value: &'v mut Value, place: &str) -> Result<(&'v mut Value, String), NoEdit> {
    let parent = pointer::parent(place).ok_or(NoEdit::Missing)?;
    let key = pointer::tokens(place).last().ok_or(NoEdit::Missing)?.into_owned();
    Ok((value.pointer_mut(parent).ok_or(NoEdit::Missing)?, key))
}

/// Sets a value, and makes the mappings above it.
fn set(root: &mut Value, place: &str, value: &Value) -> Result<(), NoEdit> {
    let mut at = root;
    for token in pointer::tokens(place) {
        if at.is_null() {
            // A list is not made: its element would lack what names it.
            if token == "-" || token.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(NoEdit::Missing);
            }
            *at = Value::Object(Map::new());
        }
        at = match at {
            Value::Object(fields) => fields.entry(&*token).or_insert(Value::Null),
            Value::Array(elements) => {
                let index = match &*token {
                    "-" => elements.len(),
                    index => index.parse().map_err(|_| NoEdit::Missing)?,
                };
                if index == elements.len() {
                    elements.push(Value::Null);
                }
                elements.get_mut(index).ok_or(NoEdit::Missing)?
            }
            _ => return Err(NoEdit::Missing),
        };
    }
    *at = value.clone();
    Ok(())
}
