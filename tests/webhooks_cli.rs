//! `flinkgate webhooks`: what it prints in both forms, and what it does not take.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use assert_cmd::Command;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flinkgate::admission::answer::Webhook;
use flinkgate::admission::registration::differences::differences;
use flinkgate::resource::yaml;
use serde_json::Value;

fn webhooks(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output =
        Command::cargo_bin("flinkgate").unwrap().arg("webhooks").args(arguments).output().unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

fn printed(arguments: &[&str]) -> String {
    let (code, printed, error) = webhooks(arguments);
    assert_eq!((code, error.as_str()), (Some(0), ""), "{arguments:?}");
    printed
}

fn all(text: &str) -> Vec<Value> {
    let configurations: Vec<Value> =
        yaml::parse(text).into_iter().filter_map(|document| document.value).collect();
    configurations
        .iter()
        .flat_map(|configuration| configuration["webhooks"].as_array().unwrap().clone())
        .collect()
}

#[test]
fn both_configurations_name_the_service() {
    insta::assert_snapshot!(printed(&[]));
    assert_eq!(printed(&["--service", "flinkgate-system/flinkgate"]), printed(&[]));
}

#[test]
fn the_users_of_the_operators_are_in_the_condition_and_expected() {
    let users = ["--operator-user", "system:serviceaccount:ops:flink", "--operator-user", "ada"];
    let text = printed(&users);
    let expression = "!(request.userInfo.username in ['system:serviceaccount:ops:flink', 'ada'])";
    assert!(text.contains(expression) && !text.contains("flink-operator:flink-operator"), "{text}");
    for configuration in yaml::parse(&text).into_iter().filter_map(|document| document.value) {
        let (webhook, own) = match configuration["kind"].as_str().unwrap() {
            "MutatingWebhookConfiguration" => (Webhook::Mutate, "flinkgate-system"),
            _ => (Webhook::Validate, "flinkgate-system"),
        };
        assert_eq!(differences(webhook, Some(&configuration), own), []);
    }
    let odd = printed(&["--operator-user", "o'hara\\"]);
    let is_quoted = |condition: &Value| {
        condition["expression"].as_str().unwrap().ends_with(r"in ['o\'hara\\'])")
    };
    let conditions =
        |webhook: &Value| webhook["matchConditions"].as_array().cloned().unwrap_or_default();
    assert!(all(&odd).iter().flat_map(conditions).any(|condition| is_quoted(&condition)), "{odd}");
}

#[test]
fn both_configurations_name_the_url() {
    let service = printed(&["--service", "gate/way"]);
    let url = printed(&["--url", "https://127.0.0.1:9443/"]);
    for (webhook, same) in all(&url).into_iter().zip(all(&service)) {
        let path = same["clientConfig"]["service"]["path"].as_str().unwrap();
        assert_eq!(
            webhook["clientConfig"],
            serde_json::json!({"url": format!("https://127.0.0.1:9443{path}")})
        );
        assert_eq!(webhook["rules"], same["rules"]);
    }
    assert!(!url.contains("service:") && service.contains("- gate\n"), "{service}");
}

#[test]
fn the_authorities_of_a_file_are_embedded_and_its_key_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let made = |name: &str| {
        let out = folder.path().join(name);
        Command::cargo_bin("flinkgate")
            .unwrap()
            .args(["certs", "--out"])
            .arg(&out)
            .assert()
            .success();
        (
            std::fs::read_to_string(out.join("ca.crt")).unwrap(),
            std::fs::read_to_string(out.join("tls.key")).unwrap(),
        )
    };
    let ((old, key), (new, _)) = (made("old"), made("new"));
    let file = folder.path().join("bundle.pem");
    std::fs::write(&file, format!("{old}{key}{new}")).unwrap();
    for webhook in all(&printed(&["--ca", file.to_str().unwrap()])) {
        let bundle =
            STANDARD.decode(webhook["clientConfig"]["caBundle"].as_str().unwrap()).unwrap();
        assert_eq!(String::from_utf8(bundle).unwrap(), format!("{old}{new}").replace('\r', ""));
    }
}

#[test]
fn what_no_api_server_could_call_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let no_certificate = folder.path().join("ca.crt");
    std::fs::write(
        &no_certificate,
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    )
    .unwrap();
    for (arguments, text) in [
        (&["--service", "flinkgate"][..], "NAMESPACE/NAME"),
        (&["--service", "gate/Way"], "DNS label"),
        (&["--url", "http://127.0.0.1:9443"], "https"),
        (&["--url", "127.0.0.1:9443"], "not a URL with a host"),
        (&["--url", "https://127.0.0.1:9443", "--service", "gate/way"], "cannot be used with"),
        (&["--ca", "no-such-file.crt"], "failed to read `no-such-file.crt`"),
        (&["--ca", no_certificate.to_str().unwrap()], "no PEM certificate"),
        (&["more"], "more"),
    ] {
        let (code, printed, error) = webhooks(arguments);
        assert_eq!((code, printed.as_str()), (Some(2), ""), "{arguments:?}: {error}");
        assert!(error.starts_with("error: ") && error.contains(text), "{arguments:?}: {error}");
    }
}
