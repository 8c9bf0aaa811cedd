//! A folder with files, and the binary in it.

use assert_cmd::Command;
use serde_json::Value;
use std::path::Path;

pub struct Folder(tempfile::TempDir);

pub struct Run {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Folder {
    pub fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        // The root of a repository, above which nothing is looked for.
        std::fs::create_dir(folder.path().join(".git")).unwrap();
        files.iter().for_each(|(name, text)| folder.write(name, text));
        folder
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap()
    }

    pub fn run(&self, args: &[&str]) -> Run {
        self.run_in("", args, "")
    }

    pub fn run_in(&self, folder: &str, args: &[&str], stdin: &str) -> Run {
        let output = Command::cargo_bin("flinkgate")
            .unwrap()
            .args(args)
            .current_dir(self.path().join(folder))
            .env("NO_COLOR", "1")
            .write_stdin(stdin)
            .output()
            .unwrap();
        Run {
            status: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// `lint --format json` with its exit status.
    pub fn lint(&self, args: &[&str]) -> (i32, Value) {
        let run = self.run(&[&["lint", "--format", "json"], args].concat());
        let report = serde_json::from_str(&run.out)
            .unwrap_or_else(|error| panic!("{error}: {} {}", run.out, run.err));
        (run.status, report)
    }

    /// `FILE:LINE LEVEL RULE` of each finding.
    pub fn findings(&self, args: &[&str]) -> Vec<String> {
        lines(&self.lint(args).1["findings"])
    }

    /// The same with the exit status, which is 2 here, and what is printed as errors.
    pub fn refused(&self, args: &[&str]) -> String {
        let run = self.run(args);
        assert_eq!(run.status, 2, "{args:?}: {} {}", run.out, run.err);
        run.err
    }

    pub fn git(&self, args: &[&str]) {
        let output = std::process::Command::new("git")
            .args([
                "-c",
                "user.name=a",
                "-c",
                "user.email=a@example.com",
                "-c",
                "commit.gpgsign=false",
            ])
            .args(args)
            .current_dir(self.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

pub fn lines(findings: &Value) -> Vec<String> {
    let line = |finding: &Value| {
        let text = |key: &str| finding[key].as_str().unwrap().to_owned();
        format!("{}:{} {} {}", text("file"), finding["line"], text("level"), text("rule"))
    };
    findings.as_array().map(|all| all.iter().map(line).collect()).unwrap_or_default()
}

/// A FlinkDeployment whose container is privileged in line 12.
pub fn privileged(name: &str) -> String {
    format!(
        "apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata: {{name: {name}, namespace: b}}
spec:
  flinkVersion: v1_20
  image: flink:1.20
  serviceAccount: flink
  podTemplate:
    spec:
      containers:
      - name: flink-main-container
        securityContext: {{privileged: true}}
  jobManager: {{resource: {{cpu: 1, memory: 2048m}}}}
  taskManager: {{resource: {{cpu: 1, memory: 2048m}}}}
  job: {{jarURI: \"local:///opt/flink/usrlib/a.jar\", parallelism: 1, upgradeMode: stateless}}
"
    )
}

/// The same without the mistake.
pub fn harmless(name: &str) -> String {
    privileged(name).replace("{privileged: true}", "{runAsNonRoot: true}")
}

/// Flags by which only the mistake of [`privileged`], and what is wrong with suppressions, counts.
pub const ONLY: [&str; 4] = ["--select", "security/privileged", "--select", "lint/*"];

/// A tenant that owns namespace `b`.
pub fn tenant(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: flinkgate.dev/v1alpha1\nkind: FlinkTenant\nmetadata: {{name: {name}}}\nspec:\n  \
         namespaces: {{names: [b]}}\n{spec}"
    )
}
