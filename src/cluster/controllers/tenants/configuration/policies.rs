//! FlinkPolicies, compiled: each with what is in force of it.

use super::InForce;
use crate::cluster::watch::records::Record;
use crate::rego::flink_policy::{self, FlinkPolicySpec};
use crate::rego::{
    Assembled, PolicyError, PolicyProblem, PolicySet, PolicySource, Scope, assemble,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The problem of a policy that others need as it was.
const HELD_BACK: &str = "other FlinkPolicies would no longer compile with this version";

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
    /// Whether the FlinkPolicy was deleted, so that only others use it.
    is_deleted: bool,
}

impl Version {
    fn new(created: i64, spec: FlinkPolicySpec, from: InForce) -> Self {
        Self { created, spec, from, is_deleted: false }
    }

    /// Where its rule holds.
    fn scope(&self) -> Scope {
        // No object is of a kind without a name.
        let nowhere = || Scope { kinds: vec![String::new()], ..Scope::default() };
        if self.is_deleted { nowhere() } else { self.spec.scope() }
    }
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
        let mut versions: BTreeMap<String, Version> = BTreeMap::new();
        for (created, name, spec) in &stored {
            let (version, wrong) = self.version(*created, name, spec);
            problems.extend(wrong.map(|wrong| (flink_policy::path(name), vec![wrong])));
            versions.extend(version.map(|version| (name.clone(), version)));
        }
        let mut assembled = assemble(base, sources(&stored, &versions))?;
        if self.fall_back(&stored, &mut versions, &assembled.refused, &mut problems) {
            problems.extend(std::mem::take(&mut assembled.refused));
            assembled = assemble(base, sources(&stored, &versions))?;
        }
        versions.retain(|name, _| !assembled.refused.contains_key(&flink_policy::path(name)));
        let Assembled { set, refused } = assembled;
        for (path, refused) in refused {
            problems.entry(path).or_insert(refused);
        }
        let scopes = versions
            .iter()
            .map(|(name, version)| (flink_policy::path(name), version.scope()))
            .collect();
        let set = Arc::new(set.with_scopes(&scopes));
        self.note(&stored, versions, problems);
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
            Ok(spec) => return (Some(Version::new(created, spec, InForce::AsStored)), None),
            Err(error) => error,
        };
        let problem = PolicyProblem::of_file(&flink_policy::path(name), error.to_string());
        let valid = self.valid.get(name).filter(|(of, _)| *of == created);
        let version = match valid {
            Some((_, spec)) => Some(Version::new(created, spec.clone(), InForce::LastValid)),
            None => flink_policy::readable_parts(stored)
                .map(|spec| Version::new(created, spec, InForce::ReadableParts)),
        };
        (version, Some(problem))
    }

    /// Replaces what was refused by its last valid version; whether that is worth another attempt.
    ///
    /// Where a policy is refused that has not changed, another one was changed or deleted that it
    /// uses. Then all that changed stays in its last valid version.
    fn fall_back(
        &self,
        stored: &[Stored],
        versions: &mut BTreeMap<String, Version>,
        refused: &BTreeMap<String, Vec<PolicyProblem>>,
        problems: &mut BTreeMap<String, Vec<PolicyProblem>>,
    ) -> bool {
        let is_refused = |name: &str| refused.contains_key(&flink_policy::path(name));
        let valid = |name: &str, created: i64| {
            self.valid.get(name).filter(|(of, _)| *of == created).map(|(_, spec)| spec)
        };
        let is_unchanged = |(name, version): (&String, &Version)| {
            is_refused(name) && valid(name, version.created) == Some(&version.spec)
        };
        let holds_back = versions.iter().any(is_unchanged);
        let mut changed = false;
        for (created, name, _) in stored {
            let Some(version) = versions.get_mut(name) else { continue };
            if !is_refused(name) && !holds_back {
                continue;
            }
            match valid(name, *created) {
                Some(spec) if is_refused(name) || *spec != version.spec => {
                    if !is_refused(name) {
                        let path = flink_policy::path(name);
                        problems.insert(
                            path.clone(),
                            vec![PolicyProblem::of_file(&path, HELD_BACK.to_owned())],
                        );
                    }
                    *version = Version::new(*created, spec.clone(), InForce::LastValid);
                    changed = true;
                }
                None if is_refused(name) => drop(versions.remove(name)),
                _ => {}
            }
        }
        if holds_back {
            for (name, (created, spec)) in &self.valid {
                if !stored.iter().any(|(_, stored, _)| stored == name) {
                    let version = Version::new(*created, spec.clone(), InForce::LastValid);
                    versions.insert(name.clone(), Version { is_deleted: true, ..version });
                    changed = true;
                }
            }
        }
        changed
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
        let deleted = versions.into_iter().filter(|(_, version)| version.is_deleted);
        self.valid.extend(deleted.map(|(name, one)| (name, (one.created, one.spec))));
    }
}

/// The sources of these versions, the oldest first.
fn sources(stored: &[Stored], versions: &BTreeMap<String, Version>) -> Vec<PolicySource> {
    let deleted = versions.iter().filter(|(_, version)| version.is_deleted);
    let deleted = deleted.map(|(name, version)| version.spec.source(name));
    let source = |name: &String| Some(versions.get(name)?.spec.source(name));
    deleted.chain(stored.iter().filter_map(|(_, name, _)| source(name))).collect()
}
