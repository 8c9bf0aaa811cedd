//! Stable ids of findings: [`fingerprints`] for code review tools, by which they recognise a finding
//! when lines move, and [`lasting`] for baselines, where folders and numbers may change too.

use super::{Diagnostic, ObjectRef};
use std::collections::BTreeMap;

/// One fingerprint a diagnostic, in their order: 32 hexadecimal digits over rule, file,
/// object, pointer and message. Line numbers do not count. Findings that are equal in all of these
/// are numbered.
pub fn fingerprints<'d>(diagnostics: impl IntoIterator<Item = &'d Diagnostic>) -> Vec<String> {
    let mut seen = BTreeMap::new();
    diagnostics
        .into_iter()
        .map(|diagnostic| {
            let hash = hash(diagnostic, 0);
            let count: &mut u64 = seen.entry(hash).or_default();
            *count += 1;
            let unique = if *count == 1 { hash } else { self::hash(diagnostic, *count) };
            format!("{unique:032x}")
        })
        .collect()
}

/// The fingerprint of what no rule reports, from the texts that identify it.
pub fn fingerprint_of(parts: &[&str]) -> String {
    format!("{:032x}", fnv1a(terminated(parts)))
}

fn hash(diagnostic: &Diagnostic, occurrence: u64) -> u128 {
    let empty = ObjectRef::default();
    let object = diagnostic.object.as_ref().unwrap_or(&empty);
    let parts: [&str; 8] = [
        &diagnostic.rule,
        &diagnostic.file,
        &object.api_version,
        &object.kind,
        &object.namespace,
        &object.name,
        &diagnostic.pointer,
        &diagnostic.message,
    ];
    fnv1a(terminated(&parts).chain(occurrence.to_le_bytes()))
}

/// A zero byte ends each part, so that no two ways of cutting the same text are alike.
fn terminated(parts: &[&str]) -> impl Iterator<Item = u8> {
    parts.iter().flat_map(|part| part.bytes().chain([0]))
}

/// A fingerprint that survives moved lines, renamed folders and changed numbers: 32 hexadecimal digits
/// over rule, object, place by names, and message without figures. Different findings may share it.
pub fn lasting(diagnostic: &Diagnostic) -> String {
    let empty = ObjectRef::default();
    let object = diagnostic.object.as_ref().unwrap_or(&empty);
    let group = object.api_version.rsplit_once('/').map_or("", |(group, _)| group);
    let message = without_figures(&diagnostic.message.replace(&*diagnostic.file, ""));
    let (tenant, key) = (diagnostic.tenant.as_deref(), diagnostic.facts.key.as_deref());
    let parts = if diagnostic.is_sum() {
        // It is reported at the first object, which may be another one next time.
        ["", tenant.unwrap_or_default(), key.unwrap_or_default(), "", ""]
    } else {
        [group, &object.kind, &object.namespace, &object.name, &diagnostic.place]
    };
    let parts = [diagnostic.rule.as_str()].into_iter().chain(parts).chain([message.as_str()]);
    format!("{:032x}", fnv1a(parts.flat_map(|part| part.bytes().chain([0]))))
}

/// Units that may change with their number.
const UNITS: [&str; 26] = [
    "bytes", "KiB", "MiB", "GiB", "TiB", "kB", "KB", "MB", "GB", "TB", "kb", "mb", "gb", "tb",
    "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "ms", "min", "m", "g", "k", "s",
];

/// A message with `#` for each number and its unit, and without the plural after it.
pub fn without_figures(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        out.push_str(rest.get(..start).unwrap_or_default());
        out.push('#');
        rest = rest.get(start..).unwrap_or_default();
        // `1.5` and `1,000` are one number; a point at the end is not a part of it.
        rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        while let Some(more) = rest.strip_prefix(['.', ',']) {
            if !more.starts_with(|c: char| c.is_ascii_digit()) {
                break;
            }
            rest = more.trim_start_matches(|c: char| c.is_ascii_digit());
        }
        rest = without_unit(rest);
        // `1 cluster` and `2 clusters`.
        if let Some(after) = rest.strip_prefix(' ') {
            let end = after.find(|c: char| !c.is_alphanumeric()).unwrap_or(after.len());
            let word = after.get(..end).unwrap_or_default();
            if let Some(singular) =
                word.strip_suffix('s').filter(|word| !word.contains(char::is_numeric))
            {
                out.push(' ');
                out.push_str(singular);
                rest = after.get(end..).unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
    out
}

fn without_unit(text: &str) -> &str {
    let after = text.strip_prefix(' ').unwrap_or(text);
    let ends = |rest: &&str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    let unit = UNITS.iter().find_map(|unit| after.strip_prefix(unit).filter(ends));
    unit.unwrap_or(text)
}

/// FNV-1a with 128 bits: the standard library's hashers promise no stability between releases.
fn fnv1a(bytes: impl Iterator<Item = u8>) -> u128 {
    const OFFSET_BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    bytes.fold(OFFSET_BASIS, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a_as_published() {
        assert_eq!(fnv1a(std::iter::empty()), 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
        assert_eq!(fnv1a(b"a".iter().copied()), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
    }

    #[test]
    fn moved_lines_keep_their_fingerprints() {
        let mut report = sample::report();
        let before = fingerprints(&report.diagnostics);
        for diagnostic in &mut report.diagnostics {
            diagnostic.span.line += 7;
        }
        assert_eq!(fingerprints(&report.diagnostics), before);
    }

    #[test]
    fn equal_findings_get_different_fingerprints() {
        let mut report = sample::report();
        report.diagnostics.extend(report.diagnostics.clone());
        let all = fingerprints(&report.diagnostics);
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), all.len());
    }

    #[test]
    fn figures_do_not_count_in_messages() {
        for (one, other) in [
            ("the quota is 10", "the quota is 8"),
            ("requests 512Mi of memory", "requests 1.5 GiB of memory"),
            ("3 of the 32 TaskManagers would fit", "1 of the 4 TaskManagers would fit"),
            ("files request 1 cluster, not more", "files request 12 clusters, not more"),
            ("image `a:1.2.3` has no tag", "image `a:2.0` has no tag"),
        ] {
            assert_eq!(without_figures(one), without_figures(other));
        }
        for (one, other) in [("option `a`", "option `b`"), ("1 pod", "1 job"), ("x1y", "x1z")] {
            assert_ne!(without_figures(one), without_figures(other));
        }
    }

    #[test]
    fn lasting_fingerprints_survive_moves_and_numbers() {
        let report = sample::report();
        for diagnostic in &report.diagnostics {
            let mut moved = diagnostic.clone();
            moved.file = "other/folder/x.yaml".into();
            moved.span.line += 7;
            moved.message = moved.message.replace("100", "7");
            assert_eq!(lasting(diagnostic), lasting(&moved));
            for change in 0..3 {
                let mut other = diagnostic.clone();
                match change {
                    0 => other.rule.push('x'),
                    1 => other.place.push_str("/x"),
                    _ => other.object.as_mut().unwrap().name.push('x'),
                }
                assert_ne!(lasting(diagnostic), lasting(&other), "{change}");
            }
        }
    }
}
