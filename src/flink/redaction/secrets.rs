//! The secrets of one object, to remove them from texts about it.

use super::{HIDDEN, is_secret, is_sensitive, message, user_info};
use crate::flink::Workload;
use crate::resource::pointer;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::Bound;

/// Shorter secrets are hidden only where they are the whole value: `` `abc` ``.
const SHORTEST: usize = 4;
/// Longer ones are found by their beginning, because messages cut values.
const STEM: usize = 16;

/// The secrets of one object.
#[derive(Debug, Default)]
pub struct Secrets {
    /// Their beginnings, each with whether other secrets begin with it too.
    stems: BTreeMap<String, bool>,
    /// JSON Pointers of values that are, or contain, secrets.
    places: Vec<String>,
}

impl Secrets {
    /// The secrets of an object and of the options of its workload. `given` are further options.
    ///
    /// `old` is the object before an update, to which messages compare.
    pub fn of<'a>(
        object: &'a Value,
        old: Option<&Value>,
        workload: &Workload,
        given: impl Iterator<Item = (&'a str, String)>,
    ) -> Self {
        let mut secrets = Self::default();
        let root = workload.config_pointer.as_deref();
        if let Some(old) = old {
            secrets.read_object(old);
            if let Some(options) = root.and_then(|at| pointer::at(old, at)) {
                secrets.read_options(options, "");
            }
            secrets.places.clear();
        }
        secrets.read_object(object);
        let options = workload.config.iter().map(|(key, entry)| (key, entry.value.as_str()));
        options.for_each(|(key, value)| secrets.read_option(key, value));
        given.for_each(|(key, value)| secrets.read_option(key, &value));
        if let Some((place, options)) = root.and_then(|at| Some((at, pointer::at(object, at)?))) {
            secrets.read_options(options, place);
        }
        secrets.drop_extensions();
        secrets
    }

    /// JSON Pointers of the values of an object that are, or contain, secrets.
    pub fn places(&self) -> &[String] {
        &self.places
    }

    fn read_option(&mut self, key: &str, value: &str) {
        if is_secret(key, value) {
            self.add(value);
        }
        self.read_text(value);
    }

    /// The options of an object, also those that others hide or override.
    fn read_options(&mut self, options: &Value, place: &str) {
        let mut pending = vec![(String::new(), place.to_owned(), options)];
        while let Some((key, place, value)) = pending.pop() {
            if let Value::Object(fields) = value {
                pending.extend(fields.iter().map(|(field, value)| {
                    let dot = if key.is_empty() { "" } else { "." };
                    (format!("{key}{dot}{field}"), pointer::join(&place, field), value)
                }));
                continue;
            }
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            if is_secret(&key, &text) {
                self.add(&text);
                self.places.push(place);
            }
        }
    }

    /// Every text of the object: URIs, lines with options, variables and arguments.
    fn read_object(&mut self, object: &Value) {
        let is_secret_object = object.get("kind").and_then(Value::as_str) == Some("Secret");
        let mut pending = vec![(String::new(), object)];
        while let Some((place, value)) = pending.pop() {
            match value {
                Value::Object(fields) => {
                    let whole = is_secret_object && matches!(&*place, "/data" | "/stringData");
                    let variable = fields.get("name").and_then(Value::as_str);
                    for (key, value) in fields {
                        let here = pointer::join(&place, key);
                        if let Some(text) = value.as_str()
                            && (whole
                                || (key == "value"
                                    && variable.is_some_and(|name| is_hidden_value(name, text))))
                        {
                            if whole || variable.is_some_and(|name| is_secret(name, text)) {
                                self.add(text);
                            }
                            self.places.push(here.clone());
                        }
                        pending.push((here, value));
                    }
                }
                Value::Array(elements) => {
                    for (index, element) in elements.iter().enumerate() {
                        let here = format!("{place}/{index}");
                        let before = index.checked_sub(1).and_then(|before| elements.get(before));
                        let flag =
                            before.and_then(Value::as_str).filter(|flag| flag.starts_with('-'));
                        if let (Some(flag), Some(text)) = (flag, element.as_str())
                            && !flag.contains('=')
                            && is_secret(flag.trim_start_matches('-'), text)
                        {
                            self.add(text);
                            self.places.push(here.clone());
                        }
                        pending.push((here, element));
                    }
                }
                Value::String(text) => {
                    let before = self.stems.len();
                    self.read_text(text);
                    // Lines of a longer text are hidden one by one where they are shown.
                    if self.stems.len() > before && !text.contains('\n') {
                        self.places.push(place);
                    }
                }
                _ => {}
            }
        }
    }

    /// The secrets within a text: `key: secret` and `key=secret` in its lines, URIs in its words.
    fn read_text(&mut self, text: &str) {
        if !text.contains(['@', '?', '#', '=', ':']) {
            return;
        }
        for line in text.lines() {
            if let Some((key, value)) = line.split_once(": ")
                && is_secret(key.trim(), value)
            {
                self.add(value.trim().trim_matches(['"', '\'']));
            }
            for word in line.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';')) {
                let word = word.trim_matches(['"', '\'']);
                if let Some((key, value)) = word.split_once('=')
                    && is_secret(key.trim_start_matches('-'), value)
                {
                    self.add(value.trim_matches(['"', '\'']));
                }
                // An element of a map: `token:secret`. The key `secret` names a Secret.
                if let Some((key, value)) = word.split_once(':')
                    && !value.starts_with('/')
                    && !key.eq_ignore_ascii_case("secret")
                    && is_secret(key, value)
                {
                    self.add(value);
                }
                self.read_uri(word);
            }
        }
    }

    fn read_uri(&mut self, word: &str) {
        let [_, _, secret, host] = user_info(word);
        self.add(secret);
        if word.contains("//")
            && let Some((_, query)) = host.split_once(['?', '#'])
        {
            self.add(query);
            query.split('&').filter_map(|pair| pair.split_once('=')).for_each(|(key, value)| {
                if is_sensitive(key) || key.eq_ignore_ascii_case("sig") {
                    self.add(value);
                }
            });
        }
    }

    fn add(&mut self, secret: &str) {
        let secret = secret.trim();
        let stem = secret
            .char_indices()
            .nth(STEM)
            .map_or(secret, |(end, _)| secret.get(..end).unwrap_or(secret));
        if !stem.is_empty() && stem != HIDDEN {
            self.stems.insert(stem.to_owned(), false);
        }
    }

    /// Leaves no stem that begins with another one: then the last one that is not after a text is the
    /// one with which the text may begin.
    fn drop_extensions(&mut self) {
        let mut kept: BTreeMap<String, bool> = BTreeMap::new();
        for (stem, _) in std::mem::take(&mut self.stems) {
            match kept.last_entry() {
                Some(mut last)
                    if last.key().len() >= SHORTEST && stem.starts_with(last.key().as_str()) =>
                {
                    last.insert(true);
                }
                _ => {
                    kept.insert(stem, false);
                }
            }
        }
        self.stems = kept;
    }

    /// The text without the secrets; `None` if it has none.
    pub fn hide(&self, text: &str) -> Option<String> {
        let shown = self.hide_known(text);
        message(shown.as_deref().unwrap_or(text)).or(shown)
    }

    fn hide_known(&self, text: &str) -> Option<String> {
        if self.stems.is_empty() {
            return None;
        }
        let (mut shown, mut from, mut before) = (String::new(), 0, None);
        let mut characters = text.char_indices();
        while let Some((at, character)) = characters.next() {
            let rest = text.get(at..).unwrap_or_default();
            let Some(length) = self.secret_at(rest, before) else {
                before = Some(character);
                continue;
            };
            shown.push_str(text.get(from..at).unwrap_or_default());
            shown.push_str(HIDDEN);
            from = at.saturating_add(length);
            before = Some('…');
            while characters.as_str().len() > text.len().saturating_sub(from) {
                characters.next();
            }
        }
        (from > 0).then(|| {
            shown.push_str(text.get(from..).unwrap_or_default());
            shown
        })
    }

    /// The length of the secret with which a text begins, after this character.
    fn secret_at(&self, text: &str, before: Option<char>) -> Option<usize> {
        let until = (Bound::Unbounded, Bound::Included(text));
        let (stem, has_longer) = self.stems.range::<str, _>(until).next_back()?;
        let rest = text.strip_prefix(stem.as_str())?;
        let next = rest.chars().next();
        let is_quote = |c: Option<char>| matches!(c, Some('`' | '"' | '\''));
        let is_free = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        if stem.chars().count() < SHORTEST {
            return (is_quote(before) && is_quote(next)).then_some(stem.len());
        }
        let ends = |c: char| c.is_whitespace() || matches!(c, '`' | '"' | '\'' | ',' | '@');
        let tail = rest.find(ends).unwrap_or(rest.len());
        let is_whole =
            stem.len() >= STEM / 2 || (is_free(before) && (*has_longer || is_free(next)));
        is_whole.then(|| stem.len().saturating_add(if is_free(next) { 0 } else { tail }))
    }
}

/// Whether the value of a variable is hidden where its line is shown. Numbers and switches, and the
/// options for Flink in one text, are not.
fn is_hidden_value(name: &str, value: &str) -> bool {
    let is_plain = value.len() <= 8 && value.bytes().all(|b| b.is_ascii_alphanumeric());
    is_secret(name, value) || (!is_plain && name != "FLINK_PROPERTIES")
}
