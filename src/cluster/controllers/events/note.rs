//! The note of an Event: who refuses what, and the first findings.

use crate::admission::wording::{LINE_LENGTH, clean, refusal_summary};
use crate::pipeline::Answer;
use crate::resource::Resource;
use crate::rules::Level;

/// The API's limit, in bytes.
const NOTE_BYTES: usize = 1_024;

/// One line with as many findings as there is room for.
pub(super) fn note(resource: &Resource, answer: &Answer) -> String {
    let mut note = refusal_summary(resource, answer);
    let errors = answer.findings.iter().filter(|finding| finding.level == Level::Error);
    for (number, finding) in errors.enumerate() {
        note.push_str(if number == 0 { ": " } else { "; " });
        note.push_str(&clean(&format!("{}: {}", finding.rule, finding.message), LINE_LENGTH));
        if note.len() > NOTE_BYTES {
            break;
        }
    }
    cut(note, NOTE_BYTES)
}

/// At most so many bytes, at the end of a character.
pub(super) fn cut(mut text: String, bytes: usize) -> String {
    if text.len() <= bytes {
        return text;
    }
    let room = bytes.saturating_sub('…'.len_utf8());
    let end = text
        .char_indices()
        .map(|(start, c)| start + c.len_utf8())
        .take_while(|end| *end <= room)
        .last();
    text.truncate(end.unwrap_or(0));
    text.push('…');
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::resource::GroupVersionKind;
    use crate::rules::Finding;
    use serde_json::json;

    fn pod() -> Resource {
        Resource {
            kind: GroupVersionKind::parse("v1", "Pod"),
            namespace: "payments-prod".into(),
            object: json!({"metadata": {"generateName": "etl-5d9-"}}),
            ..Resource::default()
        }
    }

    fn answer(findings: impl IntoIterator<Item = (Level, String)>) -> Answer {
        let finding =
            |(level, message)| Finding { rule: "a/b".into(), level, message, ..Finding::default() };
        Answer {
            tenant: Some("payments".into()),
            findings: findings.into_iter().map(finding).collect(),
            ..Answer::default()
        }
    }

    #[test]
    fn a_note_is_one_line() {
        let findings = [
            (Level::Error, "must not\nbe".into()),
            (Level::Error, "no".into()),
            (Level::Warning, "hm".into()),
        ];
        let expected =
            "tenant `payments` refuses Pod payments-prod/etl-5d9-*: a/b: must not be; a/b: no";
        assert_eq!(note(&pod(), &answer(findings)), expected);
    }

    #[test]
    fn a_note_keeps_to_the_apis_limit_and_ends_with_a_whole_character() {
        for text in ["x", "ü", "€", "𝄞"] {
            for length in 220..260 {
                let findings = (0..8).map(|_| (Level::Error, text.repeat(length)));
                let note = note(&pod(), &answer(findings));
                assert!(
                    note.len() <= NOTE_BYTES && note.len() > NOTE_BYTES - 8 && note.ends_with('…'),
                    "{}",
                    note.len()
                );
            }
        }
        assert_eq!(cut("abc".into(), 3), "abc");
        assert_eq!(cut("abcd".into(), 3), "…");
        assert_eq!(cut("äöü".into(), 5), "ä…");
    }
}
