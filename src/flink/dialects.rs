//! Other operators and images that run Flink in their own way.
//!
//! - Amazon EMR on EKS serves FlinkDeployments of the same group and version. Its own fields give what
//!   Apache's operator wants elsewhere: `emrReleaseLabel` the image, `executionRoleArn` the service
//!   account. High availability is on with `jobManager.storageDir` and two JobManagers, unless
//!   `jobManager.highAvailabilityEnabled` is `false`. Read in Amazon's "EMR on EKS Development Guide"
//!   (pages "Run a Flink application", "Using high availability" and "Use monitoring configuration",
//!   releases 6.12 to 7.10, as stored in 2026); no definition is public. Without that operator the API
//!   server drops these fields, and what they give is missing. So nothing but what they give is read
//!   differently, and no rule about pods is.
//! - Confluent's kinds are no objects of Flink's operators: Confluent Manager for Apache Flink makes
//!   FlinkDeployments from them, which are judged in the cluster.
//! - Stateful Functions (`statefun.*` custom resources, images with the name of
//!   apache/flink-statefun; known from its documentation, no source was read) start Flink in an entrypoint of their own, by the variable `ROLE` or the words `master` and `worker`.

use crate::flink::image::ImageRef;
use crate::resource::GroupVersionKind;
use crate::resource::pointer;
use serde_json::Value;

/// The field of EMR with the release, which gives the image.
pub const EMR_RELEASE: &str = "emrReleaseLabel";
/// The field of EMR with the IAM role of the job, which gives the service account.
pub const EMR_ROLE: &str = "executionRoleArn";
/// The fields of EMR that Apache's definition does not have, below the spec.
const EMR_FIELDS: [&str; 5] = [
    "/emrReleaseLabel",
    "/executionRoleArn",
    "/monitoringConfiguration",
    "/jobManager/highAvailabilityEnabled",
    "/jobManager/storageDir",
];

/// The text of a field of a spec, if it is not blank.
fn text<'v>(spec: &'v Value, field: &str) -> Option<&'v str> {
    spec.get(field).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
}

/// The release of EMR that a spec names.
pub fn emr_release(spec: &Value) -> Option<&str> {
    text(spec, EMR_RELEASE)
}

/// The IAM role of EMR that a spec names.
pub fn emr_role(spec: &Value) -> Option<&str> {
    text(spec, EMR_ROLE)
}

/// Whether an object is a FlinkDeployment for EMR.
pub fn is_emr(object: &Value) -> bool {
    let Some(spec) = object.get("spec") else { return false };
    emr_release(spec).is_some() || emr_role(spec).is_some()
}

/// Whether a place in an object for EMR is a field that only EMR has.
pub fn is_field_of_emr(place: &str) -> bool {
    place.strip_prefix("/spec").is_some_and(|rest| EMR_FIELDS.contains(&rest))
}

/// The directory of the high availability of an object for EMR, which is on unless it is switched off.
pub fn emr_high_availability(object: &Value) -> Option<&str> {
    let job_manager = pointer::at(object, "/spec/jobManager").filter(|_| is_emr(object))?;
    let is_off = job_manager.get("highAvailabilityEnabled").and_then(Value::as_bool) == Some(false);
    text(job_manager, "storageDir").filter(|_| !is_off)
}

/// The JobManagers of an object for EMR that names no number: one is a standby.
pub fn emr_job_managers(object: &Value) -> Option<u64> {
    emr_high_availability(object).map(|_| 2)
}

/// The operator whose kind this is, if it runs Flink and Flinkgate has no rules for the kind.
pub fn other_operator(kind: &GroupVersionKind) -> Option<&'static str> {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("platform.confluent.io" | "cmf.confluent.io", kind) if kind.starts_with("Flink") => {
            Some("Confluent Manager for Apache Flink")
        }
        ("statefun.flink.apache.org" | "statefun.io", _) => Some("Stateful Functions"),
        _ => None,
    }
}

/// Whether an image is that of Stateful Functions, or a copy with its name.
pub fn is_stateful_functions(image: &ImageRef<'_>) -> bool {
    image.repository.rsplit('/').next() == Some("flink-statefun")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_object_for_emr_has_a_release_or_a_role() {
        assert!(is_emr(&json!({"spec": {"emrReleaseLabel": "emr-7.12.0-flink-latest"}})));
        for other in [
            json!({}),
            json!({"spec": {"emrReleaseLabel": ""}}),
            json!({"spec": {"executionRoleArn": 1}}),
            json!({"spec": {"jobManager": {"highAvailabilityEnabled": true, "storageDir": "s3://a/b"}}}),
        ] {
            assert!(!is_emr(&other) && emr_high_availability(&other).is_none(), "{other}");
        }
        let with = |enabled: Value| {
            json!({"spec": {"executionRoleArn": "arn",
                "jobManager": {"storageDir": "s3://a/b", "highAvailabilityEnabled": enabled}}})
        };
        for (enabled, directory, job_managers) in [
            (json!(null), Some("s3://a/b"), Some(2)),
            (json!(true), Some("s3://a/b"), Some(2)),
            (json!(false), None, None),
        ] {
            let object = with(enabled);
            assert_eq!(emr_high_availability(&object), directory);
            assert_eq!(emr_job_managers(&object), job_managers);
        }
    }

    #[test]
    fn images_of_stateful_functions_are_known_by_their_repository() {
        for (image, expected) in [
            ("apache/flink-statefun:3.2.0", true),
            ("registry.example.com:5000/mirror/flink-statefun", true),
            ("flink-statefun-playground:3.2.0", false),
            ("apache/flink:1.20", false),
        ] {
            let parsed = ImageRef::parse(image);
            assert_eq!(parsed.as_ref().map(is_stateful_functions), Some(expected), "{image}");
        }
    }
}
