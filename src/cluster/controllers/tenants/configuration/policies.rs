//! FlinkPolicies, compiled: each with what is in force of it.

use super::InForce;
use crate::cluster::watch::records::Record;
use crate::rego::flink_policy::{self, FlinkPolicySpec};
use crate::rego::{Assembled, PolicyError, PolicyProblem, PolicySet, PolicySource, assemble};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The time of creation, the name and the spec of a FlinkPolicy.
type Stored = (i64, String, Arc<Value>);

/// The FlinkPolicies as they were compiled last.
#[derive(Debug, Default)]
pub(super) struct Policies {
    /// As they are stored, oldest first.
    compiled: Vec<Stored>,
    /// What is wrong with them, by path.
    problems: BTreeMap<String, Vec<PolicyProblem>>,
    /// What is in force of those with problems, by name.
    faulty: BTreeMap<String, InForce>,
    /// The last valid version of each, with its time of creation, by name.
    valid: BTreeMap<String, (i64, FlinkPolicySpec)>,
}

/// A version of a FlinkPolicy that may come into force.
struct Version {
    created: i64,
    spec: FlinkPolicySpec,
    from: InForce,
}

impl Policies {
    pub(super) fn problems_of(&self, path: &str) -> &[PolicyProblem] {
        self.problems.get(path).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn faulty(&self) -> impl Iterator<Item = (&str, InForce)> {
        self.faulty.iter().map(|(name, in_force)| (name.as_str(), *in_force))
    }

    pub(super) fn in_force(&self, name: &str) -> InForce {
        self.faulty.get(name).copied().unwrap_or(InForce::AsStored)
    }

    /// The rules of files and of FlinkPolicies. `in_force` are those of the last time, which stay
    /// where only a status has changed.
    ///
    /// # Errors
    /// When the policies of the files do not compile.
    pub(super) fn compile(
        &mut self,
        other_base: bool,
        base: &[PolicySource],
        policies: &BTreeMap<String, Record>,
        in_force: Option<&Arc<PolicySet>>,
    ) -> Result<Arc<PolicySet>, PolicyError> {
        let mut stored: Vec<Stored> = policies
            .iter()
            .map(|(name, record)| (record.created, name.clone(), record.spec.clone()))
            .collect();
        stored.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        if let Some(in_force) = in_force.filter(|_| !other_base && self.compiled == stored) {
            return Ok(Arc::clone(in_force));
        }
        let mut problems: BTreeMap<String, Vec<PolicyProblem>> = BTreeMap::new();
        let mut versions: BTreeMap<&str, Version> = BTreeMap::new();
        for (created, name, spec) in &stored {
            let (version, wrong) = self.version(*created, name, spec);
            problems.extend(wrong.map(|wrong| (flink_policy::path(name), vec![wrong])));
            versions.extend(version.map(|version| (name.as_str(), version)));
        }
        let mut assembled = assemble(base, sources(&stored, &versions))?;
        // What does not compile is replaced by its last valid version.
        let mut replaced = false;
        for (_, name, _) in &stored {
            if !assembled.refused.contains_key(&flink_policy::path(name)) {
                continue;
            }
            let refused = versions.remove(name.as_str());
            let valid = self.valid.get(name).zip(refused).filter(|((created, spec), refused)| {
                *created == refused.created && *spec != refused.spec
            });
            if let Some(((created, spec), _)) = valid {
                let version =
                    Version { created: *created, spec: spec.clone(), from: InForce::LastValid };
                versions.insert(name, version);
                replaced = true;
            }
        }
        if replaced {
            problems.extend(std::mem::take(&mut assembled.refused));
            assembled = assemble(base, sources(&stored, &versions))?;
            versions.retain(|name, _| !assembled.refused.contains_key(&flink_policy::path(name)));
        }
        let Assembled { set, refused } = assembled;
        for (path, refused) in refused {
            problems.entry(path).or_insert(refused);
        }
        let scopes = versions
            .iter()
            .map(|(name, version)| (flink_policy::path(name), version.spec.scope()))
            .collect();
        let set = Arc::new(set.with_scopes(&scopes));
        self.note(
            &stored,
            versions.into_iter().map(|(name, one)| (name.to_owned(), one)).collect(),
            problems,
        );
        self.compiled = stored;
        Ok(set)
    }

    /// The version of a FlinkPolicy to compile first, and what is wrong with the stored one.
    fn version(
        &self,
        created: i64,
        name: &str,
        stored: &Value,
    ) -> (Option<Version>, Option<PolicyProblem>) {
        let error = match flink_policy::read(stored.clone()) {
            Ok(spec) => return (Some(Version { created, spec, from: InForce::AsStored }), None),
            Err(error) => error,
        };
        let problem = PolicyProblem {
            file: flink_policy::path(name),
            line: 1,
            column: 1,
            message: error.to_string(),
        };
        let valid = self.valid.get(name).filter(|(of, _)| *of == created);
        let version = match valid {
            Some((_, spec)) => {
                Some(Version { created, spec: spec.clone(), from: InForce::LastValid })
            }
            None => flink_policy::readable_parts(stored).map(|spec| Version {
                created,
                spec,
                from: InForce::ReadableParts,
            }),
        };
        (version, Some(problem))
    }

    /// Remembers what is in force.
    fn note(
        &mut self,
        stored: &[Stored],
        versions: BTreeMap<String, Version>,
        problems: BTreeMap<String, Vec<PolicyProblem>>,
    ) {
        self.faulty.clear();
        for (_, name, _) in stored {
            let path = flink_policy::path(name);
            let Some(wrong) = problems.get(&path) else { continue };
            let in_force = versions.get(name).map_or(InForce::Nothing, |version| version.from);
            if self.problems.get(&path) != Some(wrong) {
                tracing::error!(
                    policy = path,
                    problem = wrong.first().map(ToString::to_string),
                    in_force = in_force.as_str(),
                    "policy not in force as it is stored"
                );
            }
            self.faulty.insert(name.clone(), in_force);
        }
        self.problems = problems;
        let mut valid = std::mem::take(&mut self.valid);
        for (created, name, _) in stored {
            let kept = match versions.get(name) {
                Some(Version { from: InForce::AsStored, spec, .. }) => {
                    Some((*created, spec.clone()))
                }
                _ => valid.remove(name).filter(|(of, _)| of == created),
            };
            self.valid.extend(kept.map(|kept| (name.clone(), kept)));
        }
    }
}

/// The sources of these versions, in the order of the stored ones.
fn sources(stored: &[Stored], versions: &BTreeMap<&str, Version>) -> Vec<PolicySource> {
    let source = |name: &String| Some(versions.get(name.as_str())?.spec.source(name));
    stored.iter().filter_map(|(_, name, _)| source(name)).collect()
}
