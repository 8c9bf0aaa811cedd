//! Reads lists and maps in one text: `a;b`, `k:v,k2:v2`, with quotes around separators, and from
//! Flink 1.19 on as YAML.

use crate::resource::yaml;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The parts between separators, without their quotes. `None` if a quote is not closed or is
/// followed by other text than a separator. Within quotes, a quote is doubled.
fn split(text: &str, separator: char) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut letters = text.chars().peekable();
    // Two adjacent separators enclose an empty part; a separator at either end does not.
    let mut after_separator = false;
    while let Some(letter) = letters.next() {
        if letter == separator {
            if after_separator {
                parts.push(String::new());
            }
            after_separator = true;
        } else if matches!(letter, '\'' | '"') {
            parts.push(quoted(&mut letters, letter)?);
            after_separator = false;
            while letters.next_if(|c| *c != separator && c.is_whitespace()).is_some() {}
            if letters.peek().is_some_and(|next| *next != separator) {
                return None;
            }
        } else if !letter.is_whitespace() {
            let mut part = String::from(letter);
            while let Some(next) = letters.next_if(|c| *c != separator) {
                part.push(next);
            }
            part.truncate(part.trim_end_matches(|c: char| c <= ' ').len());
            parts.push(part);
            after_separator = false;
        }
    }
    Some(parts)
}

fn quoted(letters: &mut std::iter::Peekable<std::str::Chars<'_>>, quote: char) -> Option<String> {
    let mut part = String::new();
    loop {
        let letter = letters.next()?;
        if letter != quote {
            part.push(letter);
        } else if letters.next_if_eq(&quote).is_some() {
            part.push(quote);
        } else {
            return Some(part);
        }
    }
}

/// The pairs of one map, in their order.
pub type Pairs = Vec<(String, String)>;

/// The elements of a list, as far as it is readable; in both readings if it may be YAML.
pub fn list_elements(text: &str) -> Vec<String> {
    let mut elements = split(text, ';').unwrap_or_default();
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
    let pair = |pair: &String| {
        let mut sides = split(pair, ':')?.into_iter();
        Some((sides.next()?, sides.collect::<Vec<_>>().join(":")))
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
    for pair in map.iter().filter_map(|(key, value)| Some((key.clone(), scalar(value)?))) {
        if !pairs.contains(&pair) {
            pairs.push(pair);
        }
    }
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
    !text.contains(['\'', '"']) || split(text, ';').is_some() || yaml && yaml_list(text).is_some()
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
    parts.into_iter().find(|part| !is_word(part)).map_or(Ok(()), |part| Err(Some(part)))
}

/// Whether a text is a map: each part a key and a value, without duplicate keys.
pub fn is_map(text: &str, yaml: bool) -> bool {
    is_plain_map(text).unwrap_or(false) || yaml && is_yaml_map(text)
}

fn is_plain_map(text: &str) -> Option<bool> {
    let pairs = split(text, ',')?;
    let mut keys = BTreeSet::new();
    for pair in &pairs {
        let mut sides = split(pair, ':')?.into_iter();
        let (Some(key), Some(_), None) = (sides.next(), sides.next(), sides.next()) else {
            return None;
        };
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
    let mut documents = yaml::parse(text);
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
            let parts = parts.map(|parts| parts.into_iter().map(str::to_owned).collect::<Vec<_>>());
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
