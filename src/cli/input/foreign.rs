//! Documents that are no whole Kubernetes object: patches, templates, values of charts, settings of other
//! tools. They are counted and not judged.

use serde_json::Value;

/// What a document is instead of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Foreign {
    /// A strategic merge patch or a JSON patch.
    Patch,
    /// A template that is not rendered.
    Template,
    /// Something of another tool.
    Other,
}

impl Foreign {
    /// What a document is by its value; `None` for an object.
    pub(super) fn of(value: &Value) -> Option<Self> {
        if is_json_patch(value) || has_directive(value) {
            return Some(Self::Patch);
        }
        if !value.is_object() || (value.get("apiVersion").is_none() && value.get("kind").is_none())
        {
            return Some(Self::Other);
        }
        has_expression(value).then_some(Self::Template)
    }

    /// What a text is that is no YAML; `None` where it may be a manifest with a mistake.
    pub(super) fn of_unreadable(text: &str) -> Option<Self> {
        if text.contains("{{") {
            return Some(Self::Template);
        }
        (!is_like_manifest(text)).then_some(Self::Other)
    }

    /// The note about this many documents.
    pub(super) fn note(self, count: usize) -> String {
        let counted = |what| crate::report::counted(count, what);
        match self {
            Self::Patch => format!(
                "skipped {}: check the output of `kubectl kustomize` instead",
                if count == 1 { "1 patch".to_owned() } else { format!("{count} patches") }
            ),
            Self::Template => {
                format!("skipped {}: check what it renders instead", counted("template"))
            }
            Self::Other => {
                format!("skipped {} without `apiVersion` or `kind`", counted("document"))
            }
        }
    }
}

/// Whether a text may be a manifest.
pub(super) fn is_like_manifest(text: &str) -> bool {
    text.contains("apiVersion") && text.contains("kind")
}

/// A list of operations (RFC 6902).
fn is_json_patch(value: &Value) -> bool {
    let is_operation = |value: &Value| {
        value.get("op").is_some_and(Value::is_string)
            && value.get("path").is_some_and(Value::is_string)
    };
    value.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(is_operation))
}

/// Fields whose keys are options of Flink, its operator or its logging. They may have any name, and the
/// API server keeps them.
const OPTIONS: [&str; 5] =
    ["configuration", "flinkConfig", "flinkConfiguration", "flinkProperties", "logConfiguration"];

/// Whether a field is a directive of a strategic merge patch. No kind of Kubernetes has such fields; an
/// option of this name is no directive.
fn has_directive(value: &Value) -> bool {
    let is_directive = |key: &str| {
        matches!(key, "$patch" | "$retainKeys")
            || key.starts_with("$setElementOrder/")
            || key.starts_with("$deleteFromPrimitiveList/")
    };
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(list) => open.extend(list),
            Value::Object(map) if map.keys().any(|key| is_directive(key)) => return true,
            Value::Object(map) => {
                let fields = map.iter().filter(|(key, _)| !OPTIONS.contains(&key.as_str()));
                open.extend(fields.map(|(_, value)| value));
            }
            _ => {}
        }
    }
    false
}

/// Whether what names an object is an expression of a template.
fn has_expression(value: &Value) -> bool {
    let is_expression =
        |text: &str| text.split_once("{{").is_some_and(|(_, rest)| rest.contains("}}"));
    let metadata = value.get("metadata");
    let of_metadata = |field| metadata.and_then(|metadata| metadata.get(field));
    let names =
        [value.get("apiVersion"), value.get("kind"), of_metadata("name"), of_metadata("namespace")];
    names.into_iter().flatten().filter_map(Value::as_str).any(is_expression)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn objects_are_told_from_what_looks_like_them() {
        let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}});
        let with = |patch: Value| {
            let mut object = object.clone();
            json_patch::merge(&mut object, &patch);
            object
        };
        for (value, expected) in [
            (object.clone(), None),
            (with(json!({"metadata": {"annotations": {"a": "{{ .Values.a }}"}}})), None),
            (json!({"kind": "Pod"}), None),
            (with(json!({"metadata": {"name": "{{ .Release.Name }}-a"}})), Some(Foreign::Template)),
            (
                with(json!({"spec": {"containers": [{"$patch": "delete", "name": "b"}]}})),
                Some(Foreign::Patch),
            ),
            (with(json!({"spec": {"flinkConfiguration": {"$patch": "replace"}}})), None),
            (json!([{"op": "remove", "path": "/spec"}]), Some(Foreign::Patch)),
            (json!([]), Some(Foreign::Other)),
            (json!({"image": {"tag": "1"}}), Some(Foreign::Other)),
            (json!("text"), Some(Foreign::Other)),
        ] {
            assert_eq!(Foreign::of(&value), expected, "{value}");
        }
    }

    #[test]
    fn manifests_with_mistakes_are_not_passed_over() {
        let broken = "apiVersion: v1\nkind: Pod\nmetadata: {name: a\n";
        assert_eq!(Foreign::of_unreadable(broken), None);
        assert_eq!(
            Foreign::of_unreadable("{{- if .Values.a }}\nkind: Pod"),
            Some(Foreign::Template)
        );
        assert_eq!(Foreign::of_unreadable("{ // tsconfig\n \"a\": 1, }"), Some(Foreign::Other));
    }
}
