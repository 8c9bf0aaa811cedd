//! What pods have beside Flink: other containers, extended resources, names with addresses of their
//! own, another runtime, and the token of their service account.

use super::super::whole;
use super::{Found, Subject, is_any, shown, texts, use_one_of};
use crate::flink::options::{EXTERNAL_RESOURCES, high_availability};
use crate::flink::values::list_elements;
use crate::flink::workload::{MAIN_CONTAINER, PodSet};
use crate::flink::{Engine, Mode, Role};
use crate::resource::fields::{elements, elements_at};
use crate::resource::pointer;
use regorus::Value;
use serde_json::{Map, Value as Json};

/// Resources of every node.
const ORDINARY: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

/// What a tenant lets pods have; `None` for anything.
struct Allowed<'a> {
    names: Option<Vec<&'a str>>,
    most: Option<u64>,
    aliases: Option<Vec<&'a str>>,
    resources: Option<Vec<&'a str>>,
    runtimes: Option<Vec<&'a str>>,
    tokens_where_needed: bool,
}

pub(super) fn judge(subject: &Subject<'_>, found: &mut Found) {
    let security = subject.security;
    let allowed = Allowed {
        names: texts(&security["sidecars"]["names"]),
        most: whole(&security["sidecars"]["most"]).and_then(|most| u64::try_from(most).ok()),
        aliases: texts(&security["hostAliases"]),
        resources: texts(&security["extendedResources"]),
        runtimes: texts(&security["runtimeClasses"]),
        tokens_where_needed: security["tokensWhereNeeded"] == Value::Bool(true),
    };
    for set in &subject.workload.pods {
        if allowed.names.is_some() || allowed.most.is_some() {
            sidecars(subject, set, &allowed, found);
        }
        if let Some(allowed) = &allowed.aliases {
            aliases(subject, set, allowed, found);
        }
        if let Some(allowed) = &allowed.resources {
            extended(subject, set, allowed, found);
        }
        if let Some(allowed) = &allowed.runtimes {
            runtime(subject, set, allowed, found);
        }
        if allowed.tokens_where_needed {
            token(subject, set, found);
        }
    }
    if let (Some(allowed), true) = (&allowed.resources, subject.options_make_pods()) {
        extended_by_options(subject, allowed, found);
    }
}

/// Containers beside Flink's own. A pod that runs no Flink has only its own.
fn sidecars(subject: &Subject<'_>, set: &PodSet, allowed: &Allowed<'_>, found: &mut Found) {
    if set.role == Role::Other {
        return;
    }
    let template = set.template(subject.root);
    let mut count: u64 = 0;
    for field in ["containers", "initContainers"] {
        for (index, container) in
            elements_at(template, &format!("/spec/{field}")).iter().enumerate()
        {
            let name = container.get("name").and_then(Json::as_str).unwrap_or_default();
            let is_main = field == "containers"
                && set.main_container.map_or(name == MAIN_CONTAINER, |main| main == index);
            if is_main {
                continue;
            }
            count = count.saturating_add(1);
            let place = || format!("{}/spec/{field}/{index}", set.path());
            if let Some(names) = allowed.names.as_ref().filter(|names| !is_any(names, name)) {
                let message =
                    format!("the container {:?} must not stand beside Flink's", shown(name));
                found.add("sidecars", &format!("{}/name", place()), message, use_one_of(names));
            }
            if allowed.most.is_some_and(|most| count == most.saturating_add(1)) {
                let most = allowed.most.unwrap_or_default();
                let message = format!(
                    "pods of role {} must not have more than {most} containers beside Flink's",
                    set.role.as_str()
                );
                found.add("sidecars", &place(), message, "leave the others out".to_owned());
            }
        }
    }
}

fn aliases(subject: &Subject<'_>, set: &PodSet, allowed: &[&str], found: &mut Found) {
    for (index, alias) in
        elements_at(set.template(subject.root), "/spec/hostAliases").iter().enumerate()
    {
        for (number, host) in elements(alias, "hostnames").iter().enumerate() {
            let host = host.as_str().unwrap_or_default();
            if !is_any(allowed, host) {
                let place = format!("{}/spec/hostAliases/{index}/hostnames/{number}", set.path());
                let message = format!(
                    "pods of role {} must not give {:?} an address of their own",
                    set.role.as_str(),
                    shown(host)
                );
                found.add("hostAliases", &place, message, use_one_of(allowed));
            }
        }
    }
}

fn extended(subject: &Subject<'_>, set: &PodSet, allowed: &[&str], found: &mut Found) {
    let mut of = |holder: &Json, base: String| {
        for amounts in ["requests", "limits"] {
            let written =
                pointer::at(holder, &format!("/resources/{amounts}")).and_then(Json::as_object);
            let names = written.into_iter().flat_map(Map::keys);
            for name in
                names.filter(|name| !ORDINARY.contains(&name.as_str()) && !is_any(allowed, name))
            {
                let place = pointer::join(&format!("{base}/resources/{amounts}"), name);
                let message = format!(
                    "pods of role {} must not ask for the resource {:?}",
                    set.role.as_str(),
                    shown(name)
                );
                found.add("extendedResources", &place, message, use_one_of(allowed));
            }
        }
    };
    let template = set.template(subject.root);
    for field in ["containers", "initContainers"] {
        for (index, container) in
            elements_at(template, &format!("/spec/{field}")).iter().enumerate()
        {
            of(container, format!("{}/spec/{field}/{index}", set.path()));
        }
    }
    // A pod may ask as a whole, and for devices by claims of which nothing is known here.
    of(template.get("spec").unwrap_or(&Json::Null), format!("{}/spec", set.path()));
    for (index, claim) in elements_at(template, "/spec/resourceClaims").iter().enumerate() {
        let name = claim.get("name").and_then(Json::as_str).unwrap_or_default();
        if !is_any(allowed, name) {
            let message = format!(
                "pods of role {} must not claim the device {:?}",
                set.role.as_str(),
                shown(name)
            );
            found.add(
                "extendedResources",
                &format!("{}/spec/resourceClaims/{index}", set.path()),
                message,
                use_one_of(allowed),
            );
        }
    }
}

/// Flink asks Kubernetes for what `external-resource.<name>.kubernetes.config-key` names.
fn extended_by_options(subject: &Subject<'_>, allowed: &[&str], found: &mut Found) {
    let config = &subject.workload.config;
    let Some((_, named)) = config.first(EXTERNAL_RESOURCES) else { return };
    for name in list_elements(&named.value) {
        let key = format!("external-resource.{name}.kubernetes.config-key");
        if let Some(entry) = config.entry(&key)
            && !is_any(allowed, entry.value.trim())
            && let Some(place) = subject.written(&key, entry)
        {
            let message = format!(
                "option {key} must not ask for the resource {:?}",
                shown(entry.value.trim())
            );
            found.add("extendedResources", place, message, use_one_of(allowed));
        }
    }
}

fn runtime(subject: &Subject<'_>, set: &PodSet, allowed: &[&str], found: &mut Found) {
    let class =
        pointer::at(set.template(subject.root), "/spec/runtimeClassName").and_then(Json::as_str);
    if let Some(class) = class.filter(|class| !is_any(allowed, class)) {
        let message = format!(
            "pods of role {} must not run with the runtime class {:?}",
            set.role.as_str(),
            shown(class)
        );
        found.add(
            "runtimeClasses",
            &format!("{}/spec/runtimeClassName", set.path()),
            message,
            use_one_of(allowed),
        );
    }
}

/// Only of custom resources: of pods it is not known whether their cluster is highly available by
/// Kubernetes.
fn token(subject: &Subject<'_>, set: &PodSet, found: &mut Found) {
    let workload = subject.workload;
    if !workload.declares_cluster || workload.engine != Engine::Operator {
        return;
    }
    let native_job_manager = set.role == Role::JobManager && workload.mode == Some(Mode::Native);
    // Nobody knows what a factory of somebody's own does.
    let by_kubernetes = high_availability(&workload.config)
        .is_some_and(|service| !service.eq_ignore_ascii_case("zookeeper"));
    if set.role == Role::Other || native_job_manager || by_kubernetes {
        return;
    }
    if pointer::at(set.template(subject.root), "/spec/automountServiceAccountToken")
        != Some(&Json::Bool(false))
    {
        let place = format!("{}/spec/automountServiceAccountToken", set.path());
        let message = format!(
            "pods of role {} never talk to Kubernetes and must not be given a token for it",
            set.role.as_str()
        );
        let help = format!(
            "set automountServiceAccountToken: false in spec.{}.podTemplate",
            set.role.as_str()
        );
        found.add("tokens", &place, message, help);
    }
}
