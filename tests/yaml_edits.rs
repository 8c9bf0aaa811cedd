//! Edits of YAML and JSON texts: the value is the intended one, and all else stays as it is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use flinkgate::resource::yaml::edit::{Change, NoEdit, Operation, apply, edits};
use flinkgate::resource::yaml::{Document, parse};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn set(pointer: &str, value: Value) -> Operation {
    Operation::Set { pointer: pointer.into(), value }
}

fn remove(pointer: &str) -> Operation {
    Operation::Remove { pointer: pointer.into() }
}

fn rename(pointer: &str, to: &str) -> Operation {
    Operation::RenameKey { pointer: pointer.into(), to: to.into() }
}

fn within(pointer: &str, option: &str, change: Change) -> Operation {
    Operation::Within { pointer: pointer.into(), option: option.into(), change }
}

/// Edits the only document of a text.
fn edited(text: &str, operations: &[Operation]) -> Result<String, NoEdit> {
    Ok(apply(text, &edits(&parse(text).last().unwrap().positions, operations)?))
}

#[track_caller]
fn gives(before: &str, operations: &[Operation], after: &str) {
    let found = edited(before, operations);
    assert_eq!(found.as_deref(), Ok(after), "{operations:?}\n{before}");
}

#[test]
fn fields_are_set_in_the_style_of_the_file() {
    gives(
        "# a\nspec:\n    x: 1 # one\n    # about y\n    y: [a]\n",
        &[set("/spec/x", json!(2)), set("/spec/z", json!({"a": [1], "b": "yes"}))],
        "# a\nspec:\n    x: 2 # one\n    # about y\n    y: [a]\n    z:\n        a:\n        - 1\n        b: \"yes\"\n",
    );
    gives(
        "a:\r\n  l:\r\n    - b: 'x'\r\n",
        &[
            set("/a/l/0/b", json!("it's")),
            set("/a/l/0/c/d", json!(true)),
            set("/a/l/-", json!("2")),
        ],
        "a:\r\n  l:\r\n    - b: 'it''s'\r\n      c:\r\n        d: true\r\n    - \"2\"\r\n",
    );
    gives("a: {b: 1}", &[set("/a/c", json!("x, y"))], "a: {b: 1, c: \"x, y\"}");
    gives("a:\n- b", &[set("/c/d", json!(1))], "a:\n- b\nc:\n  d: 1");
    gives(
        "a: # why\nb: ~\n",
        &[set("/a/c", json!(1)), set("/b/c", json!(1))],
        "a: # why\n  c: 1\nb: {c: 1}\n",
    );
    gives(
        "a: {}\nb: []\n",
        &[set("/a/c/d", json!(1)), set("/b/-", json!(1))],
        "a: {c: {d: 1}}\nb: [1]\n",
    );
    gives("a: |+\n  x\n\n# end\n", &[set("/b", json!(1))], "a: |+\n  x\n\nb: 1\n# end\n");
    gives("\u{feff}a: 1\n", &[set("/a", json!(2))], "\u{feff}a: 2\n");
    gives(
        "a:\n  b:\n    c: 1\n",
        &[set("/a/b/d", json!(1)), set("/a/e", json!(1)), set("/f", json!(1))],
        "a:\n  b:\n    c: 1\n    d: 1\n  e: 1\nf: 1\n",
    );
    gives("a: 1\n", &[set("/a", json!(1))], "a: 1\n");
    gives(
        "a: {b: 'x', \"c\": \"y\", d: z}\n",
        &[set("/a/b", json!("p")), set("/a/c", json!("q")), set("/a/d", json!("r s, t"))],
        "a: {b: 'p', \"c\": \"q\", d: \"r s, t\"}\n",
    );
    gives("a:\n  b: 1 # x\nc: 2\n", &[set("/a", json!("x"))], "a: x # x\nc: 2\n");
}

#[test]
fn json_stays_json() {
    gives(
        "{\n\t\"a\": {\n\t\t\"b\": 1\n\t}\n}\n",
        &[set("/a/c", json!({"d": "x"})), set("/a/b", json!("y"))],
        "{\n\t\"a\": {\n\t\t\"b\": \"y\",\n\t\t\"c\": {\"d\": \"x\"}\n\t}\n}\n",
    );
    gives(r#"{"a":[1,2],"b":3}"#, &[remove("/a/0"), remove("/b")], r#"{"a":[2]}"#);
    gives(r#"{"a":1}"#, &[set("/b/c", json!("x"))], r#"{"a":1,"b":{"c":"x"}}"#);
    gives(r#"{"a": 1}"#, &[rename("/a", "b")], r#"{"b": 1}"#);
}

#[test]
fn fields_are_removed_with_their_lines() {
    gives("a: 1\n# about b\nb: # gone\n  c: 1\nd: 1\n", &[remove("/b")], "a: 1\n# about b\nd: 1\n");
    gives("l:\n- a: 1\n  b: 2\n", &[remove("/l/0/a")], "l:\n- b: 2\n");
    gives("l:\n- a: 1\n  # b\n  b: 2\n", &[remove("/l/0/a")], "l:\n-\n  # b\n  b: 2\n");
    gives("l:\n- a\n- b\n- c\n", &[remove("/l/0"), remove("/l/2")], "l:\n- b\n");
    gives("l:\n- a: 1\n  b: 2\n- c: 1\n", &[remove("/l/0")], "l:\n- c: 1\n");
    gives("a: # x\n  b: 1\nc: 1\n", &[remove("/a/b")], "a: {} # x\nc: 1\n");
    gives("a:\n- b\n", &[remove("/a/0")], "a: []\n");
    gives("l:\n- a: 1\n- b\n", &[remove("/l/0/a")], "l:\n- {}\n- b\n");
    gives("a: 1\r\nb: 1", &[remove("/b")], "a: 1");
    gives("a: {b: 1, c: 2, d: 3}\n", &[remove("/a/b"), remove("/a/d")], "a: {c: 2}\n");
    gives("a: [1, 2, 3]\n", &[remove("/a/2"), remove("/a/1")], "a: [1]\n");
    gives("a: 1\nb: |\n  x\n\n  y\nc: 1\n", &[remove("/b")], "a: 1\nc: 1\n");
}

#[test]
fn keys_are_renamed_in_their_quotes() {
    gives(
        "'a': 1 # x\n\"b\": 2\nc: 3\n",
        &[rename("/a", "x"), rename("/b", "y z"), rename("/c", "z")],
        "'x': 1 # x\n\"y z\": 2\nz: 3\n",
    );
    gives(
        "a:\n  b: 1\n",
        &[rename("/a", "x"), rename("/a/b", "d"), set("/a/b", json!(2))],
        "x:\n  d: 2\n",
    );
    assert_eq!(edited("a: 1\nb: 1\n", &[rename("/a", "b")]), Err(NoEdit::Conflict));
}

#[test]
fn options_in_texts_are_edited_where_they_are() {
    let file = "data:\r\n  config.yaml: |\r\n    # memory\r\n    taskmanager:\r\n      slots: 1 # one\r\n\r\n    x.y: z\r\n  other: 1\r\n";
    let change = |option, change| within("/data/config.yaml", option, change);
    gives(
        file,
        &[
            change("taskmanager.slots", Change::Set(json!(2))),
            change("x.y", Change::Remove),
            change("new.option", Change::Set(json!("a"))),
        ],
        "data:\r\n  config.yaml: |\r\n    # memory\r\n    taskmanager:\r\n      slots: 2 # one\r\n    new.option: a\r\n\r\n  other: 1\r\n",
    );
    gives(
        file,
        &[
            change("taskmanager.slots", Change::Rename("taskmanager.number".into())),
            change("x.y", Change::Rename("y.z".into())),
        ],
        &file.replace("slots", "number").replace("x.y", "y.z"),
    );
    gives(
        "data:\n  flink-conf.yaml: |-\n    a.b: 1",
        &[within("/data/flink-conf.yaml", "c.d", Change::Set(json!(1)))],
        "data:\n  flink-conf.yaml: |-\n    a.b: 1\n    c.d: 1",
    );
    let quoted = "data:\n  config.yaml: \"a.b: 1\\n\"\n";
    let remove = within("/data/config.yaml", "a.b", Change::Remove);
    assert_eq!(edited(quoted, &[remove]), Err(NoEdit::Layout));
}

#[test]
fn repeated_values_are_not_edited() {
    let text = "x: &x {a: 1}\nw: *x\nz:\n  <<: *x\n  b: 2\n";
    for place in ["/w/a", "/z/a", "/w/new"] {
        assert_eq!(edited(text, &[set(place, json!(2))]), Err(NoEdit::Shared), "{place}");
    }
    // The aliases would change with the anchor.
    for operation in [set("/x/a", json!(2)), remove("/x")] {
        assert_eq!(edited(text, &[operation]), Err(NoEdit::Other));
    }
    gives(text, &[set("/w", json!("n"))], &text.replace("w: *x", "w: \"n\""));
    gives(
        text,
        &[set("/z/c", json!(3)), remove("/w")],
        "x: &x {a: 1}\nz:\n  <<: *x\n  b: 2\n  c: 3\n",
    );
}

#[test]
fn unusual_layouts_are_left_alone() {
    for (text, operation) in [
        ("? a\n: 1\n", remove("/a")),
        ("a: 1\na: 2\n", remove("/a")),
        ("a: 1\n", set("/a/b", json!(1))),
        ("a: 1\n", remove("/b")),
        ("a: 1\n", set("/l/0/b", json!(1))),
    ] {
        assert!(edited(text, std::slice::from_ref(&operation)).is_err(), "{operation:?} {text}");
    }
}

#[test]
fn other_documents_stay() {
    let text = "a: 1\n---\n# two\nb: 1\n--- # three\nc: 1\n...\n";
    for (number, expected) in [
        "a: 1\nm: 1\n---\n# two\nb: 1\n--- # three\nc: 1\n...\n",
        "a: 1\n---\n# two\nb: 1\nm: 1\n--- # three\nc: 1\n...\n",
        "a: 1\n---\n# two\nb: 1\n--- # three\nc: 1\nm: 1\n...\n",
    ]
    .iter()
    .enumerate()
    {
        let found = edits(&parse(text)[number].positions, &[set("/m", json!(1))]).unwrap();
        assert_eq!(apply(text, &found), *expected);
    }
    let two = "{\"a\": 1} {\"b\": 2}";
    let found = edits(&parse(two)[1].positions, &[set("/b", json!(3))]).unwrap();
    assert_eq!(apply(two, &found), "{\"a\": 1} {\"b\": 3}");
}

/// Decisions about style, made from one number.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn one_in(&mut self, sides: usize) -> bool {
        self.below(sides) == 0
    }
}

/// Writes a value as people do, in many styles.
struct Writer {
    dice: Dice,
    step: usize,
    list: usize,
    out: String,
    comments: usize,
}

impl Writer {
    fn comment(&mut self) -> String {
        self.comments += 1;
        format!("# comment {}: [x", self.comments)
    }

    fn end(&mut self) {
        if self.dice.one_in(5) {
            let comment = self.comment();
            self.out.push_str(&format!("  {comment}"));
        }
        self.out.push('\n');
    }

    fn comment_line(&mut self, indent: usize) {
        match self.dice.below(8) {
            0 => {
                let comment = self.comment();
                self.out.push_str(&format!("{}{comment}\n", " ".repeat(indent)));
            }
            1 => self.out.push('\n'),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) -> String {
        let is_word = !text.is_empty()
            && text.chars().all(|c| c.is_ascii_lowercase())
            && !["y", "n", "on", "no", "yes", "off", "true", "null"].contains(&text);
        match self.dice.below(3) {
            0 if is_word => text.to_owned(),
            1 if !text.contains('\n') => format!("'{}'", text.replace('\'', "''")),
            _ => Value::from(text).to_string(),
        }
    }

    fn flow(&mut self, value: &Value) -> String {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(list) => {
                let parts: Vec<_> = list.iter().map(|one| self.flow(one)).collect();
                format!("[{}]", parts.join(", "))
            }
            Value::Object(fields) => {
                let parts: Vec<_> = fields
                    .iter()
                    .map(|(key, one)| format!("{}: {}", self.text(key), self.flow(one)))
                    .collect();
                if self.dice.one_in(3) {
                    format!("{{ {} }}", parts.join(",  "))
                } else {
                    format!("{{{}}}", parts.join(", "))
                }
            }
            other => other.to_string(),
        }
    }

    /// A value after `key:` or `- `.
    fn value(&mut self, value: &Value, indent: usize, in_list: bool) {
        let space = if in_list { "" } else { " " };
        match value {
            Value::Object(fields) if !fields.is_empty() && !self.dice.one_in(5) => {
                if !in_list {
                    self.end();
                }
                self.mapping(fields, indent, in_list);
            }
            Value::Array(elements) if !elements.is_empty() && !self.dice.one_in(4) => {
                if !in_list {
                    self.end();
                }
                for (index, element) in elements.iter().enumerate() {
                    if index > 0 || !in_list {
                        self.comment_line(indent);
                        self.out.push_str(&" ".repeat(indent));
                    }
                    self.out.push_str("- ");
                    self.value(element, indent + 2, true);
                }
            }
            Value::String(text)
                if text.ends_with('\n')
                    && !text.starts_with('\n')
                    && text.trim() != ""
                    && !text.ends_with("\n\n") =>
            {
                let indent = indent.max(1);
                self.out.push_str(&format!("{space}|\n"));
                for line in text.lines() {
                    if !line.is_empty() {
                        self.out.push_str(&" ".repeat(indent));
                    }
                    self.out.push_str(&format!("{line}\n"));
                }
            }
            Value::Null if !in_list && self.dice.one_in(2) => self.end(),
            other => {
                let text = self.flow(other);
                self.out.push_str(&format!("{space}{text}"));
                self.end();
            }
        }
    }

    fn mapping(&mut self, fields: &Map<String, Value>, indent: usize, in_list: bool) {
        for (index, (key, value)) in fields.iter().enumerate() {
            if index > 0 || !in_list {
                self.comment_line(indent);
                self.out.push_str(&" ".repeat(indent));
            }
            let key = self.text(key);
            self.out.push_str(&format!("{key}:"));
            let more = if value.is_array() { self.list } else { self.step };
            self.value(value, indent + more, false);
        }
    }
}

fn written(value: &Value, seed: u64) -> String {
    let mut dice = Dice(seed);
    for _ in 0..3 {
        dice.below(2);
    }
    if dice.one_in(8) {
        return serde_json::to_string_pretty(value).unwrap();
    }
    let (step, list) = ([2, 4, 3][dice.below(3)], [0, 2][dice.below(2)]);
    let mut writer = Writer { dice, step, list, out: String::new(), comments: 0 };
    writer.mapping(value.as_object().unwrap(), 0, false);
    let mut out = writer.out;
    let has_block = out.contains("|\n");
    if writer.dice.one_in(4) && !has_block {
        out.truncate(out.trim_end().len());
    }
    if writer.dice.one_in(4) { out.replace('\n', "\r\n") } else { out }
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-5..300_i64).prop_map(Value::from),
        "[a-z]{1,5}".prop_map(Value::from),
        "[a-z '\"#:,{}\\[\\]-]{0,6}".prop_map(Value::from),
        Just(json!("one\n\n  two: 2\n")),
        Just(json!("yes")),
        Just(json!("1")),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-z]{1,3}", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn places(value: &Value, at: &str, out: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(list) => {
            list.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect()
        }
        _ => Vec::new(),
    };
    for (token, child) in children {
        let place = format!("{at}/{token}");
        out.push(place.clone());
        places(child, &place, out);
    }
}

fn removed(value: &mut Value, place: &str) -> Option<Value> {
    let (parent, token) = place.rsplit_once('/')?;
    match value.pointer_mut(parent)? {
        Value::Object(fields) => fields.remove(token),
        Value::Array(list) => Some(list.remove(token.parse().ok()?)),
        _ => None,
    }
}

/// One operation by numbers, and the value that it gives.
fn operation(value: &Value, new: &Value, seed: u64) -> (Operation, Value) {
    let mut dice = Dice(seed);
    dice.below(2);
    let mut all = Vec::new();
    places(value, "", &mut all);
    let mut after = value.clone();
    let any = (!all.is_empty()).then(|| all[dice.below(all.len())].clone());
    match (dice.below(4), any) {
        (0, Some(place)) => {
            removed(&mut after, &place).unwrap();
            (remove(&place), after)
        }
        (1, Some(place))
            if after.pointer(place.rsplit_once('/').unwrap().0).unwrap().is_object() =>
        {
            let (parent, _) = place.rsplit_once('/').unwrap();
            let old = removed(&mut after, &place).unwrap();
            after.pointer_mut(parent).unwrap()["renamed"] = old;
            (rename(&place, "renamed"), after)
        }
        (2, Some(place)) => {
            *after.pointer_mut(&place).unwrap() = new.clone();
            (set(&place, new.clone()), after)
        }
        (_, place) => {
            let parents = all.iter().filter(|place| {
                matches!(
                    value.pointer(place),
                    Some(Value::Object(_) | Value::Null | Value::Array(_))
                )
            });
            let parents: Vec<&String> = parents.collect();
            let _ = place;
            let parent = if parents.is_empty() {
                String::new()
            } else {
                parents[dice.below(parents.len())].clone()
            };
            match after.pointer_mut(&parent).unwrap() {
                Value::Array(list) => {
                    list.push(new.clone());
                    (set(&format!("{parent}/-"), new.clone()), after)
                }
                other => {
                    other["added"] = json!({"below": new});
                    (set(&format!("{parent}/added/below"), new.clone()), after)
                }
            }
        }
    }
}

fn only_value(mut documents: Vec<Document>) -> Value {
    assert_eq!(documents.len(), 1);
    documents.remove(0).value.unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// What is written is edited into the intended value, and no byte outside the edits changes.
    #[test]
    fn an_edit_gives_the_intended_value_and_keeps_the_rest(
        fields in proptest::collection::btree_map("[a-z]{1,3}", any_value(), 1..5),
        new in any_value(),
        (style, choice) in any::<(u64, u64)>(),
    ) {
        let value = Value::Object(fields.into_iter().collect());
        let text = written(&value, style);
        prop_assert_eq!(&only_value(parse(&text)), &value, "{}", text);
        let (operation, expected) = operation(&value, &new, choice);
        let found = edits(&parse(&text)[0].positions, std::slice::from_ref(&operation));
        let found = match found {
            Ok(found) => found,
            Err(error) => return Err(TestCaseError::fail(format!("{error:?}: {operation:?}\n{text}"))),
        };
        let after = apply(&text, &found);
        prop_assert_eq!(&only_value(parse(&after)), &expected, "{:?}\n{}\n->\n{}", operation, text, after);
        // Comments of lines that no edit touches stay, and all stays where nothing is to change.
        let (mut rest, mut at) = (String::new(), 0);
        for edit in &found {
            prop_assert!(edit.bytes.start >= at);
            rest.push_str(&text[at..edit.bytes.start]);
            at = edit.bytes.end;
        }
        rest.push_str(&text[at..]);
        for word in rest.lines().filter(|line| line.trim_start().starts_with("# comment")) {
            prop_assert!(after.contains(word.trim()), "{} is lost\n{}\n->\n{}", word, text, after);
        }
        prop_assert_eq!(expected == value, found.is_empty());
        // A literal block ends with a line end.
        if !new.to_string().contains("\\n") {
            prop_assert_eq!(text.ends_with('\n'), after.ends_with('\n'), "{:?} {:?}", text, after);
        }
    }
}
