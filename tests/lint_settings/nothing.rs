//! A run that checks nothing is an error.

use crate::folder::{Folder, harmless};

#[test]
fn nothing_to_check_is_an_error() {
    let folder = Folder::new(&[
        ("empty/x.txt", ""),
        ("values.yaml", "replicas: 1\n"),
        ("a.yaml", &harmless("a")),
        ("tests/x_test.rego", "package x_test\n"),
        ("package.json", "{\"name\": \"x\", \"version\": \"1.0.0\"}\n"),
        ("none.yaml", "# nothing\n"),
        ("map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: b}\n"),
    ]);
    for (args, expected) in [
        (&["empty"][..], "no Kubernetes objects in `empty`"),
        (&["values.yaml"], "no Kubernetes objects in `values.yaml`"),
        (&["a.yaml", "--exclude", "a.yaml"], "no Kubernetes objects"),
        (&["a.yaml", "--policies", "empty"], "no policies in `empty`"),
        (
            &["a.yaml", "--policies", "library/naming", "--policies", "tests"],
            "no policies in `tests`",
        ),
        (
            &["a.yaml", "--operator-config", "package.json"],
            "`package.json` is not a configuration of the Flink operator",
        ),
        (
            &["a.yaml", "--operator-config", "a.yaml"],
            "`a.yaml` is not a configuration of the Flink operator",
        ),
        (&["a.yaml", "--operator-config", "none.yaml"], "`none.yaml` is not a configuration"),
        (&["a.yaml", "--operator-config", "map.yaml"], "`map.yaml` is not a configuration"),
    ] {
        let refused = folder.refused(&[&["lint"], args].concat());
        assert!(refused.contains(expected), "{args:?}: {refused}");
        let allowed =
            folder.run(&[&["lint", "--allow-empty", "--fail-on", "never"], args].concat());
        assert_eq!(allowed.status, 0, "{args:?}: {}", allowed.err);
    }
    folder.write(".flinkgate.yaml", "allowEmpty: true\n");
    assert_eq!(folder.run(&["lint", "empty"]).status, 0);
}

/// `helm template | flinkgate lint -`, where Helm fails.
#[test]
fn empty_standard_input_is_an_error() {
    let folder = Folder::new(&[("a.yaml", &harmless("a"))]);
    for stdin in ["", "\n\n", "---\n# Source: x\n---\n"] {
        for args in
            [&["lint", "-"][..], &["lint", "a.yaml", "-"], &["lint", "-", "--fail-on", "never"]]
        {
            let run = folder.run_in("", args, stdin);
            assert_eq!(run.status, 2, "{args:?} {stdin:?}: {}", run.err);
            assert!(run.err.contains("standard input has no document"), "{}", run.err);
        }
        assert_eq!(folder.run_in("", &["lint", "-", "--allow-empty"], stdin).status, 0);
    }
    assert_eq!(folder.run_in("", &["lint", "-", "--fail-on", "never"], &harmless("a")).status, 0);
}
