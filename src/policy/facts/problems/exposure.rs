//! Who reaches Flink's REST port, behind which anybody may run code.

use super::{Found, Subject, shown, texts, use_one_of};

pub(super) fn judge(subject: &Subject<'_>, found: &mut Found) {
    let Some(allowed) = texts(&subject.tenant["network"]["serviceTypes"]) else { return };
    let key = "kubernetes.rest-service.exposed.type";
    if subject.workload.declares_cluster
        && let Some(entry) = subject.workload.config.entry(key)
        && !allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(&entry.value))
        && subject.option(&[key]).is_some()
    {
        let message = format!("Flink's REST port must not be reached through a Service of type {:?}", shown(&entry.value));
        found.add("exposure", &subject.place(key, entry), message, use_one_of(&allowed));
    }
}
