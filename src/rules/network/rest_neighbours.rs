//! The part of `network/rest-exposure` about Services and Ingresses that exist before what they lead
//! to: a Service that selects JobManagers before there are any, an Ingress before its Service.
//!
//! Only a cluster knows them. In files they are checked themselves, with all pods of the input.

use super::rest_exposure::{described, is_authenticated, is_refused, surroundings};
use crate::flink::Role;
use crate::flink::exposures::{Exposure, ExposureKind, Target, is_open};
use crate::kubernetes::reach::{OwnJobManagers, Reach, makes_service};
use crate::resource::{Operation, steps, users};
use crate::rules::words::shown;
use crate::rules::{Findings, Subject};

/// Reports what exists and leads to the object's JobManagers, or through the Service that it is.
pub(super) fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let workload = subject.workload;
    let Some(network) = workload.network.as_deref().filter(|all| !all.exposures.is_empty()) else {
        return;
    };
    let runs = workload.pods.iter().any(|set| set.role == Role::JobManager);
    // A pod that replaces another must not fail because of a Service that came in between.
    if runs && !users::is_controller(&subject.resource.user) {
        let own = OwnJobManagers::of(subject.object, workload);
        for (kind, name, exposure) in &network.exposures {
            steps::step();
            check_existing(subject, &own, (kind, name), exposure, findings);
        }
    }
    for own in &workload.exposures {
        if let (ExposureKind::Service(_), Target::Pods(_)) = (&own.kind, &own.target) {
            check_through(subject, findings);
        }
    }
}

fn check_existing(
    subject: &Subject<'_>,
    own: &OwnJobManagers<'_>,
    (kind, name): (&str, &str),
    exposure: &Exposure,
    findings: &mut Findings,
) {
    let network = &subject.tenant.spec.network;
    let is_refused = match &exposure.kind {
        ExposureKind::Ingress => network.require_authentication && !exposure.authenticates,
        ExposureKind::Service(service_type) => is_refused(subject, service_type),
    };
    let is_closed = match &exposure.kind {
        ExposureKind::Service(service_type) => {
            network.service_types.is_none() && is_authenticated(subject)
                || !is_open(service_type) && network.service_types.is_none()
        }
        ExposureKind::Ingress => is_authenticated(subject),
    };
    // What the operator made for this cluster follows from its options, which are checked.
    let is_own = subject.resource.operation == Operation::Update
        && exposure.belongs_to_flink
        && (makes_service(subject.workload, name) || *name == subject.workload.cluster);
    let around = surroundings(subject);
    if !is_refused || is_closed || is_own || !around.target_leads_to(&exposure.target, own) {
        return;
    }
    let message = match &exposure.kind {
        ExposureKind::Service(service_type) => format!(
            "{} of Service `{}` is not allowed for Flink's REST port, to which it leads",
            described(service_type),
            shown(name)
        ),
        ExposureKind::Ingress => format!(
            "Ingress `{}` leads to Flink's REST port and does not authenticate clients",
            shown(name)
        ),
    };
    findings
        .at("/spec")
        .message(message)
        .help(format!("delete {kind} `{}` first, or change what it leads to", shown(name)))
        .found(shown(name));
}

/// The Ingresses that lead through the Service that the object is.
fn check_through(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(network) = subject.workload.network.as_deref() else { return };
    if !subject.tenant.spec.network.require_authentication {
        return;
    }
    let around = surroundings(subject);
    let own = &subject.resource.name;
    for (kind, name, ingress) in &network.exposures {
        let Target::Services(backends) = &ingress.target else { continue };
        let leads_here = backends.iter().any(|backend| {
            steps::step();
            backend.service == *own
        });
        if leads_here && !ingress.authenticates && around.reach(&ingress.target) == Reach::Yes {
            findings
                .at("/spec")
                .message(format!(
                    "Ingress `{}` leads through this Service to Flink's REST port, and does not authenticate clients",
                    shown(name)
                ))
                .help(format!("delete {kind} `{}` first, or add authentication to it", shown(name)))
                .found(shown(name));
        }
    }
}
