//! `flink/option-text`

use crate::flink::credentials::is_credential;
use crate::flink::redaction::uri;
use crate::flink::text_form::{TextFault, TextProblem};
use crate::rules::words::shown;
use crate::rules::{Findings, Level, Rule, Subject};

/// Keys and values that Flink reads otherwise than they are written.
pub static RULE: Rule = Rule {
    id: "flink/option-text",
    level: Level::Error,
    since: "0.1.0",
    title: "Options that are read otherwise than they are written",
    tenant_fields: &["flink.configuration.defaults", "flink.configuration.enforced"],
    as_is: false,
    page: include_str!("option_text.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let is_error = |fault: &&TextFault| fault.problem.is_error();
    let faults = || subject.workload.text_faults.iter();
    // Errors come first: no number of warnings may hide one.
    for fault in faults().filter(is_error).chain(faults().filter(|fault| !is_error(fault))) {
        if let Some(place) = subject.written(&fault.key, &fault.entry) {
            report(fault, place, subject, findings);
        }
    }
}

fn report(fault: &TextFault, place: &str, subject: &Subject<'_>, findings: &mut Findings) {
    let TextFault { key, entry, problem } = fault;
    let name = escaped(key);
    let finding = findings.at(place).key(name.as_str());
    match problem {
        TextProblem::Key(read) if read.is_empty() => finding
            .message(format!("`{name}` is not the key of an option: Flink does not read it"))
            .help(KEY.to_owned()),
        TextProblem::Key(read) => {
            let read = escaped(read);
            finding
                .message(format!("`{name}` is not the key of an option: Flink reads `{read}`"))
                .help(KEY.to_owned())
        }
        TextProblem::HiddenOption(hidden) => {
            let hidden = escaped(hidden);
            finding
                .message(format!(
                    "the value of `{name}` has a line break, after which Flink reads `{hidden}`"
                ))
                .help(format!(
                    "write the value of `{name}` in one line, and `{hidden}` as an option"
                ))
        }
        TextProblem::NoPair => finding
            .level(Level::Warning)
            .message(format!(
                "`{name}` has no colon with a blank before its value: Flink skips the line, or \
                 reads another value"
            ))
            .help(match is_credential(key) {
                true => format!("write the line with `{name}: ` before the value"),
                false => format!("write the line as `{name}: {}`", uri(&escaped(&entry.value))),
            }),
        TextProblem::Script => finding
            .message(format!("the value of `{name}` changes a command of Flink's start script"))
            .help(format!("write `{name}` without slashes, backslashes, `&` and line breaks")),
        TextProblem::LostLines => finding
            .level(Level::Warning)
            .message(format!(
                "the value of `{name}` has a line break, and Flink ignores the text after it"
            ))
            .help(format!("write the value of `{name}` in one line")),
        TextProblem::Comment => {
            let read = escaped(subject.workload.text_form.value(&entry.value));
            let what = match is_credential(key) {
                true => String::new(),
                false => format!(", and the value as `{}`", uri(&read)),
            };
            finding
                .level(Level::Warning)
                .message(format!("Flink reads `#` in the value of `{name}` as a comment{what}"))
                .help("write the value without `#`, or use Flink 2.0 or later".to_owned())
        }
    };
}

/// What to write instead of a wrong key.
const KEY: &str = "write the key without blanks and line breaks around it, `#`, `: `, control \
    characters, or a dot at the end";

/// A text for a message, with its control characters as escapes.
fn escaped(text: &str) -> String {
    shown(text).escape_debug().to_string()
}
