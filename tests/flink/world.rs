//! Everything that a scenario runs in: the control plane with Flinkgate in front of it, nodes, names,
//! the operator, tenants.

use crate::api::items;
use crate::kubelet::{Kubelet, Machine};
use crate::names::Names;
use crate::needs::Needs;
use crate::network::{HOST, Network};
use crate::operator;
use crate::outage::{ARGUMENTS, Presence, Replicas};
use crate::support::access::Access;
use crate::support::installation::Installation;
use crate::support::process::Process;
use crate::support::{ControlPlane, Options};
use flinkgate::resource::yaml;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// Two nodes, so that one may be lost.
const NODES: [&str; 2] = ["node-a", "node-b"];

/// The running cluster. Dropped in this order: pods, then what they ask.
pub struct World {
    nodes: Mutex<BTreeMap<String, Kubelet>>,
    pub operator: Option<Process>,
    _names: Names,
    developer: Access,
    /// A pipeline that runs Flink's client: this client reads tokens, and not every key.
    pub pipeline: Access,
    pub machine: Arc<Machine>,
    pub(crate) replicas: Mutex<Replicas>,
    pub(crate) presence: Presence,
    pub installation: Installation,
}

impl World {
    /// Starts everything.
    pub fn start(needs: Needs) -> Self {
        let network = Arc::new(Network::start(&needs.image).unwrap());
        let advertised = format!("--advertise-address={HOST}");
        let flags = [
            "--bind-address=0.0.0.0",
            &advertised,
            "--default-not-ready-toleration-seconds=5",
            "--default-unreachable-toleration-seconds=5",
        ];
        let control_plane = ControlPlane::start(Options {
            nodes: 0,
            api_server_flags: flags.map(str::to_owned).into(),
            ..Options::default()
        });
        let api_server = control_plane.url(0).rsplit(':').next().unwrap().parse().unwrap();
        let folder = |name: &str| {
            let folder = control_plane.folder().join(name);
            fs::create_dir_all(&folder).unwrap();
            folder
        };
        let (pods, claims) = (folder("pods"), folder("claims"));
        let machine = Arc::new(Machine {
            network,
            needs,
            pods,
            claims,
            api_server,
            doomed: Mutex::default(),
        });
        rights(&control_plane);
        operator::prepare(&control_plane);
        let mut installation = Installation::with(control_plane, 2, &ARGUMENTS);
        // It runs as a process of this machine already.
        installation.kubectl(&[
            "delete",
            "deployment",
            "flinkgate",
            "--namespace",
            "flinkgate-system",
        ]);
        let nodes = NODES.map(|node| {
            (node.to_owned(), Kubelet::start(&installation, Arc::clone(&machine), node))
        });
        let names = Names::start(installation.admin(0), Arc::clone(&machine.network));
        let folder = machine.needs.operator.clone();
        let operator = folder.map(|folder| operator::start(&installation, &machine, &folder));
        let developer = installation.as_user("alice@example.com", &["developers"]);
        let pipeline = installation.as_service_account("default", "pipeline");
        Self {
            nodes: Mutex::new(nodes.into()),
            operator,
            _names: names,
            developer,
            pipeline,
            machine,
            replicas: Replicas::of(&mut installation),
            presence: Presence::default(),
            installation,
        }
    }

    /// A new tenant of one namespace of its own, with the service account that Flink uses.
    pub fn tenant(&self, name: &str, file: &str) {
        let spec = document(&format!("tenants/{file}.yaml"))["spec"].take();
        self.installation.tenant(name, spec);
        let admin = &self.installation;
        admin.kubectl(&["create", "serviceaccount", "flink", "--namespace", name]);
        let subject = format!("--serviceaccount={name}:flink");
        admin.kubectl(&[
            "create",
            "rolebinding",
            "flink",
            "--clusterrole=flink",
            &subject,
            "--namespace",
            name,
        ]);
    }

    /// Changes fields of a tenant's spec, and waits until Flinkgate has the new one.
    pub fn change_tenant(&self, name: &str, spec: &Value) {
        let patch = json!({ "spec": spec }).to_string();
        self.installation.kubectl(&[
            "patch",
            "flinktenant",
            name,
            "--type=merge",
            "--patch",
            &patch,
        ]);
        crate::support::wait::until("the tenant's status is of its new spec", || {
            let tenant = self.installation.get(&["flinktenant", name]);
            let wanted = &tenant["metadata"]["generation"];
            let conditions = tenant["status"]["conditions"].as_array().cloned().unwrap_or_default();
            match conditions.iter().any(|condition| condition["observedGeneration"] == *wanted) {
                true => Ok(()),
                false => Err(tenant["status"].to_string()),
            }
        });
    }

    /// The node is lost with everything on it.
    pub fn lose_node(&self, node: &str) {
        let kubelet = self.nodes.lock().unwrap().remove(node).expect("a node that is there");
        drop(kubelet);
    }

    /// The node is there again, empty.
    pub fn return_node(&self, node: &str) {
        let kubelet = Kubelet::start(&self.installation, Arc::clone(&self.machine), node);
        self.nodes.lock().unwrap().insert(node.to_owned(), kubelet);
    }

    /// What is stored, for the administrator.
    pub fn get(&self, arguments: &[&str]) -> Value {
        self.presence.during(|| self.installation.get(arguments))
    }

    /// What the developer does with kubectl.
    pub fn develop(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        self.presence.during(|| self.developer.try_kubectl(arguments, input))
    }

    /// Pods of a namespace.
    pub fn pods(&self, namespace: &str) -> Vec<Value> {
        items(self.get(&["pods", "--namespace", namespace]))
    }

    /// The folder of a claim that exists.
    pub fn claim(&self, namespace: &str, claim: &str) -> Result<PathBuf, String> {
        let arguments = [
            "get",
            "persistentvolumeclaim",
            claim,
            "--namespace",
            namespace,
            "-o",
            "jsonpath={.metadata.uid}",
        ];
        let uid = self.presence.during(|| self.installation.try_kubectl(&arguments, ""))?;
        Ok(self.machine.claims.join(namespace).join(format!("{claim}-{uid}")))
    }

    /// Removes a scenario's tenant and namespace.
    pub fn clean(&self, namespace: &str) {
        for kind in ["flinkbluegreendeployments", "flinksessionjobs", "flinkdeployments"] {
            let arguments = ["delete", kind, "--all", "--namespace", namespace, "--timeout=60s"];
            let _ = self.installation.try_kubectl(&arguments, "");
        }
        let _ =
            self.installation.try_kubectl(&["delete", "namespace", namespace, "--timeout=60s"], "");
        let _ = self
            .installation
            .try_kubectl(&["delete", "flinktenant", namespace, "--timeout=60s"], "");
    }
}

/// What the chart of the operator gives to the service account of jobs, what nodes may, and a
/// developer who may do everything.
fn rights(admin: &Access) {
    let rules = [
        "--verb=*",
        "--resource=pods,configmaps,services,deployments.apps,deployments.apps/finalizers,leases.coordination.k8s.io",
    ];
    admin.kubectl(&[["create", "clusterrole", "flink"].as_slice(), &rules].concat());
    admin.kubectl(&[
        "create",
        "clusterrolebinding",
        "nodes",
        "--clusterrole=system:node",
        "--group=system:nodes",
    ]);
    admin.kubectl(&["create", "serviceaccount", "pipeline", "--namespace", "default"]);
    admin.kubectl(&[
        "create",
        "clusterrolebinding",
        "pipeline",
        "--clusterrole=cluster-admin",
        "--serviceaccount=default:pipeline",
    ]);
    admin.kubectl(&[
        "create",
        "clusterrolebinding",
        "developers",
        "--clusterrole=cluster-admin",
        "--group=developers",
    ]);
}

/// The first document of a file of these tests.
pub fn document(file: &str) -> Value {
    documents(file).remove(0)
}

/// The documents of a file of these tests.
pub fn documents(file: &str) -> Vec<Value> {
    let path = format!("{}/tests/flink/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    yaml::parse(&text).into_iter().filter_map(|document| document.value).collect()
}
