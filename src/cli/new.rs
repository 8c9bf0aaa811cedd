//! `flinkgate new`: files to begin with.

use super::{Exit, Outcome, terminal};
use anyhow::{Context, ensure};
use std::path::PathBuf;

const EXAMPLES: &str = "Examples:
  Begin a policy, and run its tests:
    flinkgate new policy team-label
    flinkgate test team-label/

  Try it on an object:
    flinkgate lint --policies team-label/ team-label/example.yaml";

/// Arguments of `flinkgate new`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Begin a policy: a rule with metadata, its tests and an example that it reports
    Policy(PolicyArgs),
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
struct PolicyArgs {
    /// Name in lower case with hyphens, which becomes the rule `user/NAME`
    #[arg(value_name = "NAME")]
    name: String,
    /// Folder in which the folder NAME is made
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// When the name is none, or the folder exists or cannot be written.
pub fn run(args: Args) -> Outcome {
    let What::Policy(PolicyArgs { name, dir }) = args.what;
    let is_word = |word: &str| {
        !word.is_empty()
            && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    ensure!(
        name.split('-').all(is_word) && name.starts_with(|first: char| first.is_ascii_lowercase()),
        "`{name}` is not a name of a policy: write it in lower case with hyphens, such as `team-label`"
    );
    let folder = dir.join(&name);
    std::fs::create_dir_all(&dir).with_context(|| format!("failed to make `{}`", dir.display()))?;
    std::fs::create_dir(&folder)
        .with_context(|| format!("failed to make the folder `{}`", folder.display()))?;
    let package = name.replace('-', "_");
    let mut written = String::new();
    for (file, text) in [
        (format!("{name}.rego"), POLICY),
        (format!("{name}_test.rego"), TESTS),
        ("example.yaml".to_owned(), EXAMPLE),
    ] {
        let path = folder.join(file);
        let text = text.replace("NAME", &name).replace("PACKAGE", &package);
        std::fs::write(&path, text)
            .with_context(|| format!("failed to write `{}`", path.display()))?;
        written += &format!("{}\n", path.display());
    }
    terminal::print(&written)?;
    Ok(Exit::Fine)
}

const POLICY: &str = r#"# METADATA
# title: Team label
# description: |
#   Say here what the rule wants, and why.
# custom:
#   id: user/NAME
#   level: error
#   help: set `metadata.labels.team`, for example to `payments`
#   bad: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl, namespace: payments}
#     spec: {}
#   good: |
#     apiVersion: flink.apache.org/v1beta1
#     kind: FlinkDeployment
#     metadata: {name: etl, namespace: payments, labels: {team: payments}}
#     spec: {}
package user.PACKAGE

import rego.v1

# `flinkgate input FILE` shows what `input` holds.
applies if input.flink.declaresCluster

team := object.get(input.object.metadata, ["labels", "team"], "")

deny contains finding if {
	applies
	team == ""
	finding := {
		"msg": "the label `team` is missing",
		"path": ["metadata", "labels", "team"],
	}
}
"#;

const TESTS: &str = r#"package user.PACKAGE_test

import rego.v1

import data.user.PACKAGE

cluster(labels) := {
	"object": {"metadata": {"name": "etl", "labels": labels}},
	"flink": {"declaresCluster": true},
}

test_a_cluster_without_the_label_is_reported if {
	some finding in PACKAGE.deny with input as cluster({})
	finding.msg == "the label `team` is missing"
}

test_a_cluster_with_the_label_is_accepted if {
	count(PACKAGE.deny) == 0 with input as cluster({"team": "payments"})
}

test_other_objects_are_not_judged if {
	count(PACKAGE.deny) == 0 with input as {"object": {"metadata": {}}, "flink": {"declaresCluster": false}}
}
"#;

const EXAMPLE: &str = "# The policy reports this object.
apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata:
  name: etl
  namespace: payments
spec:
  image: registry.example.com/flink/etl:1.4.2
  flinkVersion: v1_20
  serviceAccount: flink
  jobManager: {resource: {cpu: 1, memory: 2048m}}
  taskManager: {resource: {cpu: 1, memory: 4096m}}
  job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
";
