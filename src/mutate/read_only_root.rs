//! Makes the root file system of Flink's container read-only if the tenant requires it, and mounts
//! empty folders where Flink must write.
//!
//! Flink itself mounts `/opt/flink/artifacts`, and the operator `/opt/flink/usrlib`. The image's
//! entrypoint writes to two more folders. `FLINK_PROPERTIES` goes to `/opt/flink/conf` unless a
//! ConfigMap is mounted there, and `ENABLE_BUILT_IN_PLUGINS` goes to `/opt/flink/plugins`.
//! Containers that use these keep a writable root.

use super::context::{Context, Pods, present};
use super::edit::{Path, PodChanges};
use super::{Conflict, Difference};
use crate::flink::Role;
use crate::resource::fields::{elements, text};
use serde_json::{Value, json};

/// Names of the volumes in every pod template, and the folders for temporary files and log files.
const FOLDERS: [(&str, &str); 2] = [("flinkgate-tmp", "/tmp"), ("flinkgate-log", "/opt/flink/log")];

const CONFIGURATION: &str = "/opt/flink/conf";
const PLUGINS: &str = "ENABLE_BUILT_IN_PLUGINS";
const FIELD: &str = "readOnlyRootFilesystem";

/// Whether Flink's container in these pods needs a read-only root, before the container itself is
/// considered.
pub(super) fn is_requested(context: &Context<'_>, pods: &Pods<'_>) -> bool {
    // Each role has its own option. The container of the other role does not get the variable.
    let role = if pods.set.role == Role::JobManager { "master" } else { "taskmanager" };
    let by_option =
        || context.workload.config.get(&format!("containerized.{role}.env.{PLUGINS}")).is_some();
    is_enforced(context, pods) && !by_option()
}

/// Whether the tenant makes the root of Flink's container in these pods read-only. Where Flink must
/// write to it, the field stays unset; the user cannot choose a writable root.
fn is_enforced(context: &Context<'_>, pods: &Pods<'_>) -> bool {
    context.tenant.security.read_only_root_filesystem && pods.runs_flink() && !pods.is_windows()
}

pub(super) fn inject(context: &Context<'_>, pods: &Pods<'_>, changes: &mut PodChanges) {
    let Some(index) = pods.main_container().filter(|_| is_enforced(context, pods)) else { return };
    let Some(main) = pods.spec().get("containers").and_then(|containers| containers.get(index))
    else {
        return;
    };
    let container = Path::keys(&["spec", "containers"]).index(index);
    let conflict = |is_written| Conflict {
        pointer: pods.locate(&container.clone().key("securityContext").key(FIELD)),
        difference: Difference::WritableRoot { container: text(main, "name").into(), is_written },
    };
    match main.get("securityContext").and_then(|own| present(own, FIELD)) {
        Some(Value::Bool(true)) => return,
        Some(_) => return changes.conflicts.push(conflict(true)),
        None => {}
    }
    let links_plugins =
        elements(main, "env").iter().any(|variable| text(variable, "name") == PLUGINS);
    // The Flink operator mounts a ConfigMap into merged templates. Pods of other operators are
    // mutated when they are created.
    let has_configuration = pods.operator_adds_main_container() || is_mounted(main, CONFIGURATION);
    if !is_requested(context, pods) || links_plugins || !has_configuration {
        return;
    }
    changes.omission(|| conflict(false));
    changes.set(container.clone().key("securityContext").key(FIELD), true);
    for (name, path) in FOLDERS.into_iter().filter(|(_, path)| !is_mounted(main, path)) {
        if !elements(pods.spec(), "volumes").iter().any(|volume| text(volume, "name") == name) {
            changes.append(Path::keys(&["spec", "volumes"]), json!({"name": name, "emptyDir": {}}));
        }
        changes.append(
            container.clone().key("volumeMounts"),
            json!({"name": name, "mountPath": path}),
        );
    }
}

/// Whether a volume is mounted at this path or at a parent of it.
fn is_mounted(container: &Value, path: &str) -> bool {
    elements(container, "volumeMounts").iter().any(|mount| {
        let at = text(mount, "mountPath").trim_end_matches('/');
        !at.is_empty()
            && path.strip_prefix(at).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::kinds;
    use crate::mutate::mutate;
    use crate::resource::Resource;
    use crate::tenant::FlinkTenantSpec;

    /// The object after two passes, for a tenant that requires a read-only root.
    fn mutated(object: &Value) -> Value {
        let spec = json!({"security": {"podSecurity": {"level": "privileged"}, "readOnlyRootFilesystem": true}});
        let tenant: FlinkTenantSpec = serde_json::from_value(spec).unwrap();
        let once = |object: &Value| {
            let resource = Resource::from_manifest(object.clone()).unwrap();
            let workload = kinds::lower(&resource, object).unwrap();
            mutate(&resource, object, &workload, &tenant).object.unwrap_or_else(|| object.clone())
        };
        let first = once(object);
        assert_eq!(once(&first), first);
        first
    }

    fn deployment(template: Value) -> Value {
        json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {"name": "etl"},
            "spec": {"flinkVersion": "v1_20", "image": "flink:1.20", "podTemplate": template, "job": {"parallelism": 1}}})
    }

    #[test]
    fn main_container_writes_only_to_mounted_folders() {
        let object = mutated(&deployment(Value::Null));
        let spec = &object["spec"]["podTemplate"]["spec"];
        let main = &spec["containers"][0];
        assert_eq!(main["securityContext"], json!({"readOnlyRootFilesystem": true}));
        assert_eq!(
            main["volumeMounts"],
            json!([{"name": "flinkgate-tmp", "mountPath": "/tmp"}, {"name": "flinkgate-log", "mountPath": "/opt/flink/log"}])
        );
        assert_eq!(
            spec["volumes"],
            json!([{"name": "flinkgate-tmp", "emptyDir": {}}, {"name": "flinkgate-log", "emptyDir": {}}])
        );
    }

    #[test]
    fn existing_mounts_and_other_containers_stay() {
        let mounts = json!([{"name": "scratch", "mountPath": "/tmp/"}, {"name": "all", "mountPath": "/opt"}]);
        let volumes = json!([{"name": "scratch", "emptyDir": {}}, {"name": "all", "emptyDir": {}}]);
        let side = json!({"name": "side"});
        let object = mutated(&deployment(
            json!({"spec": {"volumes": volumes, "containers": [side, {"name": "flink-main-container", "volumeMounts": mounts}]}}),
        ));
        let spec = &object["spec"]["podTemplate"]["spec"];
        assert_eq!((&spec["volumes"], &spec["containers"][0]), (&volumes, &side));
        assert_eq!(
            (
                &spec["containers"][1]["volumeMounts"],
                &spec["containers"][1]["securityContext"][FIELD]
            ),
            (&mounts, &json!(true))
        );
    }

    #[test]
    fn containers_that_write_to_root_keep_it_writable() {
        let main = |more: Value| {
            let mut container = json!({"name": "flink-main-container"});
            container.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            deployment(json!({"spec": {"containers": [container]}}))
        };
        let mut by_option = main(json!({}));
        let option = |role: &str| format!("containerized.{role}.env.ENABLE_BUILT_IN_PLUGINS");
        by_option["spec"]["flinkConfiguration"] = json!({option("master"): "flink-s3-fs-hadoop.jar", option("taskmanager"): "flink-s3-fs-hadoop.jar"});
        let pod = |mounts: Value| {
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
                "spec": {"containers": [{"name": "jobmanager", "args": ["jobmanager"], "volumeMounts": mounts}]}})
        };
        for object in [
            main(json!({"securityContext": {"readOnlyRootFilesystem": false}})),
            main(
                json!({"env": [{"name": "ENABLE_BUILT_IN_PLUGINS", "value": "flink-s3-fs-hadoop.jar"}]}),
            ),
            by_option,
            pod(json!([])),
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "tool"}]}}),
        ] {
            assert_eq!(mutated(&object), object);
        }
        let with_configuration =
            mutated(&pod(json!([{"name": "flink-config-volume", "mountPath": "/opt/flink/conf"}])));
        assert_eq!(with_configuration["spec"]["containers"][0]["securityContext"][FIELD], true);
    }
}
