//! Who reaches Flink's REST port, behind which anybody may cancel jobs and run code, from outside
//! of the cluster.

use super::{Found, Subject, Weight, shown, texts, use_one_of};
use crate::flink::openings::{Kind, is_open};
use regorus::Value;

/// Flink's own Service for the REST port: its type.
const SERVICE_TYPE: &str = "kubernetes.rest-service.exposed.type";
/// What the REST port offers to whoever comes, unless switched off.
const WEB: [(&str, &str); 2] = [("web.submit.enable", "submit"), ("web.cancel.enable", "cancel")];
const BY_CERTIFICATE: &str =
    "set security.ssl.rest.enabled and security.ssl.rest.authentication-enabled: true";

pub(super) fn judge(subject: &Subject<'_>, found: &mut Found) {
    let workload = subject.workload;
    let by_option = workload.config.entry(SERVICE_TYPE).filter(|_| workload.declares_cluster);
    if by_option.is_none() && workload.openings.is_empty() {
        return;
    }
    let network = &subject.tenant["network"];
    let bounds = Bounds {
        types: texts(&network["serviceTypes"]),
        who_comes: network["requireAuthentication"] == Value::Bool(true),
        authenticated: is_authenticated(subject),
    };
    let mut anybody = false;
    if let Some(entry) = by_option
        && subject.option(&[SERVICE_TYPE]).is_some()
    {
        anybody |= bounds.service(&entry.value, &subject.place(SERVICE_TYPE, entry), false, found);
    }
    for opening in workload.openings.iter().filter(|opening| opening.reaches_rest) {
        match &opening.kind {
            Kind::Service(service_type) => {
                anybody |=
                    bounds.service(service_type, &opening.pointer, opening.belongs_to_flink, found);
            }
            Kind::Ingress if bounds.who_comes && !bounds.authenticated && !opening.asks => {
                let message = "anybody may reach Flink's REST port through this Ingress, which does not ask who comes".to_owned();
                let help = format!(
                    "let the Ingress ask, such as by nginx.ingress.kubernetes.io/auth-url; or {BY_CERTIFICATE}"
                );
                found.weigh(
                    "exposure",
                    &opening.pointer,
                    message,
                    help,
                    Weight::unless(opening.belongs_to_flink),
                );
            }
            Kind::Ingress => {}
        }
    }
    if anybody && workload.declares_cluster {
        web(subject, found);
    }
}

/// What a tenant says of ways in, and what the object says of its REST port.
struct Bounds<'a> {
    types: Option<Vec<&'a str>>,
    who_comes: bool,
    authenticated: bool,
}

impl Bounds<'_> {
    /// Judges a Service's type; tells whether it lets in anybody and is not refused for it.
    fn service(
        &self,
        service_type: &str,
        place: &str,
        belongs_to_flink: bool,
        found: &mut Found,
    ) -> bool {
        let shown = shown(service_type);
        if let Some(types) = self
            .types
            .as_ref()
            .filter(|types| !types.iter().any(|own| own.eq_ignore_ascii_case(service_type)))
        {
            let message = format!(
                "Flink's REST port must not be reached through a Service of type {shown:?}"
            );
            found.add("exposure", place, message, use_one_of(types));
            return false;
        }
        if !is_open(service_type) || self.authenticated {
            return false;
        }
        let message =
            format!("anybody may reach Flink's REST port through a Service of type {shown:?}");
        let help = format!("use ClusterIP; or {BY_CERTIFICATE}");
        if self.who_comes {
            found.weigh("exposure", place, message, help, Weight::unless(belongs_to_flink));
        } else if self.types.is_none() {
            // A tenant with a list has said that this type is fine.
            found.weigh(
                "exposure",
                place,
                message,
                help,
                if belongs_to_flink { Weight::Info } else { Weight::Warning },
            );
        }
        !self.who_comes
    }
}

impl Weight {
    /// What became of an object of Flink's or its operator's was judged there, by one who knows
    /// whether REST wants certificates.
    fn unless(belongs_to_flink: bool) -> Self {
        if belongs_to_flink { Self::Info } else { Self::Error }
    }
}

/// Tells what the REST port offers to those who reach it.
fn web(subject: &Subject<'_>, found: &mut Found) {
    let config = &subject.workload.config;
    let is_on =
        |key: &str| config.get(key).is_none_or(|value| !value.eq_ignore_ascii_case("false"));
    let on: Vec<_> = WEB.into_iter().filter(|(key, _)| is_on(key)).collect();
    let Some((first, _)) = on.first() else { return };
    let what = on.iter().map(|(_, what)| *what).collect::<Vec<_>>().join(" and ");
    let help = on.iter().map(|(key, _)| format!("{key}: false")).collect::<Vec<_>>().join(" and ");
    let message = format!("whoever reaches Flink's web pages may {what} jobs there");
    found.weigh(
        "exposure",
        &subject.place_of(&[first]),
        message,
        format!("set {help}"),
        Weight::Warning,
    );
}

/// Whether the REST port lets in only who has a certificate.
fn is_authenticated(subject: &Subject<'_>) -> bool {
    let config = &subject.workload.config;
    let is_on = |names: &[&str]| {
        config.first(names).is_some_and(|(_, entry)| entry.value.eq_ignore_ascii_case("true"))
    };
    is_on(&["security.ssl.rest.enabled", "security.ssl.enabled"])
        && is_on(&["security.ssl.rest.authentication-enabled"])
}
