//! Limits of single calls of builtins. The virtual machine counts instructions and looks at the
//! clock between them, but one call can make ten million numbers.
//!
//! Builtins whose result or work grows faster than what they read check their arguments first. A
//! refused call is undefined, as any that cannot compute, and is also remembered: a policy must not
//! pass because of it.

use anyhow::Result;
use regorus::Value;
use regorus::rvm::program::Program;
use regorus::unstable::{BUILTINS, BuiltinFcn, Expr, Ref, Span};
use std::cell::Cell;

/// Most elements that a call may make.
const MAX_ELEMENTS: usize = 100_000;
/// Most bytes of texts and elements that a call may read to write a text, or to parse one.
const MAX_TEXT: usize = 1 << 20;
/// Most bytes that a replacement may write.
const MAX_REPLACED: usize = 4 << 20;
/// Most pairs of elements that a call may compare.
const MAX_PAIRS: usize = 4_000_000;
/// Most bits that a number may be shifted by.
const MAX_SHIFT: i64 = 4_096;

thread_local! {
    static REFUSED: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// The builtin whose call was refused since the last time, if any.
pub(super) fn refused() -> Option<&'static str> {
    REFUSED.take()
}

/// A call over a limit.
#[derive(Debug, thiserror::Error)]
#[error("the arguments of {0} are too large")]
struct TooLarge(&'static str);

macro_rules! limited {
    ($($name:literal: $fits:path,)*) => {
        /// The same builtin with its limit; `None` if it needs none.
        fn limited(name: &str) -> Option<BuiltinFcn> {
            match name {
                $($name => {
                    fn call(
                        span: &Span,
                        params: &[Ref<Expr>],
                        args: &[Value],
                        strict: bool,
                    ) -> Result<Value> {
                        if !$fits(args) {
                            REFUSED.set(Some($name));
                            return Err(TooLarge($name).into());
                        }
                        let filled = if $name == "sprintf" { filled(args) } else { None };
                        let args = filled.as_deref().unwrap_or(args);
                        match BUILTINS.get($name) {
                            Some((original, _)) => original(span, params, args, strict),
                            None => Ok(Value::Undefined),
                        }
                    }
                    BUILTINS.get($name).map(|(_, arity)| (call as _, *arity))
                })*
                _ => None,
            }
        }
    };
}

limited! {
    "numbers.range": range,
    "numbers.range_step": range,
    "bits.lsh": shift,
    "array.concat": elements,
    "object.union": elements,
    "object.union_n": text,
    "concat": text,
    "sprintf": format,
    "split": text,
    "replace": replacement,
    "regex.replace": replacement,
    "strings.replace_n": replacements,
    "strings.any_prefix_match": pairs,
    "strings.any_suffix_match": pairs,
    "indexof_n": pairs_of_text,
    "strings.count": text,
    "strings.reverse": text,
    "regex.match": pattern,
    "regex.split": pattern,
    "regex.find_n": pattern,
    "regex.globs_match": text,
    "regex.template_match": pattern,
    "glob.match": text,
    "json.marshal": text,
    "json.marshal_with_options": text,
    "json.unmarshal": text,
    "json.is_valid": text,
    "yaml.marshal": text,
    "yaml.unmarshal": yaml,
    "yaml.is_valid": yaml,
    "base64.encode": text,
    "base64.decode": text,
    "base64url.encode": text,
    "base64url.encode_no_pad": text,
    "base64url.decode": text,
    "hex.encode": text,
    "hex.decode": text,
    "walk": nodes,
    "graph.reachable": nodes,
    "graph.reachable_paths": paths,
    "net.cidr_expand": network,
    "to_number": number,
    "units.parse": number,
    "units.parse_bytes": number,
}

/// Lets the program of another tool's policy call `walk` where it calls `trace`: regorus' compiler
/// refuses the name. [`compat`](super::compat) writes it so, and no such policy calls `trace`.
pub(super) fn walk(program: &mut Program) {
    let names = program.builtin_info_table.iter().map(|info| info.name.as_str());
    for (builtin, name) in program.resolved_builtins.iter_mut().zip(names) {
        if name == "trace"
            && let Some(walk) = limited("walk")
        {
            *builtin = walk;
        }
    }
}

/// Puts the limits in front of the builtins of a program.
pub(super) fn limit(program: &mut Program) {
    let names: Vec<String> =
        program.builtin_info_table.iter().map(|info| info.name.clone()).collect();
    for (builtin, name) in program.resolved_builtins.iter_mut().zip(names) {
        if let Some(limited) = limited(&name) {
            *builtin = limited;
        }
    }
}

fn range(args: &[Value]) -> bool {
    let number = |index: usize| args.get(index).and_then(|value| value.as_i64().ok());
    match (number(0), number(1)) {
        (Some(from), Some(to)) => {
            usize::try_from(to.abs_diff(from)).is_ok_and(|count| count < MAX_ELEMENTS)
        }
        // Not whole numbers, or far beyond.
        _ => args.iter().take(2).any(|value| !matches!(value, Value::Number(_))),
    }
}

fn shift(args: &[Value]) -> bool {
    let by = args.get(1).and_then(|value| value.as_i64().ok());
    by.is_none_or(|by| by <= MAX_SHIFT)
}

fn elements(args: &[Value]) -> bool {
    let count = |value: &Value| match value {
        Value::Array(elements) => elements.len(),
        Value::Object(fields) => fields.len(),
        _ => 1,
    };
    args.iter().map(count).sum::<usize>() <= MAX_ELEMENTS
}

/// Every node is listed with the path that leads to it.
fn nodes(args: &[Value]) -> bool {
    size(args.iter()) <= MAX_TEXT / 4
}

/// There may be twice as many paths with every node.
fn paths(args: &[Value]) -> bool {
    size(args.iter()) <= 64
}

/// Addresses that a prefix leaves: at most 16 bits of them.
fn network(args: &[Value]) -> bool {
    let Some(Value::String(text)) = args.first() else { return true };
    let bits = if text.contains(':') { 128_u32 } else { 32 };
    let prefix = text.rsplit_once('/').and_then(|(_, prefix)| prefix.parse::<u32>().ok());
    prefix.is_none_or(|prefix| bits.saturating_sub(prefix) <= 16)
}

fn text(args: &[Value]) -> bool {
    size(args.iter()) <= MAX_TEXT
}

fn number(args: &[Value]) -> bool {
    size(args.iter()) <= 1_024
}

/// A pattern is compiled at its first use, and matched against the whole text.
fn pattern(args: &[Value]) -> bool {
    size(args.iter().take(1)) <= 4_096 && text(args)
}

/// An alias repeats what it names, and one of aliases does so ten times as often.
fn yaml(args: &[Value]) -> bool {
    let aliases = |value: &Value| match value {
        Value::String(text) => text.bytes().filter(|byte| *byte == b'*').count(),
        _ => 0,
    };
    text(args) && args.iter().map(aliases).sum::<usize>() <= 100
}

/// A width in the format, `%9999999d`, makes any number of blanks.
fn format(args: &[Value]) -> bool {
    let Some(Value::String(format)) = args.first() else { return text(args) };
    let width = |verb: &str| {
        let verb = verb.trim_start_matches(['+', '-', '#', ' ', '.']);
        verb.bytes().take_while(u8::is_ascii_digit).count()
    };
    let is_wide = format.split('%').skip(1).any(|verb| width(verb) > 4);
    !is_wide && text(args)
}

/// The arguments of `sprintf` with a mark for each that the format has and the list lacks, as OPA
/// writes it. regorus finds such a text undefined, and a policy would report nothing.
fn filled(args: &[Value]) -> Option<Vec<Value>> {
    let [Value::String(format), Value::Array(values)] = args else { return None };
    let mut verbs = 0_usize;
    let mut letters = format.chars();
    while letters.by_ref().any(|letter| letter == '%') {
        let is_option = |letter: &char| letter.is_ascii_digit() || "+-# .".contains(*letter);
        let verb = letters.by_ref().find(|letter| !is_option(letter));
        verbs += usize::from(verb.is_some_and(|verb| verb != '%'));
    }
    let missing = verbs.checked_sub(values.len()).filter(|missing| *missing > 0)?;
    let marks = std::iter::repeat_n(Value::from("%!v(MISSING)"), missing);
    let values: Vec<Value> = values.iter().cloned().chain(marks).collect();
    Some(vec![Value::String(format.clone()), Value::from(values)])
}

/// What is replaced by what, once for each byte of the text at most.
fn replacement(args: &[Value]) -> bool {
    let lengths = args.iter().map(|value| size(std::iter::once(value)));
    let lengths: Vec<usize> = lengths.collect();
    let (Some(first), Some(second), Some(new)) = (lengths.first(), lengths.get(1), lengths.get(2))
    else {
        return true;
    };
    first.max(second).saturating_add(1).saturating_mul(new.saturating_add(1)) <= MAX_REPLACED
}

fn replacements(args: &[Value]) -> bool {
    let (pairs, rest) = (size(args.iter().take(1)), size(args.iter().skip(1)));
    pairs.saturating_add(1).saturating_mul(rest.saturating_add(1)) <= MAX_REPLACED
}

fn pairs(args: &[Value]) -> bool {
    let count = |value: &Value| match value {
        Value::Array(elements) => elements.len(),
        Value::Set(elements) => elements.len(),
        _ => 1,
    };
    args.iter().map(count).fold(1, usize::saturating_mul) <= MAX_PAIRS && text(args)
}

fn pairs_of_text(args: &[Value]) -> bool {
    let lengths = args.iter().map(|value| size(std::iter::once(value)));
    lengths.fold(1, usize::saturating_mul) <= MAX_PAIRS * 16
}

/// Bytes of the texts and elements within values, counted until they are too many. A value may be
/// in another one many times.
fn size<'v>(values: impl Iterator<Item = &'v Value>) -> usize {
    let mut open: Vec<&Value> = values.collect();
    let mut size = 0_usize;
    while let Some(value) = open.pop() {
        size = size.saturating_add(match value {
            Value::String(text) => text.len(),
            _ => 1,
        });
        if size > MAX_TEXT || open.len() > MAX_TEXT {
            return usize::MAX;
        }
        match value {
            Value::Array(elements) => open.extend(elements.iter()),
            Value::Set(elements) => open.extend(elements.iter()),
            Value::Object(fields) => {
                open.extend(fields.iter().flat_map(|(key, value)| [key, value]));
            }
            _ => {}
        }
    }
    size
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use crate::rego::{PolicySet, PolicySource};
    use serde_json::{Value, json};

    fn reported(condition: &str, input: &Value) -> String {
        let text =
            format!("package a\nimport rego.v1\ndeny contains \"found\" if {{\n{condition}\n}}\n");
        let source = PolicySource { path: "a.rego".into(), text, ..PolicySource::default() };
        let set = PolicySet::from_sources(vec![source]).unwrap();
        let found = set.evaluate_until(input.clone().into(), None);
        found.iter().map(|finding| finding.message.as_str()).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn calls_that_make_too_much_are_reported() {
        let long = "a".repeat(200_000);
        let input = json!({"n": 10_000_000, "s": long, "aliases": "*a ".repeat(200)});
        let doubled = "x1 := concat(\"\", [input.s, input.s, input.s, input.s])\n\
             x2 := concat(\"\", [x1, x1, x1, x1])\nx3 := concat(\"\", [x2, x2, x2, x2])\ncount(x3) > 0";
        for condition in [
            "count(numbers.range(1, input.n)) > 0",
            "count(numbers.range_step(1, input.n, 2)) > 0",
            "sprintf(\"%9999999d\", [1]) != \"\"",
            "replace(input.s, \"a\", input.s) != \"\"",
            "regex.replace(input.s, \"a\", input.s) != \"\"",
            "strings.replace_n({\"a\": input.s}, input.s) != \"\"",
            "yaml.unmarshal(input.aliases) != 1",
            "count(net.cidr_expand(\"10.0.0.0/8\")) > 0",
            "count(graph.reachable_paths({i: numbers.range(1, 70) | some i in numbers.range(1, 70)}, {1})) > 0",
            doubled,
        ] {
            let report = reported(condition, &input);
            assert!(report.contains("are too large"), "{condition}: {report}");
        }
    }

    #[test]
    fn usual_calls_are_within_the_limits() {
        let input =
            json!({"image": "registry.example.com/flink:1.20", "n": 50_000, "list": ["a", "b"]});
        for condition in [
            "count(numbers.range(1, input.n)) == input.n",
            "count(numbers.range_step(10, 0, 2)) > 0",
            "sprintf(\"%s has %05d of 20417 %d%%\", [input.image, 3, 100000]) != \"\"",
            "replace(input.image, \"flink\", \"spark\") != \"\"",
            "regex.match(`^registry\\.example\\.com/.*$`, input.image)",
            "yaml.unmarshal(\"a: &x 1\\nb: *x\\n\").b == 1",
            "json.unmarshal(json.marshal(input)).n == input.n",
            "concat(\",\", array.concat(input.list, input.list)) == \"a,b,a,b\"",
            "count(split(input.image, \"/\")) == 2",
            "strings.any_prefix_match(input.list, input.list)",
            "sprintf(\"%v of %v%% %s\", [\"a\"]) == \"a of %!v(MISSING)% %!v(MISSING)\"",
            "count(net.cidr_expand(\"10.0.0.0/24\")) == 256",
            "net.cidr_contains(\"10.0.0.0/8\", \"10.1.2.3\")",
        ] {
            assert_eq!(reported(condition, &input), "found", "{condition}");
        }
    }
}
