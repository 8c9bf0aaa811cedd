//! Families of texts in YAML: within ConfigMaps and within the values of options.

use super::families::{Family, config_map, deployment, list, map};
use serde_json::{Map, json};

/// As in [`FAMILIES`](super::families::FAMILIES).
pub const FAMILIES: &[(&str, usize, Family)] = &[
    ("J aliases of a list", 10, |n| {
        config_map(&format!(
            "jobmanager.rpc.port: 1\nx: &a [{}]\ny: [{}]\n",
            "1, ".repeat(n),
            "*a, ".repeat(n)
        ))
    }),
    ("J aliases of a text", 10, |n| {
        config_map(&format!(
            "jobmanager.rpc.port: 1\nx: &a {}\ny: [{}]\n",
            "x".repeat(n),
            "*a, ".repeat(n)
        ))
    }),
    ("J aliases as keys", 10, |n| {
        config_map(&format!(
            "jobmanager.rpc.port: 1\nx: &a {}\ny: [{}]\n",
            "x".repeat(n),
            "{*a : 1}, ".repeat(n)
        ))
    }),
    // Deeper ones are refused.
    ("J anchors within anchors", 90, |n| {
        let depth = 90;
        let open: String = (0..depth).map(|i| format!("&a{i} [")).collect();
        config_map(&format!(
            "jobmanager.rpc.port: 1\nx: {open}{}{}\n",
            "1, ".repeat(n),
            "]".repeat(depth)
        ))
    }),
    ("J merges of the same fields", 10, |n| {
        config_map(&format!(
            "jobmanager.rpc.port: 1\nx: &a {{a: 1, b: 2}}\ny:\n{}",
            "  <<: *a\n".repeat(n)
        ))
    }),
    ("J merges of nothing into many fields", 50, |n| {
        config_map(&format!(
            "jobmanager.rpc.port: 1\nx: &a {{}}\ny:\n{}{}",
            (0..n).map(|i| format!("  k{i}: 1\n")).collect::<String>(),
            "  <<: *a\n".repeat(n)
        ))
    }),
    ("K config.yaml of another program", 500, |n| {
        config_map(&(0..n).map(|i| format!("k{i}: v\n")).collect::<String>())
    }),
    ("K flink-conf.yaml in several ConfigMap keys", 50, |n| {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"},
            "data": map(n, |i| json!(format!("taskmanager.numberOfTaskSlots: {i}\n")))})
    }),
    ("K state of the autoscaler", 200, |n| {
        let options: String = (0..n).map(|i| format!("  k{i}: v\n")).collect();
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "autoscaler-etl"},
            "data": {"configOverrides": format!("overrides:\n{options}"), "scalingHistory": "x".repeat(n)}})
    }),
    ("T maps in YAML", 200, |n| {
        let text = format!("{{{}}}", (0..n).map(|i| format!("k{i}: /m/{i}, ")).collect::<String>());
        let options = [
            "kubernetes.persistent-volume-claims",
            "kubernetes.secrets",
            "kubernetes.jobmanager.labels",
            "kubernetes.taskmanager.labels",
            "kubernetes.jobmanager.annotations",
            "kubernetes.taskmanager.annotations",
            "kubernetes.jobmanager.node-selector",
            "kubernetes.taskmanager.node-selector",
            "kubernetes.rest-service.annotations",
            "pipeline.jobvertex-parallelism-overrides",
            "pipeline.global-job-parameters",
        ];
        let options: Map<_, _> =
            options.iter().map(|option| ((*option).to_owned(), json!(text))).collect();
        deployment(json!({"flinkVersion": "v2_3", "flinkConfiguration": options}))
    }),
    ("T one map in YAML", 200, |n| {
        let text = format!("{{{}}}", (0..n).map(|i| format!("k{i}: /m/{i}, ")).collect::<String>());
        deployment(
            json!({"flinkVersion": "v2_3", "flinkConfiguration": {"kubernetes.secrets": text}}),
        )
    }),
    ("T lists in YAML", 200, |n| {
        let list = format!("[{}]", (0..n).map(|i| format!("a{i}, ")).collect::<String>());
        let maps = format!("[{}]", "{key: a, operator: Exists}, ".repeat(n));
        deployment(json!({"flinkVersion": "v2_3", "flinkConfiguration": {
            "kubernetes.taskmanager.tolerations": maps, "kubernetes.jobmanager.tolerations": maps,
            "kubernetes.env.secretKeyRef": maps, "external-resources": list, "metrics.reporters": list,
            "pipeline.jars": list, "pipeline.classpaths": list}}))
    }),
    ("T aliases in the value of an option", 10, |n| {
        let text = format!("{{a: &a [{}], b: [{}]}}", "1, ".repeat(n), "*a, ".repeat(n));
        deployment(
            json!({"flinkVersion": "v2_3", "flinkConfiguration": {"kubernetes.secrets": text}}),
        )
    }),
    ("T elements of a map and the map", 200, |n| {
        deployment(json!({"flinkVersion": "v2_3", "flinkConfiguration": {
            "kubernetes.secrets": map(n, |i| json!(format!("/m/{i}"))), "kubernetes": {"secrets": (0..n).map(|i| format!("k{i}:/n/{i},")).collect::<String>()}}}))
    }),
    ("T values in lists", 200, |n| {
        deployment(
            json!({"flinkConfiguration": {"pipeline.jars": list(n, |i| json!(format!("a{i}"))),
            "pipeline.classpaths": list(n, |i| json!([i]))}}),
        )
    }),
];

/// Texts in YAML that are small and whose values are not. The first one grows by powers, so that only its
/// limit is in proportion.
pub fn bombs() -> Vec<(&'static str, String)> {
    let deep: String = (0..100).map(|i| format!("&a{i} [")).collect();
    let levels: String = (1..9)
        .map(|i| format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 10].join(", ")))
        .collect();
    vec![
        ("ten times ten aliases", format!("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n{levels}")),
        ("a long text", format!("a: &a {}\nb: [{}]\n", "x".repeat(40_000), "*a, ".repeat(10_000))),
        (
            "a long key",
            format!("a: &a {}\nb: [{}]\n", "x".repeat(40_000), "{*a : 1}, ".repeat(4_000)),
        ),
        ("anchors in anchors", format!("a: {deep}{}{}\n", "1, ".repeat(25_000), "]".repeat(100))),
        (
            "one list many times",
            format!("a: &a [{}]\nb: [{}]\n", "1, ".repeat(13_000), "*a, ".repeat(10_000)),
        ),
        (
            "merges",
            format!(
                "a: &a {{{}}}\nb: [{}]\n",
                (0..4_000).map(|i| format!("k{i}: 1, ")).collect::<String>(),
                "{<<: *a}, ".repeat(4_000)
            ),
        ),
        (
            "merges into one mapping",
            format!("a: &a {{b: 1, c: 2}}\nb:\n{}", "  <<: *a\n".repeat(8_000)),
        ),
    ]
}

/// A text of this length without anchors.
pub fn plain(length: usize) -> String {
    format!("a: [{}]\n", "1, ".repeat(length / 3))
}
