//! The network of pods: a bridge, an address for each pod in a network namespace of its own, and a
//! file of hosts in the place of DNS.
//!
//! All of it is in the network namespace of the test process, from which nothing leads out.

use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// The address of the bridge, at which the API server and Flinkgate are reached.
pub const HOST: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
const BRIDGE: &str = "pods";

/// The bridge, and the addresses that were given out.
pub struct Network {
    hosts: PathBuf,
    given: Mutex<u16>,
    written: Mutex<BTreeMap<String, Ipv4Addr>>,
}

impl Network {
    /// Makes the bridge, and puts the file of hosts in the place of `/etc/hosts`.
    pub fn start(folder: &Path) -> Result<Self, String> {
        run("ip", &["link", "set", "lo", "up"])?;
        run("ip", &["link", "add", BRIDGE, "type", "bridge"])?;
        run("ip", &["address", "add", &format!("{HOST}/16"), "dev", BRIDGE])?;
        run("ip", &["link", "set", BRIDGE, "up"])?;
        let netns = Path::new("/run/netns");
        fs::create_dir_all(netns).map_err(|error| format!("cannot make {netns:?}: {error}"))?;
        run("mount", &["-t", "tmpfs", "tmpfs", "/run/netns"])?;
        let hosts = folder.join("hosts");
        let network = Self { hosts, given: Mutex::new(1), written: Mutex::default() };
        network.write_hosts(BTreeMap::from([("kubernetes.default.svc".to_owned(), HOST)]));
        run("mount", &["--bind", &network.hosts.to_string_lossy(), "/etc/hosts"])?;
        Ok(network)
    }

    /// The file of hosts, for containers.
    pub fn hosts(&self) -> &Path {
        &self.hosts
    }

    /// Makes a network namespace with an address that no pod had before.
    pub fn attach(&self, namespace: &str) -> Result<Ipv4Addr, String> {
        let number = {
            let mut given = self.given.lock().unwrap();
            *given += 1;
            *given
        };
        let [high, low] = number.to_be_bytes();
        let address = Ipv4Addr::new(10, 77, high, low);
        let (ours, inside) = (format!("pod{number}"), ["-n", namespace]);
        run("ip", &["netns", "add", namespace])?;
        run("ip", &["link", "add", &ours, "type", "veth", "peer", "eth0", "netns", namespace])?;
        run("ip", &["link", "set", &ours, "master", BRIDGE, "up"])?;
        for arguments in [
            ["link", "set", "lo", "up"].as_slice(),
            &["address", "add", &format!("{address}/16"), "dev", "eth0"],
            &["link", "set", "eth0", "up"],
        ] {
            run("ip", &[inside.as_slice(), arguments].concat())?;
        }
        Ok(address)
    }

    /// Removes a network namespace, and with it the pod's end of the wire.
    pub fn detach(&self, namespace: &str) {
        let _ = run("ip", &["netns", "delete", namespace]);
    }

    /// What names mean from now on. Written in place: containers have this file mounted.
    pub fn write_hosts(&self, names: BTreeMap<String, Ipv4Addr>) {
        let mut written = self.written.lock().unwrap();
        if *written == names {
            return;
        }
        let lines = names.iter().map(|(name, address)| format!("{address} {name}\n"));
        let text = "127.0.0.1 localhost\n".to_owned() + &lines.collect::<String>();
        fs::write(&self.hosts, text).unwrap();
        *written = names;
    }
}

fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .map_err(|error| format!("cannot run {program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(format!("{program} {}: {complaint}", arguments.join(" ")))
}
