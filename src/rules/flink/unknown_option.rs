//! `flink/unknown-option`

use crate::flink::catalog::OptionFault;
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Options that no Flink version reads.
pub static RULE: Rule = Rule {
    id: "flink/unknown-option",
    level: Level::Warning,
    since: "0.1.0",
    title: "Unknown options",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("unknown_option.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    for option in subject.faulty_options() {
        let OptionFault::Unknown { suggestion } = option.fault else { continue };
        let Some(place) = subject.written(option.key, option.entry) else { continue };
        let key = option.key;
        let finding = findings.at(place).key(key).at_key();
        match suggestion {
            Some(suggestion) => finding
                .message(format!("unknown option `{key}`: did you mean `{suggestion}`?"))
                .advise(Advice::rename_option(key, suggestion).safe())
                .wanted(suggestion),
            None => finding
                .message(format!("unknown option `{key}`"))
                .advise(Advice::remove_option(key).then(", or correct its name")),
        };
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::flink::Workload;
    use crate::rules::testing::reported;
    use serde_json::json;

    fn keys(workload: &Workload, tenant: serde_json::Value) -> Vec<String> {
        let findings = reported(&RULE, workload, tenant);
        findings.into_iter().filter_map(|finding| finding.facts.key).collect()
    }

    #[test]
    fn options_of_the_tenant_are_not_reported() {
        let mut workload = Workload::default();
        workload.config.set("state.backend.x", "1", Some("/x".into()));
        let tenant = json!({"flink": {"configuration": {"enforced": {"state.backend.x": 1}}}});
        assert_eq!(keys(&workload, tenant), [""; 0]);
        assert_eq!(keys(&workload, json!({})), ["state.backend.x"]);
    }

    #[test]
    fn many_unknown_keys_are_reported_as_a_few() {
        let mut workload = Workload::default();
        for i in 0..5000 {
            let key = format!("state.backend.x{i}");
            workload.config.set(key.as_str(), "1", Some(format!("/{key}")));
        }
        assert_eq!(keys(&workload, json!({})).len(), 50);
    }
}
