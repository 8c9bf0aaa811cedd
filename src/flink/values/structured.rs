//! Lists and maps in one text: `a;b`, `k:v,k2:v2`, with quotes around what holds a separator.

/// The parts between separators, without their quotes; `None` where quotes are not closed, or followed by anything
/// but a separator. A quote is written twice within quotes.
pub fn split(text: &str, separator: char) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut letters = text.chars().peekable();
    // Two separators in a row hold an empty part between them; one at either end holds none.
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

/// Whether a text is a list. Without a quote every text is.
pub fn is_list(text: &str) -> bool {
    !text.contains(['\'', '"']) || split(text, ';').is_some()
}

/// Whether a text is a map: each part a key and a value.
pub fn is_map(text: &str) -> bool {
    let pair = |pair: &String| split(pair, ':').is_some_and(|sides| sides.len() == 2);
    split(text, ',').is_some_and(|pairs| pairs.iter().all(pair))
}

/// Whether a text is a list of maps.
pub fn is_list_of_maps(text: &str) -> bool {
    split(text, ';').is_some_and(|maps| maps.iter().all(|map| is_map(map)))
}

/// Whether a text begins as a YAML list does.
pub fn may_be_yaml_list(text: &str) -> bool {
    text.trim_start().starts_with(['[', '-'])
}

/// Whether a text looks like a YAML mapping.
pub fn may_be_yaml_map(text: &str) -> bool {
    let text = text.trim();
    text.starts_with('{') || text.ends_with(':') || text.contains(": ") || text.contains(":\n")
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
    fn a_map_is_made_of_pairs() {
        assert!(["", "a:1", "'a:x,y',b:2", "a: 1 , b: 2"].iter().all(|text| is_map(text)));
        assert!(["a", "a:b:c", "a:", "a:1,b", "'a:b':1", "a:'x,y'"].iter().all(|text| !is_map(text)));
    }
}
