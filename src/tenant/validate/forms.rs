//! The forms that Kubernetes requires of what a tenant gives to pods, and what to write instead.

pub(in crate::tenant) use crate::kubernetes::validation::Form;

/// How messages about a tenant describe a form.
pub(in crate::tenant) trait Described {
    /// Whether a pattern with stars matches any text of this form.
    fn can_match(self, pattern: &str) -> bool;
    /// What the form is, for messages.
    fn article(self) -> &'static str;
    /// What to write.
    fn help(self) -> &'static str;
}

impl Described for Form {
    fn can_match(self, pattern: &str) -> bool {
        // A star may stand for nothing, for a letter, or for a prefix with its slash.
        ["a", "", "a.a/a"].iter().any(|text| self.fits(&pattern.replace('*', text)))
    }

    fn article(self) -> &'static str {
        match self {
            Self::Key => "a label key",
            Self::LabelValue => "a label value",
            _ => "a name of Kubernetes",
        }
    }

    fn help(self) -> &'static str {
        match self {
            Self::DnsLabel => {
                "write at most 63 lower-case letters, digits and dashes, with a letter or digit at both ends"
            }
            Self::Key => {
                "write at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends, and optionally a DNS name and a slash before them"
            }
            Self::LabelValue => {
                "write at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends"
            }
            _ => {
                "write lower-case letters, digits, dashes and dots, with a letter or digit at both ends"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
