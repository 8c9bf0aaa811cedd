//! `input.review`: the request as Gatekeeper gives it to templates.

use crate::rego::input::convert;
use crate::resource::fields::text;
use crate::resource::{metadata_text, pointer};
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// An object that is judged, or a request of the API server.
#[derive(Debug)]
pub struct Review<'a> {
    request: Cow<'a, Value>,
    namespace: Option<&'a Value>,
}

impl<'a> Review<'a> {
    /// The review of an object of a file, which is judged as if it were created, or of the request
    /// in a file with an AdmissionReview. `namespace` is the object's Namespace, where it is known.
    pub fn of_object(object: &'a Value, namespace: Option<&'a Value>) -> Self {
        let is_review = text(object, "kind") == "AdmissionReview"
            && text(object, "apiVersion").starts_with("admission.k8s.io/");
        if let Some(request) = object.get("request").filter(|_| is_review) {
            return Self { request: Cow::Borrowed(request), namespace };
        }
        let (group, version) = {
            let version = text(object, "apiVersion");
            version.split_once('/').unwrap_or(("", version))
        };
        let mut request = Map::new();
        let mut set = |key: &str, value: Value| request.insert(key.to_owned(), value);
        set("uid", json!(""));
        let kind = text(object, "kind");
        set("kind", json!({"group": group, "version": version, "kind": kind}));
        set("resource", json!({"group": "", "version": "", "resource": ""}));
        set("operation", json!("CREATE"));
        set("userInfo", json!({}));
        set("object", object.clone());
        for field in ["name", "namespace"] {
            let value = metadata_text(object, field);
            if !value.is_empty() {
                set(field, json!(value));
            }
        }
        Self { request: Cow::Owned(Value::Object(request)), namespace }
    }

    /// The namespace that the object of a file, or of the request in it, is in.
    pub fn namespace_of(object: &Value) -> &str {
        match metadata_text(object, "namespace") {
            "" => pointer::at(object, "/request/namespace")
                .and_then(Value::as_str)
                .unwrap_or_default(),
            namespace => namespace,
        }
    }

    /// The object; of a deletion, the one that is deleted.
    pub(super) fn object(&self) -> Option<&Value> {
        let object = match text(&self.request, "operation") {
            "DELETE" => "oldObject",
            _ => "object",
        };
        self.request.get(object).filter(|object| object.is_object())
    }

    /// The object before the request.
    pub(super) fn old_object(&self) -> Option<&Value> {
        self.request.get("oldObject").filter(|object| object.is_object())
    }

    /// The Namespace of the object.
    pub(super) fn namespace_object(&self) -> Option<&Value> {
        self.namespace
    }

    /// The document that templates read.
    pub(super) fn input(&self) -> regorus::Value {
        let mut review = self.request.clone().into_owned();
        if let Some(fields) = review.as_object_mut() {
            if let Some(object) = self.object() {
                fields.insert("object".into(), object.clone());
            }
            if let Some(namespace) = self.namespace {
                fields.insert("_unstable".into(), json!({"namespace": namespace}));
            }
        }
        convert(&review)
    }
}
