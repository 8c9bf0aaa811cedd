//! Looks at the keys of a YAML text one after the other, without a tree: for texts that are too large
//! to be read as a whole.

use crate::resource::steps;
use granit_parser::{Event, Parser};

/// An open mapping.
struct Mapping {
    /// Length of the key around it.
    key: usize,
    expects_key: bool,
}

/// Whether a condition holds for a key: those of nested mappings are joined with dots, and of those
/// with `longest` or more bytes none is asked about. So it does where aliases give a mapping keys.
/// `None` if the text is not YAML. Lines end as Flink's reader ends them.
pub fn any_key(text: &str, longest: usize, is_it: impl Fn(&str) -> bool) -> Option<bool> {
    let parser =
        Parser::new_from_str_with_options(text, granit_parser::options! { emit_comments: false });
    let mut open: Vec<Mapping> = Vec::new();
    let (mut key, mut lists) = (String::new(), 0_usize);
    let asks = |key: &str| !key.is_empty() && key.len() < longest && is_it(key);
    for event in parser {
        steps::step();
        let (event, _) = event.ok()?;
        match event {
            Event::SequenceStart(..) => {
                if lists == 0 && asks(&key) {
                    return Some(true);
                }
                lists = lists.saturating_add(1);
            }
            Event::SequenceEnd => {
                lists = lists.saturating_sub(1);
                ended(lists, &mut open, &mut key);
            }
            // Flink reads no options within lists.
            _ if lists > 0 => {}
            Event::Alias(_) => return Some(true),
            Event::Scalar(content, ..) => match open.last_mut() {
                Some(mapping) if mapping.expects_key => {
                    mapping.expects_key = false;
                    if !key.is_empty() {
                        key.push('.');
                    }
                    key.push_str(&content);
                }
                _ if asks(&key) => return Some(true),
                _ => ended(lists, &mut open, &mut key),
            },
            Event::MappingStart(..) => open.push(Mapping { key: key.len(), expects_key: true }),
            Event::MappingEnd => {
                open.pop();
                ended(lists, &mut open, &mut key);
            }
            _ => {}
        }
    }
    Some(false)
}

/// A value ended, and a key of the mapping around it follows.
fn ended(lists: usize, open: &mut [Mapping], key: &mut String) {
    if let Some(mapping) = open.last_mut().filter(|_| lists == 0) {
        key.truncate(mapping.key);
        mapping.expects_key = true;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_in_every_form() {
        let has = |text: &str| any_key(text, 20, |key| key == "a.b.c");
        for text in [
            "a.b.c: 1",
            "x: 1\na:\n  b: {c: 2}",
            "{x: [1, {y: 2}], a: {b.c: x}}",
            "a: {b: {c: [1]}}",
            "x:\n- 1\n- {a: 1}\na.b:\n  c:",
            "x: 1\n---\na.b.c: 1",
            "x: &x {c: 1}\na.b: *x",
            "x: &x {a.b.c: 1}\n<<: *x",
        ] {
            assert_eq!(has(text), Some(true), "{text}");
        }
        for text in [
            "",
            "a.b: 1",
            "a: {b: {d: 1}}",
            "x: [{a.b.c: 1}]",
            "- a.b.c: 1",
            "a: {b: {c: {}}}",
            "# a.b.c: 1",
        ] {
            assert_eq!(has(text), Some(false), "{text}");
        }
        assert_eq!(has("a: [1"), None);
        assert_eq!(any_key("a: {b: {c: 1}}", 5, |_| true), Some(false));
    }
}
