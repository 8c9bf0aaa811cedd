//! Slow, silent and too many clients; certificates that change; shutdown.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod serve_support;

use flinkgate::server::certificate::development;
use flinkgate::server::port::Limits;
use flinkgate::server::reload::{Files, watch};
use serve_support::{Client, PATIENCE, certificate, put_in_flight, review, start, tls};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn silent_clients_do_not_block_others() {
    let server = start(Limits { connections: 8, ..Limits::default() }).await;
    let mut held = Vec::new();
    let mut slow = Vec::new();
    for _ in 0..20 {
        held.push(TcpStream::connect(server.address).await.unwrap());
        let mut stream =
            tls(server.address, &server.ca, rustls::DEFAULT_VERSIONS, false).await.unwrap();
        stream.write_all(b"POST /validate HT").await.unwrap();
        slow.push(stream);
    }
    for _ in 0..5 {
        assert_eq!(server.connect().await.review("/validate", "etl").await["allowed"], true);
    }
}

#[tokio::test]
async fn an_endless_header_closes_the_connection() {
    let server = start(Limits { header: Duration::from_millis(200), ..Limits::default() }).await;
    for start_of_request in ["", "POST /validate HTTP/1.1\r\nhost: x\r\n"] {
        let mut stream =
            tls(server.address, &server.ca, rustls::DEFAULT_VERSIONS, false).await.unwrap();
        stream.write_all(start_of_request.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "the connection stayed open");
    }
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    assert!(
        tokio::time::timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await.is_ok(),
        "half a handshake stayed open"
    );
}

/// Mounts a Secret as Kubernetes does: files are links into `..data`, a link that is swapped.
fn mount(folder: &Path, version: &str, certificate: &str, key: &str) {
    let data = folder.join(version);
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("tls.crt"), certificate).unwrap();
    std::fs::write(data.join("tls.key"), key).unwrap();
    symlink(version, folder.join("..tmp")).unwrap();
    std::fs::rename(folder.join("..tmp"), folder.join("..data")).unwrap();
}

#[tokio::test]
async fn only_a_valid_swapped_secret_is_served() {
    let server = start(Limits::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let (one, two, three) =
        (development(&[], 1).unwrap(), development(&[], 1).unwrap(), development(&[], 1).unwrap());
    mount(folder.path(), "..1", &one.certificate_pem, &one.key_pem);
    for name in ["tls.crt", "tls.key"] {
        symlink(Path::new("..data").join(name), folder.path().join(name)).unwrap();
    }
    let files =
        Files { certificate: folder.path().join("tls.crt"), key: folder.path().join("tls.key") };
    tokio::spawn(watch(
        files,
        Duration::from_millis(20),
        Arc::clone(&server.current),
        Arc::clone(&server.health),
        Arc::clone(&server.metrics),
    ));
    let (ca_one, ca_two, ca_three) =
        (certificate(&one).1, certificate(&two).1, certificate(&three).1);
    let serves = async |ca| {
        for _ in 0..500 {
            if let Ok(mut client) =
                Client::connect(server.address, ca, rustls::DEFAULT_VERSIONS, false).await
            {
                return client.review("/validate", "etl").await["allowed"] == true;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    };
    assert!(serves(&ca_one).await);
    let mut kept =
        Client::connect(server.address, &ca_one, rustls::DEFAULT_VERSIONS, false).await.unwrap();
    mount(folder.path(), "..2", &two.certificate_pem, &two.key_pem);
    assert!(serves(&ca_two).await);
    assert_eq!(kept.review("/validate", "etl").await["allowed"], true);

    mount(folder.path(), "..3", &three.certificate_pem, &one.key_pem);
    for _ in 0..500 {
        if server.health.report().1.contains("do not belong together") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (ready, text) = server.health.report();
    assert!(ready && text.contains("do not belong together"), "{text}");
    assert!(serves(&ca_two).await);
    mount(folder.path(), "..4", &three.certificate_pem, &three.key_pem);
    assert!(serves(&ca_three).await);
}

#[tokio::test]
async fn a_request_in_flight_is_answered_during_shutdown() {
    let server = start(Limits::default()).await;
    let mut idle = server.connect().await;
    assert_eq!(idle.review("/validate", "etl").await["allowed"], true);
    let mut stream =
        tls(server.address, &server.ca, rustls::DEFAULT_VERSIONS, false).await.unwrap();
    let body = review("admission.k8s.io/v1", "etl");
    let (first, second) = body.split_at(40);
    put_in_flight(&mut stream, body.len()).await;
    stream.write_all(first.as_bytes()).await.unwrap();
    server.leave().await;
    stream.write_all(second.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("connection: close"), "{answer}");
    tokio::time::timeout(PATIENCE, server.task).await.unwrap().unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}
