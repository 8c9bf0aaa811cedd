//! Service accounts that pods run as, and that TaskManagers will run as.

use super::super::pods::Pods;
use super::{Found, Subject, shown, texts, use_one_of};

pub(super) fn judge(subject: &Subject<'_>, found: &mut Found) {
    let Some(allowed) = texts(&subject.security["serviceAccounts"]) else { return };
    let message = |role: &str, name: &str| {
        format!("pods of role {role} must not run as service account {:?}", shown(name))
    };
    for Pods { set, account, .. } in subject.pods {
        if !allowed.contains(&account.name) {
            found.add(
                "serviceAccounts",
                &account.place,
                message(set.role.as_str(), account.name),
                use_one_of(&allowed),
            );
        }
    }
    if subject.asks_for_task_managers()
        && let Some((key, entry)) = subject
            .option(&["kubernetes.taskmanager.service-account", "kubernetes.service-account"])
        && !allowed.contains(&entry.value.as_str())
    {
        found.add(
            "serviceAccounts",
            &subject.place(key, entry),
            message("taskManager", &entry.value),
            use_one_of(&allowed),
        );
    }
}
