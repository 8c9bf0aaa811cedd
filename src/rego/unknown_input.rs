//! Warnings of fields below `input` that Flinkgate never sets.
//!
//! In Rego a misspelled `input.flnk` is merely undefined: the policy reports nothing and guards
//! nothing. So each read is compared with the schema of `input`, to any depth. What users write
//! themselves, such as `input.object`, is not checked.

use super::error::PolicyProblem;
use super::input::{Field, field, schema};
use super::references::{ModuleFacts, Reference};
use super::source::PolicySource;
use super::syntax::Pattern;
use crate::spelling::closest;

/// Fields of an object, which is all of `input` in policies written for conftest.
const OF_OBJECTS: [&str; 6] = ["apiVersion", "kind", "metadata", "spec", "status", "data"];

/// One warning a read, with file, line and column.
pub(super) fn warnings(sources: &[PolicySource], modules: &[ModuleFacts]) -> Vec<PolicyProblem> {
    let files = sources.iter().zip(modules);
    let mut found: Vec<PolicyProblem> = files
        .flat_map(|(source, module)| module.inputs.iter().filter_map(|read| unknown(source, read)))
        .collect();
    found.sort();
    found.dedup();
    found
}

fn unknown(source: &PolicySource, read: &Reference) -> Option<PolicyProblem> {
    let mut place = schema();
    for (depth, name) in read.pattern.iter().enumerate() {
        let known = match field(place, name.as_deref()) {
            Field::Known(below) => {
                place = below;
                continue;
            }
            Field::Open => return None,
            Field::Unknown(known) => known,
        };
        let base = written(&read.pattern, depth);
        let name = name.as_deref().unwrap_or("_");
        let advice = match closest(name, &known) {
            _ if depth == 0 && OF_OBJECTS.contains(&name) => {
                format!("did you mean `input.object.{name}`?")
            }
            _ if known.is_empty() => format!("`{base}` has no fields by name"),
            Some(close) => format!("did you mean `{base}.{close}`?"),
            None => format!("known are `{}`", known.join("`, `")),
        };
        let (line, column) = read.place;
        let message = format!("unknown field `{}`: {advice}", written(&read.pattern, depth + 1));
        return Some(PolicyProblem { file: source.path.clone(), line, column, message });
    }
    None
}

/// The first parts of a pattern as Rego writes them.
fn written(pattern: &Pattern, parts: usize) -> String {
    pattern.iter().take(parts).fold("input".to_owned(), |path, part| match part {
        Some(name) => format!("{path}.{name}"),
        None => format!("{path}[_]"),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use crate::rego::PolicySet;
    use crate::rego::source::PolicySource;

    fn warnings(body: &str) -> Vec<String> {
        let text = format!(
            "package x\nimport rego.v1\nimport input.request as asked\ndeny contains \"a\" if {{\n{body}\n}}\n"
        );
        let set = PolicySet::from_sources(vec![PolicySource {
            path: "x.rego".into(),
            text,
            ..PolicySource::default()
        }])
        .unwrap();
        set.warnings().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_unknown_field_is_reported_with_what_was_meant() {
        for (body, expected) in [
            (
                "  input.flnk.mode == \"native\"",
                "x.rego:5:3: unknown field `input.flnk`: did you mean `input.flink`?",
            ),
            (
                "  1 == 1; input.flink.modes",
                "x.rego:5:11: unknown field `input.flink.modes`: did you mean `input.flink.mode`?",
            ),
            (
                "input[\"spec\"].x == 1",
                "x.rego:5:1: unknown field `input.spec`: did you mean `input.object.spec`?",
            ),
            (
                "asked.opration == \"CREATE\"",
                "x.rego:5:1: unknown field `input.request.opration`: did you mean `input.request.operation`?",
            ),
            (
                "input.tenant.security.images.alow",
                "x.rego:5:1: unknown field `input.tenant.security.images.alow`: did you mean `input.tenant.security.images.allow`?",
            ),
            (
                "input.flink.pods[_].containers[0].image.tagg",
                "x.rego:5:1: unknown field `input.flink.pods[_].containers[_].image.tagg`: did you mean `input.flink.pods[_].containers[_].image.tag`?",
            ),
            (
                "input.flink.pods.role == \"jobManager\"",
                "x.rego:5:1: unknown field `input.flink.pods.role`: `input.flink.pods` has no fields by name",
            ),
        ] {
            assert_eq!(warnings(body), [expected]);
        }
        assert!(warnings("input.qqqqqqqq")[0].ends_with(
            "known are `flink`, `object`, `oldObject`, `quota`, `request`, `tenancy`, `tenant`"
        ));
    }

    #[test]
    fn a_variable_that_holds_a_part_of_input_is_checked() {
        for (body, read) in [
            ("some pod in input.flink.pods; pod.roles == 1", "input.flink.pods[_].roles"),
            (
                "some i, pod in input.flink.pods; some c in pod.containers; c.image.tags == i",
                "input.flink.pods[_].containers[_].image.tags",
            ),
            ("size := input.flink.size; size.totals.cpu > 1", "input.flink.size.totals"),
            ("every pod in input.flink.pods { pod.rol == 1 }", "input.flink.pods[_].rol"),
            (
                "count([c | c := input.flink.pods[_].containers[_]; c.imag]) > 0",
                "input.flink.pods[_].containers[_].imag",
            ),
        ] {
            let found = warnings(body);
            assert_eq!(found.len(), 1, "{body}: {found:?}");
            assert!(
                found[0].contains(&format!("unknown field `{read}`: did you mean")),
                "{found:?}"
            );
        }
    }

    #[test]
    fn what_may_be_there_is_no_warning() {
        for body in [
            "input",
            "input[_] == 1",
            "input.object.spec.anything",
            "input.oldObject.x",
            "input.tenant.labels.x",
            "input.quota.used.cpu",
            "some key; input.flink[key]",
            "input.flink.config[\"a.b\"]",
            "input.request.userInfo.extra.x",
            "x := {\"flnk\": 1}; x.flnk",
            "some pod in input.flink.pods; pod.template.spec.anything; pod.serviceAccount.name",
            "some key, value in input.flink.config; startswith(key, value)",
            "some token in input.flink.pods[0].path; token == \"x\"",
            "x := {\"y\": input.flink}; x.y.anything",
        ] {
            assert_eq!(warnings(body), Vec::<String>::new(), "{body}");
        }
    }
}
