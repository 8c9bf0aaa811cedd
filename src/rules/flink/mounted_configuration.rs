//! `flink/mounted-configuration`

use crate::flink::config_sources;
use crate::rules::{Findings, Level, Rule, Subject};

/// Volumes in a custom resource's pods that replace the configuration which the operator
/// writes.
pub static RULE: Rule = Rule {
    id: "flink/mounted-configuration",
    level: Level::Error,
    since: "0.1.0",
    title: "Replaced configuration",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("mounted_configuration.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    if !subject.workload.declares_cluster {
        return;
    }
    let options = subject.workload.config_pointer.as_deref().unwrap_or("/spec");
    let field = options.rsplit('/').next().unwrap_or_default();
    for pods in &subject.pods {
        config_sources::replacements(pods.template, |place| {
            findings
                .at(pods.set.locate(subject.object, &place))
                .message("this replaces the configuration that the operator writes")
                .help(format!("remove it, and set its options in `{field}`"));
        });
    }
}
