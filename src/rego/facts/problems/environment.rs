//! Environment variables that a tenant keeps for itself, set on containers or by options that
//! become variables.

use super::{Found, Subject, is_any, shown, texts};
use crate::flink::map_options::map_list;
use crate::resource::fields::{elements, elements_at};
use serde_json::Value as Json;

/// Options that Flink's start scripts read where the variable beside them is not set, and put into
/// it.
const AS_VARIABLES: [(&str, &str); 12] = [
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

pub(super) fn judge(subject: &Subject<'_>, found: &mut Found) {
    let forbidden = texts(&subject.security["forbiddenEnvironment"]).unwrap_or_default();
    if forbidden.is_empty() {
        return;
    }
    for set in &subject.workload.pods {
        let template = set.template(subject.root);
        for field in ["containers", "initContainers", "ephemeralContainers"] {
            for (index, container) in
                elements_at(template, &format!("/spec/{field}")).iter().enumerate()
            {
                for (element, variable) in elements(container, "env").iter().enumerate() {
                    let name = variable.get("name").and_then(Json::as_str).unwrap_or_default();
                    if is_any(&forbidden, name) {
                        let place =
                            format!("{}/spec/{field}/{index}/env/{element}/name", set.path());
                        found.add(
                            "environment",
                            &place,
                            format!("the environment variable {:?} must not be set", shown(name)),
                            None,
                        );
                    }
                }
            }
        }
    }
    if subject.workload.is_flink() {
        options(subject, &forbidden, found);
    }
}

fn options(subject: &Subject<'_>, forbidden: &[&str], found: &mut Found) {
    let config = &subject.workload.config;
    let mut note = |variable: &str, key: &str, entry| {
        if is_any(forbidden, variable)
            && let Some(place) = subject.written(key, entry)
        {
            let message =
                format!("option {key} must not set the environment variable {:?}", shown(variable));
            found.add("environment", place, message, None);
        }
    };
    for (key, entry) in config.under("env.") {
        if let Some((_, variable)) = AS_VARIABLES.iter().find(|(option, _)| *option == key) {
            note(variable, key, entry);
        }
    }
    for (_, component) in subject.made_roles() {
        let component = if component == "jobmanager" { "master" } else { component };
        let prefix = format!("containerized.{component}.env.");
        for (key, entry) in config.iter() {
            if let Some(variable) = key.strip_prefix(&prefix) {
                note(variable, key, entry);
            }
        }
    }
    let key = "kubernetes.env.secretKeyRef";
    if subject.options_make_pods()
        && let Some((entry, maps)) = map_list(config, key)
    {
        for (_, variable) in
            maps.iter().flatten().filter(|(field, _)| field.eq_ignore_ascii_case("env"))
        {
            note(variable, key, entry);
        }
    }
}
