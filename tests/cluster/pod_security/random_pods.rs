//! Pods by chance: every field that the Pod Security Standards read, with good, bad and odd values.
//!
//! Each pod is as wild as chance has it: a tame one is allowed at level restricted but for a field
//! or two, so that every check decides alone now and then.

use crate::seeded::Seeded;
use serde_json::{Map, Value, json};

/// The pod that a number stands for.
pub fn pod(seed: u64) -> Value {
    let mut dice = Dice { rng: Seeded(seed), wild: 0 };
    dice.wild = [0, 2, 2, 5, 15, 50][dice.rng.below(6)];
    dice.pod()
}

const NAMES: [&str; 6] = ["a", "b", "flink-main-container", "side", "", "ü"];

const CAPABILITIES: [&str; 12] = [
    "ALL",
    "NET_BIND_SERVICE",
    "CHOWN",
    "SETPCAP",
    "SYS_CHROOT",
    "NET_RAW",
    "SYS_ADMIN",
    "CAP_CHOWN",
    "chown",
    "all",
    "",
    "NET_ADMIN ",
];

const SYSCTLS: [&str; 19] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
    "net.ipv4.tcp_slow_start_after_idle",
    "net.ipv4.tcp_notsent_lowat",
    "net/ipv4/tcp_syncookies",
    "kernel.msgmax",
    "net.ipv4.tcp_syncookies ",
    "NET.ipv4.tcp_syncookies",
    "",
];

/// All types of volumes, the allowed ones first.
const VOLUMES: [&str; 30] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "gitRepo",
    "nfs",
    "iscsi",
    "glusterfs",
    "rbd",
    "flexVolume",
    "cinder",
    "cephfs",
    "flocker",
    "fc",
    "azureFile",
    "vsphereVolume",
    "quobyte",
    "azureDisk",
    "photonPersistentDisk",
    "portworxVolume",
    "scaleIO",
    "storageos",
];

struct Dice {
    rng: Seeded,
    /// Of a hundred fields, so many are not what a good pod has.
    wild: usize,
}

impl Dice {
    fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.rng.below(choices.len())].clone()
    }

    fn is_wild(&mut self) -> bool {
        self.rng.below(100) < self.wild
    }

    fn times(&mut self, most: usize) -> usize {
        self.rng.below(most + 1)
    }

    /// Writes what a good pod has or, now and then, something else or nothing.
    fn set(
        &mut self,
        object: &mut Map<String, Value>,
        name: &str,
        good: Option<Value>,
        other: impl Fn(&mut Self) -> Value,
    ) {
        let value = if !self.is_wild() {
            good
        } else if self.rng.below(4) == 0 {
            None
        } else {
            Some(other(self))
        };
        if let Some(value) = value {
            object.insert(name.to_owned(), value);
        }
    }

    fn flag(&mut self) -> Value {
        // The last ones are no pod to the API server.
        let odd = self.rng.below(60) == 0;
        if odd {
            self.pick(&[json!("true"), json!(1), json!([])])
        } else {
            self.pick(&[json!(true), json!(false), Value::Null])
        }
    }

    fn number(&mut self) -> Value {
        self.pick(&[
            json!(0),
            json!(1),
            json!(9999),
            json!(-1),
            json!(2_147_483_647_i64),
            Value::Null,
        ])
    }

    fn text(&mut self, good: &[&str]) -> Value {
        let good = self.pick(good);
        let shouted = good.to_uppercase();
        self.pick(&[
            json!(good),
            json!(good),
            json!("Unconfined"),
            json!("unconfined"),
            json!(""),
            json!(shouted),
            json!("x y"),
            Value::Null,
        ])
    }

    fn pod(&mut self) -> Value {
        let mut spec = Map::new();
        for field in ["hostNetwork", "hostPID", "hostIPC"] {
            self.set(&mut spec, field, None, Self::flag);
        }
        let (windows, own_users) = (self.rng.below(6) == 0, self.rng.below(6) == 0);
        self.set(&mut spec, "os", windows.then(|| json!({"name": "windows"})), |dice| {
            dice.pick(&[
                json!({"name": "windows"}),
                json!({"name": "linux"}),
                json!({"name": "Windows"}),
                json!({}),
                Value::Null,
            ])
        });
        self.set(&mut spec, "hostUsers", own_users.then_some(json!(false)), Self::flag);
        let context = self.pod_context();
        self.set(&mut spec, "securityContext", Some(context), |dice| {
            let half = dice.pod_context();
            dice.pick(&[half, json!({}), Value::Null])
        });
        for (list, most) in [("initContainers", 1), ("containers", 2), ("ephemeralContainers", 1)] {
            let count = self.times(most);
            let containers: Vec<Value> = (0..count).map(|_| self.container()).collect();
            self.set(
                &mut spec,
                list,
                (!containers.is_empty()).then(|| containers.into()),
                |dice| {
                    let one = dice.container();
                    dice.pick(&[json!([one]), json!([null]), json!([{}]), json!([]), Value::Null])
                },
            );
        }
        let volumes: Vec<Value> = (0..self.times(2)).map(|_| self.volume()).collect();
        spec.insert("volumes".into(), volumes.into());
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": self.metadata(), "spec": spec})
    }

    fn metadata(&mut self) -> Value {
        let mut annotations = Map::new();
        let profiles = [
            "runtime/default",
            "docker/default",
            "localhost/x",
            "localhost/",
            "unconfined",
            "localhost",
            "Runtime/Default",
            "",
        ];
        let keys = [
            "seccomp.security.alpha.kubernetes.io/pod",
            "container.seccomp.security.alpha.kubernetes.io/",
            "container.apparmor.security.beta.kubernetes.io/",
            "container.apparmor.security.beta.kubernetes.io",
        ];
        for key in keys {
            for name in [""].into_iter().chain(NAMES) {
                self.set(&mut annotations, &format!("{key}{name}"), None, |dice| {
                    let profile = dice.pick(&profiles);
                    dice.pick(&[json!(profile), json!(profile), json!(profile), Value::Null])
                });
            }
        }
        let mut metadata = Map::new();
        self.set(&mut metadata, "annotations", Some(annotations.into()), |dice| {
            dice.pick(&[json!({}), Value::Null])
        });
        metadata.into()
    }

    fn pod_context(&mut self) -> Value {
        let mut context = Map::new();
        let strict = self.rng.below(2) == 0;
        self.shared_context(&mut context, strict);
        self.set(&mut context, "sysctls", None, |dice| {
            let names: Vec<Value> = (0..dice.times(3))
                .map(|_| json!({"name": dice.pick(&SYSCTLS), "value": "1"}))
                .collect();
            dice.pick(&[
                json!(names),
                json!(names),
                json!(names),
                json!([null]),
                json!([{}]),
                Value::Null,
            ])
        });
        context.into()
    }

    fn container_context(&mut self) -> Value {
        let mut context = Map::new();
        let strict = self.rng.below(4) != 0;
        self.shared_context(&mut context, strict);
        self.set(&mut context, "privileged", None, Self::flag);
        self.set(&mut context, "allowPrivilegeEscalation", Some(json!(false)), Self::flag);
        self.set(&mut context, "capabilities", Some(json!({"drop": ["ALL"]})), |dice| {
            let mut capabilities = Map::new();
            for (list, good) in [("add", None), ("drop", Some(json!(["ALL"])))] {
                let before = std::mem::replace(&mut dice.wild, 50);
                dice.set(&mut capabilities, list, good, |dice| {
                    let names: Vec<&str> =
                        (0..dice.times(3)).map(|_| dice.pick(&CAPABILITIES)).collect();
                    dice.pick(&[
                        json!(names),
                        json!(names),
                        json!(names),
                        json!([null]),
                        Value::Null,
                    ])
                });
                dice.wild = before;
            }
            dice.pick(&[capabilities.into(), Value::Null])
        });
        self.set(&mut context, "procMount", None, |dice| dice.text(&["Default", "Unmasked"]));
        context.into()
    }

    /// What pods and containers both have; `strict` for what level restricted asks of either.
    fn shared_context(&mut self, context: &mut Map<String, Value>, strict: bool) {
        self.set(context, "runAsNonRoot", strict.then_some(json!(true)), Self::flag);
        self.set(context, "runAsUser", None, Self::number);
        self.set(
            context,
            "seccompProfile",
            strict.then(|| json!({"type": "RuntimeDefault"})),
            Self::profile,
        );
        self.set(context, "appArmorProfile", None, Self::profile);
        self.set(context, "seLinuxOptions", None, |dice| {
            let mut options = Map::new();
            let types = [
                "container_t",
                "container_init_t",
                "container_kvm_t",
                "container_engine_t",
                "spc_t",
            ];
            let kind = dice.text(&types);
            let user = dice.pick(&[json!("system_u"), json!(""), json!(""), Value::Null]);
            let role = dice.pick(&[json!("system_r"), json!(""), json!(""), Value::Null]);
            options.extend([
                ("type".into(), kind),
                ("user".into(), user),
                ("role".into(), role),
                ("level".into(), json!("s0")),
            ]);
            let dropped = dice.pick(&["type", "user", "role", "none"]);
            options.remove(dropped);
            dice.pick(&[options.into(), Value::Null])
        });
        self.set(context, "windowsOptions", None, |dice| {
            let flag = dice.flag();
            dice.pick(&[json!({"hostProcess": flag}), json!({}), Value::Null])
        });
    }

    fn profile(&mut self) -> Value {
        let kind = self.text(&["RuntimeDefault", "Localhost"]);
        self.pick(&[
            json!({"type": kind, "localhostProfile": "x"}),
            json!({"type": kind}),
            json!({}),
            Value::Null,
        ])
    }

    fn container(&mut self) -> Value {
        let mut container = Map::new();
        let (name, context) = (self.pick(&NAMES), self.container_context());
        self.set(&mut container, "name", Some(json!(name)), |_| Value::Null);
        self.set(&mut container, "securityContext", Some(context), |dice| {
            let half = dice.container_context();
            dice.pick(&[half, json!({}), Value::Null])
        });
        self.set(&mut container, "ports", None, |dice| {
            let ports: Vec<Value> = (0..dice.times(2))
                .map(|_| json!({"containerPort": 8081, "hostPort": dice.number()}))
                .collect();
            dice.pick(&[
                json!(ports),
                json!(ports),
                json!([{"containerPort": 80}, null]),
                Value::Null,
            ])
        });
        for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
            self.set(&mut container, probe, Some(json!({"httpGet": {"port": 80}})), Self::handler);
        }
        self.set(&mut container, "lifecycle", None, |dice| {
            let (start, stop) = (dice.handler(), dice.handler());
            dice.pick(&[
                json!({"postStart": start, "preStop": stop}),
                json!({"preStop": stop}),
                json!({}),
                Value::Null,
            ])
        });
        container.into()
    }

    fn handler(&mut self) -> Value {
        let host = self.pick(&[
            json!(""),
            json!("127.0.0.1"),
            json!("example.com"),
            json!(" "),
            Value::Null,
        ]);
        self.pick(&[
            json!({"httpGet": {"port": 80, "host": host}}),
            json!({"tcpSocket": {"port": 80, "host": host}}),
            json!({"httpGet": {"port": 80}, "tcpSocket": {"port": 80, "host": host}}),
            json!({"exec": {"command": ["true"]}}),
            json!({"httpGet": null}),
            json!({}),
            Value::Null,
        ])
    }

    fn volume(&mut self) -> Value {
        let mut volume = Map::from_iter([("name".to_owned(), json!("v"))]);
        let good = self.pick(&VOLUMES[..9]);
        self.set(&mut volume, good, Some(json!({})), |_| Value::Null);
        for _ in 0..2 {
            let other = self.pick(&VOLUMES);
            self.set(&mut volume, other, None, |dice| dice.pick(&[json!({}), Value::Null]));
        }
        if self.is_wild() {
            let other = self.pick(&VOLUMES);
            return json!({"name": "v", other: {}});
        }
        volume.into()
    }
}
