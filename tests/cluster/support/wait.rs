//! Waiting, with an end to it.

use std::time::{Duration, Instant};

/// Longer than anything takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(50);

/// Asks until there is an answer; `Err` holds what was seen last and becomes the message when
/// patience is over.
pub fn try_until<T>(what: &str, probe: impl FnMut() -> Result<T, String>) -> Result<T, String> {
    try_within(PATIENCE, PAUSE, what, probe)
}

/// The same for what takes longer by design; asks now and then.
pub fn within<T>(patience: Duration, what: &str, probe: impl FnMut() -> Result<T, String>) -> T {
    try_within(patience, PAUSE * 20, what, probe).unwrap_or_else(|error| panic!("{error}"))
}

fn try_within<T>(
    patience: Duration,
    pause: Duration,
    what: &str,
    mut probe: impl FnMut() -> Result<T, String>,
) -> Result<T, String> {
    let end = Instant::now() + patience;
    loop {
        match probe() {
            Ok(answer) => return Ok(answer),
            Err(seen) if Instant::now() >= end => {
                return Err(format!(
                    "not within {} s: {what}; last seen: {seen}",
                    patience.as_secs()
                ));
            }
            Err(_) => std::thread::sleep(pause),
        }
    }
}

/// Asks until there is an answer; fails the test when patience is over.
pub fn until<T>(what: &str, probe: impl FnMut() -> Result<T, String>) -> T {
    try_until(what, probe).unwrap_or_else(|error| panic!("{error}"))
}

/// The same for asynchronous probes.
pub async fn until_async<T, F: Future<Output = Result<T, String>>>(
    what: &str,
    mut probe: impl FnMut() -> F,
) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        match probe().await {
            Ok(answer) => return answer,
            Err(seen) => assert!(
                Instant::now() < end,
                "not within {} s: {what}; last seen: {seen}",
                PATIENCE.as_secs()
            ),
        }
        tokio::time::sleep(PAUSE).await;
    }
}
