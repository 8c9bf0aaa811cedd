//! `flink/forbidden-option`

use crate::flink::image::glob;
use crate::flink::operator::field_name;
use crate::flink::options::names_of;
use crate::flink::{Engine, Workload};
use crate::rules::{Findings, Level, Rule, Subject};

/// Options that the tenant forbids.
pub static RULE: Rule = Rule {
    id: "flink/forbidden-option",
    level: Level::Error,
    since: "0.1.0",
    title: "Forbidden options",
    tenant_fields: &["flink.configuration.forbidden"],
    as_is: false,
    page: include_str!("forbidden_option.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let patterns = &subject.tenant.spec.flink.configuration.forbidden;
    if patterns.is_empty() {
        return;
    }
    for (key, entry) in subject.workload.config.iter() {
        let Some(place) = entry.pointer.as_deref() else { continue };
        // Flink reads an option under its older names too.
        let matches = |pattern: &&String| {
            glob(pattern, key) || names_of(key).iter().any(|name| glob(pattern, name))
        };
        let Some(pattern) = patterns.iter().find(matches) else { continue };
        if is_default_of_flink(subject.workload, &entry.value)
            || subject.tenant.gives_option(key, &entry.value)
        {
            continue;
        }
        let message = if key == pattern {
            format!("`{key}` is not allowed")
        } else {
            format!("`{key}` is not allowed: the tenant forbids `{pattern}`")
        };
        let options = subject.workload.config_pointer.as_deref();
        let help = match options.is_none_or(|options| place.starts_with(options)) {
            true => format!("remove `{key}`"),
            false => format!("remove `{}`", field_name(place)),
        };
        findings.at(place).message(message).help(help).key(key);
    }
}

/// Whether the value opens modules of Java as the default configuration of Flink's distribution
/// does: native mode passes it on by itself.
fn is_default_of_flink(workload: &Workload, value: &str) -> bool {
    let opens_module = |word: &str| {
        word.starts_with("--add-opens=java.base/") || word.starts_with("--add-exports=java.base/")
    };
    workload.engine == Engine::Native
        && !value.is_empty()
        && value.split_ascii_whitespace().all(opens_module)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::rules::testing::reported;
    use serde_json::json;

    fn messages(options: &[(&str, Option<&str>)], configuration: serde_json::Value) -> Vec<String> {
        let mut workload = Workload::default();
        for (key, place) in options {
            workload.config.set(*key, "-Dx", place.map(Into::into));
        }
        let tenant = json!({"flink": {"configuration": configuration}});
        reported(&RULE, &workload, tenant)
            .into_iter()
            .map(|finding| format!("{} {}", finding.pointer, finding.message))
            .collect()
    }

    #[test]
    fn options_of_the_tenant_are_not_reported() {
        let options = [
            ("env.java.opts.all", Some("/all")),
            ("env.java.opts.taskmanager", Some("/taskmanager")),
            ("env.java.opts.implied", None),
            ("state.backend.type", Some("/backend")),
        ];
        let configuration =
            json!({"enforced": {"env.java.opts.all": "-Dx"}, "forbidden": ["env.java.opts.*"]});
        assert_eq!(
            messages(&options, configuration),
            [
                "/taskmanager `env.java.opts.taskmanager` is not allowed: the tenant forbids `env.java.opts.*`"
            ]
        );
    }

    #[test]
    fn older_names_of_a_forbidden_option_are_forbidden() {
        assert_eq!(
            messages(
                &[("state.backend", Some("/backend"))],
                json!({"forbidden": ["state.backend.type"]})
            ),
            ["/backend `state.backend` is not allowed: the tenant forbids `state.backend.type`"]
        );
    }
}
