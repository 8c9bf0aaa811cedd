//! The table itself, which is read once at its first use.
//!
//! Its texts stay in the binary; reading produces one sorted array and its index, about 150 KB.

use super::hash::KeyMap;
use crate::flink::values::ValueType;
use crate::flink::version::FlinkVersion;
use std::ops::Range;
use std::sync::LazyLock;

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::parse(include_str!("options.tsv")));

/// The role of a key in Flink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRole {
    /// An option of this type.
    Value(ValueType),
    /// An older name of another option.
    Alias,
    /// Another option that is read if this one is not set; this does not deprecate it.
    Fallback,
    /// A prefix of user-defined keys.
    Open,
    /// A prefix of keys that all belong to Flink.
    Closed,
}

/// A release of Flink in the catalog, as its index among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release(u8);

/// How a range of releases reads one key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// The key; a `<name>` in it represents one segment.
    pub key: &'static str,
    /// Its role.
    pub reads: KeyRole,
    /// The option that an alias replaces, or an enum's values, separated by `|`.
    pub detail: &'static str,
    /// The first release; `None` if the oldest known release has it.
    pub since: Option<Release>,
    /// The last release; `None` if the newest known release has it.
    pub until: Option<Release>,
    /// The release from which it is deprecated without a successor.
    pub obsolete: Option<Release>,
}

impl Reading {
    /// Whether this release reads the key in this way.
    pub fn holds(&self, release: Release) -> bool {
        self.since.is_none_or(|since| since <= release)
            && self.until.is_none_or(|until| release <= until)
    }

    /// Whether keys below this one are elements of a map.
    pub fn is_map(&self) -> bool {
        self.reads == KeyRole::Value(ValueType::Map)
    }
}

impl Release {
    /// The release of a version if it is known, or else the newest known one before it, or else the
    /// oldest.
    pub fn of(version: FlinkVersion) -> Self {
        let newest = Table::get().versions.iter().rposition(|known| *known <= version).unwrap_or(0);
        Self(u8::try_from(newest).unwrap_or(u8::MAX))
    }

    /// The release's name: `1.20`.
    pub fn name(self) -> String {
        self.version()
            .map(|version| format!("{}.{}", version.major, version.minor))
            .unwrap_or_default()
    }

    /// Whether a version names exactly this release.
    pub fn is(self, version: FlinkVersion) -> bool {
        self.version() == Some(version)
    }

    fn version(self) -> Option<FlinkVersion> {
        Table::get().versions.get(usize::from(self.0)).copied()
    }

    /// The oldest known release.
    pub fn oldest() -> Self {
        Self(0)
    }

    /// The newest known release.
    pub fn newest() -> Self {
        Self::of(FlinkVersion::new(u16::MAX, u16::MAX))
    }
}

/// All readings, sorted by key.
pub(super) struct Table {
    versions: Vec<FlinkVersion>,
    readings: Vec<Reading>,
    /// The range of each key's readings.
    places: KeyMap<Range<usize>>,
    /// Readings whose key contains a `<name>`.
    templates: Vec<Reading>,
}

impl Table {
    pub(super) fn get() -> &'static Self {
        &TABLE
    }

    /// Skips lines that cannot be read; a test verifies that there are none.
    fn parse(text: &'static str) -> Self {
        let mut lines = text.lines();
        let versions: Vec<_> =
            lines.next().unwrap_or_default().split('\t').filter_map(version).collect();
        let (mut readings, mut templates) = (Vec::with_capacity(1700), Vec::new());
        for reading in lines.filter_map(|line| reading(line, &versions)) {
            if reading.key.contains('<') { templates.push(reading) } else { readings.push(reading) }
        }
        readings.shrink_to_fit();
        let mut places = KeyMap::<Range<usize>>::default();
        for (index, reading) in readings.iter().enumerate() {
            places.entry(reading.key).or_insert(index..index).end = index + 1;
        }
        Self { versions, readings, places, templates }
    }

    pub(super) fn all(&self) -> &[Reading] {
        &self.readings
    }

    pub(super) fn readings(&self, key: &str) -> &[Reading] {
        let place = self.places.get(key).cloned();
        place.and_then(|place| self.readings.get(place)).unwrap_or_default()
    }

    /// The readings of the template that a key matches; those with the most literal segments come
    /// last.
    pub(super) fn template(&self, key: &str) -> &[Reading] {
        let found = self.templates.iter().rposition(|reading| is_made_after(key, reading.key));
        found.and_then(|index| self.templates.get(index..=index)).unwrap_or_default()
    }
}

/// Whether a key matches a template: one segment for each `<name>`.
fn is_made_after(key: &str, template: &str) -> bool {
    let Some((before, rest)) = template.split_once('<') else { return false };
    let Some((_, after)) = rest.split_once('>') else { return false };
    let name = key.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    name.is_some_and(|name| !name.is_empty() && !name.contains('.'))
}

/// `key type since until obsolete detail`, separated by tabs, with `-` for a missing value.
fn reading(line: &'static str, versions: &[FlinkVersion]) -> Option<Reading> {
    let mut columns = line.split('\t');
    let (key, reads) = (columns.next()?, reads(columns.next()?)?);
    let mut release = || {
        let known = version(columns.next()?)?;
        let index = versions.iter().position(|version| *version == known)?;
        u8::try_from(index).ok().map(Release)
    };
    let (since, until, obsolete) = (release(), release(), release());
    let detail = columns.next().filter(|detail| *detail != "-").unwrap_or_default();
    Some(Reading { key, reads, detail, since, until, obsolete })
}

fn version(text: &str) -> Option<FlinkVersion> {
    let (major, minor) = text.split_once('.')?;
    Some(FlinkVersion::new(major.parse().ok()?, minor.parse().ok()?))
}

fn reads(text: &str) -> Option<KeyRole> {
    Some(match text {
        "alias" => KeyRole::Alias,
        "fallback" => KeyRole::Fallback,
        "open" => KeyRole::Open,
        "closed" => KeyRole::Closed,
        value => KeyRole::Value(match value {
            "Boolean" => ValueType::Boolean,
            "Integer" => ValueType::Integer,
            "Long" => ValueType::Long,
            "Float" => ValueType::Float,
            "Double" => ValueType::Double,
            "String" => ValueType::Text,
            "Duration" => ValueType::Duration,
            "MemorySize" => ValueType::MemorySize,
            "Enum" => ValueType::Enum,
            "List<String>" => ValueType::List,
            "List<Enum>" => ValueType::EnumList,
            "Map" => ValueType::Map,
            "List<Map>" => ValueType::MapList,
            _ => return None,
        }),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read_in_sorted_order() {
        let table = Table::get();
        let lines = include_str!("options.tsv").lines().count();
        assert_eq!(table.readings.len() + table.templates.len() + 1, lines);
        assert!(table.readings.is_sorted_by_key(|reading| reading.key));
        assert_eq!(table.versions.len(), 9);
        let dots = table.readings.iter().map(|reading| reading.key.matches('.').count()).max();
        assert!(dots < Some(super::super::MOST_DOTS));
        let words = |reading: &&Reading| {
            matches!(reading.reads, KeyRole::Value(ValueType::Enum | ValueType::EnumList))
        };
        assert!(table.readings.iter().filter(words).all(|reading| !reading.detail.is_empty()));
    }

    #[test]
    fn aliases_have_a_target_in_the_same_releases() {
        let table = Table::get();
        for alias in table
            .readings
            .iter()
            .filter(|reading| matches!(reading.reads, KeyRole::Alias | KeyRole::Fallback))
        {
            let target = table.readings(alias.detail);
            let last = alias.until.unwrap_or(Release::newest());
            assert!(target.iter().any(|reading| reading.holds(last)), "{alias:?}");
        }
    }

    #[test]
    fn unknown_versions_use_the_last_known_release() {
        let name = |major, minor| Release::of(FlinkVersion::new(major, minor)).name();
        assert_eq!(
            [name(1, 15), name(1, 19), name(1, 99), name(2, 3), name(3, 0)],
            ["1.16", "1.19", "1.20", "2.3", "2.3"]
        );
    }

    #[test]
    fn unreadable_tables_are_empty() {
        let table = Table::parse("versions\t1.x\nkey\nkey\tNothing\t-\t-\t-\t-\n");
        assert_eq!((table.versions.len(), table.readings.len()), (0, 0));
    }
}
