//! What a branch added.

use crate::folder::{Folder, ONLY, harmless, privileged};

const FLAGS: [&str; 6] =
    ["--select", "security/privileged", "--select", "user/*,lint/*", "--policies", "owner.rego"];
const POLICY: &str = "package owner\nimport rego.v1\ndeny contains \"no owner\" if not input.object.metadata.labels.owner\n";
const OLD: &str = "metadata: {name: a, namespace: b}";

/// `jobs/a.yaml` has a finding already, `jobs/b.yaml` has none.
fn repository() -> Folder {
    let folder = Folder::new(&[]);
    std::fs::remove_dir(folder.path().join(".git")).unwrap();
    folder.git(&["init", "-q", "-b", "main"]);
    let owned = harmless("b").replace("namespace: b", "namespace: b, labels: {owner: x}");
    let known = privileged("a").replace("namespace: b", "namespace: b, labels: {owner: x}");
    folder.write("jobs/a.yaml", &known);
    folder.write("jobs/b.yaml", &owned);
    folder.write("owner.rego", POLICY);
    folder.git(&["add", "."]);
    folder.git(&["commit", "-q", "-m", "one"]);
    folder.git(&["checkout", "-q", "-b", "branch"]);
    folder
}

fn added(folder: &Folder) -> Vec<String> {
    folder.findings(&[&FLAGS[..], &[".", "--diff-base", "main"]].concat())
}

#[test]
fn only_what_a_branch_adds_is_reported() {
    let folder = repository();
    assert_eq!(folder.findings(&FLAGS), ["jobs/a.yaml:12 error security/privileged"]);
    assert_eq!(added(&folder), [""; 0]);
    // A new file, not committed.
    folder.write(
        "jobs/c.yaml",
        &privileged("c").replace("namespace: b", "namespace: b, labels: {owner: x}"),
    );
    assert_eq!(added(&folder), ["jobs/c.yaml:12 error security/privileged"]);
    folder.git(&["add", "."]);
    folder.git(&["commit", "-q", "-m", "two"]);
    assert_eq!(added(&folder), ["jobs/c.yaml:12 error security/privileged"]);
    // A changed line of a known finding, and a changed line near it.
    let text = folder.read("jobs/a.yaml");
    folder.write("jobs/a.yaml", &text.replace("parallelism: 1", "parallelism: 2"));
    assert_eq!(added(&folder), ["jobs/c.yaml:12 error security/privileged"]);
    folder.write(
        "jobs/a.yaml",
        &text.replace("{privileged: true}", "{privileged: true, runAsUser: 1}"),
    );
    assert_eq!(added(&folder)[0], "jobs/a.yaml:12 error security/privileged");
    // What is removed makes a finding at a line that did not change.
    folder.write(
        "jobs/a.yaml",
        &text.replace(
            "\nmetadata: {name: a, namespace: b, labels: {owner: x}}",
            "\nmetadata:\n  name: a\n  namespace: b",
        ),
    );
    let found = added(&folder);
    assert!(found.iter().any(|line| line.ends_with("user/owner")), "{found:?}");
    assert!(
        !found.iter().any(|line| line.starts_with("jobs/a.yaml") && line.contains("privileged")),
        "{found:?}"
    );
}

#[test]
fn a_removed_line_makes_a_finding_of_its_object() {
    let folder = repository();
    let long = privileged("a")
        .replace(OLD, "metadata:\n  name: a\n  namespace: b\n  labels:\n    owner: x\n    app: x");
    folder.write("jobs/a.yaml", &long);
    folder.git(&["commit", "-q", "-a", "-m", "long"]);
    folder.git(&["branch", "-f", "main"]);
    folder.write("jobs/a.yaml", &long.replace("    owner: x\n", ""));
    let found = added(&folder);
    assert!(found.len() == 1 && found[0].ends_with("user/owner"), "{found:?}");
}

#[test]
fn renamed_files_are_not_new() {
    let folder = repository();
    folder.git(&["mv", "jobs", "team"]);
    assert_eq!(added(&folder), [""; 0]);
    let text = folder.read("team/a.yaml");
    folder.write(
        "team/a.yaml",
        &format!("# moved\n{}", text.replace("parallelism: 1", "parallelism: 2")),
    );
    std::fs::rename(folder.path().join("team/a.yaml"), folder.path().join("team/x.yaml")).unwrap();
    assert_eq!(added(&folder), [""; 0]);
    folder.write("team/y.yaml", &text.replace("name: a,", "name: y,"));
    assert_eq!(added(&folder), ["team/y.yaml:12 error security/privileged"]);
}

#[test]
fn what_others_added_to_the_base_does_not_count() {
    let folder = repository();
    folder.git(&["checkout", "-q", "main"]);
    let fixed = folder.read("jobs/a.yaml").replace("{privileged: true}", "{runAsNonRoot: true}");
    folder.write("jobs/a.yaml", &fixed);
    folder.git(&["commit", "-q", "-a", "-m", "fixed"]);
    folder.git(&["checkout", "-q", "branch"]);
    assert_eq!(added(&folder), [""; 0]);
    // From a folder below the root, and by other names of the revision.
    for revision in ["main", "refs/heads/main", "main~1", "HEAD"] {
        let run = folder.run_in(
            "jobs",
            &["lint", "--diff-base", revision, "--select", "security/privileged"],
            "",
        );
        assert_eq!(run.status, 0, "{revision}: {} {}", run.out, run.err);
    }
}

#[test]
fn suppressions_and_sums_count_as_what_they_are() {
    let folder = repository();
    let text = folder.read("jobs/b.yaml");
    folder.write("jobs/b.yaml", &format!("{text}# flinkgate: allow a/b -- x\n"));
    assert_eq!(added(&folder), ["jobs/b.yaml:16 error lint/suppression"]);
}

#[test]
fn a_base_that_cannot_be_used_is_an_error() {
    let none = Folder::new(&[("a.yaml", &harmless("a"))]);
    std::fs::remove_dir(none.path().join(".git")).unwrap();
    let refused = none.refused(&[&["lint", "--diff-base", "main"], &ONLY[..]].concat());
    assert!(refused.contains("needs a git repository"), "{refused}");

    let folder = repository();
    let refused = folder.refused(&["lint", "--diff-base", "gone"]);
    assert!(
        refused.contains("git knows no revision `gone`")
            && refused.contains("git fetch origin BRANCH"),
        "{refused}"
    );
    folder.git(&["commit", "-q", "--allow-empty", "-m", "two"]);
    let origin = format!("file://{}", folder.path().display());
    folder.git(&["clone", "-q", "--depth", "1", &origin, "clone"]);
    let run = folder.run_in("clone", &["lint", "--diff-base", "origin/main"], "");
    assert!(run.status == 2 && run.err.contains("shallow clone"), "{}", run.err);
    folder.git(&["checkout", "-q", "--orphan", "other"]);
    folder.git(&["commit", "-q", "-m", "other"]);
    let refused = folder.refused(&["lint", "--diff-base", "main"]);
    assert!(refused.contains("no common commit"), "{refused}");
}
