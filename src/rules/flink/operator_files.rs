//! `flink/operator-files`

use crate::flink::Mode;
use crate::rules::{Findings, Level, Rule, Subject};

/// Options by which the operator would read files of its own pod.
///
/// The operator uses an object's configuration as its own while it deploys the object. In the
/// ConfigMap that it writes, and in pods, the same keys name files of those pods.
pub static RULE: Rule = Rule {
    id: "flink/operator-files",
    level: Level::Error,
    since: "0.1.0",
    title: "Files of the operator",
    tenant_fields: &["flink.configuration.defaults", "flink.configuration.enforced"],
    as_is: false,
    page: include_str!("operator_files.md"),
    check,
};

/// What the option is for, which decides what to write instead.
#[derive(Clone, Copy)]
enum Purpose {
    /// The operator's own configuration.
    Own,
    /// A pod template.
    PodTemplate,
    /// Kerberos credentials, which the operator copies into a Secret.
    Kerberos,
    /// The upload of a JAR from the operator's pod.
    Upload,
}

const OPTIONS: [(&str, Purpose); 9] = [
    ("$internal.deployment.config-dir", Purpose::Own),
    ("kubernetes.artifacts.local-upload-enabled", Purpose::Upload),
    ("kubernetes.config.file", Purpose::Own),
    ("kubernetes.pod-template-file.default", Purpose::PodTemplate),
    ("kubernetes.pod-template-file.jobmanager", Purpose::PodTemplate),
    ("kubernetes.pod-template-file.taskmanager", Purpose::PodTemplate),
    ("security.kerberos.krb5-conf.path", Purpose::Kerberos),
    ("security.kerberos.login.keytab", Purpose::Kerberos),
    ("security.kerberos.login.principal", Purpose::Kerberos),
];

/// Whether the operator copies Kerberos credentials; only in native mode this has an effect.
const KERBEROS_MOUNT: &str = "kubernetes.decorator.kerberos-mount.enabled";

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    if !subject.is_for_operator() {
        return;
    }
    let config = &subject.workload.config;
    let is_native = subject.workload.mode == Some(Mode::Native);
    let is =
        |key: &str, value: &str| config.get(key).is_some_and(|is| is.eq_ignore_ascii_case(value));
    for (key, purpose) in OPTIONS {
        let Some((key, entry)) = config.first(&[key]) else { continue };
        let help = match purpose {
            Purpose::Own => "remove the option".to_owned(),
            Purpose::PodTemplate => "write the pod template into `podTemplate`".to_owned(),
            Purpose::Kerberos if !is_native => "remove the option".to_owned(),
            Purpose::Kerberos if is(KERBEROS_MOUNT, "false") => continue,
            Purpose::Kerberos => format!(
                "mount a Secret with the credentials through `podTemplate`, and set `{KERBEROS_MOUNT}: false`"
            ),
            Purpose::Upload if !is(key, "true") => continue,
            Purpose::Upload => "remove the option, and put the JAR into the image".to_owned(),
        };
        if let Some(place) = subject.written(key, entry) {
            findings
                .at(place)
                .message(format!("`{key}` makes the operator read files of its own pod"))
                .help(help)
                .key(key);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use crate::kinds::lower;
    use crate::resource::Resource;
    use crate::rules::{Subject, check};
    use crate::tenant::{PreparedTenant, Tenant};
    use serde_json::json;
    use std::sync::Arc;

    #[test]
    fn an_option_that_the_tenant_sets_is_accepted() {
        let object = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {"name": "etl"},
            "spec": {"flinkConfiguration": {"kubernetes.pod-template-file": "/templates/pod.yaml"}}});
        let resource = Resource::from_manifest(object).unwrap();
        let workload = lower(&resource, &resource.object).unwrap();
        let reports = |file: &str| {
            let configuration = json!({"enforced": {"kubernetes.pod-template-file": file}});
            let spec = json!({"flink": {"configuration": configuration}});
            let spec = serde_json::from_value(spec).unwrap();
            let tenant = PreparedTenant::new(&Arc::new(Tenant { spec, ..Tenant::default() }));
            let subject = Subject::new(&resource, &resource.object, &workload, &tenant);
            check(&subject).iter().any(|finding| finding.rule == super::RULE.id)
        };
        assert!(!reports("/templates/pod.yaml"));
        assert!(reports("/templates/other.yaml"));
    }
}
