//! `flink/configuration-source`

use crate::flink::config_sources::{self, MOST_CONFIG_MAPS, normal_path};
use crate::flink::kinds::names_configuration_folder;
use crate::flink::map_options::map_list;
use crate::flink::pods::{CONTAINER_LISTS, Container, Pods};
use crate::flink::{Engine, Role};
use crate::kubernetes::references::{ReferenceKind, references};
use crate::resource::fields::{ByName, elements, text};
use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};
use serde_json::Value;

/// Clusters in which Flink would read another configuration than the one of the object.
pub static RULE: Rule = Rule {
    id: "flink/configuration-source",
    level: Level::Error,
    since: "0.1.0",
    title: "Source of the configuration",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("configuration_source.md"),
    check,
};

/// Where Flink and its operator mount the configuration, and what changes that.
const FOLDER: &str = "/opt/flink/conf";
const FOLDER_OPTION: &str = "kubernetes.flink.conf.dir";
/// The ConfigMap with the configuration of a cluster.
const CONFIG_MAP: &str = "flink-config-";

/// Files of the configuration, below its folder.
const FILES: [&str; 2] = ["flink-conf.yaml", "config.yaml"];
/// Scripts that decide which configuration Flink reads. A mount over their folder hides them.
const SCRIPTS: [&str; 9] = [
    "",
    "bash-java-utils.jar",
    "config-parser-utils.sh",
    "config.sh",
    "flink-console.sh",
    "jobmanager.sh",
    "standalone-job.sh",
    "kubernetes-jobmanager.sh",
    "kubernetes-taskmanager.sh",
];

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    check_number(subject, findings);
    let workload = subject.workload;
    for source in &workload.unjudged_sources {
        let (message, help) = match &source.key {
            Some(key) => (
                format!(
                    "key `{}` is one of Flink's high availability, not a configuration",
                    shown(key)
                ),
                "name the key `config.yaml`",
            ),
            None => (
                "a variable decides which key Flink reads as its configuration".to_owned(),
                "name the key with `subPath`",
            ),
        };
        findings.at(source.place.as_str()).message(message).help(help.to_owned());
    }
    if !workload.declares_cluster && workload.engine != Engine::Native {
        return;
    }
    for pods in subject.pods.iter().filter(|pods| pods.set.role != Role::Other) {
        let Some(main) = pods.containers.iter().find(|container| container.main) else { continue };
        let spec = main.spec.unwrap_or(&Value::Null);
        let volumes = ByName::new(elements(pods.spec(), "volumes"));
        let folder = if workload.declares_cluster {
            // Only Flink's own operator moves the folder.
            let option = workload.config.get(FOLDER_OPTION).map(str::trim);
            option.filter(|_| workload.engine == Engine::Operator).unwrap_or(FOLDER)
        } else {
            let own = |mount: &&Value| is_own_volume(text(mount, "name"), &volumes);
            let Some(mount) = elements(spec, "volumeMounts").iter().find(own) else { continue };
            text(mount, "mountPath")
        };
        let at = Place { pods, main, volumes: &volumes, folder: &normal_path(folder) };
        let names_folder = check_environment(&at, spec, findings);
        check_mounts(&at, spec, findings);
        if *at.folder != *FOLDER
            && !names_folder
            && let Some((key, entry)) = workload.config.first(&[FOLDER_OPTION])
            && let Some(place) = subject.written(key, entry)
        {
            let message =
                format!("Flink would not read its configuration from `{}`", shown(at.folder));
            findings.at(place).message(message).advise(Advice::remove_option(key)).key(key);
        }
    }
    check_options(subject, findings);
    check_arguments(subject, findings);
}

/// Pods that read their configuration from more ConfigMaps than a review reads.
fn check_number(subject: &Subject<'_>, findings: &mut Findings) {
    for pods in &subject.pods {
        // Most pods can name few ConfigMaps, and nothing needs to be read or allocated for them.
        let may_exceed = || {
            let mut named = 0;
            references(pods.spec(), ReferenceKind::ConfigMap, |_, _| named += 1);
            named > MOST_CONFIG_MAPS
        };
        if !has_few_places(pods.spec())
            && may_exceed()
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

/// Whether a pod has no more volumes and variables than a review reads ConfigMaps.
fn has_few_places(spec: &Value) -> bool {
    let of_volume = |volume: &Value| {
        let sources = volume.get("projected").map_or(&[][..], |all| elements(all, "sources"));
        1_usize.saturating_add(sources.len())
    };
    let volumes = elements(spec, "volumes").iter().map(of_volume);
    let containers = CONTAINER_LISTS.into_iter().flat_map(|list| elements(spec, list));
    let variables = containers
        .flat_map(|container| ["env", "envFrom"].map(|list| elements(container, list).len()));
    volumes.chain(variables).fold(0, usize::saturating_add) <= MOST_CONFIG_MAPS
}

/// The container that runs Flink, and the folder with its configuration.
struct Place<'p> {
    pods: &'p Pods<'p>,
    main: &'p Container<'p>,
    volumes: &'p ByName<'p>,
    folder: &'p str,
}

impl Place<'_> {
    fn of(&self, field: &str, index: usize, key: &str) -> String {
        format!("{}/{field}/{index}/{key}", self.main.place(self.pods.set.path()))
    }
}

/// Checks the variables that name the folder. Returns whether one names the right one.
fn check_environment(at: &Place<'_>, spec: &Value, findings: &mut Findings) -> bool {
    let mut is_named = false;
    for (index, variable) in elements(spec, "env").iter().enumerate() {
        let name = text(variable, "name");
        let Some(suffix) = suffix_of(name) else { continue };
        if is_folder(text(variable, "value"), suffix, at.folder) {
            is_named = true;
            continue;
        }
        findings
            .at(at.of("env", index, "name"))
            .message(message(name))
            .help(help(name))
            .container(at.main.name)
            .key(name);
    }
    is_named
}

fn check_mounts(at: &Place<'_>, spec: &Value, findings: &mut Findings) {
    for (index, mount) in elements(spec, "volumeMounts").iter().enumerate() {
        // The API server refuses a mount without a path.
        let path = text(mount, "mountPath");
        if path.is_empty() {
            continue;
        }
        let path = normal_path(path);
        let hides = match below(&path, at.folder) {
            Some("") => !is_own_volume(text(mount, "name"), at.volumes),
            Some(file) => FILES.contains(&file),
            None => {
                let home = at.folder.strip_suffix("/conf").unwrap_or_default();
                let bin = below(&path, home).and_then(|rest| below(rest, "bin"));
                let is_script = bin.is_some_and(|file| SCRIPTS.contains(&file));
                // A mount over the whole distribution has other scripts.
                is_script || *path == *"/docker-entrypoint.sh" || below(home, &path).is_some()
            }
        };
        if hides {
            findings
                .at(at.of("volumeMounts", index, "mountPath"))
                .message(format!(
                    "a mount at `{}` makes Flink read another configuration than this one",
                    shown(&path)
                ))
                .help(
                    "mount the volume at another path, and write options as options of the cluster"
                        .to_owned(),
                )
                .container(at.main.name);
        }
    }
}

/// Options by which Flink gets variables.
fn check_options(subject: &Subject<'_>, findings: &mut Findings) {
    let config = &subject.workload.config;
    let folder = normal_path(config.get(FOLDER_OPTION).map_or(FOLDER, str::trim));
    for (role, _) in subject.roles_made_from_options() {
        let prefix = match role {
            Role::JobManager => "containerized.master.env.",
            _ => "containerized.taskmanager.env.",
        };
        for (key, entry) in config.under(prefix) {
            let name = key.strip_prefix(prefix).unwrap_or_default();
            if let Some(suffix) = suffix_of(name)
                && !is_folder(&entry.value, suffix, &folder)
                && let Some(place) = subject.written(key, entry)
            {
                findings
                    .at(place)
                    .message(message(name))
                    .advise(Advice::remove_option(key))
                    .key(key);
            }
        }
    }
    let key = "kubernetes.env.secretKeyRef";
    if subject.options_make_pods()
        && let Some((entry, maps)) = map_list(config, key)
        && let Some(place) = subject.written(key, entry)
    {
        for (field, name) in maps.iter().flatten() {
            if field.eq_ignore_ascii_case("env") && suffix_of(name).is_some() {
                let help = format!("remove `{name}` from `{key}`");
                findings.at(place).message(message(name)).help(help).key(key);
            }
        }
    }
}

/// Checks the options with further arguments of processes, which name the folder too.
fn check_arguments(subject: &Subject<'_>, findings: &mut Findings) {
    for (role, _) in subject.roles_made_from_options() {
        let key = match role {
            Role::JobManager => "kubernetes.jobmanager.entrypoint.args",
            _ => "kubernetes.taskmanager.entrypoint.args",
        };
        if let Some((key, entry)) = subject.workload.config.first(&[key])
            && names_configuration_folder(&entry.value)
            && let Some(place) = subject.written(key, entry)
        {
            let help = "remove `--configDir`, and write options as options of the cluster";
            findings.at(place).message(message("--configDir")).help(help.to_owned()).key(key);
        }
    }
}

/// The path from the folder that a variable names to that of the configuration.
fn suffix_of(variable: &str) -> Option<&'static str> {
    match variable {
        "FLINK_CONF_DIR" => Some(""),
        "FLINK_HOME" => Some("/conf"),
        _ => None,
    }
}

fn is_folder(value: &str, suffix: &str, folder: &str) -> bool {
    let value = normal_path(value);
    folder.strip_suffix(suffix).is_some_and(|folder| *folder == *value)
}

fn message(variable: &str) -> String {
    format!("`{variable}` makes Flink read another configuration than this one")
}

fn help(variable: &str) -> String {
    format!("remove `{variable}`, and write options as options of the cluster")
}

/// Whether a volume has the configuration that Flink or its operator writes.
fn is_own_volume(name: &str, volumes: &ByName<'_>) -> bool {
    let config_map = volumes.find(name).and_then(|volume| volume.get("configMap"));
    config_map.is_some_and(|config_map| text(config_map, "name").starts_with(CONFIG_MAP))
}

/// The rest of a path below a folder; empty for the folder itself.
fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(folder)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::normal_path;

    #[test]
    fn paths_are_read_as_the_runtime_reads_them() {
        for path in [
            "/opt/flink/conf",
            "/opt/flink/conf/",
            "//opt/./flink/conf",
            "/opt/flink/bin/../conf",
            "opt/flink/conf",
        ] {
            assert_eq!(normal_path(path), "/opt/flink/conf", "{path}");
        }
    }
}
