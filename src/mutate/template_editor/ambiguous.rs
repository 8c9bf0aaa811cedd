//! Templates that repeat a name. No pod has two containers or two volumes with one name, so it is unknown
//! which of them is meant, and such a template is not completed.

use super::TemplateEditor;
use crate::flink::Template;
use crate::resource::{pointer, steps};
use serde_json::Value;
use std::collections::HashSet;

/// Lists whose elements have names of their own.
const LISTS: [&str; 3] = ["/spec/containers", "/spec/initContainers", "/spec/volumes"];

/// Up to this length, names are compared with each other.
const SHORT: usize = 16;

impl TemplateEditor<'_> {
    /// Whether a template, or one that it is merged from, repeats a name.
    pub(super) fn is_ambiguous(&mut self, index: usize) -> bool {
        if let Some(known) = self.ambiguous.get(index).copied().flatten() {
            return known;
        }
        let found = self.repeats_a_name(index);
        if let Some(known) = self.ambiguous.get_mut(index) {
            *known = Some(found);
        }
        found
    }

    fn repeats_a_name(&self, index: usize) -> bool {
        let of_object = |place: &str| pointer::at(self.object(), place).is_some_and(repeats);
        match self.pods.get(index).map(|set| &set.template) {
            Some(Template::InObject(place)) => of_object(place),
            Some(Template::Generated(made)) => repeats(&made.value),
            // Merging by position distinguishes elements of one name, and mutation itself adds
            // some: only the result counts.
            Some(Template::Merged(merged)) => {
                repeats(merged.value(self.object()))
                    || (merged.by_name && (of_object(&merged.common) || of_object(&merged.role)))
            }
            None => false,
        }
    }
}

fn repeats(template: &Value) -> bool {
    LISTS.iter().any(|list| {
        let elements = pointer::at(template, list).and_then(Value::as_array);
        repeats_in(elements.map(Vec::as_slice).unwrap_or_default())
    })
}

fn name(element: &Value) -> Option<&str> {
    element.get("name")?.as_str()
}

fn repeats_in(elements: &[Value]) -> bool {
    if elements.len() <= SHORT {
        return elements.iter().enumerate().any(|(at, element)| {
            let before = elements.get(..at).unwrap_or_default();
            name(element).is_some_and(|own| before.iter().any(|other| name(other) == Some(own)))
        });
    }
    let mut names = HashSet::with_capacity(elements.len());
    elements.iter().filter_map(name).any(|name| {
        steps::step();
        !names.insert(name)
    })
}
