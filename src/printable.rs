//! Text from users, made safe for terminals and for the logs of CI systems.
//!
//! A terminal acts on control characters, and shows text in another order after bidirectional
//! marks. A CI system reads its log for commands: GitHub Actions takes lines that begin with `::`,
//! and together with Azure Pipelines and TeamCity `##[…]`, `##vso[…]`, `##teamcity[…]` anywhere in
//! a line. [`escape`] writes such characters as `\uXXXX`. That keeps the meaning within JSON and
//! within double quotes of YAML.

use std::borrow::Cow;
use std::fmt::Write;

/// Whether a terminal acts on a character. Line feeds and tabs are layout.
pub fn is_unsafe(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Text in which no character acts on a terminal and no line is a command of a CI system.
pub fn escape(text: &str) -> Cow<'_, str> {
    escape_where(text, |_, _| false, true)
}

/// [`escape`] for text that is one line.
pub fn escape_line(text: &str) -> Cow<'_, str> {
    let escaped = escape(text);
    if escaped.contains('\n') { Cow::Owned(escaped.replace('\n', "\\u000a")) } else { escaped }
}

/// [`escape`] for text with the colours of this program (`ESC [ … m`).
pub fn escape_keeping_colours(text: &str) -> Cow<'_, str> {
    escape_where(text, |c, rest| c == '\u{1b}' && is_colour(rest), true)
}

/// [`escape`] for the commands that this program gives to GitHub Actions.
pub fn escape_keeping_commands(text: &str) -> Cow<'_, str> {
    escape_where(text, |_, _| false, false)
}

fn escape_where(
    text: &str,
    keeps: impl Fn(char, &str) -> bool,
    escapes_commands: bool,
) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    let (mut copied, mut line) = (0, Line::default());
    for (at, c) in text.char_indices() {
        if line.is_begun && !may_act(c) {
            line.read(c);
            continue;
        }
        let rest = text.get(at + c.len_utf8()..).unwrap_or_default();
        let acts = match c {
            '#' => line.after_hash && opens(rest),
            ':' => escapes_commands && !line.is_begun && rest.starts_with(':'),
            c => is_unsafe(c) && !keeps(c, rest),
        };
        if acts {
            out.push_str(text.get(copied..at).unwrap_or_default());
            // Writing to a String does not fail.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
            copied = at + c.len_utf8();
        }
        line.is_colour |= c == '\u{1b}' && !acts;
        line.read(c);
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}

/// Whether a text is one line without any character that may act. Most texts are, and that is
/// found out many bytes at a time.
fn is_plain(text: &str) -> bool {
    let is_plain = |byte: &u8| (b' '..=b'~').contains(byte) && *byte != b'#';
    let bytes = text.strip_suffix('\n').unwrap_or(text).as_bytes();
    bytes.chunks(32).all(|chunk| chunk.iter().fold(true, |plain, byte| plain & is_plain(byte)))
        && !text.trim_start().starts_with(':')
}

/// What is read of a line.
#[derive(Default)]
struct Line {
    /// Whether it has more than blanks and colours, which a terminal hides.
    is_begun: bool,
    /// Whether the last characters are a colour that has not ended.
    is_colour: bool,
    after_hash: bool,
}

impl Line {
    fn read(&mut self, c: char) {
        self.after_hash = c == '#';
        if c == '\n' {
            *self = Self::default();
        } else if self.is_colour {
            self.is_colour = c != 'm';
        } else if !c.is_whitespace() {
            self.is_begun = true;
        }
    }
}

fn may_act(c: char) -> bool {
    matches!(c, '#' | '\n') || is_unsafe(c)
}

/// Whether a second `#` begins a command: `##[`, `##vso[`, `##teamcity[`.
fn opens(rest: &str) -> bool {
    rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        .starts_with('[')
}

fn is_colour(rest: &str) -> bool {
    rest.strip_prefix('[').is_some_and(|rest| {
        rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').starts_with('m')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_escaped_and_nothing_else() {
        for (text, expected) in [
            ("plain: text # with ## marks\n\tand a::b", "plain: text # with ## marks\n\tand a::b"),
            ("a\u{1b}[2Jb\r\u{7f}\u{9b}", "a\\u001b[2Jb\\u000d\\u007f\\u009b"),
            ("a\u{202e}b\u{2066}c\u{2028}", "a\\u202eb\\u2066c\\u2028"),
            ("::add-mask::x", "\\u003a:add-mask::x"),
            ("a\n \t::add-mask::x", "a\n \t\\u003a:add-mask::x"),
            (
                "a ##[group]b ##vso[c]###teamcity[d]",
                "a #\\u0023[group]b #\\u0023vso[c]##\\u0023teamcity[d]",
            ),
            ("äöü ☃ ##no", "äöü ☃ ##no"),
        ] {
            assert_eq!(escape(text), expected, "{text:?}");
            assert_eq!(escape(&escape(text)), expected, "{text:?}");
        }
    }

    #[test]
    fn work_is_linear() {
        for text in ["::", "##a", "#", "\u{1b}[1", " :"] {
            let text = text.repeat(200_000);
            assert!(escape(&text).len() >= text.len());
            assert!(escape_keeping_colours(&text).len() >= text.len());
        }
    }

    #[test]
    fn lines_colours_and_commands_have_their_own_forms() {
        assert_eq!(escape_line("a\n::b"), "a\\u000a\\u003a:b");
        assert_eq!(
            escape_keeping_colours("\u{1b}[1;31ma\u{1b}[0m\u{1b}[2J"),
            "\u{1b}[1;31ma\u{1b}[0m\\u001b[2J"
        );
        assert_eq!(escape_keeping_colours("\u{1b}[1m ::a::"), "\u{1b}[1m \\u003a:a::");
        assert_eq!(escape_keeping_commands("::error ::a\u{1b}"), "::error ::a\\u001b");
    }
}
