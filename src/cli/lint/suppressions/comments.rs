//! Where the suppressions of comments apply.
//!
//! At the end of a line: to the findings of this line. Alone on a line: to those of the next line
//! that is neither empty nor a comment. Before the first key of a document: to the whole document.
//! Within the text of a `config.yaml` or `flink-conf.yaml`, only the first two.

use super::Scope;
use crate::resource::yaml::{self, CommentPlace, Span};

/// The comments of a text, with the findings that a suppression in them is about, and their places.
pub(super) fn of(text: &str) -> Vec<(String, Scope, Span)> {
    let mut found = Vec::new();
    for document in yaml::comments(text) {
        for comment in document.comments {
            let scope = match comment.place {
                CommentPlace::Line => Scope::Line(comment.line),
                CommentPlace::Below(line) => Scope::Line(line),
                CommentPlace::Document => Scope::Lines(document.lines.clone()),
                CommentPlace::End => Scope::Nothing,
            };
            let end_column = comment.column + 1 + comment.text.chars().count();
            let span = Span {
                line: comment.line,
                column: comment.column,
                end_line: comment.line,
                end_column,
            };
            found.push((comment.text, scope, span));
        }
    }
    found
}
