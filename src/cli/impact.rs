//! `flinkgate impact`: the living clusters that have values of an earlier spec of their tenant.

use super::args::{TenantArgs, TextOrJson};
use super::{Exit, Outcome, terminal};
use crate::cluster::impact::{self, ComparedTenant, ImpactError, StoredTenant};
use crate::pipeline::{Gate, Unassigned};
use crate::report::impact as report;
use crate::tenant::Tenant;
use anyhow::Context;
use kube::{Client, Config};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for a connection to the API server.
const CONNECT: Duration = Duration::from_secs(10);

const HELP: &str =
    "Exit status: 0 no such cluster, 1 such clusters, 2 could not run. Clusters that can only grow
beyond the quota are listed too, and do not change it.

Examples:
  flinkgate impact --tenant payments
  What a planned change would mean for the clusters that run:
    flinkgate impact --tenants tenants/payments.yaml";

/// Arguments of `flinkgate impact`.
///
/// The kubeconfig, or in a pod its service account, names the cluster. The user needs `list` of
/// FlinkTenants, and `get` of FlinkTenantLedgers and of the objects that declare clusters.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Args {
    /// Only this tenant
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// Only clusters in this namespace
    #[arg(long, short, value_name = "NS")]
    namespace: Option<String>,
    #[command(flatten)]
    planned: TenantArgs,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    format: TextOrJson,
}

/// Runs the command.
///
/// # Errors
/// When the cluster cannot be read, or a file of tenants is invalid.
pub fn run(args: Args) -> Outcome {
    // Wrong files end the command before it asks the cluster.
    let planned = planned(&args.planned.tenants)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("failed to start the runtime")?;
    let is_planned = planned.is_some();
    let impacts = runtime.block_on(read(&args, planned))?;
    terminal::print(&match args.format {
        TextOrJson::Text => report::text(&impacts, is_planned),
        TextOrJson::Json => report::json(&impacts, is_planned)?,
    })?;
    let is_any = impacts.iter().any(|tenant| !tenant.clusters.is_empty());
    Ok(if is_any { Exit::Findings } else { Exit::Fine })
}

/// The tenants of the files; `None` without files.
fn planned(files: &[PathBuf]) -> anyhow::Result<Option<Vec<Arc<Tenant>>>> {
    if files.is_empty() {
        return Ok(None);
    }
    let (gate, warnings) = Gate::load(files, &[], Unassigned::default())?;
    super::gate::warn(&gate, &warnings);
    Ok(Some(gate.tenants().iter().cloned().collect()))
}

async fn read(
    args: &Args,
    planned: Option<Vec<Arc<Tenant>>>,
) -> anyhow::Result<Vec<report::TenantImpact>> {
    let mut config = Config::infer().await.context(
        "no cluster: set KUBECONFIG to a readable file, or run in a pod with a service account's token",
    )?;
    config.connect_timeout = Some(CONNECT);
    let client = Client::try_from(config).context("the kubeconfig cannot be used")?;
    let stored = impact::tenants(&client).await?;
    let is_wanted = |name: &str| args.tenant.as_deref().is_none_or(|only| only == name);
    let compared: Vec<ComparedTenant> = match planned {
        None => {
            let stored = stored.into_iter().filter(|tenant| is_wanted(&tenant.name));
            stored.map(StoredTenant::in_force).collect::<Result<_, _>>()?
        }
        Some(planned) => {
            let clusters = |name: &str| {
                let stored = stored.iter().find(|tenant| tenant.name == name);
                stored.map_or(0, |tenant| tenant.clusters)
            };
            let planned = planned.iter().filter(|tenant| is_wanted(&tenant.name));
            let compared = |tenant: &Arc<Tenant>| ComparedTenant {
                name: tenant.name.clone(),
                spec: tenant.spec.clone(),
                clusters: clusters(&tenant.name),
            };
            planned.map(compared).collect()
        }
    };
    if let (Some(only), []) = (&args.tenant, compared.as_slice()) {
        if args.planned.tenants.is_empty() {
            Err(ImpactError::NoTenant(only.clone()))?;
        }
        anyhow::bail!("the files of `--tenants` have no FlinkTenant `{only}`");
    }
    let mut impacts = Vec::new();
    for tenant in &compared {
        impacts.push(impact::of_tenant(&client, tenant, args.namespace.as_deref()).await?);
    }
    Ok(impacts)
}
