//! Ports on loopback that no other test process takes, between choosing them and listening on them
//! and over restarts.
//!
//! A port that was free a moment ago may be another's now; so each is locked by a file, for as long
//! as its owner lives.

use super::cache;
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the range that systems take for outgoing connections.
const FIRST: u16 = 20_000;
const COUNT: u16 = 2_000;

/// A port that is ours.
pub struct Port {
    number: u16,
    _lock: File,
}

impl Port {
    /// Takes a free one.
    pub fn reserve() -> Result<Self, String> {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let folder = cache::folder()?.join("ports");
        // Each process starts to look elsewhere, so that they seldom meet.
        let start = u16::try_from(std::process::id() % u32::from(COUNT)).unwrap_or(0);
        for _ in 0..COUNT {
            let step = NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
            let number = FIRST + (start + step) % COUNT;
            let lock = cache::lock_file(&folder.join(number.to_string()))?;
            if lock.try_lock().is_ok() && TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok() {
                return Ok(Self { number, _lock: lock });
            }
        }
        Err(format!("no free port from {FIRST} to {} on 127.0.0.1", FIRST + COUNT - 1))
    }

    pub fn number(&self) -> u16 {
        self.number
    }
}
