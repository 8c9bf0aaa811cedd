//! Links in a folder lead `lint` nowhere but into its folders.
#![cfg(unix)]

use assert_cmd::Command;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

const SECRET: &str = "hunter2-canary";
const GOOD: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";

/// The status and all output of a command.
fn run(arguments: &[&str], folder: &Path) -> (i32, String) {
    let output = Command::cargo_bin("flinkgate")
        .unwrap()
        .args(arguments)
        .env("CANARY", SECRET)
        .current_dir(folder)
        .timeout(std::time::Duration::from_secs(30))
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn links_out_of_the_folder_are_reported_and_not_read() {
    let root = tempfile::tempdir().unwrap();
    let (inside, outside) = (root.path().join("in"), root.path().join("out"));
    fs::create_dir_all(&inside).unwrap();
    fs::create_dir_all(&outside).unwrap();
    fs::write(inside.join("good.yaml"), GOOD).unwrap();
    fs::write(outside.join("secret.yaml"), format!("password: {SECRET}: {{")).unwrap();
    symlink("/proc/self/environ", inside.join("environ.yaml")).unwrap();
    symlink("../out/secret.yaml", inside.join("secret.yaml")).unwrap();
    symlink("../out", inside.join("folder")).unwrap();
    symlink("environ.yaml", inside.join("twice.yaml")).unwrap();
    for command in ["lint", "render", "size", "input"] {
        for format in [&["in"][..], &["./in/"], &["in/../in"]] {
            let (status, text) = run(&[&[command], format].concat(), root.path());
            assert!(!text.contains(SECRET), "{command}: {text}");
            assert_eq!(status, 2, "{command}: {text}");
            for name in ["environ.yaml", "secret.yaml", "twice.yaml", "folder"] {
                assert!(text.contains(name), "{command} {name}: {text}");
            }
            assert!(text.contains("leads out of the given folders"), "{command}: {text}");
        }
    }
    // Tools name every file of a commit.
    let (status, text) = run(&["lint", "environ.yaml", "good.yaml", "secret.yaml"], &inside);
    assert!(status == 2 && !text.contains(SECRET), "{text}");
    assert_eq!(text.matches("leads out of the given folders").count(), 2, "{text}");
    let folder = inside.to_str().unwrap();
    for option in ["--tenants", "--policies"] {
        symlink("/proc/self/environ", inside.join("environ.rego")).ok();
        let (status, text) = run(&["lint", "in/good.yaml", option, folder], root.path());
        assert!(status == 2 && !text.contains(SECRET), "{option}: {text}");
    }
}

#[test]
fn special_files_are_reported_and_not_opened() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("good.yaml"), GOOD).unwrap();
    assert!(
        std::process::Command::new("mkfifo")
            .arg(root.path().join("pipe.yaml"))
            .status()
            .unwrap()
            .success()
    );
    symlink("/dev/zero", root.path().join("zero.yaml")).unwrap();
    symlink("pipe.yaml", root.path().join("link.yaml")).unwrap();
    let (status, text) = run(&["lint", "."], root.path());
    assert_eq!(status, 2, "{text}");
    for name in ["pipe.yaml", "zero.yaml", "link.yaml"] {
        assert!(text.contains(name), "{text}");
    }
    assert!(text.contains("not a regular file"), "{text}");
}

#[test]
fn links_within_the_folders_and_named_files_are_read() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path();
    // As the kubelet mounts a ConfigMap.
    fs::create_dir_all(folder.join("mount/..2026_11_22")).unwrap();
    fs::write(folder.join("mount/..2026_11_22/a.yaml"), GOOD).unwrap();
    symlink("..2026_11_22", folder.join("mount/..data")).unwrap();
    symlink("..data/a.yaml", folder.join("mount/a.yaml")).unwrap();
    // Shared manifests of two environments, both given.
    fs::create_dir_all(folder.join("base")).unwrap();
    fs::create_dir_all(folder.join("prod")).unwrap();
    fs::write(folder.join("base/b.yaml"), GOOD).unwrap();
    symlink("../base/b.yaml", folder.join("prod/b.yaml")).unwrap();
    symlink("../base", folder.join("prod/all")).unwrap();
    symlink("base/b.yaml", folder.join("named.yaml")).unwrap();
    symlink("prod", folder.join("current")).unwrap();
    for paths in [&["mount"][..], &["prod", "base"], &["named.yaml"], &["current", "base"], &["."]]
    {
        let (status, text) = run(&[&["lint"], paths].concat(), folder);
        assert_eq!(status, 0, "{paths:?}: {text}");
    }
    // Standard input by its name, and a pipe of the shell.
    let output = Command::cargo_bin("flinkgate")
        .unwrap()
        .args(["lint", "/dev/stdin"])
        .write_stdin(GOOD)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
}
