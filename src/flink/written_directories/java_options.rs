//! Options of the JVM that name a directory, or a file in one.
//!
//! Read in the manual of `java` 11 and 17: with `-Xlog`, `-Xloggc` and a `java.io.tmpdir` that cannot be
//! written to, the process ends or fails where it needs a temporary file; the others are written when
//! something goes wrong.

use crate::resource::steps;

/// What an option names.
#[derive(Clone, Copy)]
enum Named {
    Directory,
    File,
    /// A file if it has an extension, or else a directory.
    Either,
}

/// How options with a path begin, what they name, and whether the process needs it.
const OPTIONS: [(&str, Named, bool); 5] = [
    ("-Djava.io.tmpdir=", Named::Directory, true),
    ("-XX:ErrorFile=", Named::File, false),
    ("-XX:HeapDumpPath=", Named::Either, false),
    ("-Xloggc:", Named::File, true),
    ("-Xlog:", Named::File, true),
];

/// Calls `add` for every directory, and whether the process needs it.
pub(super) fn directories(options: &str, mut add: impl FnMut(&str, bool)) {
    for word in options.split_ascii_whitespace() {
        steps::step();
        let word = word.trim_matches(['"', '\'']);
        let found = OPTIONS.iter().find_map(|(beginning, named, is_needed)| {
            Some((*beginning, word.strip_prefix(beginning)?, *named, *is_needed))
        });
        let Some((beginning, value, named, is_needed)) = found else { continue };
        let path = if beginning == "-Xlog:" { output(value) } else { Some(value) };
        let Some(path) = path.map(|path| path.trim_matches(['"', '\''])) else { continue };
        let (folder, file) = path.rsplit_once('/').unwrap_or((".", path));
        let is_file = match named {
            Named::Directory => false,
            Named::File => true,
            Named::Either => file.contains('.'),
        };
        match (is_file, folder) {
            (false, _) => add(path, is_needed),
            (true, "") => add("/", is_needed),
            (true, folder) => add(folder, is_needed),
        }
    }
}

/// The file of `-Xlog:what:output:decorators:options`; `None` for standard output and error.
fn output(value: &str) -> Option<&str> {
    let output = value.split(':').nth(1)?.trim_matches(['"', '\'']);
    let file = output.strip_prefix("file=").unwrap_or(output);
    (!["", "stdout", "stderr"].contains(&file)).then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_virtual_machine_are_read() {
        for (options, expected) in [
            ("-Xmx1g -XX:+UseG1GC", &[][..]),
            ("-Xlog:gc*:file=/gc/gc-%p.log:time:filecount=5,filesize=10M", &[("/gc", true)]),
            ("-Xlog:gc:stdout:time -Xlog:safepoint", &[]),
            ("-Xloggc:/opt/flink/log/gc.log", &[("/opt/flink/log", true)]),
            ("-Xlog:gc:gc.log", &[(".", true)]),
            ("-Djava.io.tmpdir=\"/scratch\"", &[("/scratch", true)]),
            (
                "-XX:HeapDumpPath=/dumps -XX:ErrorFile=/dumps/e.log",
                &[("/dumps", false), ("/dumps", false)],
            ),
            ("-XX:HeapDumpPath=/dumps/a.hprof", &[("/dumps", false)]),
            ("-Xloggc:/gc.log", &[("/", true)]),
        ] {
            let mut found = Vec::new();
            directories(options, |path, is_needed| found.push((path.to_owned(), is_needed)));
            let found: Vec<_> =
                found.iter().map(|(path, needed)| (path.as_str(), *needed)).collect();
            assert_eq!(found, expected, "{options}");
        }
    }
}
