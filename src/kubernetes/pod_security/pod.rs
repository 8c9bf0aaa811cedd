//! Reads a pod for the controls: plain JSON whose fields may be missing, null or of any type.

use super::PodSecurityLevel;
use super::standard::Standard;
use super::violation::PodPart;
use crate::resource::pointer;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// A pod or a pod template, and the standard that it must meet.
pub(super) struct Pod<'a> {
    pub(super) metadata: &'a Value,
    pub(super) spec: &'a Value,
    standard: Standard,
    /// Ports of the node that the pod may use.
    pub(super) allowed_ports: &'a [u16],
}

/// The list of the pod that holds a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerKind {
    /// `initContainers`
    Init,
    /// `containers`
    Regular,
    /// `ephemeralContainers`
    Ephemeral,
}

impl ContainerKind {
    fn field(self) -> &'static str {
        match self {
            Self::Init => "initContainers",
            Self::Regular => "containers",
            Self::Ephemeral => "ephemeralContainers",
        }
    }
}

/// A holder of a security context: the pod, or one of its containers.
pub(super) struct Subject<'a> {
    /// The container's list and index; `None` for the pod.
    container: Option<(ContainerKind, usize)>,
    /// The container's name.
    pub(super) name: &'a str,
    /// The pod's spec, or the container.
    pub(super) value: &'a Value,
    /// Its security context; `Null` if it has none.
    pub(super) context: &'a Value,
}

impl<'a> Pod<'a> {
    pub(super) fn new(template: &'a Value, standard: Standard, allowed_ports: &'a [u16]) -> Self {
        let part = |name| template.get(name).unwrap_or(&Value::Null);
        Self { metadata: part("metadata"), spec: part("spec"), standard, allowed_ports }
    }

    pub(super) fn is_restricted(&self) -> bool {
        self.standard.level == PodSecurityLevel::Restricted
    }

    /// Whether the standard has this minor version or a later one.
    pub(super) fn since(&self, minor: u64) -> bool {
        self.standard.minor >= minor
    }

    /// Whether the pod runs on Windows, where Linux's controls do not apply. Level restricted
    /// considers this from 1.25 on.
    pub(super) fn is_windows(&self) -> bool {
        self.since(25)
            && field(self.spec, "os").and_then(|os| field(os, "name")).and_then(Value::as_str)
                == Some("windows")
    }

    /// Whether root in the pod is not root on the node, because the pod has a user namespace. The
    /// standard considers this from 1.35 on.
    pub(super) fn has_user_namespace(&self) -> bool {
        self.since(35) && field(self.spec, "hostUsers") == Some(&Value::Bool(false))
    }

    pub(super) fn annotations(&self) -> Option<&'a Map<String, Value>> {
        self.metadata.get("annotations")?.as_object()
    }

    /// The pod as a holder of a security context.
    pub(super) fn subject(&self) -> Subject<'a> {
        Subject { container: None, name: "", value: self.spec, context: context(self.spec) }
    }

    /// Visits init, regular and ephemeral containers, then the implied one.
    pub(super) fn each_container(
        &self,
        implied: Option<&'a str>,
        mut visit: impl FnMut(&Subject<'a>),
    ) {
        for list in [ContainerKind::Init, ContainerKind::Regular, ContainerKind::Ephemeral] {
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
            let index = elements(self.spec, ContainerKind::Regular.field()).len();
            visit(&Subject {
                container: Some((ContainerKind::Regular, index)),
                name,
                value: &Value::Null,
                context: &Value::Null,
            });
        }
    }
}

impl<'a> Subject<'a> {
    /// The pod, or the container with its name.
    pub(super) fn part(&self) -> PodPart<'a> {
        match self.container {
            None => PodPart::Pod,
            Some((kind, _)) => PodPart::Container(kind, self.name),
        }
    }

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

fn context(value: &Value) -> &Value {
    value.get("securityContext").unwrap_or(&Value::Null)
}

/// A field that is set and not null.
pub(super) fn field<'a>(parent: &'a Value, name: &str) -> Option<&'a Value> {
    parent.get(name).filter(|value| !value.is_null())
}

/// The elements of a list; anything else counts as one element.
pub(super) fn elements<'a>(parent: &'a Value, name: &str) -> &'a [Value] {
    match parent.get(name) {
        None | Some(Value::Null) => &[],
        Some(Value::Array(elements)) => elements,
        Some(other) => std::slice::from_ref(other),
    }
}

/// Whether a switch is on: any value except false and null.
pub(super) fn is_on(parent: &Value, name: &str) -> bool {
    field(parent, name).is_some_and(|value| value != &Value::Bool(false))
}

/// A string, empty if it is missing. Other values become JSON, which no field allows.
pub(super) fn text(value: Option<&Value>) -> Cow<'_, str> {
    match value {
        None | Some(Value::Null) => Cow::Borrowed(""),
        Some(Value::String(text)) => Cow::Borrowed(text),
        Some(other) => Cow::Owned(other.to_string()),
    }
}
