//! What the gate says of every recorded review: nothing that Flink or its operator wrote is in the way of an empty spec.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use flinkgate::admission::answer::{Answer, Decision};
use flinkgate::admission::review::Review;
use flinkgate::pipeline::{Gate, Unassigned};
use std::fmt::Write;
use std::path::{Path, PathBuf};

fn gate(tenant: &Path) -> Gate {
    Gate::load(&[tenant.to_owned()], &[], Unassigned::Warn).unwrap().0
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/recorded")
}

fn said(answer: &Answer) -> String {
    let mut text = answer.decision().as_str().to_owned();
    if let Some(patch) = &answer.patch {
        write!(text, " {} operations", patch.0.len()).unwrap();
    }
    for rule in answer.rules() {
        write!(text, " {rule}").unwrap();
    }
    text
}

/// One line a review: what the mutating webhook says, and the validating one of the patched object.
fn lines(gate: &Gate) -> String {
    let mut files: Vec<PathBuf> = walkdir::WalkDir::new(root()).into_iter().map(|entry| entry.unwrap().into_path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    assert!(files.len() > 100);
    let mut lines = String::new();
    for file in files {
        let body = std::fs::read(&file).unwrap();
        let mut resource = Review::parse(&body).unwrap().resource().unwrap();
        let mutated = gate.mutate(&resource);
        if let Some(patch) = &mutated.patch {
            json_patch::patch(&mut resource.object, patch).unwrap();
        }
        let validated = gate.validate(&resource);
        assert_eq!(mutated.failed_evaluations() + validated.failed_evaluations(), 0, "{}", file.display());
        if validated.decision() == Decision::Refused {
            assert!(validated.findings.iter().all(|finding| !finding.message.is_empty()));
        }
        let name = file.strip_prefix(root()).unwrap().with_extension("");
        writeln!(lines, "{}: mutate {}; validate {}", name.display(), said(&mutated), said(&validated)).unwrap();
    }
    lines
}

#[test]
fn a_tenant_with_an_empty_spec_lets_flink_and_its_operator_work() {
    let folder = tempfile::tempdir().unwrap();
    let tenant = folder.path().join("tenant.yaml");
    let text =
        "apiVersion: flinkgate.dev/v1alpha1\nkind: FlinkTenant\nmetadata: {name: payments}\nspec: {namespaces: {names: [payments-prod]}}\n";
    std::fs::write(&tenant, text).unwrap();
    insta::assert_snapshot!(lines(&gate(&tenant)));
}

#[test]
fn a_strict_tenant_patches_and_refuses_by_its_rules() {
    let tenant = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/tenants/payments.yaml");
    insta::assert_snapshot!(lines(&gate(&tenant)));
}
