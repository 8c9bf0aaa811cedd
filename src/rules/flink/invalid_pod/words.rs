//! What `flink/invalid-pod` says of a fault.

use super::reasons;
use crate::kubernetes::validation::{Fault, Form, Named, Place, Reason};
use crate::resource::pointer;
use crate::rules::Advice;
use crate::rules::words::{alternatives, shown};
use crate::spelling::closest;
use serde_json::Value;

fn rename(kind: &str) -> &'static str {
    match kind {
        "mount" => "mount the volume at another path",
        "port" => "remove the port",
        _ => "rename the volume",
    }
}

/// A message and its help.
#[derive(Clone, Debug)]
pub struct Words {
    /// What is wrong.
    pub message: String,
    /// What to write.
    pub help: Advice,
    /// The option that they are about.
    pub option: Option<String>,
}

impl Words {
    fn new(message: impl Into<String>, help: impl Into<Advice>) -> Self {
        Self { message: message.into(), help: help.into(), option: None }
    }

    /// The same about an option.
    pub fn about(self, option: &str) -> Self {
        Self { option: Some(option.into()), ..self }
    }

    /// The words for a fault at a place; `name` is that of the list's element, if it has one.
    pub fn of(fault: Fault<'_>, at: &Place<'_>, name: &str) -> Self {
        let field = at.name();
        let what = if field.is_empty() { at.list() } else { field };
        match fault {
            Fault::Missing("selector") => Self::new(
                "the workload has no `selector`",
                "add `selector` with `matchLabels` of the template",
            ),
            Fault::Missing("restartPolicy") => Self::new(
                "the pod of a Job has no `restartPolicy`",
                Advice::set("restartPolicy", "OnFailure"),
            ),
            Fault::Missing(missing) => Self::new(
                format!("{} has no `{missing}`", owner(at, name)),
                format!("add `{missing}`"),
            ),
            Fault::MissingOneOf(fields) => Self::new(
                format!("{} has none of {}", owner(at, name), alternatives(fields)),
                format!("add one of {}", alternatives(fields)),
            ),
            Fault::Both(first, second) => Self::new(
                format!("{} has both `{first}` and `{second}`", parent(at, name)),
                remove(second, at),
            ),
            Fault::Repeated(value) if field.is_empty() => Self::new(
                format!("`{}` is listed twice in `{}`", shown(value), at.list()),
                "remove one of them",
            ),
            Fault::Repeated(value) => Self::new(
                format!("`{field}` `{}` is used twice", shown(value)),
                format!("use another `{field}`"),
            ),
            Fault::NotFound(kind, name) => {
                let (one, list) = match kind {
                    Named::Volume => ("volume", "volumes"),
                    Named::Container => ("container", "containers"),
                    Named::ResourceClaim => ("resource claim", "resourceClaims"),
                };
                let name = shown(name);
                Self::new(
                    format!("the pod has no {one} `{name}`"),
                    format!("add `{name}` to `{list}`"),
                )
            }
            Fault::Malformed(value, form) => malformed(&shown(value), form, what),
            Fault::Unsupported(value, allowed) => Self::new(
                format!("`{}` is not a valid `{what}`", shown(value)),
                match closest(value, allowed) {
                    Some(near) => {
                        let words = format!("did you mean `{near}`?");
                        Advice::replace(near).in_words(words).safe()
                    }
                    None => Advice::words(format!("use {}", alternatives(allowed))),
                },
            ),
            Fault::OutOfRange(number, least, most) => {
                let bounds = if most >= i64::from(i32::MAX) {
                    format!("at least {least}")
                } else {
                    format!("between {least} and {most}")
                };
                Self::new(
                    format!("`{what}` is {number}, but must be {bounds}"),
                    format!("write a number {}", bounds.replace("at least", "that is at least")),
                )
            }
            Fault::Negative => Self::new(
                format!("the amount of `{what}` is not greater than zero"),
                "write an amount greater than zero",
            ),
            Fault::Fraction => Self::new(
                format!("the amount of `{what}` is not a whole number"),
                "write a whole number",
            ),
            Fault::RequestOverLimit(resource, request, limit) => {
                let show = |amount: crate::resource::quantity::Quantity| match resource {
                    "memory" | "ephemeral-storage" => amount.display_bytes(),
                    _ => amount.to_string(),
                };
                Self::new(
                    format!(
                        "the {} request `{}` exceeds the limit `{}`",
                        shown(resource),
                        show(request),
                        show(limit)
                    ),
                    format!("request at most `{}`, or raise the limit", show(limit)),
                )
            }
            Fault::RequestNotLimit(resource) => Self::new(
                format!("the request of `{}` differs from its limit", shown(resource)),
                "set the same limit",
            ),
            Fault::UnknownResource(resource) => {
                let known = ["cpu", "memory", "ephemeral-storage"];
                let help = match closest(resource, &known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("use {}, or a name with a domain", alternatives(&known)),
                };
                Self::new(format!("`{}` is not a resource of containers", shown(resource)), help)
            }
            Fault::TooMany(most) => {
                Self::new(format!("`{what}` is longer than {most}"), format!("keep at most {most}"))
            }
            Fault::NotText => {
                Self::new(format!("`{what}` is not a string"), "put the value in quotes")
            }
            Fault::Refused(reason) => {
                let (message, help) = reasons::words(reason);
                let field = help.strip_prefix("remove `").and_then(|rest| rest.strip_suffix('`'));
                Self::new(message, field.map_or_else(|| help.into(), |field| remove(field, at)))
            }
        }
    }

    /// The words for what Flink adds again.
    pub fn of_addition(kind: &str, name: &str) -> Self {
        Self::new(
            format!("Flink adds a {kind} `{name}` itself, so the pod would have it twice"),
            rename(kind),
        )
    }

    /// The words for what an option makes Flink add.
    pub fn of_option(kind: &str, name: &str, option: &str) -> Self {
        let (name, option) = (shown(name), shown(option));
        Self::new(
            format!("`{option}` adds a {kind} `{name}`, so the pod would have it twice"),
            rename(kind),
        )
    }

    /// The words for two options that mount at one path.
    pub fn of_two_mounts(path: &str, option: &str) -> Self {
        let message = format!("options mount two volumes at `{}`", shown(path));
        Self::new(message, "write another path").about(option)
    }

    /// The words for two options with one volume.
    pub fn of_two_volumes(volume: &str, option: &str) -> Self {
        let message = format!("options add two volumes with the name `{}`", shown(volume));
        Self::new(message, "mount it once").about(option)
    }

    /// The words for a mount without a path.
    pub fn without_path(option: &str) -> Self {
        let message = format!("`{}` has no path for the mount", shown(option));
        Self::new(message, "write the path after the name and a colon").about(option)
    }
}

/// The removal of a field, which is a fix where the fault is at that field.
fn remove(field: &str, at: &Place<'_>) -> Advice {
    let advice = Advice::remove(field);
    if at.name() == field { advice } else { Advice::words(advice.text()) }
}

/// Whether a fault can come from the merge of two templates.
pub fn is_of_merge(fault: Fault<'_>) -> bool {
    matches!(
        fault,
        Fault::Both(..)
            | Fault::NotFound(..)
            | Fault::Repeated(_)
            | Fault::Refused(Reason::ValueAndSource)
    )
}

/// Whether the common template has the volume that the merged one lacks.
pub fn has_volume(object: &Value, common: &str, fault: Fault<'_>) -> bool {
    let Fault::NotFound(Named::Volume, name) = fault else { return false };
    let volumes = pointer::at(object, &format!("{common}/spec/volumes"));
    let mut volumes = volumes.and_then(Value::as_array).into_iter().flatten();
    volumes.any(|volume| volume.get("name").and_then(Value::as_str) == Some(name))
}

/// What a list's element is called.
fn noun(list: &str) -> &str {
    match list {
        "containers" => "container",
        "initContainers" => "init container",
        "ephemeralContainers" => "ephemeral container",
        "volumes" => "volume",
        "volumeMounts" => "mount",
        "volumeDevices" => "device",
        "env" => "variable",
        "envFrom" => "source of variables",
        "ports" => "port",
        "tolerations" => "toleration",
        "topologySpreadConstraints" => "spread constraint",
        "matchExpressions" | "matchFields" => "expression",
        "hostAliases" => "host alias",
        "items" => "item",
        "" => "pod",
        other => other,
    }
}

fn owner(at: &Place<'_>, name: &str) -> String {
    if !at.name().is_empty() {
        let field = at.name();
        return if field == "spec" { "the pod".to_owned() } else { format!("`{field}`") };
    }
    let noun = noun(at.list());
    if name.is_empty() { format!("a {noun}") } else { format!("{noun} `{}`", shown(name)) }
}

fn parent(at: &Place<'_>, name: &str) -> String {
    at.parent().map_or_else(|| "the pod".to_owned(), |parent| owner(parent, name))
}

fn malformed(value: &str, form: Form, field: &str) -> Words {
    let (what, help) = match form {
        Form::DnsLabel => (
            "name",
            "use at most 63 lower-case letters, digits and `-`, with a letter or digit at both ends",
        ),
        Form::DnsSubdomain | Form::Prefix | Form::Driver | Form::SearchDomain => (
            "name",
            "use lower-case letters, digits, `-` and `.`, with a letter or digit at both ends",
        ),
        Form::Key | Form::AnnotationKey => (
            "key",
            "use at most 63 letters, digits, `-`, `_` and `.`, optionally after a domain and a slash",
        ),
        Form::LabelValue => (
            "label value",
            "use at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends",
        ),
        Form::PortName => (
            "port name",
            "use at most 15 lower-case letters, digits and `-`, with a letter among them",
        ),
        Form::Variable => (
            "name of a variable before Kubernetes 1.32",
            "use letters, digits, `_`, `-` and `.`, and no digit at the beginning",
        ),
        Form::NewVariable => ("name of a variable", "use letters, digits, `_`, `-` and `.`"),
        Form::FileKey => ("key of a ConfigMap or Secret", "use letters, digits, `-`, `_` and `.`"),
        Form::Below => ("relative path", "write a path without `..` that does not begin with `/`"),
        Form::NoSteps => ("path", "write a path without `..`"),
        Form::Absolute => ("absolute path", "begin the path with `/`"),
        Form::Header => ("name of an HTTP header", "use letters, digits and `-`"),
        Form::Ip => ("IP address", "write an IPv4 or IPv6 address"),
        Form::Sysctl => ("kernel parameter", "use a name such as `net.core.somaxconn`"),
        Form::Image => ("image", "remove the spaces around the image"),
        Form::Int32 => ("whole number", "write a whole number in quotes"),
        Form::SeccompProfile | Form::AppArmorProfile => {
            ("profile", "use `runtime/default`, `unconfined` or `localhost/…`")
        }
    };
    let field = if matches!(form, Form::Key | Form::AnnotationKey | Form::LabelValue) {
        String::new()
    } else {
        format!("`{field}`: ")
    };
    Words::new(format!("{field}`{value}` is not a valid {what}"), help)
}
