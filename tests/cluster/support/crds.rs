//! The custom resource definitions of Flink's operators and of Flinkgate.

use super::access::Access;
use super::flinkgate;
use super::wait::until;
use ::flinkgate::resource::files::list_files;
use ::flinkgate::resource::yaml;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

/// The project's own, compact definitions.
const OWN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cluster/crds");

/// Installs Flink's definitions (see [`flink`]) and `flinkgate crds`, and waits until the API
/// server serves them.
pub fn install(admin: &Access) {
    let mut manifests = flink();
    manifests.push(flinkgate::output(&["crds"]));
    // Server-side: the operator's own definitions are too large for kubectl's annotation.
    let applied = admin.apply(&manifests.join("\n---\n"));
    let names = applied.lines().filter_map(|line| line.split_whitespace().next());
    let wait = [
        &["wait", "--for=condition=Established", "--timeout=60s"],
        names.collect::<Vec<_>>().as_slice(),
    ]
    .concat();
    // One that has no conditions at all yet is an error to kubectl.
    until("the definitions are served", || admin.try_kubectl(&wait, ""));
}

/// The definitions in the folder `FLINK_CRDS`, and the project's own for kinds that it does not
/// have.
fn flink() -> Vec<String> {
    let given = std::env::var_os("FLINK_CRDS").filter(|value| !value.is_empty()).map(PathBuf::from);
    let files = list_files(
        &given.into_iter().chain([PathBuf::from(OWN)]).collect::<Vec<_>>(),
        &["yml", "yaml"],
    )
    .unwrap();
    let texts = files.iter().map(|file| fs::read_to_string(file).unwrap());
    let mut found = BTreeSet::new();
    texts.filter(|text| found.insert(name(text))).collect()
}

/// The definition's name, `<plural>.<group>`.
fn name(manifest: &str) -> String {
    let documents = yaml::parse(manifest);
    let name = documents.first().and_then(|document| {
        document.value.as_ref()?.pointer("/metadata/name")?.as_str().map(str::to_owned)
    });
    name.unwrap_or_else(|| panic!("not a custom resource definition: {manifest}"))
}
