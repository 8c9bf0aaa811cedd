//! `security/entrypoint`

use crate::flink::{Role, Template};
use crate::resource::pointer;
use crate::rules::words::{alternatives, shown};
use crate::rules::{Findings, Level, Rule, Subject};
use serde_json::Value;

/// Programs that start Flink and that the tenant does not allow.
pub static RULE: Rule = Rule {
    id: "security/entrypoint",
    level: Level::Error,
    since: "0.1.0",
    title: "Container entrypoints",
    tenant_fields: &["security.entrypoints"],
    as_is: false,
    page: include_str!("entrypoint.md"),
    check,
};

/// Characters that make a shell do more than pass one more argument.
const SHELL_SYNTAX: [char; 11] = [';', '&', '|', '<', '>', '(', ')', '$', '`', '\n', '\\'];

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(allowed) = &subject.tenant.spec.security.entrypoints else { return };
    let is_allowed = |program: &str| allowed.iter().any(|allowed| allowed == program);
    let help = |field: &str| match allowed.as_slice() {
        [] => format!("remove `{field}`: the image's own entrypoint starts Flink"),
        allowed => format!("use {}, or remove `{field}`", alternatives(allowed)),
    };
    for pods in &subject.pods {
        // Flink and its operator replace the command of a merged template.
        let is_replaced = matches!(pods.set.template, Template::Merged(_));
        let main = pods.set.main_container.filter(|_| pods.set.role != Role::Other && !is_replaced);
        let container = main.and_then(|main| pods.spec().get("containers")?.get(main));
        let program = container.and_then(|container| pointer::at(container, "/command/0"));
        if let (Some(main), Some(program)) = (main, program.and_then(Value::as_str))
            && !is_allowed(program)
        {
            findings
                .at(pods.place(format_args!("/spec/containers/{main}/command/0")))
                .message(format!("entrypoint `{}` is not allowed", shown(program)))
                .help(help("command"))
                .found(program);
        }
    }
    let key = "kubernetes.entry.path";
    if subject.options_make_pods()
        && let Some(entry) = subject.workload.config.entry(key)
        && !is_allowed(entry.value.trim())
        && let Some(place) = subject.written(key, entry)
    {
        findings
            .at(place)
            .message(format!("entrypoint `{}` is not allowed", shown(&entry.value)))
            .help(help(key))
            .key(key)
            .found(&entry.value);
    }
    for (role, _) in subject.roles_made_from_options() {
        let key = match role {
            Role::JobManager => "kubernetes.jobmanager.entrypoint.args",
            _ => "kubernetes.taskmanager.entrypoint.args",
        };
        if let Some(entry) = subject.workload.config.entry(key)
            && entry.value.contains(SHELL_SYNTAX)
            && let Some(place) = subject.written(key, entry)
        {
            findings
                .at(place)
                .message(format!(
                    "`{key}` contains shell syntax, and Flink inserts it into a shell script"
                ))
                .help("write plain arguments, such as `-Dkey=value`".to_owned())
                .key(key);
        }
    }
}
