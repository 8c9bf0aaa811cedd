//! The option that a key means, whose words differ from the key's.

use super::table::{KeyRole, Reading, Table};
use std::collections::HashMap;
use std::sync::LazyLock;

static WORDS: LazyLock<Words> = LazyLock::new(Words::of_table);

/// Mistakes that no similarity finds, or that it would not find for sure.
const COMMON_MISTAKES: &[(&str, &str)] = &[
    ("checkpoint.interval", "execution.checkpointing.interval"),
    ("checkpointing.interval", "execution.checkpointing.interval"),
    ("execution.parallelism", "parallelism.default"),
    ("jobmanager.cpu", "kubernetes.jobmanager.cpu.amount"),
    ("jobmanager.memory", "jobmanager.memory.process.size"),
    ("jobmanager.memory.size", "jobmanager.memory.process.size"),
    ("parallelism", "parallelism.default"),
    ("pipeline.parallelism", "parallelism.default"),
    ("restart-strategy.attempts", "restart-strategy.fixed-delay.attempts"),
    ("restart-strategy.delay", "restart-strategy.fixed-delay.delay"),
    ("state.backend.incremental.enabled", "execution.checkpointing.incremental"),
    ("state.checkpoint-interval", "execution.checkpointing.interval"),
    ("state.checkpoints.interval", "execution.checkpointing.interval"),
    ("state.ttl", "table.exec.state.ttl"),
    ("taskmanager.cpu", "kubernetes.taskmanager.cpu.amount"),
    ("taskmanager.memory", "taskmanager.memory.process.size"),
    ("taskmanager.slots", "taskmanager.numberOfTaskSlots"),
];

/// Words that people write for those of Flink.
const SYNONYMS: &[(&str, &str)] = &[
    ("checkpointing", "checkpoint"),
    ("directory", "dir"),
    ("folder", "dir"),
    ("path", "dir"),
    ("enable", "enabled"),
    ("maximum", "max"),
    ("mem", "memory"),
    ("minimum", "min"),
    ("period", "interval"),
    ("retry", "attempt"),
    ("retries", "attempt"),
    ("slots", "slot"),
    ("utilisation", "utilization"),
];

/// Words that say nothing about an option.
const FILLERS: &[&str] = &["of", "the", "number", "num", "count"];

/// The least similarity, in hundredths, and the least distance to the next best.
const LEAST: u32 = 60;
const MARGIN: u32 = 4;

/// The option that is often written under this key.
pub(super) fn common_mistake(key: &str) -> Option<&'static str> {
    COMMON_MISTAKES.iter().find(|(wrong, _)| *wrong == key).map(|(_, right)| *right)
}

/// The option that has the most words of a key in common with it, where rare words count more. `None`
/// if several have.
pub(super) fn nearest(key: &str) -> Option<&'static str> {
    let all = &*WORDS;
    let own = words(key);
    let weight_of = |word: &String| all.weight(word);
    let last = own.last();
    let own_weight: u32 = own.iter().map(weight_of).sum();
    let mut best: Option<(u32, &'static str)> = None;
    let mut second = 0;
    // The last word is what the option is about.
    let alike = |words: &[String]| last.is_some_and(|last| words.contains(last));
    for (option, option_words) in all.options.iter().filter(|(_, words)| alike(words)) {
        let common: u32 =
            option_words.iter().filter(|word| own.contains(word)).map(weight_of).sum();
        let weight: u32 = option_words.iter().map(weight_of).sum();
        let score = (200 * common).checked_div(own_weight + weight).unwrap_or_default();
        match best {
            // Several names of one option are one.
            Some((most, known)) if score <= most => {
                second = if *option == known { second } else { second.max(score) };
            }
            Some((most, known)) => {
                second = if *option == known { second } else { most };
                best = Some((score, option));
            }
            None => best = Some((score, option)),
        }
    }
    let (score, option) = best?;
    (score >= LEAST && score >= second + MARGIN).then_some(option)
}

/// The words of all options.
struct Words {
    /// The current name of an option, with the words of one of its names.
    options: Vec<(&'static str, Vec<String>)>,
    /// How many names have a word.
    counts: HashMap<String, u32>,
}

impl Words {
    fn of_table() -> Self {
        let named = |reading: &&Reading| {
            let is_named = matches!(reading.reads, KeyRole::Value(_) | KeyRole::Alias);
            is_named && !reading.key.starts_with(['$', '#']) && !reading.key.contains("internal")
        };
        // The last reading of a key is that of the newest release that reads it.
        let all: HashMap<_, _> =
            Table::get().all().iter().filter(named).map(|reading| (reading.key, reading)).collect();
        let options: Vec<_> = all
            .into_values()
            .map(|reading| match reading.reads {
                KeyRole::Alias => (reading.detail, words(reading.key)),
                _ => (reading.key, words(reading.key)),
            })
            .collect();
        let mut counts = HashMap::new();
        for word in options.iter().flat_map(|(_, words)| words) {
            *counts.entry(word.clone()).or_insert(0) += 1;
        }
        Self { options, counts }
    }

    /// The weight of a word: one more for each halving of the number of options that have it.
    fn weight(&self, word: &str) -> u32 {
        let count = self.counts.get(word).copied().unwrap_or(1).max(1);
        let all = u32::try_from(self.options.len()).unwrap_or(u32::MAX);
        1 + (all / count).checked_ilog2().unwrap_or_default()
    }
}

/// The words of a key in their usual form, each once.
fn words(key: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut add = |word: &mut String| {
        let word = usual(&std::mem::take(word));
        if !word.is_empty() && !FILLERS.contains(&word.as_str()) && !found.contains(&word) {
            found.push(word);
        }
    };
    let mut word = String::new();
    for letter in key.chars() {
        if letter.is_ascii_uppercase() || !letter.is_alphanumeric() {
            add(&mut word);
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
    }
    add(&mut word);
    found
}

fn usual(word: &str) -> String {
    let synonym =
        |word: &str| SYNONYMS.iter().find(|(other, _)| *other == word).map(|(_, own)| *own);
    if let Some(own) = synonym(word) {
        return own.to_owned();
    }
    // `checkpoints`, but not `access`.
    let single = word.strip_suffix('s').filter(|rest| rest.len() > 2 && !rest.ends_with('s'));
    let single = single.unwrap_or(word);
    synonym(single).unwrap_or(single).to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn common_mistakes_name_options() {
        for (wrong, right) in COMMON_MISTAKES {
            assert!(Table::get().readings(wrong).is_empty(), "{wrong}");
            assert!(!Table::get().readings(right).is_empty(), "{right}");
        }
    }

    #[test]
    fn keys_are_found_by_their_words() {
        for (key, meant) in [
            ("state.checkpoints.directory", Some("execution.checkpointing.dir")),
            ("job.autoscaler.min-parallelism", Some("job.autoscaler.vertex.min-parallelism")),
            (
                "kubernetes.operator.savepoint.interval",
                Some("kubernetes.operator.periodic.savepoint.interval"),
            ),
            ("state.dir", Some("execution.checkpointing.dir")),
            ("state.my-own", None),
            ("kubernetes.pod.labels", None),
            ("taskmanager.foo", None),
            ("env.java.opts.foo", None),
            ("env.hadoop.user", None),
            ("", None),
        ] {
            assert_eq!(nearest(key), meant, "{key}");
        }
    }
}
