//! `flinkgate serve`: the webhook server and its health port, with its configuration from [`files`]
//! or from a [`cluster`].

mod cluster;
mod files;

use super::{Exit, Outcome};
use crate::cluster::operator_config::ConfigMapName;
use crate::pipeline::Unassigned;
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

/// How often files are looked at for changes.
const RELOAD: Duration = Duration::from_millis(1_500);
/// How long a certificate holds that nobody keeps: longer than a process lives.
const OWN_CERTIFICATE_DAYS: u32 = 3_650;

/// What has to be there before the server is ready, with configuration from files and from a
/// cluster.
const FROM_FILES: [&str; 3] = ["certificate", "policies", "listener"];
/// See [`FROM_FILES`].
const IN_CLUSTER: [&str; 5] = ["certificate", "policies", "tenants", "namespaces", "listener"];

/// Arguments of `flinkgate serve`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Address of the webhooks (TLS); port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "0.0.0.0:9443")]
    bind: SocketAddr,
    /// Address of /healthz, /readyz and /metrics (plain HTTP)
    #[arg(long, value_name = "ADDR", default_value = "0.0.0.0:8081")]
    health_bind: SocketAddr,
    /// Take FlinkTenants, FlinkPolicies and Namespaces from the cluster that KUBECONFIG or the
    /// pod's service account names
    #[arg(long)]
    cluster: bool,
    /// Flinkgate's own namespace, where its Lease and Secret are
    #[arg(long, value_name = "NS", default_value = "flinkgate-system", requires = "cluster")]
    namespace: String,
    /// Files or folders with FlinkTenants; reloaded when they change
    #[arg(long, value_name = "PATH", conflicts_with = "cluster")]
    tenants: Vec<PathBuf>,
    /// Files or folders with more rules; reloaded when they change
    #[arg(long, value_name = "PATH")]
    policies: Vec<PathBuf>,
    /// The Flink operator's own configuration (config.yaml, flink-conf.yaml, or the ConfigMap with
    /// one), whose defaults hold for what an object does not say; reloaded when it changes
    #[arg(long, value_name = "FILE", conflicts_with = "cluster")]
    operator_config: Option<PathBuf>,
    /// The same from the operator's ConfigMap in the cluster, most often flink-operator-config in
    /// the operator's namespace
    #[arg(long, value_name = "NS/NAME", requires = "cluster")]
    operator_config_map: Option<ConfigMapName>,
    /// What happens to Flink in a namespace of no tenant
    #[arg(long, value_name = "CHOICE", value_enum, default_value_t)]
    unassigned: Unassigned,
    /// Certificate chain (PEM); reloaded when it changes. Without it Flinkgate makes its own; with
    /// --cluster it keeps that in the Secret flinkgate-tls, and its CA in both webhook
    /// configurations
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Private key (PEM) of the certificate
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Serve only clients with a certificate (PEM) of an authority in this file; reloaded when it
    /// changes
    #[arg(long, value_name = "FILE")]
    client_ca: Option<PathBuf>,
    /// And with this common name; may be given several times
    #[arg(long, value_name = "CN", requires = "client_ca")]
    client_name: Vec<String>,
    /// One more name or address in the certificate that Flinkgate makes; the same for all replicas
    #[arg(long, value_name = "NAME", conflicts_with = "tls_cert")]
    tls_san: Vec<String>,
    /// Where to write the CA of the certificate that Flinkgate makes, for `curl --cacert` and
    /// `webhooks --ca`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["tls_cert", "cluster"])]
    tls_ca_out: Option<PathBuf>,
    /// error, warn, info, debug, trace, or a filter such as flinkgate=debug; RUST_LOG goes before
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    log_level: String,
    /// How log lines look
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    log_format: logs::Format,
}

impl Args {
    /// Whether the certificate is the one in the Secret that replicas share.
    fn keeps_certificate(&self) -> bool {
        self.cluster && self.tls_cert.is_none()
    }
}

/// Runs the command.
///
/// # Errors
/// When it could not run.
pub fn run(args: Args) -> Outcome {
    logs::start(&args.log_level, args.log_format)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let outcome = runtime.block_on(serve(args));
    runtime.shutdown_timeout(Duration::from_secs(1));
    outcome
}

async fn serve(args: Args) -> Outcome {
    let metrics = Arc::new(Metrics::default());
    let mut signal = tokio::spawn(shutdown::signal());
    let health_listener = bind(args.health_bind, "--health-bind").await?;
    let health_at = health_listener.local_addr()?;
    // The health port answers from the beginning, so that who waits sees for what, and to the very
    // end, so that probes see "not ready" instead of nothing.
    let mut names = if args.cluster { IN_CLUSTER.to_vec() } else { FROM_FILES.to_vec() };
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
        let reviewer = files::load(&args, &health, &metrics)?;
        (router::router(reviewer, Arc::clone(&metrics)), None)
    };
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
    let candidate = cluster.map(|cluster| cluster.stand(&args, &certificate, &health, &metrics));
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
    // Another replica leads while this one answers what is still sent to it.
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

/// The given certificate, watched for changes, or one of our own.
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
    tracing::info!(
        ca_sha256 = made.ca_sha256,
        "no --tls-cert: serving a certificate of our own making"
    );
    if let Some(path) = &args.tls_ca_out {
        std::fs::write(path, &made.ca_pem)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    metrics.certificate_expiry.set(serving.not_after_seconds());
    health.set("certificate", true, format!("our own, valid until {}", serving.not_after_text()));
    Ok(CurrentCertificate::new(serving))
}
