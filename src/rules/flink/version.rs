//! `flink/version`

use crate::flink::catalog::Release;
use crate::flink::operator::DeclaredSpec;
use crate::flink::operator::version::OperatorVersion;
use crate::flink::version::FlinkVersion;
use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Flink versions that the operator or Flinkgate does not know, or not for much longer.
pub static RULE: Rule = Rule {
    id: "flink/version",
    level: Level::Error,
    since: "0.1.0",
    title: "Supported Flink versions",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("version.md"),
    check,
};

/// The oldest version that the operator deploys.
const OLDEST: FlinkVersion = FlinkVersion::new(1, 15);

/// The oldest version that is not deprecated.
const OLDEST_CURRENT: FlinkVersion = FlinkVersion::new(1, 19);

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let version = subject.workload.version;
    if subject.workload.declares_cluster
        && let Some(version) = version.filter(|version| *version >= OLDEST_CURRENT)
    {
        return known(subject, version, findings);
    }
    let Some(cluster) = subject.operators_cluster() else { return };
    let place = || cluster.at("/flinkVersion");
    let field = || cluster.name("/flinkVersion");
    match (cluster.field("/flinkVersion"), version) {
        (None, _) => {
            findings
                .at(place())
                .message("`flinkVersion` is missing, and the operator requires it")
                .help(format!("set `{}` to the version of the image, such as `v1_20`", field()));
        }
        (Some(value), None) => {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let example = FlinkVersion::parse_release(&text).unwrap_or(OLDEST_CURRENT);
            findings
                .at(place())
                .message(format!("`{}` is not a Flink version", shown(&text)))
                .help(format!("write a version such as `{example}`"))
                .found(text);
        }
        (Some(_), Some(version)) if version < OLDEST => {
            findings
                .at(place())
                .message(format!(
                    "`{version}` is not supported: the operator deploys `{OLDEST}` and later"
                ))
                .advise(Advice::replace(&OLDEST_CURRENT.to_string()).then(" or later"))
                .found(version.to_string());
        }
        (Some(_), Some(version)) if version >= oldest_current(subject) => {}
        (Some(_), Some(version)) => {
            findings
                .at(place())
                .level(Level::Warning)
                .message(format!(
                    "`{version}` is deprecated: a later operator release will not deploy it"
                ))
                .advise(Advice::replace(&OLDEST_CURRENT.to_string()).then(" or later"))
                .found(version.to_string());
        }
    }
}

/// The oldest version that the operator does not call deprecated.
fn oldest_current(subject: &Subject<'_>) -> FlinkVersion {
    subject.operator_version.map_or(OLDEST_CURRENT, OperatorVersion::oldest_current_flink)
}

/// Reports a version that the catalog of options does not have.
fn known(subject: &Subject<'_>, version: FlinkVersion, findings: &mut Findings) {
    let release = Release::of(version);
    if release.is(version) {
        return;
    }
    let FlinkVersion { major, minor } = version;
    let Some(cluster) = DeclaredSpec::new(subject.object, subject.workload) else { return };
    findings
        .at(cluster.at("/flinkVersion"))
        .level(Level::Info)
        .message(format!(
            "Flink {major}.{minor} is unknown: its options are checked as those of {}",
            release.name()
        ))
        .help(format!("use a release of Flinkgate that supports Flink {major}.{minor}"))
        .found(version.to_string());
}
