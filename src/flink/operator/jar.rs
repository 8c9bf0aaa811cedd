//! Where the JAR of an application may be, which depends on the mode and the version of Flink.
//!
//! Read in Flink:
//! - native mode before 1.19 (`KubernetesUtils.checkJarFileForApplicationMode`, 1.18.1): `local:`
//!   only;
//! - native mode since 1.19 (`ArtifactFetchManager`, `FsArtifactFetcher`, `HttpArtifactFetcher`,
//!   1.19.3, 1.20.4 and 2.3.0): `local:`, `https:`, `http:` if `user.artifacts.raw-http-enabled`, and
//!   every file system of Flink. A path without a scheme is a file of the container. Schemes are
//!   compared with their letter case;
//! - standalone mode (`FlinkConfigBuilder.getStandaloneJarURI` and `UserLibMountDecorator` of the
//!   operator, 1.8 to 1.15; `DefaultPackagedProgramRetriever` with `URL::new`, Flink 1.18.1 and
//!   1.20.4): `local:` becomes `file:`, and the rest must be a protocol of Java. The operator mounts
//!   an empty volume at `/opt/flink/usrlib`, unless something is mounted there.
//!
//! A job in Python has its program in its arguments (`PackagedProgramUtils.isPython`); native mode
//! does not read its JAR. The operator reads every address as a Java `URI`. Its releases 1.8 and 1.9
//! have a client of Flink 1.18, which takes `local:` only; later ones have 1.19 and newer.

use super::DeclaredSpec;
use super::artifacts::{UriProblem, scheme};
use super::version::OperatorVersion;
use crate::flink::file_systems::is_bucket_store;
use crate::flink::pods::Pods;
use crate::flink::version::FlinkVersion;
use crate::flink::{Mode, Role};
use crate::resource::fields::{elements, text};
use serde_json::Value;

/// The first version that fetches JARs.
const FETCHES_SINCE: FlinkVersion = FlinkVersion::new(1, 19);

/// Protocols that Java's `URL` knows.
const JAVA_PROTOCOLS: [&str; 5] = ["file", "ftp", "http", "https", "jar"];

/// Schemes that Flink compares itself, with their letter case.
const COMPARED: [&str; 4] = ["local", "file", "http", "https"];

/// The folder over which the operator mounts an empty volume in standalone mode.
const USER_LIBRARIES: &str = "/opt/flink/usrlib";
/// That volume, which an init container of the template may fill.
const USER_LIBRARIES_VOLUME: &str = "user-lib-dir";

/// Main classes and arguments of jobs in Python.
const PYTHON_CLASSES: [&str; 2] = [
    "org.apache.flink.client.python.PythonDriver",
    "org.apache.flink.client.python.PythonGatewayServer",
];
const PYTHON_ARGUMENTS: [&str; 4] = ["-py", "-pym", "--python", "--pyModule"];

/// What is wrong with the address of a JAR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JarProblem<'a> {
    /// Java refuses it.
    NotUri,
    /// It has no scheme, and whether the job starts depends on the working directory if this is not
    /// fatal.
    NoScheme {
        /// Whether the job cannot start.
        is_fatal: bool,
    },
    /// The scheme has letters of the wrong case.
    LetterCase(&'static str),
    /// Nothing fetches from this scheme in this mode and version.
    Scheme(&'a str),
    /// Raw HTTP is off.
    RawHttp,
    /// Two slashes: the first folder is taken for a host.
    Host(&'a str),
    /// The path of a local file is not absolute.
    Relative,
    /// No bucket or host.
    NoStore,
    /// It ends where the name of the file should be.
    NoFile,
    /// The operator mounts an empty volume over it.
    Hidden,
}

/// What is known of the cluster that runs the JAR.
#[derive(Clone, Copy, Debug)]
pub struct JarReader<'a> {
    /// How the operator deploys it.
    pub mode: Mode,
    /// Its version of Flink.
    pub version: Option<FlinkVersion>,
    /// The release of the operator, if it is known.
    pub operator: Option<OperatorVersion>,
    /// Whether Flink fetches over plain HTTP.
    pub raw_http: bool,
    /// Whether the job is in Python.
    pub is_python: bool,
    /// The pods of the JobManager.
    pub job_manager: Option<&'a Pods<'a>>,
}

impl JarReader<'_> {
    /// What is wrong with an address; `None` if nothing is known to be.
    pub fn problem<'u>(&self, uri: &'u str) -> Option<JarProblem<'u>> {
        let is_native = self.mode == Mode::Native;
        let fetches = self.fetches();
        let scheme = match scheme(uri) {
            Ok(scheme) => scheme,
            Err(UriProblem::Character) => return Some(JarProblem::NotUri),
            Err(UriProblem::NoScheme) if is_native && self.is_python => return None,
            Err(UriProblem::NoScheme) => {
                return Some(JarProblem::NoScheme { is_fatal: !is_native || !fetches });
            }
        };
        if is_native && self.is_python {
            return None;
        }
        let compared = COMPARED.iter().find(|known| known.eq_ignore_ascii_case(scheme));
        if let Some(compared) = compared.filter(|known| **known != scheme)
            && (is_native || *compared == "local")
        {
            return Some(JarProblem::LetterCase(compared));
        }
        let is_java = || JAVA_PROTOCOLS.iter().any(|java| java.eq_ignore_ascii_case(scheme));
        let is_fetched = scheme == "local" || if is_native { fetches } else { is_java() };
        if !is_fetched {
            return Some(JarProblem::Scheme(scheme));
        }
        if is_native && scheme == "http" && !self.raw_http {
            return Some(JarProblem::RawHttp);
        }
        let rest = uri.get(scheme.len() + 1..).unwrap_or_default();
        // The address within an archive has a form of its own.
        if scheme.eq_ignore_ascii_case("jar") { None } else { self.place_problem(scheme, rest) }
    }

    /// Whether native mode takes JARs from elsewhere than the image.
    pub fn fetches(&self) -> bool {
        self.version.is_none_or(|version| version >= FETCHES_SINCE)
            && !self.operator.is_some_and(OperatorVersion::takes_local_jars_only)
    }

    /// What is wrong with the part after the scheme.
    fn place_problem<'u>(&self, scheme: &str, rest: &'u str) -> Option<JarProblem<'u>> {
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (host, path) = match rest.strip_prefix("//") {
            Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
            None => ("", rest),
        };
        let is_local = ["local", "file"].iter().any(|local| local.eq_ignore_ascii_case(scheme));
        let is_http = || ["http", "https"].iter().any(|own| own.eq_ignore_ascii_case(scheme));
        let needs_store = || is_bucket_store(scheme) || is_http();
        if is_local && !host.is_empty() && !host.eq_ignore_ascii_case("localhost") {
            Some(JarProblem::Host(host))
        } else if is_local && !path.is_empty() && !path.starts_with('/') {
            Some(JarProblem::Relative)
        } else if !is_local && host.is_empty() && needs_store() {
            Some(JarProblem::NoStore)
        } else if path.is_empty() || path.ends_with('/') {
            Some(JarProblem::NoFile)
        } else {
            (is_local && self.is_hidden(path)).then_some(JarProblem::Hidden)
        }
    }

    /// Whether the operator mounts an empty volume over a file of the image.
    fn is_hidden(&self, path: &str) -> bool {
        let is_below = path.strip_prefix(USER_LIBRARIES).is_some_and(|rest| rest.starts_with('/'));
        self.mode == Mode::Standalone
            && is_below
            && !self.is_python
            && self.job_manager.is_some_and(|pods| !fills_user_libraries(pods))
    }
}

/// Whether something of the template brings files to the folder of users' JARs: a mount there, or an
/// init container with the operator's volume.
fn fills_user_libraries(pods: &Pods<'_>) -> bool {
    let main = pods.containers.iter().find(|container| container.main);
    let main = main.and_then(|main| main.spec).unwrap_or(&Value::Null);
    let is_mounted = elements(main, "volumeMounts")
        .iter()
        .any(|mount| text(mount, "mountPath").starts_with(USER_LIBRARIES));
    let fills = |container: &Value| {
        let mut mounts = elements(container, "volumeMounts").iter();
        mounts.any(|mount| text(mount, "name") == USER_LIBRARIES_VOLUME)
    };
    is_mounted || elements(pods.spec(), "initContainers").iter().any(fills)
}

/// Whether the job of a spec is in Python.
pub fn is_python(declared: &DeclaredSpec<'_>) -> bool {
    let is_class =
        || declared.text("/job/entryClass").is_some_and(|class| PYTHON_CLASSES.contains(&class));
    let arguments = declared.field("/job/args").and_then(Value::as_array);
    let mut arguments = arguments.into_iter().flatten().filter_map(Value::as_str);
    is_class() || arguments.any(|argument| PYTHON_ARGUMENTS.contains(&argument))
}

/// The pods of the JobManager among these.
pub fn job_manager<'a>(pods: &'a [Pods<'a>]) -> Option<&'a Pods<'a>> {
    pods.iter().find(|pods| pods.set.role == Role::JobManager)
}

#[cfg(test)]
mod tests {
    use super::*;
    use JarProblem::*;

    fn problem(mode: Mode, version: (u16, u16), uri: &str) -> Option<JarProblem<'_>> {
        let version = Some(FlinkVersion::new(version.0, version.1));
        let reader = JarReader {
            mode,
            version,
            operator: None,
            raw_http: false,
            is_python: false,
            job_manager: None,
        };
        reader.problem(uri)
    }

    #[test]
    fn addresses_are_read_as_in_mode_and_version() {
        let fatal = |is_fatal| Some(NoScheme { is_fatal });
        // Native before 1.19, native since 1.19, standalone.
        for (uri, expected) in [
            ("local:///opt/flink/usrlib/a.jar", [None, None, None]),
            ("local:/opt/flink/a.jar", [None, None, None]),
            ("local://opt/flink/a.jar", [Some(Host("opt")); 3]),
            ("local://localhost/opt/a.jar", [None; 3]),
            ("local://", [Some(NoFile); 3]),
            ("local:///", [Some(NoFile); 3]),
            ("local:opt/a.jar", [Some(Relative); 3]),
            ("Local:///opt/a.jar", [Some(LetterCase("local")); 3]),
            ("/opt/flink/a.jar", [fatal(true), fatal(false), fatal(true)]),
            ("target/a.jar", [fatal(true), fatal(false), fatal(true)]),
            ("", [fatal(true), fatal(false), fatal(true)]),
            ("local:///opt/a b.jar", [Some(NotUri); 3]),
            ("file:///opt/a.jar", [Some(Scheme("file")), None, None]),
            ("s3://jars/a.jar", [Some(Scheme("s3")), None, Some(Scheme("s3"))]),
            ("s3://jars", [Some(Scheme("s3")), Some(NoFile), Some(Scheme("s3"))]),
            ("s3:///a.jar", [Some(Scheme("s3")), Some(NoStore), Some(Scheme("s3"))]),
            ("hdfs:///jars/a.jar", [Some(Scheme("hdfs")), None, Some(Scheme("hdfs"))]),
            ("https://repo.example.com/a.jar", [Some(Scheme("https")), None, None]),
            ("https://repo.example.com/", [Some(Scheme("https")), Some(NoFile), Some(NoFile)]),
            (
                "HTTPS://repo.example.com/a.jar",
                [Some(LetterCase("https")), Some(LetterCase("https")), None],
            ),
            ("http://repo.example.com/a.jar", [Some(Scheme("http")), Some(RawHttp), None]),
            ("jar:file:/opt/a.jar!/b.jar", [Some(Scheme("jar")), None, None]),
        ] {
            let found =
                [(Mode::Native, (1, 18)), (Mode::Native, (1, 19)), (Mode::Standalone, (1, 20))]
                    .map(|(mode, version)| problem(mode, version, uri));
            assert_eq!(found, expected, "{uri}");
        }
    }

    #[test]
    fn jars_of_python_jobs_are_not_read_in_native_mode() {
        let reader = |mode| JarReader {
            mode,
            operator: None,
            version: Some(FlinkVersion::new(1, 18)),
            raw_http: false,
            is_python: true,
            job_manager: None,
        };
        assert_eq!(reader(Mode::Native).problem("s3://jars/a.jar"), None);
        assert_eq!(reader(Mode::Native).problem("a b.jar"), Some(NotUri));
        assert_eq!(reader(Mode::Standalone).problem("s3://jars/a.jar"), Some(Scheme("s3")));
    }
}
