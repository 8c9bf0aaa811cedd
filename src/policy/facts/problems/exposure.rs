//! Who reaches Flink's REST port, behind which anybody may cancel jobs and run code, from outside of the cluster.

use super::{Found, Subject, Weight, shown, texts, use_one_of};
use crate::flink::openings::{Kind, Opening, is_open};
use crate::resource::pointer;

/// Flink's own Service for the REST port: its type.
const SERVICE_TYPE: &str = "kubernetes.rest-service.exposed.type";
/// What the REST port offers to whoever comes, unless switched off.
const WEB: [(&str, &str); 2] = [("web.submit.enable", "submit"), ("web.cancel.enable", "cancel")];
const AUTHENTICATE: &str =
    "set security.ssl.rest.enabled and security.ssl.rest.authentication-enabled: true, or let an Ingress ask who comes";

pub(super) fn judge(subject: &Subject<'_>, found: &mut Found) {
    let workload = subject.workload;
    let by_option = workload.config.entry(SERVICE_TYPE).filter(|_| workload.declares_cluster);
    if by_option.is_none() && workload.openings.is_empty() {
        return;
    }
    let allowed = texts(&subject.tenant["network"]["serviceTypes"]);
    let authenticated = is_authenticated(subject);
    let mut open = false;
    if let Some(entry) = by_option {
        let written = subject.option(&[SERVICE_TYPE]).is_some();
        let place = subject.place(SERVICE_TYPE, entry);
        open |= service(&entry.value, &place, allowed.as_deref(), Weight::Warning, authenticated || !written, written, found);
    }
    for opening in workload.openings.iter().filter(|opening| opening.reaches_rest) {
        // What became of a custom resource was judged there, by one who knows whether REST authenticates.
        let weight = if opening.belongs_to_flink { Weight::Info } else { Weight::Warning };
        open |= match &opening.kind {
            Kind::Service(service_type) => service(service_type, &opening.pointer, allowed.as_deref(), weight, authenticated, true, found),
            Kind::Ingress => ingress(opening, weight, authenticated, found),
        };
    }
    if open && workload.declares_cluster && !authenticated {
        web(subject, found);
    }
}

/// Judges a Service's type; tells whether anybody gets in by it.
fn service(
    service_type: &str,
    place: &str,
    allowed: Option<&[&str]>,
    weight: Weight,
    authenticated: bool,
    written: bool,
    found: &mut Found,
) -> bool {
    let open = is_open(service_type);
    let message = || format!("Flink's REST port must not be reached through a Service of type {:?}", shown(service_type));
    let refused = allowed.filter(|allowed| !allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(service_type)));
    match (refused, allowed) {
        (Some(allowed), _) if written => found.add("exposure", place, message(), use_one_of(allowed)),
        // The tenant has said that this type is fine.
        (_, Some(_)) => {}
        (_, None) if open && !authenticated => {
            let message = format!("anybody may reach Flink's REST port through a Service of type {:?}", shown(service_type));
            found.weigh("exposure", place, message, format!("use ClusterIP; or {AUTHENTICATE}"), weight);
        }
        (_, None) => {}
    }
    open
}

fn ingress(opening: &Opening, weight: Weight, authenticated: bool, found: &mut Found) -> bool {
    let open = !opening.asks && !authenticated;
    if open {
        let message = "anybody may reach Flink's REST port through this Ingress, which does not ask who comes".to_owned();
        found.weigh("exposure", &opening.pointer, message, AUTHENTICATE.to_owned(), weight);
    }
    open
}

/// Tells what the REST port offers to those who reach it.
fn web(subject: &Subject<'_>, found: &mut Found) {
    let config = &subject.workload.config;
    let on: Vec<_> = WEB.into_iter().filter(|(key, _)| config.get(key).is_none_or(|value| !value.eq_ignore_ascii_case("false"))).collect();
    let Some((first, _)) = on.first() else { return };
    let options = subject.workload.config_pointer.as_deref().unwrap_or("/spec/flinkConfiguration");
    let place = config.entry(first).map_or_else(|| pointer::join(options, first), |entry| subject.place(first, entry));
    let what = on.iter().map(|(_, what)| *what).collect::<Vec<_>>().join(" and ");
    let help = on.iter().map(|(key, _)| format!("{key}: false")).collect::<Vec<_>>().join(" and ");
    found.weigh(
        "exposure",
        &place,
        format!("whoever reaches Flink's web pages may {what} jobs there"),
        format!("set {help}"),
        Weight::Warning,
    );
}

/// Whether the REST port lets in only who has a certificate.
fn is_authenticated(subject: &Subject<'_>) -> bool {
    let config = &subject.workload.config;
    let is_on = |names: &[&str]| config.first(names).is_some_and(|(_, entry)| entry.value.eq_ignore_ascii_case("true"));
    is_on(&["security.ssl.rest.enabled", "security.ssl.enabled"]) && is_on(&["security.ssl.rest.authentication-enabled"])
}
