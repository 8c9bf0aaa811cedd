//! What Flink reads of options that an operator writes into a text file.
//!
//! Flink before 2.0 reads `flink-conf.yaml` line by line: a `#` starts a comment, the first colon
//! with a blank ends the key, and blanks around keys and values do not count. Operators write keys
//! and values into these lines as they are, so that a line break makes options of its own. Since
//! 2.0 the file is YAML with nested keys, and only a dot at the end of a key is lost.

use super::config::{Entry, FlinkConfig};
use super::version::FlinkVersion;

/// How the options of an object reach Flink.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TextForm {
    /// Lines with a key and a value.
    Lines,
    /// YAML with nested keys.
    Nested,
    /// As they are: in a request, or already read from a text.
    #[default]
    AsWritten,
}

/// A key or value that Flink does not read as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFault {
    /// The key as written.
    pub key: String,
    /// The option as written.
    pub entry: Entry,
    /// What is wrong.
    pub problem: TextProblem,
}

/// Why Flink does not read a key or value as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextProblem {
    /// The key has characters that no option has; the key as Flink reads it.
    Key(String),
    /// The value has a line break, and the text after it sets another option.
    HiddenOption(String),
    /// The value has a line break, and Flink ignores the text after it.
    LostLines,
    /// A start script inserts the value into one of its commands, which it changes.
    Script,
    /// The value has a `#`, and Flink ignores the text after it.
    Comment,
    /// A line of a file has no colon with a blank between the key and the value, and Flink skips it.
    NoPair,
}

/// The most options in the lines of one value, and the most faults of one object, that are kept. An
/// object with more is refused.
const MOST_HIDDEN: usize = 100;
const MOST_FAULTS: usize = 100;

/// The faults of one object.
#[derive(Default)]
struct Faults {
    errors: Vec<TextFault>,
    warnings: Vec<TextFault>,
}

impl TextProblem {
    /// Whether rules could miss an option, and not only the rest of a value is lost.
    pub fn is_error(&self) -> bool {
        !matches!(self, Self::LostLines | Self::Comment | Self::NoPair)
    }
}

impl TextForm {
    /// The form in which the Flink operator writes the options for a version.
    pub fn of_operator(version: Option<FlinkVersion>) -> Self {
        match version {
            Some(version) if version >= FlinkVersion::new(2, 0) => Self::Nested,
            _ => Self::Lines,
        }
    }

    /// The value as Flink reads it.
    pub fn value(self, value: &str) -> &str {
        match self {
            Self::Lines => {
                let first = lines(value).next().unwrap_or_default();
                trimmed(first.split('#').next().unwrap_or_default())
            }
            Self::Nested | Self::AsWritten => value,
        }
    }

    /// Makes the options what Flink reads, and returns those that are not read as written.
    ///
    /// An operator acts on its own options itself, with the values as they are written.
    pub fn read_back(self, config: &mut FlinkConfig) -> Vec<TextFault> {
        let is_odd = |(key, entry): &(&str, &Entry)| {
            is_odd_key(key) || (self == Self::Lines && is_odd_value(&entry.value))
        };
        let odd: Vec<(String, Entry)> = config
            .iter()
            .filter(is_odd)
            .map(|(key, entry)| (key.to_owned(), entry.clone()))
            .collect();
        let mut faults = Faults::default();
        for (key, entry) in odd {
            self.read_option(key, entry, config, &mut faults);
        }
        faults.errors.into_iter().chain(faults.warnings).collect()
    }

    fn read_option(self, key: String, entry: Entry, config: &mut FlinkConfig, faults: &mut Faults) {
        let is_lines = self == Self::Lines;
        let mut problems = Vec::new();
        let mut hidden = Vec::new();
        if is_odd_key(&key) {
            if is_lines {
                let text = format!("{key}: {}", entry.value);
                let pairs = lines(&text).filter_map(option).take(MOST_HIDDEN);
                hidden.extend(pairs.map(|(key, value)| (key.to_owned(), value.to_owned())));
            } else if self == Self::Nested {
                hidden.push((key.trim_end_matches('.').to_owned(), entry.value.clone()));
            }
            hidden.retain(|(read, _)| !read.is_empty() && *read != key);
            let read = hidden.first().map(|(read, _)| read.clone());
            problems.push(TextProblem::Key(read.unwrap_or_default()));
        } else if is_lines {
            let mut rest = lines(&entry.value);
            let first = rest.next().unwrap_or_default();
            if first.contains('#') {
                problems.push(TextProblem::Comment);
            }
            let mut is_lost = false;
            for line in rest {
                match option(line) {
                    Some((key, value)) if hidden.len() < MOST_HIDDEN => {
                        hidden.push((key.to_owned(), value.to_owned()));
                    }
                    Some(_) => {}
                    None => is_lost |= !trimmed(line).is_empty(),
                }
            }
            match hidden.first() {
                Some((key, _)) => problems.push(TextProblem::HiddenOption(key.clone())),
                None if is_lost => problems.push(TextProblem::LostLines),
                None => {}
            }
            if !is_of_operator(&key) {
                config.correct(&key, self.value(&entry.value));
            }
        }
        for (key, value) in hidden {
            // Which of two lines comes last is not known.
            if config.exact(&key).is_none() {
                config.set(key, value, entry.pointer.clone());
            }
        }
        for problem in problems {
            let list = if problem.is_error() { &mut faults.errors } else { &mut faults.warnings };
            if list.len() < MOST_FAULTS {
                list.push(TextFault { key: key.clone(), entry: entry.clone(), problem });
            }
        }
    }
}

/// The lines of a text as Java reads them. A carriage return ends a line too.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split("\r\n").flat_map(|text| text.split(['\n', '\r']))
}

/// The option in a line; `None` if it has none.
pub fn option(line: &str) -> Option<(&str, &str)> {
    let content = line.split('#').next().unwrap_or_default();
    let (key, value) = content.split_once(": ")?;
    let (key, value) = (trimmed(key), trimmed(value));
    (!key.is_empty() && !value.is_empty()).then_some((key, value))
}

/// The key and the value of a line that is meant to be an option and is none, such as `a.b=c` and
/// `a.b:c`. `GlobalConfiguration` skips such lines, with a warning in the log (Flink 1.16.3 to 1.20.4).
pub fn skipped(line: &str) -> Option<(&str, &str)> {
    let content = line.split('#').next().unwrap_or_default();
    if content.contains(": ") {
        return None;
    }
    let (key, value) = content.split_once(['=', ':'])?;
    let (key, value) = (trimmed(key), trimmed(value));
    let is_key = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let is_meant = key.contains('.') && key.chars().all(is_key) && !value.is_empty();
    is_meant.then_some((key, value))
}

/// Without the blanks and control characters that Java removes around a text.
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(|letter| letter <= ' ')
}

/// Whether no option has such a key, and not every reader takes it as it is.
pub fn is_odd_key(key: &str) -> bool {
    let has_odd_byte = || key.bytes().any(|byte| byte <= b' ' || matches!(byte, 0x7f | b'#'));
    key.is_empty() || key.ends_with('.') || has_odd_byte() && has_odd_part(key)
}

/// A blank alone is not odd.
fn has_odd_part(key: &str) -> bool {
    is_padded(key)
        || key.contains(": ")
        || key.bytes().any(|byte| byte < b' ' || matches!(byte, 0x7f | b'#'))
}

fn is_odd_value(value: &str) -> bool {
    value.bytes().any(|byte| matches!(byte, b'\n' | b'\r' | b'#')) || is_padded(value)
}

/// Whether [`trimmed`] removes something.
fn is_padded(text: &str) -> bool {
    let is_blank = |byte: Option<&u8>| byte.is_some_and(|byte| *byte <= b' ');
    is_blank(text.as_bytes().first()) || is_blank(text.as_bytes().last())
}

/// Whether an operator acts on an option with the value as it is written.
fn is_of_operator(key: &str) -> bool {
    key.starts_with("kubernetes.") || key.starts_with("job.autoscaler.")
}
