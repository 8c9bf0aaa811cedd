//! A rule about an option holds for every name of the catalog, and for no other option.

use crate::cases;
use crate::manifests::read;
use crate::option_carriers::{CARRIERS, Carrier, gate, refused_by, validated};
use flinkgate::flink::catalog::other_names;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const FORBIDDEN: &str = "flink/forbidden-option";

/// Each name of an option in the catalog with the option that Flink reads it for, and whether it is
/// a deprecated name.
fn names() -> Vec<(String, String, bool)> {
    let table = include_str!("../../src/flink/catalog/options.tsv");
    let lines = table.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>());
    let names = lines.filter(|line| matches!(line[1], "alias" | "fallback") && line[0] != line[5]);
    names.map(|line| (line[0].to_owned(), line[5].to_owned(), line[1] == "alias")).collect()
}

fn forbid(patterns: &[&str]) -> flinkgate::pipeline::Gate {
    gate(&json!({"flink": {"configuration": {"forbidden": patterns}}}))
}

fn is_forbidden(patterns: &[&str], carrier: Carrier, key: &str) -> bool {
    let object = carrier.with(&json!({key: "x"}));
    validated(&forbid(patterns), &object).iter().any(|finding| finding.rule == FORBIDDEN)
}

#[test]
fn every_name_of_a_forbidden_option_is_forbidden() {
    let names = names();
    assert!(names.len() > 250);
    for (key, option, is_deprecated) in &names {
        assert!(is_forbidden(&[option], Carrier::SessionJob, key), "{key}: {option}");
        if *is_deprecated {
            assert!(is_forbidden(&[key], Carrier::SessionJob, option), "{option}: {key}");
        }
        let family = option.rsplit_once('.').map(|(family, _)| format!("{family}.*"));
        if let Some(family) = family {
            assert!(is_forbidden(&[&family], Carrier::SessionJob, key), "{key}: {family}");
        }
    }
}

#[test]
fn recorded_names_are_forbidden_in_every_kind() {
    let keys = read("tests/data/bypasses/aliases-that-pass.json");
    let keys: Vec<&str> = cases::list(&keys).iter().map(|key| key.as_str().unwrap()).collect();
    let mut missing = Vec::new();
    for (offset, carrier) in CARRIERS.into_iter().enumerate() {
        let options: Value = keys
            .iter()
            .map(|key| (key.to_string(), json!("x")))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let known: BTreeSet<&str> =
            keys.iter().flat_map(|key| other_names(key).readers.iter().copied()).collect();
        // Each option in one kind, and each kind with a part of the options.
        for option in known.into_iter().skip(offset).step_by(CARRIERS.len()) {
            let refused = refused_by(&forbid(&[option]), &carrier.with(&options));
            if !refused.iter().any(|rule| rule == FORBIDDEN) {
                missing.push((carrier, option));
            }
        }
    }
    // The field `serviceAccount` replaces the option that they fall back to.
    missing.retain(|(carrier, option)| {
        !matches!(carrier, Carrier::Deployment | Carrier::BlueGreen)
            || !option.ends_with(".service-account")
    });
    assert_eq!(missing, []);
}

#[test]
fn a_pattern_for_deprecated_names_forbids_no_other_option() {
    assert!(!is_forbidden(
        &["high-availability.zookeeper.*"],
        Carrier::Deployment,
        "high-availability.storageDir"
    ));
    for (key, option, _) in names() {
        let prefix = key.rsplit_once('.').map_or(key.as_str(), |(prefix, _)| prefix);
        let pattern = format!("{prefix}.*");
        let matches =
            |name: &str| name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('.'));
        // The present name, unless it or an option that reads it is in the same family.
        if !matches(&option) && !other_names(&option).readers.iter().any(|reader| matches(reader)) {
            assert!(
                !is_forbidden(&[&pattern], Carrier::SessionJob, &option),
                "{option}: {pattern}"
            );
        }
    }
}

#[test]
fn an_enforced_option_is_enforced_under_every_name() {
    let deprecated = names().into_iter().filter(|(_, _, is_deprecated)| *is_deprecated);
    // Each name in a session job, and in one of the kinds to which mutation adds no options.
    for ((key, option, _), as_written) in deprecated.zip(AS_WRITTEN.into_iter().cycle()) {
        for (enforced, set) in [(&option, &key), (&key, &option)] {
            let gate = gate(&json!({"flink": {"configuration": {"enforced": {enforced: "a"}}}}));
            for carrier in [Carrier::SessionJob, as_written] {
                let is_reported = |options: Value| {
                    let findings = validated(&gate, &carrier.with(&options));
                    findings.iter().any(|finding| finding.rule == "flink/enforced-option")
                };
                // The operator gives a FlinkCluster some options itself.
                if carrier != Carrier::SessionJob && is_reported(json!({})) {
                    continue;
                }
                let found = (is_reported(json!({set: "b"})), is_reported(json!({set: "a"})));
                assert_eq!(found, (true, false), "{carrier:?} {set}: {enforced}");
            }
        }
    }
}

/// Kinds that validation judges as they come: without mutation, nothing adds the option itself.
const AS_WRITTEN: [Carrier; 6] = [
    Carrier::FlinkCluster,
    Carrier::FlinkApplication,
    Carrier::NativeArguments,
    Carrier::Pod,
    Carrier::ConfigMapLines,
    Carrier::ConfigMapYaml,
];

/// Flink reads another option where an enforced one is not set.
#[test]
fn an_enforced_option_is_enforced_against_its_fallbacks() {
    let mut count = 0;
    for (fallback, option, _) in names().into_iter().filter(|(_, _, is_alias)| !is_alias) {
        let gate = gate(&json!({"flink": {"configuration": {"enforced": {&option: "a"}}}}));
        for carrier in AS_WRITTEN {
            let is_reported = |options: Value| {
                let findings = validated(&gate, &carrier.with(&options));
                findings.iter().any(|finding| finding.rule == "flink/enforced-option")
            };
            if is_reported(json!({})) {
                continue;
            }
            count += 1;
            assert!(is_reported(json!({&fallback: "b"})), "{carrier:?}: {fallback} for {option}");
            assert!(!is_reported(json!({&fallback: "a"})), "{carrier:?}: {fallback} for {option}");
            let both = json!({&fallback: "b", &option: "a"});
            assert!(!is_reported(both), "{carrier:?}: {fallback} for {option}");
        }
    }
    assert!(count > 30, "{count}");
}

/// Every case of `ways-round`, with each option under each of its deprecated names.
#[test]
fn every_rule_holds_for_deprecated_names() {
    let mut count = 0;
    let mut wrong = Vec::new();
    for (name, case) in cases::cases("tests/data/ways-round/cases") {
        let carrier = match case.get("base").and_then(Value::as_str).unwrap_or("deployment") {
            "deployment" => Carrier::Deployment,
            "blue-green" => Carrier::BlueGreen,
            "session-job" => Carrier::SessionJob,
            "native" => Carrier::NativeArguments,
            "standalone" => Carrier::StandaloneProperties,
            _ => continue,
        };
        let Some(options) = case.get("options").and_then(Value::as_object) else { continue };
        let gate = gate(&case["tenant"]);
        for (key, value) in options {
            for older in &other_names(key).older {
                let mut options = options.clone();
                options.remove(key);
                options.insert((*older).to_owned(), value.clone());
                let mut object = carrier.with(&options.into());
                if let Some(patch) = case.get("patch") {
                    json_patch::merge(&mut object, patch);
                }
                let rule = case["rule"].as_str().unwrap();
                let findings = crate::option_carriers::found(&gate, &object);
                count += 1;
                if !findings.iter().any(|finding| finding.rule == rule) {
                    wrong.push(format!("{name}: {older}"));
                }
            }
        }
    }
    assert!(count > 40, "{count}");
    assert_eq!(wrong, [""; 0]);
}

/// Arguments of a standalone cluster are options as well as those of its field.
#[test]
fn a_forbidden_option_is_forbidden_under_every_name_in_arguments() {
    let object = |arguments: Value| {
        let mut object = Carrier::Deployment.with(&json!({}));
        object["spec"]["mode"] = "standalone".into();
        object["spec"]["taskManager"]["replicas"] = 1.into();
        object["spec"]["job"]["args"] = arguments;
        object
    };
    let gate = forbid(&["web.submit.enable", "rest.bind-port"]);
    for arguments in [
        json!(["-Djobmanager.web.submit.enable=true"]),
        json!(["-D", "jobmanager.web.submit.enable=true"]),
        json!(["--rate", "5", "-Djobmanager.web.port=80"]),
        json!(["-Dweb.submit.enable"]),
        json!(["-D", "web.submit.enable", "true"]),
    ] {
        let findings = validated(&gate, &object(arguments.clone()));
        assert!(findings.iter().any(|finding| finding.rule == FORBIDDEN), "{arguments}");
    }
    for arguments in
        [r"-\Dweb.submit.enable=true", "-''Dweb.submit.enable", "-D web.submit.enable true"]
    {
        let options = json!({"kubernetes.jobmanager.entrypoint.args": arguments});
        let findings = validated(&gate, &Carrier::Deployment.with(&options));
        assert!(findings.iter().any(|finding| finding.rule == FORBIDDEN), "{arguments}");
    }
    let findings = validated(&gate, &object(json!(["-Dpipeline.name=x", "--web", "y"])));
    assert!(findings.iter().all(|finding| finding.rule != FORBIDDEN), "{findings:?}");
}

/// The plugins for file systems read the same option under several prefixes.
#[test]
fn options_of_file_systems_hold_under_every_prefix() {
    let families: [&[&str]; 5] = [
        &["s3.endpoint", "s3a.endpoint", "fs.s3a.endpoint", "presto.s3.endpoint"],
        &["s3.secret-key", "s3.secret.key", "fs.s3a.secret.key", "presto.s3.secret-key"],
        &["s3.path-style-access", "s3a.path.style.access"],
        &["gs.project.id", "fs.gs.project.id"],
        &["azure.account.key.a", "fs.azure.account.key.a"],
    ];
    let rules = |gate: &flinkgate::pipeline::Gate, carrier: Carrier, key: &str, value: &str| {
        let object = carrier.with(&json!({key: value}));
        let rules = validated(gate, &object).into_iter().map(|finding| finding.rule.to_string());
        rules.collect::<BTreeSet<_>>()
    };
    for (carrier, family) in CARRIERS.into_iter().zip(families.iter().cycle()) {
        for ruled in family.iter() {
            let (prefix, _) = ruled.split_once('.').unwrap();
            let enforce = gate(&json!({"flink": {"configuration": {"enforced": {*ruled: "a"}}}}));
            for key in family.iter() {
                assert!(is_forbidden(&[ruled], carrier, key), "{carrier:?} {ruled} {key}");
                assert!(is_forbidden(&[&format!("{prefix}.*")], carrier, key), "{ruled} {key}");
                let found = rules(&enforce, carrier, key, "b");
                assert!(found.contains("flink/enforced-option"), "{carrier:?} {ruled} {key}");
            }
        }
    }
    for (pattern, key) in [
        ("s3.endpoint", "s3a.endpoint.region"),
        ("s3.endpoint", "gs.endpoint"),
        ("s3.*", "fs.gs.project.id"),
        ("fs.*", "state.backend.type"),
    ] {
        assert!(!is_forbidden(&[pattern], Carrier::SessionJob, key), "{pattern} {key}");
    }
}

/// Flink reads no element of a map that is also written as one text.
#[test]
fn no_map_hides_an_enforced_element() {
    const MAP: &str = "kubernetes.jobmanager.annotations";
    let enforced = json!({"kubernetes.jobmanager.annotations.team": "a"});
    let gate = gate(&json!({"flink": {"configuration": {"enforced": enforced}}}));
    let is_refused = |carrier: Carrier, key: &str, value: &str| {
        let refused = refused_by(&gate, &carrier.with(&json!({key: value})));
        refused.iter().any(|rule| rule == "flink/enforced-option")
    };
    for carrier in [Carrier::Deployment, Carrier::BlueGreen, Carrier::NativeArguments] {
        for text in ["x:y", "team:b", "x:y,team:b", "{team: b}", ""] {
            assert!(is_refused(carrier, MAP, text), "{carrier:?} {text:?}");
        }
        for text in ["team:a", "x:y,team:a"] {
            assert!(!is_refused(carrier, MAP, text), "{carrier:?} {text:?}");
        }
        assert!(!is_refused(carrier, &format!("{MAP}.other"), "b"), "{carrier:?}");
    }
    // The tenant's own map is its own decision.
    let own = json!({"flink": {"configuration": {
        "enforced": {"kubernetes.jobmanager.annotations.team": "a"}, "defaults": {MAP: "x:y"}}}});
    let gate = crate::option_carriers::gate(&own);
    let object = Carrier::Deployment.with(&json!({}));
    let stored = gate.mutated(&cases::asked(&cases::review("CREATE", &object, &Value::Null)));
    assert_eq!(refused_by(&gate, &stored), [""; 0]);
}
