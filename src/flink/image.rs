//! Reads image references as container runtimes do, so that a look-alike does not pass as an
//! allowed image.

use std::borrow::Cow;

/// The default registry.
pub const DEFAULT_REGISTRY: &str = "docker.io";

/// The parts of an image reference: `registry/repository:tag@digest`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRef<'a> {
    /// Registry with its port, in lower case; `docker.io` by default.
    pub registry: Cow<'a, str>,
    /// Repository within the registry; `library/flink` for `flink`.
    pub repository: Cow<'a, str>,
    /// The tag.
    pub tag: Option<&'a str>,
    /// The digest (`sha256:…`).
    pub digest: Option<&'a str>,
}

impl<'a> ImageRef<'a> {
    /// Reads a reference; `None` if no runtime could pull it.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest).filter(|digest| is_digest(digest))?.into()),
            None => (text, None),
        };
        let (name, tag) = split_tag(name);
        let (registry, repository) = split_registry(name);
        let repository_ok = repository.split('/').all(is_segment);
        (repository_ok && tag.is_none_or(is_tag) && is_registry(&registry)).then_some(Self {
            registry,
            repository,
            tag,
            digest,
        })
    }

    /// Whether the reference may change its meaning: it has no digest, and no tag or `latest`.
    pub fn floating(&self) -> bool {
        self.digest.is_none() && self.tag.is_none_or(|tag| tag == "latest")
    }

    /// Whether a pattern allows this image. A pattern is `registry/repository`, or `repository` for
    /// docker.io. A star matches any text within one segment and, at the end, any number of
    /// segments. In a registry, a star matches letters of one label and, at the start, any number
    /// of labels. A pattern with a tag requires that tag and no digest, because a digest overrides
    /// the tag. A pattern with a digest requires that digest.
    pub fn matches(&self, pattern: &str) -> bool {
        if pattern == "*" {
            return true;
        }
        let (pattern, digest) =
            pattern.split_once('@').map_or((pattern, None), |(name, digest)| (name, Some(digest)));
        if let Some(digest) = digest
            && !self.digest.is_some_and(|own| glob(digest, own))
        {
            return false;
        }
        let (name, tag) = split_tag(pattern);
        if let Some(tag) = tag.filter(|_| digest.is_none())
            && (self.digest.is_some() || !self.tag.is_some_and(|own| glob(tag, own)))
        {
            return false;
        }
        let (registry, repository) = split_registry(name);
        registries_match(&registry, &self.registry) && segments_match(&repository, &self.repository)
    }
}

/// Whether an image can have the name of a pattern, whatever its tag and digest are.
pub fn pattern_can_match(pattern: &str) -> bool {
    let name = pattern.split_once('@').map_or(pattern, |(name, _)| name);
    // Wherever a star may be, a digit may be.
    pattern == "*" || ImageRef::parse(&name.replace('*', "1")).is_some()
}

/// The tag that a pattern without a digest requires.
pub fn pattern_tag(pattern: &str) -> Option<&str> {
    if pattern.contains('@') { None } else { split_tag(pattern).1 }
}

/// Compares labels from the right, where a name is anchored: `registry.example.com*` does not match
/// `registry.example.com.evil.io`.
fn registries_match(pattern: &str, registry: &str) -> bool {
    let ((wanted, wanted_port), (host, port)) = (split_port(pattern), split_port(registry));
    let ports_match = match (wanted_port, port) {
        (Some(wanted), Some(port)) => glob(wanted, port),
        (None, None) => true,
        _ => false,
    };
    let (mut wanted, mut labels) = (wanted.rsplit('.').peekable(), host.rsplit('.'));
    while let Some(label) = wanted.next() {
        if label == "*" && wanted.peek().is_none() {
            return ports_match && labels.next().is_some();
        }
        if !labels.next().is_some_and(|own| glob(label, own)) {
            return false;
        }
    }
    ports_match && labels.next().is_none()
}

fn segments_match(pattern: &str, repository: &str) -> bool {
    let (mut wanted, mut given) = (pattern.split('/').peekable(), repository.split('/'));
    while let Some(segment) = wanted.next() {
        let Some(own) = given.next() else { return false };
        if !glob(segment, own) {
            return false;
        }
        if wanted.peek().is_none() && segment.ends_with('*') {
            return true;
        }
    }
    given.next().is_none()
}

/// The reference without its tag and digest.
pub fn untagged(reference: &str) -> &str {
    split_tag(reference.split_once('@').map_or(reference, |(name, _)| name)).0
}

/// Whether a text matches a pattern in which a star matches any characters.
pub fn glob(pattern: &str, text: &str) -> bool {
    let first = pattern.bytes().next();
    if first != Some(b'*') && first != text.bytes().next() {
        return false;
    }
    let Some((first, pattern)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let (between, last) = pattern.rsplit_once('*').unwrap_or(("", pattern));
    for part in between.split('*') {
        match rest.find(part) {
            Some(start) => rest = rest.get(start + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}

fn split_tag(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (name, None),
    }
}

fn split_port(registry: &str) -> (&str, Option<&str>) {
    registry.rsplit_once(':').map_or((registry, None), |(host, port)| (host, Some(port)))
}

/// The first segment is a registry if it cannot be part of a Docker Hub repository.
fn split_registry(name: &str) -> (Cow<'_, str>, Cow<'_, str>) {
    let is_host = |first: &str| {
        first.contains(['.', ':'])
            || first == "localhost"
            || first.bytes().any(|b| b.is_ascii_uppercase())
    };
    let (registry, repository) = match name.split_once('/') {
        Some((first, rest)) if is_host(first) => (lower_case(first), rest),
        _ => (Cow::Borrowed(DEFAULT_REGISTRY), name),
    };
    let registry =
        if registry == "index.docker.io" { Cow::Borrowed(DEFAULT_REGISTRY) } else { registry };
    // The pattern `docker.io/*` is about the whole registry.
    let is_whole = repository == "*" && repository.len() < name.len();
    if registry == DEFAULT_REGISTRY && !repository.contains('/') && !is_whole {
        return (registry, Cow::Owned(format!("library/{repository}")));
    }
    (registry, Cow::Borrowed(repository))
}

fn lower_case(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|b| b.is_ascii_uppercase()) {
        text.to_ascii_lowercase().into()
    } else {
        text.into()
    }
}

fn is_registry(registry: &str) -> bool {
    let (host, port) = split_port(registry);
    let host_ok = host.split('.').all(|label| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    });
    host_ok && port.is_none_or(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
}

fn is_segment(segment: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    segment.bytes().next().is_some_and(inner)
        && segment.bytes().next_back().is_some_and(inner)
        && segment.bytes().all(|b| inner(b) || b"._-".contains(&b))
}

fn is_tag(tag: &str) -> bool {
    const LONGEST: usize = 128;
    let begins_well = tag.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
    begins_well
        && tag.len() <= LONGEST
        && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

fn is_digest(digest: &str) -> bool {
    digest.split_once(':').is_some_and(|(algorithm, hex)| {
        !algorithm.is_empty()
            && algorithm.bytes().all(|b| b.is_ascii_alphanumeric() || b"+._-".contains(&b))
            && match algorithm {
                "sha256" => hex.len() == 64,
                "sha512" => hex.len() == 128,
                _ => hex.len() >= 32,
            }
            && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn references_are_parsed_as_in_runtimes() {
        let cases = [
            ("flink", "docker.io", "library/flink", None, true),
            ("flink:1.20", "docker.io", "library/flink", Some("1.20"), false),
            ("apache/flink:latest", "docker.io", "apache/flink", Some("latest"), true),
            ("index.docker.io/flink", "docker.io", "library/flink", None, true),
            ("localhost/flink:1", "localhost", "flink", Some("1"), false),
            ("localhost:5000/a/b", "localhost:5000", "a/b", None, true),
            (
                "Registry.Example.com:443/team/flink:v1",
                "registry.example.com:443",
                "team/flink",
                Some("v1"),
                false,
            ),
        ];
        for (text, registry, repository, tag, floating) in cases {
            let image = ImageRef::parse(text).unwrap();
            assert_eq!(
                (&*image.registry, &*image.repository, image.tag, image.floating()),
                (registry, repository, tag, floating),
                "{text}"
            );
        }
        let pinned = format!("registry.example.com/flink:latest@{DIGEST}");
        let image = ImageRef::parse(&pinned).unwrap();
        assert_eq!((image.digest, image.floating()), (Some(DIGEST), false));
    }

    #[test]
    fn references_that_cannot_be_pulled_are_invalid() {
        for text in [
            "",
            " ",
            "a//b",
            "/flink",
            "flink:",
            "flink@",
            "flink@sha256:12",
            "UP/../flink",
            "registry.example.com/",
            "a b",
            "x/Flink",
            "evil.com@good.com/x",
            "registry.example.com@evil",
            "registry.example.com./x",
            "registry.example.com:x/flink",
            "[::1]:5000/flink",
            "flink:.hidden",
            "registry.example.com/flink/../evil",
            "registry.exаmple.com/flink",
            "flink@sha256:0123456789abcdef0123456789abcdef",
        ] {
            assert_eq!(ImageRef::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn patterns_match_segments_and_not_look_alikes() {
        let accepts = [
            ("registry.example.com/flink/*", "registry.example.com/flink/etl:1"),
            ("registry.example.com/flink/*", "registry.example.com/flink/a/b:1"),
            ("registry.example.com/*/flink", "registry.example.com/team/flink"),
            ("*.example.com/flink", "registry.example.com/flink"),
            ("flink", "docker.io/library/flink:1.20"),
            ("docker.io/library/flink", "flink:1.20"),
            ("apache/flink*", "apache/flink-kubernetes:1"),
            ("localhost:5000/flink", "localhost:5000/flink:1"),
            ("registry.example.com/flink:1.20*", "registry.example.com/flink:1.20.4"),
            ("*.example.com/flink", "a.registry.example.com/flink"),
            ("*.dkr.ecr.*.amazonaws.com/flink", "123.dkr.ecr.eu-west-1.amazonaws.com/flink"),
            ("registry.example.com:*/flink", "registry.example.com:5000/flink"),
            ("*", "anything.io/x:1"),
            ("docker.io/*", "apache/flink:1"),
            ("docker.io/*", "flink:1"),
        ];
        for (pattern, image) in accepts {
            assert!(ImageRef::parse(image).unwrap().matches(pattern), "{pattern} {image}");
        }
        let rejects = [
            ("registry.example.com/flink/*", "registry.example.com.evil.io/flink/etl"),
            ("registry.example.com/flink/*", "registry.example.com/flink-evil/etl"),
            ("registry.example.com/flink/*", "registry.example.com/flink"),
            ("registry.example.com/flink/*", "evil.io/registry.example.com/flink/etl"),
            ("registry.example.com/flink/*", "registry.example.com:5000/flink/etl"),
            ("registry.example.com/flink", "registry.example.com/flink/etl"),
            ("registry.example.com/*/flink", "registry.example.com/a/b/flink"),
            ("flink", "evil.io/flink"),
            ("flink", "apache/flink"),
            ("registry.example.com/flink:1.20", "registry.example.com/flink:1.19"),
            ("registry.example.com*/flink", "registry.example.com.evil.io/flink"),
            ("docker.io/*", "docker.io.evil.io/flink"),
            ("docker.io/f*", "apache/flink"),
            ("registry.*/flink", "registry.evil.io/flink"),
            ("*.example.com/flink", "example.com/flink"),
            ("*.example.com/flink", "evil-example.com/flink"),
            ("*.dkr.ecr.*.amazonaws.com/flink", "123.dkr.ecr.evil.io.amazonaws.com.evil.io/flink"),
        ];
        for (pattern, image) in rejects {
            assert!(!ImageRef::parse(image).unwrap().matches(pattern), "{pattern} {image}");
        }
    }

    #[test]
    fn digests_override_tags() {
        let pinned = format!("registry.example.com/flink:1.20@{DIGEST}");
        let image = ImageRef::parse(&pinned).unwrap();
        assert!(!image.matches("registry.example.com/flink:1.20"));
        assert!(
            image.matches("registry.example.com/flink")
                && image.matches(&format!("registry.example.com/flink@{DIGEST}"))
        );
        assert!(!image.matches("registry.example.com/flink@sha256:0000*"));
        assert!(
            !ImageRef::parse("registry.example.com/flink:1.20")
                .unwrap()
                .matches("registry.example.com/flink@sha256:*")
        );
    }

    proptest! {
        #[test]
        fn only_images_under_a_prefix_match_it(
            before in "[a-z.:@/_-]{0,6}", registry in "(?i)registry\\.example\\.com", middle in "[a-zA-Z0-9.:@/*_-]{0,4}",
            folder in "/flink", after in "[a-z0-9.:@/*_-]{0,10}",
        ) {
            let text = format!("{before}{registry}{middle}{folder}{after}");
            let below = text.to_ascii_lowercase().starts_with("registry.example.com/flink/");
            let taken = ImageRef::parse(&text).is_some_and(|image| image.matches("registry.example.com/flink/*"));
            prop_assert!(!taken || below, "{}", text);
        }
    }
}
