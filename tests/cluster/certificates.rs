//! Certificates that Flinkgate keeps itself: made once, served by every replica, repaired when
//! somebody wipes them, and replaced while admission goes on.

use super::support::load::Load;
use super::support::tls::connect;
use super::support::wait::until;
use super::support::{ControlPlane, Flinkgate, Options, crds, flinkgate};
use ::flinkgate::resource::yaml;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;
use kube::Api;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const NAMESPACE: &str = "flinkgate-system";
const CONFIGURATIONS: [&str; 2] =
    ["mutatingwebhookconfiguration", "validatingwebhookconfiguration"];
/// Half the time after which everything is looked at anyway: what is repaired sooner was noticed.
const NOTICED: Duration = Duration::from_secs(30);

/// Two replicas; the API server asks the first to mutate and the second to validate.
struct Installation {
    control_plane: ControlPlane,
    replicas: [Flinkgate; 2],
}

impl Installation {
    fn new() -> Self {
        let control_plane = ControlPlane::start(Options { nodes: 0, ..Options::default() });
        crds::install(&control_plane);
        control_plane.kubectl(&["create", "namespace", NAMESPACE]);
        let replicas = [(); 2].map(|()| Flinkgate::start(&control_plane, &["--cluster"]));
        for (replica, kind) in
            replicas.iter().zip(["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"])
        {
            let printed =
                flinkgate::output(&["webhooks", "--url", &format!("https://{}", replica.webhooks)]);
            let documents = yaml::parse(&printed).into_iter().filter_map(|document| document.value);
            let configuration = documents.into_iter().find(|value| value["kind"] == kind).unwrap();
            control_plane.apply(&configuration.to_string());
        }
        for replica in &replicas {
            replica.wait_ready();
        }
        Self { control_plane, replicas }
    }

    /// A field of the Secret.
    fn secret(&self, field: &str) -> Result<Vec<u8>, String> {
        let path = format!("-o=jsonpath={{.data.{}}}", field.replace('.', "\\."));
        let text = self.control_plane.try_kubectl(
            &["get", "secret", "flinkgate-tls", "--namespace", NAMESPACE, &path],
            "",
        )?;
        STANDARD.decode(text).map_err(|error| error.to_string())
    }

    /// The `caBundle` of every webhook.
    fn bundles(&self) -> Vec<Option<String>> {
        let webhooks = CONFIGURATIONS
            .map(|kind| self.control_plane.get(&[kind, "flinkgate"])["webhooks"].take());
        let bundle =
            |webhook: &Value| webhook["clientConfig"]["caBundle"].as_str().map(str::to_owned);
        webhooks
            .iter()
            .flat_map(|webhooks| webhooks.as_array().unwrap().iter().map(bundle))
            .collect()
    }

    /// Whether all is as it should be: every bundle holds the Secret's authorities, every replica
    /// serves its leaf. Gives the leaf.
    fn whole(&self) -> Result<CertificateDer<'static>, String> {
        let authorities = self.secret("ca.crt")?;
        let wanted = STANDARD.encode(&authorities);
        let bundles = self.bundles();
        if authorities.is_empty() || !bundles.iter().all(|bundle| bundle.as_ref() == Some(&wanted))
        {
            return Err(format!("wanted {wanted}, found {bundles:?}"));
        }
        let leaf = CertificateDer::from_pem_slice(&self.secret("tls.crt")?)
            .map_err(|error| error.to_string())?;
        for replica in &self.replicas {
            if connect(replica.webhooks, &authorities, None)? != leaf {
                return Err("a replica serves another certificate".to_owned());
            }
        }
        Ok(leaf)
    }

    fn wait_whole(&self, what: &str) -> CertificateDer<'static> {
        until(what, || self.whole())
    }

    /// A namespace of a tenant, once the API server refuses privileged pods in it.
    fn tenant_namespace(&self) -> String {
        until("the tenant is admitted", || {
            self.control_plane.try_kubectl(&["create", "-f", "-"], &tenant())
        });
        let namespace = self.control_plane.namespace("payments");
        let container = json!({"name": "c", "image": "example.com/c:1", "securityContext": {"privileged": true}});
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bad", "namespace": namespace}, "spec": {"containers": [container]}});
        until("a privileged pod is refused", || {
            match self
                .control_plane
                .try_kubectl(&["create", "--dry-run=server", "-f", "-"], &pod.to_string())
            {
                Err(refusal) if refusal.contains("security/privileged") => Ok(()),
                other => Err(format!("{other:?}")),
            }
        });
        namespace
    }

    /// How many times the replicas say that they wrote the Secret.
    fn writes(&self) -> usize {
        let logs = self.replicas.iter().flat_map(Flinkgate::log);
        logs.filter(|line| {
            line["message"].as_str().is_some_and(|message| message.starts_with("wrote the Secret"))
        })
        .count()
    }
}

fn tenant() -> String {
    json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant", "metadata": {"name": "payments"},
        "spec": {"namespaces": {"names": ["payments-*"]}}})
    .to_string()
}

fn count(authorities: &[u8]) -> usize {
    CertificateDer::pem_slice_iter(authorities).count()
}

#[test]
fn one_secret_is_made_and_what_somebody_wipes_is_repaired() {
    let installation = Installation::new();
    let admin = &installation.control_plane;
    let first = installation.wait_whole("both replicas serve, and every caBundle is filled in");
    assert_eq!(installation.writes(), 1, "the Secret was made more than once");
    assert_eq!(count(&installation.secret("ca.crt").unwrap()), 1);
    installation.tenant_namespace();

    let foreign = STANDARD
        .encode(rcgen::generate_simple_self_signed(vec!["foreign".to_owned()]).unwrap().cert.pem());
    let path = "/webhooks/0/clientConfig/caBundle";
    for (kind, patch) in [
        (CONFIGURATIONS[0], json!([{"op": "remove", "path": path}])),
        (CONFIGURATIONS[1], json!([{"op": "remove", "path": path}])),
        (CONFIGURATIONS[1], json!([{"op": "replace", "path": path, "value": foreign}])),
    ] {
        let since = Instant::now();
        admin.kubectl(&["patch", kind, "flinkgate", "--type=json", "--patch", &patch.to_string()]);
        assert_eq!(installation.wait_whole("a wiped caBundle is repaired"), first);
        assert!(since.elapsed() < NOTICED, "repaired after {:?}", since.elapsed());
    }
    // Written anew without bundles, as whoever applies the printed configurations does.
    let stored = CONFIGURATIONS.map(|kind| {
        let mut stored = admin.get(&[kind, "flinkgate"]);
        for webhook in stored["webhooks"].as_array_mut().unwrap() {
            webhook["clientConfig"].as_object_mut().unwrap().remove("caBundle");
        }
        stored["metadata"] = json!({"name": "flinkgate"});
        stored.to_string()
    });
    admin.try_kubectl(&["replace", "--force", "-f", "-"], &stored.join("\n---\n")).unwrap();
    assert_eq!(installation.wait_whole("configurations that were made anew are filled in"), first);

    // What is served goes on being served; the keys that are lost stay lost, so there is one more
    // authority.
    let empty =
        json!({"data": {"ca.crt": "", "ca.key": "", "tls.crt": "", "tls.key": ""}}).to_string();
    for (wiped, arguments) in [
        (2, &["delete", "secret", "flinkgate-tls"][..]),
        (3, &["patch", "secret", "flinkgate-tls", "--type=merge", "--patch", &empty]),
    ] {
        let since = Instant::now();
        admin.kubectl(&[arguments, &["--namespace", NAMESPACE]].concat());
        until("a wiped Secret is repaired", || match count(&installation.secret("ca.crt")?) {
            found if found == wiped => Ok(()),
            found => Err(format!("{found} authorities")),
        });
        assert_eq!(installation.wait_whole("every caBundle follows"), first);
        assert!(since.elapsed() < NOTICED, "repaired after {:?}", since.elapsed());
    }
}

/// Whether at every moment the bundle that API servers go by is one that every replica's
/// certificate is checked with.
fn watch_trust(installation: &Installation, stop: &AtomicBool) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = runtime.block_on(installation.control_plane.client());
    let api = Api::<ValidatingWebhookConfiguration>::all(client);
    let mut failures = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let configuration = runtime.block_on(api.get("flinkgate")).unwrap();
        let bundle = configuration.webhooks.unwrap()[0].client_config.ca_bundle.take().unwrap().0;
        let failed = installation
            .replicas
            .iter()
            .filter_map(|replica| connect(replica.webhooks, &bundle, None).err());
        failures.extend(failed);
        std::thread::sleep(Duration::from_millis(50));
    }
    failures
}

#[test]
fn a_new_authority_and_certificate_come_into_use_while_admission_goes_on() {
    let installation = Arc::new(Installation::new());
    let first = installation.wait_whole("both replicas serve, and every caBundle is filled in");
    let namespace = installation.tenant_namespace();
    let load = Load::start(&installation.control_plane, &namespace, 3);
    let stop = Arc::new(AtomicBool::new(false));
    let trust = {
        let (installation, stop) = (Arc::clone(&installation), Arc::clone(&stop));
        std::thread::spawn(move || watch_trust(&installation, &stop))
    };
    let judged = |more: usize| {
        let wanted = load.answered() + more;
        until("pods are judged", || {
            if load.answered() >= wanted { Ok(()) } else { Err(format!("{}", load.answered())) }
        });
    };
    judged(20);
    // Whoever wants new keys deletes the Secret.
    installation.control_plane.kubectl(&[
        "delete",
        "secret",
        "flinkgate-tls",
        "--namespace",
        NAMESPACE,
    ]);
    until("the old and the new authority are trusted", || {
        match count(&installation.secret("ca.crt")?) {
            2 => installation.whole(),
            found => Err(format!("{found} authorities")),
        }
    });
    let second = until("both replicas serve a certificate of the new authority", || {
        match installation.whole()? {
            leaf if leaf == first => Err("still the old one".to_owned()),
            leaf => Ok(leaf),
        }
    });
    judged(100);
    assert_eq!(installation.wait_whole("that one stays"), second);
    assert_eq!(load.end(), Vec::<String>::new());
    stop.store(true, Ordering::Relaxed);
    assert_eq!(trust.join().unwrap(), Vec::<String>::new());
}

#[test]
fn a_certificate_from_files_is_served_and_secret_and_bundles_are_left_alone() {
    let control_plane = ControlPlane::start(Options { nodes: 0, ..Options::default() });
    crds::install(&control_plane);
    control_plane.kubectl(&["create", "namespace", NAMESPACE]);
    control_plane.create(&tenant());
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    flinkgate::output(&["certs", "--out", folder.path().to_str().unwrap()]);
    let gate = Flinkgate::start(
        &control_plane,
        &["--cluster", "--tls-cert", &file("tls.crt"), "--tls-key", &file("tls.key")],
    );
    control_plane.apply(&flinkgate::output(&[
        "webhooks",
        "--url",
        &format!("https://{}", gate.webhooks),
    ]));
    gate.wait_ready();
    connect(gate.webhooks, &std::fs::read(file("ca.crt")).unwrap(), None).unwrap();
    // It leads, and does what else the holder of the Lease does.
    until("the tenant is said to be ready", || {
        let tenant = control_plane.get(&["flinktenant", "payments"]);
        if tenant["status"]["conditions"][0]["status"] == "True" {
            Ok(())
        } else {
            Err(tenant.to_string())
        }
    });
    control_plane.refused(&["get", "secret", "flinkgate-tls", "--namespace", NAMESPACE], "");
    for kind in CONFIGURATIONS {
        assert!(!control_plane.get(&[kind, "flinkgate"]).to_string().contains("caBundle"));
    }
}
