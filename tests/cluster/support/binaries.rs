//! Where the control plane's programs come from: `KUBEBUILDER_ASSETS` where it has them, else built
//! from Go modules.

use super::build::Recipe;
use super::cache;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

const CONTROL_PLANE: Recipe = Recipe {
    name: "controlplane",
    module: include_str!("../controlplane/go.mod"),
    sums: include_str!("../controlplane/go.sum"),
    folder: "tests/cluster/controlplane",
    variables: &[
        ("k8s.io/component-base/version.gitVersion", "v1.36.3"),
        ("k8s.io/component-base/version.gitMajor", "1"),
        ("k8s.io/component-base/version.gitMinor", "36"),
    ],
    programs: &[
        ("etcd", "go.etcd.io/etcd/server/v3"),
        ("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
        ("kubectl", "k8s.io/kubernetes/cmd/kubectl"),
        ("kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager"),
        ("kube-scheduler", "k8s.io/kubernetes/cmd/kube-scheduler"),
        ("kwok", "sigs.k8s.io/kwok/cmd/kwok"),
    ],
    texts: &[(
        "kwok-stages.yaml",
        "sigs.k8s.io/kwok",
        &[
            "kustomize/stage/node/fast/node-initialize.yaml",
            "kustomize/stage/node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
            "kustomize/stage/pod/fast/pod-ready.yaml",
            "kustomize/stage/pod/fast/pod-complete.yaml",
            "kustomize/stage/pod/fast/pod-delete.yaml",
            "kustomize/stage/volume/fast/pvc-provision.yaml",
            "kustomize/stage/volume/fast/pv-bind.yaml",
            "kustomize/stage/volume/fast/pvc-delete.yaml",
            "kustomize/stage/volume/fast/pv-delete.yaml",
        ],
    )],
};

/// helm's Kubernetes libraries are others than the control plane's: a module of its own.
const HELM: Recipe = Recipe {
    name: "helm",
    module: include_str!("../helm/go.mod"),
    sums: include_str!("../helm/go.sum"),
    folder: "tests/cluster/helm",
    variables: &[],
    programs: &[("helm", "helm.sh/helm/v4/cmd/helm")],
    texts: &[],
};

/// The paths of all programs that a control plane consists of.
#[derive(Clone, Debug)]
pub struct Binaries {
    pub etcd: PathBuf,
    pub kube_apiserver: PathBuf,
    pub kubectl: PathBuf,
    pub kube_controller_manager: PathBuf,
    pub kube_scheduler: PathBuf,
    pub kwok: PathBuf,
    /// The life cycles of nodes, pods and volumes that kwok plays, from kwok's own module.
    pub kwok_stages: PathBuf,
}

/// The control plane's programs; builds what is not there.
pub fn control_plane() -> Result<&'static Binaries, String> {
    static FOUND: OnceLock<Result<Binaries, String>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let assets = std::env::var_os("KUBEBUILDER_ASSETS")
            .filter(|value| !value.is_empty())
            .map(PathBuf::from);
        find(assets.as_deref(), &cache::folder()?, Path::new("go"))
    });
    found.as_ref().map_err(Clone::clone)
}

/// The `helm` program; builds it if it is not there.
pub fn helm() -> Result<PathBuf, String> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    FOUND.get_or_init(|| HELM.provide("helm", &cache::folder()?, Path::new("go"))).clone()
}

/// Looks in `assets` first and builds with `go` into `cache` what it lacks.
pub fn find(assets: Option<&Path>, cache: &Path, go: &Path) -> Result<Binaries, String> {
    let find =
        |file: &str| match assets.map(|folder| folder.join(file)).filter(|path| path.exists()) {
            Some(path) => Ok(path),
            None => CONTROL_PLANE.provide(file, cache, go),
        };
    Ok(Binaries {
        etcd: find("etcd")?,
        kube_apiserver: find("kube-apiserver")?,
        kubectl: find("kubectl")?,
        kube_controller_manager: find("kube-controller-manager")?,
        kube_scheduler: find("kube-scheduler")?,
        kwok: find("kwok")?,
        kwok_stages: find("kwok-stages.yaml")?,
    })
}
