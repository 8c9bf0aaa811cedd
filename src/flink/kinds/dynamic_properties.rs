//! Options that a Flink process gets from its command line (`-Dkey=value`) and its environment.

use crate::flink::config::FlinkConfig;
use serde_json::Value;
use std::borrow::Cow;

/// Longest argument that is read; a TaskManager's own is about 3 KB.
const LONGEST: usize = 64 * 1024;

/// Reads the options in a container's `command` and `args`; `place` is the container's pointer.
pub fn arguments(container: &Value, place: &str, config: &mut FlinkConfig) {
    for field in ["command", "args"] {
        let mut key_follows = false;
        for (index, element) in
            container.get(field).and_then(Value::as_array).into_iter().flatten().enumerate()
        {
            let Some(text) = element.as_str().filter(|text| text.len() <= LONGEST) else {
                continue;
            };
            let pointer = format!("{place}/{field}/{index}");
            // An argument with blanks is a script, unless it is a property itself.
            if text.contains([' ', '\n']) && !key_follows && !text.starts_with("-D") {
                let mut script_key_follows = false;
                for word in shell_words(text) {
                    property(&word, &mut script_key_follows, config, &pointer);
                }
            } else {
                property(text, &mut key_follows, config, &pointer);
            }
        }
    }
}

fn property(word: &str, key_follows: &mut bool, config: &mut FlinkConfig, pointer: &str) {
    let pair = if std::mem::take(key_follows) { Some(word) } else { word.strip_prefix("-D") };
    match pair {
        Some("") => *key_follows = true,
        Some(pair) => {
            if let Some((key, value)) = pair.split_once('=') {
                config.set(key, value, Some(pointer.to_owned()));
            }
        }
        None => {}
    }
}

/// Reads the slots and then `FLINK_PROPERTIES` (lines of `key: value`), as the image's entrypoint
/// does.
///
/// Arguments override them.
pub fn environment(container: &Value, place: &str, config: &mut FlinkConfig) {
    let variables = || {
        let list = container.get("env").and_then(Value::as_array).into_iter().flatten().enumerate();
        list.filter_map(|(index, variable)| {
            let text = |field| variable.get(field).and_then(Value::as_str);
            Some((
                text("name")?,
                text("value").filter(|value| value.len() <= LONGEST)?,
                format!("{place}/env/{index}/value"),
            ))
        })
    };
    for (_, slots, pointer) in variables().filter(|(name, value, _)| {
        *name == "TASK_MANAGER_NUMBER_OF_TASK_SLOTS" && !value.is_empty()
    }) {
        config.set("taskmanager.numberOfTaskSlots", slots, Some(pointer));
    }
    for (_, properties, pointer) in variables().filter(|(name, _, _)| *name == "FLINK_PROPERTIES") {
        for line in properties.lines().filter(|line| !line.trim_start().starts_with('#')) {
            // Newer images accept a colon without a space.
            if let Some((key, value)) = line.split_once(": ").or_else(|| line.split_once(':')) {
                config.set(key.trim(), value.trim(), Some(pointer.clone()));
            }
        }
    }
}

/// Splits a script as a shell does, with quotes and backslashes.
fn shell_words(script: &str) -> Vec<Cow<'_, str>> {
    let (mut words, mut word, mut quote) = (Vec::new(), Cow::Borrowed(""), None::<char>);
    let mut rest = script;
    loop {
        let is_special = |byte: u8| match quote {
            None => byte.is_ascii_whitespace() || matches!(byte, b'\'' | b'"' | b'\\'),
            Some('"') => matches!(byte, b'"' | b'\\'),
            Some(_) => byte == b'\'',
        };
        let (letters, special) =
            rest.split_at(rest.bytes().position(is_special).unwrap_or(rest.len()));
        word += letters;
        let mut special = special.chars();
        match special.next() {
            Some('\\') => word.to_mut().extend(special.next()),
            Some(letter) if quote == Some(letter) => quote = None,
            Some(letter @ ('\'' | '"')) => quote = Some(letter),
            Some(_) | None => {
                let word = std::mem::take(&mut word);
                words.extend(Some(word).filter(|word| !word.is_empty()));
            }
        }
        rest = special.as_str();
        if rest.is_empty() && word.is_empty() {
            return words;
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
