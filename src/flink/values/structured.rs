//! Reads lists and maps in one text: `a;b`, `k:v,k2:v2`, with quotes around separators, and from
//! Flink 1.19 on as YAML.

use crate::resource::yaml;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// The parts between separators, without their quotes; `None` where quotes are not closed, or
/// followed by anything but a separator. A quote is written twice within quotes.
fn split(text: &str, separator: char) -> Option<Vec<Cow<'_, str>>> {
    parts(text, separator).collect()
}

/// The parts of [`split`] one by one, with a `None` in the place of one that cannot be read.
fn parts(text: &str, separator: char) -> Parts<'_> {
    Parts { rest: text, separator, after_separator: false }
}

struct Parts<'t> {
    rest: &'t str,
    separator: char,
    /// Two separators in a row hold an empty part between them; one at either end holds none.
    after_separator: bool,
}

impl<'t> Iterator for Parts<'t> {
    type Item = Option<Cow<'t, str>>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let letter = self.rest.chars().next()?;
            let (part, rest) = self.rest.split_at(letter.len_utf8());
            if letter == self.separator {
                self.rest = rest;
                if std::mem::replace(&mut self.after_separator, true) {
                    return Some(Some("".into()));
                }
            } else if matches!(letter, '\'' | '"') {
                self.after_separator = false;
                let quoted = quoted(rest, part, self.separator);
                self.rest = quoted.as_ref().map_or("", |(_, rest)| rest);
                return Some(quoted.map(|(part, _)| part));
            } else if letter.is_whitespace() {
                self.rest = rest;
            } else {
                self.after_separator = false;
                let end = self.rest.find(self.separator).unwrap_or(self.rest.len());
                let (part, rest) = self.rest.split_at(end);
                self.rest = rest;
                return Some(Some(part.trim_end_matches(|c: char| c <= ' ').into()));
            }
        }
    }
}

/// What is within quotes, and the text from the next separator on.
fn quoted<'t>(mut text: &'t str, quote: &str, separator: char) -> Option<(Cow<'t, str>, &'t str)> {
    let mut part = Cow::Borrowed("");
    loop {
        let (letters, rest) = text.split_once(quote)?;
        part += letters;
        match rest.strip_prefix(quote) {
            Some(rest) => {
                part.to_mut().push_str(quote);
                text = rest;
            }
            None => {
                let is_blank = |c: char| c != separator && c.is_whitespace();
                let rest = rest.trim_start_matches(is_blank);
                return (rest.is_empty() || rest.starts_with(separator)).then_some((part, rest));
            }
        }
    }
}

/// The pairs of one map, in their order.
pub type Pairs = Vec<(String, String)>;

/// The elements of a list, as far as it is readable; in both readings if it may be YAML.
pub fn list_elements(text: &str) -> Vec<String> {
    let parts = split(text, ';').unwrap_or_default();
    let mut elements: Vec<_> = parts.into_iter().map(Cow::into_owned).collect();
    for element in yaml_list(text).unwrap_or_default().iter().filter_map(scalar) {
        if !elements.contains(&element) {
            elements.push(element);
        }
    }
    elements
}

/// The pairs of a map, as far as it is readable. If it may be YAML, both readings are included, so
/// that a rule holds whichever one Flink uses.
pub fn map_pairs(text: &str) -> Pairs {
    let pair = |pair: &Cow<'_, str>| {
        let sides = split(pair, ':')?;
        let (key, value) = sides.split_first()?;
        Some((key.clone().into_owned(), value.join(":")))
    };
    let mut pairs: Vec<_> = split(text, ',').unwrap_or_default().iter().filter_map(pair).collect();
    let may_be_yaml = text.contains(['{', '\n']) || text.contains(": ");
    if let Some(Value::Object(map)) = may_be_yaml.then(|| read_yaml(text)).flatten() {
        add_pairs(&map, &mut pairs);
    }
    pairs
}

/// The maps of a list of maps, read as in [`map_pairs`].
pub fn list_of_map_pairs(text: &str) -> Vec<Pairs> {
    let mut maps: Vec<_> =
        split(text, ';').unwrap_or_default().iter().map(|map| map_pairs(map)).collect();
    for map in yaml_list(text).unwrap_or_default().iter().filter_map(Value::as_object) {
        let mut pairs = Vec::new();
        add_pairs(map, &mut pairs);
        maps.push(pairs);
    }
    maps
}

fn add_pairs(map: &Map<String, Value>, pairs: &mut Pairs) {
    // A mapping has each key once, so only what was read before it may be the same.
    let known: BTreeSet<(String, String)> = pairs.iter().cloned().collect();
    let read = map.iter().filter_map(|(key, value)| Some((key.clone(), scalar(value)?)));
    pairs.extend(read.filter(|pair| !known.contains(pair)));
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

/// Whether a text is a list; every text without a quote is.
pub fn is_list(text: &str, yaml: bool) -> bool {
    !text.contains(['\'', '"'])
        || parts(text, ';').all(|part| part.is_some())
        || yaml && yaml_list(text).is_some()
}

/// Whether each element of a list is an allowed value. The error is the first other element, or
/// `None` if the text is not a list.
pub fn elements(
    text: &str,
    yaml: bool,
    is_word: impl Fn(&str) -> bool,
) -> Result<(), Option<String>> {
    let of_yaml = |element: &Value| element.as_str().is_some_and(&is_word);
    if yaml && yaml_list(text).is_some_and(|list| list.iter().all(of_yaml)) {
        return Ok(());
    }
    let parts = split(text, ';').ok_or(None)?;
    let other = parts.into_iter().find(|part| !is_word(part));
    other.map_or(Ok(()), |part| Err(Some(part.into_owned())))
}

/// Whether a text is a map: each part a key and a value, without duplicate keys.
pub fn is_map(text: &str, yaml: bool) -> bool {
    is_plain_map(text).unwrap_or(false) || yaml && is_yaml_map(text)
}

fn is_plain_map(text: &str) -> Option<bool> {
    let pairs = split(text, ',')?;
    let mut keys = BTreeSet::new();
    for pair in &pairs {
        let [key, _]: [_; 2] = split(pair, ':')?.try_into().ok()?;
        keys.insert(key);
    }
    Some(keys.len() == pairs.len())
}

/// Whether a text is a list of maps.
pub fn is_list_of_maps(text: &str, yaml: bool) -> bool {
    split(text, ';').is_some_and(|maps| maps.iter().all(|map| is_map(map, yaml)))
        || yaml
            && yaml_list(text)
                .is_some_and(|maps| maps.iter().all(|map| map.as_object().is_some_and(is_complete)))
}

fn is_yaml_map(text: &str) -> bool {
    // Only a text with one of these can be YAML, and reading YAML is expensive.
    text.contains([':', '{'])
        && read_yaml(text).is_some_and(|value| value.as_object().is_some_and(is_complete))
}

/// Flink fails on an element without a value.
fn is_complete(map: &Map<String, Value>) -> bool {
    !map.values().any(Value::is_null)
}

fn yaml_list(text: &str) -> Option<Vec<Value>> {
    if !text.trim_start().starts_with(['[', '-']) {
        return None;
    }
    match read_yaml(text)? {
        Value::Array(elements) => Some(elements),
        _ => None,
    }
}

fn read_yaml(text: &str) -> Option<Value> {
    let mut documents = yaml::parse_for_flink(text);
    let document = documents.pop().filter(|_| documents.is_empty())?;
    document.value.filter(|_| document.problems.is_empty())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_separators() {
        for (text, parts) in [
            ("a;b", Some(vec!["a", "b"])),
            (" a ; 'b;c' ;\"d\"", Some(vec!["a", "b;c", "d"])),
            ("'it''s'", Some(vec!["it's"])),
            ("a;;b;", Some(vec!["a", "", "b"])),
            ("", Some(vec![])),
            ("'a", None),
            ("'a'b", None),
        ] {
            let parts = parts.map(|parts| parts.into_iter().map(Cow::Borrowed).collect::<Vec<_>>());
            assert_eq!(split(text, ';'), parts, "{text}");
        }
    }

    #[test]
    fn yaml_is_read_where_flink_reads_it() {
        assert!(
            is_map("{a: 1}", true)
                && is_map("a: http://b:80", true)
                && !is_map("a: http://b:80", false)
        );
        assert!(!is_map("a:1,a:2", true) && !is_map("a:1,a:2", false));
        assert!(!is_map("a: ", true));
        assert!(is_list_of_maps("[{a: 1}, {b: 2}]", true) && !is_list_of_maps("[a]", true));
        assert_eq!(elements("[A, B]", true, |word| word == "A"), Err(Some("[A, B]".into())));
        assert_eq!(elements("[A, A]", true, |word| word == "A"), Ok(()));
    }

    #[test]
    fn maps_are_read_in_every_form() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(map_pairs("a:/x, b:'d:e'"), [pair("a", "/x"), pair("b", "d:e")]);
        assert!(map_pairs("{a: 1, b: /y}").contains(&pair("b", "/y")));
        assert!(map_pairs("a: /x\nb: /y").contains(&pair("b", "/y")));
        assert_eq!(list_of_map_pairs("env:A,secret:s;env:B,secret:t")[1][1], pair("secret", "t"));
        assert!(
            list_of_map_pairs("[{env: A, secret: s}]")
                .contains(&vec![pair("env", "A"), pair("secret", "s")])
        );
        assert_eq!(list_elements("a; b"), ["a", "b"]);
        assert!(list_elements("[a, b]").contains(&"b".to_owned()));
        for text in ["", "'", "{", "[", ":", ",", ";", "a:b:c", "'a':'"] {
            let _ = (map_pairs(text), list_of_map_pairs(text), list_elements(text));
        }
    }

    #[test]
    fn maps_consist_of_pairs() {
        assert!(["", "a:1", "'a:x,y',b:2", "a: 1 , b: 2"].iter().all(|text| is_map(text, false)));
        assert!(
            ["a", "a:b:c", "a:", "a:1,b", "'a:b':1", "a:'x,y'"]
                .iter()
                .all(|text| !is_map(text, false))
        );
    }
}
