//! `flink/option-version`

use super::deprecated_option::help;
use crate::flink::Engine;
use crate::flink::catalog::{OptionFault, Release};
use crate::flink::config_file::{CONFIG, FLINK_CONF};
use crate::flink::version::FlinkVersion;
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Options that the named Flink version ignores.
pub static RULE: Rule = Rule {
    id: "flink/option-version",
    level: Level::Warning,
    since: "0.1.0",
    title: "Options of other Flink versions",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("option_version.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(version) = subject.workload.version else { return };
    if let Some(place) = unread_file(subject, version) {
        findings
            .at(place)
            .message(format!("Flink 2 does not read `{FLINK_CONF}`: its options have no effect"))
            .help(format!("write the options to `{CONFIG}`, whose values are YAML"))
            .key(FLINK_CONF)
            .wanted(CONFIG);
        return;
    }
    for option in subject.faulty_options() {
        let OptionFault::Unread { since, until, instead } = option.fault else { continue };
        let key = option.key;
        let by_tenant = subject.tenant.gives_option(key, &option.entry.value);
        // Under the other name, Flinkgate writes the tenant's option itself.
        if by_tenant && instead.is_some() {
            continue;
        }
        let place = subject.option_place(key, option.entry);
        let reason = match (instead, since.map(Release::name), until.map(Release::name)) {
            (Some(instead), ..) => format!(", which reads `{instead}` instead"),
            (None, Some(since), _) => format!(": it was added in Flink {since}"),
            (None, None, Some(until)) => format!(": it was removed after Flink {until}"),
            (None, None, None) => String::new(),
        };
        let (major, minor) = (version.major, version.minor);
        let finding = findings
            .at(place)
            .message(format!("`{key}` has no effect in Flink {major}.{minor}{reason}"))
            .key(key)
            .at_key();
        match instead {
            Some(instead) => finding.advise(help(subject, key, instead)).wanted(instead),
            None if by_tenant => finding.help(format!(
                "ask the platform team to remove `{key}` from the tenant's `flink.configuration`"
            )),
            None => match factory_option(key) {
                Some(factory) => finding.help(format!(
                    "use `{factory}` with the reporter's factory, such as `{FACTORY}`"
                )),
                None => finding.advise(Advice::remove_option(key)),
            },
        };
    }
}

/// A factory of Flink's own.
const FACTORY: &str = "org.apache.flink.metrics.prometheus.PrometheusReporterFactory";

/// The option with the factory in place of one with the class of a metric reporter: since 1.17 Flink
/// starts no reporter by its class (`ReporterSetup` of 1.16.3 and 1.17.2).
fn factory_option(key: &str) -> Option<String> {
    let reporter = key.strip_prefix("metrics.reporter.")?.strip_suffix(".class")?;
    (!reporter.contains('.')).then(|| format!("metrics.reporter.{reporter}.factory.class"))
}

/// The place of a file of a ConfigMap that Flink 2 does not read (`GlobalConfiguration`, 2.3.0), unless
/// the other file is there too.
fn unread_file<'a>(subject: &Subject<'a>, version: FlinkVersion) -> Option<&'a str> {
    let workload = subject.workload;
    let file = workload.file.as_ref().filter(|file| file.file == FLINK_CONF)?;
    let data = subject.object.get("data")?;
    let is_read = version < FlinkVersion::new(2, 0)
        || workload.engine != Engine::Standalone
        || file.key != FLINK_CONF
        || data.get(CONFIG).is_some();
    workload.config_pointer.as_deref().filter(|_| !is_read)
}
