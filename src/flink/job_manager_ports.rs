//! The ports of JobManagers: which of them may be a REST port.

use super::config::FlinkConfig;
use super::exposures::{PortRef, Selection, ServicePort};
use crate::resource::fields::{elements, elements_at, text};
use crate::resource::steps;
use serde_json::Value;
use std::collections::BTreeMap;

/// Flink's default REST port (`rest.port`).
pub const REST_PORT: u64 = 8081;
/// Names of that port in the manifests of Flink and its operators.
const REST_PORT_NAMES: [&str; 6] = ["rest", "ui", "webui", "web-ui", "flink-ui", "jobmanager-ui"];
/// Other ports of a JobManager: RPC, blobs, queryable state and metrics. Every other one may be a
/// REST port with a different number, or that of a proxy.
const OTHER_PORTS: [u64; 5] = [6123, 6124, 6125, 9249, 9250];
const OTHER_NAMES: [&str; 8] =
    ["rpc", "jobmanager-rpc", "blob", "blobserver", "blob-server", "query", "metrics", "prom"];

/// No port has a higher number.
const MOST: u64 = u32::MAX as u64;

/// First and last number of a range of ports.
type Range = (u64, u64);

/// The ports of one or more sets of JobManagers together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobManagerPorts {
    sets: usize,
    named: BTreeMap<String, NamedPort>,
    /// The ports that are no set's REST port, in order and apart.
    others: Vec<Range>,
}

/// A port that containers name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct NamedPort {
    /// The number of sets that have it.
    sets: usize,
    /// Whether it may be the REST port of one of them.
    may_be_rest: bool,
}

impl JobManagerPorts {
    /// Those of one set, according to its template and the options of its processes.
    pub fn of(template: &Value, config: &FlinkConfig) -> Self {
        let containers = || {
            let lists = ["/spec/containers", "/spec/initContainers"];
            lists.into_iter().flat_map(|list| elements_at(template, list))
        };
        let ports = || {
            let ports = containers().flat_map(|container| elements(container, "ports"));
            ports.filter_map(|port| {
                steps::step();
                Some((text(port, "name"), port.get("containerPort")?.as_u64()?))
            })
        };
        let of = |key: &str| config.get(key).map(ranges).unwrap_or_default();
        let mut rest: Vec<Range> =
            ["rest.bind-port", "rest.port"].into_iter().flat_map(of).collect();
        rest.push((REST_PORT, REST_PORT));
        rest.extend(
            ports().filter(|(name, _)| is_rest_name(name)).map(|(_, number)| (number, number)),
        );
        let mut others = other_ports(config);
        others.extend(["jobmanager.rpc.port", "blob.server.port"].into_iter().flat_map(of));
        let others = without(&joined(others), &joined(rest));
        let mut named: BTreeMap<String, NamedPort> = BTreeMap::new();
        for (name, number) in ports() {
            let port =
                named.entry(name.to_owned()).or_insert(NamedPort { sets: 1, may_be_rest: false });
            port.may_be_rest |= !contains(&others, number);
        }
        Self { sets: 1, named, others }
    }

    /// Adds those of other sets.
    pub fn add(&mut self, more: &Self) {
        if self.sets == 0 {
            more.clone_into(self);
            return;
        }
        self.sets = self.sets.saturating_add(more.sets);
        for (name, port) in &more.named {
            let own = self.named.entry(name.clone()).or_default();
            own.sets = own.sets.saturating_add(port.sets);
            own.may_be_rest |= port.may_be_rest;
        }
        if self.others != more.others {
            self.others = in_both(&self.others, &more.others);
        }
    }

    /// How many sets these are.
    pub fn sets(&self) -> usize {
        self.sets
    }

    /// How much there is to look at.
    pub fn parts(&self) -> usize {
        self.named.len().saturating_add(self.others.len()).saturating_add(1)
    }

    /// Whether one of these ports of a Service leads to a REST port. A Service without ports, which is
    /// headless, leads to all of them.
    pub fn are_reached_by(&self, ports: &[ServicePort]) -> bool {
        self.sets > 0 && (ports.is_empty() || ports.iter().any(|port| self.is_reached_by(port)))
    }

    /// Whether a port of a Service leads to a REST port.
    pub fn is_reached_by(&self, port: &ServicePort) -> bool {
        steps::step();
        match &port.target {
            PortRef::Number(number) => self.sets > 0 && !contains(&self.others, *number),
            PortRef::Name(name) => match self.named.get(name) {
                Some(port) if port.may_be_rest => true,
                Some(port) if port.sets >= self.sets => false,
                _ => self.sets > 0 && !OTHER_NAMES.contains(&name.as_str()),
            },
        }
    }
}

/// The ports of Flink's RPC, blobs and metrics.
fn other_ports(config: &FlinkConfig) -> Vec<Range> {
    let mut others: Vec<Range> = OTHER_PORTS.map(|port| (port, port)).into();
    for (key, entry) in config.under("metrics.reporter.") {
        steps::step();
        // Those that listen; others send to a port elsewhere.
        let listens = |reporter: &str| {
            let class = config.get(&format!("{reporter}.factory.class")).unwrap_or_default();
            ["PrometheusReporterFactory", "JMXReporterFactory"]
                .iter()
                .any(|own| class.ends_with(own))
        };
        if key.strip_suffix(".port").is_some_and(listens) {
            others.extend(ranges(&entry.value));
        }
    }
    for (_, entry) in config.under("env.java.") {
        steps::step();
        let ports = entry.value.split("jmxremote.port=").skip(1);
        others.extend(ports.filter_map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let port = rest.get(..end)?.parse().ok()?;
            Some((port, port))
        }));
    }
    others
}

/// The numbers of a port option, which may be lists and ranges.
fn ranges(value: &str) -> Vec<Range> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
    };
    value.split(',').filter_map(range).collect()
}

/// The same numbers in ranges that are in order and apart.
fn joined(mut ranges: Vec<Range>) -> Vec<Range> {
    ranges.retain(|(first, last)| first <= last && *first <= MOST);
    ranges.sort_unstable();
    let mut joined: Vec<Range> = Vec::new();
    for (first, last) in ranges {
        match joined.last_mut() {
            Some((_, end)) if first <= end.saturating_add(1) => *end = last.min(MOST).max(*end),
            _ => joined.push((first, last.min(MOST))),
        }
    }
    joined
}

/// The numbers of the first ranges that are not in the second ones.
fn without(ranges: &[Range], removed: &[Range]) -> Vec<Range> {
    let mut left = Vec::new();
    let mut removed = removed.iter().copied().peekable();
    for &(mut first, last) in ranges {
        while let Some(&(from, to)) = removed.peek() {
            if to < first {
                removed.next();
            } else {
                if from > last {
                    break;
                }
                if from > first {
                    left.push((first, from.saturating_sub(1)));
                }
                first = to.saturating_add(1);
                if to >= last {
                    break;
                }
            }
        }
        if first <= last {
            left.push((first, last));
        }
    }
    left
}

/// The numbers that are in both.
fn in_both(ones: &[Range], others: &[Range]) -> Vec<Range> {
    let mut both = Vec::new();
    let (mut ones, mut others) = (ones.iter().peekable(), others.iter().peekable());
    while let (Some(&&(first, last)), Some(&&(from, to))) = (ones.peek(), others.peek()) {
        let (start, end) = (first.max(from), last.min(to));
        if start <= end {
            both.push((start, end));
        }
        if last <= to {
            ones.next();
        } else {
            others.next();
        }
    }
    both
}

fn contains(ranges: &[Range], number: u64) -> bool {
    let after = ranges.partition_point(|(first, _)| *first <= number);
    let range = after.checked_sub(1).and_then(|before| ranges.get(before));
    range.is_some_and(|(_, last)| number <= *last)
}

/// Whether a port is by its number or name one of a JobManager's others.
pub fn is_other(port: &PortRef) -> bool {
    match port {
        PortRef::Number(number) => OTHER_PORTS.contains(number),
        PortRef::Name(name) => OTHER_NAMES.contains(&name.as_str()),
    }
}

/// Whether one of the ports has the number or a usual name of the REST port. That proves nothing.
pub fn has_rest_port(selection: &Selection) -> bool {
    selection.ports.iter().any(|port| match &port.target {
        PortRef::Number(number) => *number == REST_PORT,
        PortRef::Name(name) => is_rest_name(name),
    })
}

/// Whether this is a usual name of the REST port.
pub fn is_rest_name(name: &str) -> bool {
    REST_PORT_NAMES.iter().any(|rest| name.eq_ignore_ascii_case(rest))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn numbers(ranges: &[Range]) -> Vec<u64> {
        (0..64).filter(|number| ranges.iter().any(|(a, b)| (a..=b).contains(&number))).collect()
    }

    proptest! {
        #[test]
        fn ranges_are_sets_of_numbers(
            ones in proptest::collection::vec((0_u64..64, 0_u64..64), 0..8),
            others in proptest::collection::vec((0_u64..64, 0_u64..64), 0..8),
        ) {
            let (a, b) = (joined(ones.clone()), joined(others.clone()));
            prop_assert_eq!(numbers(&a), numbers(&ones));
            let (of_a, of_b) = (numbers(&a), numbers(&b));
            let kept = |both: bool| -> Vec<u64> {
                of_a.iter().copied().filter(|number| of_b.contains(number) == both).collect()
            };
            prop_assert_eq!(numbers(&in_both(&a, &b)), kept(true));
            prop_assert_eq!(numbers(&without(&a, &b)), kept(false));
            for number in 0..64 {
                prop_assert_eq!(contains(&a, number), of_a.contains(&number));
            }
        }
    }

    #[test]
    fn ports_of_several_sets_are_reached_if_one_is() {
        let ports = |rest: &str| {
            let mut config = FlinkConfig::default();
            config.set("rest.port", rest, None);
            let template = serde_json::json!({"spec": {"containers": [{"ports": [{"name": "x", "containerPort": 9249}]}]}});
            JobManagerPorts::of(&template, &config)
        };
        let through = |target: PortRef| ServicePort { name: String::new(), number: None, target };
        let mut both = ports("8081");
        assert!(!both.is_reached_by(&through(PortRef::Number(6123))));
        assert!(!both.is_reached_by(&through(PortRef::Name("x".into()))));
        both.add(&ports("6123"));
        assert!(both.is_reached_by(&through(PortRef::Number(6123))));
        assert!(!both.is_reached_by(&through(PortRef::Number(9249))));
        assert!(both.are_reached_by(&[]));
    }
}
