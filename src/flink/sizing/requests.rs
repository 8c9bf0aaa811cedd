//! Sums the requests of one pod as the scheduler and ResourceQuota do.
//!
//! Init containers run one after the other before the other containers, so the larger of the two
//! phases counts. Sidecars (init containers that always restart) run in both. A limit without a
//! request counts as the request.

use super::SizeProblem;
use crate::resource::pointer;
use crate::resource::quantity::{Quantity, QuantityError};
use crate::resource::type_name;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Amounts by resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Amounts {
    /// Cores.
    pub cpu: Quantity,
    /// Bytes.
    pub memory: Quantity,
    /// Bytes of local disk.
    pub ephemeral_storage: Quantity,
    /// Other resources by name, such as `nvidia.com/gpu`.
    pub extended: BTreeMap<String, Quantity>,
}

/// The requests of one pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodRequests {
    /// Amounts that must be free on its node.
    pub amounts: Amounts,
    /// Generic ephemeral volumes; Kubernetes creates a claim for each.
    pub claims: u64,
    /// Bytes of those claims.
    pub storage: Quantity,
}

/// The requests that Flink and its operator set on the main container.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MainContainer {
    /// Its index in the template; `None` if the operator adds it.
    pub index: Option<usize>,
    /// Its requests: CPU and memory always, others if set.
    pub amounts: Amounts,
}

impl PodRequests {
    /// Sums a pod's `spec`. Pointers of problems start at the template, `/spec/containers/0/…`.
    pub fn of(spec: &Value, main: Option<&MainContainer>, problems: &mut Vec<SizeProblem>) -> Self {
        let mut sum = Summing { problems, main };
        let mut amounts = sum.containers(spec);
        sum.pod_level(spec, &mut amounts);
        if let Some(Value::Object(overhead)) = spec.get("overhead") {
            for (name, value) in overhead {
                let place = || pointer::join("/spec/overhead", name);
                let amount = sum.quantity(value, place);
                sum.add(amounts.entry(name), amount, place);
            }
        }
        let (claims, storage) = sum.volumes(spec);
        Self { amounts, claims, storage }
    }

    /// The claims, and their storage, that the `volumeClaimTemplates` of a StatefulSet at `place`
    /// add to each pod.
    pub fn of_claims(templates: &Value, place: &str, problems: &mut Vec<SizeProblem>) -> Self {
        let mut sum = Summing { problems, main: None };
        let mut claims = Self::default();
        for (index, template) in templates.as_array().into_iter().flatten().enumerate() {
            let field = "/spec/resources/requests/storage";
            let place = || format!("{place}/{index}{field}");
            claims.claims = claims.claims.saturating_add(1);
            if let Some(size) = pointer::at(template, field) {
                let size = sum.quantity(size, place);
                sum.add(&mut claims.storage, size, place);
            }
        }
        claims
    }
}

impl Amounts {
    /// The amount of one resource, added as zero if it is missing.
    pub fn entry(&mut self, name: &str) -> &mut Quantity {
        match name {
            "cpu" => &mut self.cpu,
            "memory" => &mut self.memory,
            "ephemeral-storage" => &mut self.ephemeral_storage,
            _ => self.extended.entry(name.to_owned()).or_default(),
        }
    }

    fn iter(&self) -> impl Iterator<Item = (&str, Quantity)> {
        let own = [
            ("cpu", self.cpu),
            ("memory", self.memory),
            ("ephemeral-storage", self.ephemeral_storage),
        ];
        own.into_iter().chain(self.extended.iter().map(|(name, amount)| (name.as_str(), *amount)))
    }

    fn raise_to(&mut self, other: &Self) {
        for (name, amount) in other.iter() {
            let own = self.entry(name);
            *own = (*own).max(amount);
        }
    }
}

/// Most problems after which further unreadable amounts are not listed. An object may have a hundred
/// thousand; reports have far fewer, and one is enough to refuse it.
const MOST_PROBLEMS: usize = 1_000;

struct Summing<'a> {
    problems: &'a mut Vec<SizeProblem>,
    main: Option<&'a MainContainer>,
}

impl Summing<'_> {
    fn containers(&mut self, spec: &Value) -> Amounts {
        let mut running = Amounts::default();
        for (index, container) in self.list(spec, "containers").iter().enumerate() {
            let place = || format!("/spec/containers/{index}");
            let mut own = self.container(container, place);
            if let Some(main) = self.main.filter(|main| main.index == Some(index)) {
                (own.cpu, own.memory) = (main.amounts.cpu, main.amounts.memory);
                for (name, amount) in main.amounts.iter().filter(|(_, amount)| !amount.is_zero()) {
                    *own.entry(name) = amount;
                }
            }
            self.add_all(&mut running, &own, place);
        }
        if let Some(main) = self.main.filter(|main| main.index.is_none()) {
            self.add_all(&mut running, &main.amounts, || "/spec/containers".into());
        }
        let (mut sidecars, mut starting) = (Amounts::default(), Amounts::default());
        for (index, container) in self.list(spec, "initContainers").iter().enumerate() {
            let place = || format!("/spec/initContainers/{index}");
            let own = self.container(container, place);
            if container.get("restartPolicy").and_then(Value::as_str) == Some("Always") {
                self.add_all(&mut running, &own, place);
                self.add_all(&mut sidecars, &own, place);
                starting.raise_to(&sidecars);
            } else {
                let mut step = own;
                self.add_all(&mut step, &sidecars, place);
                starting.raise_to(&step);
            }
        }
        running.raise_to(&starting);
        running
    }

    fn container(&mut self, container: &Value, place: impl Fn() -> String) -> Amounts {
        let mut own = Amounts::default();
        let Some(resources) = container.get("resources") else { return own };
        let (requests, limits) = (fields(resources, "requests"), fields(resources, "limits"));
        for (name, value) in limits.into_iter().flatten() {
            if requests.is_none_or(|requests| !requests.contains_key(name)) {
                *own.entry(name) = self.quantity(value, || {
                    pointer::join(&format!("{}/resources/limits", place()), name)
                });
            }
        }
        for (name, value) in requests.into_iter().flatten() {
            *own.entry(name) = self.quantity(value, || {
                pointer::join(&format!("{}/resources/requests", place()), name)
            });
        }
        own
    }

    /// Pod-level requests replace the containers' sum. A pod-level limit does so if no container
    /// requests anything.
    fn pod_level(&mut self, spec: &Value, amounts: &mut Amounts) {
        let Some(resources) = spec.get("resources") else { return };
        let counts =
            |name: &str| matches!(name, "cpu" | "memory") || name.starts_with("hugepages-");
        for (name, value) in
            fields(resources, "limits").into_iter().flatten().filter(|(name, _)| counts(name))
        {
            let limit = self.quantity(value, || pointer::join("/spec/resources/limits", name));
            let own = amounts.entry(name);
            if own.is_zero() {
                *own = limit;
            }
        }
        for (name, value) in
            fields(resources, "requests").into_iter().flatten().filter(|(name, _)| counts(name))
        {
            *amounts.entry(name) =
                self.quantity(value, || pointer::join("/spec/resources/requests", name));
        }
    }

    fn volumes(&mut self, spec: &Value) -> (u64, Quantity) {
        let (mut claims, mut storage) = (0_u64, Quantity::default());
        for (index, volume) in self.list(spec, "volumes").iter().enumerate() {
            let Some(template) = volume.get("ephemeral").filter(|ephemeral| ephemeral.is_object())
            else {
                continue;
            };
            claims = claims.saturating_add(1);
            let place = || {
                format!(
                    "/spec/volumes/{index}/ephemeral/volumeClaimTemplate/spec/resources/requests/storage"
                )
            };
            if let Some(size) =
                pointer::at(template, "/volumeClaimTemplate/spec/resources/requests/storage")
            {
                let size = self.quantity(size, place);
                self.add(&mut storage, size, place);
            }
        }
        (claims, storage)
    }

    fn list<'v>(&mut self, spec: &'v Value, field: &str) -> &'v [Value] {
        match spec.get(field) {
            Some(Value::Array(list)) => list,
            None | Some(Value::Null) => &[],
            Some(other) => {
                let place = format!("/spec/{field}");
                let message = format!("invalid value for `{field}`: {}", type_name(other));
                self.problems.push(SizeProblem::new(place, message, "write a list").of_type());
                &[]
            }
        }
    }

    fn quantity(&mut self, value: &Value, place: impl Fn() -> String) -> Quantity {
        let (message, help) = match Quantity::from_json(value) {
            Ok(amount) if !amount.is_negative() => return amount,
            Ok(_) => ("the request is negative".into(), "write zero or more"),
            Err(error) => (error.to_string(), QuantityError::HELP),
        };
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(SizeProblem::new(place(), message, help));
        }
        Quantity::default()
    }

    fn add(&mut self, sum: &mut Quantity, amount: Quantity, place: impl Fn() -> String) {
        match sum.checked_add(amount) {
            Some(added) => *sum = added,
            None => self.problems.push(SizeProblem::new(
                place(),
                "the requests of this pod add up to more than can be counted",
                "lower the requests",
            )),
        }
    }

    fn add_all(&mut self, sum: &mut Amounts, own: &Amounts, place: impl Fn() -> String) {
        for (name, amount) in own.iter().filter(|(_, amount)| !amount.is_zero()) {
            self.add(sum.entry(name), amount, &place);
        }
    }
}

fn fields<'v>(resources: &'v Value, field: &str) -> Option<&'v Map<String, Value>> {
    resources.get(field).and_then(Value::as_object)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    fn requests(spec: &Value) -> PodRequests {
        let mut problems = Vec::new();
        let requests = PodRequests::of(spec, None, &mut problems);
        assert_eq!(problems, []);
        requests
    }

    fn container(cpu: &str, memory: &str) -> Value {
        json!({"resources": {"requests": {"cpu": cpu, "memory": memory}}})
    }

    fn cpu_and_memory(spec: &Value) -> (f64, u64) {
        let amounts = requests(spec).amounts;
        (amounts.cpu.as_cores_f64(), amounts.memory.units_ceil() >> 20)
    }

    #[test]
    fn larger_of_init_and_running_phase_counts() {
        let spec = json!({"containers": [container("1", "1Gi"), container("500m", "1Gi")], "initContainers": [container("4", "512Mi"), container("2", "1Mi")]});
        assert_eq!(cpu_and_memory(&spec), (4.0, 2048));
    }

    #[test]
    fn sidecars_run_through_both_phases() {
        let mut sidecar = container("1", "256Mi");
        sidecar["restartPolicy"] = json!("Always");
        let spec = json!({"containers": [container("1", "1Gi")], "initContainers": [container("2", "1Mi"), sidecar, container("2", "1Mi")]});
        assert_eq!(cpu_and_memory(&spec), (3.0, 1280));
    }

    #[test]
    fn a_limit_without_a_request_is_the_request() {
        let spec = json!({"containers": [{"resources": {"limits": {"cpu": "2", "memory": "1Gi", "nvidia.com/gpu": 1}, "requests": {"cpu": 1}}}]});
        assert_eq!(cpu_and_memory(&spec), (1.0, 1024));
        assert_eq!(requests(&spec).amounts.extended["nvidia.com/gpu"], Quantity::from_units(1));
    }

    #[test]
    fn pod_level_requests_replace_the_containers_sum() {
        let spec = json!({"containers": [container("1", "1Gi")], "overhead": {"cpu": "250m"},
            "resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "8", "memory": "8Gi"}}});
        assert_eq!(cpu_and_memory(&spec), (2.25, 1024));
        let bare = json!({"containers": [{}], "resources": {"limits": {"memory": "8Gi"}}});
        assert_eq!(cpu_and_memory(&bare), (0.0, 8192));
    }

    #[test]
    fn generic_ephemeral_volumes_are_claims() {
        let volume = json!({"ephemeral": {"volumeClaimTemplate": {"spec": {"resources": {"requests": {"storage": "10Gi"}}}}}});
        let sum =
            requests(&json!({"containers": [], "volumes": [volume, {"emptyDir": {}}, volume]}));
        assert_eq!((sum.claims, sum.storage), (2, Quantity::from_bytes(20 << 30)));
    }

    #[test]
    fn invalid_amounts_are_reported_at_their_place() {
        let spec = json!({"containers": [{"resources": {"requests": {"cpu": "lots", "memory": "-1", "a/b": []}}}], "initContainers": 7});
        let mut problems = Vec::new();
        PodRequests::of(&spec, None, &mut problems);
        let mut places: Vec<_> = problems.iter().map(|problem| problem.pointer.as_str()).collect();
        places.sort_unstable();
        assert_eq!(
            places,
            [
                "/spec/containers/0/resources/requests/a~1b",
                "/spec/containers/0/resources/requests/cpu",
                "/spec/containers/0/resources/requests/memory",
                "/spec/initContainers"
            ]
        );
    }
}
