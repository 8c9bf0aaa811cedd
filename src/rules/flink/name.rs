//! `flink/name`

use crate::resource::metadata_text;
use crate::rules::words::shown;
use crate::rules::{Findings, Level, Rule, Subject};

/// Names of Flink clusters that the operator refuses.
pub static RULE: Rule = Rule {
    id: "flink/name",
    level: Level::Error,
    since: "0.1.0",
    title: "Names of Flink clusters",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("name.md"),
    check,
};

/// The longest name that the operator accepts.
const LONGEST: usize = 45;

/// As many characters as the API server appends to `generateName`.
const GENERATED: &str = "xxxxx";

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    if subject.operators_cluster().is_some() {
        cluster(subject, findings);
    } else if let Some(job) = subject.session_job() {
        let name = job.text("/deploymentName");
        if name.is_some_and(is_valid) {
            return;
        }
        let finding = findings.at(job.at("/deploymentName"));
        finding.help("set `spec.deploymentName` to the name of a session cluster".to_owned());
        match name {
            Some(name) => finding.message(invalid(name)).found(name),
            None => finding.message("the session job has no `deploymentName`"),
        };
    }
}

/// The name of a FlinkDeployment, and of those that a FlinkBlueGreenDeployment is made into.
fn cluster(subject: &Subject<'_>, findings: &mut Findings) {
    let name = subject.resource.name_in(subject.object);
    if name.is_empty() {
        let prefix = metadata_text(subject.object, "generateName");
        if !prefix.is_empty() && !is_valid_prefix(prefix) {
            findings
                .at("/metadata/generateName")
                .message(format!(
                    "no name with the prefix `{}` is valid for a Flink cluster",
                    shown(prefix)
                ))
                .help(help(LONGEST.saturating_sub(GENERATED.len())))
                .found(prefix);
        }
        return;
    }
    let children = &subject.workload.children;
    let (message, longest) = match children.iter().find(|child| !is_valid(child)) {
        Some(child) => {
            let ending = child.len().saturating_sub(name.len());
            let message = format!(
                "the operator would create a FlinkDeployment `{}`, which is not a valid name",
                shown(child)
            );
            (message, LONGEST.saturating_sub(ending))
        }
        None if children.is_empty() && !is_valid(name) => (invalid(name), LONGEST),
        None => return,
    };
    findings.at("/metadata/name").message(message).help(help(longest)).found(name);
}

fn invalid(name: &str) -> String {
    format!("`{}` is not a valid name for a Flink cluster", shown(name))
}

fn help(longest: usize) -> String {
    format!(
        "use at most {longest} lowercase letters, digits and hyphens, with a letter first and no hyphen last"
    )
}

fn is_valid_prefix(prefix: &str) -> bool {
    is_valid(&format!("{prefix}{GENERATED}"))
}

fn is_valid(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    name.len() <= LONGEST
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
        && name.bytes().all(inner)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::is_valid;

    #[test]
    fn names_are_what_the_operator_accepts() {
        for name in ["a", "etl", "a-1", "a--b", &"a".repeat(45)] {
            assert!(is_valid(name), "{name}");
        }
        for name in ["", "1a", "-a", "a-", "Etl", "a.b", "a_b", "é", &"a".repeat(46)] {
            assert!(!is_valid(name), "{name}");
        }
    }
}
