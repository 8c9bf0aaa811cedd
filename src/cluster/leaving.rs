//! Namespaces that are being deleted: the API server creates nothing in them.

/// The cause in the API server's answer.
const TERMINATING: &str = "NamespaceTerminating";
const NOT_FOUND: u16 = 404;

/// Whether a creation failed because its namespace is being deleted, or is gone.
pub fn is_namespace_leaving(error: &kube::Error) -> bool {
    let kube::Error::Api(status) = error else { return false };
    let Some(details) = &status.details else { return false };
    let is_gone = status.code == NOT_FOUND && details.kind == "namespaces";
    is_gone || details.causes.iter().any(|cause| cause.reason == TERMINATING)
}
