//! `flink/session-job`

use crate::flink::operator::DeclaredSpec;
use crate::flink::operator::artifacts::{UriProblem, host, is_own_machine, is_restricted, scheme};
use crate::flink::operator::version::OperatorVersion;
use crate::flink::options::{CHECKPOINT_DIR, Names, canonical};
use crate::flink::redaction;
use crate::flink::values::list_elements;
use crate::flink::workload::SessionCluster;
use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};
use serde_json::Value;

/// Session jobs that the operator cannot submit.
pub static RULE: Rule = Rule {
    id: "flink/session-job",
    level: Level::Error,
    since: "0.1.0",
    title: "Session jobs",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("session_job.md"),
    check,
};

/// Schemes from which the operator fetches; only its own configuration may add to them.
const ALLOWED_SCHEMES: Names = &["kubernetes.operator.user.artifacts.allowed-schemes"];
const DEFAULT_SCHEMES: &str = "https";
/// Schemes of files that only the pod that reads them has.
const LOCAL_SCHEMES: [&str; 2] = ["file", "local"];
/// Whether hosts with local and internal addresses are refused, also in its own configuration only.
const RESTRICTED_HOSTS: Names = &["kubernetes.operator.user.artifacts.disallow-restricted-hosts"];

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(declared) = subject.session_job() else { return };
    match declared.field("/job") {
        None => {
            findings
                .at(declared.at("/job"))
                .message("the FlinkSessionJob has no `job`")
                .help("set `spec.job` with `jarURI` and `parallelism`".to_owned());
        }
        Some(job) => {
            if job.get("parallelism").is_none_or(Value::is_null) {
                findings
                    .at(declared.at("/job/parallelism"))
                    .message("the job has no `parallelism`, and the operator requires it")
                    .help("set `spec.job.parallelism`".to_owned());
            }
            if let Some(uri) = job.get("jarURI").and_then(Value::as_str) {
                jar(subject, &declared, uri, findings);
            }
        }
    }
    if subject.operator_version.is_some_and(OperatorVersion::refuses_last_state_without_ha)
        && declared.text("/job/upgradeMode") == Some("last-state")
    {
        findings
            .at(declared.at("/job/upgradeMode"))
            .message("the operator has no `upgradeMode: last-state` for session jobs before 1.10")
            .advise(Advice::replace("savepoint"))
            .wanted("savepoint");
    }
    if let Some(cluster) = &subject.workload.session {
        in_cluster(subject, &declared, cluster, findings);
    }
}

/// The cluster must take jobs, and have a directory for the checkpoints that an upgrade starts
/// from.
fn in_cluster(
    subject: &Subject<'_>,
    declared: &DeclaredSpec<'_>,
    cluster: &SessionCluster,
    findings: &mut Findings,
) {
    let name = shown(&subject.workload.cluster);
    if cluster.is_application {
        findings
            .at(declared.at("/deploymentName"))
            .message(format!("FlinkDeployment `{name}` is not a session cluster"))
            .help(
                "name a FlinkDeployment without `spec.job`, or deploy the job as a FlinkDeployment"
                    .to_owned(),
            )
            .found(&subject.workload.cluster);
    }
    let mode = declared.text("/job/upgradeMode").filter(|mode| *mode != "stateless");
    if let Some(mode) = mode.filter(|_| declared.is_blank(CHECKPOINT_DIR)) {
        let (mode, option) = (shown(mode), canonical(CHECKPOINT_DIR));
        findings
            .at(declared.at("/job/upgradeMode"))
            .message(format!("`upgradeMode: {mode}` needs a checkpoint directory"))
            .help(format!("set `{option}` in the `flinkConfiguration` of FlinkDeployment `{name}`"))
            .key(option);
    }
}

/// The JAR must be at an address from which the operator fetches.
fn jar(subject: &Subject<'_>, declared: &DeclaredSpec<'_>, uri: &str, findings: &mut Findings) {
    let mut report = |level: Level, message: String, help: String| {
        findings
            .at(declared.at("/job/jarURI"))
            .level(level)
            .message(message)
            .help(help)
            .found(redaction::uri(uri));
    };
    let scheme = match scheme(uri) {
        Ok(scheme) => scheme,
        Err(UriProblem::Character) => {
            return report(
                Level::Error,
                format!("`jarURI` `{}` is not a URI", shown(&redaction::uri(uri))),
                "percent-encode spaces and special characters: `%20` for a space".into(),
            );
        }
        Err(UriProblem::NoScheme) => {
            return report(
                Level::Error,
                format!("`jarURI` `{}` has no scheme", shown(&redaction::uri(uri))),
                "write a full address, such as `https://repo.example.com/job.jar`".into(),
            );
        }
    };
    // The operator reads this option in its own configuration only, not in the object.
    let own = declared.option(ALLOWED_SCHEMES).filter(|(_, entry)| !declared.is_written(entry));
    let allowed = own.map_or(DEFAULT_SCHEMES, |(_, entry)| entry.value.as_str());
    // A list of Flink: its elements are separated by `;`, and `https,file` is one element.
    let is_allowed = match own {
        Some(_) => {
            list_elements(allowed).iter().any(|allowed| allowed.trim().eq_ignore_ascii_case(scheme))
        }
        None => allowed.eq_ignore_ascii_case(scheme),
    };
    let is_http = ["http", "https"].iter().any(|http| http.eq_ignore_ascii_case(scheme));
    let release = subject.operator_version;
    let fetches_from_all = release.is_some_and(|release| !release.restricts_session_jars());
    if !is_allowed && !fetches_from_all {
        let (allowed, scheme_shown) = (shown(allowed), shown(scheme));
        let help = format!("put the JAR at an address with scheme `{allowed}`");
        // What a release before 1.15 fetches from elsewhere may be right.
        let is_local = LOCAL_SCHEMES.iter().any(|local| local.eq_ignore_ascii_case(scheme));
        let is_refused = is_http && host(uri).is_none_or(is_restricted);
        if release.is_some() || own.is_some() || is_local {
            report(
                Level::Error,
                format!("the operator does not fetch JARs with scheme `{scheme_shown}`"),
                help,
            );
            return;
        }
        // The address itself is worse, and one finding is enough.
        if !is_refused {
            report(
                Level::Warning,
                format!(
                    "the operator does not fetch JARs with scheme `{scheme_shown}` since 1.15, unless its \
                 own configuration allows that"
                ),
                help,
            );
        }
    }
    let hosts = declared.option(RESTRICTED_HOSTS).filter(|(_, entry)| !declared.is_written(entry));
    let allows_all =
        hosts.is_some_and(|(_, entry)| entry.value.trim().eq_ignore_ascii_case("false"));
    if !is_http || allows_all {
        return;
    }
    match host(uri) {
        None => report(
            Level::Error,
            format!("`jarURI` `{}` has no host", shown(&redaction::uri(uri))),
            "write a full address, such as `https://repo.example.com/job.jar`".into(),
        ),
        // Older releases fetch from there: what they would read is no JAR.
        Some(host) if fetches_from_all && is_own_machine(host) => report(
            Level::Error,
            format!("`{}` is an address of the operator's own machine", shown(host)),
            "put the JAR on another host".into(),
        ),
        Some(host) if !fetches_from_all && is_restricted(host) => report(
            Level::Error,
            format!(
                "the operator does not fetch JARs from `{}`, a local or internal address",
                shown(host)
            ),
            "put the JAR on a host with a public address".into(),
        ),
        Some(_) => {}
    }
}
