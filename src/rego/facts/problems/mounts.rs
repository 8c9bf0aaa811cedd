//! Secrets and ConfigMaps that pods get: by volumes, environment and pull secrets, and by Flink's
//! options for them.

use super::{Found, Subject, is_any, shown, texts, use_one_of};
use crate::flink::map_options::{map_entries, map_list};
use crate::flink::values::list_elements;
use crate::resource::fields::{elements, elements_at};
use crate::resource::pointer;
use serde_json::Value as Json;

/// ConfigMaps that every pod may be given by Kubernetes, and those that Flink makes for each
/// cluster.
const OWN_CONFIG_MAPS: [&str; 6] = [
    "kube-root-ca.crt",
    "openshift-service-ca.crt",
    "flink-config-*",
    "pod-template-*",
    "hadoop-config-*",
    "kerberos-krb5conf-*",
];
/// Secrets that Flink makes for each cluster.
const OWN_SECRETS: [&str; 1] = ["kerberos-keytab-*"];
/// Types of volumes that name the Secret they log in with in `secretRef`.
const WITH_SECRET_REF: [&str; 7] =
    ["cephfs", "rbd", "iscsi", "flexVolume", "scaleIO", "storageos", "cinder"];

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Secret,
    ConfigMap,
}

impl Kind {
    fn list(self) -> &'static str {
        match self {
            Self::Secret => "secrets",
            Self::ConfigMap => "configMaps",
        }
    }

    fn noun(self) -> &'static str {
        match self {
            Self::Secret => "the Secret",
            Self::ConfigMap => "the ConfigMap",
        }
    }
}

/// What a tenant lets its pods have; `None` for anything.
struct Allowed<'a> {
    secrets: Option<Vec<&'a str>>,
    config_maps: Option<Vec<&'a str>>,
}

impl Allowed<'_> {
    /// The tenant's list, where this is not on it.
    fn refused(&self, kind: Kind, name: &str) -> Option<&[&str]> {
        let (list, own): (_, &[&str]) = match kind {
            Kind::Secret => (&self.secrets, &OWN_SECRETS),
            Kind::ConfigMap => (&self.config_maps, &OWN_CONFIG_MAPS),
        };
        let list = list.as_deref()?;
        (!is_any(list, name) && !is_any(own, name)).then_some(list)
    }
}

pub(super) fn judge(subject: &Subject<'_>, found: &mut Found) {
    let allowed = Allowed {
        secrets: texts(&subject.security["secrets"]),
        config_maps: texts(&subject.security["configMaps"]),
    };
    if allowed.secrets.is_none() && allowed.config_maps.is_none() {
        return;
    }
    for set in &subject.workload.pods {
        let mut note = |kind: Kind, name: &str, place: &str| {
            if let Some(list) = allowed.refused(kind, name) {
                let message = format!(
                    "pods of role {} must not have {} {:?}",
                    set.role.as_str(),
                    kind.noun(),
                    shown(name)
                );
                found.add(
                    kind.list(),
                    &format!("{}{place}", set.path()),
                    message,
                    use_one_of(list),
                );
            }
        };
        let spec = set.template(subject.root).get("spec").unwrap_or(&Json::Null);
        volumes(spec, &mut note);
        containers(spec, &mut note);
        for (index, secret) in elements(spec, "imagePullSecrets").iter().enumerate() {
            if let Some(name) = secret.get("name").and_then(Json::as_str) {
                note(Kind::Secret, name, &format!("/spec/imagePullSecrets/{index}/name"));
            }
        }
    }
    if subject.options_make_pods() {
        options(subject, &allowed, found);
    }
}

fn volumes(spec: &Json, note: &mut impl FnMut(Kind, &str, &str)) {
    for (index, volume) in elements(spec, "volumes").iter().enumerate() {
        let mut at = |kind: Kind, within: &str| {
            if let Some(name) = pointer::at(volume, within).and_then(Json::as_str) {
                note(kind, name, &format!("/spec/volumes/{index}{within}"));
            }
        };
        at(Kind::Secret, "/secret/secretName");
        at(Kind::ConfigMap, "/configMap/name");
        at(Kind::Secret, "/csi/nodePublishSecretRef/name");
        at(Kind::Secret, "/azureFile/secretName");
        WITH_SECRET_REF
            .iter()
            .for_each(|field| at(Kind::Secret, &format!("/{field}/secretRef/name")));
        let sources = elements_at(volume, "/projected/sources").len();
        for source in 0..sources {
            at(Kind::Secret, &format!("/projected/sources/{source}/secret/name"));
            at(Kind::ConfigMap, &format!("/projected/sources/{source}/configMap/name"));
        }
    }
}

fn containers(spec: &Json, note: &mut impl FnMut(Kind, &str, &str)) {
    for field in ["containers", "initContainers", "ephemeralContainers"] {
        for (index, container) in elements(spec, field).iter().enumerate() {
            let mut at = |kind: Kind, value: &Json, within: &str, list: &str, element: usize| {
                if let Some(name) = pointer::at(value, within).and_then(Json::as_str) {
                    note(kind, name, &format!("/spec/{field}/{index}/{list}/{element}{within}"));
                }
            };
            for (element, source) in elements(container, "envFrom").iter().enumerate() {
                at(Kind::Secret, source, "/secretRef/name", "envFrom", element);
                at(Kind::ConfigMap, source, "/configMapRef/name", "envFrom", element);
            }
            for (element, variable) in elements(container, "env").iter().enumerate() {
                at(Kind::Secret, variable, "/valueFrom/secretKeyRef/name", "env", element);
                at(Kind::ConfigMap, variable, "/valueFrom/configMapKeyRef/name", "env", element);
            }
        }
    }
}

fn options(subject: &Subject<'_>, allowed: &Allowed<'_>, found: &mut Found) {
    let mut note = |kind: Kind, name: &str, key: &str, entry| {
        if let (Some(list), Some(place)) =
            (allowed.refused(kind, name), subject.written(key, entry))
        {
            let message =
                format!("option {key} must not give pods {} {:?}", kind.noun(), shown(name));
            found.add(kind.list(), place, message, use_one_of(list));
        }
    };
    let config = &subject.workload.config;
    for pair in map_entries(config, "kubernetes.secrets") {
        note(Kind::Secret, &pair.key, pair.option, pair.entry);
    }
    let key = "kubernetes.env.secretKeyRef";
    if let Some((entry, maps)) = map_list(config, key) {
        for (_, secret) in
            maps.iter().flatten().filter(|(field, _)| field.eq_ignore_ascii_case("secret"))
        {
            note(Kind::Secret, secret, key, entry);
        }
    }
    let key = "kubernetes.container.image.pull-secrets";
    if let Some(entry) = config.entry(key) {
        list_elements(&entry.value)
            .iter()
            .for_each(|secret| note(Kind::Secret, secret, key, entry));
    }
    let key = "kubernetes.hadoop.conf.config-map.name";
    if let Some(entry) = config.entry(key) {
        note(Kind::ConfigMap, entry.value.trim(), key, entry);
    }
}
