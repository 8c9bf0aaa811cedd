//! The Flink version that an object names.

use super::{Declared, Found, Problem, Subject, Weight, shown};
use crate::flink::catalog::Release;
use crate::flink::version::FlinkVersion;

/// The oldest that the operator deploys.
const OLDEST: FlinkVersion = FlinkVersion::new(1, 15);

/// The oldest that it will still deploy in time to come.
const OLDEST_TO_STAY: FlinkVersion = FlinkVersion::new(1, 19);

/// A version that the operator needs, reads and deploys.
pub(super) fn version(declared: &Declared<'_>, found: &mut Found) {
    let place = || declared.at("/flinkVersion");
    let Some(value) = declared.field("/flinkVersion") else {
        let message = "the Flink version is missing, and the operator deploys nothing without one";
        return found.tell(Subject::Version, place(), message);
    };
    let Some(version) = declared.workload.version else {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        return found.tell(
            Subject::Version,
            place(),
            format!("`{}` is no Flink version", shown(&text)),
        );
    };
    if version < OLDEST {
        found.tell(
            Subject::Version,
            place(),
            format!(
                "Flink {version} is too old for the operator, which deploys {OLDEST} and newer"
            ),
        );
    } else if version < OLDEST_TO_STAY {
        found.add(Problem {
            subject: Subject::Version,
            pointer: place(),
            message: format!(
                "Flink {version} is deprecated: the operator will not deploy it much longer"
            ),
            help: Some(format!("move to {OLDEST_TO_STAY} or newer")),
            weight: Some(Weight::Warning),
        });
    }
}

/// A version between or beyond those of the catalog is judged as the newest before it.
pub(super) fn unknown(declared: &Declared<'_>, found: &mut Found) {
    let Some(version) = declared.workload.version.filter(|version| *version >= OLDEST_TO_STAY)
    else {
        return;
    };
    let known = Release::of(version);
    if !known.is(version) {
        found.add(Problem {
            subject: Subject::Version,
            pointer: declared.at("/flinkVersion"),
            message: format!(
                "Flink {}.{} is not known here: it is taken for {}",
                version.major,
                version.minor,
                known.name()
            ),
            help: Some(
                "use a Flinkgate that knows this version to have all its options checked".into(),
            ),
            weight: Some(Weight::Info),
        });
    }
}
