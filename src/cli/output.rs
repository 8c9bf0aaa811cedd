//! Standard output without a panic when its reader has gone.

use std::io::{self, Write};

/// Writes text to standard output; a reader that has gone away (`| head`) is not an error.
///
/// # Errors
/// When writing fails for another reason.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
