//! The JARs of a FlinkCluster and of a FlinkApplication, as far as their operators say what they take.
//!
//! - FlinkCluster: the job's pod runs `flink run` with `job.jarFile`, a path of its own file system
//!   (`CliFrontend.getJarFile`, Flink 1.20.4; spotify/flink-on-k8s-operator `1746257`,
//!   `flinkcluster_converter.go`). Google's operator (`fe98573`) has addresses downloaded by the
//!   entrypoint of its image, and other images may download what they like, but neither knows `local:` or
//!   `file:`. Its validators demand a JAR, or with Spotify's a program in Python. Application mode, which
//!   only Spotify's has, does not read the field.
//! - FlinkApplication: lyft/flinkk8soperator `2099cc0` posts to `/jars/<jarName>/run`
//!   (`client/api.go`), and Flink takes the name of a file only (`JarIdPathParameter`, Flink 1.20.4).

use crate::flink::redaction;
use crate::resource::fields::text;
use crate::rules::words::shown;
use crate::rules::{Findings, Subject};
use serde_json::Value;

pub(super) fn check(subject: &Subject<'_>, findings: &mut Findings) {
    if !subject.workload.declares_cluster {
        return;
    }
    match subject.resource.kind.kind.as_str() {
        "FlinkCluster" => flink_cluster(subject, findings),
        "FlinkApplication" => flink_application(subject, findings),
        _ => {}
    }
}

fn flink_cluster(subject: &Subject<'_>, findings: &mut Findings) {
    let place = format!("{}/job", subject.spec_place());
    let job = subject.spec().and_then(|spec| spec.get("job")).filter(|job| job.is_object());
    let Some(job) = job.filter(|job| text(job, "mode") != "Application") else { return };
    let example = "/opt/flink/usrlib/job.jar";
    let file = match job.get("jarFile").filter(|file| !file.is_null()) {
        None => "",
        Some(Value::String(file)) => file.trim(),
        Some(_) => return,
    };
    let is_given = |field: &str| job.get(field).is_some_and(|program| !program.is_null());
    if file.is_empty() {
        if !is_given("pyFile") && !is_given("pyModule") {
            findings
                .at(place)
                .message("`jarFile` is not set: the operator refuses a job without a program")
                .help(format!(
                    "set `jarFile` to the path of the JAR in the image, such as `{example}`"
                ));
        }
        return;
    }
    let local = ["local:", "file:"].into_iter().find_map(|scheme| file.strip_prefix(scheme));
    let Some(path) = local else { return };
    let path = format!("/{}", path.trim_start_matches('/'));
    findings
        .at(format!("{place}/jarFile"))
        .message(format!(
            "`jarFile` `{}` is an address, but `flink run` takes the path of a file",
            shown(&redaction::uri(file))
        ))
        .advise(super::write(path))
        .found(redaction::uri(file));
}

fn flink_application(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(name) = subject.spec().and_then(|spec| spec.get("jarName")?.as_str()) else { return };
    let file = name.rsplit('/').next().unwrap_or_default();
    if !name.is_empty() && file.len() == name.len() {
        return;
    }
    let shown_name = shown(&redaction::uri(name));
    findings
        .at(format!("{}/jarName", subject.spec_place()))
        .message(if name.is_empty() {
            "`jarName` is empty".to_owned()
        } else {
            format!("`jarName` `{shown_name}` has a folder: Flink takes the name of a file only")
        })
        .help(if file.is_empty() {
            "write the name of the JAR, such as `job.jar`".to_owned()
        } else {
            format!("write `{}`, and have the JAR in the folder of uploads", shown(file))
        })
        .found(shown_name);
}
