//! Slots as lines of text, the form in which ledgers are stored.
//!
//! The API server decodes, validates, compares and encodes each field of an object several times.
//! Writing a slot as fields, with its amounts as maps, takes it fourteen times as long as one line:
//!
//! ```text
//! FlinkDeployment/prod/etl uid=6f0c uses=clusters:1,cpu:7,memory:14Gi drawn=cpu:6,memory:12Gi
//! Pod/prod/etl-taskmanager-1-4 within=FlinkDeployment/prod/etl reserved=91ab,0,17 asks=cpu:2,memory:4Gi
//! ```
//!
//! `within` is the owner that the slot draws on. `reserved` is a reservation's UID, base version and
//! stamp; the fields after it belong to it. A separator inside a name is percent-encoded.

use super::{ObjectRef, Reservation, Slot};
use crate::quota::{Usage, display};
use crate::resource::quantity::{Quantity, QuantityError};
use std::fmt::Write;

/// A line that [`write()`] does not write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLine {
    /// The line is not a slot.
    #[error("failed to parse the slot `{0}`")]
    Line(String),
    /// An amount is not a quantity.
    #[error("failed to parse an amount")]
    Amount(#[from] QuantityError),
}

/// Writes the slot of an object.
pub fn write(object: &ObjectRef, slot: &Slot) -> String {
    let mut line = String::with_capacity(256);
    reference(&mut line, object);
    if let Some(owner) = &slot.owner {
        line.push_str(" within=");
        reference(&mut line, owner);
    }
    if let Some((uid, usage)) = &slot.live {
        line.push_str(" uid=");
        escape(&mut line, uid, false);
        amounts(&mut line, " uses=", usage);
    }
    amounts(&mut line, " drawn=", &slot.drawn);
    for (uid, one) in &slot.reserved {
        line.push_str(" reserved=");
        escape(&mut line, uid, false);
        // Writing to a `String` cannot fail.
        let _ = write!(line, ",{},{}", one.base, one.stamp);
        amounts(&mut line, " asks=", &one.usage);
        amounts(&mut line, " counted=", &one.counted);
    }
    line
}

/// Reads what [`write()`] wrote.
///
/// # Errors
/// [`write()`] did not write the line.
pub fn read(line: &str) -> Result<(ObjectRef, Slot), InvalidLine> {
    let wrong = || InvalidLine::Line(line.chars().take(256).collect());
    let mut parts = line.split(' ');
    let object = parts.next().and_then(dereference).ok_or_else(wrong)?;
    let mut slot = Slot::default();
    // The reservation that is being read.
    let mut open: Option<(String, Reservation)> = None;
    for part in parts {
        let (name, value) = part.split_once('=').ok_or_else(wrong)?;
        match (name, &mut open) {
            ("within", None) => slot.owner = Some(dereference(value).ok_or_else(wrong)?),
            ("uid", None) => {
                slot.live = Some((unescape(value).ok_or_else(wrong)?, Usage::default()))
            }
            ("uses", None) => {
                slot.live.as_mut().ok_or_else(wrong)?.1 = usage(value).ok_or_else(wrong)??
            }
            ("drawn", None) => slot.drawn = usage(value).ok_or_else(wrong)??,
            ("asks", Some((_, one))) => one.usage = usage(value).ok_or_else(wrong)??,
            ("counted", Some((_, one))) => one.counted = usage(value).ok_or_else(wrong)??,
            ("reserved", _) => {
                slot.reserved.extend(open.replace(reservation(value).ok_or_else(wrong)?))
            }
            _ => return Err(wrong()),
        }
    }
    slot.reserved.extend(open);
    Ok((object, slot))
}

fn reservation(value: &str) -> Option<(String, Reservation)> {
    let mut parts = value.split(',');
    let (uid, base, stamp) =
        (unescape(parts.next()?)?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    parts.next().is_none().then(|| (uid, Reservation { base, stamp, ..Reservation::default() }))
}

fn amounts(line: &mut String, name: &str, usage: &Usage) {
    let mut before = name;
    for (name, amount) in usage.iter() {
        line.push_str(before);
        escape(line, name, false);
        line.push(':');
        line.push_str(&display(name, amount));
        before = ",";
    }
}

fn usage(value: &str) -> Option<Result<Usage, QuantityError>> {
    let amount = |part: &str| {
        let (name, amount) = part.split_once(':')?;
        let name = unescape(name)?;
        Some(Quantity::parse(amount).map(|amount| (name, amount)))
    };
    value.split(',').map(amount).collect()
}

fn reference(line: &mut String, object: &ObjectRef) {
    for (index, part) in [&object.kind, &object.namespace, &object.name].into_iter().enumerate() {
        if index > 0 {
            line.push('/');
        }
        escape(line, part, true);
    }
}

fn dereference(text: &str) -> Option<ObjectRef> {
    let mut parts = text.split('/').map(unescape);
    let object = ObjectRef::new(parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(object)
}

fn escape(line: &mut String, text: &str, in_path: bool) {
    for character in text.chars() {
        if matches!(character, '%' | ' ' | '=' | ',' | ':')
            || character.is_control()
            || (in_path && character == '/')
        {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(line, "%{byte:02X}");
            }
        } else {
            line.push(character);
        }
    }
}

fn unescape(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(code, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn amounts(amounts: &[(&str, &str)]) -> Usage {
        amounts
            .iter()
            .map(|(name, amount)| ((*name).to_owned(), Quantity::parse(amount).unwrap()))
            .collect()
    }

    fn full() -> (ObjectRef, Slot) {
        let one = |base, stamp| Reservation {
            base,
            stamp,
            usage: amounts(&[("cpu", "1500m"), ("nvidia.com/gpu", "1")]),
            counted: amounts(&[("cpu", "1")]),
        };
        let slot = Slot {
            owner: Some(ObjectRef::new("FlinkDeployment", "prod", "etl")),
            live: Some(("u-1".into(), amounts(&[("cpu", "2"), ("memory", "4Gi")]))),
            drawn: amounts(&[("pods", "3")]),
            reserved: [
                ("u-1".into(), one(7, 8)),
                ("u-2".into(), Reservation { counted: Usage::default(), ..one(0, 9) }),
            ]
            .into(),
            ..Slot::default()
        };
        (ObjectRef::new("Deployment", "prod", "etl"), slot)
    }

    #[test]
    fn a_slot_is_one_readable_line() {
        let (object, slot) = full();
        insta::assert_snapshot!(write(&object, &slot), @"Deployment/prod/etl within=FlinkDeployment/prod/etl uid=u-1 uses=cpu:2,memory:4Gi drawn=pods:3 reserved=u-1,7,8 asks=cpu:1500m,nvidia.com/gpu:1 counted=cpu:1 reserved=u-2,0,9 asks=cpu:1500m,nvidia.com/gpu:1");
        assert_eq!(read(&write(&object, &slot)), Ok((object, slot)));
    }

    #[test]
    fn names_with_separators_survive_a_round_trip() {
        let names = [
            "",
            " ",
            "a b",
            "a=b,c:d",
            "%",
            "%41",
            "a/b/c",
            "\n",
            "ü\u{a0}\u{2028}",
            "uid=x reserved=y,0,0",
        ];
        for name in names {
            let (_, slot) = full();
            let object = ObjectRef::new(name, name, name);
            let usage: Usage = [(name.to_owned(), Quantity::from_units(1))].into_iter().collect();
            let reserved = Reservation { usage: usage.clone(), ..Reservation::default() };
            let slot = Slot {
                owner: Some(object.clone()),
                live: Some((name.into(), usage)),
                reserved: [(name.to_owned(), reserved)].into(),
                ..slot
            };
            assert_eq!(read(&write(&object, &slot)), Ok((object, slot)), "{name:?}");
        }
    }

    #[test]
    fn malformed_lines_are_rejected() {
        let lines = [
            "",
            "Pod/prod",
            "Pod/prod/a/b",
            "Pod/prod/a ",
            "Pod/prod/a uid",
            "Pod/prod/a uses=cpu:1",
            "Pod/prod/a asks=cpu:1",
            "Pod/prod/a uid=u uses=cpu",
            "Pod/prod/a uid=u uses=cpu:x",
            "Pod/prod/a reserved=u,1",
            "Pod/prod/a reserved=u,1,2,3",
            "Pod/prod/a reserved=u,1,-2",
            "Pod/prod/a colour=red",
            "Pod/prod/%4",
            "Pod/prod/%ü1",
            "Pod/prod/%ff",
            "Pod/prod/a within=b",
        ];
        for line in lines {
            assert!(read(line).is_err(), "{line:?}");
        }
    }
}
