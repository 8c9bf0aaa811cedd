//! `flink/operator-identity`

use crate::flink::map_options::map_entries;
use crate::flink::operator::autoscaler_state::{AutoscalerState, OPTIONS_PLACE, PREFIX};
use crate::resource::pointer;
use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Options by which the operator would act with another identity, or lend its own, and the operator's
/// state written by another user.
///
/// The operator uses an object's configuration as its own while it deploys the object.
pub static RULE: Rule = Rule {
    id: "flink/operator-identity",
    level: Level::Error,
    since: "0.1.0",
    title: "Identity of the operator",
    tenant_fields: &["flink.configuration.defaults", "flink.configuration.enforced"],
    as_is: false,
    page: include_str!("operator_identity.md"),
    check,
};

/// The options, each with its effect.
const OPTIONS: [(&str, &str); 2] = [
    ("kubernetes.context", "makes the operator act in another context of its kubeconfig"),
    (
        "kubernetes.jobmanager.owner.reference",
        "sets the JobManager's owner, which is the operator's",
    ),
];

/// Headers that the operator sends when it fetches the JAR of a session job.
const HEADERS: &str = "kubernetes.operator.user.artifacts.http.header";

/// Headers for which clouds hand out the credentials of the machine that sends them, or that
/// redirect a request.
const FORBIDDEN_HEADERS: [&str; 6] = [
    "metadata-flavor",
    "metadata",
    "x-aws-ec2-metadata-token",
    "x-aws-ec2-metadata-token-ttl-seconds",
    "x-google-metadata-request",
    "host",
];

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    if !subject.is_for_operator() {
        return;
    }
    check_state(subject, findings);
    let config = &subject.workload.config;
    for (key, effect) in OPTIONS {
        if let Some((key, entry)) = config.first(&[key])
            && let Some(place) = subject.written(key, entry)
        {
            findings
                .at(place)
                .message(format!("`{key}` {effect}"))
                .advise(Advice::remove_option(key).in_words("remove the option"))
                .key(key);
        }
    }
    for header in map_entries(config, HEADERS) {
        let is_forbidden =
            FORBIDDEN_HEADERS.iter().any(|name| header.key.trim().eq_ignore_ascii_case(name));
        if is_forbidden && let Some(place) = subject.written(header.option, header.entry) {
            let name = shown(&header.key);
            findings
                .at(place)
                .message(format!("the operator must not send the header `{name}`"))
                .help(format!("remove `{name}` from `{HEADERS}`"))
                .key(HEADERS);
        }
    }
}

/// The state of the autoscaler, with options that the operator does not validate. The operator's own
/// requests are exempt from all rules.
fn check_state(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(state) = AutoscalerState::of(subject.resource, subject.object) else { return };
    let name = subject.resource.name_in(subject.object);
    let help = match name.strip_prefix(PREFIX) {
        Some(cluster) if !cluster.is_empty() => format!(
            "remove this ConfigMap, and set options in `flinkConfiguration` of `{}`",
            shown(cluster)
        ),
        _ => format!("choose a name that does not start with `{PREFIX}`"),
    };
    findings
        .at(pointer::join(OPTIONS_PLACE, state.key))
        .message(format!(
            "`{}` is state of the autoscaler, which only the operator may write",
            state.key
        ))
        .help(help)
        .key(state.key);
}
