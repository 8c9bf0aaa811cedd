//! `security/inline-credentials`

use crate::flink::credentials::{HTTP_HEADERS, OPERATOR_HTTP_HEADERS, is_credential, is_reference};
use crate::flink::map_options::map_entries;
use crate::rules::{Findings, Level, Rule, Subject};

/// Credentials in the configuration itself. No finding contains their values.
pub static RULE: Rule = Rule {
    id: "security/inline-credentials",
    level: Level::Warning,
    since: "0.1.0",
    title: "Credentials in plain text",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("inline_credentials.md"),
    check,
};

/// HTTP headers that carry credentials.
const HEADERS: [&str; 3] = ["authorization", "proxy-authorization", "cookie"];

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let config = &subject.workload.config;
    let mut report = |key: &str, entry, help: &str| {
        if let Some(place) = subject.written(key, entry) {
            findings
                .at(place)
                .message(format!("`{key}` contains a credential in plain text"))
                .help(help.to_owned())
                .key(key);
        }
    };
    for (key, entry) in config.iter() {
        if is_credential(key) && !is_reference(&entry.value) {
            report(
                key,
                entry,
                "read it from a Secret, or use the service account's cloud identity",
            );
        }
    }
    for option in [OPERATOR_HTTP_HEADERS, HTTP_HEADERS] {
        for header in map_entries(config, option) {
            let name = header.key.trim();
            if HEADERS.iter().any(|own| own.eq_ignore_ascii_case(name)) || is_credential(name) {
                let help = "put the JAR into the image, or where reading it needs no credential";
                report(header.option, header.entry, help);
            }
        }
    }
}
