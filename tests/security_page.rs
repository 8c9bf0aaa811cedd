//! `docs/security.md` is true: every test that it names exists, each decision and advisory names one,
//! and the limits are those of the code.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use flinkgate::resource::limits::Limit;
use std::fs;

const PAGE: &str = "docs/security.md";

fn page() -> String {
    fs::read_to_string(PAGE).unwrap()
}

/// The texts in backticks within one line.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// The file and the function of a test that a text names: `tests/a.rs: b`.
fn named_test(text: &str) -> Option<(&str, &str)> {
    let (file, function) = text.split_once(".rs: ")?;
    Some((text.get(..file.len() + 3)?, function))
}

/// What is wrong with a named test, if anything.
fn problem((file, function): (&str, &str)) -> Option<String> {
    let Ok(code) = fs::read_to_string(file) else { return Some(format!("no file `{file}`")) };
    let Some((before, _)) = code.split_once(&format!("fn {function}(")) else {
        return Some(format!("no function `{function}` in `{file}`"));
    };
    // The attribute is between the function and the end of the item before it.
    let attributes = before.rsplit_once("\n\n").map_or(before, |(_, last)| last);
    let is_test = ["#[test]", "#[tokio::test"].iter().any(|mark| attributes.contains(mark));
    (!is_test).then(|| format!("`{function}` in `{file}` is not a test"))
}

#[test]
fn every_named_test_exists() {
    let page = page();
    let named: Vec<_> = page.lines().flat_map(quoted).filter_map(named_test).collect();
    assert!(named.len() > 100, "{} tests", named.len());
    let problems: Vec<_> = named.into_iter().filter_map(problem).collect();
    assert!(problems.is_empty(), "{PAGE}:\n{}", problems.join("\n"));
}

#[test]
fn every_named_file_exists() {
    let page = page();
    let is_file = |text: &&str| {
        let is_here = ["src/", "tests/"].iter().any(|folder| text.starts_with(folder));
        is_here && !text.contains(' ')
    };
    for file in page.lines().flat_map(quoted).filter(is_file) {
        assert!(fs::exists(file).unwrap(), "{PAGE}: no file `{file}`");
    }
}

/// The rows of all tables whose last column has this title, without the heading.
fn rows<'p>(page: &'p str, title: &str) -> Vec<&'p str> {
    let ending = format!("| {title} |");
    page.split("\n\n")
        .filter(|block| block.lines().next().is_some_and(|line| line.ends_with(&ending)))
        .flat_map(|table| table.lines().skip(2))
        .collect()
}

#[test]
fn every_decision_and_advisory_has_a_test() {
    let page = page();
    let rows = rows(&page, "Test");
    assert!(rows.len() > 60, "{} rows", rows.len());
    for row in rows {
        let has_test = quoted(row).any(|text| named_test(text).is_some());
        assert!(has_test || row.ends_with("| – |"), "{PAGE}: no test in {row}");
    }
}

#[test]
fn limits_of_an_object_are_those_of_the_code() {
    let page = page();
    let rows = rows(&page, "Limit");
    for limit in [
        Limit::Values,
        Limit::Mappings,
        Limit::Containers,
        Limit::Volumes,
        Limit::Elements,
        Limit::Entries,
        Limit::Levels,
        Limit::Options,
        Limit::OptionKey,
        Limit::OptionValue,
        Limit::OptionLevels,
    ] {
        let start = format!("| {} | ", limit.what());
        let row = rows.iter().find(|row| row.starts_with(&start));
        let row = row.unwrap_or_else(|| panic!("{PAGE}: no row for {limit:?}"));
        let number: String = row.chars().filter(char::is_ascii_digit).collect();
        assert_eq!(number, limit.most().to_string(), "{PAGE}: {row}");
    }
}
