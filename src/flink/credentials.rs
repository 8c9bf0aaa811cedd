//! Recognises options with secret values: access keys, passwords, tokens.

/// HTTP headers that the operator sends to fetch a session job's JAR.
pub const OPERATOR_HTTP_HEADERS: &str = "kubernetes.operator.user.artifacts.http.header";

/// HTTP headers that a JobManager sends to fetch its JAR.
pub const HTTP_HEADERS: &str = "user.artifacts.http-headers";

/// Endings of keys for the secrets of file systems, reporters and stores.
pub(super) const ENDS: [&str; 17] = [
    "access-key",
    "access.key",
    "secret-key",
    "secret.key",
    "session-token",
    "session.token",
    "accesskeyid",
    "accesskeysecret",
    "securitytoken",
    "client.secret",
    "private.key",
    "password",
    "passphrase",
    "apikey",
    "api-key",
    "credential",
    ".token",
];

/// Options with a secret value, or with user-defined keys below them.
pub(super) const OPTIONS: [&str; 3] = [
    "fs.azure.account.key",
    "fs.azure.account.oauth2.client.secret",
    "high-availability.zookeeper.client.authorization",
];

/// Whether the value of this option is a secret. Options that name Secrets or files do not count.
pub fn is_credential(key: &str) -> bool {
    let last = key.bytes().next_back().map(|byte| byte.to_ascii_lowercase());
    let ends_with = |end: &&str| {
        end.bytes().next_back() == last
            && key
                .len()
                .checked_sub(end.len())
                .and_then(|at| key.get(at..))
                .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
    };
    let below = |option: &str| {
        key.strip_prefix(option).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    ENDS.iter().any(ends_with) || OPTIONS.iter().any(|option| below(option))
}

/// Whether a value only refers to a secret: a variable that a shell or Kubernetes replaces.
pub fn is_reference(value: &str) -> bool {
    let value = value.trim();
    value.is_empty() || value.contains("${") || value.contains("$(") || value.starts_with('$')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_recognised_by_their_keys() {
        for key in [
            "s3.access-key",
            "s3.secret-key",
            "s3.session-token",
            "fs.s3a.access.key",
            "fs.s3a.bucket.payments.secret.key",
            "fs.azure.account.key.account.blob.core.windows.net",
            "fs.oss.accessKeySecret",
            "security.ssl.rest.keystore-password",
            "metrics.reporter.dghttp.apikey",
            "high-availability.zookeeper.client.authorization",
        ] {
            assert!(is_credential(key), "{key}");
        }
        for key in [
            "kubernetes.secrets",
            "kubernetes.secrets.a",
            "kubernetes.env.secretKeyRef",
            "s3.endpoint",
            "fs.s3a.path.style.access",
            "security.delegation.tokens.enabled",
            "security.kerberos.login.keytab",
            "state.backend.type",
        ] {
            assert!(!is_credential(key), "{key}");
        }
        assert!(is_reference("${KEY}") && is_reference("$(KEY)") && !is_reference("AKIA"));
    }
}
