//! The volumes that options make Flink add to the pods that the operator creates.
//!
//! From the decorators of Flink's Kubernetes client, 1.18 to 2.3: `MountSecretsDecorator`,
//! `HadoopConfMountDecorator` and `KerberosMountDecorator` add a volume and a mount whatever the template
//! has, so that the API server may find it twice. `PersistentVolumeClaimMountDecorator` (2.3) adds claims to
//! TaskManagers.

use super::claims::{CLAIMS_OPTION, mounted_by_flink};
use super::config::Entry;
use super::map_options::map_entries;
use super::{Engine, Mode, Role, Workload};

/// Secrets, each with the path of its mount.
pub const SECRETS_OPTION: &str = "kubernetes.secrets";
const HADOOP_OPTION: &str = "kubernetes.hadoop.conf.config-map.name";
const HADOOP_MOUNT: &str = "kubernetes.decorator.hadoop-conf-mount.enabled";
const KEYTAB_OPTION: &str = "security.kerberos.login.keytab";
const PRINCIPAL_OPTION: &str = "security.kerberos.login.principal";
const KRB5_OPTION: &str = "security.kerberos.krb5-conf.path";
const KERBEROS_MOUNT: &str = "kubernetes.decorator.kerberos-mount.enabled";
/// Longest name of a claim's volume that Flink does not shorten.
const LONGEST_VOLUME: usize = 63;

/// The folder where native mode mounts the JARs that it fetches, and the option that names another one.
pub const ARTIFACTS_OPTION: &str = "user.artifacts.base-dir";
/// Flink's default of it.
pub const ARTIFACTS: &str = "/opt/flink/artifacts";
/// The folder with the template of TaskManagers in the JobManager of native mode.
pub const TEMPLATE_FOLDER: &str = "/opt/flink/pod-template";

/// A volume that Flink mounts because of an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionMount<'c> {
    /// The name of the volume; empty where Flink shortens it.
    pub volume: String,
    /// The path of the mount.
    pub path: String,
    /// The option as it is written.
    pub option: &'c str,
    /// Its value and place.
    pub entry: &'c Entry,
}

/// The mounts in Flink's container of a role. Allocates only where there are any.
pub fn option_mounts(workload: &Workload, role: Role) -> Vec<OptionMount<'_>> {
    let mut found = Vec::new();
    let is_made = workload.declares_cluster && workload.engine == Engine::Operator;
    if !is_made || role == Role::Other {
        return found;
    }
    let config = &workload.config;
    let is_on = |key: &str| {
        let value = config.get(key).unwrap_or_default().trim();
        !value.eq_ignore_ascii_case("false")
    };
    let given = |key: &'static str| {
        config.first(&[key]).filter(|(_, entry)| !entry.value.trim().is_empty())
    };
    for pair in map_entries(config, SECRETS_OPTION) {
        let volume = format!("{}-volume", pair.key);
        let (path, option, entry) = (pair.value, pair.option, pair.entry);
        found.push(OptionMount { volume, path, option, entry });
    }
    let mut add = |volume: &str, path: &str, (option, entry)| {
        found.push(OptionMount { volume: volume.into(), path: path.into(), option, entry });
    };
    if let Some(hadoop) = given(HADOOP_OPTION).filter(|_| is_on(HADOOP_MOUNT)) {
        add("hadoop-config-volume", "/opt/hadoop/conf", hadoop);
    }
    if is_on(KERBEROS_MOUNT) {
        if let Some(keytab) = given(KEYTAB_OPTION).filter(|_| given(PRINCIPAL_OPTION).is_some()) {
            add("kerberos-keytab-volume", "/opt/kerberos/kerberos-keytab", keytab);
        }
        if let Some(krb5) = given(KRB5_OPTION) {
            add("kerberos-krb5conf-volume", "/etc/krb5.conf", krb5);
        }
    }
    if !mounted_by_flink(workload, role).is_empty() {
        for pair in map_entries(config, CLAIMS_OPTION) {
            let volume = format!("{}-pvc", pair.key.trim().replace('.', "-"));
            let volume = if volume.len() > LONGEST_VOLUME { String::new() } else { volume };
            let (path, option, entry) = (pair.value.trim().to_owned(), pair.option, pair.entry);
            found.push(OptionMount { volume, path, option, entry });
        }
    }
    found
}

/// A volume that Flink mounts at a folder of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnMount<'w> {
    /// The folder.
    pub path: &'w str,
    /// Whether Flink's processes can write to it.
    pub is_writable: bool,
}

/// The folders at which native mode mounts volumes of its own in a JobManager.
pub fn own_mounts(workload: &Workload, role: Role) -> impl Iterator<Item = OwnMount<'_>> {
    let is_native = workload.declares_cluster
        && workload.engine == Engine::Operator
        && workload.mode != Some(Mode::Standalone);
    let artifacts = workload.config.get(ARTIFACTS_OPTION).unwrap_or(ARTIFACTS);
    let mounts = [
        OwnMount { path: TEMPLATE_FOLDER, is_writable: false },
        OwnMount { path: artifacts, is_writable: true },
    ];
    mounts.into_iter().filter(move |_| is_native && role == Role::JobManager)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::kinds::lower;
    use crate::resource::Resource;
    use serde_json::{Value, json};

    fn mounts(version: &str, options: Value, role: Role) -> Vec<(String, String)> {
        let object = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
            "metadata": {"name": "etl"},
            "spec": {"flinkVersion": version, "flinkConfiguration": options}});
        let resource = Resource::from_manifest(object).unwrap();
        let workload = lower(&resource, &resource.object).unwrap();
        let found = option_mounts(&workload, role).into_iter();
        found.map(|mount| (mount.volume, mount.path)).collect()
    }

    #[test]
    fn each_option_mounts_what_flinks_decorators_mount() {
        let pair = |volume: &str, path: &str| (volume.to_owned(), path.to_owned());
        let kerberos = json!({"security.kerberos.login.keytab": "/k", "security.kerberos.login.principal": "p",
            "security.kerberos.krb5-conf.path": "/x"});
        let hadoop = json!({"kubernetes.hadoop.conf.config-map.name": "h"});
        let claims = json!({"kubernetes.persistent-volume-claims": "a.b:/data"});
        let secrets = json!({"kubernetes.secrets": "a:/a,b:/b", "kubernetes.secrets.c": "/c"});
        let (jm, tm) = (Role::JobManager, Role::TaskManager);
        let expected = [pair("a-volume", "/a"), pair("b-volume", "/b"), pair("c-volume", "/c")];
        assert_eq!(mounts("v1_20", secrets, jm), expected);
        assert_eq!(mounts("v1_20", hadoop, tm), [pair("hadoop-config-volume", "/opt/hadoop/conf")]);
        let expected = [
            pair("kerberos-keytab-volume", "/opt/kerberos/kerberos-keytab"),
            pair("kerberos-krb5conf-volume", "/etc/krb5.conf"),
        ];
        assert_eq!(mounts("v1_20", kerberos.clone(), jm), expected);
        let mut off = kerberos;
        off[KERBEROS_MOUNT] = json!("false");
        assert_eq!(mounts("v1_20", off, jm), []);
        assert_eq!(mounts("v2_3", claims.clone(), tm), [pair("a-b-pvc", "/data")]);
        assert_eq!(mounts("v2_3", claims.clone(), jm), []);
        assert_eq!(mounts("v1_20", claims, tm), []);
    }
}
