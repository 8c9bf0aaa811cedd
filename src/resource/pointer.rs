//! JSON Pointers (RFC 6901) as plain strings: `/spec/containers/0/image`.

use super::steps;
use serde_json::Value;
use std::borrow::Cow;

/// Appends one token, escaped, to a pointer.
pub fn push(pointer: &mut String, token: &str) {
    pointer.push('/');
    if token.contains(['~', '/']) {
        pointer.push_str(&token.replace('~', "~0").replace('/', "~1"));
    } else {
        pointer.push_str(token);
    }
}

/// `base` with one more token.
pub fn join(base: &str, token: &str) -> String {
    let mut pointer = String::with_capacity(base.len() + token.len() + 1);
    pointer.push_str(base);
    push(&mut pointer, token);
    pointer
}

/// A pointer made of tokens that are not escaped yet.
pub fn from_tokens<'a>(tokens: impl IntoIterator<Item = &'a str>) -> String {
    let mut pointer = String::new();
    for token in tokens {
        push(&mut pointer, token);
    }
    pointer
}

/// The tokens of a pointer, unescaped.
pub fn tokens(pointer: &str) -> impl Iterator<Item = Cow<'_, str>> {
    pointer.split('/').skip(1).map(unescaped)
}

fn unescaped(token: &str) -> Cow<'_, str> {
    if token.contains('~') {
        Cow::Owned(token.replace("~1", "/").replace("~0", "~"))
    } else {
        Cow::Borrowed(token)
    }
}

/// The pointer to the parent; `None` for the root.
pub fn parent(pointer: &str) -> Option<&str> {
    pointer.rfind('/').and_then(|end| pointer.get(..end))
}

/// The value at a pointer. Works like `Value::pointer`, but does not copy each token twice.
pub fn at<'v>(root: &'v Value, pointer: &str) -> Option<&'v Value> {
    steps::step();
    let (mut value, mut rest) = (root, pointer);
    let is_escaped = pointer.contains('~');
    while !rest.is_empty() {
        rest = rest.strip_prefix('/')?;
        // Tokens are short: a search made for long texts would cost more.
        let end = rest.bytes().position(|byte| byte == b'/').unwrap_or(rest.len());
        let (token, after) = rest.split_at(end);
        value = match value {
            Value::Object(fields) if is_escaped => fields.get(&*unescaped(token))?,
            Value::Object(fields) => fields.get(token)?,
            Value::Array(elements) => elements.get(index(token)?)?,
            _ => return None,
        };
        rest = after;
    }
    Some(value)
}

/// An array index as in RFC 6901: digits only, without a leading zero.
fn index(token: &str) -> Option<usize> {
    let plain = token == "0"
        || (!token.starts_with('0') && token.bytes().all(|byte| byte.is_ascii_digit()));
    plain.then(|| token.parse().ok()).flatten()
}

/// The longest prefix of `pointer` that exists in `root`; the root if there is no other.
pub fn nearest_existing<'a>(root: &Value, pointer: &'a str) -> &'a str {
    let mut candidate = pointer;
    while at(root, candidate).is_none() {
        match parent(candidate) {
            Some(shorter) => candidate = shorter,
            None => return "",
        }
    }
    candidate
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tokens_survive_escaping() {
        let pointer = from_tokens(["metadata", "labels", "a/b~c"]);
        assert_eq!(pointer, "/metadata/labels/a~1b~0c");
        assert_eq!(tokens(&pointer).collect::<Vec<_>>(), ["metadata", "labels", "a/b~c"]);
    }

    #[test]
    fn pointers_resolve_as_in_serde_json() {
        let root = json!({"a/b": {"c~d": [10, [20]]}, "": {"": 1}, "0": 2});
        for pointer in [
            "",
            "/a~1b/c~0d/0",
            "/a~1b/c~0d/1/0",
            "/a~1b/c~0d/01",
            "/a~1b/c~0d/+1",
            "/a~1b/c~0d/-",
            "/",
            "//",
            "/0",
            "0",
            "/a~1b/c~0d/2",
        ] {
            assert_eq!(at(&root, pointer), root.pointer(pointer), "{pointer}");
        }
    }

    #[test]
    fn nearest_existing_pointer_is_the_longest_prefix() {
        let object = json!({"spec": {"containers": [{"name": "a"}]}});
        assert_eq!(nearest_existing(&object, "/spec/containers/0/image"), "/spec/containers/0");
        assert_eq!(nearest_existing(&object, "/status"), "");
    }
}
