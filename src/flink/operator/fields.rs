//! Log files that the operator mounts.

use super::{Declared, Found, Subject, shown};
use crate::resource::pointer;
use serde_json::Value;

/// The files of a log configuration that the operator mounts.
const LOG_FILES: [&str; 2] = ["log4j-console.properties", "logback-console.xml"];

/// Log files that the operator knows.
pub(super) fn log_configuration(declared: &Declared<'_>, found: &mut Found) {
    let Some(files) = declared.field("/logConfiguration").and_then(Value::as_object) else {
        return;
    };
    for name in files.keys().filter(|name| !LOG_FILES.contains(&name.as_str())) {
        let message = format!("the operator takes no log configuration `{}`", shown(name));
        found.tell(
            Subject::LogConfiguration,
            pointer::join(&declared.at("/logConfiguration"), name),
            message,
        );
    }
}
