//! Compares URIs of state directories, so that a directory outside a permitted location is not
//! accepted.

use std::borrow::Cow;

/// Whether a directory is under one of these URIs, segment by segment. It is compared both as
/// written and percent-decoded, and must be inside in both readings.
pub fn is_within<'a>(directory: &str, locations: impl IntoIterator<Item = &'a str>) -> bool {
    let inner = Location::parse(directory, None);
    let Some(decoded) = percent_decode(inner.path) else { return false };
    locations.into_iter().map(|location| Location::parse(location, None)).any(|outer| {
        outer.is_same_store(&inner)
            && is_below(inner.path, outer.path)
            && percent_decode(outer.path).is_some_and(|path| is_below(&decoded, &path))
    })
}

/// Schemes of stores that need a bucket, a container or a file system after `//`.
const OF_BUCKETS: [&str; 10] =
    ["s3", "s3a", "s3p", "s3n", "gs", "oss", "abfs", "abfss", "wasb", "wasbs"];

/// Why a location does not mean what its author expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocationFault {
    /// It is empty.
    Empty,
    /// It names no bucket, so that no directory is below it.
    NoBucket,
    /// It has a star where no name has one, so that no directory is below it.
    StarInBucket,
    /// It climbs above its root, so that no directory is below it.
    Climbs,
    /// It has a star in its path, which is compared as it is.
    Star,
    /// It is a path without a slash at its start.
    Relative,
}

impl LocationFault {
    /// Whether no directory can be below the location.
    pub fn matches_nothing(self) -> bool {
        matches!(self, Self::Empty | Self::NoBucket | Self::StarInBucket | Self::Climbs)
    }
}

/// What is wrong with a location under which state may be stored.
pub fn location_fault(location: &str) -> Option<LocationFault> {
    let Location { scheme, authority, path } = Location::parse(location, None);
    let needs_bucket = OF_BUCKETS.iter().any(|known| scheme.eq_ignore_ascii_case(known));
    if location.trim().is_empty() {
        Some(LocationFault::Empty)
    } else if needs_bucket && authority.is_empty() {
        Some(LocationFault::NoBucket)
    } else if authority.contains('*') {
        Some(LocationFault::StarInBucket)
    } else if depth(path).is_none() || percent_decode(path).and_then(|path| depth(&path)).is_none()
    {
        Some(LocationFault::Climbs)
    } else if path.contains('*') {
        Some(LocationFault::Star)
    } else if path == location.trim() && !path.starts_with('/') {
        Some(LocationFault::Relative)
    } else {
        None
    }
}

/// Whether a path begins with all segments of another one. It is false where one of them climbs
/// above its root.
fn is_below(inner: &str, outer: &str) -> bool {
    depth_around(inner, outer).is_some()
}

/// The [`depth`] of `outer` if `inner` begins with all its segments; `None` otherwise, or if one of
/// them climbs above its root.
pub(super) fn depth_around(inner: &str, outer: &str) -> Option<usize> {
    let (inner_depth, outer_depth) = (depth(inner)?, depth(outer)?);
    let more = inner_depth.checked_sub(outer_depth)?;
    reversed_segments(inner).skip(more).eq(reversed_segments(outer)).then_some(outer_depth)
}

/// A URI with Flink's default scheme and host (`fs.default-scheme`) if it has none.
pub fn with_default_scheme<'a>(uri: &'a str, default: Option<&str>) -> Cow<'a, str> {
    let default =
        default.map(|default| Location::parse(default, None)).filter(|default| !default.is_local());
    match default {
        // A path that starts with two slashes has its own host.
        Some(Location { scheme, authority, .. })
            if Location::parse(uri, Some("")).scheme.is_empty() =>
        {
            let own = uri.trim().strip_prefix("//").and_then(|rest| rest.split_once('/'));
            let (authority, path) =
                own.map_or((authority, uri.trim()), |(host, path)| (host, path));
            format!("{scheme}://{authority}/{}", path.trim_start_matches('/')).into()
        }
        _ => uri.into(),
    }
}

/// The parts of a URI as written.
pub(super) struct Location<'a> {
    /// The scheme, in any letter case.
    pub scheme: &'a str,
    /// Bucket or host, in any letter case.
    pub authority: &'a str,
    /// The path.
    pub path: &'a str,
}

impl<'a> Location<'a> {
    /// Reads a URI, or a path of the default scheme.
    pub(super) fn parse(uri: &'a str, default_scheme: Option<&'a str>) -> Self {
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
        Self { scheme, authority, path }
    }

    /// Whether it is in the file system of the pod.
    pub(super) fn is_local(&self) -> bool {
        self.scheme.eq_ignore_ascii_case("file")
    }

    /// Whether both are in the same bucket or on the same host. Flink's S3 plugins have several
    /// schemes for one store.
    fn is_same_store(&self, other: &Self) -> bool {
        let is_s3 = |scheme: &str| {
            ["s3", "s3a", "s3p", "s3n"].iter().any(|s3| scheme.eq_ignore_ascii_case(s3))
        };
        self.authority.eq_ignore_ascii_case(other.authority)
            && (self.scheme.eq_ignore_ascii_case(other.scheme)
                || is_s3(self.scheme) && is_s3(other.scheme))
    }
}

/// The number of a path's segments without `.` and empty ones, `..` resolved; `None` where it climbs
/// above its root. Flink takes a backslash for a slash.
pub(super) fn depth(path: &str) -> Option<usize> {
    split(path).try_fold(0_usize, |depth, segment| match segment {
        b"" | b"." => Some(depth),
        b".." => depth.checked_sub(1),
        _ => Some(depth.saturating_add(1)),
    })
}

/// The segments that [`depth`] counts, the last one first.
pub(super) fn reversed_segments(path: &str) -> impl Iterator<Item = &[u8]> {
    let mut removed = 0_usize;
    split(path).rev().filter(move |segment| match *segment {
        b"" | b"." => false,
        b".." => {
            removed = removed.saturating_add(1);
            false
        }
        _ if removed > 0 => {
            removed -= 1;
            false
        }
        _ => true,
    })
}

fn split(path: &str) -> impl DoubleEndedIterator<Item = &[u8]> {
    path.as_bytes().split(|byte| matches!(byte, b'/' | b'\\'))
}

/// Removes percent-encoding repeatedly, so that doubly encoded dots are found too; `None` if it
/// does not end.
fn percent_decode(text: &str) -> Option<Cow<'_, str>> {
    const MOST: usize = 8;
    let mut text = Cow::Borrowed(text);
    for _ in 0..MOST {
        if !text.contains('%') {
            return Some(text);
        }
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text.as_bytes();
        while let Some((&first, tail)) = rest.split_first() {
            let decoded = tail
                .get(..2)
                .filter(|_| first == b'%')
                .and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
            bytes.push(decoded.unwrap_or(first));
            rest = if decoded.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
        }
        let decoded = String::from_utf8_lossy(&bytes).into_owned();
        if decoded == text {
            return Some(text);
        }
        text = decoded.into();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_without_scheme_use_the_default_file_system() {
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
    fn locations_without_a_meaning_are_found() {
        for (location, expected) in [
            ("s3://", Some(LocationFault::NoBucket)),
            ("S3A:///team", Some(LocationFault::NoBucket)),
            ("s3:/bucket", Some(LocationFault::NoBucket)),
            ("gs:bucket", Some(LocationFault::NoBucket)),
            ("s3://team-*/x", Some(LocationFault::StarInBucket)),
            ("s3://b/*", Some(LocationFault::Star)),
            ("s3://b/../x", Some(LocationFault::Climbs)),
            ("s3://b/%2e%2e/x", Some(LocationFault::Climbs)),
            ("", Some(LocationFault::Empty)),
            (" ", Some(LocationFault::Empty)),
            ("bucket/x", Some(LocationFault::Relative)),
            ("s3://b", None),
            ("s3://b/x/..", None),
            ("hdfs:///flink", None),
            ("hdfs://", None),
            ("file:///flink", None),
            ("/flink", None),
            ("abfss://a@b.dfs.core.windows.net/", None),
        ] {
            assert_eq!(location_fault(location), expected, "{location}");
            if expected.is_some_and(LocationFault::matches_nothing) && !location.trim().is_empty() {
                assert!(!is_within("s3://b/x/y", [location]), "{location}");
            }
        }
    }

    #[test]
    fn locations_match_whole_segments_only() {
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
            (r"s3://b/team\..\other", "s3://b/team", false),
            (r"s3://b/team/x\..\..\other", "s3://b/team", false),
            (r"s3://b/team\x", "s3://b/team", true),
            ("s3://b/team/%5c..%5cother", "s3://b/team", false),
            ("s3://b/team/%25252525252525252525252e./x", "s3://b/team", false),
            ("s3://key:secret@b/team/x", "s3://b/team", false),
            ("s3://b:443/team/x", "s3://b/team", false),
            ("s3://b%2fteam/x", "s3://b/team", false),
            ("s3:/b/team/x", "s3://b/team", false),
            ("s3:b/team/x", "s3://b/team", false),
            ("//b/team/x", "s3://b/team", false),
            ("s3://B/team/x", "s3://b/team", true),
            ("s3://b/TEAM/x", "s3://b/team", false),
            ("s3://b/team ", "s3://b/team", true),
            ("s3://b/team%00/x", "s3://b/team", false),
            ("s3://b/team;x=1/y", "s3://b/team", false),
            ("s3://b/team?x=../", "s3://b/team", false),
            ("s3://b/team#/../other", "s3://b/team", false),
            ("s3://b/team/#/../../other", "s3://b/team", false),
            ("file:/flink/state/x", "/flink/state", true),
            ("file:////flink//state/x", "/flink/state", true),
            ("file://host/flink/state", "/flink/state", false),
            ("file:///flink/state/../../etc", "/flink/state", false),
            (
                "abfss://own@account.dfs.core.windows.net/x",
                "abfss://own@account.dfs.core.windows.net/",
                true,
            ),
            (
                "abfss://other@account.dfs.core.windows.net/x",
                "abfss://own@account.dfs.core.windows.net/",
                false,
            ),
            ("", "s3://b/team", false),
        ];
        for (directory, location, expected) in cases {
            assert_eq!(is_within(directory, [location]), expected, "{directory} in {location}");
        }
    }
}
