//! Options that a Flink process gets from its command line (`-Dkey=value`) and its environment.

use crate::flink::config::FlinkConfig;
use serde_json::Value;

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
            let pointer = || format!("{place}/{field}/{index}");
            // An argument with blanks is a script, unless it is a property itself.
            if text.contains([' ', '\n']) && !key_follows && !text.starts_with("-D") {
                let mut script_key_follows = false;
                for word in shell_words(text) {
                    property(&word, &mut script_key_follows, config, pointer);
                }
            } else {
                property(text, &mut key_follows, config, pointer);
            }
        }
    }
}

fn property(
    word: &str,
    key_follows: &mut bool,
    config: &mut FlinkConfig,
    pointer: impl Fn() -> String,
) {
    let pair = if std::mem::take(key_follows) { Some(word) } else { word.strip_prefix("-D") };
    match pair {
        Some("") => *key_follows = true,
        Some(pair) => {
            if let Some((key, value)) = pair.split_once('=') {
                config.set(key, value, Some(pointer()));
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
fn shell_words(script: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None::<char>);
    let mut letters = script.chars();
    while let Some(letter) = letters.next() {
        let current = word.get_or_insert_default();
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (None, '\'' | '"') => quote = Some(letter),
            (None | Some('"'), '\\') => current.extend(letters.next()),
            (None, letter) if letter.is_ascii_whitespace() => {
                words.extend(word.take().filter(|word| !word.is_empty()))
            }
            _ => current.push(letter),
        }
    }
    words.extend(word.filter(|word| !word.is_empty()));
    words
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
