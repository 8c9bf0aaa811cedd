//! A process that cannot outlive the test process, whatever ends that one.
//!
//! Each program runs under a small shell that reads a pipe from us. When we die, even by `kill -9`,
//! the pipe ends and the shell kills the program. A line in the pipe is the name of a signal to
//! send: signals without unsafe code.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};

const SUPERVISOR: &str = r#"
exec 3<&0
"$@" 3<&- </dev/null &
child=$!
(
    while read -r signal; do kill -s "$signal" "$child" 2>/dev/null; done
    kill -s KILL "$child" 2>/dev/null
) <&3 &
watcher=$!
exec 3<&- </dev/null
wait "$child"
status=$?
kill -s KILL "$watcher" 2>/dev/null
exit "$status"
"#;

/// A running program, or one that has ended and can be started again.
pub struct Process {
    name: String,
    line: Vec<OsString>,
    environment: Vec<(OsString, Option<OsString>)>,
    log: PathBuf,
    supervisor: Child,
    pipe: Option<ChildStdin>,
}

impl Process {
    /// Starts a program (program, arguments and environment of `command`); what it says goes to
    /// `<name>.log` in `folder`.
    pub fn start(name: &str, command: &Command, folder: &Path) -> Result<Self, String> {
        let line: Vec<OsString> = [command.get_program()]
            .into_iter()
            .chain(command.get_args())
            .map(OsString::from)
            .collect();
        let environment = command
            .get_envs()
            .map(|(name, value)| (name.into(), value.map(OsString::from)))
            .collect::<Vec<_>>();
        let log = folder.join(format!("{name}.log"));
        let (supervisor, pipe) = spawn(&line, &environment, &log)
            .map_err(|error| format!("cannot start {name}: {error}"))?;
        Ok(Self { name: name.to_owned(), line, environment, log, supervisor, pipe })
    }

    /// What the program has said so far, standard output and standard error.
    pub fn log(&self) -> String {
        fs::read(&self.log)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// The last lines of the log, for messages.
    pub fn tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines
            .iter()
            .skip(lines.len().saturating_sub(25))
            .map(|line| format!("  {line}\n"))
            .collect::<String>();
        format!("{} ended its log ({}) with:\n{tail}", self.name, self.log.display())
    }

    /// Process id of the program, not of the shell around it.
    pub fn id(&self) -> u32 {
        let shell = self.supervisor.id();
        let children = fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).unwrap();
        children.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// Sends a signal: `TERM`, `KILL`, `STOP` (pauses), `CONT` (goes on).
    pub fn signal(&mut self, signal: &str) {
        if let Some(pipe) = &mut self.pipe {
            // A program that has ended takes no signals, which is no error.
            let _ = writeln!(pipe, "{signal}").and_then(|()| pipe.flush());
        }
    }

    /// How the program ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.supervisor.try_wait().ok().flatten()
    }

    /// Kills the program and waits until it is gone.
    pub fn kill(&mut self) {
        self.pipe = None;
        let _ = self.supervisor.wait();
    }

    /// Kills the program if it runs, and starts it again with the same arguments; the log goes on.
    pub fn restart(&mut self) -> Result<(), String> {
        self.kill();
        let started = spawn(&self.line, &self.environment, &self.log);
        (self.supervisor, self.pipe) =
            started.map_err(|error| format!("cannot start {} again: {error}", self.name))?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(
    line: &[OsString],
    environment: &[(OsString, Option<OsString>)],
    log: &Path,
) -> std::io::Result<(Child, Option<ChildStdin>)> {
    let log = File::options().create(true).append(true).open(log)?;
    let mut command = Command::new("sh");
    command
        .args(["-c", SUPERVISOR, "supervisor"])
        .args(line)
        .stdin(Stdio::piped())
        .stdout(log.try_clone()?)
        .stderr(log);
    for (name, value) in environment {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    // A group of its own: Ctrl-C in a terminal ends the tests, and through the pipe everything in
    // order.
    let mut supervisor = command.process_group(0).spawn()?;
    let pipe = supervisor.stdin.take();
    Ok((supervisor, pipe))
}
