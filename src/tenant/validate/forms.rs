//! The forms of names, keys and values that Kubernetes requires of what a tenant gives to pods.
//!
//! The facts are those of `k8s.io/apimachinery/pkg/util/validation` of Kubernetes 1.34.

/// Longest DNS label, label value and name part of a key.
const SHORT: usize = 63;
/// Longest DNS subdomain.
const LONG: usize = 253;

/// A form that Kubernetes requires of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tenant) enum Form {
    /// RFC 1123 label: names of namespaces and containers.
    DnsLabel,
    /// RFC 1123 subdomain: names of most objects.
    DnsSubdomain,
    /// A name, optionally with a DNS subdomain and a slash before it: keys of labels and taints.
    Key,
    /// The value of a label.
    LabelValue,
}

impl Form {
    /// Whether a text has this form.
    pub(in crate::tenant) fn fits(self, text: &str) -> bool {
        match self {
            Self::DnsLabel => text.len() <= SHORT && is_dns_part(text),
            Self::DnsSubdomain => text.len() <= LONG && text.split('.').all(is_dns_part),
            Self::Key => match text.split_once('/') {
                Some((prefix, name)) => Self::DnsSubdomain.fits(prefix) && is_word(name),
                None => is_word(text),
            },
            Self::LabelValue => text.is_empty() || is_word(text),
        }
    }

    /// Whether a pattern with stars matches any text of this form.
    pub(super) fn can_match(self, pattern: &str) -> bool {
        // A star may stand for nothing, for a letter, or for a prefix with its slash.
        ["a", "", "a.a/a"].iter().any(|text| self.fits(&pattern.replace('*', text)))
    }

    /// What the form is, for messages.
    pub(super) fn article(self) -> &'static str {
        match self {
            Self::DnsLabel | Self::DnsSubdomain => "a name of Kubernetes",
            Self::Key => "a label key",
            Self::LabelValue => "a label value",
        }
    }

    /// What to write.
    pub(in crate::tenant) fn help(self) -> &'static str {
        match self {
            Self::DnsLabel => {
                "write at most 63 lower-case letters, digits and dashes, with a letter or digit at both ends"
            }
            Self::DnsSubdomain => {
                "write lower-case letters, digits, dashes and dots, with a letter or digit at both ends"
            }
            Self::Key => {
                "write at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends, and optionally a DNS name and a slash before them"
            }
            Self::LabelValue => {
                "write at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends"
            }
        }
    }
}

/// A label of a DNS name of any length.
fn is_dns_part(text: &str) -> bool {
    let is_end = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    is_bounded(text, is_end, |byte| byte == b'-')
}

fn is_word(text: &str) -> bool {
    let is_end = |byte: u8| byte.is_ascii_alphanumeric();
    text.len() <= SHORT && is_bounded(text, is_end, |byte| matches!(byte, b'-' | b'_' | b'.'))
}

/// Whether all bytes are allowed, and the first and last are letters or digits.
fn is_bounded(text: &str, is_end: impl Fn(u8) -> bool, is_inner: impl Fn(u8) -> bool) -> bool {
    let ends = text.as_bytes().first().zip(text.as_bytes().last());
    ends.is_some_and(|(first, last)| is_end(*first) && is_end(*last))
        && text.bytes().all(|byte| is_end(byte) || is_inner(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_those_of_kubernetes() {
        let long = "a".repeat(64);
        let longer = format!("{}.b", "a".repeat(252));
        let cases: &[(Form, &[&str], &[&str])] = &[
            (Form::DnsLabel, &["a", "0", "a-b"], &["", "-a", "a-", "A", "a.b", "a_b", &long]),
            (
                Form::DnsSubdomain,
                &["a.b", "a-b.c0", &long],
                &["", ".", "a.", ".a", "a..b", "A.b", &longer],
            ),
            (
                Form::Key,
                &["a", "A_b.c", "x.y/z"],
                &["", "/a", "a/", "a/b/c", "X.y/z", "a b", "-a", "é", &long],
            ),
            (Form::LabelValue, &["", "a", "1.0"], &["a b", "-a", "a-", "a/b", &long]),
        ];
        for (form, good, bad) in cases {
            assert!(good.iter().all(|text| form.fits(text)), "{form:?}");
            bad.iter().for_each(|text| assert!(!form.fits(text), "{form:?} {text}"));
        }
    }

    #[test]
    fn stars_match_what_they_can() {
        for (form, pattern, expected) in [
            (Form::DnsSubdomain, "*", true),
            (Form::DnsSubdomain, "pay-*", true),
            (Form::DnsSubdomain, "pay*-x", true),
            (Form::DnsSubdomain, "Pay*", false),
            (Form::DnsSubdomain, "", false),
            (Form::Key, "istio*", true),
            (Form::Key, "sidecar.istio.io/*", true),
            (Form::Key, "*/inject", true),
            (Form::Key, "*b c*", false),
        ] {
            assert_eq!(form.can_match(pattern), expected, "{form:?} {pattern}");
        }
    }
}
