//! `flink/enforced-option`

use crate::flink::redaction::{is_sensitive, uri};
use crate::mutate::Difference;
use crate::rules::words::shown;
use crate::rules::{Findings, Level, Rule, Subject};

/// Options with another value than the one that the tenant enforces.
pub static RULE: Rule = Rule {
    id: "flink/enforced-option",
    level: Level::Error,
    since: "0.1.0",
    title: "Enforced options",
    tenant_fields: &["flink.configuration.enforced"],
    as_is: false,
    page: include_str!("enforced_option.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    for conflict in subject.conflicts {
        let Difference::EnforcedOption { key, wanted, found } = &conflict.difference else {
            continue;
        };
        let finding = findings.at(conflict.pointer.as_str());
        finding.help(format!("remove `{key}`: Flinkgate sets it")).key(key);
        if is_sensitive(key) {
            finding.message(format!("`{key}` does not have the value that the tenant sets"));
        } else {
            let [wanted, found] = [wanted, found].map(|value| shown(&uri(value)));
            finding
                .message(format!("`{key}` is `{found}`, but the tenant sets `{wanted}`"))
                .wanted(wanted)
                .found(found);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::flink::Workload;
    use crate::mutate::Conflict;
    use crate::resource::Resource;
    use crate::rules::check_conflicts;
    use crate::tenant::PreparedTenant;

    #[test]
    fn no_finding_shows_a_secret() {
        for (key, value) in [("s3.secret-key", "hush"), ("state.savepoints.dir", "s3://a:hush@b/c")]
        {
            let difference = Difference::EnforcedOption {
                key: key.into(),
                wanted: value.into(),
                found: value.into(),
            };
            let conflicts = [Conflict { pointer: "/spec".into(), difference }];
            let (resource, workload) = (Resource::default(), Workload::default());
            let tenant = PreparedTenant::default();
            let mut subject = Subject::new(&resource, &resource.object, &workload, &tenant);
            subject.conflicts = &conflicts;
            let found = check_conflicts(&subject);
            assert_eq!(found.len(), 1);
            assert!(!serde_json::to_string(&found).unwrap().contains("hush"), "{found:?}");
        }
    }
}
