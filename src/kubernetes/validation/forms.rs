//! The forms of names, keys and paths that Kubernetes requires.

use std::net::IpAddr;

/// Longest DNS label, label value and name part of a key.
const SHORT: usize = 63;
/// Longest DNS subdomain.
const LONG: usize = 253;
/// Longest name of a port.
const PORT_NAME: usize = 15;

/// A form that Kubernetes requires of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// RFC 1123 label: names of containers and volumes.
    DnsLabel,
    /// RFC 1123 subdomain: names of most objects.
    DnsSubdomain,
    /// The same, or the beginning of one: names of objects that variables come from.
    Prefix,
    /// The same of at most 63 characters, in any case: names of drivers.
    Driver,
    /// The same with underscores: search domains.
    SearchDomain,
    /// A name, optionally with a DNS subdomain before a slash: keys of labels.
    Key,
    /// The same in any case: keys of annotations.
    AnnotationKey,
    /// Value of a label.
    LabelValue,
    /// Name of a port.
    PortName,
    /// Name of a variable in any version of Kubernetes.
    Variable,
    /// Name of a variable since Kubernetes 1.32.
    NewVariable,
    /// Key of a ConfigMap or Secret.
    FileKey,
    /// A path below a folder: relative, without `..`.
    Below,
    /// A path without `..`.
    NoSteps,
    /// A path from the root.
    Absolute,
    /// Name of an HTTP header.
    Header,
    /// IPv4 or IPv6 address.
    Ip,
    /// Name of a kernel parameter.
    Sysctl,
    /// A reference without spaces at its ends.
    Image,
    /// A 32-bit whole number.
    Int32,
    /// A seccomp profile of an annotation.
    SeccompProfile,
    /// An AppArmor profile of an annotation.
    AppArmorProfile,
}

impl Form {
    /// Whether a text has this form.
    pub fn fits(self, text: &str) -> bool {
        match self {
            Self::DnsLabel => text.len() <= SHORT && is_dns_part(text),
            Self::DnsSubdomain => text.len() <= LONG && text.split('.').all(is_dns_part),
            Self::Prefix => {
                let name = text.strip_suffix('-').filter(|name| !name.is_empty()).unwrap_or(text);
                Self::DnsSubdomain.fits(name)
            }
            Self::Driver => text.len() <= SHORT && is_caseless_subdomain(text),
            Self::SearchDomain => text.len() <= LONG && text.split('.').all(is_search_part),
            Self::Key => is_key(text, |prefix| Self::DnsSubdomain.fits(prefix)),
            Self::AnnotationKey => is_key(text, is_caseless_subdomain),
            Self::LabelValue => text.is_empty() || is_word(text),
            Self::PortName => is_port_name(text),
            Self::Variable => {
                text.bytes().all(is_file_byte)
                    && !text.starts_with(|c: char| c.is_ascii_digit())
                    && !text.is_empty()
                    && !steps_up(text)
            }
            Self::NewVariable => {
                !text.is_empty()
                    && text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'=')
            }
            Self::FileKey => {
                !text.is_empty()
                    && text.len() <= LONG
                    && text.bytes().all(is_file_byte)
                    && !steps_up(text)
            }
            Self::Below => !text.starts_with('/') && Self::NoSteps.fits(text),
            Self::NoSteps => text.split('/').all(|part| part != ".."),
            Self::Absolute => text.starts_with('/'),
            Self::Header => {
                !text.is_empty()
                    && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            }
            Self::Ip => is_ip(text),
            Self::Sysctl => text.len() <= LONG && text.split(['.', '/']).all(is_sysctl_part),
            Self::Image => text.trim() == text,
            Self::Int32 => text.parse::<i32>().is_ok() && !text.starts_with('+'),
            Self::SeccompProfile => {
                ["runtime/default", "docker/default", "unconfined"].contains(&text)
                    || text.strip_prefix("localhost/").is_some_and(|path| Self::Below.fits(path))
            }
            Self::AppArmorProfile => {
                ["", "runtime/default", "unconfined"].contains(&text)
                    || text.starts_with("localhost/")
            }
        }
    }
}

fn is_lower(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn is_file_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')
}

/// Whether all bytes are allowed, and the first and last are letters or digits.
fn is_bounded(text: &str, is_end: impl Fn(u8) -> bool, is_inner: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    let ends = bytes.first().zip(bytes.last());
    ends.is_some_and(|(first, last)| is_end(*first) && is_end(*last))
        && bytes.iter().all(|byte| is_end(*byte) || is_inner(*byte))
}

/// A label of a DNS name of any length.
fn is_dns_part(text: &str) -> bool {
    is_bounded(text, is_lower, |byte| byte == b'-')
}

/// Search domains may begin with an underscore.
fn is_search_part(text: &str) -> bool {
    is_sysctl_part(text.strip_prefix('_').unwrap_or(text))
}

fn is_sysctl_part(text: &str) -> bool {
    is_bounded(text, is_lower, |byte| matches!(byte, b'-' | b'_'))
}

fn is_word(text: &str) -> bool {
    text.len() <= SHORT
        && is_bounded(
            text,
            |byte| byte.is_ascii_alphanumeric(),
            |byte| matches!(byte, b'-' | b'.' | b'_'),
        )
}

fn is_key(text: &str, is_prefix: impl Fn(&str) -> bool) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => is_prefix(prefix) && is_word(name),
        None => is_word(text),
    }
}

fn is_caseless_subdomain(text: &str) -> bool {
    let is_end = |byte: u8| byte.is_ascii_alphanumeric();
    text.len() <= LONG && text.split('.').all(|part| is_bounded(part, is_end, |byte| byte == b'-'))
}

fn is_port_name(text: &str) -> bool {
    text.len() <= PORT_NAME
        && is_dns_part(text)
        && !text.contains("--")
        && text.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// Names that a shell or a file system takes for a folder.
fn steps_up(text: &str) -> bool {
    text == "." || text.starts_with("..")
}

/// Kubernetes takes leading zeros in the parts of an IPv4 address.
fn is_ip(text: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part.len() <= 10
            && part.bytes().all(|byte| byte.is_ascii_digit())
            && part.parse::<u64>().is_ok_and(|number| number <= 255)
    };
    text.parse::<IpAddr>().is_ok() || (text.split('.').count() == 4 && text.split('.').all(is_part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_those_of_kubernetes() {
        let long = "a".repeat(64);
        let longer = format!("{}.b", "a".repeat(252));
        let sixteen = "a".repeat(16);
        let cases: &[(Form, &[&str], &[&str])] = &[
            (Form::DnsLabel, &["a", "0", "a-b", "9a"], &["", "-a", "a-", "A", "a.b", "a_b", &long]),
            (
                Form::DnsSubdomain,
                &["a", "a.b", "a-b.c0", &long],
                &["", ".", "a.", ".a", "a..b", "A.b", &longer],
            ),
            (Form::SearchDomain, &["_sip.a", "a"], &["a_", "-a", ""]),
            (
                Form::Key,
                &["a", "A_b.c", "x.y/z", "9"],
                &["", "/a", "a/", "a/b/c", "X.y/z", "a b", "-a", "é", &long],
            ),
            (Form::AnnotationKey, &["X.Y/z", "a"], &["/a", "a/", "x_y/a"]),
            (Form::LabelValue, &["", "a", "1.0", "A_b"], &["a b", "-a", "a-", "a/b", &long]),
            (
                Form::PortName,
                &["rest", "a-1", "1a"],
                &["", "1", "a--b", "-a", "A", "a_b", &sixteen],
            ),
            (
                Form::Variable,
                &["A", "a.b", "-x", "_", ".a"],
                &["", "1A", "A B", "A=B", ".", "..", "..a", "é"],
            ),
            (Form::NewVariable, &["1A", "A B", "..", "{"], &["", "A=B", "é", "a\tb"]),
            (Form::FileKey, &["a", "1", ".a", "a.b"], &["", ".", "..", "..a", "a/b", "a b"]),
            (Form::Below, &["a", "a/b", "a..b", ""], &["/a", "..", "a/../b"]),
            (
                Form::Ip,
                &["10.0.0.1", "010.0.0.1", "::1"],
                &["10.0.0", "10.0.0.256", "a", "1.2.3.4.5", "::1%eth0"],
            ),
            (Form::Sysctl, &["net.core.somaxconn", "a/b_c"], &["", "A", "a..b", "a_"]),
            (Form::Int32, &["1", "-1", "0"], &["", "1.0", "2147483648", "+1"]),
            (
                Form::SeccompProfile,
                &["runtime/default", "localhost/a"],
                &["", "x", "localhost/../a"],
            ),
        ];
        for (form, good, bad) in cases {
            for text in *good {
                assert!(form.fits(text), "{form:?} {text}");
            }
            for text in *bad {
                assert!(!form.fits(text), "{form:?} {text}");
            }
        }
    }
}
