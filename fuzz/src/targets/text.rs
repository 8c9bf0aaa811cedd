//! Texts: JSON Pointers, and what terminals and CI systems act on.

use flinkgate::printable;
use flinkgate::resource::pointer;
use serde_json::Value;

/// JSON Pointers: tokens survive, and every pointer has a nearest value.
pub fn pointers(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    let tokens: Vec<&str> = text.split('\n').collect();
    let made = pointer::from_tokens(tokens.iter().copied());
    assert!(pointer::tokens(&made).eq(tokens.iter().copied()));
    let root = tokens.iter().rev().fold(Value::Bool(true), |inner, token| {
        Value::Object([((*token).to_owned(), inner)].into_iter().collect())
    });
    assert_eq!(pointer::at(&root, &made), Some(&Value::Bool(true)));
    let nearest = pointer::nearest_existing(&root, &text);
    assert!(text.starts_with(nearest) && pointer::at(&root, nearest).is_some(), "{text:?}");
    // serde_json has a reader of its own.
    assert_eq!(pointer::at(&root, &text), root.pointer(&text), "{text:?}");
    pointer::at(&root, &text).is_some()
}

/// Printable text: nothing in it acts, and a second pass changes nothing.
pub fn printable(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    let escaped = printable::escape(&text);
    assert_eq!(printable::escape(&escaped), escaped, "{text:?}");
    assert!(!escaped.contains(printable::is_unsafe), "{text:?}");
    for line in escaped.lines() {
        assert!(!line.trim_start().starts_with("::"), "{text:?}");
        assert!(!line.contains("##["), "{text:?}");
        assert!(!line.contains("##vso[") && !line.contains("##teamcity["), "{text:?}");
    }
    let line = printable::escape_line(&text);
    assert!(!line.contains('\n') && !line.contains(printable::is_unsafe), "{text:?}");
    let commands = printable::escape_keeping_commands(&text);
    assert!(!commands.contains(printable::is_unsafe), "{text:?}");
    let coloured = printable::escape_keeping_colours(&text);
    assert_eq!(printable::escape_keeping_colours(&coloured), coloured, "{text:?}");
    // A terminal hides colours, and what is left has no command either.
    let mut left = String::new();
    let mut rest = coloured.as_ref();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        left += before;
        let end = after.find('m').unwrap_or_else(|| panic!("{text:?}"));
        assert!(after[1..end].bytes().all(|b| b.is_ascii_digit() || b == b';'), "{text:?}");
        rest = &after[end + 1..];
    }
    left += rest;
    assert!(!left.contains(printable::is_unsafe), "{text:?}");
    assert!(coloured.lines().all(|line| !line.trim_start().starts_with("::")), "{text:?}");
    escaped != text
}
