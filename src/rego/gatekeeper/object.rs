//! An object of a policy file, with its place.

use crate::rego::error::PolicyProblem;
use crate::resource::fields::text;
use crate::resource::yaml::{Positions, Span};
use crate::resource::{metadata_text, pointer};
use serde_json::Value;

/// Group of templates.
const TEMPLATES: &str = "templates.gatekeeper.sh/";
/// Group of constraints, whose kinds the templates define.
const CONSTRAINTS: &str = "constraints.gatekeeper.sh/";

/// Objects that are policies too and are not evaluated, by group and kind.
const OTHERS: [(&str, &str); 2] = [
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    ("expansion.gatekeeper.sh", "ExpansionTemplate"),
];

/// An object of a policy file that is not Flinkgate's.
#[derive(Clone, Debug)]
pub struct PolicyObject {
    /// The file.
    pub file: String,
    /// The object.
    pub value: Value,
    /// Where the fields of its document are.
    pub positions: Positions,
    /// Where the object is in the document.
    pub prefix: String,
}

impl PolicyObject {
    /// The objects of a file that Flinkgate's own reader refuses and Kubernetes reads, without
    /// places: lines of a quoted text may begin anywhere. `None` where Kubernetes refuses it too.
    pub fn read_leniently(file: &str, text: &str) -> Option<Vec<Self>> {
        let mut documents = vec![String::new()];
        for line in text.split_inclusive('\n') {
            match documents.last_mut() {
                Some(last) if !line.starts_with("---") => last.push_str(line),
                _ => documents.push(String::new()),
            }
        }
        let mut objects = Vec::new();
        for document in documents.iter().filter(|document| !document.trim().is_empty()) {
            let value = regorus::Value::from_yaml_str(document).ok()?;
            let value = serde_json::to_value(value).ok()?;
            objects.push(Self {
                file: file.to_owned(),
                value,
                positions: Positions::default(),
                prefix: String::new(),
            });
        }
        Some(objects)
    }

    /// Whether an object is one that is evaluated, or that a user may take for one.
    pub fn is_known(value: &Value) -> bool {
        let version = text(value, "apiVersion");
        let group = version.split_once('/').map_or("", |(group, _)| group);
        version.starts_with(TEMPLATES)
            || version.starts_with(CONSTRAINTS)
            || OTHERS.contains(&(group, text(value, "kind")))
    }

    /// A note about an object that is not evaluated.
    pub(super) fn note(&self) -> Option<String> {
        let (_, kind) = OTHERS.iter().find(|(_, kind)| *kind == self.kind())?;
        let why = match *kind {
            "ExpansionTemplate" => "the pods that it would expand to are not checked",
            _ => "Flinkgate evaluates Rego, not CEL",
        };
        let (name, file) = (self.name(), &self.file);
        Some(format!("{kind} `{name}` in `{file}` is not evaluated: {why}"))
    }

    /// Whether it is a ConstraintTemplate.
    pub(super) fn is_template(&self) -> bool {
        self.kind() == "ConstraintTemplate" && self.version().starts_with(TEMPLATES)
    }

    /// Whether it is a constraint.
    pub(super) fn is_constraint(&self) -> bool {
        self.version().starts_with(CONSTRAINTS)
    }

    fn version(&self) -> &str {
        text(&self.value, "apiVersion")
    }

    /// Its kind.
    pub(super) fn kind(&self) -> &str {
        text(&self.value, "kind")
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        metadata_text(&self.value, "name")
    }

    /// An annotation.
    pub(super) fn annotation(&self, key: &str) -> Option<String> {
        let annotations = pointer::at(&self.value, "/metadata/annotations")?;
        let text = annotations.get(key)?.as_str()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The value at a pointer into the object.
    pub(super) fn at(&self, place: &str) -> Option<&Value> {
        pointer::at(&self.value, place)
    }

    /// Where to point for a pointer into the object.
    pub(super) fn span(&self, place: &str) -> Span {
        self.positions.nearest(&format!("{}{place}", self.prefix))
    }

    /// A problem at a pointer into the object.
    pub(super) fn problem(&self, place: &str, message: impl Into<String>) -> PolicyProblem {
        let span = self.span(place);
        PolicyProblem {
            line: span.line,
            column: span.column,
            ..PolicyProblem::of_file(&self.file, message)
        }
    }
}
