//! An API server in memory in front of two replicas, and the operator and controllers behind it.

use crate::pods;
use flinkgate::admission::answer::{Answer, Webhook};
use flinkgate::admission::context::{Context, LookupError};
use flinkgate::admission::quota::Quota;
use flinkgate::admission::reviewer::{Deadlines, Review, ReviewRequest, Reviewer};
use flinkgate::kinds::{self, lower_with_context};
use flinkgate::pipeline::charge::Charge;
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::quota::admitted_store::{AdmittedLedgers, InMemoryAdmitted};
use flinkgate::quota::ledger::ObjectRef;
use flinkgate::quota::ledger::admitted::{AdmittedSpecs, Change, SeenObject};
use flinkgate::rego::PolicySet;
use flinkgate::resource::{
    GroupVersionKind, GroupVersionResource, Operation, Resource, UserInfo, metadata_text,
};
use flinkgate::rules::Level;
use flinkgate::tenant::{FlinkTenantSpec, Tenant, Tenants};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

pub const NAMESPACE: &str = "payments-prod";
pub const OPERATOR: &str = "system:serviceaccount:flink-operator:flink-operator";
/// A world at one moment, from which others start.
#[derive(Clone)]
pub struct Snapshot {
    objects: BTreeMap<(String, String, String), Value>,
    record: Vec<Change>,
    next: usize,
}

pub const REPLICA_SETS: &str = "system:serviceaccount:kube-system:replicaset-controller";
pub const JOB_MANAGER: &str = "system:serviceaccount:payments-prod:flink";

static POLICIES: LazyLock<Arc<PolicySet>> =
    LazyLock::new(|| Arc::new(PolicySet::built_in().unwrap()));

/// What replicas share: the stored objects, the gate in force and the ledger.
#[derive(Default)]
struct Shared {
    objects: Mutex<BTreeMap<(String, String, String), Value>>,
    gate: Mutex<Option<Arc<Gate>>>,
    ledger_reads: AtomicUsize,
}

struct Replica(Arc<Shared>);

impl Context for Replica {
    fn gate(&self) -> Arc<Gate> {
        self.0.gate.lock().unwrap().clone().unwrap()
    }

    fn own_user(&self) -> Option<&str> {
        Some("system:serviceaccount:flinkgate-system:flinkgate")
    }

    async fn namespace_labels(
        &self,
        _: &str,
    ) -> Result<Option<BTreeMap<String, String>>, LookupError> {
        Ok(None)
    }

    async fn object(
        &self,
        of: &GroupVersionResource,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Value>, LookupError> {
        let key = (of.resource.clone(), namespace.to_owned(), name.to_owned());
        Ok(self.0.objects.lock().unwrap().get(&key).cloned())
    }

    async fn list(
        &self,
        _: &GroupVersionResource,
        _: &str,
        _: &str,
    ) -> Result<Vec<Value>, LookupError> {
        Ok(Vec::new())
    }

    fn has_cluster(&self) -> bool {
        true
    }

    fn answered(&self, _: &Resource, _: &Answer) {}
}

/// Records, and no limits.
struct Records(Arc<AdmittedLedgers<InMemoryAdmitted>>, Arc<Shared>);

impl Quota for Records {
    async fn reserve(&self, _: &Resource, _: Charge, answer: Answer, _: Instant) -> Answer {
        answer
    }

    async fn deleted(&self, _: &str, _: ObjectRef, _: Instant) {}

    fn records(&self) -> bool {
        true
    }

    async fn admitted(&self, tenant: &str) -> Option<AdmittedSpecs> {
        self.1.ledger_reads.fetch_add(1, Ordering::Relaxed);
        self.0.read(tenant).await.ok()
    }

    async fn record(&self, tenant: &str, change: Change, deadline: Instant) {
        self.0.apply(tenant, change, deadline).await.unwrap();
    }
}

/// The world.
pub struct World {
    shared: Arc<Shared>,
    replicas: Vec<Reviewer<Replica, Records>>,
    ledgers: AdmittedLedgers<InMemoryAdmitted>,
    next: AtomicUsize,
    runtime: tokio::runtime::Runtime,
}

pub fn person(name: &str) -> UserInfo {
    UserInfo {
        username: name.into(),
        groups: vec!["system:authenticated".into()],
        ..UserInfo::default()
    }
}

/// The reasons for a refusal, one a finding.
pub type Refusal = Vec<String>;

/// A gate with this spec for the tenant `payments`, and another tenant with an empty one.
pub fn gate(spec: &Value) -> Gate {
    let mut spec: FlinkTenantSpec = serde_json::from_value(spec.clone()).unwrap();
    spec.namespaces.names = vec!["payments-*".into()];
    let mut other = FlinkTenantSpec::default();
    other.namespaces.names = vec!["other-*".into()];
    let tenant = |name: &str, spec| Tenant { name: name.into(), spec, ..Tenant::default() };
    let tenants = vec![tenant("payments", spec), tenant("other", other)];
    Gate::new(Tenants::new(tenants, BTreeMap::new()), Arc::clone(&POLICIES), Unassigned::Warn)
        .with_ledgers()
}

impl World {
    /// With this spec of the tenant `payments`.
    pub fn new(spec: &Value) -> Self {
        let shared = Arc::new(Shared::default());
        let store = Arc::new(InMemoryAdmitted::default());
        let replica = || {
            let ledgers = Arc::new(AdmittedLedgers::new(Arc::clone(&store)));
            Reviewer::new(Replica(Arc::clone(&shared)), Records(ledgers, Arc::clone(&shared)))
        };
        let world = Self {
            replicas: vec![replica(), replica()],
            ledgers: AdmittedLedgers::new(Arc::clone(&store)),
            shared,
            next: AtomicUsize::new(1),
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
        };
        world.change(spec);
        world
    }

    /// What there is, where everything was admitted with this spec.
    pub fn snapshot(&self, spec: &Value) -> Snapshot {
        let objects = self.shared.objects.lock().unwrap().clone();
        let spec: FlinkTenantSpec = serde_json::from_value(spec.clone()).unwrap();
        let recorded = objects.iter().filter(|((plural, _, _), _)| plural == "flinkdeployments");
        let record = recorded.map(|((_, namespace, name), object)| Change::Admitted {
            object: ObjectRef::new("FlinkDeployment", namespace, name),
            uid: metadata_text(object, "uid").to_owned(),
            spec: spec.kept_text().unwrap(),
        });
        Snapshot { record: record.collect(), objects, next: self.number() }
    }

    /// A world that continues from there, with another spec.
    pub fn from(snapshot: &Snapshot, spec: &Value) -> Self {
        let world = Self::new(spec);
        *world.shared.objects.lock().unwrap() = snapshot.objects.clone();
        world.next.store(snapshot.next, Ordering::Relaxed);
        let end = Instant::now() + Duration::from_secs(60);
        for change in &snapshot.record {
            let applied = world.ledgers.apply("payments", change.clone(), end);
            world.runtime.block_on(applied).unwrap();
        }
        world
    }

    /// The tenant changes.
    pub fn change(&self, spec: &Value) {
        *self.shared.gate.lock().unwrap() = Some(Arc::new(gate(spec)));
    }

    fn number(&self) -> usize {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// How often the ledger was read.
    pub fn ledger_reads(&self) -> usize {
        self.shared.ledger_reads.load(Ordering::Relaxed)
    }

    /// One webhook's answer, from one of the replicas.
    pub fn ask(&self, webhook: Webhook, resource: &Resource) -> Answer {
        let replica = &self.replicas[self.number() % self.replicas.len()];
        let request = ReviewRequest { webhook, resource: Arc::new(resource.clone()), turn: None };
        let end = Instant::now() + Duration::from_secs(60);
        self.runtime.block_on(replica.review(request, Deadlines { policies: end, answer: end }))
    }

    /// Sends a request through both webhooks, as the API server does; the object that is stored.
    pub fn admit(&self, mut resource: Resource) -> Result<Value, Refusal> {
        let refusal = |webhook: &str, answer: &Answer| -> Result<(), Refusal> {
            let errors = answer.findings.iter().filter(|finding| finding.level == Level::Error);
            let errors: Refusal = errors
                .map(|error| {
                    format!("{webhook}: {} {} {}", error.rule, error.pointer, error.message)
                })
                .collect();
            if errors.is_empty() { Ok(()) } else { Err(errors) }
        };
        let is_flink = resource.kind.group == "flink.apache.org";
        let is_pod = resource.kind.kind == "Pod" && resource.operation == Operation::Create;
        if is_flink || is_pod {
            let answer = self.ask(Webhook::Mutate, &resource);
            refusal("mutate", &answer)?;
            if let Some(patch) = &answer.patch {
                json_patch::patch(&mut resource.object, patch).unwrap();
            }
        }
        let answer = self.ask(Webhook::Validate, &resource);
        refusal("validate", &answer)?;
        Ok(resource.object)
    }

    fn key(object: &Value) -> (String, String, String) {
        let text = |field: &str| object[field].as_str().unwrap();
        let kind = GroupVersionKind::parse(text("apiVersion"), text("kind"));
        let row = kinds::of(&kind).unwrap();
        let (namespace, name) = (metadata_text(object, "namespace"), metadata_text(object, "name"));
        (row.plural.to_owned(), namespace.to_owned(), name.to_owned())
    }

    fn resource(&self, user: UserInfo, operation: Operation, object: Value) -> Resource {
        let text = |field: &str| object[field].as_str().unwrap();
        let kind = GroupVersionKind::parse(text("apiVersion"), text("kind"));
        let of = GroupVersionResource {
            group: kind.group.clone(),
            version: kind.version.clone(),
            resource: kinds::of(&kind).unwrap().plural.to_owned(),
        };
        Resource {
            namespace: metadata_text(&object, "namespace").into(),
            name: metadata_text(&object, "name").into(),
            kind,
            of,
            operation,
            user,
            object,
            ..Resource::default()
        }
    }

    /// Stores an object without asking anybody, with a new UID.
    pub fn store(&self, mut object: Value) -> Value {
        if object["metadata"]["uid"].is_null() {
            object["metadata"]["uid"] = json!(format!("uid-{}", self.number()));
        }
        object["metadata"]["resourceVersion"] = json!(self.number().to_string());
        if object["metadata"]["name"].is_null() {
            let prefix = metadata_text(&object, "generateName").to_owned();
            object["metadata"]["name"] = json!(format!("{prefix}{}", self.number()));
        }
        self.shared.objects.lock().unwrap().insert(Self::key(&object), object.clone());
        object
    }

    /// A stored object.
    pub fn stored(&self, plural: &str, name: &str) -> Value {
        let key = (plural.to_owned(), NAMESPACE.to_owned(), name.to_owned());
        self.shared.objects.lock().unwrap().get(&key).cloned().expect(name)
    }

    /// Deletes an object.
    pub fn delete(&self, plural: &str, name: &str) {
        let key = (plural.to_owned(), NAMESPACE.to_owned(), name.to_owned());
        self.shared.objects.lock().unwrap().remove(&key).expect(name);
    }

    /// Creates an object.
    pub fn create(&self, user: UserInfo, mut object: Value) -> Result<Value, Refusal> {
        object["metadata"]["uid"] = json!(format!("uid-{}", self.number()));
        let resource = self.resource(user, Operation::Create, object);
        self.admit(resource).map(|object| self.store(object))
    }

    /// The request that replaces a stored object.
    pub fn update_of(&self, user: UserInfo, mut object: Value) -> Resource {
        let key = Self::key(&object);
        let old = self.shared.objects.lock().unwrap().get(&key).cloned().expect("a stored object");
        object["metadata"]["uid"] = old["metadata"]["uid"].clone();
        object["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"].clone();
        let resource = self.resource(user, Operation::Update, object);
        Resource { old_object: Some(old), ..resource }
    }

    /// Updates an object.
    pub fn update(&self, user: UserInfo, object: Value) -> Result<Value, Refusal> {
        self.admit(self.update_of(user, object)).map(|object| self.store(object))
    }

    /// What the tenant's record says of a stored object, the last spec first.
    pub fn admitted_with(&self, uid: &str) -> Vec<Value> {
        let record = self.runtime.block_on(self.ledgers.read("payments")).unwrap();
        record.of(uid, NAMESPACE).map(|text| serde_json::from_str(text).unwrap()).collect()
    }

    /// The leader looks at what there is.
    pub fn reconcile(&self, gone: &[&str]) {
        let objects = self.shared.objects.lock().unwrap();
        let seen = objects.iter().filter(|((plural, _, _), _)| plural == "flinkdeployments");
        let seen: Vec<SeenObject> = seen
            .map(|((_, namespace, name), object)| SeenObject {
                object: ObjectRef::new("FlinkDeployment", namespace, name),
                uid: metadata_text(object, "uid").to_owned(),
                owners: Vec::new(),
                runs_cluster: true,
            })
            .collect();
        let gate = self.shared.gate.lock().unwrap().clone().unwrap();
        let tenant = gate.tenants().iter().find(|tenant| tenant.name == "payments").unwrap();
        let change = Change::Seen {
            objects: seen,
            spec: tenant.spec.kept_text().unwrap(),
            gone: gone.iter().map(|uid| (*uid).to_owned()).collect::<BTreeSet<_>>(),
        };
        let end = Instant::now() + Duration::from_secs(60);
        self.runtime.block_on(self.ledgers.apply("payments", change, end)).unwrap();
    }

    /// The operator deploys a stored FlinkDeployment: its ConfigMap, its Deployment with a ReplicaSet,
    /// and a pod of each role.
    pub fn deploy(&self, name: &str) -> Result<(), Refusal> {
        let cluster = self.stored("flinkdeployments", name);
        let reference = |api_version: &str, kind: &str, object: &Value| {
            json!([{"apiVersion": api_version, "kind": kind, "name": object["metadata"]["name"],
                "uid": object["metadata"]["uid"], "controller": true}])
        };
        let owner = reference("flink.apache.org/v1beta1", "FlinkDeployment", &cluster);
        let options: String = cluster["spec"]["flinkConfiguration"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, value)| format!("{key}: {}\n", value.as_str().unwrap_or_default()))
            .collect();
        let object = |kind: &str, api_version: &str, name: &str, owner: &Value| {
            json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name,
                "namespace": NAMESPACE, "ownerReferences": owner}})
        };
        let jobmanager = &self.pods_of(name)[0].object;
        let template = json!({"metadata": {"labels": jobmanager["metadata"]["labels"]}, "spec": jobmanager["spec"]});
        let mut deployment = object("Deployment", "apps/v1", name, &owner);
        deployment["spec"] = json!({"replicas": 1, "template": template,
            "selector": {"matchLabels": {"app": name, "component": "jobmanager"}}});
        let deployment = self.create(person(OPERATOR), deployment)?;
        let owner = reference("apps/v1", "Deployment", &deployment);
        let mut map = object("ConfigMap", "v1", &format!("flink-config-{name}"), &owner);
        map["metadata"]["labels"] = json!({"type": "flink-native-kubernetes", "app": name});
        map["data"] = json!({"flink-conf.yaml": options});
        self.create(person(OPERATOR), map)?;
        let set = format!("{name}-6d85bcdd59");
        let mut replica_set = object("ReplicaSet", "apps/v1", &set, &owner);
        replica_set["spec"] = deployment["spec"].clone();
        let controller = "system:serviceaccount:kube-system:deployment-controller";
        self.create(person(controller), replica_set)?;
        self.replace_pod(name, 0)?;
        self.replace_pod(name, 1)
    }

    /// The pods that a stored FlinkDeployment gets: a JobManager and a TaskManager.
    pub fn pods_of(&self, name: &str) -> Vec<Resource> {
        let cluster = self.stored("flinkdeployments", name);
        let resource = self.resource(person(""), Operation::Create, cluster);
        let context = Replica(Arc::clone(&self.shared)).gate().context();
        let workload = lower_with_context(&resource, &resource.object, &context).unwrap();
        pods::of_flink_deployment(&resource, &workload)
    }

    /// A pod that replaces a lost one of the deployed cluster, as it is asked for: the JobManager is
    /// number 0, the TaskManager number 1.
    pub fn replacement(&self, name: &str, number: usize) -> Resource {
        let mut pod = self.pods_of(name)[number].clone();
        if number == 0 {
            // The ReplicaSet's template is that of the deployed cluster.
            let template = self.stored("replicasets", &format!("{name}-6d85bcdd59"));
            let template = &template["spec"]["template"];
            pod.object["spec"] = template["spec"].clone();
            pod.object["metadata"]["labels"] = template["metadata"]["labels"].clone();
        }
        let (plural, owner) = match number {
            0 => ("replicasets", format!("{name}-6d85bcdd59")),
            _ => ("deployments", name.to_owned()),
        };
        let owner = self.stored(plural, &owner);
        pod.object["metadata"]["ownerReferences"][0]["uid"] = owner["metadata"]["uid"].clone();
        pod.object["metadata"]["uid"] = json!(format!("uid-{}", self.number()));
        pod.of = GroupVersionResource::core("pods");
        pod
    }

    /// A lost pod is replaced.
    pub fn replace_pod(&self, name: &str, number: usize) -> Result<(), Refusal> {
        self.admit(self.replacement(name, number)).map(drop)
    }
}
