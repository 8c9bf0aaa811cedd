//! One replica leads: another follows when it dies, hangs or leaves.

use super::support::wait::until;
use super::support::{ControlPlane, Flinkgate, shared};
use std::time::{Duration, Instant};

/// A Lease lasts longer than this: whoever follows sooner did not have to wait for its end.
const AT_ONCE: Duration = Duration::from_secs(12);

fn start(control_plane: &ControlPlane, namespace: &str) -> Flinkgate {
    Flinkgate::start(control_plane, &["--cluster", "--namespace", namespace])
}

/// The names under which a replica has held the Lease, and whether it still thinks so.
fn held(replica: &Flinkgate) -> (Option<String>, bool) {
    let mut held = (None, false);
    for line in replica.log() {
        match line["message"].as_str() {
            Some("this replica holds the Lease") => {
                held = (line["identity"].as_str().map(str::to_owned), true)
            }
            Some("this replica no longer holds the Lease") => held.1 = false,
            _ => {}
        }
    }
    held
}

/// Waits until a replica holds the Lease and the Lease says so; gives the number of times that the
/// holder changed.
fn wait_holds(control_plane: &ControlPlane, namespace: &str, replica: &Flinkgate) -> i64 {
    until("the replica holds the Lease", || {
        let lease = control_plane.get(&["lease", "flinkgate", "--namespace", namespace]);
        match held(replica) {
            (Some(identity), true) if lease["spec"]["holderIdentity"] == identity.as_str() => {
                Ok(lease["spec"]["leaseTransitions"].as_i64().unwrap_or(0))
            }
            held => Err(format!("{held:?} {}", lease["spec"])),
        }
    })
}

#[test]
fn one_replica_leads_and_another_follows_when_it_dies_hangs_or_leaves() {
    let control_plane = shared();
    let namespace = control_plane.namespace("lease");
    let mut dies = start(control_plane, &namespace);
    assert_eq!(wait_holds(control_plane, &namespace, &dies), 0);
    let mut hangs = start(control_plane, &namespace);
    hangs.wait_ready();
    assert_eq!(held(&hangs), (None, false));

    dies.process().kill();
    assert_eq!(wait_holds(control_plane, &namespace, &hangs), 1);

    let mut leaves = start(control_plane, &namespace);
    leaves.wait_ready();
    hangs.process().signal("STOP");
    assert_eq!(wait_holds(control_plane, &namespace, &leaves), 2);
    // It wakes up, sees that it is too late, and undoes nothing.
    hangs.process().signal("CONT");
    until("the replica that hung knows that it leads no more", || match held(&hangs) {
        (Some(_), false) => Ok(()),
        held => Err(format!("{held:?}")),
    });
    assert_eq!(wait_holds(control_plane, &namespace, &leaves), 2);
    assert!(held(&leaves).1);

    let since = Instant::now();
    leaves.process().signal("TERM");
    assert_eq!(wait_holds(control_plane, &namespace, &hangs), 3);
    assert!(since.elapsed() < AT_ONCE, "followed after {:?}", since.elapsed());
    assert_eq!(leaves.terminate(), Some(0));
}
