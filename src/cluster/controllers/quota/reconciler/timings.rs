//! How often the leader looks.

use std::time::Duration;

/// How often what happens without a change is done.
#[derive(Clone, Copy, Debug)]
pub struct Timings {
    /// A tenant is looked at when nothing has changed in it for so long.
    pub pause: Duration,
    /// And when its first change was so long ago.
    pub longest: Duration,
    /// Between looks at a tenant of which something is on its way.
    pub again: Duration,
    /// Before a tenant is looked at again whose look came to nothing.
    pub failed: Duration,
    /// Between writes of a tenant's status.
    pub status: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            pause: Duration::from_millis(250),
            longest: Duration::from_secs(1),
            again: Duration::from_secs(15),
            failed: Duration::from_secs(2),
            status: Duration::from_secs(2),
        }
    }
}
