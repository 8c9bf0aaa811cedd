//! What a change of a tenant means for its living clusters: as text, and as JSON.
//!
//! Values are shown without secrets, as in every report.

use super::counted;
use crate::flink::Workload;
use crate::flink::redaction::{self, Secrets};
use crate::quota::ledger::ObjectRef;
use crate::tenant::OnChange;
use crate::tenant::changes::SpecChange;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The most letters of a value in text.
const LONGEST_VALUE: usize = 160;
/// The fields of the volume for state, which a living cluster keeps as a whole.
const VOLUME: [&str; 3] = ["storage", "checkpoints", "volume"];
/// The options that a tenant gives.
const OPTIONS: [&str; 2] = ["flink", "configuration"];

/// One tenant's clusters that have, or would have, values of an earlier spec.
#[derive(Clone, Debug, PartialEq)]
pub struct TenantImpact {
    /// The tenant.
    pub tenant: String,
    /// What its spec says of living clusters.
    pub on_change: OnChange,
    /// The clusters, by kind, namespace and name.
    pub clusters: Vec<ClusterImpact>,
    /// The clusters that can grow beyond the quota, likewise.
    pub growing: Vec<GrowingCluster>,
}

/// One cluster that can grow beyond the quota of its tenant without a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrowingCluster {
    /// The object that declares it.
    pub object: ObjectRef,
    /// How far, and beyond which limit.
    pub message: String,
    /// What would limit it.
    pub help: String,
}

/// One cluster that has values of an earlier spec.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterImpact {
    /// The object that declares it.
    pub object: ObjectRef,
    /// What differs; `None` where its spec was dropped from the record.
    pub changes: Option<Vec<ShownChange>>,
    /// The state that an update keeps.
    pub kept: KeptPlaces,
}

/// Where a cluster's state stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptPlaces {
    /// The claim, and the path where it is mounted.
    pub claim: Option<(String, String)>,
    /// Options with directories of state, and their values.
    pub directories: Vec<(String, String)>,
}

/// A changed field, with values that may be shown.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownChange {
    field: String,
    before: Option<Value>,
    after: Option<Value>,
    /// Whether an update keeps the earlier value.
    is_kept: bool,
}

impl ShownChange {
    /// The changes without secrets. `before` and `after` are the whole specs, which have the secrets.
    pub fn of(
        changes: &[SpecChange],
        [before, after]: [&Value; 2],
        kept: &mut KeptPlaces,
    ) -> Vec<Self> {
        let options = [before, after].into_iter().flat_map(options);
        let secrets = Secrets::of(after, Some(before), &Workload::default(), options);
        let shown = changes.iter().map(|change| {
            let key = change.path.last().map(String::as_str).unwrap_or_default();
            let value = |value: &Option<Value>| Some(shown(key, value.as_ref()?, &secrets));
            Self {
                field: change.field(),
                before: value(&change.before),
                after: value(&change.after),
                is_kept: kept.covers(&change.path),
            }
        });
        let shown = shown.collect();
        for (key, directory) in &mut kept.directories {
            *directory = text_without_secrets(key, directory, &secrets);
        }
        shown
    }
}

impl KeptPlaces {
    fn covers(&self, path: &[String]) -> bool {
        if path.iter().map(String::as_str).take(VOLUME.len()).eq(VOLUME) {
            return self.claim.is_some();
        }
        let is_option = path.iter().map(String::as_str).take(OPTIONS.len()).eq(OPTIONS);
        is_option && self.directories.iter().any(|(key, _)| Some(key) == path.last())
    }
}

/// The options that a spec gives, as text.
fn options(spec: &Value) -> impl Iterator<Item = (&str, String)> {
    ["defaults", "enforced"]
        .into_iter()
        .filter_map(|list| spec.get("flink")?.get("configuration")?.get(list)?.as_object())
        .flatten()
        .map(|(key, value)| (key.as_str(), plain(value)))
}

/// A text as it is, another value as JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn text_without_secrets(key: &str, text: &str, secrets: &Secrets) -> String {
    let text = redaction::value(key, text);
    secrets.hide(&text).unwrap_or_else(|| text.into_owned())
}

fn shown(key: &str, value: &Value, secrets: &Secrets) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter();
            fields.map(|(key, value)| (key.clone(), shown(key, value, secrets))).collect()
        }
        Value::Array(elements) => elements.iter().map(|one| shown(key, one, secrets)).collect(),
        Value::String(text) => text_without_secrets(key, text, secrets).into(),
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            let text = value.to_string();
            let shown = text_without_secrets(key, &text, secrets);
            if shown == text { value.clone() } else { shown.into() }
        }
    }
}

/// The report for people. `is_planned`: of a change that is not in force.
pub fn text(tenants: &[TenantImpact], is_planned: bool) -> String {
    let mut out = String::new();
    for TenantImpact { tenant, on_change, clusters, growing } in tenants {
        let have = match (is_planned, clusters.len()) {
            (true, _) => "would have",
            (false, 1) => "has",
            (false, _) => "have",
        };
        let count = counted(clusters.len(), "cluster");
        let _ = writeln!(out, "tenant {tenant}: {count} {have} values of an earlier spec");
        for cluster in clusters {
            write_cluster(&mut out, cluster);
        }
        if *on_change == OnChange::Enforce && !clusters.is_empty() {
            out.push_str(
                "  `onChange` is `Enforce`: replacements of their pods must meet the new spec\n",
            );
        }
        if !growing.is_empty() {
            let count = counted(growing.len(), "cluster");
            let can = if is_planned { "could" } else { "can" };
            let _ = writeln!(out, "tenant {tenant}: {count} {can} grow beyond the quota");
        }
        for GrowingCluster { object, message, help } in growing {
            let _ = writeln!(out, "  {object}\n    {message}\n    help: {help}");
        }
    }
    if tenants.iter().any(|tenant| !tenant.clusters.is_empty()) {
        out.push_str(
            "help: a cluster gets the new values with the next update of its spec, see docs/tenant-changes.md\n",
        );
    }
    out
}

fn write_cluster(out: &mut String, cluster: &ClusterImpact) {
    let _ = writeln!(out, "  {}", cluster.object);
    match &cluster.changes {
        None => out.push_str("    its spec is no longer recorded\n"),
        Some(changes) => {
            for ShownChange { field, before, after, is_kept } in changes {
                let value = |value: &Option<Value>| match value {
                    None => "not set".to_owned(),
                    Some(value) => format!("`{}`", short(&plain(value))),
                };
                let kept = if *is_kept { ", an update keeps the earlier value" } else { "" };
                let _ = writeln!(out, "    {field}: {} -> {}{kept}", value(before), value(after));
            }
        }
    }
    if let Some((claim, path)) = &cluster.kept.claim {
        let _ = writeln!(out, "    an update keeps claim `{claim}` at `{path}`");
    }
    for (key, directory) in &cluster.kept.directories {
        let _ = writeln!(out, "    an update keeps `{key}: {}`", short(directory));
    }
}

/// The beginning of a long text.
fn short(text: &str) -> String {
    match text.char_indices().nth(LONGEST_VALUE) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The report for programs.
///
/// # Errors
/// Never: it has no maps with other keys than texts.
pub fn json(tenants: &[TenantImpact], is_planned: bool) -> Result<String, serde_json::Error> {
    let change = |change: &ShownChange| {
        json!({"field": change.field, "before": change.before, "after": change.after,
            "kept": change.is_kept})
    };
    let cluster = |cluster: &ClusterImpact| {
        let ObjectRef { kind, namespace, name } = &cluster.object;
        let changes = cluster.changes.as_ref();
        let changes: Option<Vec<Value>> =
            changes.map(|changes| changes.iter().map(change).collect());
        let KeptPlaces { claim, directories } = &cluster.kept;
        let claim = claim.as_ref().map(|(name, path)| json!({"name": name, "mountPath": path}));
        let directories: serde_json::Map<String, Value> =
            directories.iter().map(|(key, value)| (key.clone(), value.as_str().into())).collect();
        json!({"kind": kind, "namespace": namespace, "name": name, "changes": changes,
            "keeps": {"claim": claim, "directories": directories}})
    };
    let growing = |cluster: &GrowingCluster| {
        let GrowingCluster { object: ObjectRef { kind, namespace, name }, message, help } = cluster;
        json!({"kind": kind, "namespace": namespace, "name": name, "message": message, "help": help})
    };
    let tenants: Vec<Value> = tenants
        .iter()
        .map(|tenant| {
            let clusters: Vec<Value> = tenant.clusters.iter().map(cluster).collect();
            let growing: Vec<Value> = tenant.growing.iter().map(growing).collect();
            json!({"tenant": tenant.tenant, "onChange": tenant.on_change, "clusters": clusters,
                "growing": growing})
        })
        .collect();
    let report = json!({"version": 1, "planned": is_planned, "tenants": tenants});
    Ok(serde_json::to_string_pretty(&report)? + "\n")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::tenant::changes;

    #[test]
    fn no_value_shows_a_secret() {
        let configuration = |secret: &str| {
            json!({"flink": {"configuration": {
                "enforced": {"s3.secret-key": secret, "env.java.opts.all": format!("-Dx.password={secret} -Dy=1"),
                    "state.checkpoints.dir": format!("s3://user:{secret}@bucket/x")},
                "defaults": {"metrics.reporter.x.apikey": secret}}},
                "labels": {"url": format!("https://user:{secret}@host/?token={secret}")}})
        };
        let (before, after) = (configuration("hunter2-before"), configuration("hunter2-after"));
        let mut kept = KeptPlaces {
            directories: vec![(
                "state.checkpoints.dir".into(),
                "s3://user:hunter2-before@bucket/x".into(),
            )],
            ..KeptPlaces::default()
        };
        let changes =
            ShownChange::of(&changes::between(&before, &after), [&before, &after], &mut kept);
        assert_eq!(changes.len(), 5);
        let cluster = ClusterImpact {
            object: ObjectRef::new("FlinkDeployment", "prod", "etl"),
            changes: Some(changes),
            kept,
        };
        let tenants = [TenantImpact {
            tenant: "payments".into(),
            on_change: OnChange::Enforce,
            clusters: vec![cluster],
            growing: Vec::new(),
        }];
        for report in [text(&tenants, false), json(&tenants, true).unwrap()] {
            assert!(!report.contains("hunter2"), "{report}");
            assert!(report.contains("state.checkpoints.dir") && report.contains("bucket/x"));
        }
        assert!(text(&tenants, false).contains("an update keeps the earlier value"));
    }

    #[test]
    fn long_values_are_cut() {
        assert_eq!(short(&"ä".repeat(161)), format!("{}…", "ä".repeat(160)));
        assert_eq!(short("a"), "a");
    }
}
