//! `flink/file-system`

use crate::flink::config::Entry;
use crate::flink::enabled_plugins::{EnabledPlugins, enabled_plugins};
use crate::flink::file_systems::{
    ENABLE_PLUGINS, enabled, plugin_of_file, plugins, release_of_tag,
};
use crate::flink::options::Names;
use crate::flink::pods::Pods;
use crate::flink::version::FlinkVersion;
use crate::rules::words::shown;
use crate::rules::{Advice, Finding, Findings, Level, Rule, Subject};

/// File systems for which Flink's image has no plugin.
pub static RULE: Rule = Rule {
    id: "flink/file-system",
    level: Level::Warning,
    since: "0.1.0",
    title: "Plugins for file systems",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("file_system.md"),
    check,
};

/// Options with the address of a directory, besides those of state.
const DIRECTORIES: [Names; 4] = [
    &["jobmanager.archive.fs.dir"],
    &["historyserver.archive.fs.dir"],
    &["state.changelog.dstl.dfs.base-path", "dstl.dfs.base-path"],
    &["execution.state-recovery.path", "execution.savepoint.path"],
];

/// Fields of a job with the address of a file.
const FIELDS: [&str; 2] = ["/job/jarURI", "/job/initialSavepointPath"];

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    if !subject.workload.is_flink() {
        return;
    }
    for pods in &subject.pods {
        let Some(has) = enabled_plugins(pods, subject.workload) else { continue };
        let is_missing = missing_files(subject, pods, &has, findings);
        let is_lacking = addresses(subject, &has, findings);
        // Roles that share an address share a finding.
        if is_missing || is_lacking {
            return;
        }
    }
}

/// Reports each address that the container has no plugin for.
fn addresses(subject: &Subject<'_>, has: &EnabledPlugins<'_>, findings: &mut Findings) -> bool {
    let mut is_lacking = false;
    let mut option = |key: &str, entry: &Entry| {
        if let Some((scheme, plugin)) = lacking(subject, has, &entry.value) {
            is_lacking = true;
            // An option in a mounted file has no place in this object, but the image has.
            let place = match &entry.pointer {
                Some(place) => place.clone(),
                None if subject.workload.declares_cluster => subject.option_place(key, entry),
                None => has.container.image.place.clone().into_owned(),
            };
            report(subject, has, (scheme, plugin), place, findings).key(key);
        }
    };
    for state in subject.state_directories() {
        option(state.key, state.entry);
    }
    for names in DIRECTORIES {
        if let Some((key, entry)) = subject.workload.config.first(names) {
            option(key, entry);
        }
    }
    let Some(cluster) = subject.operators_cluster() else { return is_lacking };
    for field in FIELDS {
        if let Some((scheme, plugin)) =
            cluster.text(field).and_then(|uri| lacking(subject, has, uri))
        {
            is_lacking = true;
            report(subject, has, (scheme, plugin), cluster.at(field), findings);
        }
    }
    is_lacking
}

/// The scheme of an address that the container has no plugin for, and the plugin.
fn lacking<'u>(
    subject: &Subject<'_>,
    has: &EnabledPlugins<'_>,
    uri: &'u str,
) -> Option<(&'u str, &'static str)> {
    let (scheme, _) = uri.trim().split_once(':')?;
    let wanted = plugins(scheme, subject.workload.version);
    let plugin = wanted.clone().next()?;
    let is_enabled = enabled(has.value)
        .filter_map(plugin_of_file)
        .any(|(enabled, _)| wanted.clone().any(|wanted| wanted == enabled));
    (!is_enabled).then_some((scheme, plugin))
}

fn report<'f>(
    subject: &Subject<'_>,
    has: &EnabledPlugins<'_>,
    (scheme, plugin): (&str, &str),
    place: String,
    findings: &'f mut Findings,
) -> &'f mut Finding {
    let file = file(plugin, has, subject.workload.version);
    findings
        .at(place)
        .message(format!(
            "`{}://` needs a plugin, which image `{}` does not load by itself",
            shown(scheme),
            shown(has.container.image.text())
        ))
        .help(format!(
            "set the variable `{ENABLE_PLUGINS}: {file}` in container `{}`, or use an image with \
             the plugin",
            shown(has.container.name)
        ))
        .container(has.container.name)
        .wanted(plugin)
}

/// Reports enabled plugins that the image does not have: its entrypoint exits then.
fn missing_files(
    subject: &Subject<'_>,
    pods: &Pods<'_>,
    has: &EnabledPlugins<'_>,
    findings: &mut Findings,
) -> bool {
    let release = has.container.image.parsed.as_ref().and_then(release_of_tag);
    let mut is_missing = false;
    for name in enabled(has.value) {
        let Some((plugin, version)) = plugin_of_file(name) else { continue };
        let is_there = !version.is_empty() && release.is_none_or(|release| release == version);
        let Some(place) = (!is_there).then(|| has.place(pods)).flatten() else { continue };
        is_missing = true;
        let finding = findings
            .at(place)
            .level(Level::Error)
            .message(format!(
                "image `{}` has no plugin `{}`: the container does not start",
                shown(has.container.image.text()),
                shown(name)
            ))
            .advise(write(&file(plugin, has, subject.workload.version)))
            .container(has.container.name)
            .found(shown(name));
        if let Some(key) = has.option() {
            finding.key(key);
        }
    }
    is_missing
}

fn write(file: &str) -> Advice {
    Advice::replace(file).in_words(format!("write `{file}`"))
}

/// The name of a plugin's file in the image.
fn file(plugin: &str, has: &EnabledPlugins<'_>, version: Option<FlinkVersion>) -> String {
    let release = has.container.image.parsed.as_ref().and_then(release_of_tag);
    match (release, version) {
        (Some(release), _) => format!("{plugin}-{release}.jar"),
        (None, Some(FlinkVersion { major, minor })) => {
            format!("{plugin}-{major}.{minor}.N.jar` with the image's release for `N")
        }
        (None, None) => format!("{plugin}-VERSION.jar` with the image's release for `VERSION"),
    }
}
