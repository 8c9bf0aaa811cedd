//! `flink/mounted-configuration`

use crate::flink::config_sources::{self, MOST_CONFIG_MAPS};
use crate::kubernetes::references::{ReferenceKind, references};
use crate::rules::{Findings, Level, Rule, Subject};

/// Volumes in a custom resource's pods that replace the configuration which the operator
/// writes, and pods with more configurations than a review reads.
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
        return check_number(subject, findings);
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

/// Pods that read their configuration from more ConfigMaps than a review reads.
fn check_number(subject: &Subject<'_>, findings: &mut Findings) {
    for pods in &subject.pods {
        // Most pods name few ConfigMaps, and nothing needs to be allocated for them.
        let mut named = 0;
        references(pods.spec(), ReferenceKind::ConfigMap, |_, _| named += 1);
        if named > MOST_CONFIG_MAPS
            && let Some(place) = config_sources::excess(pods.template)
        {
            findings
                .at(pods.set.locate(subject.object, &place))
                .message(format!(
                    "this pod reads Flink's configuration from more than {MOST_CONFIG_MAPS} ConfigMaps"
                ))
                .help("mount one ConfigMap with Flink's configuration".to_owned());
        }
    }
}
