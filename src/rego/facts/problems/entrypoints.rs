//! What the containers that run Flink start with: their command, and the options that stand for it.

use super::{Found, Subject, shown, texts};
use crate::flink::{Role, Template};
use crate::resource::pointer;
use serde_json::Value as Json;

/// Letters with which a shell does more than start Flink with one more word.
const OF_SHELLS: [char; 11] = [';', '&', '|', '<', '>', '(', ')', '$', '`', '\n', '\\'];

pub(super) fn judge(subject: &Subject<'_>, found: &mut Found) {
    let Some(allowed) = texts(&subject.security["entrypoints"]) else { return };
    let help = || match allowed.as_slice() {
        [] => "leave it out: the image's own entrypoint starts Flink".to_owned(),
        allowed => format!("start with {}, or leave it to the image", allowed.join(" or ")),
    };
    for set in &subject.workload.pods {
        // Flink and its operator put their own command in place of that of a template of theirs.
        let overwritten = matches!(set.template, Template::Merged(_));
        let Some(main) = set.main_container.filter(|_| !overwritten && set.role != Role::Other)
        else {
            continue;
        };
        let within = format!("/spec/containers/{main}/command/0");
        if let Some(program) =
            pointer::at(set.template(subject.root), &within).and_then(Json::as_str)
            && !allowed.contains(&program)
        {
            let message = format!(
                "pods of role {} must not start with {:?}",
                set.role.as_str(),
                shown(program)
            );
            found.add("entrypoints", &format!("{}{within}", set.path()), message, help());
        }
    }
    let key = "kubernetes.entry.path";
    if subject.options_make_pods()
        && let Some(entry) = subject.workload.config.entry(key)
        && !allowed.contains(&entry.value.trim())
        && let Some(place) = subject.written(key, entry)
    {
        found.add(
            "entrypoints",
            place,
            format!("option {key} must not start pods with {:?}", shown(&entry.value)),
            help(),
        );
    }
    for (_, component) in subject.made_roles() {
        let key = format!("kubernetes.{component}.entrypoint.args");
        if let Some(entry) = subject.workload.config.entry(&key)
            && entry.value.contains(OF_SHELLS)
            && let Some(place) = subject.written(&key, entry)
        {
            let message = format!(
                "option {key} must not hold what a shell runs: Flink puts its text into a script"
            );
            found.add(
                "entrypoints",
                place,
                message,
                "write plain arguments such as -Dkey=value".to_owned(),
            );
        }
    }
}
