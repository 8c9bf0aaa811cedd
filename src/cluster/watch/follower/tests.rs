//! Lists and watches on an API server that sends prepared responses, and then nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;
use crate::cluster::fake_api_server::{self, ApiResponse};
use crate::kinds;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

type Asked = Arc<Mutex<Vec<String>>>;

/// Sends these responses in order; later requests get none. Also the requests.
fn client(answers: Vec<ApiResponse>) -> (Client, Asked) {
    let (answers, asked) = (Arc::new(Mutex::new(VecDeque::from(answers))), Asked::default());
    let heard = Arc::clone(&asked);
    let client = fake_api_server::client(move |request| {
        heard.lock().unwrap().push(request.uri().to_string());
        let answer = answers.lock().unwrap().pop_front();
        async move {
            match answer {
                Some(answer) => answer,
                None => std::future::pending().await,
            }
        }
    });
    (client, asked)
}

fn pod(name: &str, version: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "prod", "uid": name, "resourceVersion": version}})
}

fn event(what: &str, object: Value) -> String {
    json!({"type": what, "object": object}).to_string() + "\n"
}

fn bookmark(version: &str, ends: bool) -> String {
    let annotations = if ends { json!({END_OF_LIST: "true"}) } else { json!({}) };
    event(
        "BOOKMARK",
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"resourceVersion": version, "annotations": annotations}}),
    )
}

fn failed(code: u16) -> ApiResponse {
    fake_api_server::failed(code, "No")
}

fn ok(lines: &[String]) -> ApiResponse {
    (200, lines.concat())
}

/// The first events, in short.
async fn events(client: Client, kind: &str, count: usize) -> Vec<String> {
    events_within(client, kind, count, Duration::ZERO).await
}

/// [`events`], where a kind must have been missing for so long.
async fn events_within(
    client: Client,
    kind: &str,
    count: usize,
    unserved: Duration,
) -> Vec<String> {
    let (sender, mut received) = mpsc::channel(64);
    let brief = Duration::from_millis(1);
    let timings =
        WatchTimings { pauses: (brief, brief), unserved, listing: Duration::from_secs(60) };
    let target = Target::kind(kinds::named(kind).unwrap());
    let following = tokio::spawn(follow(client, target, timings, sender, |event| event));
    let mut all = Vec::new();
    while all.len() < count {
        let event =
            tokio::time::timeout(Duration::from_secs(60), received.recv()).await.unwrap().unwrap();
        let of = |object: &DynamicObject| {
            format!(
                "{}@{}",
                object.metadata.name.as_ref().unwrap(),
                object.metadata.resource_version.as_ref().unwrap()
            )
        };
        all.push(match event {
            Event::ListStarted(resource) => format!("list of {}", resource.api_version),
            Event::Applied(object) => of(&object),
            Event::Deleted(object) => format!("deleted {}", of(&object)),
            Event::Position(position) => format!("at {position}"),
            Event::Listed(position) => format!("listed {position}"),
            Event::Interrupted(_) => "interrupted".to_owned(),
            other => format!("{other:?}").to_lowercase(),
        });
    }
    following.abort();
    all
}

#[tokio::test]
async fn bookmarks_move_the_position_of_a_watch() {
    let (client, asked) = client(vec![
        ok(&[
            event("ADDED", pod("a", "3")),
            event("ADDED", pod("b", "5")),
            bookmark("7", true),
            event("MODIFIED", pod("a", "8")),
            bookmark("20", false),
        ]),
        ok(&[event("DELETED", pod("b", "21"))]),
    ]);
    let expected =
        ["list of v1", "a@3", "b@5", "listed 7", "a@8", "at 8", "at 20", "deleted b@21", "at 21"];
    assert_eq!(events(client, "Pod", expected.len()).await, expected);
    let asked = asked.lock().unwrap();
    assert!(
        asked[0].contains("sendInitialEvents=true") && asked[0].ends_with("resourceVersion="),
        "{}",
        asked[0]
    );
    assert!(
        asked[1].contains("watch=true") && asked[1].ends_with("resourceVersion=20"),
        "{}",
        asked[1]
    );
}

#[tokio::test]
async fn a_server_without_streamed_lists_sends_pages() {
    let page = |items: &[Value], version: &str, more: &str| {
        (
            200,
            json!({"apiVersion": "v1", "kind": "PodList", "metadata": {"resourceVersion": version, "continue": more}, "items": items})
                .to_string(),
        )
    };
    for refusal in [400, 422] {
        let (client, asked) = client(vec![
            failed(refusal),
            page(&[pod("a", "3")], "9", "next"),
            page(&[pod("b", "4")], "9", ""),
            ok(&[event("ADDED", pod("c", "12"))]),
        ]);
        let expected = ["list of v1", "list of v1", "a@3", "b@4", "listed 9", "c@12", "at 12"];
        assert_eq!(events(client, "Pod", expected.len()).await, expected);
        let asked = asked.lock().unwrap();
        assert!(
            !asked[1].contains("resourceVersion")
                && asked[2].contains("continue=next")
                && asked[3].ends_with("resourceVersion=9"),
            "{asked:?}"
        );
    }
}

#[tokio::test]
async fn an_expired_version_leads_to_another_list() {
    let expired: Value = serde_json::from_str(&failed(410).1).unwrap();
    let list = |version: &str| ok(&[event("ADDED", pod("a", "3")), bookmark(version, true)]);
    let (client, _) = client(vec![
        list("7"),
        ok(&[event("ERROR", expired)]),
        list("30"),
        failed(410),
        list("40"),
    ]);
    let expected = [
        "list of v1",
        "a@3",
        "listed 7",
        "list of v1",
        "a@3",
        "listed 30",
        "list of v1",
        "a@3",
        "listed 40",
    ];
    assert_eq!(events(client, "Pod", expected.len()).await, expected);
}

#[tokio::test]
async fn an_interrupted_watch_resumes_and_an_interrupted_list_restarts() {
    let (client, asked) = client(vec![
        ok(&[event("ADDED", pod("a", "3"))]),
        ok(&[event("ADDED", pod("a", "3")), bookmark("7", true)]),
        failed(500),
        ok(&[bookmark("9", false)]),
    ]);
    let expected = [
        "list of v1",
        "a@3",
        "interrupted",
        "list of v1",
        "a@3",
        "listed 7",
        "interrupted",
        "resumed",
        "at 9",
    ];
    assert_eq!(events(client, "Pod", expected.len()).await, expected);
    assert!(asked.lock().unwrap()[3].ends_with("resourceVersion=7"));
}

#[tokio::test]
async fn a_version_that_is_not_a_number_interrupts() {
    let (client, _) = client(vec![ok(&[bookmark("x7", true)])]);
    assert_eq!(events(client, "Pod", 2).await, ["list of v1", "interrupted"]);
}

#[tokio::test]
async fn an_unserved_kind_is_looked_up_in_any_version() {
    let groups = |groups: Value| {
        (200, json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}).to_string())
    };
    let version = |version: &str| json!({"groupVersion": format!("flink.apache.org/{version}"), "version": version});
    let flink = json!([{"name": "flink.apache.org", "versions": [version("v1"), version("v1beta1")], "preferredVersion": version("v1")}]);
    let resources = |version: &str, name: &str, kind: &str| {
        let resource = json!({"name": name, "singularName": "", "namespaced": true, "kind": kind, "verbs": ["list", "watch"]});
        let list = json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": format!("flink.apache.org/{version}"), "resources": [resource]});
        (200, list.to_string())
    };
    let (client, asked) = client(vec![
        groups(json!([])),
        groups(flink),
        resources("v1", "flinkstatesnapshots", "FlinkStateSnapshot"),
        resources("v1beta1", "flinkdeployments", "FlinkDeployment"),
        ok(&[bookmark("7", true)]),
        failed(404),
    ]);
    let expected = ["unserved", "list of flink.apache.org/v1beta1", "listed 7", "unserved"];
    assert_eq!(events(client, "FlinkDeployment", expected.len()).await, expected);
    assert!(
        asked.lock().unwrap()[4].starts_with("/apis/flink.apache.org/v1beta1/flinkdeployments?")
    );
}

#[tokio::test]
async fn only_metadata_of_owners_is_requested() {
    let mut set = pod("set", "3");
    set["kind"] = json!("PartialObjectMetadata");
    let (client, _) = client(vec![ok(&[event("ADDED", set), bookmark("7", true)])]);
    assert_eq!(events(client, "ReplicaSet", 3).await, ["list of apps/v1", "set@3", "listed 7"]);
}

#[tokio::test]
async fn a_missing_kind_is_interrupted_before_it_is_unserved() {
    let list = |version: &str| ok(&[event("ADDED", pod("a", "3")), bookmark(version, true)]);
    let (client, _) = client(vec![list("7"), failed(404), failed(404), list("9")]);
    let expected = [
        "list of apps/v1",
        "a@3",
        "listed 7",
        "interrupted",
        "list of apps/v1",
        "interrupted",
        "list of apps/v1",
        "a@3",
        "listed 9",
    ];
    assert_eq!(
        events_within(client, "Deployment", expected.len(), Duration::from_secs(3_600)).await,
        expected
    );
}
