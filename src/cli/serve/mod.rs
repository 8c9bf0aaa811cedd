//! `flinkgate serve`: the webhook server and its health port, with its configuration from [`files`]
//! or from a [`cluster`].

mod callers;
mod cluster;
mod files;

use super::args::{OperatorArgs, OperatorUserArgs, PolicyArgs, TenantArgs, UnassignedArgs};
use super::{Exit, Outcome};
use crate::cluster::controllers::tenants::operator_config::ConfigMapName;
use crate::flink::requester::OperatorUsers;
use crate::server::callers::{Callers, guard};
use crate::server::certificate::{self, Serving};
use crate::server::client_ca::ClientCa;
use crate::server::health::{self, Health};
use crate::server::port::{self, Limits, Port};
use crate::server::reload::{self, Files};
use crate::server::router;
use crate::server::shutdown::{self, Phase};
use crate::server::tls::{self, CurrentCertificate};
use crate::telemetry::logs;
use crate::telemetry::metrics::Metrics;
use anyhow::Context;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// Interval between checks of files for changes.
const RELOAD: Duration = Duration::from_millis(1_500);
/// Validity of a certificate that is not renewed: longer than a process runs.
const OWN_CERTIFICATE_DAYS: u32 = 3_650;

/// What the server waits for before it is ready, with configuration from files.
const FROM_FILES: [&str; 3] = ["certificate", "policies", "listener"];
/// The same, with configuration from a cluster.
const IN_CLUSTER: [&str; 5] = ["certificate", "policies", "tenants", "namespaces", "listener"];

/// Arguments of `flinkgate serve`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Tenants, policies, certificates and the operator's configuration are reloaded when they change."
)]
pub struct Args {
    /// Address of the webhooks (HTTPS); port 0 means any free port
    #[arg(long, value_name = "ADDR", default_value = "0.0.0.0:9443")]
    bind: SocketAddr,
    /// Address of `/healthz`, `/readyz` and `/metrics` (HTTP)
    #[arg(long, value_name = "ADDR", default_value = "0.0.0.0:8081")]
    health_bind: SocketAddr,
    /// Read FlinkTenants, FlinkPolicies and Namespaces from a Kubernetes cluster
    ///
    /// `KUBECONFIG` names the cluster; in a pod it is the cluster of the pod.
    #[arg(long, conflicts_with_all = ["tenants", "operator_config"])]
    cluster: bool,
    /// Namespace of Flinkgate, for its Lease and its Secret
    #[arg(long, value_name = "NS", default_value = "flinkgate-system", requires = "cluster")]
    namespace: String,
    #[command(flatten)]
    tenants: TenantArgs,
    #[command(flatten)]
    policies: PolicyArgs,
    #[command(flatten)]
    unassigned: UnassignedArgs,
    #[command(flatten)]
    operator: OperatorArgs,
    #[command(flatten)]
    operator_users: OperatorUserArgs,
    /// ConfigMap with the configuration of the Flink operator
    ///
    /// Usually `flink-operator-config` in the operator's namespace. Options that an object does not
    /// set have the values of this ConfigMap.
    #[arg(long, value_name = "NS/NAME", requires = "cluster")]
    operator_config_map: Option<ConfigMapName>,
    /// Certificate chain (PEM) of the webhooks
    ///
    /// Without it, Flinkgate creates a certificate. With `--cluster`, replicas share it in the Secret
    /// `flinkgate-tls`, and Flinkgate writes its CA to both webhook configurations.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Private key (PEM) of the certificate
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Accept only clients with a certificate from a CA in this file (PEM)
    #[arg(long, value_name = "FILE")]
    client_ca: Option<PathBuf>,
    /// Accept only client certificates with this common name; can be repeated
    #[arg(long, value_name = "CN", requires = "client_ca")]
    client_name: Vec<String>,
    /// Accept only clients that send a token of this file in the path, such as `/validate/TOKEN`
    ///
    /// One token on each line; `webhooks --path-token-file` prints the first one. Without it, the
    /// leader of `--cluster` makes a token, and writes it to both webhook configurations.
    #[arg(long, value_name = "FILE", conflicts_with = "client_ca")]
    path_token_file: Option<PathBuf>,
    /// Restore webhook configurations that differ from what `flinkgate webhooks` prints
    ///
    /// Configurations that Helm, Argo CD or Flux manages are only reported.
    #[arg(long, requires = "cluster")]
    repair_webhooks: bool,
    /// Additional name or address in the certificate that Flinkgate creates; can be repeated
    ///
    /// All replicas need the same names.
    #[arg(long, value_name = "NAME", conflicts_with = "tls_cert")]
    tls_san: Vec<String>,
    /// File to write the CA of the created certificate to, for `curl --cacert` and `webhooks --ca`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["tls_cert", "cluster"])]
    tls_ca_out: Option<PathBuf>,
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `flinkgate=debug`
    ///
    /// The environment variable `RUST_LOG` takes precedence.
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    log_level: String,
    /// Log format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    log_format: logs::Format,
}

impl Args {
    /// The users of the operators.
    fn operator_users(&self) -> OperatorUsers {
        let namespace = self.operator_config_map.as_ref().map(|name| name.namespace.as_str());
        OperatorUsers::given(&self.operator_users.operator_user, namespace)
    }

    /// Whether replicas share the certificate in a Secret.
    fn keeps_certificate(&self) -> bool {
        self.cluster && self.tls_cert.is_none()
    }

    /// Whether only processes on this machine reach the webhooks.
    fn is_loopback(&self) -> bool {
        self.bind.ip().to_canonical().is_loopback()
    }
}

/// Runs the command.
///
/// # Errors
/// When the server cannot start.
pub fn run(args: Args) -> Outcome {
    let logs = logs::start(&args.log_level, args.log_format)?;
    let metrics = Arc::new(Metrics::default());
    metrics.observe_log(logs.dropped.clone());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let outcome = runtime.block_on(serve(args, metrics));
    runtime.shutdown_timeout(Duration::from_secs(1));
    outcome
}

async fn serve(args: Args, metrics: Arc<Metrics>) -> Outcome {
    let mut signal = tokio::spawn(shutdown::signal());
    let health_listener = bind(args.health_bind, "--health-bind").await?;
    let health_at = health_listener.local_addr()?;
    // The health port answers from the start until the end: it says what the server waits for, and
    // probes see "not ready" instead of a refused connection.
    let mut names = if args.cluster { IN_CLUSTER.to_vec() } else { FROM_FILES.to_vec() };
    let makes_token = args.cluster && args.client_ca.is_none() && args.path_token_file.is_none();
    names.extend(makes_token.then_some("path-token"));
    names.extend(args.operator_config_map.as_ref().map(|_| "operator-config"));
    let health = Health::waiting_for(&names);
    let limits = Limits { connections: 64, ..Limits::default() };
    let plain = Port {
        tls: None,
        router: health::router(Arc::clone(&health), Arc::clone(&metrics)),
        limits,
        open: Default::default(),
    };
    let (health_phase, health_watched) = watch::channel(Phase::Serving);
    let plain = tokio::spawn(port::serve(health_listener, plain, health_watched));

    let certificate = if args.keeps_certificate() {
        CurrentCertificate::waiting()
    } else {
        take_certificate(&args, &health, &metrics)?
    };
    let clients = match &args.client_ca {
        Some(path) => {
            Some(ClientCa::load(path.clone(), args.client_name.clone()).context("--client-ca")?)
        }
        None => None,
    };
    let (callers, token_source) = callers::of(&args, &health)?;
    let (router, cluster) = if args.cluster {
        tracing::info!(health = %health_at, "waiting for the cluster's configuration");
        let mut cluster = cluster::start(&args, &health, &metrics).await?;
        let reviewer = tokio::select! {
            reviewer = cluster.reviewer(&args.namespace) => reviewer?,
            signal = &mut signal => {
                signal?.context("cannot listen for signals")?;
                return Ok(Exit::Fine);
            }
        };
        (router::router(reviewer, Arc::clone(&metrics)), Some(cluster))
    } else {
        let reserves = args.is_loopback() || !matches!(callers, Callers::Anyone);
        let reviewer = files::load(&args, reserves, &health, &metrics)?;
        (router::router(reviewer, Arc::clone(&metrics)), None)
    };
    let router = guard(router, callers, Arc::clone(&metrics));
    let webhook_listener = bind(args.bind, "--bind").await?;
    let webhooks_at = webhook_listener.local_addr()?;

    let (phase, watched) = watch::channel(Phase::Serving);
    let acceptor = TlsAcceptor::from(match clients {
        None => tls::server_config(Arc::clone(&certificate))?,
        Some(clients) => {
            tokio::spawn(Arc::clone(&clients).watch(RELOAD));
            tls::mutual_config(Arc::clone(&certificate), clients)?
        }
    });
    let candidate =
        cluster.map(|cluster| cluster.stand(&args, token_source, &certificate, &health, &metrics));
    let webhooks = Port {
        tls: Some(acceptor),
        router,
        limits: Limits::default(),
        open: metrics.connections.clone(),
    };
    let webhooks = tokio::spawn(port::serve(webhook_listener, webhooks, watched));
    health.set("listener", true, format!("webhooks on {webhooks_at}"));
    tracing::info!(webhooks = %webhooks_at, health = %health_at, version = env!("CARGO_PKG_VERSION"), "listening");

    signal.await?.context("cannot listen for signals")?;
    // Another replica becomes the leader while this one answers the last requests.
    let hand_over = async {
        if let Some(candidate) = candidate {
            candidate.leave().await;
        }
    };
    tokio::join!(shutdown::leave(&phase, &health, shutdown::GRACE), hand_over);
    webhooks.await?;
    health_phase.send_replace(Phase::Closing);
    let _ = tokio::time::timeout(Duration::from_secs(1), plain).await;
    tracing::info!("stopped");
    Ok(Exit::Fine)
}

async fn bind(address: SocketAddr, flag: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}: choose another address with {flag}"))
}

/// Loads the given certificate and follows its files, or creates one.
fn take_certificate(
    args: &Args,
    health: &Arc<Health>,
    metrics: &Arc<Metrics>,
) -> anyhow::Result<Arc<CurrentCertificate>> {
    if let (Some(certificate), Some(key)) = (&args.tls_cert, &args.tls_key) {
        let files = Files { certificate: certificate.clone(), key: key.clone() };
        let serving = files.load().with_context(|| {
            format!("certificate {} with key {}", certificate.display(), key.display())
        })?;
        let current = CurrentCertificate::new(serving);
        tokio::spawn(reload::watch(
            files,
            RELOAD,
            Arc::clone(&current),
            Arc::clone(health),
            Arc::clone(metrics),
        ));
        return Ok(current);
    }
    let made =
        certificate::development(&args.tls_san, OWN_CERTIFICATE_DAYS).context("--tls-san")?;
    let serving = Serving::from_pem(made.certificate_pem.as_bytes(), made.key_pem.as_bytes())?;
    tracing::info!(ca_sha256 = made.ca_sha256, "created a certificate, `--tls-cert` is not set");
    if let Some(path) = &args.tls_ca_out {
        std::fs::write(path, &made.ca_pem)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    metrics.certificate_expiry.set(serving.not_after_seconds());
    health.set(
        "certificate",
        true,
        format!("created at start, valid until {}", serving.not_after_text()),
    );
    Ok(CurrentCertificate::new(serving))
}
