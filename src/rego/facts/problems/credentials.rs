//! Secrets that stand in the configuration itself, where everybody who may read the object, its
//! ConfigMap or Flink's web pages sees them. No message says one.

use super::{Found, Subject};
use crate::flink::credentials::{is_credential, is_reference};
use crate::flink::map_options::map_entries;

/// With which the operator fetches a session job's jar.
pub(super) const HEADERS: &str = "kubernetes.operator.user.artifacts.http.header";

/// With which a JobManager fetches its own jar.
const FETCHERS_HEADERS: &str = "user.artifacts.http-headers";

pub(super) fn judge(subject: &Subject<'_>, found: &mut Found) {
    let config = &subject.workload.config;
    let help = "give it as a Secret: mounted, as environment from a Secret, or by the pods' cloud identity";
    for (key, entry) in config.iter() {
        if is_credential(key)
            && !is_reference(&entry.value)
            && let Some(place) = subject.written(key, entry)
        {
            found.add(
                "credentials",
                place,
                format!("option {key} holds a secret in plain text"),
                help.to_owned(),
            );
        }
    }
    for header in
        [HEADERS, FETCHERS_HEADERS].into_iter().flat_map(|option| map_entries(config, option))
    {
        let secret = ["authorization", "proxy-authorization", "cookie"]
            .iter()
            .any(|name| header.key.trim().eq_ignore_ascii_case(name));
        if (secret || is_credential(&header.key.to_ascii_lowercase()))
            && let Some(place) = subject.written(header.option, header.entry)
        {
            let message = format!("option {} holds a secret in plain text", header.option);
            found.add(
                "credentials",
                place,
                message,
                "fetch the jar from where no secret is needed, or put it into the image".to_owned(),
            );
        }
    }
}
