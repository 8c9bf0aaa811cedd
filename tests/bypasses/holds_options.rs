//! The match condition `holds-options`: the API server asks about every ConfigMap in which the gate
//! reads an option of Flink, whatever blanks and styles of YAML its text has.

use crate::seeded::Seeded;
use crate::webhook_rules::WEBHOOKS;
use flinkgate::flink::config_file::{CONFIG, FLINK_CONF, parse};
use flinkgate::flink::config_sources::is_key_of_high_availability;

/// What the condition looks for in each text of a ConfigMap.
const PATTERN: &str = r"[:?]([^\x21-\x7e]|$)|\{";

/// The keys that the condition does not ask about when they are new.
const KEYS: &str = r"^(address|sessionId|counter|(jobGraph|executionPlan|runningJobsRegistry|checkpointID)-.*|org\.apache\.flink\.k8s\.leader\..*)$";

/// The same pattern, written in Rust. tests/cluster/config_maps.rs asks a real API server.
fn matches(text: &str) -> bool {
    let ends_key = |(at, _)| {
        let next = text.get(at + 1..).and_then(|rest: &str| rest.chars().next());
        next.is_none_or(|next| !('\x21'..='\x7e').contains(&next))
    };
    text.match_indices([':', '?']).any(ends_key) || text.contains('{')
}

/// Whether the gate reads an option in a text, as one of Flink's files.
fn has_option(text: &str) -> bool {
    [FLINK_CONF, CONFIG].into_iter().any(|file| {
        parse(file, text, None)
            .is_ok_and(|config| config.excess().is_some() || config.iter().next().is_some())
    })
}

const PARTS: [&str; 44] = [
    "web.submit.enable",
    "a",
    "\"a\"",
    "'a'",
    "true",
    "x",
    ":",
    ": ",
    " :",
    ":\t",
    ":\n",
    ":\r",
    ":\u{b}",
    ":\u{c}",
    ":\u{1c}",
    ":\u{85}",
    ":\u{a0}",
    ":\u{2028}",
    ":\u{2029}",
    ":\u{3000}",
    ":\u{feff}",
    "\u{feff}",
    "{",
    "}",
    "[",
    "]",
    ",",
    "? ",
    "?\n",
    "&k ",
    "*k",
    "# c\n",
    "\n",
    "\r\n",
    " ",
    "\t",
    "\u{85}",
    "\u{2028}",
    "- ",
    "!!str ",
    "---\n",
    "...\n",
    "|\n",
    ">\n",
];

#[test]
fn the_condition_is_the_one_of_this_test() {
    let (_, webhook) =
        WEBHOOKS.iter().find(|(_, webhook)| webhook["name"] == "options.flinkgate.dev").unwrap();
    let condition = webhook["matchConditions"][0]["expression"].as_str().unwrap();
    // In the object, and in the one before an update.
    assert_eq!(condition.matches(&format!(".matches(r'{PATTERN}')")).count(), 2, "{condition}");
    assert!(condition.contains(&format!("!key.matches(r'{KEYS}')")), "{condition}");
}

#[test]
fn keys_that_are_not_asked_about_are_those_that_no_pod_may_read() {
    for key in ["address", "sessionId", "counter"] {
        assert!(is_key_of_high_availability(key) && KEYS.contains(key), "{key}");
        assert!(!is_key_of_high_availability(&format!("{key}s")), "{key}");
    }
    for prefix in ["jobGraph", "executionPlan", "runningJobsRegistry", "checkpointID"] {
        assert!(is_key_of_high_availability(&format!("{prefix}-1")) && KEYS.contains(prefix));
        assert!(!is_key_of_high_availability(prefix));
    }
    assert!(is_key_of_high_availability("org.apache.flink.k8s.leader.x"));
    for key in ["org.apache.flink.k8s.leader", "xcounter", "config.yaml", "odd", ""] {
        assert!(!is_key_of_high_availability(key), "{key}");
    }
}

#[test]
fn every_text_with_an_option_is_asked_about() {
    let mut random = Seeded(20);
    let mut with_options = 0;
    for _ in 0..100_000 {
        let length = 1 + random.below(9);
        let text: String = (0..length).map(|_| PARTS[random.below(PARTS.len())]).collect();
        let is_read = has_option(&text);
        with_options += usize::from(is_read);
        assert!(!is_read || matches(&text), "{text:?}");
    }
    assert!(with_options > 2_000, "{with_options}");
}

#[test]
fn options_in_braces_are_asked_about() {
    for text in ["{\"web.submit.enable\":true}", "{? \"web.submit.enable\" # x\n:true}"] {
        assert!(has_option(text) && matches(text), "{text}");
    }
}

#[test]
fn texts_of_high_availability_are_not_asked_about() {
    for text in [
        "3f1c-4a,pekko.tcp://flink@10.0.0.1:6123/user/rpc/jobmanager_1",
        "3f1c-4a,http://10.0.0.1:8081",
        "rO0ABXNyADtvcmcuYXBhY2hlLmZsaW5rLnJ1bnRpbWUuc3RhdGUuUmV0cmlldmFibGU=",
        "17",
        "",
    ] {
        assert!(!matches(text) && !has_option(text), "{text}");
    }
}
