//! Which options hold what must not be seen: keys of object stores, passwords, tokens.

/// HTTP headers with which the operator fetches a session job's JAR.
pub const OPERATOR_HTTP_HEADERS: &str = "kubernetes.operator.user.artifacts.http.header";

/// HTTP headers with which a JobManager fetches its own JAR.
pub const HTTP_HEADERS: &str = "user.artifacts.http-headers";

/// Ends of keys below which a file system, a reporter or a store is told its secret.
const ENDS: [&str; 17] = [
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

/// Options that hold one, or below which users' own names stand.
const OPTIONS: [&str; 3] = [
    "fs.azure.account.key",
    "fs.azure.account.oauth2.client.secret",
    "high-availability.zookeeper.client.authorization",
];

/// Whether the value of this option is a secret. The options that name Secrets or files hold none.
pub fn is_credential(key: &str) -> bool {
    let ends_with = |end: &&str| {
        key.len()
            .checked_sub(end.len())
            .and_then(|at| key.get(at..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
    };
    let below = |option: &str| {
        key.strip_prefix(option).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    ENDS.iter().any(ends_with) || OPTIONS.iter().any(|option| below(option))
}

/// Whether a value only says where the secret comes from: a variable that a shell or Kubernetes
/// fills in.
pub fn is_reference(value: &str) -> bool {
    let value = value.trim();
    value.is_empty() || value.contains("${") || value.contains("$(") || value.starts_with('$')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_keys() {
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
