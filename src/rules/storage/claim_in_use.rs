//! `storage/claim-in-use`

use crate::rules::{Findings, Level, Rule, Subject};

/// Deletions of claims that running Flink pods mount.
pub static RULE: Rule = Rule {
    id: "storage/claim-in-use",
    level: Level::Error,
    since: "0.1.0",
    title: "Deletion of claims in use",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("claim_in_use.md"),
    check,
};

/// The number of pods that a message names.
const NAMED: usize = 3;

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let (first, more) = subject.claim_users.split_at(NAMED.min(subject.claim_users.len()));
    if first.is_empty() {
        return;
    }
    let claim = &subject.resource.name;
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    findings
        .at("/metadata/name")
        .message(format!(
            "running Flink pods mount claim `{claim}`: `{}`{more}",
            first.join("`, `")
        ))
        .help("delete or suspend the cluster first".to_owned())
        .found(first.join(", "));
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::flink::Workload;
    use crate::resource::Resource;
    use crate::rules::check_deletion;
    use crate::tenant::PreparedTenant;

    #[test]
    fn a_message_names_three_pods() {
        let resource = Resource { name: "etl-state".into(), ..Resource::default() };
        let (workload, tenant) = (Workload::default(), PreparedTenant::default());
        let names: Vec<String> = (0..5).map(|index| format!("etl-{index}")).collect();
        for (users, expected) in [
            (0, None),
            (1, Some("`etl-0`")),
            (3, Some("`etl-0`, `etl-1`, `etl-2`")),
            (5, Some("`etl-0`, `etl-1`, `etl-2` and 2 more")),
        ] {
            let mut subject = Subject::new(&resource, &resource.object, &workload, &tenant);
            subject.claim_users = &names[..users];
            let found = check_deletion(&subject);
            let message =
                expected.map(|pods| format!("running Flink pods mount claim `etl-state`: {pods}"));
            assert_eq!(found.first().map(|finding| finding.message.clone()), message);
        }
    }
}
