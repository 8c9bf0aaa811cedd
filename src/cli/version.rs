//! What `flinkgate --version` prints: the build, and the releases of Flink and of its operator whose
//! options, fields and rules are known.

use crate::flink::catalog::Release;
use crate::flink::schemas::operator_releases;
use std::sync::LazyLock;

/// The commit that the binary was built from, by `build.rs`.
const COMMIT: Option<&str> = option_env!("FLINKGATE_COMMIT");

/// The version with what is known of the build; `-V` prints the version alone.
pub(super) fn long() -> &'static str {
    static LONG: LazyLock<String> = LazyLock::new(|| {
        let releases = operator_releases();
        let [first, last] =
            [releases.first(), releases.last()].map(|it| it.copied().unwrap_or_default());
        format!(
            "{}\ncommit:   {}\nFlink:    {} to {}\noperator: {first} to {last}",
            env!("CARGO_PKG_VERSION"),
            COMMIT.unwrap_or("not recorded in this build"),
            Release::oldest().name(),
            Release::newest().name(),
        )
    });
    &LONG
}
