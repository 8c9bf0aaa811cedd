//! `security/read-only-root`

use crate::mutate::Difference;
use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Flink's containers with a writable root file system.
pub static RULE: Rule = Rule {
    id: "security/read-only-root",
    level: Level::Error,
    since: "0.1.0",
    title: "Read-only root file system",
    tenant_fields: &["security.readOnlyRootFilesystem"],
    as_is: false,
    page: include_str!("read_only_root.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    for conflict in subject.conflicts {
        let Difference::WritableRoot { container, is_written } = &conflict.difference else {
            continue;
        };
        let container = shown(container);
        let finding = findings.at(conflict.pointer.as_str());
        finding
            .message(format!(
                "container `{container}` has a writable root file system, but the tenant makes it \
                 read-only"
            ))
            .container(&container)
            .wanted("true");
        if *is_written {
            finding
                .advise(Advice::remove("readOnlyRootFilesystem").then(": Flinkgate sets it"))
                .found("false");
        } else {
            finding.advise(Advice::set("readOnlyRootFilesystem", true));
        }
    }
}
