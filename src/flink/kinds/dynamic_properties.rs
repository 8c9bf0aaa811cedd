//! Options that a Flink process gets from its command line (`-Dkey=value`) and its environment.

use super::variables::Variables;
use crate::flink::config::{Entry, FlinkConfig};
use crate::flink::text_form::{self, TextFault, TextProblem};
use crate::resource::bytes::Wanted;
use crate::resource::fields::elements;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Longest argument or variable with which Linux starts a process; a TaskManager's own is about
/// 3 KB.
pub const LONGEST: usize = 128 * 1024;

/// Reads the options in a container's `command` and `args`; `place` is the container's pointer.
pub fn arguments(container: &Value, place: &str, config: &mut FlinkConfig) {
    arguments_with(container, &Variables::of(container), place, config);
}

/// [`arguments`] with the variables of another container.
pub fn arguments_with(
    container: &Value,
    variables: &Variables<'_>,
    place: &str,
    config: &mut FlinkConfig,
) {
    for field in ["command", "args"] {
        let mut last = place.to_owned();
        let mut words = Words::default();
        for (index, text) in elements(container, field).iter().enumerate() {
            let Some(text) = text.as_str().filter(|text| text.len() <= LONGEST) else { continue };
            // Kubernetes fills in variables, wherever they are in `env`.
            let has_variables = text.contains('$');
            let text = match has_variables {
                true => variables.expanded(usize::MAX, text),
                false => Cow::Borrowed(text),
            };
            // Every option is written with this letter, and the entrypoint fills in variables.
            if words.expects_none() && !text.contains(['D', '$']) {
                continue;
            }
            let pointer = format!("{place}/{field}/{index}");
            // An argument with blanks is a script, unless it is a property itself.
            if text.contains([' ', '\n']) && words.expects_none() && !text.starts_with("-D") {
                match has_variables {
                    true => script(&variables.filled_in(&text), &pointer, config),
                    false => script(&text, &pointer, config),
                }
            } else {
                words.read(&text, config, &pointer);
            }
            last = pointer;
        }
        words.end(config, &last);
    }
}

/// Reads the options in a script.
pub fn script(text: &str, pointer: &str, config: &mut FlinkConfig) {
    let mut words = Words::default();
    shell_words(text, |word| words.read(word, config, pointer));
    words.end(config, pointer);
}

/// Whether a script has an argument that names the folder of the configuration: Flink's parser also
/// takes one dash and the beginning of the name.
pub fn names_folder(text: &str) -> bool {
    let mut is_found = false;
    shell_words(text, |word| {
        let name = word.strip_prefix('-').map(|word| word.strip_prefix('-').unwrap_or(word));
        let name = name.and_then(|name| name.split('=').next()).unwrap_or_default();
        is_found |= !name.is_empty() && FOLDER.starts_with(name);
    });
    is_found
}

/// The argument with the folder of the configuration.
const FOLDER: &str = "configDir";

/// Words of a command line, read as Flink's parser does: `-Dkey=value`, `-D=key=value`, `-Dkey` for
/// `true`, or up to two words after `-D`, which may end a group of flags and may be in quotes.
#[derive(Default)]
enum Words {
    /// No option is open.
    #[default]
    Closed,
    /// A `-D` was read.
    Key,
    /// A `-D` and its key were read.
    Value(String),
}

impl Words {
    fn expects_none(&self) -> bool {
        matches!(self, Self::Closed)
    }

    fn read(&mut self, word: &str, config: &mut FlinkConfig, pointer: &str) {
        if self.expects_none() && !word.starts_with('-') {
            return;
        }
        let is_flags = |flags: &str| flags.bytes().all(|byte| byte.is_ascii_alphabetic());
        let is_option = || {
            word.strip_prefix('-').is_some_and(|rest| {
                rest.starts_with(|first: char| first == '-' || first.is_ascii_alphabetic())
            })
        };
        let argument = || {
            let quoted = word.strip_prefix('"').and_then(|word| word.strip_suffix('"'));
            quoted.unwrap_or(word)
        };
        match std::mem::take(self) {
            Self::Key => {
                let argument = argument();
                match argument.split_once('=') {
                    Some((key, value)) => config.set(key, value, Some(pointer.to_owned())),
                    None => *self = Self::Value(argument.to_owned()),
                }
                return;
            }
            Self::Value(key) if !is_option() => {
                return config.set(key, argument(), Some(pointer.to_owned()));
            }
            Self::Value(key) => config.set(key, FLAG, Some(pointer.to_owned())),
            Self::Closed => {}
        }
        if word.strip_prefix('-').and_then(|word| word.strip_suffix('D')).is_some_and(is_flags) {
            *self = Self::Key;
        } else if let Some(pair) = word.strip_prefix("-D") {
            let pair = pair.strip_prefix('=').unwrap_or(pair);
            let (key, value) = pair.split_once('=').unwrap_or((pair, FLAG));
            if !key.is_empty() {
                config.set(key, value, Some(pointer.to_owned()));
            }
        }
    }

    /// Reads the end of the command line.
    fn end(self, config: &mut FlinkConfig, pointer: &str) {
        if let Self::Value(key) = self {
            config.set(key, FLAG, Some(pointer.to_owned()));
        }
    }
}

/// The value of an option that is written without one.
const FLAG: &str = "true";

/// Reads the slots and then `FLINK_PROPERTIES` (lines of `key: value`), as the image's entrypoint
/// does. Returns the keys that Flink does not read as they are written.
///
/// Arguments override them.
pub fn environment(container: &Value, place: &str, config: &mut FlinkConfig) -> Vec<TextFault> {
    let mut faults = Vec::new();
    let variables = Variables::of(container);
    let pointer = |index| format!("{place}/env/{index}/value");
    for name in [INSERTED_ADDRESS, INSERTED_SLOTS] {
        let Some((index, value)) = variables.last(name) else { continue };
        if value.contains(SCRIPT_SYNTAX) {
            let entry = Entry { value: value.to_owned(), pointer: Some(pointer(index)) };
            let problem = TextProblem::Script;
            faults.push(TextFault { key: name.to_owned(), entry, problem });
        } else if name == INSERTED_SLOTS && !value.is_empty() && config.exact(SLOTS).is_none() {
            config.set(SLOTS, value, Some(pointer(index)));
        }
    }
    if let Some((index, value)) = variables.last("FLINK_PROPERTIES") {
        let text = variables.expanded(index, value);
        properties(&text, &pointer(index), &variables, config, &mut faults);
    }
    faults
}

/// Variables that the entrypoint inserts into its own commands until 1.18.
const INSERTED_ADDRESS: &str = "JOB_MANAGER_RPC_ADDRESS";
const INSERTED_SLOTS: &str = "TASK_MANAGER_NUMBER_OF_TASK_SLOTS";

/// Characters by which a value becomes a part of such a command.
const SCRIPT_SYNTAX: [char; 5] = ['/', '\\', '&', '\n', '\r'];

const SLOTS: &str = "taskmanager.numberOfTaskSlots";

/// Reads lines as both generations of the entrypoint do. Until 1.18 it appends them to Flink's file
/// and fills in variables, which may have line breaks; since 1.19 it removes all blanks, and ends
/// the key at the first colon.
fn properties(
    text: &str,
    pointer: &str,
    variables: &Variables<'_>,
    config: &mut FlinkConfig,
    faults: &mut Vec<TextFault>,
) {
    let set = |key: &str, value: &str, config: &mut FlinkConfig| {
        config.set(key, value, Some(pointer.to_owned()));
    };
    // How many lines of the older form are still to come for a key.
    let mut written: BTreeMap<&str, usize> = BTreeMap::new();
    // With the entrypoint since 1.19, the value would end with the sign.
    for (key, value) in
        text.split('\n').filter(|line| !line.contains(':')).filter_map(text_form::skipped)
    {
        let entry = Entry { value: value.to_owned(), pointer: Some(pointer.to_owned()) };
        faults.push(TextFault { key: key.to_owned(), entry, problem: TextProblem::NoPair });
    }
    let is_pair = |line: &&str| !line.trim_start().starts_with('#') && line.contains(':');
    for line in text.split('\n').filter(is_pair) {
        let (key, value) =
            line.split_once(": ").or_else(|| line.split_once(':')).unwrap_or_default();
        let (key, value) = (text_form::trimmed(key), text_form::trimmed(value));
        *written.entry(key).or_default() += usize::from(text_form::option(line).is_some());
        if !key.is_empty() {
            set(key, value, config);
        }
        // The shell removes blanks, and Flink the dots at the end.
        let is_blank = |c: char| c.is_ascii_whitespace() || c == '\u{b}';
        let start: String = line.split(is_blank).collect();
        let read = start.split([':', '=']).next().unwrap_or_default().trim_end_matches('.');
        if read != key || text_form::is_odd_key(key) || key.contains('$') {
            if !read.is_empty() && config.exact(read).is_none() {
                set(read, value, config);
            }
            let read = if key.contains('$') || read == key { "" } else { read };
            let entry = Entry { value: value.to_owned(), pointer: Some(pointer.to_owned()) };
            let problem = TextProblem::Key(read.to_owned());
            faults.push(TextFault { key: key.to_owned(), entry, problem });
        }
    }
    let filled = variables.filled_in(text);
    for (key, value) in text_form::lines(&filled).filter_map(text_form::option) {
        let own = written.get_mut(key);
        // One more line than is written comes from a variable, and the last one counts.
        let is_hidden = match own {
            Some(left) if *left > 0 => {
                *left -= 1;
                false
            }
            Some(_) => true,
            None => config.exact(key).is_none(),
        };
        if is_hidden {
            let entry = Entry { value: value.to_owned(), pointer: Some(pointer.to_owned()) };
            let problem = TextProblem::HiddenOption(key.to_owned());
            faults.push(TextFault { key: "FLINK_PROPERTIES".to_owned(), entry, problem });
            set(key, value, config);
        }
    }
}

/// What ends letters outside of quotes, and within double ones.
const SPECIAL: Wanted = Wanted::new(b" \t\n\x0c\r'\"", [b'\\', b'\\']);
const SPECIAL_IN_QUOTES: Wanted = Wanted::new(b"", [b'"', b'\\']);

/// Splits a script as a shell does, with quotes and backslashes, and visits each word.
fn shell_words(script: &str, mut visit: impl FnMut(&str)) {
    let (mut word, mut quote) = (Cow::Borrowed(""), None::<char>);
    let mut rest = script;
    loop {
        let end = match quote {
            None => SPECIAL.first_in(rest.as_bytes()),
            Some('"') => SPECIAL_IN_QUOTES.first_in(rest.as_bytes()),
            Some(_) => rest.find('\''),
        };
        let (letters, special) = rest.split_at(end.unwrap_or(rest.len()));
        word += letters;
        let mut special = special.chars();
        match special.next() {
            Some('\\') => word.to_mut().extend(special.next()),
            Some(letter) if quote == Some(letter) => quote = None,
            Some(letter @ ('\'' | '"')) => quote = Some(letter),
            Some(_) | None => {
                if !word.is_empty() {
                    visit(&word);
                    word = Cow::Borrowed("");
                }
            }
        }
        rest = special.as_str();
        if rest.is_empty() && word.is_empty() {
            return;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read_all(container: &Value) -> Vec<(String, String, String)> {
        let mut config = FlinkConfig::default();
        environment(container, "/c", &mut config);
        arguments(container, "/c", &mut config);
        config
            .iter()
            .map(|(key, entry)| (key.into(), entry.value.clone(), entry.pointer.clone().unwrap()))
            .collect()
    }

    #[test]
    fn properties_of_a_script_are_unquoted() {
        let script = r"kubernetes-taskmanager.sh -Dpipeline.jars='['\''file:/a b.jar'\'']' -D taskmanager.numberOfTaskSlots=2 -Da=b";
        let found = read_all(&json!({"args": ["bash", "-c", script]}));
        let place = || "/c/args/2".to_owned();
        assert_eq!(
            found,
            [
                ("a".into(), "b".into(), place()),
                ("pipeline.jars".into(), "['file:/a b.jar']".into(), place()),
                ("taskmanager.numberOfTaskSlots".into(), "2".into(), place())
            ]
        );
    }

    #[test]
    fn two_words_and_flags_are_properties() {
        for (args, expected) in [
            (json!(["-D", "a.b", "c"]), ("a.b", "c")),
            (json!(["-D", "a.b", "\"c d\""]), ("a.b", "c d")),
            (json!(["-D", "a.b"]), ("a.b", "true")),
            (json!(["-D", "a.b", "--host", "x"]), ("a.b", "true")),
            (json!(["-D", "a.b", "-1"]), ("a.b", "-1")),
            (json!(["-Da.b", "c"]), ("a.b", "true")),
            (json!(["bash", "-c", "jobmanager.sh -D a.b c d"]), ("a.b", "c")),
        ] {
            let found = read_all(&json!({"args": args}));
            let found: Vec<_> =
                found.iter().map(|(key, value, _)| (key.as_str(), value.as_str())).collect();
            assert_eq!(found, [expected], "{args}");
        }
    }

    #[test]
    fn properties_are_read_from_separate_arguments_and_the_environment() {
        let found = read_all(&json!({
            "args": ["standalone-job", "-D", "jobmanager.rpc.address=$(IP)", "-Dx=y z"],
            "env": [{"name": "FLINK_PROPERTIES", "value": "a.b: c\n# d: e\nf:g\n"}, {"name": "TASK_MANAGER_NUMBER_OF_TASK_SLOTS", "value": "3"}]}));
        let keys: Vec<_> = found
            .iter()
            .map(|(key, value, place)| (key.as_str(), value.as_str(), place.as_str()))
            .collect();
        assert_eq!(
            keys,
            [
                ("a.b", "c", "/c/env/0/value"),
                ("f", "g", "/c/env/0/value"),
                ("jobmanager.rpc.address", "$(IP)", "/c/args/2"),
                ("taskmanager.numberOfTaskSlots", "3", "/c/env/1/value"),
                ("x", "y z", "/c/args/3")
            ]
        );
    }

    #[test]
    fn flink_properties_override_the_slots_variable() {
        let found = read_all(&json!({"env": [
            {"name": "FLINK_PROPERTIES", "value": "taskmanager.numberOfTaskSlots: 2"},
            {"name": "TASK_MANAGER_NUMBER_OF_TASK_SLOTS", "value": "3"}]}));
        assert_eq!(
            found,
            [("taskmanager.numberOfTaskSlots".into(), "2".into(), "/c/env/0/value".into())]
        );
    }
}
