//! The job of a FlinkSessionJob, which the operator fetches and submits itself.

use super::{Declared, Found, Subject, artifacts, shown};
use crate::flink::options::{CHECKPOINT_DIR, Names, canonical};
use crate::flink::workload::SessionCluster;
use serde_json::Value;

/// Schemes that the operator fetches from; only its own configuration may name others.
const ALLOWED_SCHEMES: Names = &["kubernetes.operator.user.artifacts.allowed-schemes"];
const DEFAULT_SCHEMES: &str = "https";

/// A job with a parallelism and a JAR from a place that the operator may go to.
pub(super) fn job(declared: &Declared<'_>, found: &mut Found) {
    let Some(job) = declared.field("/job") else {
        let message = "the FlinkSessionJob has no job";
        return found.tell_with_help(
            Subject::SessionJob,
            declared.at("/job"),
            message,
            "write spec.job with its jarURI and parallelism",
        );
    };
    if job.get("parallelism").is_none_or(Value::is_null) {
        let message = "the job names no parallelism, and the operator submits none without";
        found.tell_with_help(
            Subject::SessionJob,
            declared.at("/job/parallelism"),
            message,
            "write spec.job.parallelism",
        );
    }
    if let Some(uri) = job.get("jarURI").and_then(Value::as_str) {
        jar(declared, uri, found);
    }
}

/// A cluster that takes jobs, and a directory for the checkpoints that an upgrade starts from.
pub(super) fn in_cluster(declared: &Declared<'_>, cluster: &SessionCluster, found: &mut Found) {
    if cluster.is_application {
        let message = format!(
            "FlinkDeployment {} runs a job of its own and takes no other",
            shown(&declared.workload.cluster)
        );
        let help =
            "name a FlinkDeployment without spec.job, or deploy the job as a FlinkDeployment";
        found.tell_with_help(Subject::SessionJob, declared.at("/deploymentName"), message, help);
    }
    let mode = declared.text("/job/upgradeMode").filter(|mode| *mode != "stateless");
    if let Some(mode) = mode.filter(|_| declared.is_blank(CHECKPOINT_DIR)) {
        let message = format!(
            "upgradeMode {mode} needs a checkpoint directory, and neither the job nor its cluster names one"
        );
        let help = format!(
            "set {} in the flinkConfiguration of the FlinkDeployment",
            canonical(CHECKPOINT_DIR)
        );
        found.tell_with_help(Subject::SessionJob, declared.at("/job/upgradeMode"), message, help);
    }
}

fn jar(declared: &Declared<'_>, uri: &str, found: &mut Found) {
    let place = || declared.at("/job/jarURI");
    let scheme = match artifacts::scheme(uri) {
        Ok(scheme) => scheme,
        Err(problem) => {
            return found.tell(
                Subject::SessionJob,
                place(),
                format!("the jarURI `{}` {problem}", shown(uri)),
            );
        }
    };
    // What stands in the object itself does not count: the operator reads its own configuration
    // only.
    let own = declared.option(ALLOWED_SCHEMES).filter(|(_, entry)| !declared.is_written(entry));
    let allowed = own.map_or(DEFAULT_SCHEMES, |(_, entry)| entry.value.as_str());
    let mut schemes = allowed.split([';', ',']).map(str::trim);
    if !schemes.any(|allowed| allowed.eq_ignore_ascii_case(&scheme)) {
        let message =
            format!("the operator fetches no JAR by {scheme}, only by {}", shown(allowed));
        let option = ALLOWED_SCHEMES.concat();
        let help = format!(
            "put the JAR where https reaches it, or have {scheme} added to {option} in the operator's configuration"
        );
        found.tell_with_help(Subject::SessionJob, place(), message, help);
    } else if matches!(scheme.as_str(), "http" | "https") {
        match artifacts::host(uri) {
            None => found.tell(
                Subject::SessionJob,
                place(),
                format!("the jarURI `{}` names no host", shown(uri)),
            ),
            Some(host) if artifacts::is_restricted(host) => {
                let message = format!(
                    "the operator fetches nothing from `{}`, which is its own machine or the inner network",
                    shown(host)
                );
                found.tell_with_help(
                    Subject::SessionJob,
                    place(),
                    message,
                    "put the JAR on a host that others reach too",
                );
            }
            Some(_) => {}
        }
    }
}
