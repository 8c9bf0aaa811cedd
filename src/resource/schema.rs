//! Corrections of generated JSON schemas for the API server.

/// For enumerations: where a field may hold one or nothing, the definition would have the type's
/// words instead of the field's.
pub(crate) fn without_description(schema: &mut schemars::Schema) {
    schema.remove("description");
}

/// For numbers: the API server knows no formats of numbers without a sign, and says so of each.
pub(crate) fn without_format(schema: &mut schemars::Schema) {
    schema.remove("format");
    if let Some(items) = schema.get_mut("items").and_then(serde_json::Value::as_object_mut) {
        items.remove("format");
    }
}
