//! Parts of a spec that contradict each other, or that no object can satisfy. All are warnings: the
//! tenant can be used, but not as it was meant.

use super::Problems;
use crate::flink::claims::is_shared;
use crate::flink::image::glob;
use crate::flink::memory_size::parse_resource_memory;
use crate::flink::options::names_of;
use crate::kubernetes::placement::PodToleration;
use crate::kubernetes::pod_security::PodSecurityLevel;
use crate::resource::pointer;
use crate::resource::quantity::Quantity;
use crate::tenant::{FlinkTenantSpec, name_matches};

/// Reports contradictions.
pub(super) fn check(spec: &FlinkTenantSpec, problems: &mut Problems) {
    rules(spec, problems);
    exemptions(spec, problems);
    quota(spec, problems);
    checkpoint_volume(spec, problems);
    options(spec, problems);
    scheduling(spec, problems);
    security(spec, problems);
}

fn rules(spec: &FlinkTenantSpec, problems: &mut Problems) {
    for (index, entry) in spec.rules.iter().enumerate() {
        let later = spec.rules.iter().skip(index.saturating_add(1));
        if later.into_iter().any(|later| later.rule == entry.rule) {
            let message = format!(
                "rule `{}` has a later entry, which applies instead: remove this one",
                entry.rule
            );
            problems.warn(format!("/rules/{index}/rule"), message);
        }
    }
}

fn exemptions(spec: &FlinkTenantSpec, problems: &mut Problems) {
    for (index, exemption) in spec.exemptions.iter().enumerate() {
        let base = format!("/exemptions/{index}");
        if exemption.rules.is_empty() {
            let message =
                "the exemption names no rule, so it has no effect: add rules, or remove it";
            problems.warn(format!("{base}/rules"), message.into());
        }
        for (field, patterns) in
            [("names", &exemption.names), ("namespaces", &exemption.namespaces)]
        {
            for (number, pattern) in patterns.iter().enumerate() {
                if pattern.strip_suffix('*').unwrap_or(pattern).contains('*') {
                    let message = format!(
                        "`{pattern}` matches nothing: a star has a meaning only at the end"
                    );
                    problems.warn(format!("{base}/{field}/{number}"), message);
                }
            }
        }
        let owned = &spec.namespaces;
        if owned.selector.is_some() || owned.names.is_empty() {
            continue;
        }
        for (number, pattern) in exemption.namespaces.iter().enumerate() {
            if !owned.names.iter().any(|name| overlap(pattern, name)) {
                let message = format!("the tenant owns no namespace `{pattern}`: see `namespaces`");
                problems.warn(format!("{base}/namespaces/{number}"), message);
            }
        }
    }
}

/// Whether two patterns with a star at most at the end match a common name.
fn overlap(one: &str, other: &str) -> bool {
    name_matches(one, other.trim_end_matches('*'))
        || name_matches(other, one.trim_end_matches('*'))
        // The pattern without a star is a name that the other matches.
        || name_matches(one, other)
        || name_matches(other, one)
}

/// The amount of a quota; `None` if there is none or it cannot be read.
fn amount(
    amounts: &std::collections::BTreeMap<String, crate::tenant::Amount>,
    name: &str,
) -> Option<Quantity> {
    Quantity::parse(&amounts.get(name)?.0).ok()
}

fn quota(spec: &FlinkTenantSpec, problems: &mut Problems) {
    let quota = &spec.quota;
    for (name, own) in &quota.per_cluster {
        let (one, all) = (amount(&quota.per_cluster, name), amount(&quota.hard, name));
        if let Some((one, all)) = one.zip(all)
            && one > all
        {
            let hard = quota.hard.get(name).map(|amount| amount.0.as_str()).unwrap_or_default();
            let message = format!(
                "one cluster may use `{}`, but all clusters together only `{hard}`: lower it, or raise `quota.hard`",
                own.0
            );
            problems.warn(pointer::join("/quota/perCluster", name), message);
        }
    }
    let roles = &spec.flink.resources;
    for (field, role) in [("jobManager", &roles.job_manager), ("taskManager", &roles.task_manager)]
    {
        let Some(role) = role else { continue };
        let cpu = role.cpu.and_then(Quantity::from_cores_f64);
        let memory = role.memory.as_deref().and_then(|text| parse_resource_memory(text).ok());
        let sizes = [("cpu", cpu), ("memory", memory.map(Quantity::from_bytes))];
        for (name, size) in sizes {
            over(spec, name, size, format!("/flink/resources/{field}/{name}"), problems);
        }
    }
    let volume = spec.storage.checkpoints.volume.as_ref();
    let size = volume.and_then(|volume| Quantity::parse(&volume.size.as_ref()?.0).ok());
    over(spec, "storage", size, "/storage/checkpoints/volume/size".into(), problems);
}

/// Reports a size that exceeds a limit by itself.
fn over(
    spec: &FlinkTenantSpec,
    name: &str,
    size: Option<Quantity>,
    place: String,
    problems: &mut Problems,
) {
    let limits = [("perCluster", &spec.quota.per_cluster), ("hard", &spec.quota.hard)];
    for (field, amounts) in limits {
        if let Some((size, limit)) = size.zip(amount(amounts, name))
            && size > limit
        {
            let limit = amounts.get(name).map(|amount| amount.0.as_str()).unwrap_or_default();
            let message = format!(
                "it exceeds `quota.{field}.{name}`, which is `{limit}`, so no cluster is admitted with it: lower it, or raise the limit"
            );
            problems.warn(place, message);
            return;
        }
    }
}

fn checkpoint_volume(spec: &FlinkTenantSpec, problems: &mut Problems) {
    let Some(volume) = &spec.storage.checkpoints.volume else { return };
    let base = "/storage/checkpoints/volume";
    let claims = &spec.storage.claims;
    if let Some(allowed) = &claims.storage_class_names
        && volume.storage_class_name.is_none()
        && volume.size.is_some()
    {
        let help = match allowed.first() {
            Some(first) => format!("set `storageClassName: {first}`"),
            None => "set `storageClassName`".to_owned(),
        };
        let message = format!(
            "the claim that Flinkgate creates has no storage class, which `storage.claims.storageClassNames` forbids: {help}"
        );
        problems.warn(base.into(), message);
    }
    if volume.size.is_none() && !is_shared(&volume.claim_name) {
        let message = format!(
            "Flinkgate creates claim `{}` only with a `size`, and pods wait until their claim exists: set `size`, or create the claim of each cluster before the cluster",
            volume.claim_name
        );
        problems.warn(base.into(), message);
    }
}

fn options(spec: &FlinkTenantSpec, problems: &mut Problems) {
    let configuration = &spec.flink.configuration;
    for key in configuration.defaults.keys() {
        let same = |other: &&String| *other == key || names_of(key).any(|name| name == *other);
        if let Some(other) = configuration.enforced.keys().find(same) {
            let message = format!("`enforced` sets `{other}` always: remove this default");
            problems.warn_key(pointer::join("/flink/configuration/defaults", key), message);
        }
    }
}

fn scheduling(spec: &FlinkTenantSpec, problems: &mut Problems) {
    let Some(spot) = spec.cost.spot.as_ref().filter(|spot| spot.task_managers) else { return };
    for (key, value) in &spot.node_selector {
        if let Some(other) = spec.scheduling.node_selector.get(key).filter(|other| *other != value)
        {
            let message = format!(
                "`scheduling.nodeSelector` requires `{key}: {other}`, so TaskManagers cannot run on these nodes: use the same value, or remove one"
            );
            problems.warn(pointer::join("/cost/spot/nodeSelector", key), message);
        }
    }
    let Some(allowed) = &spec.scheduling.tolerations else { return };
    for (index, toleration) in spot.tolerations.iter().enumerate() {
        if !PodToleration::of_tenant(toleration).is_covered_by(allowed) {
            let message = "`scheduling.tolerations` does not allow this toleration, so TaskManagers cannot run on these nodes: add it there";
            problems.warn(format!("/cost/spot/tolerations/{index}"), message.into());
        }
    }
}

fn security(spec: &FlinkTenantSpec, problems: &mut Problems) {
    let security = &spec.security;
    for key in spec.labels.keys() {
        if let Some(pattern) = security.forbidden_labels.iter().find(|pattern| glob(pattern, key)) {
            let message = format!(
                "`security.forbiddenLabels` forbids the label with `{pattern}`, so every pod is refused: remove one of them"
            );
            problems.warn_key(pointer::join("/labels", key), message);
        }
    }
    if spec.network.host_ports.as_ref().is_some_and(|ports| !ports.is_empty())
        && security.pod_security.level != PodSecurityLevel::Privileged
    {
        let message = "the Pod Security level of the tenant forbids all host ports: remove the list, or set `security.podSecurity.level: privileged`";
        problems.warn("/network/hostPorts".into(), message.into());
    }
    if security.sidecars.most == Some(0)
        && security.sidecars.names.as_ref().is_some_and(|names| !names.is_empty())
    {
        let message =
            "no sidecar is allowed, so the names have no effect: remove `names`, or raise `most`";
        problems.warn("/security/sidecars/most".into(), message.into());
    }
}
