//! CPU time of processes, from `/proc`: what a wall clock shows of a shared machine is as much its
//! namespace_objects' doing.

use std::collections::BTreeMap;
use std::fs;

/// Ticks a second, as Linux counts them for user space.
const TICKS: f64 = 100.0;

/// A line of `/proc/<pid>/stat`.
struct Stat {
    program: String,
    parent: u32,
    seconds: f64,
}

/// CPU seconds that a process has used.
pub fn seconds(process: u32) -> f64 {
    stat(process).unwrap().seconds
}

/// CPU seconds that each program has used that a process started, or that those started, by its
/// name; its own are under its own.
pub fn family(ancestor: u32) -> BTreeMap<String, f64> {
    let processes = fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse::<u32>().ok());
    // One that ends in between is none of those that are measured.
    let stats: BTreeMap<u32, Stat> =
        processes.filter_map(|process| Some((process, stat(process)?))).collect();
    let is_of = |process: u32| {
        let mut line = std::iter::successors(Some(process), |process| {
            stats.get(process).map(|stat| stat.parent)
        });
        line.any(|process| process == ancestor)
    };
    let mut used = BTreeMap::new();
    for (_, stat) in stats.iter().filter(|(process, _)| is_of(**process)) {
        *used.entry(stat.program.clone()).or_default() += stat.seconds;
    }
    used
}

fn stat(process: u32) -> Option<Stat> {
    let line = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (start, rest) = line.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let ticks = |index: usize| fields[index].parse::<f64>().unwrap();
    // utime and stime.
    Some(Stat {
        program: start.split_once('(')?.1.to_owned(),
        parent: fields[1].parse().ok()?,
        seconds: (ticks(11) + ticks(12)) / TICKS,
    })
}
