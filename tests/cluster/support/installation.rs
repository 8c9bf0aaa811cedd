//! Flinkgate as a cluster has it: the manifests of `deploy/install.yaml`, its service account,
//! replicas behind its Service.

use super::access::Access;
use super::controlplane::{ControlPlane, Options};
use super::crds;
use super::flinkgate::Flinkgate;
use super::service::Service;
use super::wait::until;
use ::flinkgate::resource::yaml;
use serde_json::{Value, json};
use std::fs;
use std::ops::Deref;
use std::sync::OnceLock;

const NAMESPACE: &str = "flinkgate-system";

/// A control plane with Flinkgate in front of it; used like the administrator's `Access`.
pub struct Installation {
    /// What the API server asks.
    pub service: Service,
    /// Who answers.
    pub replicas: Vec<Flinkgate>,
    /// The cluster.
    pub control_plane: ControlPlane,
}

/// The installation that tests share which stop nothing: each has a tenant of its own.
pub fn installation() -> &'static Installation {
    static SHARED: OnceLock<Installation> = OnceLock::new();
    SHARED.get_or_init(|| Installation::new(Options::default(), 1))
}

impl Deref for Installation {
    type Target = ControlPlane;

    fn deref(&self) -> &ControlPlane {
        &self.control_plane
    }
}

impl Installation {
    /// Installs Flinkgate with so many replicas and waits until the API server asks it.
    pub fn new(options: Options, replicas: usize) -> Self {
        Self::with(ControlPlane::start(options), replicas, &[])
    }

    /// The same on a control plane that runs already, with more arguments of `flinkgate serve`.
    pub fn with(control_plane: ControlPlane, replicas: usize, arguments: &[&str]) -> Self {
        crds::install(&control_plane);
        control_plane.kubectl(&["apply", "--server-side", "-f", "deploy/install.yaml"]);
        let service = Service::start();
        service.replace(&control_plane, NAMESPACE, "flinkgate");
        let mut installation = Self { service, replicas: Vec::new(), control_plane };
        installation.replicas.extend(
            (0..replicas).map(|number| start(&installation.control_plane, number, arguments)),
        );
        for replica in &installation.replicas {
            replica.wait_ready();
        }
        installation.service.lead_to(&installation.replicas);
        let tenant = tenant("probe", json!({}));
        until("the API server asks about tenants", || {
            installation.try_kubectl(&["create", "--dry-run=server", "-f", "-"], &tenant)
        });
        installation
    }

    /// Another replica in the place of one that is no more.
    pub fn replace(&mut self, number: usize) {
        self.replicas[number] = self.start_replica(number, &[]);
        self.replicas[number].wait_ready();
        self.service.lead_to(&self.replicas);
    }

    /// Starts one more replica, which the Service does not know yet.
    pub fn start_replica(&self, number: usize, arguments: &[&str]) -> Flinkgate {
        start(&self.control_plane, number, arguments)
    }

    /// A new tenant with this spec, and its namespace of the same name.
    pub fn tenant(&self, name: &str, mut spec: Value) -> String {
        spec["namespaces"] = json!({"names": [name]});
        self.create(&tenant(name, spec));
        until("the tenant is ready", || {
            let tenant = self.get(&["flinktenant", name]);
            let conditions = tenant["status"]["conditions"].as_array().cloned().unwrap_or_default();
            let ready = conditions
                .iter()
                .any(|condition| condition["type"] == "Ready" && condition["status"] == "True");
            if ready { Ok(()) } else { Err(tenant.to_string()) }
        });
        self.create_namespace(name);
        until("the namespace carries its tenant's label", || {
            let found = self.get(&["namespace", name]);
            if found["metadata"]["labels"]["flinkgate.dev/tenant"] == name {
                Ok(())
            } else {
                Err(found.to_string())
            }
        });
        name.to_owned()
    }

    /// Changes fields of a tenant's spec and waits until an object, tried as a dry run, is judged
    /// as said: refused for a reason, or not refused.
    pub fn change(&self, tenant: &str, spec: &Value, probe: &Value, refused_for: Option<&str>) {
        let patch = json!({ "spec": spec }).to_string();
        self.kubectl(&["patch", "flinktenant", tenant, "--type=merge", "--patch", &patch]);
        self.wait_judged(probe, refused_for);
    }

    /// Waits until an object, tried as a dry run, is refused for a reason, or is not refused.
    pub fn wait_judged(&self, probe: &Value, refused_for: Option<&str>) {
        until("the object is judged by what holds", || {
            match (
                self.try_kubectl(&["create", "--dry-run=server", "-f", "-"], &probe.to_string()),
                refused_for,
            ) {
                (Ok(_), None) => Ok(()),
                (Err(refusal), Some(reason)) if refusal.contains(reason) => Ok(()),
                (answer, _) => Err(format!("{answer:?}")),
            }
        });
    }
}

/// Each replica asks another API server, where there are several.
fn start(control_plane: &ControlPlane, number: usize, arguments: &[&str]) -> Flinkgate {
    let account =
        control_plane.as_service_account_at(control_plane.url(number), NAMESPACE, "flinkgate");
    Flinkgate::start_as(
        control_plane,
        &account,
        &[&["--cluster", "--namespace", NAMESPACE], arguments].concat(),
    )
}

fn tenant(name: &str, spec: Value) -> String {
    json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant", "metadata": {"name": name}, "spec": spec}).to_string()
}

/// The first object of one of the examples, such as `tenants/payments.yaml`; in a namespace if it
/// has one.
pub fn example(file: &str, namespace: &str) -> Value {
    let text =
        fs::read_to_string(format!("{}/examples/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let mut object = yaml::parse(&text).remove(0).value.unwrap();
    if object["metadata"].get("namespace").is_some() {
        object["metadata"]["namespace"] = json!(namespace);
    }
    object
}

/// Flinkgate's Events in a namespace.
pub fn events(access: &Access, namespace: &str) -> Vec<Value> {
    let all = access.get(&["events.events.k8s.io", "--namespace", namespace])["items"].take();
    all.as_array()
        .unwrap()
        .iter()
        .filter(|event| event["reportingController"] == "flinkgate")
        .cloned()
        .collect()
}

/// A pod of one container, privileged or not.
pub fn pod(namespace: &str, name: &str, privileged: bool) -> Value {
    let container = json!({"name": "c", "image": "example.com/c:1", "securityContext": {"privileged": privileged}});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace}, "spec": {"containers": [container]}})
}
