//! Lists and watches on an API server that says what it is told to say, and then nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;
use crate::cluster::fake_api_server::{self, Told};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

type Asked = Arc<Mutex<Vec<String>>>;

/// Answers in this order; whoever asks then waits. Also what was asked.
fn client(answers: Vec<Told>) -> (Client, Asked) {
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

fn failed(code: u16) -> Told {
    fake_api_server::failed(code, "No")
}

fn ok(lines: &[String]) -> Told {
    (200, lines.concat())
}

/// So many things that are told, in short.
async fn told(client: Client, kind: &str, count: usize) -> Vec<String> {
    told_within(client, kind, count, Duration::ZERO).await
}

/// The same, where a kind must have been missing for so long.
async fn told_within(client: Client, kind: &str, count: usize, unserved: Duration) -> Vec<String> {
    let (sender, mut told) = mpsc::channel(64);
    let brief = Duration::from_millis(1);
    let timings = Timings { pauses: (brief, brief), unserved, listing: Duration::from_secs(60) };
    let following = tokio::spawn(follow(client, kinds::named(kind).unwrap(), timings, sender));
    let mut all = Vec::new();
    while all.len() < count {
        let (_, seen) =
            tokio::time::timeout(Duration::from_secs(60), told.recv()).await.unwrap().unwrap();
        let of = |object: &DynamicObject| {
            format!(
                "{}@{}",
                object.metadata.name.as_ref().unwrap(),
                object.metadata.resource_version.as_ref().unwrap()
            )
        };
        all.push(match seen {
            Seen::Began(resource) => format!("began {}", resource.api_version),
            Seen::Object(object) => of(&object),
            Seen::Gone(object) => format!("gone {}", of(&object)),
            Seen::Position(position) => format!("at {position}"),
            Seen::Listed(position) => format!("listed {position}"),
            other => format!("{other:?}").to_lowercase(),
        });
    }
    following.abort();
    all
}

#[tokio::test]
async fn a_list_as_a_stream_goes_on_as_a_watch_and_bookmarks_move_the_position() {
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
        ["began v1", "a@3", "b@5", "listed 7", "a@8", "at 8", "at 20", "gone b@21", "at 21"];
    assert_eq!(told(client, "Pod", expected.len()).await, expected);
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
async fn a_server_without_such_lists_is_asked_for_pages() {
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
        let expected = ["began v1", "began v1", "a@3", "b@4", "listed 9", "c@12", "at 12"];
        assert_eq!(told(client, "Pod", expected.len()).await, expected);
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
async fn a_version_that_is_too_old_leads_to_a_list_anew() {
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
        "began v1",
        "a@3",
        "listed 7",
        "began v1",
        "a@3",
        "listed 30",
        "began v1",
        "a@3",
        "listed 40",
    ];
    assert_eq!(told(client, "Pod", expected.len()).await, expected);
}

#[tokio::test]
async fn a_break_is_told_and_a_watch_goes_on_where_it_was_but_a_list_begins_anew() {
    let (client, asked) = client(vec![
        ok(&[event("ADDED", pod("a", "3"))]),
        ok(&[event("ADDED", pod("a", "3")), bookmark("7", true)]),
        failed(500),
        ok(&[bookmark("9", false)]),
    ]);
    let expected =
        ["began v1", "a@3", "broke", "began v1", "a@3", "listed 7", "broke", "resumed", "at 9"];
    assert_eq!(told(client, "Pod", expected.len()).await, expected);
    assert!(asked.lock().unwrap()[3].ends_with("resourceVersion=7"));
}

#[tokio::test]
async fn a_version_that_is_no_number_is_a_break() {
    let (client, _) = client(vec![ok(&[bookmark("x7", true)])]);
    assert_eq!(told(client, "Pod", 2).await, ["began v1", "broke"]);
}

#[tokio::test]
async fn what_is_not_served_is_looked_for_again_in_whatever_version_it_comes() {
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
    let expected = ["unserved", "began flink.apache.org/v1beta1", "listed 7", "unserved"];
    assert_eq!(told(client, "FlinkDeployment", expected.len()).await, expected);
    assert!(
        asked.lock().unwrap()[4].starts_with("/apis/flink.apache.org/v1beta1/flinkdeployments?")
    );
}

#[tokio::test]
async fn of_what_only_owns_others_metadata_is_asked_for() {
    let mut set = pod("set", "3");
    set["kind"] = json!("PartialObjectMetadata");
    let (client, _) = client(vec![ok(&[event("ADDED", set), bookmark("7", true)])]);
    assert_eq!(told(client, "ReplicaSet", 3).await, ["began apps/v1", "set@3", "listed 7"]);
}

#[tokio::test]
async fn what_was_served_is_not_taken_for_gone_at_once() {
    let list = |version: &str| ok(&[event("ADDED", pod("a", "3")), bookmark(version, true)]);
    let (client, _) = client(vec![list("7"), failed(404), failed(404), list("9")]);
    let expected = [
        "began apps/v1",
        "a@3",
        "listed 7",
        "broke",
        "began apps/v1",
        "broke",
        "began apps/v1",
        "a@3",
        "listed 9",
    ];
    assert_eq!(
        told_within(client, "Deployment", expected.len(), Duration::from_secs(3_600)).await,
        expected
    );
}
