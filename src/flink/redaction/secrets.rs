//! The secrets of one object, to remove them from texts about it.

use super::shown::ShownTexts;
use super::walk::{Token, Walk};
use super::{HIDDEN, is_secret, is_sensitive, message, user_info};
use crate::flink::Workload;
use crate::resource::pointer;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// Shorter secrets are hidden only where they are the whole value: `` `abc` ``.
const SHORTEST: usize = 4;
/// Longer ones are found by their beginning, because messages cut values.
const STEM: usize = 16;

/// The most text of places. They are for people, who have shorter objects.
const MOST_PLACE_BYTES: usize = 1 << 20;

/// The secrets of one object.
#[derive(Debug, Default)]
pub struct Secrets {
    /// Their beginnings, each with whether other secrets begin with it too.
    stems: BTreeMap<String, bool>,
    /// Those that are longer than their beginnings.
    whole: BTreeSet<String>,
    /// JSON Pointers of values that are, or contain, secrets.
    places: Vec<String>,
    place_bytes: usize,
    /// The texts to remove them from; `None` for any text.
    shown: Option<ShownTexts>,
}

impl Secrets {
    /// The secrets of an object and of the options of its workload. `given` are further options.
    ///
    /// `old` is the object before an update, to which messages compare.
    pub fn of<'a>(
        object: &'a Value,
        old: Option<&'a Value>,
        workload: &Workload,
        given: impl Iterator<Item = (&'a str, String)>,
    ) -> Self {
        Self::default().read(object, old, workload, given)
    }

    /// [`Self::of`], without secrets that none of these texts shows, and without places. Few texts show
    /// any, and it takes far longer to find out whether a value is a secret than whether it is shown.
    pub fn shown_by<'a, 't>(
        texts: impl Iterator<Item = &'t str>,
        object: &'a Value,
        old: Option<&'a Value>,
        workload: &Workload,
        given: impl Iterator<Item = (&'a str, String)>,
    ) -> Self {
        let shown = Some(ShownTexts::of(texts));
        Self { shown, ..Self::default() }.read(object, old, workload, given)
    }

    fn read<'a>(
        mut self,
        object: &'a Value,
        old: Option<&'a Value>,
        workload: &Workload,
        given: impl Iterator<Item = (&'a str, String)>,
    ) -> Self {
        let wants_places = self.shown.is_none();
        let secrets = &mut self;
        let root = workload.config_pointer.as_deref();
        let options_of = |object: &'a Value| root.and_then(|at| pointer::at(object, at));
        if let Some(old) = old {
            secrets.read_object(object, Walk::beyond(old, object), false);
            if let Some(options) = options_of(old).filter(|own| options_of(object) != Some(*own)) {
                secrets.read_options(options, None);
            }
        }
        secrets.read_object(object, Walk::new(object), wants_places);
        // Further configurations may come from other objects, such as a mounted ConfigMap.
        for workload in std::iter::once(workload).chain(&workload.also_read) {
            let options = workload.config.iter();
            options.for_each(|(key, entry)| secrets.read_option(key, entry.value.as_str()));
        }
        given.for_each(|(key, value)| secrets.read_option(key, &value));
        if let Some((place, options)) = root.and_then(|at| Some((at, pointer::at(object, at)?))) {
            secrets.read_options(options, Some(place).filter(|_| wants_places));
        }
        secrets.drop_extensions();
        self
    }

    /// JSON Pointers of the values of an object that are, or contain, secrets.
    pub fn places(&self) -> &[String] {
        &self.places
    }

    /// Whether a secret is worth looking for.
    fn is_wanted(&self, secret: &str) -> bool {
        self.shown.as_ref().is_none_or(|shown| shown.may_begin(secret.trim()))
    }

    fn read_option(&mut self, key: &str, value: &str) {
        if self.is_wanted(value) && is_secret(key, value) {
            self.add(value);
        }
        self.read_text(value);
    }

    /// The options of an object, also those that others hide or override. `at` is their place; `None`
    /// if places are not wanted.
    fn read_options(&mut self, options: &Value, at: Option<&str>) {
        let mut walk = Walk::new(options);
        let mut keys: Vec<String> = vec![String::new()];
        while let Some((node, value)) = walk.next() {
            let key = match walk.token(node) {
                Some(Token::Key(field)) => {
                    let above = walk.parent(node).and_then(|parent| keys.get(parent));
                    dotted(above.map(String::as_str).unwrap_or_default(), field)
                }
                _ => String::new(),
            };
            if !matches!(value, Value::Object(_) | Value::Null) {
                let text = value.as_str().map_or_else(|| value.to_string().into(), Cow::Borrowed);
                if self.is_wanted(&text) && is_secret(&key, &text) {
                    self.add(&text);
                    if let Some((at, within)) = at.zip(walk.pointer(node)) {
                        self.add_place(format!("{at}{within}"));
                    }
                }
            }
            // Nodes are numbered as they are found.
            keys.resize(keys.len().max(node.saturating_add(1)), String::new());
            if let Some(own) = keys.get_mut(node) {
                *own = key;
            }
        }
    }

    /// Every text of the object: URIs, lines with options, variables and arguments.
    fn read_object(&mut self, object: &Value, mut walk: Walk<'_>, wants_places: bool) {
        let is_secret_object = object.get("kind").and_then(Value::as_str) == Some("Secret");
        while let Some((node, value)) = walk.next() {
            let Value::String(text) = value else { continue };
            let is_hidden = match walk.token(node) {
                Some(Token::Key(key)) => {
                    let parent = walk.parent(node);
                    let holder = parent.and_then(|parent| walk.token(parent));
                    let is_data = matches!(holder, Some(Token::Key("data" | "stringData")));
                    let holder_of_value = parent.filter(|_| key == "value");
                    let variable =
                        holder_of_value.and_then(|it| walk.value(it)?.get("name")?.as_str());
                    let is_entry = is_data || matches!(holder, Some(Token::Key("annotations")));
                    let is_secret_of = || {
                        (is_secret_object && is_data)
                            || (is_entry && !text.contains('\n') && is_secret(key, text))
                            || variable.is_some_and(|name| is_secret(name, text))
                    };
                    if self.is_wanted(text) && is_secret_of() {
                        self.add(text);
                    }
                    wants_places
                        && ((is_secret_object && is_data)
                            || variable.is_some_and(|name| is_hidden_value(name, text)))
                }
                Some(Token::Index(index)) => {
                    let list = walk.parent(node).and_then(|parent| walk.value(parent));
                    let before = |count: usize| {
                        index.checked_sub(count).and_then(|before| list?.get(before)?.as_str())
                    };
                    // `-D`, a key and its value may be three words.
                    let follows_option = || {
                        before(2).is_some_and(|flag| flag.starts_with('-') && flag.ends_with('D'))
                    };
                    let flag = before(1).filter(|flag| !flag.contains('='));
                    let flag = flag.filter(|flag| flag.starts_with('-') || follows_option());
                    let is_value = self.is_wanted(text)
                        && flag.is_some_and(|flag| is_secret(flag.trim_start_matches('-'), text));
                    if is_value {
                        self.add(text);
                    }
                    is_value
                }
                None => false,
            };
            let before = self.stems.len();
            self.read_text(text);
            // Lines of a longer text are hidden one by one where they are shown.
            let has_new = self.stems.len() > before && !text.contains('\n');
            if wants_places && (is_hidden || has_new) {
                walk.pointer(node).into_iter().for_each(|place| self.add_place(place));
            }
        }
    }

    fn add_place(&mut self, place: String) {
        self.place_bytes = self.place_bytes.saturating_add(place.len());
        if self.place_bytes <= MOST_PLACE_BYTES {
            self.places.push(place);
        }
    }

    /// The secrets within a text: `key: secret` and `key=secret` in its lines, URIs in its words.
    fn read_text(&mut self, text: &str) {
        let is_mark = |byte: u8| matches!(byte, b'@' | b'?' | b'#' | b'=' | b':');
        if !text.bytes().any(is_mark) && !text.contains("--") {
            return;
        }
        for line in text.lines() {
            if let Some((key, value)) = line.split_once(": ")
                && let secret = value.trim().trim_matches(['"', '\''])
                && self.is_wanted(secret)
                && is_secret(key.trim(), value)
            {
                self.add(secret);
            }
            let mut flag = "";
            for word in line.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';')) {
                let word = word.trim_matches(['"', '\'']);
                // `--password secret`
                if !flag.is_empty()
                    && self.is_wanted(word)
                    && is_secret(flag, word)
                    && !word.starts_with("--")
                {
                    self.add(word);
                }
                flag = word.strip_prefix("--").unwrap_or_default();
                if let Some((key, value)) = word.split_once('=')
                    && let secret = value.trim_matches(['"', '\''])
                    && self.is_wanted(secret)
                    && is_secret(key.trim_start_matches('-'), value)
                {
                    self.add(secret);
                }
                // An element of a map: `token:secret`. The key `secret` names a Secret.
                if let Some((key, value)) = word.split_once(':')
                    && !value.starts_with('/')
                    && !key.eq_ignore_ascii_case("secret")
                    && self.is_wanted(value)
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
                if self.is_wanted(value) && (is_sensitive(key) || key.eq_ignore_ascii_case("sig")) {
                    self.add(value);
                }
            });
        }
    }

    /// Adds a secret, and each of its lines: a key in PEM is shown in lines.
    fn add(&mut self, secret: &str) {
        let secret = secret.trim();
        if !self.is_wanted(secret) {
            return;
        }
        self.add_text(secret);
        if secret.contains('\n') {
            let lines = secret.lines().map(str::trim);
            lines.filter(|line| line.len() >= STEM / 2).for_each(|line| self.add_text(line));
        }
    }

    fn add_text(&mut self, secret: &str) {
        let stem = secret
            .char_indices()
            .nth(STEM)
            .map_or(secret, |(end, _)| secret.get(..end).unwrap_or(secret));
        if !stem.is_empty() && stem != HIDDEN {
            self.stems.insert(stem.to_owned(), false);
            if stem.len() < secret.len() {
                self.whole.insert(secret.to_owned());
            }
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
        let is_whole =
            stem.len() >= STEM / 2 || (is_free(before) && (*has_longer || is_free(next)));
        // Searched only for what is hidden, so that no text is searched twice.
        let tail = || if is_free(next) { 0 } else { rest.find(ends).unwrap_or(rest.len()) };
        is_whole.then(|| stem.len().saturating_add(tail()).max(self.length_of_whole(text)))
    }

    /// How much of a longer secret a text begins with: messages may cut it. In the order of texts,
    /// the one with the longest common beginning is a neighbour.
    fn length_of_whole(&self, text: &str) -> usize {
        let before = self.whole.range::<str, _>((Bound::Unbounded, Bound::Included(text)));
        let after = self.whole.range::<str, _>((Bound::Excluded(text), Bound::Unbounded));
        let neighbours = before.rev().take(1).chain(after.take(1));
        let common = |secret: &String| {
            let pairs = secret.chars().zip(text.chars());
            pairs.take_while(|(own, other)| own == other).map(|(own, _)| own.len_utf8()).sum()
        };
        neighbours.map(common).max().unwrap_or(0)
    }
}

/// The key of an option below another one. Of a long key the end counts.
fn dotted(above: &str, field: &str) -> String {
    const MOST: usize = 256;
    let tail = |text: &str| {
        let start = text.char_indices().rev().nth(MOST).map_or(0, |(at, _)| at);
        text.get(start..).unwrap_or_default().to_owned()
    };
    match above {
        "" => tail(field),
        above => format!("{}.{}", tail(above), tail(field)),
    }
}

/// Whether the value of a variable is hidden where its line is shown. Numbers and switches, and the
/// options for Flink in one text, are not.
fn is_hidden_value(name: &str, value: &str) -> bool {
    let is_plain = value.len() <= 8 && value.bytes().all(|b| b.is_ascii_alphanumeric());
    is_secret(name, value) || (!is_plain && name != "FLINK_PROPERTIES")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_of_few_texts_are_hidden_as_those_of_any_text() {
        let pem = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nAgEAAoIBAQC7\n-----END KEY-----";
        let object = json!({
            "metadata": {"annotations": {"example.com/api-key": "qK9-annotation"}},
            "spec": {
                "flinkConfiguration": {"s3": {"secret-key": "hunter2-hunter2-hunter2"}, "my.token": "ab1",
                    "my.password": "  padded secret ", "other.password": pem, "list.token": ["x1y2", "z3w4"]},
                "job": {"jarURI": "https://user:p4ssw0rd@host/a.jar?sig=S1gnature&x=y", "args": [
                    "--password", "spaced out", "--token=quoted7", "-D", "a.secret", "three-words", "db:token:t0k3n"]},
                "podTemplate": {"spec": {"containers": [{"env": [
                    {"name": "DB_PASSWORD", "value": "ünïcode-secret"}, {"name": "URL", "value": "jdbc://u:pw9!@h/x"}]}]}},
            },
        });
        let old = json!({"spec": {"flinkConfiguration": {"my.password": "former-one"}}});
        let workload = Workload {
            config_pointer: Some("/spec/flinkConfiguration".into()),
            ..Workload::default()
        };
        let given = || std::iter::once(("tenant.password", "of-the-tenant".to_owned()));
        let full = Secrets::of(&object, Some(&old), &workload, given());
        assert!(full.stems.len() > 15, "{:?}", full.stems);
        let whole = full.whole.iter().map(String::as_str);
        let shown = full.stems.keys().map(String::as_str).chain(whole).chain(["etl", "a.jar", ""]);
        for secret in shown {
            for text in [
                format!("the value `{secret}` is invalid"),
                secret.to_owned(),
                format!("{secret}x, but \"{secret}\""),
                secret.chars().take(17).collect(),
            ] {
                let few = Secrets::shown_by(
                    [text.as_str()].into_iter(),
                    &object,
                    Some(&old),
                    &workload,
                    given(),
                );
                assert_eq!(few.hide(&text), full.hide(&text), "{text}");
                assert_eq!(few.places(), [""; 0]);
            }
        }
    }
}
