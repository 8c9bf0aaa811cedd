//! Names of clusters: the operator makes Services, ConfigMaps and labels of them.

use super::{Declared, Found, Subject, shown};
use crate::resource::{Resource, metadata_text};
use serde_json::Value;

/// The longest name that the operator takes.
const LONGEST: usize = 45;

/// Letters that the API server adds to `generateName`.
const GENERATED: &str = "xxxxx";

const HELP: &str = "use lower case letters, digits and hyphens, a letter first and no hyphen last, 45 characters at most";

/// The name of a FlinkDeployment, and of those that a FlinkBlueGreenDeployment is made into.
pub(super) fn cluster(
    declared: &Declared<'_>,
    resource: &Resource,
    object: &Value,
    found: &mut Found,
) {
    let name = resource.name_in(object);
    if name.is_empty() {
        let prefix = metadata_text(object, "generateName");
        if !prefix.is_empty() && !is_valid(&format!("{prefix}{GENERATED}")) {
            let message =
                format!("no name that begins with `{}` is one for a Flink cluster", shown(prefix));
            found.tell_with_help(Subject::Name, "/metadata/generateName", message, HELP);
        }
        return;
    }
    match declared.workload.children.iter().find(|child| !is_valid(child)) {
        Some(child) => {
            let message = format!(
                "the operator makes a FlinkDeployment `{}` of this, which is no name for a Flink cluster",
                shown(child)
            );
            let ending = child.len().saturating_sub(name.len());
            let help = format!("{HELP}: {} are left for this name", LONGEST.saturating_sub(ending));
            found.tell_with_help(Subject::Name, "/metadata/name", message, help);
        }
        None if declared.workload.children.is_empty() && !is_valid(name) => {
            found.tell_with_help(
                Subject::Name,
                "/metadata/name",
                format!("`{}` is no name for a Flink cluster", shown(name)),
                HELP,
            );
        }
        None => {}
    }
}

/// The cluster that a FlinkSessionJob names.
pub(super) fn session_cluster(declared: &Declared<'_>, found: &mut Found) {
    let place = || declared.at("/deploymentName");
    match declared.text("/deploymentName") {
        None => found.tell_with_help(
            Subject::Name,
            place(),
            "the job names no session cluster",
            "write in spec.deploymentName the name of a FlinkDeployment without a job",
        ),
        Some(name) if !is_valid(name) => {
            found.tell_with_help(
                Subject::Name,
                place(),
                format!("`{}` is no name for a Flink cluster", shown(name)),
                HELP,
            );
        }
        Some(_) => {}
    }
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
    fn names_are_what_the_operator_takes() {
        for name in ["a", "etl", "a-1", "a--b", &"a".repeat(45)] {
            assert!(is_valid(name), "{name}");
        }
        for name in ["", "1a", "-a", "a-", "Etl", "a.b", "a_b", "é", &"a".repeat(46)] {
            assert!(!is_valid(name), "{name}");
        }
    }
}
