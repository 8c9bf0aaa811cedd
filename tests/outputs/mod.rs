//! Every output of `lint` names objects of kinds that run nothing themselves: session jobs, snapshots,
//! Services and PodDisruptionBudgets.

use assert_cmd::Command;
use serde_json::Value;

const FILE: &str = "tests/data/outputs/kinds.yaml";

/// Level, rule, place and object of each finding of the file.
const FINDINGS: [(&str, &str, u64, &str, &str); 6] = [
    ("warning", "flink/session-job", 6, "FlinkSessionJob x/clicks", "/spec/job/jarURI"),
    ("error", "flink/size", 6, "FlinkSessionJob x/clicks", "/spec/job/parallelism"),
    (
        "error",
        "flink/invalid-value",
        7,
        "FlinkSessionJob x/clicks",
        "/spec/flinkConfiguration/execution.checkpointing.interval",
    ),
    ("error", "storage/checkpoint-dir", 14, "FlinkStateSnapshot x/snap-*", "/spec/savepoint/path"),
    ("error", "network/rest-exposure", 19, "Service x/etl-rest", "/spec/type"),
    (
        "warning",
        "scheduling/disruption-budget",
        24,
        "PodDisruptionBudget x/etl",
        "/spec/minAvailable",
    ),
];

fn output(format: &str) -> String {
    let arguments =
        ["lint", "--format", format, "--tenants", "tests/data/outputs/tenant.yaml", FILE];
    let output = Command::cargo_bin("flinkgate").unwrap().args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn json(format: &str) -> Value {
    serde_json::from_str(&output(format)).unwrap()
}

fn text<'v>(value: &'v Value, place: &str) -> &'v str {
    value.pointer(place).and_then(Value::as_str).unwrap_or_default()
}

#[test]
fn json_names_each_object() {
    let report = json("json");
    assert_eq!(report["objects"], 5);
    let found = report["findings"].as_array().unwrap();
    assert_eq!(found.len(), FINDINGS.len());
    for (finding, (level, rule, line, object, pointer)) in found.iter().zip(FINDINGS) {
        let of = &finding["object"];
        let name =
            format!("{} {}/{}", text(of, "/kind"), text(of, "/namespace"), text(of, "/name"));
        assert_eq!(
            (text(finding, "/level"), text(finding, "/rule"), finding["line"].as_u64().unwrap()),
            (level, rule, line)
        );
        assert_eq!((name.as_str(), text(finding, "/pointer")), (object, pointer));
        assert_eq!(finding["tenant"], "t");
    }
    assert!(report.to_string().contains("`spec.savepoint.path` is `tmp/x`"));
}

#[test]
fn sarif_names_each_object() {
    let report = json("sarif");
    let run = &report["runs"][0];
    let found = run["results"].as_array().unwrap();
    assert_eq!(found.len(), FINDINGS.len());
    for (result, (level, rule, line, object, pointer)) in found.iter().zip(FINDINGS) {
        let location = &result["locations"][0];
        assert_eq!((text(result, "/level"), text(result, "/ruleId")), (level, rule));
        assert_eq!(location["physicalLocation"]["region"]["startLine"], line);
        let name = text(location, "/logicalLocations/0/fullyQualifiedName");
        assert_eq!(name, format!("{object}{pointer}"));
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], rule);
    }
}

#[test]
fn github_and_gitlab_point_at_each_line() {
    let github = output("github");
    let gitlab = json("gitlab");
    let is_annotation = |line: &&str| line.starts_with("::") && !line.contains("group::");
    let lines: Vec<&str> = github.lines().filter(is_annotation).collect();
    let issues = gitlab.as_array().unwrap();
    assert_eq!((lines.len(), issues.len()), (FINDINGS.len(), FINDINGS.len()));
    for (issue, (level, rule, line, ..)) in issues.iter().zip(FINDINGS) {
        let start = format!("::{level} file={FILE},line={line},");
        let title = format!("title={rule}::");
        let is_shown = |line: &&str| line.starts_with(&start) && line.contains(&title);
        assert!(lines.iter().any(is_shown), "{start} {title}: {github}");
        assert_eq!(text(issue, "/check_name"), rule);
        assert_eq!(text(issue, "/location/path"), FILE);
        assert_eq!(issue["location"]["lines"]["begin"], line);
    }
    // Two findings of one line have fingerprints of their own.
    let mut prints: Vec<&str> = issues.iter().map(|issue| text(issue, "/fingerprint")).collect();
    prints.sort_unstable();
    prints.dedup();
    assert_eq!(prints.len(), FINDINGS.len());
}

#[test]
fn junit_has_a_test_for_each_object() {
    let report = output("junit");
    assert!(report.contains("tests=\"5\" skipped=\"0\" failures=\"3\" errors=\"0\""), "{report}");
    for (_, rule, line, object, _) in FINDINGS {
        assert!(report.contains(&format!("testcase name=\"{object}\"")), "{object}\n{report}");
        assert!(report.contains(&format!("{FILE}:{line}:")) && report.contains(rule), "{report}");
    }
}
