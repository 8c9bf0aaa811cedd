//! Lists of names and patterns: entries that can match nothing, and stars without a meaning.

use super::Problems;
use super::forms::{Described, Form};
use crate::flink::image::{pattern_can_match, pattern_tag};
use crate::flink::location::{LocationFault, location_fault};
use crate::tenant::FlinkTenantSpec;

/// Reports entries that do not mean what they look like.
pub(super) fn check(spec: &FlinkTenantSpec, problems: &mut Problems) {
    locations(spec, problems);
    images(spec, problems);
    exact(spec, problems);
    with_stars(spec, problems);
    empty(spec, problems);
}

fn locations(spec: &FlinkTenantSpec, problems: &mut Problems) {
    for (index, location) in spec.storage.checkpoints.locations.iter().flatten().enumerate() {
        let Some(fault) = location_fault(location) else { continue };
        let scheme = location.split(':').next().unwrap_or_default().trim();
        let message = match fault {
            LocationFault::Empty => {
                "the location is empty: write a URI, such as `s3://bucket/directory`".to_owned()
            }
            LocationFault::NoBucket => format!(
                "`{location}` names no bucket, so no directory is below it: write the bucket, such as `{scheme}://bucket/`; for any place, remove `locations`"
            ),
            LocationFault::StarInBucket => format!(
                "`{location}` has a star, which no name of a bucket has, so no directory is below it: write one location for each bucket"
            ),
            LocationFault::Climbs => format!(
                "`{location}` climbs above its root, so no directory is below it: write it without `..`"
            ),
            LocationFault::Star => format!(
                "a star has no meaning in a location: `{}` allows everything below it",
                location.split('*').next().unwrap_or_default()
            ),
            LocationFault::Relative => format!(
                "`{location}` is a path in the pods' file system: write a URI with its scheme, such as `s3://{location}`, or a path with a slash at its start"
            ),
        };
        let place = format!("/storage/checkpoints/locations/{index}");
        if fault.matches_nothing() {
            problems.refuse(place, message);
        } else {
            problems.warn(place, message);
        }
    }
    for (index, path) in spec.storage.zoo_keeper_paths.iter().flatten().enumerate() {
        if path.contains('*') {
            let message = format!(
                "a star has no meaning in a path of ZooKeeper: `{}` allows everything below it",
                path.split('*').next().unwrap_or_default()
            );
            problems.warn(format!("/storage/zooKeeperPaths/{index}"), message);
        }
    }
}

fn images(spec: &FlinkTenantSpec, problems: &mut Problems) {
    let images = &spec.security.images;
    for (index, pattern) in images.allow.iter().flatten().enumerate() {
        let tag = pattern_tag(pattern);
        let message = if !pattern_can_match(pattern) {
            format!(
                "no image can match `{pattern}`: write registry and repository without a scheme, in lower case, such as `registry.example.com/flink/*`"
            )
        } else if !pattern.contains(['/', ':', '@']) && pattern.contains('.') {
            format!(
                "`{pattern}` is an image of Docker Hub, not a registry: write `{pattern}/*` for all images of that registry"
            )
        } else if images.forbid_latest_tag && tag == Some("latest") {
            "`security.images.forbidLatestTag` refuses the tag `latest`: remove the tag".to_owned()
        } else if images.require_digest && tag.is_some() {
            "a pattern with a tag matches images without a digest, which `security.images.requireDigest` refuses: remove the tag".to_owned()
        } else {
            continue;
        };
        problems.warn(format!("/security/images/allow/{index}"), message);
    }
}

/// Lists of which each entry is one name.
fn exact(spec: &FlinkTenantSpec, problems: &mut Problems) {
    let (security, scheduling) = (&spec.security, &spec.scheduling);
    type List<'a> = (&'a str, &'a Option<Vec<String>>, Option<Form>);
    let lists: [List<'_>; 5] = [
        ("/security/serviceAccounts", &security.service_accounts, Some(Form::DnsSubdomain)),
        ("/security/entrypoints", &security.entrypoints, None),
        ("/scheduling/priorityClasses", &scheduling.priority_classes, Some(Form::DnsSubdomain)),
        ("/scheduling/schedulerNames", &scheduling.scheduler_names, None),
        (
            "/storage/claims/storageClassNames",
            &spec.storage.claims.storage_class_names,
            Some(Form::DnsSubdomain),
        ),
    ];
    for (base, list, form) in lists {
        for (index, name) in list.iter().flatten().enumerate() {
            let place = format!("{base}/{index}");
            if name.contains('*') {
                let message = format!(
                    "`{name}` matches nothing: a star has no meaning in this list, write each name"
                );
                problems.warn(place, message);
            } else if let Some(form) = form.filter(|form| !form.fits(name)) {
                // An empty storage class is that of volumes that were made by hand.
                if base != "/storage/claims/storageClassNames" || !name.is_empty() {
                    let message = format!("`{name}` is not {}: {}", form.article(), form.help());
                    problems.refuse(place, message);
                }
            }
        }
    }
}

/// Lists of patterns with stars.
fn with_stars(spec: &FlinkTenantSpec, problems: &mut Problems) {
    fn of(list: &Option<Vec<String>>) -> &[String] {
        list.as_deref().unwrap_or_default()
    }
    let (security, name) = (&spec.security, Form::DnsSubdomain);
    let lists: [(&str, &[String], Form); 8] = [
        ("/security/secrets", of(&security.secrets), name),
        ("/security/configMaps", of(&security.config_maps), name),
        ("/security/runtimeClasses", of(&security.runtime_classes), name),
        ("/security/sidecars/names", of(&security.sidecars.names), Form::DnsLabel),
        ("/security/extendedResources", of(&security.extended_resources), Form::Key),
        ("/security/forbiddenLabels", &security.forbidden_labels, Form::Key),
        ("/security/forbiddenAnnotations", &security.forbidden_annotations, Form::Key),
        ("/storage/claims/names", of(&spec.storage.claims.names), name),
    ];
    for (base, list, form) in lists {
        for (index, pattern) in list.iter().enumerate() {
            // The prefix of an annotation may have capitals.
            let folded = pattern.to_ascii_lowercase();
            let is_key = form == Form::Key;
            if !form.can_match(if is_key { &folded } else { pattern }) {
                let message = format!("`{pattern}` matches nothing: {}", form.help());
                problems.warn(format!("{base}/{index}"), message);
            }
        }
    }
    let words: [(&str, &[String]); 3] = [
        ("/security/forbiddenEnvironment", &security.forbidden_environment),
        ("/flink/configuration/forbidden", &spec.flink.configuration.forbidden),
        ("/flink/metricsReporters", of(&spec.flink.metrics_reporters)),
    ];
    for (base, list) in words {
        for (index, pattern) in list.iter().enumerate() {
            if pattern.is_empty() || pattern.contains(char::is_whitespace) {
                let message = format!("`{pattern}` matches nothing: write a name without blanks");
                problems.warn(format!("{base}/{index}"), message);
            }
        }
    }
}

/// Lists without an entry that refuse every job.
fn empty(spec: &FlinkTenantSpec, problems: &mut Problems) {
    let is_empty = |list: &Option<Vec<String>>| list.as_ref().is_some_and(Vec::is_empty);
    let security = &spec.security;
    let restart = spec.flink.restart_strategy.as_ref();
    let lists = [
        ("/security/images/allow", "image", is_empty(&security.images.allow)),
        (
            "/security/images/pullPolicies",
            "pull policy",
            security.images.pull_policies.as_ref().is_some_and(Vec::is_empty),
        ),
        ("/security/serviceAccounts", "service account", is_empty(&security.service_accounts)),
        ("/flink/versions", "Flink version", is_empty(&spec.flink.versions)),
        ("/flink/metricsReporters", "metrics reporter", is_empty(&spec.flink.metrics_reporters)),
        (
            "/flink/restartStrategy/types",
            "restart strategy",
            restart.is_some_and(|restart| restart.types.as_ref().is_some_and(Vec::is_empty)),
        ),
    ];
    for (place, noun, _) in lists.iter().filter(|(_, _, is_empty)| *is_empty) {
        let message = format!(
            "the list allows no {noun}, so every job is refused: add one, or remove the list to allow any"
        );
        problems.warn((*place).into(), message);
    }
}
