//! Checks a FlinkTenant with the built-in rules: what it writes into jobs must pass its own rules.
//!
//! Goes in: a FlinkTenant. Comes out: the problems of [`check`](crate::tenant::check), and findings
//! about its options as problems of the tenant. A model job gets the options, and is then judged as
//! if its author had written them. Files, `lint`, the webhook and the watch in the cluster call this.

use super::{Gate, Unassigned};
use crate::flink::Workload;
use crate::flink::catalog::{OptionFault, faulty_options};
use crate::flink::options::names_of;
use crate::flink::redaction::{is_sensitive, uri};
use crate::quota::Usage;
use crate::rego::PolicySet;
use crate::resource::{Resource, pointer};
use crate::rules::{Finding, Level};
use crate::tenant::check::{self, FieldProblem, Severity};
use crate::tenant::{Configuration, FlinkTenantSpec, Quota, Resources, Tenant, Tenants};
use jiff::civil::Date;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

/// Rules about one option and its value, whatever else a job has. A tenant gives these options to
/// every job, so what they report is wrong with the tenant.
const OF_OPTIONS: [&str; 18] = [
    INVALID_VALUE,
    OPTION_TEXT,
    "flink/autoscaler",
    "flink/forbidden-option",
    "flink/internal-option",
    "flink/operator-options",
    "flink/option-version",
    "flink/reserved-option",
    "flink/restart-strategy",
    "flink/unknown-option",
    "network/rest-exposure",
    "security/config-maps",
    "security/image-pull-policy",
    "security/secrets",
    "security/service-account",
    "storage/checkpoint-dir",
    "storage/claims",
    "storage/savepoint-dir",
];
/// Rules about the sizes of a role, which a tenant may give too.
const OF_SIZES: [&str; 3] = ["flink/memory", "flink/resources", "flink/size"];
const INVALID_VALUE: &str = "flink/invalid-value";
const OPTION_TEXT: &str = "flink/option-text";

/// The versions that a model job has where the tenant allows any: what is wrong in all of them is
/// wrong in every version.
const ANY_VERSION: [&str; 4] = ["v1_18", "v1_20", "v2_0", "v2_3"];

/// Most allowed versions with a model job each. Flink has fewer.
const MOST_VERSIONS: usize = 32;

/// The place of a model job's options.
const OPTIONS: &str = "/spec/flinkConfiguration";

/// Reads a FlinkTenant; `rules` are the ids of all rules. The spec is `None` if a field cannot be
/// read.
pub fn check(
    tenant: &Value,
    rules: &[&str],
    today: Date,
) -> (Option<FlinkTenantSpec>, Vec<FieldProblem>) {
    let (spec, mut problems) = check::check(tenant, rules, today);
    let found = spec.iter().flat_map(option_problems);
    problems.extend(
        found.map(|problem| FieldProblem {
            pointer: format!("/spec{}", problem.pointer),
            ..problem
        }),
    );
    (spec, problems)
}

/// The findings about the options that a tenant gives. Pointers are below `spec`.
fn option_problems(spec: &FlinkTenantSpec) -> Vec<FieldProblem> {
    static BUILT_IN: LazyLock<Option<Arc<PolicySet>>> =
        LazyLock::new(|| PolicySet::built_in().ok().map(Arc::new));
    let configuration = &spec.flink.configuration;
    let gives = !configuration.enforced.is_empty()
        || !configuration.defaults.is_empty()
        || spec.flink.resources != Resources::default();
    // Without the policies' thread nothing can be compiled, and the command fails elsewhere.
    let Some(rules) = BUILT_IN.as_ref().filter(|_| gives) else { return Vec::new() };
    let Some(models) = Models::new(spec, rules) else { return Vec::new() };
    let allowed = spec.flink.versions.as_deref().filter(|versions| !versions.is_empty());
    let versions: Vec<&str> = match allowed {
        Some(versions) => {
            let mut seen = BTreeSet::new();
            let distinct = versions.iter().map(String::as_str).filter(|one| seen.insert(*one));
            distinct.take(MOST_VERSIONS).collect()
        }
        None => ANY_VERSION.to_vec(),
    };
    let places = places(configuration);
    let mut found: BTreeMap<Place, (Finding, BTreeSet<&str>)> = BTreeMap::new();
    for version in &versions {
        for finding in models.findings(version) {
            let place = size_place(spec, &finding).or_else(|| place(&places, &finding));
            let Some(pointer) = place else { continue };
            let of = found.entry(Place { pointer, rule: finding.rule.to_string() });
            of.or_insert_with(|| (finding, BTreeSet::new())).1.insert(version);
        }
    }
    let all: BTreeSet<&str> = versions.into_iter().collect();
    // A tenant that names no versions may have jobs of those that read the option.
    found.retain(|_, (_, of)| allowed.is_some() || *of == all);
    found.into_iter().map(|(place, (finding, of))| problem(place, finding, &of, &all)).collect()
}

/// An option of the tenant, and the rule that reports it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    pointer: String,
    rule: String,
}

/// The size that a finding is about, in the tenant.
fn size_place(spec: &FlinkTenantSpec, finding: &Finding) -> Option<String> {
    if !OF_SIZES.contains(&finding.rule.as_ref()) {
        return None;
    }
    let roles = &spec.flink.resources;
    [("jobManager", &roles.job_manager), ("taskManager", &roles.task_manager)].into_iter().find_map(
        |(name, role)| {
            let field = finding.pointer.strip_prefix(&format!("/spec/{name}/resource/"))?;
            let role = role.as_ref()?;
            let is_given = match field {
                "cpu" => role.cpu.is_some(),
                "memory" => role.memory.is_some(),
                _ => false,
            };
            is_given.then(|| format!("/flink/resources/{name}/{field}"))
        },
    )
}

/// The places of the tenant's options, by each name that a version may read them under.
fn places(configuration: &Configuration) -> BTreeMap<&str, String> {
    let mut places = BTreeMap::new();
    let fields = [("enforced", &configuration.enforced), ("defaults", &configuration.defaults)];
    for (field, options) in fields {
        let field = format!("/flink/configuration/{field}");
        for key in options.keys() {
            let place = pointer::join(&field, key);
            for name in names_of(key) {
                places.entry(name).or_insert_with(|| place.clone());
            }
            places.entry(key).or_insert(place);
        }
    }
    places
}

/// The option that a finding is about, in the tenant. A version may read it under another name.
fn place(places: &BTreeMap<&str, String>, finding: &Finding) -> Option<String> {
    if OF_SIZES.contains(&finding.rule.as_ref()) {
        return None;
    }
    let rest = finding.pointer.strip_prefix(OPTIONS)?;
    let written = pointer::tokens(rest).next()?;
    places.get(&*written).cloned()
}

fn problem(
    place: Place,
    finding: Finding,
    of: &BTreeSet<&str>,
    all: &BTreeSet<&str>,
) -> FieldProblem {
    let Finding { level, message, help, .. } = finding;
    let is_unreadable = [INVALID_VALUE, OPTION_TEXT].contains(&place.rule.as_str());
    let in_all = of == all;
    let severity = if is_unreadable && in_all && level == Level::Error {
        Severity::Refused
    } else {
        Severity::Warning
    };
    let versions = if in_all {
        String::new()
    } else {
        format!(" in {}", of.iter().copied().collect::<Vec<_>>().join(", "))
    };
    let help = help.map(|help| format!(": {help}")).unwrap_or_default();
    let message = format!("jobs get a finding of `{}`{versions}: {message}{help}", place.rule);
    FieldProblem { pointer: place.pointer, message, on_key: false, severity }
}

/// Two gates: one that gives a job the tenant's options, and one that takes them for the job's own.
struct Models {
    giving: Gate,
    judging: Gate,
}

impl Models {
    fn new(spec: &FlinkTenantSpec, rules: &Arc<PolicySet>) -> Option<Self> {
        // What others use and what exempts some objects is not about the options.
        let spec =
            FlinkTenantSpec { quota: Quota::default(), exemptions: Vec::new(), ..spec.clone() };
        let mut own = spec.clone();
        own.flink.configuration.enforced.clear();
        own.flink.configuration.defaults.clear();
        let gate = |spec| {
            let name = "model".to_owned();
            let tenant = Tenant { name: name.clone(), spec, ..Tenant::default() };
            let tenants = Tenants::new(vec![tenant], BTreeMap::new()).only(&name)?;
            Some(Gate::new(tenants, Arc::clone(rules), Unassigned::Allow))
        };
        Some(Self { giving: gate(spec)?, judging: gate(own)? })
    }

    /// The findings about options of a job of a version.
    fn findings(&self, version: &str) -> Vec<Finding> {
        let Ok(written) = Resource::from_manifest(job(version)) else { return Vec::new() };
        let completed = self.giving.case(&written, false);
        let completed =
            completed.and_then(|case| self.giving.judge(case, &Usage::default()).mutated);
        let Some(Ok(completed)) = completed.map(Resource::from_manifest) else { return Vec::new() };
        let Some(case) = self.judging.case(&completed, false) else { return Vec::new() };
        let invalid = invalid_values(&case.workload);
        let mut findings = self.judging.judge(case, &Usage::default()).findings;
        findings.retain(|finding| {
            finding.level >= Level::Warning
                && OF_OPTIONS.iter().chain(&OF_SIZES).any(|rule| *rule == finding.rule)
                && !is_written_twice(finding, &completed.object)
        });
        let known = findings.iter().filter(|known| known.rule == INVALID_VALUE);
        let known: BTreeSet<String> = known.map(|known| known.pointer.clone()).collect();
        findings.extend(invalid.into_iter().filter(|finding| !known.contains(&finding.pointer)));
        findings
    }
}

/// Values that Flink cannot read, also of the options that sizes are calculated from: a rule of their
/// own reports those.
fn invalid_values(workload: &Workload) -> Vec<Finding> {
    let faulty = faulty_options(workload).into_iter();
    let invalid = faulty.filter_map(|option| {
        let OptionFault::Invalid(error) = &option.fault else { return None };
        let (key, value) = (option.key, &option.entry.value);
        let message = if is_sensitive(key) || uri(value) != *value {
            format!("the value of `{key}` is invalid")
        } else {
            format!("invalid value for `{key}`: {error}")
        };
        Some(Finding {
            rule: INVALID_VALUE.into(),
            level: Level::Error,
            message,
            pointer: pointer::join(OPTIONS, key),
            ..Finding::default()
        })
    });
    invalid.collect()
}

/// Whether a finding is about a name that the version does not read, of an option that Flinkgate also
/// writes under the name that it reads.
fn is_written_twice(finding: &Finding, job: &Value) -> bool {
    let options = pointer::at(job, OPTIONS).unwrap_or(&Value::Null);
    finding.rule == "flink/option-version"
        && finding
            .pointer
            .strip_prefix(OPTIONS)
            .and_then(|rest| pointer::tokens(rest).next())
            .is_some_and(|key| {
                names_of(&key).any(|name| name != key && options.get(name).is_some())
            })
}

/// A job without options of its own. A field such as `parallelism` would take the place of an option.
fn job(version: &str) -> Value {
    json!({
        "apiVersion": "flink.apache.org/v1beta1",
        "kind": "FlinkDeployment",
        "metadata": {"name": "model", "namespace": "default"},
        "spec": {
            "flinkVersion": version,
            "flinkConfiguration": {},
            "job": {"jarURI": "local:///opt/flink/usrlib/job.jar", "upgradeMode": "stateless"},
        },
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn found(flink: Value) -> Vec<String> {
        found_in(json!({"flink": flink}))
    }

    fn found_in(spec: Value) -> Vec<String> {
        let spec: FlinkTenantSpec = serde_json::from_value(spec).unwrap();
        let line = |problem: FieldProblem| {
            let rule = problem.message.split('`').nth(1).unwrap().to_owned();
            let place = problem.pointer.replace("/flink/configuration/", "");
            format!("{:?} {place} {rule}", problem.severity)
        };
        option_problems(&spec).into_iter().map(line).collect()
    }

    #[test]
    fn invalid_values_are_refused() {
        let options = json!({"parallelism.default": "many", "taskmanager.numberOfTaskSlots": 2});
        for field in ["defaults", "enforced"] {
            assert_eq!(
                found(json!({"configuration": {field: options}})),
                [format!("Refused {field}/parallelism.default flink/invalid-value")]
            );
        }
    }

    #[test]
    fn options_follow_the_allowed_versions() {
        let removed = json!({"defaults": {"state.backend.async": true}});
        assert_eq!(found(json!({"configuration": removed})), [""; 0]);
        let of = |versions: Value| found(json!({"configuration": removed, "versions": versions}));
        assert_eq!(of(json!(["v1_18"])), [""; 0]);
        let expected = ["Warning defaults/state.backend.async flink/option-version"];
        assert_eq!(of(json!(["v2_0"])), expected);
        assert_eq!(of(json!(["v1_18", "v2_0"])), expected);
        // A version gets the option under the name that it reads.
        let renamed = json!({"enforced": {"execution.checkpointing.dir": "s3://a/b"}});
        assert_eq!(
            found(json!({"configuration": renamed, "versions": ["v1_18", "v1_20", "v2_0"]})),
            [""; 0]
        );
    }

    #[test]
    fn own_rules_hold_for_own_options() {
        for (spec, expected) in [
            (
                json!({"flink": {"restartStrategy": {"types": ["failure-rate"]},
                    "configuration": {"defaults": {"restart-strategy.type": "none"}}}}),
                vec!["Warning defaults/restart-strategy.type flink/restart-strategy"],
            ),
            (
                json!({"storage": {"checkpoints": {"locations": ["s3://a/"]}},
                    "flink": {"configuration": {"enforced": {"state.checkpoints.dir": "s3://b/x"}}}}),
                vec!["Warning enforced/state.checkpoints.dir storage/checkpoint-dir"],
            ),
            (
                json!({"network": {"serviceTypes": ["ClusterIP"]},
                    "flink": {"configuration": {"enforced": {"kubernetes.rest-service.exposed.type": "NodePort"}}}}),
                vec!["Warning enforced/kubernetes.rest-service.exposed.type network/rest-exposure"],
            ),
            (
                json!({"flink": {"configuration": {"defaults": {"env.java.opts.all": "-Dx=y"}, "forbidden": ["env.java.opts.*"]}}}),
                vec!["Warning defaults/env.java.opts.all flink/forbidden-option"],
            ),
            (
                json!({"flink": {"configuration": {"defaults": {"taskmanager.numberOfTaskSlot": 2}}}}),
                vec!["Warning defaults/taskmanager.numberOfTaskSlot flink/unknown-option"],
            ),
            (
                json!({"flink": {"resources": {"taskManager": {"memory": "100m"}}}}),
                vec!["Warning /flink/resources/taskManager/memory flink/memory"],
            ),
            (
                json!({"flink": {"configuration": {"enforced": {"kubernetes.cluster-id": "x"}}}}),
                vec!["Warning enforced/kubernetes.cluster-id flink/reserved-option"],
            ),
        ] {
            assert_eq!(found_in(spec.clone()), expected, "{spec}");
        }
    }

    #[test]
    fn honest_options_are_no_problem() {
        let spec = json!({
            "storage": {"checkpoints": {"locations": ["s3://a/"]}},
            "flink": {"configuration": {
                "defaults": {
                    "execution.checkpointing.interval": "60s", "parallelism.default": 4,
                    "my.own.key": "x", "taskmanager.memory.process.size": "4g",
                    "high-availability.type": "kubernetes", "env.java.opts.all": "-Dx=y",
                    "metrics.reporter.prom.factory.class": "org.apache.flink.metrics.prometheus.PrometheusReporterFactory",
                },
                "enforced": {"state.checkpoints.dir": "s3://a/x", "kubernetes.rest-service.exposed.type": "ClusterIP"},
            }}
        });
        assert_eq!(found_in(spec), [""; 0]);
    }
}
