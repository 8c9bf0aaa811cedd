//! Line ends of YAML 1.1, which Kubernetes' reader follows: besides CR and LF also NEL (U+0085), LS
//! (U+2028) and PS (U+2029). granit-parser reads YAML 1.2 and takes these three for text.
//!
//! A text with them is read with line feeds in their place. Offsets stay the same, because each is
//! replaced by as many bytes. LS and PS remain in the text of a scalar where YAML 1.1 keeps them, so
//! such scalars are folded here, as go-yaml does it.

use granit_parser::ScalarStyle;
use std::borrow::Cow;
use std::iter::Peekable;
use std::str::Chars;

/// The line ends that only YAML 1.1 knows.
const OTHERS: [char; 3] = ['\u{85}', '\u{2028}', '\u{2029}'];

/// The text with line feeds for all line ends, and as long.
pub(super) fn with_line_feeds(text: &str) -> Cow<'_, str> {
    if !text.contains(OTHERS) {
        return Cow::Borrowed(text);
    }
    // A blank before a line end changes nothing outside of block scalars.
    Cow::Owned(text.replace('\u{85}', "\r\n").replace(['\u{2028}', '\u{2029}'], " \r\n"))
}

/// The value of a scalar whose text keeps line ends of YAML 1.1; `None` for most. `token` is the
/// scalar as it is written, a block scalar from its `|` or `>`; `read` is its value with line feeds.
pub(super) fn value(token: &str, style: ScalarStyle, read: &str) -> Option<String> {
    // granit-parser keeps the blanks of a block scalar without text.
    let is_blank_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded)
        && read.contains(' ')
        && read.trim_matches(is_white).is_empty();
    if !is_blank_block && !token.contains(['\u{2028}', '\u{2029}']) {
        return None;
    }
    Some(match style {
        ScalarStyle::Plain => flow(token.trim_end_matches(is_white), None),
        ScalarStyle::SingleQuoted => flow(unquoted(token, '\''), Some('\'')),
        ScalarStyle::DoubleQuoted => flow(unquoted(token, '"'), Some('"')),
        ScalarStyle::Literal => block(token, read, true),
        ScalarStyle::Folded => block(token, read, false),
    })
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r') || OTHERS.contains(&c)
}

fn is_white(c: char) -> bool {
    matches!(c, ' ' | '\t') || is_break(c)
}

fn unquoted(token: &str, quote: char) -> &str {
    let token = token.strip_prefix(quote).unwrap_or(token);
    token.strip_suffix(quote).unwrap_or(token)
}

/// A line end as it counts in a value: LS and PS stay, all others are line feeds.
fn counted(c: char, rest: &mut Peekable<Chars<'_>>) -> char {
    if c == '\r' {
        rest.next_if_eq(&'\n');
    }
    if matches!(c, '\u{2028}' | '\u{2029}') { c } else { '\n' }
}

/// White space between two words of a plain or quoted scalar.
#[derive(Default)]
struct Gap {
    blanks: String,
    /// Whether it has a line end, perhaps an escaped one.
    is_broken: bool,
    first: Option<char>,
    others: String,
}

impl Gap {
    fn end_line(&mut self, end: char) {
        if self.is_broken {
            self.others.push(end);
        } else {
            self.blanks.clear();
            self.first = Some(end);
            self.is_broken = true;
        }
    }

    fn write(&mut self, out: &mut String) {
        let Self { blanks, is_broken, first, others } = std::mem::take(self);
        match first {
            _ if !is_broken => out.push_str(&blanks),
            Some('\n') if others.is_empty() => out.push(' '),
            Some('\n') | None => out.push_str(&others),
            Some(first) => {
                out.push(first);
                out.push_str(&others);
            }
        }
    }
}

/// Folds the lines of a plain or quoted scalar.
fn flow(text: &str, quote: Option<char>) -> String {
    let (mut out, mut gap) = (String::with_capacity(text.len()), Gap::default());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if is_break(c) {
            let end = counted(c, &mut rest);
            gap.end_line(end);
        } else if matches!(c, ' ' | '\t') {
            if !gap.is_broken {
                gap.blanks.push(c);
            }
        } else if c == '\\' && quote == Some('"') {
            gap.write(&mut out);
            match rest.next() {
                // An escaped line end joins two lines.
                Some(c) if is_break(c) => {
                    counted(c, &mut rest);
                    gap.is_broken = true;
                }
                Some(c) => out.extend(escaped(c, &mut rest)),
                None => {}
            }
        } else {
            gap.write(&mut out);
            out.push(c);
            if c == '\'' && quote == Some('\'') {
                rest.next_if_eq(&'\'');
            }
        }
    }
    gap.write(&mut out);
    out
}

/// The character of an escape in double quotes.
fn escaped(c: char, rest: &mut Peekable<Chars<'_>>) -> Option<char> {
    let digits = match c {
        '0' => return Some('\0'),
        'a' => return Some('\u{7}'),
        'b' => return Some('\u{8}'),
        't' => return Some('\t'),
        'n' => return Some('\n'),
        'v' => return Some('\u{b}'),
        'f' => return Some('\u{c}'),
        'r' => return Some('\r'),
        'e' => return Some('\u{1b}'),
        'N' => return Some('\u{85}'),
        '_' => return Some('\u{a0}'),
        'L' => return Some('\u{2028}'),
        'P' => return Some('\u{2029}'),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        other => return Some(other),
    };
    let number: String = rest.by_ref().take(digits).collect();
    u32::from_str_radix(&number, 16).ok().and_then(char::from_u32)
}

/// A line of a text, and its end as it counts.
fn lines(text: &str) -> Vec<(&str, Option<char>)> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(is_break) {
        let (line, tail) = rest.split_at(at);
        let mut characters = tail.chars().peekable();
        let end = characters.next().map(|c| counted(c, &mut characters));
        lines.push((line, end));
        rest = tail.get(tail.len() - characters.collect::<String>().len()..).unwrap_or_default();
    }
    if !rest.is_empty() {
        lines.push((rest, None));
    }
    lines
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// The value of a block scalar.
fn block(token: &str, read: &str, is_literal: bool) -> String {
    let all = lines(token);
    let Some(((header, _), body)) = all.split_first() else { return read.to_owned() };
    let header = header.split('#').next().unwrap_or_default();
    let of_first = |lines: &[(&str, Option<char>)]| {
        lines
            .iter()
            .find(|(line, _)| !line.trim_matches(' ').is_empty())
            .map(|(line, _)| indentation(line))
    };
    // How far the value is indented says how far the text is.
    let indent = match of_first(body) {
        Some(own) => own.saturating_sub(of_first(&lines(read)).unwrap_or_default()),
        None => usize::MAX,
    };
    let (mut out, mut leading, mut trailing) = (String::new(), None, String::new());
    let mut was_blank = false;
    for (line, end) in body {
        let own = indentation(line);
        let Some(text) = line.get(indent..).filter(|text| own >= indent && !text.is_empty()) else {
            if own < line.len() {
                break;
            }
            trailing.extend(*end);
            continue;
        };
        let is_blank = text.starts_with([' ', '\t']);
        match leading {
            Some('\n') if !is_literal && !was_blank && !is_blank => {
                if trailing.is_empty() {
                    out.push(' ');
                }
            }
            leading => out.extend(leading),
        }
        out.push_str(&trailing);
        out.push_str(text);
        (leading, was_blank) = (*end, is_blank);
        trailing.clear();
    }
    if !header.contains('-') {
        out.extend(leading);
    }
    if header.contains('+') {
        out.push_str(&trailing);
    }
    out
}
