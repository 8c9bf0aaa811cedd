//! `flinkgate certs`: a development certificate authority and serving certificate.

use super::{Exit, Outcome};
use crate::server::certificate;
use anyhow::{Context, bail};
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Arguments of `flinkgate certs`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder for `ca.crt`, `tls.crt` and `tls.key`; created if it does not exist
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// DNS name or IP address to add to `localhost`, `127.0.0.1`, `::1` and the names of the
    /// Service; can be repeated
    #[arg(long, value_name = "NAME")]
    san: Vec<String>,
    /// Number of days for which the certificates are valid
    #[arg(long, value_name = "N", default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: u32,
    /// Overwrite existing files
    #[arg(long)]
    force: bool,
}

/// Runs the command.
///
/// # Errors
/// When it could not run.
pub fn run(args: Args) -> Outcome {
    let made = certificate::development(&args.san, args.days).context("invalid `--san`")?;
    std::fs::create_dir_all(&args.out)
        .with_context(|| format!("failed to create folder `{}`", args.out.display()))?;
    let files = [
        ("ca.crt", &made.ca_pem, 0o644),
        ("tls.crt", &made.certificate_pem, 0o644),
        ("tls.key", &made.key_pem, 0o600),
    ];
    // All or nothing: a new key does not match an old certificate.
    for (name, ..) in &files {
        let path = args.out.join(name);
        if !args.force && path.exists() {
            bail!(
                "`{}` exists: choose another folder, or pass `--force` to overwrite it",
                path.display()
            );
        }
    }
    for (name, content, mode) in files {
        let path = args.out.join(name);
        write(&path, content, mode)
            .with_context(|| format!("failed to write `{}`", path.display()))?;
        super::terminal::report(&format!("wrote `{}`", path.display()));
    }
    super::terminal::report(&format!("SHA-256 of the certificate authority: {}", made.ca_sha256));
    Ok(Exit::Fine)
}

/// Replaces the file, so that an old file's permissions do not stay.
fn write(path: &Path, content: &str, mode: u32) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?
        .write_all(content.as_bytes())
}
