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
//! `leaving` marks a pod that is being deleted; its value is the UID of the pod that took its place,
//! and `excused` the part of its usage that does not count because of that one.
//!
//! `within` is the owner that the slot draws on. `reserved` is a reservation's UID, base version and
//! stamp; the words after it belong to it. `by` is the UID of the pod that asked for it. A separator inside a name is percent-encoded.
//!
//! # Versions of the format
//!
//! Replicas of two versions write one ledger while one of them is replaced. A line without the word
//! `format` has format 1. A later format says its number in that word. It may add words, but no word
//! may change its meaning. Words that are not known here are passed over and written back, those
//! after a `reserved` with their reservation.

use super::slot::Replacement;
use super::{ObjectRef, Reservation, Slot};
use crate::quota::{Usage, display};
use crate::resource::quantity::{Quantity, QuantityError};
use std::fmt::Write;

/// The format that is written here.
const FORMAT: u32 = 1;
/// The words of that format.
const WORDS: [&str; 11] = [
    "format", "within", "uid", "uses", "drawn", "reserved", "asks", "counted", "by", "leaving",
    "excused",
];

/// A line that [`write()`] does not write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLine {
    /// The line is not a slot.
    #[error("failed to parse the slot `{0}`")]
    Line(String),
    /// Another line is about the same object.
    #[error("two slots are about `{0}`")]
    Repeated(ObjectRef),
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
    if slot.leaving || slot.replacement.is_some() {
        line.push_str(" leaving=");
    }
    if let Some(replacement) = &slot.replacement {
        escape(&mut line, &replacement.uid, false);
        amounts(&mut line, " excused=", &replacement.excused);
    }
    words(&mut line, &slot.unknown);
    for (uid, one) in &slot.reserved {
        line.push_str(" reserved=");
        escape(&mut line, uid, false);
        // Writing to a `String` cannot fail.
        let _ = write!(line, ",{},{}", one.base, one.stamp);
        amounts(&mut line, " asks=", &one.usage);
        amounts(&mut line, " counted=", &one.counted);
        if !one.asked_by.is_empty() {
            line.push_str(" by=");
            escape(&mut line, &one.asked_by, false);
        }
        words(&mut line, &one.unknown);
    }
    line
}

/// Writes what an object was admitted with: its UID, the numbers of specs, and whether the leader
/// recorded it.
pub(super) fn write_admitted(
    object: &ObjectRef,
    uid: &str,
    specs: &str,
    by_leader: bool,
) -> String {
    let mut line = String::with_capacity(128);
    reference(&mut line, object);
    line.push_str(" uid=");
    escape(&mut line, uid, false);
    line.push_str(" specs=");
    line.push_str(specs);
    if by_leader {
        line.push_str(" by=leader");
    }
    line
}

/// Reads what [`write_admitted`] or a later version of it wrote.
pub(super) fn read_admitted(line: &str) -> Option<(ObjectRef, String, &str, bool)> {
    let mut parts = line.split(' ');
    let object = dereference(parts.next()?)?;
    let (mut uid, mut specs, mut by_leader) = (None, None, false);
    for (name, value) in parts.filter_map(|part| part.split_once('=')) {
        match name {
            "uid" => uid = unescape(value).filter(|uid| !uid.is_empty()),
            "specs" => specs = Some(value),
            "by" => by_leader = value == "leader",
            _ => {}
        }
    }
    Some((object, uid?, specs?, by_leader))
}

/// Writes back what was not known.
fn words(line: &mut String, words: &[String]) {
    for word in words {
        line.push(' ');
        line.push_str(word);
    }
}

/// Reads what [`write()`] wrote, or a later version of it.
///
/// # Errors
/// The line is malformed.
pub fn read(line: &str) -> Result<(ObjectRef, Slot), InvalidLine> {
    let wrong = || InvalidLine::Line(line.chars().take(256).collect());
    let mut parts = line.split(' ');
    let object = parts.next().and_then(dereference).ok_or_else(wrong)?;
    let mut slot = Slot::default();
    // The reservation that is being read.
    let mut open: Option<(String, Reservation)> = None;
    for part in parts {
        let (name, value) = match part.split_once('=') {
            Some(("", _)) => return Err(wrong()),
            None if part.is_empty() || WORDS.contains(&part) => return Err(wrong()),
            pair => pair.unwrap_or((part, "")),
        };
        match (name, &mut open) {
            ("format", None) => {
                if value.parse::<u32>().map_err(|_| wrong())? != FORMAT {
                    slot.unknown.push(part.to_owned());
                }
            }
            ("within", None) => slot.owner = Some(dereference(value).ok_or_else(wrong)?),
            ("uid", None) => {
                slot.live = Some((unescape(value).ok_or_else(wrong)?, Usage::default()))
            }
            ("uses", None) => {
                slot.live.as_mut().ok_or_else(wrong)?.1 = usage(value).ok_or_else(wrong)??
            }
            ("drawn", None) => slot.drawn = usage(value).ok_or_else(wrong)??,
            ("leaving", None) => {
                let uid = unescape(value).ok_or_else(wrong)?;
                slot.leaving = true;
                slot.replacement =
                    (!uid.is_empty()).then(|| Replacement { uid, excused: Usage::default() });
            }
            ("excused", None) => {
                slot.replacement.as_mut().ok_or_else(wrong)?.excused =
                    usage(value).ok_or_else(wrong)??
            }
            ("asks", Some((_, one))) => one.usage = usage(value).ok_or_else(wrong)??,
            ("counted", Some((_, one))) => one.counted = usage(value).ok_or_else(wrong)??,
            ("by", Some((_, one))) => one.asked_by = unescape(value).ok_or_else(wrong)?,
            ("reserved", _) => {
                slot.reserved.extend(open.replace(reservation(value).ok_or_else(wrong)?))
            }
            _ if WORDS.contains(&name) => return Err(wrong()),
            (_, None) => slot.unknown.push(part.to_owned()),
            (_, Some((_, one))) => one.unknown.push(part.to_owned()),
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
