//! `--statistics`: how many findings each rule has.

use super::Report;
use crate::printable::escape_line;
use crate::rules::Level;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write;

/// A line for each rule and level, the most frequent first, below the most severe.
pub fn render(report: &Report) -> String {
    let mut counts: BTreeMap<(Level, &str), usize> = BTreeMap::new();
    for diagnostic in &report.diagnostics {
        *counts.entry((diagnostic.level, &diagnostic.rule)).or_default() += 1;
    }
    let mut rows: Vec<_> = counts.into_iter().collect();
    rows.sort_by_key(|((level, rule), count)| (Reverse(*level), Reverse(*count), *rule));
    let width = rows.iter().map(|(_, count)| count.to_string().len()).max().unwrap_or_default();
    rows.iter().fold(String::new(), |mut out, ((level, rule), count)| {
        // Writing to a String does not fail.
        let _ = writeln!(out, "{count:>width$}  {:<7}  {}", level.as_str(), escape_line(rule));
        out
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::super::sample;

    #[test]
    fn statistics_count_rules_by_level() {
        let mut report = sample::report();
        let again = report.diagnostics[0].clone();
        report.diagnostics.extend(vec![again; 11]);
        assert_eq!(
            super::render(&report),
            "12  error    security/privileged\n 1  error    flink/version\n 1  warning  security/image-tag\n 1  info     own/owner-label\n"
        );
    }
}
