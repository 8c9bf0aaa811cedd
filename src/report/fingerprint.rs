//! A stable id of a finding, by which code review tools recognise it when lines move.

use super::{Diagnostic, ObjectRef, Report};
use std::collections::BTreeMap;

/// One fingerprint a diagnostic, in the report's order: 32 hexadecimal digits over rule, file,
/// object, pointer and message. Line numbers do not count. Findings that are equal in all of these
/// are numbered.
pub fn fingerprints(report: &Report) -> Vec<String> {
    let mut seen = BTreeMap::new();
    report
        .diagnostics
        .iter()
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
        let before = fingerprints(&report);
        for diagnostic in &mut report.diagnostics {
            diagnostic.span.line += 7;
        }
        assert_eq!(fingerprints(&report), before);
    }

    #[test]
    fn equal_findings_get_different_fingerprints() {
        let mut report = sample::report();
        report.diagnostics.extend(report.diagnostics.clone());
        let all = fingerprints(&report);
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), all.len());
    }
}
