//! Makes the root file system of Flink's container read-only if the tenant requires it, and mounts
//! empty folders where Flink must write: for temporary files, for log files, and at each directory that
//! an option names, unless a volume is mounted there.
//!
//! A directory at which a volume would hide the image's programs or the job's JAR stays read-only;
//! `flink/read-only-directory` reports it.
//!
//! Flink itself mounts `/opt/flink/artifacts`, and the operator `/opt/flink/usrlib`. The image's
//! entrypoint writes to two more folders. `FLINK_PROPERTIES` goes to `/opt/flink/conf` unless a
//! ConfigMap is mounted there, and `ENABLE_BUILT_IN_PLUGINS` goes to `/opt/flink/plugins`.
//! Containers that use these keep a writable root.

use super::context::{Context, Pods, present};
use super::edit::{Path, PodChanges};
use super::{Conflict, Difference, checkpoint_volume};
use crate::flink::Role;
use crate::flink::operator::DeclaredSpec;
use crate::flink::option_mounts::{option_mounts, own_mounts};
use crate::flink::written_directories::{
    FLINK_HOME, can_be_mounted, directories_of_variables, is_around, written_directories,
};
use crate::resource::fields::{elements, text};
use serde_json::{Value, json};

/// Names of the volumes in every pod template, and the folders for temporary files and log files.
const FOLDERS: [(&str, &str); 2] = [("flinkgate-tmp", "/tmp"), ("flinkgate-log", "/opt/flink/log")];

/// How the names of the volumes begin at directories of options.
const NAMED: &str = "flinkgate-dir-";

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
    let fixed = FOLDERS.into_iter().map(|(name, path)| (name.to_owned(), path.to_owned()));
    let named = directories(context, pods, main).into_iter();
    let named = named.map(|path| (volume_name(&path), path));
    for (name, path) in fixed.chain(named).filter(|(_, path)| !is_mounted(main, path)) {
        if !elements(pods.spec(), "volumes").iter().any(|volume| text(volume, "name") == name) {
            changes.append(Path::keys(&["spec", "volumes"]), json!({"name": name, "emptyDir": {}}));
        }
        changes.append(
            container.clone().key("volumeMounts"),
            json!({"name": name, "mountPath": path}),
        );
    }
}

/// The directories of options that need a volume: none that is within another one.
fn directories(context: &Context<'_>, pods: &Pods<'_>, main: &Value) -> Vec<String> {
    let own = text(main, "workingDir");
    let working = if own.is_empty() { FLINK_HOME } else { own };
    let config = &context.workload.config;
    // Flink mounts its own volumes whatever the template has.
    let by_options = option_mounts(context.workload, pods.set.role);
    let is_flinks = |path: &str| {
        own_mounts(context.workload, pods.set.role)
            .any(|own| is_around(own.path, path) || is_around(path, own.path))
    };
    let state = checkpoint_volume::mounts(context, pods)
        .then_some(context.tenant.storage.checkpoints.volume.as_ref())
        .flatten()
        .map(checkpoint_volume::mount_path);
    let is_free = |path: &str| {
        !FOLDERS.iter().any(|(_, folder)| is_around(folder, path))
            && !state.is_some_and(|state| is_around(state, path))
            && !by_options.iter().any(|mount| is_around(&mount.path, path))
            && !is_flinks(path)
    };
    let named = written_directories(config, pods.set.role, working).into_iter();
    let named = named.map(|directory| directory.path);
    let written = named.chain(directories_of_variables(main, working).map(|(_, _, path)| path));
    let jars = local_jars(context, pods);
    let hides_jar = |path: &str| jars.iter().any(|jar| is_around(path, jar));
    let written = written.filter(|path| can_be_mounted(path) && is_free(path) && !hides_jar(path));
    // With a slash at the end, what is within a directory follows it at once.
    let mut paths: Vec<String> = written.map(|path| path + "/").collect();
    paths.sort_unstable();
    let mut outermost: Vec<String> = Vec::new();
    for path in paths {
        let path = path.trim_end_matches('/');
        if !outermost.last().is_some_and(|outer| is_around(outer, path)) {
            outermost.push(path.to_owned());
        }
    }
    outermost
}

/// The paths of the job's JARs in the container.
fn local_jars(context: &Context<'_>, pods: &Pods<'_>) -> Vec<String> {
    let declared = DeclaredSpec::new(pods.object, context.workload);
    let declared = declared.and_then(|declared| declared.text("/job/jarURI"));
    let option = context.workload.config.get("pipeline.jars");
    let uris =
        declared.into_iter().chain(option.into_iter().flat_map(|list| list.split([';', ','])));
    let path = |uri: &str| {
        let uri = uri.trim();
        let path = uri.strip_prefix("local:").or_else(|| uri.strip_prefix("file:"))?;
        Some(format!("/{}", path.trim_start_matches('/')))
    };
    uris.filter_map(path).collect()
}

/// The name of the volume for a directory: `flinkgate-dir-scratch` for `/scratch`. A path that is no
/// name gets a hash, so that no two paths share a volume.
fn volume_name(path: &str) -> String {
    const LONGEST: usize = 40;
    let inner = path.trim_start_matches('/');
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_name =
        inner.len() <= LONGEST && inner.bytes().all(|byte| is_plain(byte) || byte == b'/');
    let letters = inner.chars().map(|letter| match letter.to_ascii_lowercase() {
        letter if letter.is_ascii_alphanumeric() => letter,
        _ => '-',
    });
    let slug: String = letters.take(LONGEST).collect();
    if is_name {
        return format!("{NAMED}{slug}");
    }
    // FNV-1a.
    let hash = path
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{NAMED}{}-{hash:08x}", slug.trim_matches('-'))
}

/// Whether a volume is mounted at this path or at a parent of it.
fn is_mounted(container: &Value, path: &str) -> bool {
    elements(container, "volumeMounts").iter().any(|mount| {
        let at = text(mount, "mountPath").trim_end_matches('/');
        !at.is_empty() && is_around(at, path)
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

    /// The mount paths of a role's merged container, for options.
    fn mounted(options: Value, template: Value) -> [Vec<String>; 2] {
        let mut object = deployment(template);
        object["spec"]["flinkConfiguration"] = options;
        let object = mutated(&object);
        let resource = Resource::from_manifest(object.clone()).unwrap();
        let workload = kinds::lower(&resource, &object).unwrap();
        [0, 1].map(|set| {
            let spec = &workload.pods[set].template(&object)["spec"];
            let main = elements(spec, "containers").iter();
            let main = main.clone().find(|main| main["name"] == "flink-main-container").unwrap();
            for mount in elements(main, "volumeMounts") {
                let volumes = elements(spec, "volumes").iter();
                assert_eq!(volumes.filter(|volume| volume["name"] == mount["name"]).count(), 1);
            }
            let mounts = elements(main, "volumeMounts").iter();
            mounts.map(|mount| text(mount, "mountPath").to_owned()).collect()
        })
    }

    #[test]
    fn directories_of_options_are_mounted() {
        let usual = ["/tmp", "/opt/flink/log"];
        let both = |paths: &[&'static str]| [&usual[..], paths].concat();
        for (options, job_manager, task_manager) in [
            (
                json!({"io.tmp.dirs": "/scratch", "state.backend.rocksdb.localdir": "/rocks"}),
                &["/scratch"][..],
                &["/scratch", "/rocks"][..],
            ),
            (json!({"io.tmp.dirs": "/a/b,/a,/a-b,/tmp/x"}), &["/a-b", "/a"], &["/a-b", "/a"]),
            (
                json!({"env.log.dir": "/opt/flink/log/x", "blob.storage.directory": "/opt/flink"}),
                &[],
                &[],
            ),
            (json!({"env.java.opts.taskmanager": "-Xlog:gc:file=/gc/a.log"}), &[], &["/gc"]),
            (json!({"web.upload.dir": "/Up Load"}), &["/Up Load"], &[]),
            (json!({"process.working-dir": "work"}), &["/opt/flink/work"], &["/opt/flink/work"]),
        ] {
            let mut found = mounted(options.clone(), Value::Null);
            let mut expected = [both(job_manager), both(task_manager)];
            found.iter_mut().for_each(|paths| paths.sort());
            expected.iter_mut().for_each(|paths| paths.sort_unstable());
            assert_eq!(
                found,
                expected.map(|paths| paths.into_iter().map(str::to_owned).collect::<Vec<_>>()),
                "{options}"
            );
        }
    }

    /// A volume at such a directory would hide the JAR, and the job would not start.
    #[test]
    fn the_jar_stays_visible() {
        for (uri, options) in [
            ("local:///app/job.jar", json!({"io.tmp.dirs": "/app,/app/tmp,/scratch"})),
            ("local:/app/job.jar", json!({"io.tmp.dirs": "/app,/app/tmp,/scratch"})),
            (
                "https://example.com/x.jar",
                json!({"io.tmp.dirs": "/app,/app/tmp,/scratch", "pipeline.jars": "local:///app/job.jar"}),
            ),
        ] {
            let mut object = deployment(Value::Null);
            object["spec"]["job"]["jarURI"] = json!(uri);
            object["spec"]["flinkConfiguration"] = options;
            let object = mutated(&object);
            let main = &object["spec"]["podTemplate"]["spec"]["containers"][0];
            let paths: Vec<&str> = elements(main, "volumeMounts")
                .iter()
                .map(|mount| text(mount, "mountPath"))
                .collect();
            assert_eq!(paths, ["/tmp", "/opt/flink/log", "/app/tmp", "/scratch"], "{uri}");
        }
    }

    #[test]
    fn mounted_directories_stay() {
        let mounts = json!([{"name": "data", "mountPath": "/data"}]);
        let variables = json!([{"name": "FLINK_PID_DIR", "value": "/pids"}, {"name": "FLINK_LOG_DIR", "value": "/data/log"}]);
        let template = json!({"spec": {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "c"}}],
            "containers": [{"name": "flink-main-container", "workingDir": "/w", "volumeMounts": mounts, "env": variables}]}});
        let options = json!({"io.tmp.dirs": "/data/tmp", "env.log.dir": "logs"});
        for paths in mounted(options, template) {
            assert_eq!(paths, ["/data", "/tmp", "/opt/flink/log", "/pids", "/w/logs"]);
        }
    }

    #[test]
    fn volumes_have_different_names() {
        let names = ["/a/b", "/a-b", "/A/b", "/a.b", "/\u{e4}", "/a/b c"].map(volume_name);
        assert_eq!(names[0], "flinkgate-dir-a-b");
        let long = [
            volume_name(&format!("/{}", "x".repeat(90))),
            volume_name(&format!("/{}", "x".repeat(91))),
        ];
        let all: std::collections::BTreeSet<_> = names.iter().chain(&long).collect();
        assert_eq!(all.len(), 8);
        assert!(all.iter().all(|name| name.len() <= 63 && !name.ends_with('-')), "{all:?}");
    }
}
