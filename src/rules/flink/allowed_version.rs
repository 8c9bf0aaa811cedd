//! `flink/allowed-version`

use crate::flink::Engine;
use crate::flink::operator::DeclaredSpec;
use crate::flink::version::FlinkVersion;
use crate::resource::pointer;
use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};
use serde_json::Value;

/// Flink versions that the tenant does not allow.
pub static RULE: Rule = Rule {
    id: "flink/allowed-version",
    level: Level::Error,
    since: "0.1.0",
    title: "Allowed Flink versions",
    tenant_fields: &["flink.versions"],
    as_is: false,
    page: include_str!("allowed_version.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(allowed) = &subject.tenant.spec.flink.versions else { return };
    if !subject.workload.declares_cluster {
        return;
    }
    let version = subject.workload.version;
    if version.is_some() && allowed.iter().any(|text| FlinkVersion::parse(text) == version) {
        return;
    }
    let Some(cluster) = DeclaredSpec::new(subject.object, subject.workload) else { return };
    // Google's, Spotify's and Lyft's kinds write `1.20` for `v1_20`.
    let plain: Vec<String> = match subject.workload.engine {
        Engine::Operator => allowed.clone(),
        _ => allowed.iter().filter_map(|text| FlinkVersion::parse(text)).map(plain).collect(),
    };
    let place = cluster.at("/flinkVersion");
    let help = match plain.last() {
        Some(newest) if pointer::at(subject.object, &place).is_none() => {
            Advice::set("flinkVersion", newest.trim_matches('"'))
                .in_words(format!("set `flinkVersion: {newest}`"))
        }
        _ => Advice::one_of(&plain),
    };
    let written = pointer::at(subject.object, &place).and_then(Value::as_str);
    let finding = findings.at(place).advise(help);
    match version {
        Some(version) => {
            finding
                .message(format!("Flink version `{version}` is not allowed"))
                .found(version.to_string());
        }
        None if written.is_some() => {
            let written = shown(written.unwrap_or_default());
            finding.message(format!("Flink version `{written}` is not allowed")).found(written);
        }
        None => {
            finding.message("no Flink version is set, but the tenant allows only some");
        }
    }
}

/// In quotes, because YAML reads `1.20` as `1.2`.
fn plain(version: FlinkVersion) -> String {
    format!("\"{}.{}\"", version.major, version.minor)
}
