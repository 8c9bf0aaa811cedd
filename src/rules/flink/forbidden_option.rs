//! `flink/forbidden-option`

use crate::flink::catalog::{
    OtherNames, map_names, mirrored_names, mirrored_prefixes, other_names,
};
use crate::flink::image::glob;
use crate::flink::operator::field_name;
use crate::flink::values::{Pairs, map_pairs};
use crate::flink::{Engine, Role, Workload};
use crate::rules::{Advice, Findings, Level, Rule, Subject};
use std::cell::OnceCell;

/// Options that the tenant forbids.
pub static RULE: Rule = Rule {
    id: "flink/forbidden-option",
    level: Level::Error,
    since: "0.1.0",
    title: "Forbidden options",
    tenant_fields: &["flink.configuration.forbidden"],
    as_is: false,
    page: include_str!("forbidden_option.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let patterns = &subject.tenant.spec.flink.configuration.forbidden;
    if patterns.is_empty() {
        return;
    }
    for (key, entry) in subject.workload.config.iter() {
        let Some(place) = entry.pointer.as_deref() else { continue };
        let is_written = subject.workload.is_written_at(place);
        let has_other_names = is_written && !is_set_by_job_manager(subject.workload, key);
        let names = has_other_names.then(|| Names::of(key, &entry.value));
        let forbids = |pattern: &&String| {
            glob(pattern, key) || names.as_ref().is_some_and(|names| names.match_pattern(pattern))
        };
        let Some(pattern) = patterns.iter().find(forbids) else { continue };
        if is_default_of_flink(subject.workload, &entry.value)
            || subject.tenant.gives_option(key, &entry.value)
        {
            continue;
        }
        let message = if key == pattern {
            format!("`{key}` is not allowed")
        } else {
            format!("`{key}` is not allowed: the tenant forbids `{pattern}`")
        };
        let help = match is_written {
            true => Advice::remove_option(key),
            false => Advice::remove(&field_name(place)),
        };
        findings.at(place).message(message).advise(help).key(key);
    }
}

/// The other names of an option, and the other spelling of a map.
struct Names<'a> {
    key: &'a str,
    value: &'a str,
    others: &'static OtherNames,
    /// Whether the key is a map, and the map that it is an element of.
    maps: OnceCell<(bool, Option<&'a str>)>,
    /// The prefixes under which a file system's plugin reads the same option.
    mirrored: &'static [&'static str],
    /// The elements of a map that is written as one text, read once for all patterns.
    elements: OnceCell<Pairs>,
}

impl<'a> Names<'a> {
    fn of(key: &'a str, value: &'a str) -> Self {
        let mirrored = mirrored_prefixes(key).map_or(&[][..], |(family, _)| family);
        let (others, maps, elements) = (other_names(key), OnceCell::new(), OnceCell::new());
        Self { key, value, others, maps, mirrored, elements }
    }

    fn maps(&self) -> (bool, Option<&'a str>) {
        *self.maps.get_or_init(|| map_names(self.key))
    }

    /// Whether the key is an element of the map with this name.
    fn is_element_of(&self, map: &str) -> bool {
        self.key.strip_prefix(map).is_some_and(|rest| rest.starts_with('.'))
            && self.maps().1 == Some(map)
    }

    /// Whether a pattern matches an option that Flink reads the key for. A pattern without a star
    /// names one option, and forbids it under its newer names too.
    fn match_pattern(&self, pattern: &str) -> bool {
        if self.others.readers.iter().any(|option| glob(pattern, option))
            || self.is_mirrored(pattern)
        {
            return true;
        }
        if !pattern.contains('*') {
            let is_older = self.others.older.contains(&pattern);
            return is_older || self.is_element_of(pattern) || self.is_sibling(pattern);
        }
        // The elements of a map that is written as one text.
        let elements = pattern.strip_prefix(self.key).and_then(|rest| rest.strip_prefix('.'));
        elements.filter(|_| self.maps().0).is_some_and(|elements| {
            let own = self.elements.get_or_init(|| map_pairs(self.value));
            own.iter().any(|(element, _)| glob(elements, element))
        })
    }

    /// Whether a pattern matches a name under which a file system's plugin reads the same option. A
    /// name is made only for a pattern that may match it.
    fn is_mirrored(&self, pattern: &str) -> bool {
        if self.mirrored.is_empty() {
            return false;
        }
        let start = pattern.split('*').next().unwrap_or_default();
        let may_match = |prefix: &&str| prefix.starts_with(start) || start.starts_with(*prefix);
        self.mirrored.iter().any(may_match)
            && mirrored_names(self.key).any(|name| glob(pattern, &name))
    }

    /// Whether a pattern is another deprecated name of the same option.
    fn is_sibling(&self, pattern: &str) -> bool {
        self.others.newer.iter().any(|newer| other_names(newer).older.contains(&pattern))
    }
}

/// Options that a native JobManager writes into the arguments of its TaskManagers, which do not
/// read them.
const SET_BY_JOB_MANAGER: [&str; 8] = [
    "jobmanager.bind-host",
    "jobmanager.rpc.address",
    "jobmanager.rpc.port",
    "rest.address",
    "rest.bind-address",
    "rest.port",
    "web.port",
    "web.tmpdir",
];

fn is_set_by_job_manager(workload: &Workload, key: &str) -> bool {
    workload.engine == Engine::Native
        && SET_BY_JOB_MANAGER.contains(&key)
        && !workload.pods.is_empty()
        && workload.pods.iter().all(|set| set.role == Role::TaskManager)
}

/// Whether the value opens modules of Java as the default configuration of Flink's distribution
/// does: native mode passes it on by itself.
fn is_default_of_flink(workload: &Workload, value: &str) -> bool {
    let opens_module = |word: &str| {
        word.starts_with("--add-opens=java.base/") || word.starts_with("--add-exports=java.base/")
    };
    workload.engine == Engine::Native
        && !value.is_empty()
        && value.split_ascii_whitespace().all(opens_module)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::rules::testing::reported;
    use serde_json::json;

    fn messages(options: &[(&str, Option<&str>)], configuration: serde_json::Value) -> Vec<String> {
        let mut workload = Workload::default();
        for (key, place) in options {
            workload.config.set(*key, "-Dx", place.map(Into::into));
        }
        let tenant = json!({"flink": {"configuration": configuration}});
        reported(&RULE, &workload, tenant)
            .into_iter()
            .map(|finding| format!("{} {}", finding.pointer, finding.message))
            .collect()
    }

    #[test]
    fn options_of_the_tenant_are_not_reported() {
        let options = [
            ("env.java.opts.all", Some("/all")),
            ("env.java.opts.taskmanager", Some("/taskmanager")),
            ("env.java.opts.implied", None),
            ("state.backend.type", Some("/backend")),
        ];
        let configuration =
            json!({"enforced": {"env.java.opts.all": "-Dx"}, "forbidden": ["env.java.opts.*"]});
        assert_eq!(
            messages(&options, configuration),
            [
                "/taskmanager `env.java.opts.taskmanager` is not allowed: the tenant forbids `env.java.opts.*`"
            ]
        );
    }

    #[test]
    fn other_names_of_a_forbidden_option_are_forbidden() {
        for (key, pattern) in [
            ("state.backend", "state.backend.type"),
            ("state.backend.type", "state.backend"),
            ("kubernetes.secrets.a", "kubernetes.secrets"),
            ("kubernetes.service-account", "kubernetes.jobmanager.service-account"),
            ("high-availability", "high-availability.*"),
        ] {
            assert_eq!(
                messages(&[(key, Some("/place"))], json!({"forbidden": [pattern]})),
                [format!("/place `{key}` is not allowed: the tenant forbids `{pattern}`")]
            );
        }
    }

    #[test]
    fn a_pattern_that_matches_only_a_deprecated_name_forbids_nothing_else() {
        for (key, pattern) in [
            ("high-availability.storageDir", "high-availability.zookeeper.*"),
            ("kubernetes.jobmanager.service-account", "kubernetes.service-account"),
            ("execution.state-recovery.from-local", "execution.checkpointing.local-backup.dirs"),
        ] {
            let found = messages(&[(key, Some("/place"))], json!({"forbidden": [pattern]}));
            assert_eq!(found, [""; 0], "{key} {pattern}");
        }
    }
}
