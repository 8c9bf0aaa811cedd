//! `network/rest-exposure`

use super::rest_neighbours;
use crate::flink::exposures::{EXTERNAL_IPS, Exposure, ExposureKind, Selector, Target, is_open};
use crate::kubernetes::reach::{Reach, Surroundings, has_rest_port};
use crate::rules::words::{alternatives, shown};
use crate::rules::{Advice, Findings, Level, Rule, Subject};
use crate::tenant::ServiceType;
use std::borrow::Cow;

/// Services and Ingresses through which clients outside the cluster reach Flink's REST port.
pub static RULE: Rule = Rule {
    id: "network/rest-exposure",
    level: Level::Error,
    since: "0.1.0",
    title: "Exposure of the REST port",
    tenant_fields: &["network.requireAuthentication", "network.serviceTypes"],
    as_is: false,
    page: include_str!("rest_exposure.md"),
    check,
};

/// The type of the Service that Flink creates for its REST port.
const SERVICE_TYPE: &str = "kubernetes.rest-service.exposed.type";

/// Options that switch off what clients of the REST port may do.
const CLIENT_ACTIONS: [(&str, &str); 2] =
    [("web.submit.enable", "submit"), ("web.cancel.enable", "cancel")];

const MUTUAL_TLS: &str =
    "set `security.ssl.rest.enabled` and `security.ssl.rest.authentication-enabled` to `true`";

/// A Service that leads to the REST port.
struct Service<'a> {
    service_type: &'a str,
    place: Cow<'a, str>,
    belongs_to_flink: bool,
}

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let workload = subject.workload;
    // Whether clients without a certificate get in, and no finding forbids it.
    let mut is_exposed = false;
    if workload.declares_cluster
        && let Some((key, entry)) = subject.option(&[SERVICE_TYPE])
    {
        let service = Service {
            service_type: &entry.value,
            place: subject.option_pointer(key, entry),
            belongs_to_flink: false,
        };
        is_exposed |= check_service(subject, &service, findings);
    }
    let around = surroundings(subject);
    for exposure in workload.exposures.iter().filter(|exposure| may_report(subject, exposure)) {
        let reach = around.reach(&exposure.target);
        match &exposure.kind {
            _ if reach == Reach::No => {}
            ExposureKind::Service(service_type) if reach < Reach::Yes => {
                check_unknown_service(subject, exposure, (service_type, reach), findings);
            }
            ExposureKind::Service(service_type) => {
                let service = Service {
                    service_type,
                    place: exposure.pointer.as_str().into(),
                    belongs_to_flink: exposure.belongs_to_flink,
                };
                is_exposed |= check_service(subject, &service, findings);
            }
            ExposureKind::Ingress => check_ingress(subject, exposure, reach, findings),
        }
    }
    rest_neighbours::check(subject, findings);
    if is_exposed && workload.declares_cluster {
        check_client_actions(subject, findings);
    }
}

/// Whether anything is reported about an exposure that leads to the REST port. For most, nothing is,
/// and the pods that they select need not be searched.
fn may_report(subject: &Subject<'_>, exposure: &Exposure) -> bool {
    match &exposure.kind {
        ExposureKind::Service(service_type) => {
            is_open(service_type) || is_refused(subject, service_type)
        }
        ExposureKind::Ingress => {
            subject.tenant.spec.network.require_authentication && !exposure.authenticates
        }
    }
}

/// The objects around the one that is checked.
pub(super) fn surroundings<'a>(subject: &Subject<'a>) -> Surroundings<'a> {
    Surroundings {
        network: subject.workload.network.as_deref(),
        namespace: &subject.resource.namespace,
        labels: &subject.tenant.spec.labels,
    }
}

/// Whether the tenant refuses this type for a Service that leads to the REST port.
pub(super) fn is_refused(subject: &Subject<'_>, service_type: &str) -> bool {
    let network = &subject.tenant.spec.network;
    match network.service_types.as_deref() {
        Some(types) => !types.iter().any(|own| own.as_ref().eq_ignore_ascii_case(service_type)),
        None => network.require_authentication && is_open(service_type),
    }
}

/// A Service that is open to clients outside the cluster, while it is not known which pods it leads
/// to. A tenant that limits such Services refuses one for which no input can show it.
fn check_unknown_service(
    subject: &Subject<'_>,
    service: &Exposure,
    (service_type, reach): (&str, Reach),
    findings: &mut Findings,
) {
    let Target::Pods(pods) = &service.target else { return };
    let level = match is_refused(subject, service_type) {
        _ if !is_open(service_type) => return,
        true if reach == Reach::Possible => Level::Error,
        true => Level::Info,
        false if subject.tenant.spec.network.service_types.is_none() && has_rest_port(pods) => {
            Level::Info
        }
        false => return,
    };
    let (why, what) = match pods.selector {
        Selector::ByHand => ("it has no selector", "select its pods by labels"),
        _ => (
            "the pods that it selects are not known here",
            "check it together with the objects that create its pods",
        ),
    };
    let close = match service_type {
        EXTERNAL_IPS => "remove `externalIPs`",
        _ => "use `ClusterIP`",
    };
    findings
        .at(&*service.pointer)
        .level(level)
        .message(format!("{} may expose Flink's REST port: {why}", described(service_type)))
        .help(format!("{what}, or {close}"))
        .found(service_type);
}

/// A Service's type for a message.
pub(super) fn described(service_type: &str) -> String {
    match service_type {
        EXTERNAL_IPS => format!("`{EXTERNAL_IPS}`"),
        other => format!("Service type `{}`", shown(other)),
    }
}

fn check_ingress(subject: &Subject<'_>, ingress: &Exposure, reach: Reach, findings: &mut Findings) {
    if !subject.tenant.spec.network.require_authentication
        || ingress.authenticates
        || is_authenticated(subject)
    {
        return;
    }
    let annotation = "add authentication, for example with the annotation `nginx.ingress.kubernetes.io/auth-url`";
    findings
        .at(&ingress.pointer)
        .level(match reach {
            Reach::Unknown => Level::Info,
            _ => unless_checked_at_owner(ingress.belongs_to_flink),
        })
        .message(match reach {
            Reach::Yes => "the Ingress exposes Flink's REST port and does not authenticate clients",
            _ => "the Ingress may expose Flink's REST port, and does not authenticate clients",
        })
        .help(if subject.workload.declares_cluster {
            format!("{annotation}, or {MUTUAL_TLS}")
        } else {
            annotation.to_owned()
        });
}

/// Checks a Service's type. Returns whether clients without a certificate get in and no finding
/// forbids it.
fn check_service(subject: &Subject<'_>, service: &Service<'_>, findings: &mut Findings) -> bool {
    let network = &subject.tenant.spec.network;
    let types = network.service_types.as_deref();
    let is_allowed = |types: &[ServiceType]| {
        types.iter().any(|own| own.as_ref().eq_ignore_ascii_case(service.service_type))
    };
    let is_forbidden = types.is_some_and(|types| !is_allowed(types));
    if !is_forbidden && (!is_open(service.service_type) || is_authenticated(subject)) {
        return false;
    }
    let level = match types {
        _ if is_forbidden => Level::Error,
        _ if network.require_authentication => unless_checked_at_owner(service.belongs_to_flink),
        // A tenant with a list allows this type explicitly.
        Some(_) => return true,
        None if service.belongs_to_flink => Level::Info,
        None => Level::Warning,
    };
    let described = described(service.service_type);
    findings
        .at(&*service.place)
        .level(level)
        .message(if is_forbidden {
            format!("{described} is not allowed for Flink's REST port")
        } else {
            format!("{described} exposes Flink's REST port without authentication")
        })
        .advise(if is_forbidden {
            use_type(&service.place, types.unwrap_or_default())
        } else {
            close(subject, &service.place, types)
        })
        .found(service.service_type);
    !is_forbidden && !network.require_authentication
}

/// What to write so that a Service does not let clients in without authentication.
fn close(subject: &Subject<'_>, place: &str, types: Option<&[ServiceType]>) -> Advice {
    let mut closed = vec![ServiceType::ClusterIP, ServiceType::HeadlessClusterIP];
    match types {
        Some(types) => closed.retain(|closed| types.contains(closed)),
        None => closed.truncate(1),
    }
    match (closed.as_slice(), subject.workload.declares_cluster) {
        ([], true) => MUTUAL_TLS.into(),
        ([], false) => "replace it by an Ingress that authenticates clients".into(),
        (closed, true) => use_type(place, closed).then(&format!(", or {MUTUAL_TLS}")),
        (closed, false) => use_type(place, closed),
    }
}

/// What to write at a place to get one of these types.
fn use_type(place: &str, types: &[ServiceType]) -> Advice {
    if place.ends_with("/externalIPs") {
        return Advice::remove("externalIPs");
    }
    if !place.ends_with("/accessScope") {
        return Advice::one_of(types);
    }
    // Spotify's operator has its own names.
    let scopes: Vec<_> = types
        .iter()
        .map(|kind| match kind {
            ServiceType::ClusterIP => "Cluster",
            ServiceType::HeadlessClusterIP => "Headless",
            ServiceType::NodePort => "NodePort",
            ServiceType::LoadBalancer => "VPC",
        })
        .collect();
    format!("use {}", alternatives(&scopes)).into()
}

/// What Flink or an operator creates from a custom resource is checked at the custom resource, where
/// it is known whether the REST port requires certificates.
fn unless_checked_at_owner(belongs_to_flink: bool) -> Level {
    if belongs_to_flink { Level::Info } else { Level::Error }
}

/// Reports what clients of the REST port may do.
fn check_client_actions(subject: &Subject<'_>, findings: &mut Findings) {
    let config = &subject.workload.config;
    let is_on =
        |key: &str| config.get(key).is_none_or(|value| !value.eq_ignore_ascii_case("false"));
    let on: Vec<_> = CLIENT_ACTIONS.into_iter().filter(|(key, _)| is_on(key)).collect();
    let Some((first, _)) = on.first() else { return };
    let actions = on.iter().map(|(_, action)| *action).collect::<Vec<_>>().join(" and ");
    let options = on.iter().map(|(key, _)| format!("`{key}: false`")).collect::<Vec<_>>();
    findings
        .at(subject.place_of_option(&[first]))
        .level(Level::Warning)
        .message(format!("all clients of Flink's REST port can {actions} jobs"))
        .help(format!("set {}", options.join(" and ")))
        .key(*first);
}

/// Whether the REST port accepts only clients with a certificate.
pub(super) fn is_authenticated(subject: &Subject<'_>) -> bool {
    let config = &subject.workload.config;
    let is_on = |names: &[&str]| {
        config.first(names).is_some_and(|(_, entry)| entry.value.eq_ignore_ascii_case("true"))
    };
    is_on(&["security.ssl.rest.enabled", "security.ssl.enabled"])
        && is_on(&["security.ssl.rest.authentication-enabled"])
}
