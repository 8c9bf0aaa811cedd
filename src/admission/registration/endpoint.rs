//! How API servers reach Flinkgate: a Service, or a URL for a process outside the cluster.

use super::{NAMESPACE, SERVICE};
use axum::http::Uri;
use std::fmt;
use std::str::FromStr;

/// How API servers reach Flinkgate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A Service of the cluster.
    Service(Service),
    /// A URL that API servers can reach.
    Url(BaseUrl),
}

impl Endpoint {
    /// Flinkgate's namespace, which its webhooks exempt.
    pub fn own_namespace(&self) -> &str {
        match self {
            Self::Service(service) => &service.namespace,
            Self::Url(_) => NAMESPACE,
        }
    }
}

/// A Service, written `NAMESPACE/NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Default for Service {
    fn default() -> Self {
        Self { namespace: NAMESPACE.into(), name: SERVICE.into() }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// An `https` URL without the paths `/mutate` and `/validate`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(String);

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why an API server cannot call an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not one slash.
    #[error("not a Service: write `NAMESPACE/NAME`, such as `flinkgate-system/flinkgate`")]
    NotNamespaceAndName,
    /// Not a DNS label, as Kubernetes requires.
    #[error(
        "the {0} is not a DNS label: write at most 63 lower-case letters, digits and hyphens, no hyphen at an end"
    )]
    NotALabel(&'static str),
    /// Not a URL with a host.
    #[error("not a URL with a host: write one such as `https://flinkgate.example.com:9443`")]
    NotAUrl,
    /// Not https.
    #[error("API servers call webhooks only by https: start the URL with `https://`")]
    NotHttps,
    /// User name, query or fragment.
    #[error("API servers accept no user name, query or fragment in a webhook URL: remove `{0}`")]
    TooMuch(char),
}

impl FromStr for Service {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let (namespace, name) = text.split_once('/').ok_or(EndpointError::NotNamespaceAndName)?;
        if name.contains('/') {
            return Err(EndpointError::NotNamespaceAndName);
        }
        for (label, what) in [(namespace, "namespace"), (name, "name")] {
            if !is_dns_label(label) {
                return Err(EndpointError::NotALabel(what));
            }
        }
        Ok(Self { namespace: namespace.into(), name: name.into() })
    }
}

fn is_dns_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

impl FromStr for BaseUrl {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        if let Some(extra) = text.chars().find(|c| matches!(c, '?' | '#' | '@')) {
            return Err(EndpointError::TooMuch(extra));
        }
        let url: Uri = text.parse().map_err(|_| EndpointError::NotAUrl)?;
        match (url.scheme_str(), url.host()) {
            (Some("https"), Some(host)) if !host.is_empty() => {
                Ok(Self(text.trim_end_matches('/').into()))
            }
            (Some("https") | None, _) => Err(EndpointError::NotAUrl),
            (Some(_), _) => Err(EndpointError::NotHttps),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn a_service_has_a_namespace_and_a_name() {
        assert_eq!("flinkgate-system/flinkgate".parse(), Ok(Service::default()));
        for (text, error) in [
            ("flinkgate", EndpointError::NotNamespaceAndName),
            ("a/b/c", EndpointError::NotNamespaceAndName),
            ("/flinkgate", EndpointError::NotALabel("namespace")),
            ("gate/", EndpointError::NotALabel("name")),
            ("Gate/flinkgate", EndpointError::NotALabel("namespace")),
            ("gate/-x", EndpointError::NotALabel("name")),
        ] {
            assert_eq!(text.parse::<Service>(), Err(error), "{text}");
        }
    }

    #[test]
    fn only_https_urls_are_accepted() {
        for (text, kept) in [
            ("https://127.0.0.1:9443", "https://127.0.0.1:9443"),
            ("https://[::1]:9443/", "https://[::1]:9443"),
            ("https://example.com/gate/", "https://example.com/gate"),
        ] {
            assert_eq!(text.parse::<BaseUrl>().unwrap().to_string(), kept);
        }
        for (text, error) in [
            ("http://127.0.0.1:9443", EndpointError::NotHttps),
            ("127.0.0.1:9443", EndpointError::NotAUrl),
            ("https://", EndpointError::NotAUrl),
            ("https:///validate", EndpointError::NotAUrl),
            ("", EndpointError::NotAUrl),
            ("https://me:secret@example.com", EndpointError::TooMuch('@')),
            ("https://example.com?x=1", EndpointError::TooMuch('?')),
            ("https://example.com#x", EndpointError::TooMuch('#')),
        ] {
            assert_eq!(text.parse::<BaseUrl>(), Err(error), "{text}");
        }
    }
}
