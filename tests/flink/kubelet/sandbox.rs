//! A container: a process in mount, process and host-name namespaces of its own, in the network
//! namespace of its pod, with a root folder that has only what an image of Flink has.
//!
//! The image is the Flink distribution, the machine's `/usr`, and a user `flink`. A read-only root,
//! the user, its groups and `allowPrivilegeEscalation` are as the pod says; limits of cpu and memory
//! are not enforced.

use super::environment::expand;
use crate::api::text;
use crate::needs::Needs;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

/// The user of Flink's images.
const FLINK: u64 = 9999;

/// What a container is made of.
pub struct Plan<'a> {
    pub pod: &'a Value,
    pub container: &'a Value,
    pub variables: Vec<(String, String)>,
    pub volumes: &'a BTreeMap<String, PathBuf>,
    pub hosts: &'a Path,
    pub needs: &'a Needs,
}

/// A running container, or one that has ended.
pub struct Container {
    child: Child,
}

impl Container {
    /// Starts it; what it prints is added to `log`.
    pub fn start(plan: &Plan, folder: &Path, network: &str, log: &Path) -> Result<Self, String> {
        let name = text(plan.container, "/name");
        let failed = |error: std::io::Error| format!("container {name}: {error}");
        let (script, root) =
            (folder.join(format!("{name}.sh")), folder.join(format!("{name}-root")));
        fs::write(&script, plan.script(&root)?).map_err(failed)?;
        let log = File::options().create(true).append(true).open(log).map_err(failed)?;
        let child = Command::new("nsenter")
            .arg(format!("--net=/run/netns/{network}"))
            .args(["unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child", "bash"])
            .arg(&script)
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(failed)?)
            .stderr(log)
            .spawn()
            .map_err(failed)?;
        Ok(Self { child })
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Sends a signal to its first process.
    pub fn signal(&self, signal: &str) {
        let id = self.child.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        if let Some(first) = children.unwrap_or_default().split_whitespace().next() {
            let _ = Command::new("kill").args(["-s", signal, first]).status();
        }
    }

    /// Ends all its processes.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Plan<'_> {
    /// The script that makes the root folder and becomes the container's first process.
    fn script(&self, root: &Path) -> Result<String, String> {
        let mut script = format!(
            "{PROLOGUE}\nhostname {}\nbuild_root {} {} {} {}\n",
            quoted(text(self.pod, "/metadata/name")),
            quoted(&root.to_string_lossy()),
            quoted(&self.needs.flink.to_string_lossy()),
            quoted(&self.needs.image.to_string_lossy()),
            quoted(&self.hosts.to_string_lossy()),
        );
        for mount in self.container["volumeMounts"].as_array().into_iter().flatten() {
            let volume = text(mount, "/name");
            let source = self.volumes.get(volume).ok_or(format!("no volume {volume}"))?;
            let source = source.join(text(mount, "/subPath"));
            let mode = if mount["readOnly"] == true { "ro" } else { "rw" };
            let (source, path) = (source.to_string_lossy(), text(mount, "/mountPath"));
            writeln!(script, "volume {} {} {mode}", quoted(&source), quoted(path)).unwrap();
        }
        if self.container["securityContext"]["readOnlyRootFilesystem"] == true {
            script.push_str("read_only_root\n");
        }
        writeln!(script, "exec chroot \"$R\" {}", self.command()?).unwrap();
        Ok(script)
    }

    fn command(&self) -> Result<String, String> {
        let of = |field: &str| {
            let own = &self.container["securityContext"][field];
            if own.is_null() { &self.pod["spec"]["securityContext"][field] } else { own }
        };
        let user = of("runAsUser").as_u64().unwrap_or(FLINK);
        if of("runAsNonRoot") == true && user == 0 {
            return Err("runAsNonRoot, and the user is root".to_owned());
        }
        let group = of("runAsGroup").as_u64().unwrap_or(if user == FLINK { FLINK } else { 0 });
        let mut line = vec!["/usr/bin/setpriv".to_owned()];
        line.extend([format!("--reuid={user}"), format!("--regid={group}")]);
        match self.pod["spec"]["securityContext"]["fsGroup"].as_u64() {
            Some(group) => line.push(format!("--groups={group}")),
            None => line.push("--clear-groups".to_owned()),
        }
        if self.container["securityContext"]["allowPrivilegeEscalation"] == false {
            line.push("--no-new-privs".to_owned());
        }
        let folder = self.container["workingDir"].as_str().unwrap_or("/opt/flink");
        line.extend(["/usr/bin/env".to_owned(), "-i".to_owned(), format!("--chdir={folder}")]);
        line.extend(self.variables.iter().map(|(name, value)| format!("{name}={value}")));
        let words = |field: &str| -> Vec<String> {
            let words = self.container[field].as_array().into_iter().flatten();
            words.filter_map(Value::as_str).map(|word| expand(word, &self.variables)).collect()
        };
        match words("command") {
            none if none.is_empty() => line.push("/docker-entrypoint.sh".to_owned()),
            command => line.extend(command),
        }
        line.extend(words("args"));
        Ok(line.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "))
    }
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

const PROLOGUE: &str = r#"set -eu
mount --make-rprivate /

build_root() {
    R=$1
    mkdir -p "$R" "$R-layer"
    mount -t tmpfs -o mode=755,size=256m tmpfs "$R"
    mount -t tmpfs -o mode=755,size=512m tmpfs "$R-layer"
    mkdir -p "$R"/{usr,proc,dev,tmp,etc,opt/flink,home/flink,run,var/tmp,root}
    chmod 1777 "$R/tmp" "$R/var/tmp"
    for folder in bin sbin lib lib64; do ln -s "usr/$folder" "$R/$folder"; done
    for folder in /usr /etc/java-* /etc/alternatives /etc/ssl; do
        if [ -d "$folder" ]; then
            mkdir -p "$R$folder"
            mount --bind "$folder" "$R$folder"
            mount -o remount,bind,ro "$R$folder"
        fi
    done
    mount --rbind /dev "$R/dev"
    mount -t proc proc "$R/proc"
    printf 'root:x:0:0::/root:/bin/sh\nflink:x:9999:9999::/opt/flink:/bin/sh\n' > "$R/etc/passwd"
    printf 'root:x:0:\nflink:x:9999:\n' > "$R/etc/group"
    printf 'hosts: files\npasswd: files\ngroup: files\n' > "$R/etc/nsswitch.conf"
    touch "$R/etc/hosts"
    mount --bind "$4" "$R/etc/hosts"
    cp "$3/docker-entrypoint.sh" "$R/docker-entrypoint.sh"
    mkdir -p "$R-layer/upper"/{log,conf,examples} "$R-layer/work"
    cp "$3"/*.jar "$R-layer/upper/examples/"
    chown -R 9999:9999 "$R-layer/upper"
    mount -t overlay overlay -o "lowerdir=$2,upperdir=$R-layer/upper,workdir=$R-layer/work" "$R/opt/flink"
}

volume() {
    if [ -d "$1" ]; then mkdir -p "$R$2"; else mkdir -p "$(dirname "$R$2")"; touch "$R$2"; fi
    mount --bind "$1" "$R$2"
    if [ "$3" = ro ]; then mount -o remount,bind,ro "$R$2"; fi
}

read_only_root() {
    mount -o remount,ro "$R/opt/flink"
    mount -o remount,ro "$R"
}
"#;
