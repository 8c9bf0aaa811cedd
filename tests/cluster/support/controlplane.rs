//! etcd, API servers, controller-manager, scheduler and kwok on loopback: started together, ended
//! together.

use super::access::Access;
use super::binaries::{self, Binaries};
use super::credentials::{Authority, Identity, Signed};
use super::folder::WorkFolder;
use super::ports::Port;
use super::process::Process;
use super::wait::try_until;
use super::{crds, kwok};
use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock};

/// What is started.
pub struct Options {
    /// API servers on one etcd.
    pub api_servers: usize,
    /// Nodes `node-0`, `node-1`, … that kwok plays.
    pub nodes: usize,
    /// More flags for every API server, such as `--enable-priority-and-fairness=false`.
    pub api_server_flags: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { api_servers: 1, nodes: 3, api_server_flags: Vec::new() }
    }
}

/// A running control plane; used like the administrator's [`Access`] at the first API server.
pub struct ControlPlane {
    // Dropped in this order: processes before the folder they write to, ports last.
    processes: Vec<(String, Mutex<Process>)>,
    admins: Vec<Access>,
    urls: Vec<String>,
    authority: Authority,
    admin: Signed,
    folder: WorkFolder,
    binaries: &'static Binaries,
    ports: Vec<Port>,
    count: AtomicUsize,
}

/// The control plane that the tests of one process share, with Flink's and Flinkgate's custom
/// resource definitions in it. Tests that stop something, or register webhooks for everything,
/// start their own.
pub fn shared() -> &'static ControlPlane {
    static SHARED: OnceLock<Result<ControlPlane, String>> = OnceLock::new();
    let shared = SHARED.get_or_init(|| {
        let control_plane = ControlPlane::try_start(Options::default())?;
        crds::install(&control_plane);
        Ok(control_plane)
    });
    shared.as_ref().unwrap_or_else(|error| panic!("{error}"))
}

impl Deref for ControlPlane {
    type Target = Access;

    fn deref(&self) -> &Access {
        self.admin(0)
    }
}

impl ControlPlane {
    /// Starts a control plane of one's own; the test fails, with the logs' ends, if it does not
    /// start.
    pub fn start(options: Options) -> Self {
        Self::try_start(options).unwrap_or_else(|error| panic!("{error}"))
    }

    pub fn try_start(options: Options) -> Result<Self, String> {
        let binaries = binaries::control_plane()?;
        let credentials =
            |error: rcgen::Error| format!("cannot make the control plane's certificates: {error}");
        let authority = Authority::new().map_err(credentials)?;
        let admin = authority.client("admin", Some("system:masters")).map_err(credentials)?;
        let serving = authority
            .server(&["127.0.0.1", "localhost", "kubernetes.default.svc"])
            .map_err(credentials)?;
        let tokens = rcgen::KeyPair::generate().map_err(credentials)?;
        let folder = WorkFolder::new()?;
        for (name, text) in [
            ("ca.crt", authority.pem()),
            ("server.crt", &serving.certificate),
            ("server.key", &serving.key),
            ("tokens.key", &tokens.serialize_pem()),
            ("tokens.pub", &tokens.public_key_pem()),
        ] {
            write(&folder.path().join(name), text)?;
        }
        let mut control_plane = Self {
            processes: Vec::new(),
            admins: Vec::new(),
            urls: Vec::new(),
            authority,
            admin,
            folder,
            binaries,
            ports: Vec::new(),
            count: AtomicUsize::new(0),
        };
        control_plane.start_servers(&options)?;
        control_plane.start_controllers(&options)?;
        Ok(control_plane)
    }

    fn start_servers(&mut self, options: &Options) -> Result<(), String> {
        let (client, peer) = (
            format!("http://127.0.0.1:{}", self.port()?),
            format!("http://127.0.0.1:{}", self.port()?),
        );
        let mut etcd = Command::new(&self.binaries.etcd);
        etcd.args(["--name=etcd", "--unsafe-no-fsync", "--log-level=warn"])
            .arg(flag("--data-dir", self.folder.path().join("etcd")))
            .args([
                format!("--listen-client-urls={client}"),
                format!("--advertise-client-urls={client}"),
            ])
            .args([
                format!("--listen-peer-urls={peer}"),
                format!("--initial-advertise-peer-urls={peer}"),
            ])
            .arg(format!("--initial-cluster=etcd={peer}"));
        self.run("etcd", &etcd)?;
        for number in 0..options.api_servers {
            let port = self.port()?;
            let file = |name: &str| self.folder.path().join(name);
            let mut server = Command::new(&self.binaries.kube_apiserver);
            server
                .args([
                    "--bind-address=127.0.0.1",
                    "--endpoint-reconciler-type=none",
                    "--allow-privileged=true",
                    "--authorization-mode=RBAC",
                ])
                .args([
                    "--service-cluster-ip-range=10.0.0.0/16",
                    "--service-account-issuer=https://kubernetes.default.svc",
                ])
                .args([format!("--etcd-servers={client}"), format!("--secure-port={port}")])
                .args([
                    flag("--tls-cert-file", file("server.crt")),
                    flag("--tls-private-key-file", file("server.key")),
                ])
                .args([
                    flag("--client-ca-file", file("ca.crt")),
                    flag("--cert-dir", file("certificates")),
                ])
                .arg(flag("--service-account-key-file", file("tokens.pub")))
                .arg(flag("--service-account-signing-key-file", file("tokens.key")))
                .args(&options.api_server_flags);
            self.run(&format!("kube-apiserver-{number}"), &server)?;
            let url = format!("https://127.0.0.1:{port}");
            let kubeconfig = self.authority.kubeconfig(&url, &Identity::Certificate(&self.admin));
            self.urls.push(url);
            self.admins.push(Access::new(&self.binaries.kubectl, self.file("admin"), &kubeconfig)?);
        }
        for number in 0..options.api_servers {
            self.wait_ready(number)?;
        }
        Ok(())
    }

    fn start_controllers(&mut self, options: &Options) -> Result<(), String> {
        let (manager_port, scheduler_port) = (self.port()?, self.port()?);
        let kubeconfig = flag("--kubeconfig", self.kubeconfig().to_owned());
        let file = |name: &str| self.folder.path().join(name);
        let mut manager = Command::new(&self.binaries.kube_controller_manager);
        manager
            .args(["--leader-elect=false", "--bind-address=127.0.0.1"])
            .args([kubeconfig.clone(), format!("--secure-port={manager_port}")])
            .args(["--kube-api-qps=1000", "--kube-api-burst=2000"])
            .args([
                flag("--root-ca-file", file("ca.crt")),
                flag("--cert-dir", file("certificates")),
            ])
            .arg(flag("--service-account-private-key-file", file("tokens.key")));
        let mut scheduler = Command::new(&self.binaries.kube_scheduler);
        scheduler
            .args(["--leader-elect=false", "--bind-address=127.0.0.1"])
            .args([kubeconfig.clone(), format!("--secure-port={scheduler_port}")])
            .args(["--kube-api-qps=1000", "--kube-api-burst=2000"])
            .arg(flag("--cert-dir", file("certificates")));
        let mut kwok = Command::new(&self.binaries.kwok);
        kwok.args([
            kubeconfig.as_str(),
            "--manage-all-nodes=false",
            "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
            "--node-lease-duration-seconds=40",
            "--cidr=10.1.0.0/16",
        ])
        .arg(flag("--config", self.binaries.kwok_stages.clone()));
        self.run("kube-controller-manager", &manager)?;
        self.run("kube-scheduler", &scheduler)?;
        self.run("kwok", &kwok)?;
        kwok::create_nodes(self, options.nodes)?;
        try_until("nodes, and the service account of the namespace default", || {
            self.all_run()?;
            self.try_kubectl(&["get", "serviceaccount", "default"], "")?;
            kwok::nodes_ready(self, options.nodes)
        })
        .map_err(|error| self.with_tails(&error))
    }

    /// Waits until an API server says that it is ready.
    pub fn wait_ready(&self, number: usize) -> Result<(), String> {
        try_until(&format!("kube-apiserver-{number} is ready"), || {
            self.all_run()?;
            self.admins[number].try_kubectl(&["get", "--raw=/readyz"], "").map(drop)
        })
        .map_err(|error| self.with_tails(&error))
    }

    /// The administrator at one of the API servers.
    pub fn admin(&self, number: usize) -> &Access {
        &self.admins[number]
    }

    /// Where one of the API servers is; the first one where there are fewer.
    pub fn url(&self, number: usize) -> &str {
        self.urls.get(number).unwrap_or(&self.urls[0])
    }

    /// How many API servers there are.
    pub fn api_servers(&self) -> usize {
        self.urls.len()
    }

    /// Somebody else at the first API server; `system:authenticated` is added to the groups.
    pub fn as_user(&self, name: &str, groups: &[&str]) -> Access {
        let groups = [groups, &["system:authenticated"]].concat();
        self.access(&Identity::As(&self.admin, name, &groups))
    }

    /// A service account at the first API server, with a token that it asked for itself
    /// (TokenRequest).
    pub fn as_service_account(&self, namespace: &str, name: &str) -> Access {
        self.as_service_account_at(self.url(0), namespace, name)
    }

    /// The same at an API server that is reached by this URL.
    pub fn as_service_account_at(&self, url: &str, namespace: &str, name: &str) -> Access {
        let token =
            self.kubectl(&["create", "token", name, "--namespace", namespace, "--duration", "3h"]);
        let kubeconfig = self.authority.kubeconfig(url, &Identity::Token(token.trim()));
        Access::new(&self.binaries.kubectl, self.file("user"), &kubeconfig).unwrap()
    }

    /// What runs in a pod, with a token of its service account that is bound to the pod, as a
    /// kubelet mounts it.
    pub fn as_pod(&self, namespace: &str, pod: &str) -> Access {
        let account =
            self.get(&["pod", pod, "--namespace", namespace])["spec"]["serviceAccountName"].take();
        let bound = ["--bound-object-kind", "Pod", "--bound-object-name", pod];
        let create = [
            "create",
            "token",
            account.as_str().unwrap(),
            "--namespace",
            namespace,
            "--duration",
            "3h",
        ];
        let token = self.kubectl(&[create.as_slice(), bound.as_slice()].concat());
        self.access(&Identity::Token(token.trim()))
    }

    fn access(&self, identity: &Identity) -> Access {
        let kubeconfig = self.authority.kubeconfig(&self.urls[0], identity);
        Access::new(&self.binaries.kubectl, self.file("user"), &kubeconfig).unwrap()
    }

    /// A new namespace, ready for pods; its name starts with `prefix` and is nobody else's.
    pub fn namespace(&self, prefix: &str) -> String {
        let name = format!("{prefix}-{}", self.count.fetch_add(1, Ordering::Relaxed));
        self.create_namespace(&name);
        name
    }

    /// A new namespace of this name, ready for pods.
    pub fn create_namespace(&self, name: &str) {
        self.kubectl(&["create", "namespace", name]);
        self.kubectl(&[
            "wait",
            "--for=create",
            "--timeout=60s",
            "--namespace",
            name,
            "serviceaccount/default",
        ]);
    }

    /// `etcd`, `kube-apiserver-0`, `kube-apiserver-1`, …, `kube-controller-manager`,
    /// `kube-scheduler`, `kwok`.
    pub fn process(&self, name: &str) -> MutexGuard<'_, Process> {
        let (_, process) = self
            .processes
            .iter()
            .find(|(found, _)| found == name)
            .expect("a process of the control plane");
        process.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The folder with logs and keys, which goes away with the control plane.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A path in the folder that nobody else has: `<name>-<number>`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}-{}", self.count.fetch_add(1, Ordering::Relaxed)))
    }

    fn port(&mut self) -> Result<u16, String> {
        let port = Port::reserve()?;
        let number = port.number();
        self.ports.push(port);
        Ok(number)
    }

    fn run(&mut self, name: &str, command: &Command) -> Result<(), String> {
        let process = Process::start(name, command, self.folder.path())?;
        self.processes.push((name.to_owned(), Mutex::new(process)));
        Ok(())
    }

    fn all_run(&self) -> Result<(), String> {
        let ended =
            |name: &str| self.process(name).ended().map(|status| format!("{name} ended: {status}"));
        self.processes.iter().find_map(|(name, _)| ended(name)).map_or(Ok(()), Err)
    }

    fn with_tails(&self, error: &str) -> String {
        let tails =
            self.processes.iter().map(|(name, _)| self.process(name).tail()).collect::<Vec<_>>();
        format!("the control plane for tests does not start: {error}\n{}", tails.join("\n"))
    }
}

fn flag(name: &str, path: PathBuf) -> String {
    format!("{name}={}", path.display())
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}
