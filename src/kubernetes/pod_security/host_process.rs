//! Windows containers that run on the node itself.

use super::pod::{Pod, Subject, field, is_on};
use super::violation::{Control, Found, Said};

pub(super) fn check(_: &Pod<'_>, subject: &Subject<'_>, found: &mut Found) {
    if field(subject.context, "windowsOptions").is_some_and(|options| is_on(options, "hostProcess"))
    {
        found.add(Control::HostProcess, "windowsHostProcess", || {
            let message = format!("{subject} must not be a Windows HostProcess");
            Said::new(
                subject.context_place(&["windowsOptions", "hostProcess"]),
                message,
                "remove hostProcess: true",
            )
        });
    }
}
