//! URIs of state directories, compared so that nothing outside a permitted place passes for inside.

/// Whether a directory lies under one of these URIs, segment by segment, read both as written and with its
/// percent-encoding undone: what could be read in two ways must lie inside in both.
pub fn lies_within<'a>(directory: &str, locations: impl IntoIterator<Item = &'a str>) -> bool {
    let inner = Location::parse(directory, None);
    let (Some(raw), Some(decoded)) = (segments(&inner.path), segments(&percent_decode(&inner.path))) else { return false };
    locations.into_iter().map(|location| Location::parse(location, None)).any(|outer| {
        let under = |inner: &[String], path: &str| segments(path).is_some_and(|path| inner.starts_with(&path));
        outer.scheme == inner.scheme
            && outer.authority == inner.authority
            && under(&raw, &outer.path)
            && under(&decoded, &percent_decode(&outer.path))
    })
}

/// A URI with the scheme and host that Flink reads into it where it has none (`fs.default-scheme`).
pub fn with_default_scheme<'a>(uri: &'a str, default: Option<&str>) -> std::borrow::Cow<'a, str> {
    let default = default.map(|default| Location::parse(default, None)).filter(|default| default.scheme != "file");
    match default {
        // A path that begins with two slashes brings its own host.
        Some(Location { scheme, authority, .. }) if Location::parse(uri, Some("")).scheme.is_empty() => {
            let own = uri.trim().strip_prefix("//").and_then(|rest| rest.split_once('/'));
            let (authority, path) = own.map_or((authority.as_str(), uri.trim()), |(host, path)| (host, path));
            format!("{scheme}://{authority}/{}", path.trim_start_matches('/')).into()
        }
        _ => uri.into(),
    }
}

/// A URI in the form in which two of them can be compared.
pub(super) struct Location {
    /// In lower case; one for all names that Flink has for S3.
    pub scheme: String,
    /// Bucket or host, in lower case.
    pub authority: String,
    /// As written.
    pub path: String,
}

impl Location {
    /// Reads a URI, or a path of the default scheme.
    pub(super) fn parse(uri: &str, default_scheme: Option<&str>) -> Self {
        let uri = uri.trim();
        let is_scheme = |scheme: &str| {
            scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+.-".contains(&b))
        };
        let (scheme, rest) = match uri.split_once(':').filter(|(scheme, _)| is_scheme(scheme)) {
            Some((scheme, rest)) => (scheme, rest),
            None => (default_scheme.unwrap_or("file"), uri),
        };
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
            None => ("", rest),
        };
        // Flink's S3 plugins answer to several schemes for one store.
        let scheme = match scheme.to_ascii_lowercase() {
            s3 if matches!(s3.as_str(), "s3a" | "s3p" | "s3n") => "s3".to_owned(),
            other => other,
        };
        Self { scheme, authority: authority.to_ascii_lowercase(), path: path.to_owned() }
    }
}

/// A path's segments without `.` and empty ones, `..` resolved; `None` where it climbs above its root.
pub(super) fn segments(path: &str) -> Option<Vec<String>> {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop()?;
            }
            name => segments.push(name.to_owned()),
        }
    }
    Some(segments)
}

/// Undoes percent-encoding until none is left, so that doubly encoded dots are seen too.
fn percent_decode(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..4 {
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text.as_bytes();
        while let Some((&first, tail)) = rest.split_first() {
            let decoded =
                tail.get(..2).filter(|_| first == b'%').and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
            bytes.push(decoded.unwrap_or(first));
            rest = if decoded.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
        }
        let decoded = String::from_utf8_lossy(&bytes).into_owned();
        if decoded == text {
            break;
        }
        text = decoded;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_without_a_scheme_lies_in_the_default_file_system() {
        for (uri, default, expected) in [
            ("/flink/state", None, "/flink/state"),
            ("/flink/state", Some("s3://other/x"), "s3://other/flink/state"),
            ("/flink/state", Some("hdfs:///"), "hdfs:///flink/state"),
            ("/flink/state", Some("file:///"), "/flink/state"),
            ("file:///flink/state", Some("s3://other"), "file:///flink/state"),
            ("s3://own/a", Some("s3://other"), "s3://own/a"),
            ("//host/a", Some("hdfs://other:8020"), "hdfs://host/a"),
        ] {
            assert_eq!(with_default_scheme(uri, default), expected, "{uri} {default:?}");
        }
    }

    #[test]
    fn locations_hold_whole_segments_only() {
        let cases = [
            ("s3://payments-flink/a", "s3://payments-flink/", true),
            ("S3A://payments-flink/a", "s3://payments-flink", true),
            ("s3://payments-flink//x/../a", "s3://payments-flink/a/", true),
            ("/flink/state/x", "file:///flink/state", true),
            ("s3://payments-flink/my%20dir/a", "s3://payments-flink/my%20dir", true),
            ("s3://payments-flink-evil/a", "s3://payments-flink", false),
            ("s3://b/team-evil", "s3://b/team", false),
            ("s3://b/team/../other", "s3://b/team", false),
            ("s3://b/team/%2e%2e/other", "s3://b/team", false),
            ("s3://b/team/%252e%252e/other", "s3://b/team", false),
            ("s3://b/..", "s3://b/", false),
            ("s3://b@evil/a", "s3://b/", false),
            ("gs://b/a", "s3://b/", false),
        ];
        for (directory, location, expected) in cases {
            assert_eq!(lies_within(directory, [location]), expected, "{directory} in {location}");
        }
    }
}
