//! Places in the object, in the form that findings take.

use crate::resource::pointer;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use std::borrow::Cow;

/// A JSON Pointer as the list of its tokens, which a finding's `path` is.
#[derive(Debug)]
pub struct Path<'a>(Cow<'a, str>);

impl<'a> Path<'a> {
    pub(super) fn new(pointer: impl Into<Cow<'a, str>>) -> Self {
        Self(pointer.into())
    }
}

impl Serialize for Path<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(pointer::tokens(&self.0))
    }
}

impl JsonSchema for Path<'_> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Path".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "array", "items": {"type": "string"}})
    }
}
