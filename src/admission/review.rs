//! AdmissionReview requests of `admission.k8s.io/v1` and `v1beta1`, which have the same fields.
//!
//! A body is read once. Where that fails, it is read again without its objects: a review whose object
//! cannot be read still has a uid, and its refusal reaches the user as an answer instead of a
//! failed call.

use crate::resource::limits::{Limit, text_excess};
use crate::resource::{
    GroupVersionKind, GroupVersionResource, Operation, Resource, UserInfo, metadata_text, type_name,
};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// Versions of the protocol. The response has the version of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewVersion {
    /// `admission.k8s.io/v1`
    V1,
    /// `admission.k8s.io/v1beta1`
    V1Beta1,
}

impl ReviewVersion {
    /// The `apiVersion` of reviews of this version.
    pub fn api_version(self) -> &'static str {
        match self {
            Self::V1 => "admission.k8s.io/v1",
            Self::V1Beta1 => "admission.k8s.io/v1beta1",
        }
    }
}

/// Why a body is not an AdmissionReview.
#[derive(Debug, thiserror::Error)]
pub enum MalformedReview {
    /// Not JSON, or fields of a wrong type.
    #[error("the body is not an AdmissionReview, a JSON object with apiVersion, kind and request")]
    Json(#[from] serde_json::Error),
    /// Another kind of object.
    #[error("kind is `{0}`, write `AdmissionReview`")]
    Kind(String),
    /// An unsupported version.
    #[error(
        "apiVersion `{0}` is not supported: use `admission.k8s.io/v1` or `admission.k8s.io/v1beta1`"
    )]
    Version(String),
    /// No request.
    #[error("the AdmissionReview has no request")]
    NoRequest,
    /// No uid, which the response must repeat.
    #[error("the AdmissionReview's request has no uid")]
    NoUid,
}

/// Why the object in a review cannot be checked.
#[derive(Debug, thiserror::Error)]
pub enum MalformedObject {
    /// Not parsable, mostly because it is nested too deeply.
    #[error("`{field}` cannot be parsed; correct the object and send it again")]
    Json {
        /// `object` or `oldObject`.
        field: &'static str,
        /// Why.
        source: serde_json::Error,
    },
    /// Not a mapping.
    #[error(
        "`{field}` is {found}, not a Kubernetes object; send an object with apiVersion, kind and metadata"
    )]
    NotAnObject {
        /// `object` or `oldObject`.
        field: &'static str,
        /// Its type.
        found: &'static str,
    },
    /// Too large to parse.
    #[error("`{field}` has more than {} {}; use several objects", .limit.most(), .limit.what())]
    TooLarge {
        /// `object` or `oldObject`.
        field: &'static str,
        /// What it has too much of.
        limit: Limit,
    },
    /// CREATE or UPDATE without an object.
    #[error("the request has no `object`, which {0} requires")]
    Missing(&'static str),
}

/// A review whose objects are read as `T`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound = "T: Deserialize<'de>")]
struct Wire<T> {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    request: Option<Request<T>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound = "T: Deserialize<'de>")]
struct Request<T> {
    #[serde(default)]
    uid: String,
    #[serde(default)]
    kind: GroupVersionKind,
    #[serde(default)]
    resource: GroupVersionResource,
    #[serde(default)]
    sub_resource: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    namespace: Option<String>,
    operation: Operation,
    #[serde(default)]
    user_info: Option<UserInfo>,
    #[serde(default)]
    object: Option<T>,
    #[serde(default)]
    old_object: Option<T>,
    #[serde(default)]
    dry_run: Option<bool>,
}

/// One AdmissionReview request.
pub struct Review {
    /// The protocol's version.
    pub version: ReviewVersion,
    /// Identifies this call, not the object. The response repeats it.
    pub uid: String,
    outline: Resource,
    object: Option<Object>,
    old_object: Option<Object>,
}

/// An object, or why it cannot be read.
type Object = Result<Value, Unread>;

enum Unread {
    Json(serde_json::Error),
    TooLarge(Limit),
}

impl Review {
    /// Reads a body.
    ///
    /// # Errors
    /// When the body is not JSON, not an AdmissionReview, of an unknown version, or has no request
    /// or uid.
    pub fn parse(body: &[u8]) -> Result<Self, MalformedReview> {
        // The parser checks less of a text than of bytes.
        let read = |text| serde_json::from_str::<Wire<Value>>(text).ok();
        let is_small = |text: &&str| text_excess(text).is_none();
        match std::str::from_utf8(body).ok().filter(is_small).and_then(read) {
            Some(wire) => Self::of(wire, Ok),
            None => {
                let wire: Wire<&RawValue> = serde_json::from_slice(body)?;
                // serde_json stops at 128 levels, so that nothing after this recurses deeper.
                Self::of(wire, |object| match text_excess(object.get()) {
                    Some(limit) => Err(Unread::TooLarge(limit)),
                    None => serde_json::from_str(object.get()).map_err(Unread::Json),
                })
            }
        }
    }

    /// Reads a body without its objects, to know the namespace before the rest is read.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_outline(body: &[u8]) -> Result<Self, MalformedReview> {
        let mut wire: Wire<&RawValue> = serde_json::from_slice(body)?;
        if let Some(request) = &mut wire.request {
            (request.object, request.old_object) = (None, None);
        }
        Self::of(wire, |_| Ok(Value::Null))
    }

    fn of<T>(wire: Wire<T>, read: impl Fn(T) -> Object) -> Result<Self, MalformedReview> {
        if wire.kind != "AdmissionReview" {
            return Err(MalformedReview::Kind(wire.kind));
        }
        let version = [ReviewVersion::V1, ReviewVersion::V1Beta1]
            .into_iter()
            .find(|known| known.api_version() == wire.api_version);
        let Some(version) = version else { return Err(MalformedReview::Version(wire.api_version)) };
        let request = wire.request.ok_or(MalformedReview::NoRequest)?;
        if request.uid.is_empty() {
            return Err(MalformedReview::NoUid);
        }
        let outline = Resource {
            kind: request.kind,
            of: request.resource,
            operation: request.operation,
            namespace: request.namespace.unwrap_or_default(),
            name: request.name.unwrap_or_default(),
            sub_resource: request.sub_resource.filter(|name| !name.is_empty()),
            dry_run: request.dry_run.unwrap_or_default(),
            user: request.user_info.unwrap_or_default(),
            object: Value::Null,
            old_object: None,
        };
        let (object, old_object) = (request.object.map(&read), request.old_object.map(&read));
        Ok(Self { version, uid: request.uid, outline, object, old_object })
    }

    /// What the request says of its object, without the object; nothing once [`Self::resource`] has
    /// given it.
    pub fn outline(&self) -> &Resource {
        &self.outline
    }

    /// The object on its way through the gate. It is given once.
    ///
    /// # Errors
    /// When the object or the old object is missing, nested too deep or not a mapping.
    pub fn resource(&mut self) -> Result<Resource, MalformedObject> {
        let object = checked("object", self.object.take())?;
        // An object from before Flinkgate must not become one that cannot be deleted.
        let old_object = self.old_object.take().filter(|old| {
            self.outline.operation != Operation::Delete || !matches!(old, Err(Unread::TooLarge(_)))
        });
        let old_object = match checked("oldObject", old_object)? {
            Value::Null => None,
            object => Some(object),
        };
        match self.outline.operation {
            Operation::Create if object.is_null() => {
                return Err(MalformedObject::Missing("CREATE"));
            }
            Operation::Update if object.is_null() => {
                return Err(MalformedObject::Missing("UPDATE"));
            }
            _ => {}
        }
        let outline = std::mem::take(&mut self.outline);
        let mut resource = Resource { object, old_object, ..outline };
        // Deleting a whole collection sends no name in the request; the object has it.
        if resource.name.is_empty() {
            let named = if resource.object.is_null() {
                resource.old_object.as_ref()
            } else {
                Some(&resource.object)
            };
            resource.name =
                named.map(|object| metadata_text(object, "name")).unwrap_or_default().to_owned();
        }
        Ok(resource)
    }
}

fn checked(field: &'static str, object: Option<Object>) -> Result<Value, MalformedObject> {
    match object {
        None => Ok(Value::Null),
        Some(Ok(value @ (Value::Object(_) | Value::Null))) => Ok(value),
        Some(Ok(other)) => Err(MalformedObject::NotAnObject { field, found: type_name(&other) }),
        Some(Err(Unread::Json(source))) => Err(MalformedObject::Json { field, source }),
        Some(Err(Unread::TooLarge(limit))) => Err(MalformedObject::TooLarge { field, limit }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::causes::with_causes;
    use serde_json::json;

    fn request(extra: Value) -> Vec<u8> {
        let mut request = json!({"uid": "u1", "operation": "CREATE", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "object": {}});
        request.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})
            .to_string()
            .into_bytes()
    }

    #[test]
    fn every_recorded_review_becomes_a_resource() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/reviews");
        let mut seen = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let body = std::fs::read(&path).unwrap();
            let mut review =
                Review::parse(&body).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let resource = review.resource().unwrap();
            let sent: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(review.uid, sent["request"]["uid"]);
            assert_eq!(resource.kind.kind, sent["request"]["kind"]["kind"]);
            assert_eq!(resource.user.username, sent["request"]["userInfo"]["username"]);
            assert_eq!(resource.object, sent["request"]["object"]);
            seen += 1;
        }
        assert!(seen >= 5);
    }

    #[test]
    fn a_deletion_is_named_by_its_old_object() {
        let body = request(
            json!({"operation": "DELETE", "object": null, "oldObject": {"metadata": {"name": "etl"}}}),
        );
        let resource = Review::parse(&body).unwrap().resource().unwrap();
        assert_eq!((resource.name.as_str(), resource.object.is_null()), ("etl", true));
    }

    #[test]
    fn malformed_reviews_are_errors() {
        let cases: [(&[u8], &str); 7] = [
            (b"", "not an AdmissionReview"),
            (b"[1]", "not an AdmissionReview"),
            (b"{}", "kind is ``"),
            (br#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v2"}"#, "`admission.k8s.io/v2` is not supported"),
            (br#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}"#, "no request"),
            (br#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"operation":"CREATE"}}"#, "no uid"),
            (br#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u","operation":"EAT"}}"#, "EAT"),
        ];
        for (body, expected) in cases {
            let error = with_causes(&Review::parse(body).err().unwrap());
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn an_unusable_object_is_named() {
        for (extra, expected) in [
            (json!({"object": "x"}), "`object` is a string"),
            (json!({"object": null}), "which CREATE requires"),
            (json!({"operation": "UPDATE", "oldObject": [1]}), "`oldObject` is a list"),
        ] {
            let body = request(extra);
            let error = Review::parse(&body).unwrap().resource().unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn deep_nesting_is_an_error() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let inner = if open == "[" { "" } else { "1" };
            let deep = format!("{}{inner}{}", open.repeat(100_000), close.repeat(100_000));
            let body = format!(
                r#"{{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{{"uid":"u","operation":"CREATE","object":{deep}}}}}"#
            );
            let review = Review::parse(body.as_bytes());
            assert!(review.is_err() || review.is_ok_and(|mut review| review.resource().is_err()));
            assert!(Review::parse(deep.as_bytes()).is_err());
        }
    }
}
