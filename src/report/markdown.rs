//! `--format markdown`: a summary for people, for `GITHUB_STEP_SUMMARY` and for notes at merge requests.
//!
//! Text of the input is code or escaped, so that it can neither call for people (`@name`), refer to
//! issues, load pictures, nor end a cell.

use super::{Diagnostic, Report, text};
use crate::rules::Level;
use std::cmp::Reverse;
use std::fmt::Write;

/// Longest summary in bytes: GitHub takes 1 MiB for a step.
const LONGEST: usize = 900 << 10;
/// Room for the sentence about what is left out.
const ROOM: usize = 200;

/// The report as Markdown.
pub fn render(report: &Report) -> String {
    let mut out = format!("### Flinkgate: {}\n", text_of(&text::summary(report)));
    let mut rows: Vec<String> = report.unreadable.iter().map(unreadable).collect();
    let mut diagnostics: Vec<&Diagnostic> = report.diagnostics.iter().collect();
    diagnostics.sort_by_key(|finding| Reverse(finding.level));
    rows.extend(diagnostics.into_iter().map(finding));
    if rows.is_empty() {
        return out;
    }
    out.push_str("\n| | Rule | Place | Finding |\n|---|---|---|---|\n");
    let mut shown = 0_usize;
    for row in &rows {
        if out.len() + row.len() + ROOM > LONGEST {
            break;
        }
        out.push_str(row);
        shown += 1;
    }
    let omitted = rows.len().saturating_sub(shown);
    if omitted > 0 {
        // Writing to a String does not fail.
        let _ = writeln!(out, "\n{omitted} more are left out.");
    }
    if let Some(rule) = report.diagnostics.iter().map(|diagnostic| &diagnostic.rule).min() {
        let _ = writeln!(
            out,
            "\n`flinkgate explain {}` shows the page of a rule.",
            rule.replace('`', "")
        );
    }
    out
}

fn finding(diagnostic: &Diagnostic) -> String {
    let mark = match diagnostic.level {
        Level::Error => "❌ error",
        Level::Warning => "⚠️ warning",
        Level::Info => "ℹ️ info",
    };
    let object =
        diagnostic.object.as_ref().map(|object| format!("<br>{}", code(&object.to_string())));
    let help = diagnostic.help.as_deref().map(|help| format!("<br>help: {}", text_of(help)));
    format!(
        "| {mark} | {} | {}{} | {}{} |\n",
        code(&diagnostic.rule),
        code(&format!("{}:{}", diagnostic.file, diagnostic.span.line)),
        object.unwrap_or_default(),
        text_of(&diagnostic.message),
        help.unwrap_or_default(),
    )
}

fn unreadable(unreadable: &super::Unreadable) -> String {
    let line = unreadable.span.map(|span| format!(":{}", span.line)).unwrap_or_default();
    let place = code(&format!("{}{line}", unreadable.file));
    format!("| ❌ error | unreadable | {place} | {} |\n", text_of(&unreadable.message))
}

/// A message: what is between backticks is code, and the rest is escaped.
fn text_of(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while let Some((before, after)) = rest.split_once('`') {
        let Some((inside, after)) = after.split_once('`') else { break };
        escape(before, &mut out);
        out.push_str(&code(inside));
        rest = after;
    }
    escape(rest, &mut out);
    out
}

fn code(text: &str) -> String {
    let mut out = String::from("<code>");
    for c in text.chars() {
        match c {
            '\n' | '\r' => out.push(' '),
            c if c.is_ascii_punctuation() && !"-./:_".contains(c) => entity(c, &mut out),
            c => out.push(c),
        }
    }
    // Addresses are links in GitHub's Markdown, even here.
    let text = out.replace("://", ":<!-- -->//").replace("www.", "www<!-- -->.");
    text + "</code>"
}

/// Text in which no character is Markdown, a mention, a reference or an address.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '\n' | '\r' => out.push_str("<br>"),
            // A comment ends the word, and is not shown.
            '@' | '#' => {
                entity(c, out);
                out.push_str("<!-- -->");
            }
            ':' => out.push_str(":<!-- -->"),
            c if c.is_ascii_punctuation() && !"-.,;()'/%".contains(c) => entity(c, out),
            c => out.push(c),
        }
    }
}

fn entity(c: char, out: &mut String) {
    let _ = write!(out, "&#{};", u32::from(c));
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn markdown_has_a_row_for_each_finding() {
        insta::assert_snapshot!(render(&sample::report()));
    }

    #[test]
    fn text_of_the_input_is_no_markdown() {
        let text = text_of("a|b `x|</code><img src=y>` @team #999 ![](https://a.example) **b** `");
        for bad in ["|", "<img", "@team", "#999", "![", "https://", "**"] {
            assert!(!text.contains(bad), "{bad}: {text}");
        }
        assert_eq!(code("a`b\nc"), "<code>a&#96;b c</code>");
    }

    #[test]
    fn a_long_summary_is_cut_between_rows() {
        let mut report = sample::report();
        report.diagnostics[0].message = "x".repeat(5_000);
        let many = vec![report.diagnostics[0].clone(); 400];
        report.diagnostics.extend(many);
        let text = render(&report);
        assert!(text.len() < 1 << 20 && text.contains(" more are left out."), "{}", text.len());
    }
}
