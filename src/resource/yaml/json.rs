//! Reads JSON documents. kubectl tries Go's JSON reader before the YAML reader; it accepts text
//! that YAML does not: several documents in a row, tabs anywhere, keys of any length.

use super::positions::Kind;
use super::source::{Bytes, Fault};
use super::tree::Builder;
use serde_json::Value;

/// Whether to try the text as JSON first.
pub(super) fn looks_like_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

/// The tokens that may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Value,
    /// After `[`.
    ValueOrEnd,
    /// After `{`.
    KeyOrEnd,
    Key,
    CommaOrEnd,
}

/// Passes the document that starts at `start` of `text` to `builder`. `text` starts at byte `base`
/// of the file. Returns the end of the document within `text`.
pub(super) fn read(
    text: &str,
    start: usize,
    base: usize,
    builder: &mut Builder,
) -> Result<usize, Fault> {
    let mut reader = Reader { text, base, at: start };
    let mut open: Vec<Kind> = Vec::new();
    let mut next = Next::Value;
    loop {
        reader.skip_space();
        let Some(byte) = reader.peek() else {
            return Err(reader.fault("the text ends too early: close all brackets and quotes"));
        };
        match (next, byte) {
            (Next::Value | Next::ValueOrEnd, b'{' | b'[') => {
                let kind = if byte == b'{' { Kind::Mapping } else { Kind::List };
                builder.open(kind, reader.take(1), 0)?;
                open.push(kind);
                next = if byte == b'{' { Next::KeyOrEnd } else { Next::ValueOrEnd };
                continue;
            }
            (Next::Value | Next::ValueOrEnd, _) if byte != b']' => {
                let (value, at) = reader.scalar()?;
                builder.scalar(value, at, 0)?;
            }
            (Next::KeyOrEnd | Next::Key, b'"') => {
                let (name, at) = reader.string()?;
                builder.key(name, at, false);
                reader.skip_space();
                if reader.peek() != Some(b':') {
                    return Err(reader.fault("a `:` is missing between a key and its value"));
                }
                reader.take(1);
                next = Next::Value;
                continue;
            }
            (Next::CommaOrEnd, b',') => {
                reader.take(1);
                next = if open.last() == Some(&Kind::Mapping) { Next::Key } else { Next::Value };
                continue;
            }
            (Next::CommaOrEnd | Next::KeyOrEnd, b'}') if open.last() == Some(&Kind::Mapping) => {
                open.pop();
                builder.close(reader.take(1))?;
            }
            (Next::CommaOrEnd | Next::ValueOrEnd, b']') if open.last() == Some(&Kind::List) => {
                open.pop();
                builder.close(reader.take(1))?;
            }
            (Next::CommaOrEnd, _) => {
                return Err(reader.fault("a `,` or a closing bracket is missing before this"));
            }
            (Next::KeyOrEnd | Next::Key, _) => {
                return Err(reader.fault("a key in double quotes is missing here"));
            }
            (Next::Value | Next::ValueOrEnd, _) => {
                return Err(reader.fault("a value is missing here"));
            }
        }
        if open.is_empty() {
            return Ok(reader.at);
        }
        next = Next::CommaOrEnd;
    }
}

struct Reader<'a> {
    text: &'a str,
    base: usize,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, bytes: usize) -> Bytes {
        let start = self.at;
        self.at += bytes;
        Bytes::new(self.base + start, self.base + self.at)
    }

    fn fault(&self, message: &str) -> Fault {
        let width =
            self.text.get(self.at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        Fault::unusable(
            Bytes::new(self.base + self.at, self.base + self.at + width),
            format!("not valid JSON: {message}"),
        )
    }

    fn string(&mut self) -> Result<(String, Bytes), Fault> {
        let rest = self.text.as_bytes().get(self.at + 1..).unwrap_or_default();
        let mut escaped = false;
        let mut plain = true;
        let mut length = None;
        for (index, byte) in rest.iter().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => {
                    escaped = true;
                    plain = false;
                }
                b'"' => {
                    length = Some(index);
                    break;
                }
                0..0x20 => return Err(self.fault(
                    "this string is not closed: write `\"` at its end, and `\\n` for a line break",
                )),
                _ => {}
            }
        }
        let Some(length) = length else {
            return Err(self.fault("this string is not closed: write `\"` at its end"));
        };
        let quoted = self.text.get(self.at..self.at + length + 2).unwrap_or_default();
        let text = if plain {
            quoted.get(1..length + 1).unwrap_or_default().to_owned()
        } else {
            serde_json::from_str(quoted)
                .map_err(|_| self.fault("this string has an unknown backslash escape"))?
        };
        Ok((text, self.take(length + 2)))
    }

    fn scalar(&mut self) -> Result<(Value, Bytes), Fault> {
        if self.peek() == Some(b'"') {
            let (text, at) = self.string()?;
            return Ok((Value::String(text), at));
        }
        let rest = self.text.get(self.at..).unwrap_or_default();
        let word = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '-' | '.'))
            .and_then(|end| rest.get(..end))
            .unwrap_or(rest);
        let value =
            match serde_json::from_str::<Value>(word) {
                Ok(Value::Number(number)) => match number.as_f64().filter(|_| number.is_f64()) {
                    Some(float) => super::scalar::float_value(float),
                    None => Value::Number(number),
                },
                Ok(value) => value,
                Err(_) => return Err(self.fault(
                    "this is neither a number nor true, false or null: put text in double quotes",
                )),
            };
        let length = word.len();
        Ok((value, self.take(length)))
    }
}
