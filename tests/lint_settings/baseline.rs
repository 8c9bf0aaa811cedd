//! Findings that are known.

use crate::folder::{Folder, ONLY, harmless, privileged, tenant};
use serde_json::Value;

const FLAGS: [&str; 6] = [
    "--tenants",
    "tenant.yaml",
    "--select",
    "security/privileged",
    "--select",
    "quota/exceeded,lint/*",
];

fn folder(quota: u32) -> Folder {
    let quota = format!("  quota: {{hard: {{cpu: {quota}}}}}\n");
    Folder::new(&[
        ("tenant.yaml", &tenant("t", &quota)),
        ("jobs/a.yaml", &privileged("a")),
        ("jobs/b.yaml", &harmless("b")),
    ])
}

fn lint(folder: &Folder, args: &[&str]) -> (i32, Vec<String>, usize) {
    let (status, report) = folder.lint(&[&FLAGS, args].concat());
    let suppressed = report["suppressed"].as_array().map_or(0, Vec::len);
    (status, crate::folder::lines(&report["findings"]), suppressed)
}

#[test]
fn known_findings_are_not_reported() {
    let folder = folder(1);
    assert_eq!(lint(&folder, &["jobs"]).0, 1);
    let run =
        folder.run(&[&["lint", "jobs", "--write-baseline", "known.json"], &FLAGS[..]].concat());
    assert_eq!(
        (run.status, run.out.as_str()),
        (0, "no findings (2 in the baseline) in 2 objects of 2 files\n")
    );
    let baseline: Value = serde_json::from_str(&folder.read("known.json")).unwrap();
    assert_eq!(baseline["findings"].as_array().unwrap().len(), 2);
    assert!(!folder.read("known.json").contains("jobs"), "{baseline}");
    assert_eq!(lint(&folder, &["jobs", "--baseline", "known.json"]), (0, vec![], 2));
    folder.write(".flinkgate.yaml", "baseline: known.json\n");
    assert_eq!(lint(&folder, &["jobs"]), (0, vec![], 2));

    // Lines move, folders get other names, numbers change.
    std::fs::rename(folder.path().join("jobs"), folder.path().join("team")).unwrap();
    let moved = format!("# moved\n\n{}", privileged("a").replace("cpu: 1", "cpu: 3"));
    folder.write(
        "team/a.yaml",
        &moved.replace("      containers:\n", "      containers:\n      - name: other\n"),
    );
    assert_eq!(lint(&folder, &["team"]), (0, vec![], 2));

    // Another object, and the same one twice.
    folder.write("team/c.yaml", &privileged("c"));
    assert_eq!(
        lint(&folder, &["team"]),
        (1, vec!["team/c.yaml:12 error security/privileged".into()], 2)
    );
    folder.write("team/c.yaml", &privileged("a"));
    assert_eq!(
        lint(&folder, &["team"]),
        (1, vec!["team/c.yaml:12 error security/privileged".into()], 2)
    );
}

#[test]
fn entries_without_a_finding_are_reported_and_removed() {
    let folder = folder(99);
    let args = [&["lint", "jobs", "--write-baseline", "known.json"], &FLAGS[..]].concat();
    assert_eq!(folder.run(&args).status, 0);
    folder.write("jobs/a.yaml", &harmless("a"));
    let with = ["jobs", "--baseline", "known.json"];
    assert_eq!(lint(&folder, &with), (0, vec![], 0));
    let (status, unused, _) = lint(&folder, &[&with[..], &["--report-unused"]].concat());
    assert_eq!((status, unused), (0, vec!["known.json:5 warning lint/unused".into()]));
    assert_eq!(folder.run(&args).status, 0);
    assert_eq!(lint(&folder, &[&with[..], &["--report-unused"]].concat()), (0, vec![], 0));
    assert_eq!(
        serde_json::from_str::<Value>(&folder.read("known.json")).unwrap()["findings"],
        serde_json::json!([])
    );
}

#[test]
fn what_is_no_baseline_is_an_error() {
    let folder = Folder::new(&[
        ("a.yaml", &privileged("a")),
        ("list.json", "[]"),
        ("later.json", r#"{"version": 2, "findings": []}"#),
        ("broken/b.yaml", "apiVersion: v1\nkind: [\n"),
    ]);
    for (file, expected) in [
        ("gone.json", "failed to read the baseline `gone.json`"),
        ("list.json", "`list.json` is not a baseline"),
        ("later.json", "has version 2"),
    ] {
        let refused = folder.refused(&["lint", "a.yaml", "--baseline", file]);
        assert!(refused.contains(expected), "{refused}");
    }
    // What cannot be read would be missing in it.
    let refused =
        folder.refused(&[&["lint", "broken", "--write-baseline", "new.json"], &ONLY[..]].concat());
    assert!(
        refused.contains("`new.json` is not written") && !folder.path().join("new.json").exists()
    );
}
