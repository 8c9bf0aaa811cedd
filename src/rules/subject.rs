//! What a rule looks at: one object of one request, with everything that is known of it.

use crate::flink::catalog::{FaultyOption, faulty_options};
use crate::flink::config::Entry;
use crate::flink::operator::DeclaredSpec;
use crate::flink::operator::autoscaler_state::OPTIONS_PLACE;
use crate::flink::operator::overlapping_keys::{OverlappingKey, overlapping_keys};
use crate::flink::operator::version::OperatorVersion;
use crate::flink::options::IMAGE;
use crate::flink::pods::{ContainerImage, Pods, added_by_operator, image_volumes};
use crate::flink::requester::Requester;
use crate::flink::schemas::{self, SchemaFault};
use crate::flink::state::{StateDirectory, directories};
use crate::flink::workload::{ConfigurationSource, MAIN_CONTAINER, is_canary};
use crate::flink::{Engine, Role, Workload};
use crate::kubernetes::pod_security::{Control, Violation, evaluate, host_ports};
use crate::mutate::{Conflict, Difference, EntryDifference, PodMap};
use crate::quota::limits::QuotaVerdict;
use crate::resource::limits::Excess;
use crate::resource::{Resource, pointer, steps};
use crate::tenant::PreparedTenant;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::cell::OnceCell;
use std::collections::BTreeSet;

/// What the gate does with Flink in a namespace that no tenant owns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Unassigned {
    /// Admit it.
    Allow,
    /// Admit it with a warning.
    #[default]
    Warn,
    /// Refuse it.
    Deny,
}

impl Unassigned {
    /// The name on the command line and in `input`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::Deny => "deny",
        }
    }
}

/// Which tenant owns the object's namespace.
#[derive(Clone, Copy, Debug)]
pub enum NamespaceOwner<'a> {
    /// The tenant in [`Subject::tenant`].
    Tenant,
    /// No tenant.
    Unassigned(Unassigned),
    /// Several tenants, by name.
    Ambiguous(&'a [String]),
    /// No tenant, as far as can be read; it may belong to one of these, by name.
    Unread(&'a [String]),
}

/// One object that rules check.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The request.
    pub resource: &'a Resource,
    /// The object after mutation; in `/validate` the object as it came.
    pub object: &'a Value,
    /// What the object makes Kubernetes run.
    pub workload: &'a Workload,
    /// The pods of each set of the workload.
    pub pods: Vec<Pods<'a>>,
    /// The tenant; one with an empty spec where no single tenant owns the namespace.
    pub tenant: &'a PreparedTenant,
    /// Who owns the namespace.
    pub owner: NamespaceOwner<'a>,
    /// Where the object and what its tenant gives every object differ.
    pub conflicts: &'a [Conflict],
    /// Where the object is over a limit. It has no pods and options then.
    pub excess: Option<&'a Excess>,
    /// Names of the running Flink pods that use the claim, of the deletion of a claim.
    pub claim_users: &'a [String],
    /// What the object uses and which limits that exceeds; `None` for a tenant without limits.
    pub quota: Option<&'a QuotaVerdict<'a>>,
    /// Whether the user is a component of the cluster or a service account outside of all tenants;
    /// computed for a Binding and for an object with a claimed owner only.
    pub is_by_platform: bool,
    /// Who sent the request.
    pub requester: Requester,
    /// The release of the Flink operator that reads the object; `None` if it is unknown.
    pub operator_version: Option<OperatorVersion>,
    violations: OnceCell<Vec<Violation<'a>>>,
    schema_faults: OnceCell<Vec<SchemaFault<'a>>>,
    faulty_options: OnceCell<Vec<FaultyOption<'a>>>,
    overlapping_keys: OnceCell<Vec<OverlappingKey<'a>>>,
    state_directories: OnceCell<Vec<StateDirectory<'a>>>,
    size_problems: OnceCell<BTreeSet<&'a str>>,
}

/// Most problems that are searched without an index.
const FEW: usize = 16;

impl<'a> Subject<'a> {
    /// An object of a tenant, without conflicts and limits.
    pub fn new(
        resource: &'a Resource,
        object: &'a Value,
        workload: &'a Workload,
        tenant: &'a PreparedTenant,
    ) -> Self {
        Self {
            resource,
            object,
            workload,
            pods: Pods::of_workload(workload, object),
            tenant,
            owner: NamespaceOwner::Tenant,
            conflicts: &[],
            excess: None,
            claim_users: &[],
            quota: None,
            is_by_platform: false,
            requester: Requester::Other,
            operator_version: None,
            violations: OnceCell::new(),
            schema_faults: OnceCell::new(),
            faulty_options: OnceCell::new(),
            overlapping_keys: OnceCell::new(),
            state_directories: OnceCell::new(),
            size_problems: OnceCell::new(),
        }
    }

    /// Visits each image that the object runs or mounts, with the name of its container: those of
    /// its pods, and the one of the TaskManagers that it will request. A volume has no container.
    pub fn each_image(&self, mut visit: impl FnMut(Option<&str>, &ContainerImage<'a>)) {
        for pods in &self.pods {
            for container in &pods.containers {
                visit(Some(container.name), &container.image);
            }
            for volume in image_volumes(pods) {
                visit(None, &volume.image);
            }
        }
        if self.requests_task_managers()
            && let Some((key, entry)) = self.option(IMAGE)
        {
            let place = self.option_pointer(key, entry);
            visit(Some(MAIN_CONTAINER), &ContainerImage::of(Some(&entry.value), place));
        }
    }

    /// What the pods violate of one control of the tenant's Pod Security Standard. Level
    /// `privileged` controls the ports of the node alone, where the tenant lists those it allows.
    /// Places are pointers into the object.
    pub fn violations(&self, control: Control) -> impl Iterator<Item = &Violation<'a>> {
        let all = self.violations.get_or_init(|| self.evaluate_pod_security());
        all.iter().filter(move |violation| violation.control == control)
    }

    fn evaluate_pod_security(&self) -> Vec<Violation<'a>> {
        let ports = self.tenant.spec.network.host_ports.as_deref();
        let mut all = Vec::new();
        for Pods { set, template, .. } in &self.pods {
            let violations = match (self.tenant.standard, ports) {
                (Some(standard), _) => {
                    evaluate(template, added_by_operator(set, template, self.workload), standard)
                }
                (None, Some(allowed)) => host_ports(template, allowed),
                (None, None) => return all,
            };
            for mut violation in violations {
                violation.place.insert_str(0, set.path());
                all.push(violation);
            }
        }
        all
    }

    /// The options that the named Flink version does not read as they are written, without those
    /// that the tenant gives: they are findings of the tenant.
    pub fn faulty_options(&self) -> &[FaultyOption<'a>] {
        self.faulty_options.get_or_init(|| {
            let mut faulty = faulty_options(self.workload);
            faulty.retain(|option| !self.tenant.gives_option(option.key, &option.entry.value));
            faulty
        })
    }

    /// The keys with which the operator does not deploy the cluster, because they begin another key.
    pub fn overlapping_keys(&self) -> &[OverlappingKey<'a>] {
        let are_accepted = self.operator_version.is_some_and(|it| !it.refuses_overlapping_keys());
        self.overlapping_keys.get_or_init(|| match are_accepted {
            true => Vec::new(),
            false => overlapping_keys(self.workload),
        })
    }

    /// Where the object, as it came, is not what the definition of its kind allows.
    pub fn schema_faults(&self) -> &[SchemaFault<'a>] {
        self.schema_faults.get_or_init(|| schemas::faults(self.resource, self.operator_version))
    }

    /// Whether no size can be calculated from the value at a place: `flink/size` reports it.
    pub fn is_size_problem(&self, place: &str) -> bool {
        let problems = &self.workload.size.problems;
        let mut places = problems.iter().map(|problem| problem.pointer.as_str());
        steps::step();
        if problems.len() <= FEW {
            return places.any(|problem| problem == place);
        }
        self.size_problems.get_or_init(|| places.collect()).contains(place)
    }

    /// The state directories that the options name; none for what is not Flink.
    pub fn state_directories(&self) -> &[StateDirectory<'a>] {
        self.state_directories.get_or_init(|| {
            let (workload, object) = (self.workload, self.object);
            if workload.is_flink() { directories(workload, object) } else { Vec::new() }
        })
    }

    /// Place of the spec that the options are a field of.
    pub fn spec_place(&self) -> &'a str {
        self.workload.config_pointer.as_deref().and_then(pointer::parent).unwrap_or("/spec")
    }

    /// Whether all options of a cluster are known: those of a custom resource, and of a JobManager
    /// whose configuration file is.
    pub fn knows_configuration(&self) -> bool {
        let Workload { declares_cluster, source, pods, .. } = self.workload;
        let is_job_manager = || pods.iter().any(|set| set.role == Role::JobManager);
        *declares_cluster
            || matches!(source, ConfigurationSource::ConfigMap { .. })
                && self.workload.creates_flink_pods()
                && is_job_manager()
    }

    /// The spec that the options are a field of.
    pub fn spec(&self) -> Option<&'a Value> {
        pointer::at(self.object, self.spec_place())
    }

    /// How the operator upgrades the object's job; `None` without a job.
    pub fn upgrade_mode(&self) -> Option<&'a str> {
        let job = self.spec()?.get("job").filter(|job| job.is_object())?;
        Some(job.get("upgradeMode").and_then(Value::as_str).unwrap_or("stateless"))
    }

    /// Labels or node selectors that have other values than the tenant's, with their places.
    pub fn entry_conflicts(
        &self,
        map: PodMap,
    ) -> impl Iterator<Item = (&'a str, &'a EntryDifference)> {
        self.conflicts.iter().filter_map(move |conflict| match &conflict.difference {
            Difference::Entry(entry) if entry.map == map => {
                Some((conflict.pointer.as_str(), entry))
            }
            _ => None,
        })
    }

    /// The place of an option that the object's author wrote: neither a field nor the tenant gives
    /// it.
    pub fn written(&self, key: &str, entry: &'a Entry) -> Option<&'a str> {
        let place = entry.pointer.as_deref()?;
        let is_written = self.workload.is_written_at(place);
        (is_written && !self.tenant.gives_option(key, &entry.value)).then_some(place)
    }

    /// The first of an option's names that is set, unless the tenant sets it.
    pub fn option(&self, names: &[&str]) -> Option<(&'a str, &'a Entry)> {
        let found = self.workload.config.first(names);
        found.filter(|(key, entry)| !self.tenant.gives_option(key, &entry.value))
    }

    /// Whether an option's value is the author's choice: written, or left at Flink's default. What
    /// the tenant sets is not.
    pub fn is_authors_choice(&self, names: &[&str]) -> bool {
        self.workload.config.first(names).is_none() || self.option(names).is_some()
    }

    /// Flink's roles whose pods are made from options, each with its name in option keys.
    pub fn roles_made_from_options(&self) -> impl Iterator<Item = (Role, &'static str)> {
        let roles = [Role::JobManager, Role::TaskManager].into_iter();
        roles
            .filter(|role| self.workload.options_apply_to(*role))
            .filter_map(|role| Some((role, role.component()?)))
    }

    /// Whether options decide what any pods are like.
    pub fn options_make_pods(&self) -> bool {
        self.roles_made_from_options().next().is_some()
    }

    /// Whether the operator reads the object's options while it deploys the object.
    pub fn is_for_operator(&self) -> bool {
        let options = self.workload.config_pointer.as_deref();
        let is_for_operator =
            |place: &str| place.ends_with("/flinkConfiguration") || place == OPTIONS_PLACE;
        self.workload.engine == Engine::Operator && options.is_some_and(is_for_operator)
    }

    /// Whether Flink creates an object of this name for the cluster of the object's pods: one of the
    /// beginnings and the cluster's id. A pod that runs none of Flink's processes mounts none.
    pub fn is_made_for_own_cluster(&self, beginnings: &[&str], name: &str) -> bool {
        let is_of_cluster = |rest: &str| !rest.is_empty() && rest == self.workload.cluster.as_str();
        self.workload.is_flink()
            && self.pods.iter().any(|pods| pods.set.role != Role::Other)
            && beginnings
                .iter()
                .filter_map(|beginning| name.strip_prefix(beginning))
                .any(is_of_cluster)
    }

    /// Whether the object is a JobManager that will request TaskManagers, which only options
    /// define.
    pub fn requests_task_managers(&self) -> bool {
        !self.workload.declares_cluster && self.workload.options_apply_to(Role::TaskManager)
    }

    /// The custom resource from which the Flink operator creates a cluster: a FlinkDeployment or a
    /// FlinkBlueGreenDeployment.
    pub fn operators_cluster(&self) -> Option<DeclaredSpec<'a>> {
        let Workload { declares_cluster, engine, .. } = self.workload;
        let is_cluster = *declares_cluster && *engine == Engine::Operator;
        is_cluster.then(|| DeclaredSpec::new(self.object, self.workload)).flatten()
    }

    /// The FlinkSessionJob that the Flink operator submits to a cluster.
    pub fn session_job(&self) -> Option<DeclaredSpec<'a>> {
        let is_job = self.resource.kind.kind == "FlinkSessionJob"
            && self.workload.engine == Engine::Operator
            && !is_canary(&self.resource.kind, self.object);
        is_job.then(|| DeclaredSpec::new(self.object, self.workload)).flatten()
    }
}
