//! One user at one API server: kubectl and a client that speak for it.

use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A kubeconfig file and the kubectl to use with it.
#[derive(Clone, Debug)]
pub struct Access {
    kubectl: PathBuf,
    kubeconfig: PathBuf,
}

impl Access {
    /// Writes a kubeconfig file for one user.
    pub fn new(kubectl: &Path, file: PathBuf, kubeconfig: &str) -> Result<Self, String> {
        fs::write(&file, kubeconfig)
            .map_err(|error| format!("cannot write {}: {error}", file.display()))?;
        Ok(Self { kubectl: kubectl.to_owned(), kubeconfig: file })
    }

    /// The kubeconfig file, for `KUBECONFIG`.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Runs kubectl, with `input` on standard input.
    pub fn output(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = Command::new(&self.kubectl);
        command.args(arguments).env("KUBECONFIG", &self.kubeconfig);
        // What kubectl remembers of an API server is found by its port, which another one had
        // before.
        command.env("KUBECACHEDIR", self.kubeconfig.with_extension("cache"));
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pipe = child.stdin.take().unwrap();
        let input = input.to_owned();
        // Not reading its input is kubectl's right.
        let writer = std::thread::spawn(move || pipe.write_all(input.as_bytes()));
        let output = child.wait_with_output().unwrap();
        let _ = writer.join();
        output
    }

    /// Runs kubectl; what it prints, or what it complains of.
    pub fn try_kubectl(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        let output = self.output(arguments, input);
        let (printed, complaint) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if output.status.success() {
            Ok(printed.into_owned())
        } else {
            Err(format!("{printed}{complaint}"))
        }
    }

    /// Runs kubectl, which must succeed; gives what it prints.
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        self.try_kubectl(arguments, "")
            .unwrap_or_else(|error| panic!("kubectl {}: {error}", arguments.join(" ")))
    }

    /// Runs kubectl, which must fail; gives what it complains of.
    pub fn refused(&self, arguments: &[&str], input: &str) -> String {
        match self.try_kubectl(arguments, input) {
            Ok(printed) => panic!("kubectl {} was not refused: {printed}", arguments.join(" ")),
            Err(complaint) => complaint,
        }
    }

    /// `kubectl create` of a manifest (YAML or JSON), which must succeed.
    pub fn create(&self, manifest: &str) -> String {
        self.try_kubectl(&["create", "-f", "-"], manifest)
            .unwrap_or_else(|error| panic!("kubectl create: {error}\n{manifest}"))
    }

    /// `kubectl apply --server-side` of a manifest, which must succeed.
    pub fn apply(&self, manifest: &str) -> String {
        let arguments = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
        self.try_kubectl(&arguments, manifest)
            .unwrap_or_else(|error| panic!("kubectl apply: {error}\n{manifest}"))
    }

    /// `kubectl get … -o json`, which must succeed.
    pub fn get(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.kubectl(&[&["get", "-o", "json"], arguments].concat())).unwrap()
    }

    /// A client; each runtime needs its own.
    pub async fn client(&self) -> kube::Client {
        kube::Client::try_from(self.config().await).unwrap()
    }

    /// A client that shows every answer: the other one asks again by itself where it is told to
    /// wait.
    pub async fn frank_client(&self) -> kube::Client {
        let mut config = self.config().await;
        config.default_retry = false;
        kube::Client::try_from(config).unwrap()
    }

    async fn config(&self) -> kube::Config {
        let kubeconfig = Kubeconfig::read_from(&self.kubeconfig).unwrap();
        let mut config =
            kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
                .await
                .unwrap();
        // kube reads whom to speak for, and leaves saying so to us.
        let header =
            |name: &'static str, value: &String| (name.parse().unwrap(), value.parse().unwrap());
        let user = config.auth_info.impersonate.iter().map(|name| header("impersonate-user", name));
        let groups = config
            .auth_info
            .impersonate_groups
            .iter()
            .flatten()
            .map(|group| header("impersonate-group", group));
        config.headers = user.chain(groups).collect();
        config
    }
}
