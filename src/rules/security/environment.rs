//! `security/environment`

use crate::flink::Role;
use crate::flink::map_options::map_list;
use crate::flink::pods::{Container, Pods};
use crate::resource::fields::{elements, text};
use crate::rules::words::{matches_any, shown};
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Environment variables that the tenant forbids.
pub static RULE: Rule = Rule {
    id: "security/environment",
    level: Level::Error,
    since: "0.1.0",
    title: "Forbidden environment variables",
    tenant_fields: &["security.forbiddenEnvironment"],
    as_is: false,
    page: include_str!("environment.md"),
    check,
};

/// Options that Flink's start scripts copy into an environment variable.
const COPIED: [(&str, &str); 12] = [
    ("env.java.home", "JAVA_HOME"),
    ("env.java.opts", "FLINK_ENV_JAVA_OPTS"),
    ("env.java.opts.all", "FLINK_ENV_JAVA_OPTS"),
    ("env.java.opts.jobmanager", "FLINK_ENV_JAVA_OPTS_JM"),
    ("env.java.opts.taskmanager", "FLINK_ENV_JAVA_OPTS_TM"),
    ("env.java.opts.historyserver", "FLINK_ENV_JAVA_OPTS_HS"),
    ("env.java.opts.client", "FLINK_ENV_JAVA_OPTS_CLI"),
    ("env.java.opts.sql-gateway", "FLINK_ENV_JAVA_OPTS_SQL_GATEWAY"),
    ("env.java.default-opts.all", "FLINK_ENV_JAVA_OPTS"),
    ("env.java.default-opts.jobmanager", "FLINK_ENV_JAVA_OPTS_JM"),
    ("env.java.default-opts.taskmanager", "FLINK_ENV_JAVA_OPTS_TM"),
    ("env.hadoop.conf.dir", "HADOOP_CONF_DIR"),
];

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let forbidden = &subject.tenant.spec.security.forbidden_environment;
    if forbidden.is_empty() {
        return;
    }
    for pods in &subject.pods {
        for container in &pods.containers {
            let variables = container.spec.map(|spec| elements(spec, "env")).unwrap_or_default();
            for (index, variable) in variables.iter().enumerate() {
                let name = text(variable, "name");
                if matches_any(forbidden, name) {
                    findings
                        .at(format!("{}/env/{index}/name", container.place(pods.set.path())))
                        .message(message(name))
                        .advise(Advice::remove_above(1, "remove the variable"))
                        .container(container.name)
                        .key(name);
                }
            }
            check_env_from(pods, container, forbidden, findings);
        }
    }
    if subject.workload.is_flink() {
        check_options(subject, forbidden, findings);
    }
}

/// Variables with the keys of a ConfigMap or a Secret as names. Its owner may change the keys after
/// this check, and the container reads them at each start: only a prefix excludes names.
fn check_env_from(
    pods: &Pods<'_>,
    container: &Container<'_>,
    forbidden: &[String],
    findings: &mut Findings,
) {
    let sources = container.spec.map(|spec| elements(spec, "envFrom")).unwrap_or_default();
    for (index, source) in sources.iter().enumerate() {
        let prefix = text(source, "prefix");
        let Some(name) = forbidden.iter().find(|name| may_begin(name, prefix)) else { continue };
        let kind = if source.get("secretRef").is_some() { "Secret" } else { "ConfigMap" };
        findings
            .at(format!("{}/envFrom/{index}", container.place(pods.set.path())))
            .message(format!(
                "`envFrom` may set environment variable `{name}`, which is not allowed: any key of the {kind} becomes a variable"
            ))
            .help(format!(
                "list the variables in `env` with `valueFrom`, or set a `prefix` with which no forbidden name begins, such as `{}`", free_prefix(forbidden)
            ))
            .container(container.name)
            .key(name);
    }
}

/// Whether a text that begins with this prefix can match a pattern.
fn may_begin(pattern: &str, prefix: &str) -> bool {
    match pattern.split_once('*') {
        // What follows the star can be anything.
        Some((start, _)) => start.starts_with(prefix) || prefix.starts_with(start),
        None => pattern.starts_with(prefix),
    }
}

/// A prefix that excludes all forbidden names.
fn free_prefix(forbidden: &[String]) -> &'static str {
    let mut prefixes = ["APP_", "CONFIG_", "ETL_"].into_iter();
    let is_free = |prefix: &&str| !forbidden.iter().any(|name| may_begin(name, prefix));
    prefixes.find(is_free).unwrap_or("MY_APP_")
}

fn check_options(subject: &Subject<'_>, forbidden: &[String], findings: &mut Findings) {
    let config = &subject.workload.config;
    let mut report = |variable: &str, key: &str, entry, help: &str| {
        if matches_any(forbidden, variable)
            && let Some(place) = subject.written(key, entry)
        {
            findings
                .at(place)
                .message(message(variable))
                .advise(match help {
                    "remove" => Advice::remove_option(key),
                    other => format!("{other} `{key}`").into(),
                })
                .key(variable);
        }
    };
    for (key, entry) in config.under("env.") {
        if let Some((_, variable)) = COPIED.iter().find(|(option, _)| *option == key) {
            report(variable, key, entry, "remove");
        }
    }
    for (role, _) in subject.roles_made_from_options() {
        let prefix = match role {
            Role::JobManager => "containerized.master.env.",
            _ => "containerized.taskmanager.env.",
        };
        for (key, entry) in config.under(prefix) {
            report(key.strip_prefix(prefix).unwrap_or_default(), key, entry, "remove");
        }
    }
    let key = "kubernetes.env.secretKeyRef";
    if subject.options_make_pods()
        && let Some((entry, maps)) = map_list(config, key)
    {
        let pairs = maps.iter().flatten();
        for (_, variable) in pairs.filter(|(field, _)| field.eq_ignore_ascii_case("env")) {
            report(variable, key, entry, "remove it from");
        }
    }
}

fn message(variable: &str) -> String {
    format!("environment variable `{}` is not allowed", shown(variable))
}
