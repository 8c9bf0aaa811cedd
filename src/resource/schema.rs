//! Adjusts generated JSON schemas for the API server.

/// For enumerations: in an optional field, the type's description would replace the field's.
pub(crate) fn without_description(schema: &mut schemars::Schema) {
    schema.remove("description");
}

/// For numbers: the API server does not know formats of unsigned numbers and warns about each.
pub(crate) fn without_format(schema: &mut schemars::Schema) {
    schema.remove("format");
    if let Some(items) = schema.get_mut("items").and_then(serde_json::Value::as_object_mut) {
        items.remove("format");
    }
}
