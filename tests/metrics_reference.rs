//! `docs/reference/metrics.md` lists every metric that `/metrics` serves, in the words of its help
//! text. `UPDATE_DOCS=1 cargo test --test metrics_reference` writes it again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use flinkgate::admission::answer::{Decision, Webhook};
use flinkgate::telemetry::metrics::Metrics;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

const PAGE: &str = "docs/reference/metrics.md";

const INTRODUCTION: &str = "# Metrics

`flinkgate serve` serves these metrics at `/metrics` on its health port (`--health-bind`), in the
OpenMetrics text format. Prometheus scrapes them as they are. Labels have few, fixed values: text
that users choose never becomes a label.

| Metric | Type | Labels | Meaning |
|---|---|---|---|
";

/// Name → type, labels, help.
fn table() -> String {
    let metrics = Metrics::default();
    metrics.answered(
        Webhook::Validate,
        "Pod",
        "CREATE",
        Decision::Admitted,
        Duration::from_millis(1),
    );
    let text = metrics.text();
    let (mut help, mut types) = (BTreeMap::new(), BTreeMap::new());
    let mut labels: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in text.lines() {
        if let Some((name, words)) =
            line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' '))
        {
            help.insert(name, words.trim_end_matches('.'));
        } else if let Some((name, kind)) =
            line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' '))
        {
            types.insert(name, kind);
        } else if let Some((name, rest)) = line.split_once('{') {
            let base = ["_total", "_bucket", "_sum", "_count"]
                .iter()
                .find_map(|suffix| name.strip_suffix(suffix))
                .unwrap_or(name);
            let pairs = rest.split_once('}').unwrap().0.split(',');
            let keys = pairs.filter_map(|pair| Some(pair.split_once('=')?.0));
            labels.entry(base).or_default().extend(keys.filter(|key| *key != "le"));
        }
    }
    let mut out = INTRODUCTION.to_owned();
    for (name, words) in help {
        let kind = types[name];
        let suffix = if kind == "counter" { "_total" } else { "" };
        let labels: Vec<String> =
            labels.get(name).into_iter().flatten().map(|label| format!("`{label}`")).collect();
        writeln!(out, "| `{name}{suffix}` | {kind} | {} | {words} |", labels.join(", ")).unwrap();
    }
    out
}

#[test]
fn the_page_lists_every_metric() {
    let table = table();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(PAGE, &table).unwrap();
    }
    let page = fs::read_to_string(PAGE).unwrap();
    assert_eq!(page, table, "{PAGE} is old: UPDATE_DOCS=1 cargo test --test metrics_reference");
}

#[test]
fn names_follow_the_conventions_of_prometheus() {
    let rows = table();
    for row in rows.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let (name, kind, help) = (cells[1].trim_matches('`'), cells[2], cells[4]);
        assert!(name.starts_with("flinkgate_"), "{name}");
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b"_0123456789".contains(&b)));
        assert_eq!(kind == "counter", name.ends_with("_total"), "{name}");
        if kind == "histogram" || name.contains("timestamp") {
            assert!(name.ends_with("_seconds"), "{name} has no unit");
        }
        assert!(help.len() > 10 && help.chars().next().unwrap().is_uppercase(), "{name}: {help}");
    }
}
