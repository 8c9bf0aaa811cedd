//! Slots as lines.

use crate::quota::Usage;
use crate::quota::ledger::line::{read, write};
use crate::quota::ledger::{ObjectRef, Reservation, Slot};
use crate::resource::quantity::Quantity;

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
        asked_by: if base == 0 { String::new() } else { "p-7".into() },
        unknown: Vec::new(),
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
    insta::assert_snapshot!(write(&object, &slot), @"Deployment/prod/etl within=FlinkDeployment/prod/etl uid=u-1 uses=cpu:2,memory:4Gi drawn=pods:3 reserved=u-1,7,8 asks=cpu:1500m,nvidia.com/gpu:1 counted=cpu:1 by=p-7 reserved=u-2,0,9 asks=cpu:1500m,nvidia.com/gpu:1");
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
        let asked_by = name.to_owned();
        let reserved = Reservation { usage: usage.clone(), asked_by, ..Reservation::default() };
        let slot = Slot {
            owner: Some(object.clone()),
            live: Some((name.into(), usage)),
            reserved: [(name.to_owned(), reserved)].into(),
            ..slot
        };
        assert_eq!(read(&write(&object, &slot)), Ok((object, slot)), "{name:?}");
    }
}

/// What a later version adds is passed over, and written back where it was.
#[test]
fn unknown_words_survive_a_round_trip() {
    let lines = [
        "Pod/prod/a format=2",
        "Pod/prod/a colour=red",
        "Pod/prod/a format=2 within=FlinkDeployment/prod/b uid=u uses=cpu:1 colour=%20red shared",
        "Pod/prod/a format=9 reserved=u,1,2 asks=cpu:1 until=2027 reserved=v,1,3 asks=cpu:2",
        "Future/prod/a format=2 gpus=a:1,b:2 reserved=u,0,4 asks=cpu:1 counted=cpu:1 sticky a==b",
    ];
    for line in lines {
        let (object, slot) = read(line).unwrap();
        let written = write(&object, &slot);
        let sorted = |line: &str| {
            let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            words.sort();
            words
        };
        assert_eq!(sorted(&written), sorted(line));
        assert_eq!(read(&written), Ok((object, slot)), "{line}");
    }
    // The number of this format is not written.
    let (object, slot) = read("Pod/prod/a format=1").unwrap();
    assert_eq!(write(&object, &slot), "Pod/prod/a");
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
        "Pod/prod/a =red",
        "Pod/prod/a format=x",
        "Pod/prod/a format",
        "Pod/prod/a reserved=u,1,2 format=2",
        "Pod/prod/%4",
        "Pod/prod/%ü1",
        "Pod/prod/%ff",
        "Pod/prod/a within=b",
    ];
    for line in lines {
        assert!(read(line).is_err(), "{line:?}");
    }
}
