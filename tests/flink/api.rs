//! Plain requests to the API server, for programs that are not kubectl: the stand-in kubelet and
//! names of Services.

use crate::support::access::Access;
use hyper::Request;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

/// One user's requests, on one thread.
pub struct Api {
    runtime: Runtime,
    client: kube::Client,
}

impl Api {
    /// A client of its own runtime.
    pub fn new(access: &Access) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let client = runtime.block_on(access.client());
        Self { runtime, client }
    }

    /// `GET`.
    pub fn get(&self, path: &str) -> kube::Result<Value> {
        self.send("GET", path, "application/json", Vec::new())
    }

    /// `POST`.
    pub fn post(&self, path: &str, body: &Value) -> kube::Result<Value> {
        self.send("POST", path, "application/json", body.to_string().into_bytes())
    }

    /// `PATCH`, a merge patch.
    pub fn patch(&self, path: &str, body: &Value) -> kube::Result<Value> {
        let merge = "application/merge-patch+json";
        self.send("PATCH", path, merge, body.to_string().into_bytes())
    }

    /// `DELETE`.
    pub fn delete(&self, path: &str, body: &Value) -> kube::Result<Value> {
        self.send("DELETE", path, "application/json", body.to_string().into_bytes())
    }

    fn send(&self, method: &str, path: &str, kind: &str, body: Vec<u8>) -> kube::Result<Value> {
        let request =
            Request::builder().method(method).uri(path).header("content-type", kind).body(body);
        self.runtime.block_on(self.client.request(request.unwrap()))
    }
}

/// The objects of a list, each on its own.
pub fn items(mut list: Value) -> Vec<Value> {
    match list["items"].take() {
        Value::Array(items) => items,
        _ => Vec::new(),
    }
}

/// A text in an object, or the empty text.
pub fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
