//! `spec.ingress.template`: a URL with `{{name}}` and `{{namespace}}`, as Java reads URLs.

use std::net::Ipv6Addr;

/// Why Java's `URL` refuses a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateProblem {
    /// An exposure bracket without a closing one.
    OpenBracket,
    /// Text in brackets that is not an IPv6 address.
    Address,
    /// Text after the brackets that is not a port.
    AfterBrackets,
    /// A port that is not a number.
    Port,
}

/// The host of a template as Java's `URL` reads it, with placeholders. `None` if there is none;
/// then the operator creates an Ingress for every host.
pub fn host_of_template(template: &str) -> Option<&str> {
    let host = host_and_port(template)?;
    let bare = match host.split_once(']') {
        Some((address, _)) => address.strip_prefix('[').unwrap_or(address),
        None => host.split(':').next().unwrap_or_default(),
    };
    Some(bare.trim()).filter(|host| !host.is_empty())
}

/// The host and port, after the scheme and user name and before the path.
fn host_and_port(template: &str) -> Option<&str> {
    let scheme = ["http://", "https://"].into_iter().find(|scheme| {
        template.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    let rest =
        scheme.and_then(|scheme| template.get(scheme.len()..)).unwrap_or(template).trim_end();
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match authority.split_once('@') {
        // With two of them, Java finds no authority.
        Some((_, after)) if after.contains('@') => None,
        Some((_, after)) => Some(after),
        None => Some(authority),
    }
}

/// Why Java's `URL` refuses a template; placeholders make no difference.
pub fn template_problem(template: &str) -> Option<TemplateProblem> {
    let host = host_and_port(template)?;
    let port = if let Some(literal) = host.strip_prefix('[') {
        let Some((address, after)) = literal.split_once(']') else {
            return Some(TemplateProblem::OpenBracket);
        };
        let address = address.split('%').next().unwrap_or_default();
        if address.parse::<Ipv6Addr>().is_err() {
            return Some(TemplateProblem::Address);
        }
        match after.strip_prefix(':') {
            Some(port) => port,
            None if after.is_empty() => "",
            None => return Some(TemplateProblem::AfterBrackets),
        }
    } else {
        host.split_once(':').map_or("", |(_, port)| port)
    };
    let is_port = port.is_empty() || port.parse::<i32>().is_ok_and(|port| port >= -1);
    (!is_port).then_some(TemplateProblem::Port)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::template_problem as problem;

    #[test]
    fn templates_are_read_as_java_reads_urls() {
        for template in [
            "flink.example.com/{{namespace}}/{{name}}(/|$)(.*)",
            "/{{namespace}}/{{name}}(/|$)(.*)",
            "{{name}}.{{namespace}}.example.com",
            "https://a:8443/x:y",
            "HTTP://a/x",
            "",
            "[::1]:80/x",
            "a@b:80",
            "a@b@c:x",
        ] {
            assert_eq!(problem(template), None, "{template}");
        }
        for template in [
            "a:b/x",
            "example.com:port",
            "https://example.com:{{name}}/",
            "[::1/x",
            "[zz]/x",
            "[::1]x",
            "a:99999999999",
        ] {
            assert!(problem(template).is_some(), "{template}");
        }
    }
}
