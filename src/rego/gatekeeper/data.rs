//! `data.inventory`: the other objects of the files, as Gatekeeper gives those that it watches.

use super::review::Review;
use crate::rego::input::convert;
use crate::resource::fields::text;
use crate::resource::{Resource, metadata_text};
use regorus::Value;
use std::collections::BTreeMap;

/// Objects by place: `cluster`, or `namespace` and its name; then version, kind and name.
#[derive(Debug)]
pub struct Inventory {
    value: Value,
}

impl Default for Inventory {
    fn default() -> Self {
        Self { value: Value::new_object() }
    }
}

/// A level of the inventory while it is made.
#[derive(Default)]
struct Level {
    below: BTreeMap<String, Level>,
    object: Option<Value>,
}

impl Level {
    fn add(&mut self, path: &[&str], object: Value) {
        match path.split_first() {
            None => self.object = Some(object),
            Some((first, rest)) => {
                self.below.entry((*first).to_owned()).or_default().add(rest, object);
            }
        }
    }

    fn into_value(self) -> Value {
        match self.object {
            Some(object) => object,
            None => {
                let fields = self.below.into_iter();
                let fields = fields.map(|(key, level)| (Value::from(key), level.into_value()));
                Value::from(fields.collect::<BTreeMap<_, _>>())
            }
        }
    }
}

impl Inventory {
    /// All objects of an input.
    pub fn of<'a>(resources: impl Iterator<Item = &'a Resource>) -> Self {
        let mut all = Level::default();
        for Resource { object, namespace, .. } in resources {
            all.add(&place(object, namespace), convert(object));
        }
        Self { value: all.into_value() }
    }

    /// `data` for a template that judges an object: all objects but that one, of which the cluster
    /// has none yet.
    pub(super) fn without(&self, review: &Review<'_>) -> Value {
        let own = review.object().map(|object| {
            let namespace = match metadata_text(object, "namespace") {
                "" => crate::resource::DEFAULT_NAMESPACE,
                namespace => namespace,
            };
            [place(object, namespace), place(object, "")]
        });
        let mut value = self.value.clone();
        for place in own.iter().flatten() {
            if let Some(without) = removed(&value, place) {
                value = without;
            }
        }
        let data = [(Value::from("inventory"), value)];
        Value::from(data.into_iter().collect::<BTreeMap<_, _>>())
    }
}

fn place<'a>(object: &'a serde_json::Value, namespace: &'a str) -> Vec<&'a str> {
    let own = [text(object, "apiVersion"), text(object, "kind"), metadata_text(object, "name")];
    let above = if namespace.is_empty() { vec!["cluster"] } else { vec!["namespace", namespace] };
    above.into_iter().chain(own).collect()
}

/// The value without what is at this place; `None` where nothing is.
fn removed(value: &Value, place: &[&str]) -> Option<Value> {
    let Value::Object(fields) = value else { return None };
    let (first, rest) = place.split_first()?;
    let key = Value::from(*first);
    let below = &value[&key];
    if *below == Value::Undefined {
        return None;
    }
    let without = if rest.is_empty() { None } else { Some(removed(below, rest)?) };
    let others = fields.iter().filter(|(name, _)| **name != key);
    let others = others.map(|(name, value)| (name.clone(), value.clone()));
    let all = others.chain(without.map(|without| (key.clone(), without)));
    Some(Value::from(all.collect::<BTreeMap<_, _>>()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn objects_are_by_place_and_without_the_one_that_is_judged() {
        let objects = [
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a", "namespace": "n"}}),
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "b", "namespace": "n"}}),
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "c"}}),
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}),
        ];
        let resources = objects.clone().map(|object| Resource::from_manifest(object).unwrap());
        let inventory = Inventory::of(resources.iter());
        let of = |object| inventory.without(&Review::of_object(object, None));
        let expected = json!({"inventory": {
            "cluster": {"v1": {"Namespace": {"n": objects[3]}}},
            "namespace": {"n": {"v1": {"Service": {"b": objects[1]}}},
                "default": {"v1": {"Service": {"c": objects[2]}}}}}});
        assert_eq!(of(&objects[0]), convert(&expected));
        let text = |object| serde_json::to_string(&of(object)).unwrap();
        assert!(!text(&objects[2]).contains("\"name\":\"c\""), "{}", text(&objects[2]));
        assert!(!text(&objects[3]).contains("\"kind\":\"Namespace\""), "{}", text(&objects[3]));
        let other = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}});
        assert_eq!(of(&other)["inventory"], inventory.value);
    }
}
