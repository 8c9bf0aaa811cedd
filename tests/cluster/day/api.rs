//! Requests to the API server as any user. A request that is answered with 429 waits, and one
//! without an answer is sent again.

use crate::support::access::Access;
use crate::support::wait::PATIENCE;
use ::flinkgate::flink::requester::DEFAULT_OPERATOR_USER;
use hyper::header::{HeaderName, HeaderValue};
use kube::api::{DeleteParams, GetParams, ListParams, Patch, PatchParams, PostParams};
use kube::core::Request;
use kube::{Client, Error};
use serde_json::{Value, json};
use std::cell::Cell;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};

/// The group that may do everything, so that only webhooks refuse.
pub const GROUP: &str = "day-in-the-life";
const PAUSE: Duration = Duration::from_millis(200);

/// Who asks.
#[derive(Clone)]
pub struct User {
    name: String,
    /// The pod whose token it is.
    pod: Option<String>,
}

impl User {
    fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        let mut headers =
            vec![("impersonate-user", self.name.clone()), ("impersonate-group", GROUP.to_owned())];
        if let Some(pod) = &self.pod {
            headers.push((
                "impersonate-extra-authentication.kubernetes.io%2fpod-name",
                pod.to_owned(),
            ));
        }
        let header = |(name, value): (&'static str, String)| {
            (HeaderName::from_static(name), value.parse().unwrap())
        };
        headers.into_iter().map(header).collect()
    }

    fn named(name: &str) -> Self {
        Self { name: name.to_owned(), pod: None }
    }

    /// The one who owns the clusters.
    pub fn developer() -> Self {
        Self::named("alice")
    }

    /// The one who owns the tenants.
    pub fn administrator() -> Self {
        Self::named("admin")
    }

    pub fn operator() -> Self {
        Self::named(DEFAULT_OPERATOR_USER)
    }

    /// A component of Kubernetes, such as `replicaset-controller`.
    pub fn component(name: &str) -> Self {
        Self::named(&format!("system:serviceaccount:kube-system:{name}"))
    }

    /// A JobManager, as the service account of its pod.
    pub fn job_manager(namespace: &str, pod: &str) -> Self {
        let name = format!("system:serviceaccount:{namespace}:flink");
        Self { pod: Some(pod.to_owned()), ..Self::named(&name) }
    }
}

/// Where objects of a kind are.
pub fn collection(api_version: &str, namespace: &str, plural: &str) -> String {
    let root = if api_version.contains('/') { "apis" } else { "api" };
    format!("/{root}/{api_version}/namespaces/{namespace}/{plural}")
}

/// The API server, asked by one after the other.
pub struct Api {
    runtime: Runtime,
    client: Client,
    /// How many answers had status 429.
    pub waits: Cell<usize>,
    /// How often there was no answer.
    pub unanswered: Cell<usize>,
}

impl Api {
    /// As the administrator, who speaks for everybody else.
    pub fn new(admin: &Access) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let client = runtime.block_on(admin.frank_client());
        Self { runtime, client, waits: Cell::new(0), unanswered: Cell::new(0) }
    }

    pub fn create(&self, user: &User, plural: &str, object: &Value) -> Result<Value, String> {
        self.post(user, plural, object, false)
    }

    /// What would be answered.
    pub fn try_create(&self, user: &User, plural: &str, object: &Value) -> Result<Value, String> {
        self.post(user, plural, object, true)
    }

    fn post(
        &self,
        user: &User,
        plural: &str,
        object: &Value,
        dry_run: bool,
    ) -> Result<Value, String> {
        let text = |place: &str| object.pointer(place).and_then(Value::as_str).unwrap();
        let path = collection(text("/apiVersion"), text("/metadata/namespace"), plural);
        let params = PostParams { dry_run, field_manager: None };
        let body = object.to_string();
        let make = || Request::new(&path).create(&params, body.clone().into_bytes()).unwrap();
        self.send(Some(user), make).map_err(|refusal| {
            format!("{} creates {} {}: {refusal}", user.name, plural, text("/metadata/name"))
        })
    }

    /// Puts a pod on a node.
    pub fn bind(&self, namespace: &str, pod: &str, node: &str) {
        let binding = json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod, "namespace": namespace},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node}});
        let (path, params) = (collection("v1", namespace, "pods"), PostParams::default());
        let body = || binding.to_string().into_bytes();
        let make =
            || Request::new(&path).create_subresource("binding", pod, &params, body()).unwrap();
        self.send(None, make).unwrap();
    }

    /// A merge patch of an object, or of a part of it such as `status`.
    pub fn patch(
        &self,
        user: &User,
        path: &str,
        name: &str,
        part: Option<&str>,
        patch: &Value,
    ) -> Result<Value, String> {
        let (params, merge) = (PatchParams::default(), Patch::Merge(patch));
        let make = || {
            let to = Request::new(path);
            match part {
                None => to.patch(name, &params, &merge),
                Some(part) => to.patch_subresource(part, name, &params, &merge),
            }
            .unwrap()
        };
        self.send(Some(user), make).map_err(|refusal| {
            format!("{} patches {path}/{name} with {patch}: {refusal}", user.name)
        })
    }

    /// A server-side apply.
    pub fn apply(
        &self,
        user: &User,
        path: &str,
        name: &str,
        manifest: &Value,
    ) -> Result<Value, String> {
        let (params, apply) = (PatchParams::apply("ci").force(), Patch::Apply(manifest));
        self.send(Some(user), || Request::new(path).patch(name, &params, &apply).unwrap())
            .map_err(|refusal| format!("{} applies {path}/{name}: {refusal}", user.name))
    }

    pub fn replace(
        &self,
        user: &User,
        path: &str,
        name: &str,
        object: &Value,
    ) -> Result<Value, String> {
        let params = PostParams::default();
        let make = || {
            let body = object.to_string().into_bytes();
            Request::new(path).replace(name, &params, body).unwrap()
        };
        self.send(Some(user), make)
            .map_err(|refusal| format!("{} replaces {path}/{name}: {refusal}", user.name))
    }

    /// Deletes what may be there.
    pub fn delete(&self, user: &User, path: &str, name: &str, grace: u32) -> Result<(), String> {
        let params = DeleteParams { grace_period_seconds: Some(grace), ..DeleteParams::default() };
        match self.send(Some(user), || Request::new(path).delete(name, &params).unwrap()) {
            Err(refusal) if refusal.starts_with("404 ") => Ok(()),
            answer => answer
                .map(drop)
                .map_err(|refusal| format!("{} deletes {path}/{name}: {refusal}", user.name)),
        }
    }

    pub fn get(&self, path: &str, name: &str) -> Result<Value, String> {
        self.send(None, || Request::new(path).get(name, &GetParams::default()).unwrap())
    }

    pub fn list(&self, path: &str) -> Vec<Value> {
        let make = || Request::new(path).list(&ListParams::default()).unwrap();
        serde_json::from_value(self.send(None, make).unwrap()["items"].take()).unwrap()
    }

    fn send(
        &self,
        user: Option<&User>,
        make: impl Fn() -> hyper::Request<Vec<u8>>,
    ) -> Result<Value, String> {
        let end = Instant::now() + PATIENCE;
        loop {
            let mut request = make();
            let headers = user.map(User::headers).unwrap_or_default();
            request.headers_mut().extend(headers);
            let answer = self.runtime.block_on(self.client.request::<Value>(request));
            let (counter, seen) = match answer {
                Ok(object) => return Ok(object),
                Err(Error::Api(status)) if status.code == 429 => (&self.waits, status.message),
                Err(Error::Api(status))
                    if status.code != 500 || !status.message.contains("failed calling webhook") =>
                {
                    return Err(format!("{} {}", status.code, status.message));
                }
                Err(error) => (&self.unanswered, error.to_string()),
            };
            assert!(Instant::now() < end, "no answer: {seen}");
            counter.set(counter.get() + 1);
            std::thread::sleep(PAUSE);
        }
    }
}
