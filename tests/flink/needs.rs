//! What these tests need beyond the control plane: root, a Flink distribution, Java, the operator.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Names of the environment variables.
pub const FLINK_HOME: &str = "FLINK_TEST_HOME";
pub const OPERATOR: &str = "FLINK_TEST_OPERATOR";

/// What was found.
#[derive(Clone, Debug)]
pub struct Needs {
    /// A Flink distribution: `bin`, `conf`, `lib`.
    pub flink: PathBuf,
    /// Files of the image: its entry point and the job.
    pub image: PathBuf,
    /// Java's folder.
    pub java: PathBuf,
    /// The folder of the operator: `classes`, jars, `crds`.
    pub operator: Option<PathBuf>,
}

impl Needs {
    /// Looks for everything, and compiles the job into `folder`. An error says what to do.
    pub fn find(folder: &Path) -> Result<Self, String> {
        let set =
            |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.exists());
        let flink = set(FLINK_HOME).ok_or(format!(
            "set {FLINK_HOME} to a Flink distribution: export {FLINK_HOME}=$(tests/flink/fetch ~/.cache/flinkgate-flink 2.3.0)"
        ))?;
        let java = output("sh", &["-c", "readlink -f \"$(command -v javac)\""])?;
        let java = Path::new(java.trim()).parent().and_then(Path::parent);
        let java = java.ok_or("install a JDK 17: `javac` is not there")?.to_owned();
        let image = folder.join("image");
        compile(&flink, &image)?;
        Ok(Self { flink, image, java, operator: set(OPERATOR) })
    }
}

/// Whether this user may make namespaces, and the programs for it are there.
pub fn check_machine() -> Result<(), String> {
    if output("id", &["-u"])?.trim() != "0" {
        return Err(
            "run these tests as root: pods need mount, network and process namespaces".to_owned()
        );
    }
    for program in
        ["unshare", "nsenter", "setpriv", "ip", "mount", "chroot", "javac", "hostname", "curl"]
    {
        output("sh", &["-c", &format!("command -v {program}")]).map_err(|_| {
            format!(
                "install `{program}` (util-linux, iproute2, coreutils, hostname, curl, a JDK 17)"
            )
        })?;
    }
    Ok(())
}

fn compile(flink: &Path, image: &Path) -> Result<(), String> {
    const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/flink");
    let classes = image.join("classes");
    fs::create_dir_all(&classes).map_err(|error| error.to_string())?;
    let lib = flink.join("lib/*");
    let (classes, lib) = (classes.to_string_lossy(), lib.to_string_lossy());
    output(
        "javac",
        &[
            "--release",
            "17",
            "-d",
            &classes,
            "-cp",
            &lib,
            &format!("{SOURCE}/job/CountingJob.java"),
        ],
    )?;
    let manifest = image.join("manifest");
    fs::write(&manifest, "Main-Class: CountingJob\n").map_err(|error| error.to_string())?;
    let jar = image.join("counting.jar");
    output(
        "jar",
        &["cfm", &jar.to_string_lossy(), &manifest.to_string_lossy(), "-C", &classes, "."],
    )?;
    let entry = image.join("docker-entrypoint.sh");
    fs::copy(format!("{SOURCE}/image/docker-entrypoint.sh"), entry)
        .map(drop)
        .map_err(|error| error.to_string())
}

/// Runs a program, which must succeed.
fn output(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .map_err(|error| format!("cannot run {program}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("{program} failed: {}", String::from_utf8_lossy(&output.stderr)))
}
