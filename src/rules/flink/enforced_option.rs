//! `flink/enforced-option`

use crate::flink::credentials::is_credential;
use crate::flink::state::without_password;
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
        finding.key(key);
        let public = |value: &str| shown(&without_password(value).0);
        match found {
            Some(_) => finding.help(format!("remove `{key}`: Flinkgate sets it")),
            None if is_credential(key) => {
                finding.help(format!("set `{key}` to the tenant's value"))
            }
            None => finding.help(format!("set `{key}: {}`", public(wanted))),
        };
        match found {
            _ if is_credential(key) => {
                finding.message(format!("`{key}` does not have the value that the tenant sets"));
            }
            Some(found) => {
                let (wanted, found) = (public(wanted), public(found));
                finding
                    .message(format!("`{key}` is `{found}`, but the tenant sets `{wanted}`"))
                    .wanted(wanted)
                    .found(found);
            }
            None => {
                let wanted = public(wanted);
                finding
                    .message(format!("`{key}` is missing, but the tenant sets `{wanted}`"))
                    .wanted(wanted);
            }
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
            let conflicts = [Some(value.into()), None].map(|found| Conflict {
                pointer: "/spec".into(),
                difference: Difference::EnforcedOption {
                    key: key.into(),
                    wanted: value.into(),
                    found,
                },
            });
            let (resource, workload) = (Resource::default(), Workload::default());
            let tenant = PreparedTenant::default();
            let mut subject = Subject::new(&resource, &resource.object, &workload, &tenant);
            subject.conflicts = &conflicts;
            let found = check_conflicts(&subject);
            assert_eq!(found.len(), 2);
            assert!(!serde_json::to_string(&found).unwrap().contains("hush"), "{found:?}");
        }
    }
}
