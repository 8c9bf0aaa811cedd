//! The text forms of options: no option exists for Flink that does not exist for the rules.

use crate::cases::{asked, review};
use crate::option_carriers::{Carrier, found, gate, refused_by};
use flinkgate::kinds::lower;
use flinkgate::rules::Level;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const RULE: &str = "flink/option-text";

/// Pieces of keys and values that some reader does not take as they are.
const PIECES: [&str; 16] = [
    " ",
    "\n",
    "\r",
    "\r\n",
    "\t",
    "#",
    ": ",
    ":",
    ".",
    "\u{1}",
    "\u{b}",
    "a",
    "b.c",
    "web.submit.enable",
    "web.submit.enable: true",
    "\u{2028}",
];

/// A sequence of texts from these pieces, the same in every run.
fn texts(count: usize) -> impl Iterator<Item = String> {
    let mut state = 88_172_645_463_325_252_u64;
    let mut next = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    (0..count).map(move |_| (0..=next(5)).map(|_| PIECES[next(PIECES.len())]).collect())
}

/// What Flink before 2.0 reads of the lines in a file.
fn read_lines(text: &str) -> BTreeMap<String, String> {
    let mut options = BTreeMap::new();
    let trimmed = |text: &str| text.trim_matches(|c: char| c <= ' ').to_owned();
    for line in text.replace("\r\n", "\n").replace('\r', "\n").split('\n') {
        let content = line.split_once('#').map_or(line, |(content, _)| content);
        if let Some((key, value)) = content.split_once(": ") {
            let (key, value) = (trimmed(key), trimmed(value));
            if !key.is_empty() && !value.is_empty() {
                options.insert(key, value);
            }
        }
    }
    options
}

fn deployment(version: &str, options: &Value) -> Value {
    let mut object = Carrier::Deployment.with(options);
    object["spec"]["flinkVersion"] = version.into();
    object
}

#[test]
fn every_option_that_flink_reads_is_judged_or_refused() {
    let gate = gate(&json!({}));
    let mut texts = texts(1200);
    while let (Some(key), Some(value)) = (texts.next(), texts.next()) {
        let (key, value) =
            if key.contains('a') { ("pipeline.name".into(), value) } else { (key, value) };
        for (carrier, version) in [(Carrier::Deployment, "v1_20"), (Carrier::FlinkCluster, "1.14")]
        {
            let mut object = carrier.with(&json!({key.as_str(): value}));
            object["spec"]["flinkVersion"] = version.into();
            let resource = asked(&review("CREATE", &object, &Value::Null));
            let config = lower(&resource, &object).unwrap().config;
            let read = read_lines(&format!("{key}: {value}\n"));
            let missing = |(key, value): (&String, &String)| {
                config.exact(key).is_none_or(|entry| entry.value != **value)
            };
            let is_judged = !read.iter().any(missing);
            let is_refused = gate
                .validate(&resource)
                .findings
                .iter()
                .any(|finding| finding.rule == RULE && finding.level == Level::Error);
            assert!(is_judged || is_refused, "{key:?}: {value:?} {read:?}");
            // One option in one line is what everyone writes.
            let is_plain = read.get(&key) == Some(&value) && read.len() == 1;
            assert!(
                !is_plain || !is_refused || key.ends_with('.') || key.contains('\u{1}'),
                "{key:?}: {value:?}"
            );
        }
    }
}

#[test]
fn hidden_options_are_refused_in_every_version_that_reads_lines() {
    let gate = gate(&json!({}));
    let hidden = [
        "x\nweb.submit.enable: true",
        "x\rweb.submit.enable: true",
        "x\r\n \tweb.submit.enable : true",
        "\nweb.submit.enable: true",
    ];
    let keys = [
        " web.submit.enable",
        "web.submit.enable\t",
        "web.submit.enable: true #",
        "\nweb.submit.enable",
        "web.submit.enable\u{1}",
    ];
    let objects = hidden.map(|value| json!({"pipeline.name": value})).into_iter();
    for options in objects.chain(keys.map(|key| json!({key: "true"}))) {
        for version in ["v1_16", "v1_17", "v1_18", "v1_19", "v1_20"] {
            let refused = refused_by(&gate, &deployment(version, &options));
            assert!(refused.contains(&RULE.to_owned()), "{version} {options}: {refused:?}");
        }
        let mut object = Carrier::BlueGreen.with(&options);
        object["spec"]["template"]["spec"]["flinkVersion"] = "v1_20".into();
        assert!(refused_by(&gate, &object).contains(&RULE.to_owned()), "{options}");
        for carrier in [Carrier::FlinkCluster, Carrier::FlinkApplication] {
            assert!(
                refused_by(&gate, &carrier.with(&options)).contains(&RULE.to_owned()),
                "{options}"
            );
        }
    }
    // Since 2.0, the file is YAML, in which only the dot is lost.
    for version in ["v1_20", "v2_0", "v2_3"] {
        let refused =
            refused_by(&gate, &deployment(version, &json!({"web.submit.enable.": "true"})));
        assert!(refused.contains(&RULE.to_owned()), "{version}: {refused:?}");
    }
}

#[test]
fn texts_that_change_nothing_are_admitted() {
    let gate = gate(&json!({}));
    for value in ["x", "x\n", "-Da=b\r\n", " x ", "a: b", "x:y", "\u{2028}", "a\tb"] {
        for version in ["v1_19", "v1_20", "v2_0"] {
            let findings = found(&gate, &deployment(version, &json!({"pipeline.name": value})));
            assert!(findings.iter().all(|finding| finding.rule != RULE), "{value:?}: {findings:?}");
        }
    }
    let findings = found(&gate, &deployment("v2_0", &json!({"pipeline.name": "a #1\nb: c"})));
    assert!(findings.iter().all(|finding| finding.rule != RULE), "{findings:?}");
    // Flink ignores a part of these.
    for value in ["Job #1", "-Da=b\n-Dc=d"] {
        let findings = found(&gate, &deployment("v1_20", &json!({"pipeline.name": value})));
        let own: Vec<_> = findings.iter().filter(|finding| finding.rule == RULE).collect();
        assert!(
            matches!(own[..], [finding] if finding.level == Level::Warning),
            "{value:?}: {own:?}"
        );
    }
}

#[test]
fn values_are_judged_as_they_are_read() {
    let tenant = json!({"flink": {"metricsReporters": ["*.PrometheusReporterFactory"], "restartStrategy": {"types": ["failure-rate"]}}});
    let gate = gate(&tenant);
    let with = |class: &str, strategy: &str| {
        let options =
            json!({"metrics.reporter.a.factory.class": class, "restart-strategy.type": strategy});
        refused_by(&gate, &deployment("v1_20", &options))
    };
    let class = "org.apache.flink.metrics.prometheus.PrometheusReporterFactory";
    assert_eq!(with(class, "failure-rate\n"), [""; 0]);
    assert!(!with(&format!("evil.Class#.{class}"), "failure-rate").is_empty());
    assert!(!with(class, "none#failure-rate").is_empty());
}

#[test]
fn values_of_the_tenant_may_have_comments_and_line_breaks() {
    for value in ["-Da=b\n", "-Da=#b"] {
        let gate = gate(&json!({"flink": {"configuration": {
            "enforced": {"env.java.opts.all": value}, "defaults": {"pipeline.name": value}}}}));
        for version in ["v1_20", "v2_0"] {
            let object = deployment(version, &json!({}));
            let stored = gate.mutated(&asked(&review("CREATE", &object, &Value::Null)));
            assert_eq!(stored["spec"]["flinkConfiguration"]["env.java.opts.all"], value);
            assert_eq!(refused_by(&gate, &stored), [""; 0]);
            let again = gate.mutated(&asked(&review("CREATE", &stored, &Value::Null)));
            assert_eq!(again, stored);
        }
    }
}

/// What an image's entrypoint makes of `FLINK_PROPERTIES`: until 1.18, and since.
fn read_properties(text: &str) -> [BTreeMap<String, String>; 2] {
    let mut new = BTreeMap::new();
    for line in text.split('\n') {
        let line: String =
            line.chars().filter(|c| !c.is_ascii_whitespace() && *c != '\u{b}').collect();
        if let Some((key, value)) = line.split_once(':') {
            new.insert(key.trim_end_matches('.').to_owned(), value.to_owned());
        }
    }
    new.retain(|key, _| !key.is_empty() && !key.starts_with('#'));
    [read_lines(text), new]
}

#[test]
fn every_option_of_flink_properties_is_judged_or_refused() {
    let gate = gate(&json!({}));
    for text in texts(800) {
        let mut object = Carrier::StandaloneProperties.with(&json!({}));
        let value = object.pointer_mut("/spec/template/spec/containers/0/env/0/value").unwrap();
        *value = text.clone().into();
        let resource = asked(&review("CREATE", &object, &Value::Null));
        let config = lower(&resource, &object).unwrap().config;
        let is_refused =
            gate.validate(&resource).findings.iter().any(|finding| finding.rule == RULE);
        for read in read_properties(&text) {
            let is_judged = read.keys().all(|key| config.exact(key).is_some());
            assert!(is_judged || is_refused, "{text:?}: {read:?}");
        }
    }
}

#[test]
fn variables_hide_no_option() {
    let gate = gate(&json!({"flink": {"configuration": {"forbidden": ["web.submit.enable"]}}}));
    let with = |container: Value| {
        let mut object = Carrier::StandaloneProperties.with(&json!({}));
        json_patch::merge(
            object.pointer_mut("/spec/template/spec/containers/0").unwrap(),
            &container,
        );
        refused_by(&gate, &object).contains(&"flink/forbidden-option".to_owned())
    };
    let env = |x: &str, properties: &str| json!({"env": [{"name": "X", "value": x}, {"name": "FLINK_PROPERTIES", "value": properties}]});
    for container in [
        env("web.submit.enable: true", "$(X)"),
        env("a\nweb.submit.enable: true", "pipeline.name: ${X}"),
        env("web.submit.enable", "$X: true"),
        json!({"env": [{"name": "X", "value": "web.submit.enable=true"}], "args": ["jobmanager", "-D$(X)"]}),
        json!({"env": [{"name": "X", "value": "web.submit.enable"}], "command": ["bash", "-c", "exec /docker-entrypoint.sh jobmanager -D$X=true"]}),
        json!({"args": ["jobmanager", "-D", "\"web.submit.enable=true\""]}),
        json!({"args": ["jobmanager", "-D=web.submit.enable=true"]}),
        json!({"args": ["standalone-job", "-nD", "web.submit.enable=true"]}),
        env("", "web.submit.enable=true: x"),
        env("", &format!("{}web.submit.enable: true", "#\n".repeat(40_000))),
    ] {
        assert!(
            with(container.clone()),
            "{}",
            container.to_string().chars().take(200).collect::<String>()
        );
    }
    for container in [
        env("/state", "execution.checkpointing.dir: ${X}"),
        env("web.submit.enable: true", "pipeline.name: $(Y)"),
        json!({"args": ["jobmanager", "-Djobmanager.rpc.address=$(POD_IP)"]}),
    ] {
        assert!(!with(container.clone()), "{container}");
    }
}

/// The entrypoint fills in variables after all lines are written, and the last line counts.
#[test]
fn variables_override_no_written_option() {
    let enforced = json!({"flink": {"configuration": {"enforced": {"web.submit.enable": false}}}});
    let gate = gate(&enforced);
    let refused = |x: &str, properties: &str| {
        let mut object = Carrier::StandaloneProperties.with(&json!({}));
        let container = json!({"env": [{"name": "X", "value": x}, {"name": "FLINK_PROPERTIES", "value": properties}]});
        json_patch::merge(
            object.pointer_mut("/spec/template/spec/containers/0").unwrap(),
            &container,
        );
        let refused = refused_by(&gate, &object);
        refused.iter().any(|rule| rule == RULE || rule == "flink/enforced-option")
    };
    for (x, properties) in [
        ("web.submit.enable: true", "web.submit.enable: false\n$X"),
        ("web.submit.enable: true", "web.submit.enable: false\n${X}\npipeline.name: a"),
        ("web.submit.enable: true", "web.submit.enable:false\n$X"),
        ("a\nweb.submit.enable: true", "web.submit.enable: false\npipeline.name: $X"),
        ("a\nweb.submit.enable: true", "web.submit.enable: false\n# $X"),
    ] {
        assert!(refused(x, properties), "{x:?} {properties:?}");
    }
    for (x, properties) in [
        ("etl", "web.submit.enable: false\npipeline.name: $X"),
        ("etl", "# ${X}\npipeline.name: ${X}\nweb.submit.enable: false\n"),
        ("true", "web.submit.enable: false\n# web.submit.enable: $X\n"),
        ("a", "web.submit.enable: false\npipeline.name: $X\npipeline.name: $X\n"),
    ] {
        assert!(!refused(x, properties), "{x:?} {properties:?}");
    }
}

#[test]
fn values_that_change_a_start_script_are_refused() {
    let gate = gate(&json!({}));
    let with = |name: &str, value: &str| {
        let mut object = Carrier::StandaloneProperties.with(&json!({}));
        let container = json!({"env": [{"name": name, "value": value}]});
        json_patch::merge(
            object.pointer_mut("/spec/template/spec/containers/0").unwrap(),
            &container,
        );
        refused_by(&gate, &object).contains(&RULE.to_owned())
    };
    assert!(with("JOB_MANAGER_RPC_ADDRESS", r"jm/;s/$/\nweb.submit.enable:\x20true/"));
    assert!(with("TASK_MANAGER_NUMBER_OF_TASK_SLOTS", "2/g;${X}"));
    assert!(!with("JOB_MANAGER_RPC_ADDRESS", "$(POD_IP)"));
    assert!(!with("TASK_MANAGER_NUMBER_OF_TASK_SLOTS", "2"));
}

#[test]
fn variables_and_arguments_of_other_operators_are_options() {
    let gate = gate(&json!({"flink": {"configuration": {"forbidden": ["web.submit.enable"]}}}));
    let forbidden = "flink/forbidden-option".to_owned();
    let mut object = Carrier::FlinkApplication.with(&json!({}));
    object["spec"]["jobManagerConfig"]["envConfig"] =
        json!({"env": [{"name": "FLINK_PROPERTIES", "value": "web.submit.enable: true"}]});
    assert!(refused_by(&gate, &object).contains(&forbidden));
    for hidden in [json!({"web.submit.enable": true}), json!([{"a": 1, "web.submit.enable": true}])]
    {
        let mut object = Carrier::FlinkApplication.with(&json!({}));
        object["spec"]["flinkConfig"]["x"] = hidden;
        let refused = refused_by(&gate, &object);
        assert!(refused.contains(&forbidden), "{refused:?}");
    }
    let mut object = Carrier::FlinkApplication.with(&json!({}));
    object["spec"]["flinkConfig"]["x"] = json!(["a\nweb.submit.enable: true"]);
    assert!(refused_by(&gate, &object).contains(&RULE.to_owned()));
    object["spec"]["flinkConfig"]["x"] = json!(["a: b", 1]);
    assert!(!refused_by(&gate, &object).contains(&RULE.to_owned()));
    let mut object = Carrier::FlinkCluster.with(&json!({}));
    object["spec"]["job"] =
        json!({"mode": "Application", "className": "a.B", "args": ["-Dweb.submit.enable=true"]});
    assert!(refused_by(&gate, &object).contains(&forbidden));
    object["spec"]["job"]["mode"] = "Detached".into();
    assert!(!refused_by(&gate, &object).contains(&forbidden));
}

#[test]
fn arguments_set_no_reserved_option() {
    let gate = gate(&json!({}));
    let mut object = Carrier::Deployment.with(&json!({}));
    object["spec"]["mode"] = "standalone".into();
    object["spec"]["job"]["args"] = json!(["-Dhigh-availability.cluster-id=other"]);
    assert!(refused_by(&gate, &object).contains(&"flink/reserved-option".to_owned()));
}

#[test]
fn an_enforced_option_is_written_under_the_name_that_the_version_reads() {
    let gate =
        gate(&json!({"flink": {"configuration": {"enforced": {"state.backend.type": "rocksdb"}}}}));
    for (version, keys) in [
        ("v1_16", vec!["state.backend", "state.backend.type"]),
        ("v1_20", vec!["state.backend.type"]),
    ] {
        let object = deployment(version, &json!({}));
        let stored = gate.mutated(&asked(&review("CREATE", &object, &Value::Null)));
        let options = stored["spec"]["flinkConfiguration"].as_object().unwrap();
        let written: Vec<_> = options
            .iter()
            .filter(|(_, value)| *value == "rocksdb")
            .map(|(key, _)| key.as_str())
            .collect();
        assert_eq!(written, keys, "{version}");
        assert_eq!(refused_by(&gate, &stored), [""; 0]);
    }
}
