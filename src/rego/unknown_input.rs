//! Warnings of reads below `input` that can never find anything.
//!
//! To Rego a misspelled `input.flnk` is merely undefined: the rule is silent for ever, and nobody
//! learns that it guards nothing. What is there is told by an `input` made as any other is, so that
//! the two cannot drift apart.

use super::error::PolicyProblem;
use super::input::{self, InputParts};
use super::references::{ModuleFacts, Reference};
use super::source::PolicySource;
use crate::flink::Workload;
use crate::resource::Resource;
use crate::spelling::closest;
use regorus::Value;
use serde_json::json;

/// Parts of `input` whose fields are the same for every object; `object`, `tenant` and the like
/// differ.
const FIXED: [&str; 3] = ["request", "flink", "tenancy"];

/// Fields of an object, which is all of `input` in policies written for conftest.
const OF_OBJECTS: [&str; 6] = ["apiVersion", "kind", "metadata", "spec", "status", "data"];

/// One warning a mention, with file, line and column. The binary's own rules are tested not to need
/// any.
pub(super) fn warnings(sources: &[PolicySource], modules: &[ModuleFacts]) -> Vec<PolicyProblem> {
    let own: Vec<_> = sources.iter().zip(modules).filter(|(source, _)| !source.builtin).collect();
    if own.iter().all(|(_, module)| module.inputs.is_empty()) {
        return Vec::new();
    }
    let Some(sample) = sample() else { return Vec::new() };
    let found = own.iter().flat_map(|(source, module)| {
        module.inputs.iter().filter_map(|read| unknown(source, read, &sample))
    });
    let mut found: Vec<PolicyProblem> = found.collect();
    found.sort();
    found.dedup();
    found
}

/// An `input` with all that Flinkgate sets.
fn sample() -> Option<Value> {
    let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "sample"}});
    let mut resource = Resource::from_manifest(object.clone()).ok()?;
    resource.old_object = Some(object);
    let workload = Workload::default();
    Some(input::build(InputParts {
        workload: Some(&workload),
        need_object: true,
        need_old_object: true,
        ..InputParts::of(&resource)
    }))
}

fn unknown(source: &PolicySource, read: &Reference, sample: &Value) -> Option<PolicyProblem> {
    let first = read.pattern.first()?.as_deref()?;
    let (base, field, within) = if sample[first] == Value::Undefined {
        ("input".to_owned(), first, sample)
    } else {
        let second = read.pattern.get(1)?.as_deref().filter(|_| FIXED.contains(&first))?;
        (format!("input.{first}"), second, &sample[first])
    };
    let known: Vec<&str> =
        within.as_object().ok()?.keys().filter_map(super::facts::as_text).collect();
    if known.contains(&field) {
        return None;
    }
    let advice = match closest(field, &known) {
        _ if base == "input" && OF_OBJECTS.contains(&field) => {
            format!("did you mean input.object.{field}?")
        }
        Some(close) => format!("did you mean {base}.{close}?"),
        None => format!("known are {}", known.join(", ")),
    };
    let (line, column) = read.place;
    let message = format!("{base}.{field} is nothing that Flinkgate sets: {advice}");
    Some(PolicyProblem { file: source.path.clone(), line, column, message })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use crate::rego::PolicySet;
    use crate::rego::source::{PolicySource, embedded};

    fn warnings(body: &str) -> Vec<String> {
        let text = format!(
            "package x\nimport rego.v1\nimport input.request as asked\ndeny contains \"a\" if {{\n{body}\n}}\n"
        );
        let set = PolicySet::from_sources(vec![PolicySource {
            path: "x.rego".into(),
            text,
            builtin: false,
        }])
        .unwrap();
        set.warnings().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_read_that_finds_nothing_is_told_with_its_place_and_what_was_meant() {
        for (body, expected) in [
            (
                "  input.flnk.mode == \"native\"",
                "x.rego:5:3: input.flnk is nothing that Flinkgate sets: did you mean input.flink?",
            ),
            (
                "  1 == 1; input.flink.modes",
                "x.rego:5:11: input.flink.modes is nothing that Flinkgate sets: did you mean input.flink.mode?",
            ),
            (
                "input[\"spec\"].x == 1",
                "x.rego:5:1: input.spec is nothing that Flinkgate sets: did you mean input.object.spec?",
            ),
            (
                "asked.opration == \"CREATE\"",
                "x.rego:5:1: input.request.opration is nothing that Flinkgate sets: did you mean input.request.operation?",
            ),
        ] {
            assert_eq!(warnings(body), [expected]);
        }
        assert!(
            warnings("input.qqqqqqqq")[0]
                .ends_with("known are flink, object, oldObject, quota, request, tenancy, tenant")
        );
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
        ] {
            assert_eq!(warnings(body), Vec::<String>::new(), "{body}");
        }
    }

    #[test]
    fn the_rules_of_the_binary_read_only_what_is_there() {
        let sources = embedded()
            .into_iter()
            .map(|source| PolicySource { builtin: false, ..source })
            .collect();
        assert_eq!(PolicySet::from_sources(sources).unwrap().warnings(), []);
    }
}
