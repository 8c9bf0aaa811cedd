//! A pod as the controls see it: plain JSON, whose fields may be missing, null or anything else.

use super::PodSecurityLevel;
use super::standard::Standard;
use crate::resource::pointer;
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;

/// Characters of a value that a message repeats.
const SHOWN: usize = 80;

/// A pod or a pod template, and what it is held to.
pub(super) struct Pod<'a> {
    pub(super) metadata: &'a Value,
    pub(super) spec: &'a Value,
    standard: Standard,
}

/// Which of a pod's lists a container stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Init,
    Regular,
    Ephemeral,
}

impl List {
    fn field(self) -> &'static str {
        match self {
            Self::Init => "initContainers",
            Self::Regular => "containers",
            Self::Ephemeral => "ephemeralContainers",
        }
    }
}

/// What has a security context: the pod, or one of its containers.
pub(super) struct Subject<'a> {
    /// `None` for the pod.
    container: Option<(List, usize)>,
    /// The container's name.
    pub(super) name: &'a str,
    /// The pod's spec, or the container.
    pub(super) value: &'a Value,
    /// Its security context; `Null` where it has none.
    pub(super) context: &'a Value,
}

impl<'a> Pod<'a> {
    pub(super) fn new(template: &'a Value, standard: Standard) -> Self {
        let part = |name| template.get(name).unwrap_or(&Value::Null);
        Self { metadata: part("metadata"), spec: part("spec"), standard }
    }

    pub(super) fn is_restricted(&self) -> bool {
        self.standard.level == PodSecurityLevel::Restricted
    }

    /// Whether the pod is held to this minor version or a later one.
    pub(super) fn since(&self, minor: u64) -> bool {
        self.standard.minor >= minor
    }

    /// Whether Linux's controls do not matter, since the pod runs on Windows: level restricted
    /// knows that from 1.25 on.
    pub(super) fn is_windows(&self) -> bool {
        self.since(25)
            && field(self.spec, "os").and_then(|os| field(os, "name")).and_then(Value::as_str)
                == Some("windows")
    }

    /// Whether root in the pod is nobody outside it, since it has users of its own: known from 1.35
    /// on.
    pub(super) fn has_own_users(&self) -> bool {
        self.since(35) && field(self.spec, "hostUsers") == Some(&Value::Bool(false))
    }

    pub(super) fn has_annotations(&self) -> bool {
        field(self.metadata, "annotations").is_some()
    }

    /// A value among the pod's annotations. Null is an empty text to Kubernetes.
    pub(super) fn annotation(&self, key: &str) -> Option<Cow<'a, str>> {
        self.metadata.get("annotations")?.get(key).map(|value| text(Some(value)))
    }

    /// The pod as something that has a security context.
    pub(super) fn subject(&self) -> Subject<'a> {
        Subject { container: None, name: "", value: self.spec, context: context(self.spec) }
    }

    /// Visits init, regular and ephemeral containers; then the implied one.
    pub(super) fn each_container(
        &self,
        implied: Option<&'a str>,
        mut visit: impl FnMut(&Subject<'a>),
    ) {
        for list in [List::Init, List::Regular, List::Ephemeral] {
            for (index, value) in elements(self.spec, list.field()).iter().enumerate() {
                let name = field(value, "name").and_then(Value::as_str).unwrap_or_default();
                visit(&Subject {
                    container: Some((list, index)),
                    name,
                    value,
                    context: context(value),
                });
            }
        }
        if let Some(name) = implied {
            let index = elements(self.spec, List::Regular.field()).len();
            visit(&Subject {
                container: Some((List::Regular, index)),
                name,
                value: &Value::Null,
                context: &Value::Null,
            });
        }
    }
}

impl Subject<'_> {
    /// Pointer of a field, from the pod's root.
    pub(super) fn place(&self, fields: &[&str]) -> String {
        let mut place = String::from("/spec");
        if let Some((list, index)) = self.container {
            pointer::push(&mut place, list.field());
            pointer::push(&mut place, &index.to_string());
        }
        fields.iter().for_each(|field| pointer::push(&mut place, field));
        place
    }

    /// Pointer of a field of the security context.
    pub(super) fn context_place(&self, fields: &[&str]) -> String {
        let mut place = self.place(&["securityContext"]);
        fields.iter().for_each(|field| pointer::push(&mut place, field));
        place
    }
}

/// Who it is, for a sentence.
impl fmt::Display for Subject<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.container {
            None => return out.write_str("the pod"),
            Some((List::Init, _)) => "init container",
            Some((List::Regular, _)) => "container",
            Some((List::Ephemeral, _)) => "ephemeral container",
        };
        write!(out, "{word} {}", shown(self.name))
    }
}

fn context(value: &Value) -> &Value {
    value.get("securityContext").unwrap_or(&Value::Null)
}

/// A field that is there and not null.
pub(super) fn field<'a>(parent: &'a Value, name: &str) -> Option<&'a Value> {
    parent.get(name).filter(|value| !value.is_null())
}

/// The elements of a list; what is no list counts as one element.
pub(super) fn elements<'a>(parent: &'a Value, name: &str) -> &'a [Value] {
    match parent.get(name) {
        None | Some(Value::Null) => &[],
        Some(Value::Array(elements)) => elements,
        Some(other) => std::slice::from_ref(other),
    }
}

/// Whether a switch is on: whatever is neither false nor null counts.
pub(super) fn is_on(parent: &Value, name: &str) -> bool {
    field(parent, name).is_some_and(|value| value != &Value::Bool(false))
}

/// A text, empty where there is none; what is no text as JSON, which is no allowed value of
/// anything.
pub(super) fn text(value: Option<&Value>) -> Cow<'_, str> {
    match value {
        None | Some(Value::Null) => Cow::Borrowed(""),
        Some(Value::String(text)) => Cow::Borrowed(text),
        Some(other) => Cow::Owned(other.to_string()),
    }
}

/// A text of the user's as messages repeat it: quoted, and shortened where it is long.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}
