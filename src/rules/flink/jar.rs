//! `flink/jar`

mod other_operators;

use crate::flink::Mode;
use crate::flink::dialects::{emr_release, is_emr};
use crate::flink::operator::DeclaredSpec;
use crate::flink::operator::jar::{JarProblem, JarReader, is_python, job_manager};
use crate::flink::operator::version::OperatorVersion;
use crate::flink::redaction;
use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// JARs of applications that Flink does not find.
pub static RULE: Rule = Rule {
    id: "flink/jar",
    level: Level::Error,
    since: "0.1.0",
    title: "JARs of applications",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("jar.md"),
    check,
};

const JAR: &str = "/job/jarURI";

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(cluster) = subject.operators_cluster() else {
        return other_operators::check(subject, findings);
    };
    let Some(uri) = cluster.field(JAR) else { return missing(subject, &cluster, findings) };
    let Some(uri) = uri.as_str() else { return };
    let mode = subject.workload.mode.unwrap_or_default();
    let reader = JarReader {
        mode,
        version: subject.workload.version,
        operator: subject.operator_version,
        raw_http: cluster.is_true(&["user.artifacts.raw-http-enabled"]),
        is_python: is_python(&cluster),
        job_manager: job_manager(&subject.pods),
    };
    let Some(problem) = reader.problem(uri) else { return };
    // The images of Amazon EMR fetch from S3, whatever version of Flink is in them.
    let is_of_emr = || emr_release(cluster.spec()).is_some() && uri.starts_with("s3");
    if matches!(problem, JarProblem::Scheme(_)) && is_of_emr() {
        return;
    }
    let level = match problem {
        JarProblem::NoScheme { is_fatal: false } if !uri.trim().is_empty() => Level::Warning,
        _ => Level::Error,
    };
    findings
        .at(cluster.at(JAR))
        .level(level)
        .message(message(problem, uri, &reader))
        .advise(help(problem, uri, &reader))
        .found(redaction::uri(uri));
}

/// Without an address, native mode starts jobs in Python only. `KubernetesClusterDescriptor` in the
/// operator demands `pipeline.jars` for all others: Flink 1.18.1, 1.19.1 and 1.20.4, which the operators
/// from 1.8 to main of July 2026 have. In standalone mode, Flink looks for the class in its class path.
fn missing(subject: &Subject<'_>, cluster: &DeclaredSpec<'_>, findings: &mut Findings) {
    let is_native = subject.workload.mode.unwrap_or_default() == Mode::Native;
    let has_job = cluster.field("/job").is_some_and(serde_json::Value::is_object);
    let is_set = || !cluster.is_blank(&["pipeline.jars"]);
    if !is_native || !has_job || is_python(cluster) || is_emr(subject.object) || is_set() {
        return;
    }
    findings
        .at(cluster.at("/job"))
        .message("`jarURI` is not set: native mode starts a job in Java from a JAR only")
        .help(format!(
            "set `jarURI` to the path of the JAR in the image, such as `{}`",
            usual(Mode::Native)
        ));
}

fn message(problem: JarProblem<'_>, uri: &str, reader: &JarReader<'_>) -> String {
    let jar = format!("`jarURI` `{}`", shown(&redaction::uri(uri)));
    match problem {
        JarProblem::NotUri => format!("{jar} is not a URI"),
        JarProblem::NoScheme { .. } if uri.is_empty() => "`jarURI` is empty".into(),
        JarProblem::NoScheme { is_fatal: true } => format!("{jar} has no scheme"),
        JarProblem::NoScheme { is_fatal: false } => {
            format!("{jar} has no scheme: Flink looks for the file in its own working directory")
        }
        JarProblem::LetterCase(scheme) => {
            format!("{jar} has a scheme that Flink knows as `{scheme}` only")
        }
        JarProblem::Scheme(scheme) if reader.mode == Mode::Standalone => {
            format!("standalone mode does not load JARs with scheme `{}`", shown(scheme))
        }
        JarProblem::Scheme(scheme)
            if reader.operator.is_some_and(OperatorVersion::takes_local_jars_only) =>
        {
            format!(
                "the operator before 1.10 takes the JAR from the image, not from scheme `{}`",
                shown(scheme)
            )
        }
        JarProblem::Scheme(scheme) => {
            format!(
                "Flink before 1.19 takes the JAR from the image, not from scheme `{}`",
                shown(scheme)
            )
        }
        JarProblem::RawHttp => format!("{jar} uses plain HTTP, from which Flink does not fetch"),
        JarProblem::Host(host) => {
            format!("{jar} has two slashes: `{}` is taken for a host", shown(host))
        }
        JarProblem::Relative => format!("{jar} has a relative path"),
        JarProblem::NoStore => format!("{jar} has no bucket or host"),
        JarProblem::NoFile => format!("{jar} names no file"),
        JarProblem::Hidden => format!(
            "{jar} is hidden: in standalone mode the operator mounts an empty volume at \
             `/opt/flink/usrlib`"
        ),
    }
}

/// What to write instead.
fn help(problem: JarProblem<'_>, uri: &str, reader: &JarReader<'_>) -> Advice {
    let example = "local:///opt/flink/usrlib/job.jar";
    match problem {
        JarProblem::NotUri => {
            "percent-encode spaces and special characters: `%20` for a space".into()
        }
        JarProblem::NoScheme { .. } if uri.starts_with('/') && !uri.ends_with('/') => {
            let instead = format!("local://{uri}");
            match reader.problem(&instead) {
                None => write(instead),
                Some(_) => format!(
                    "write the path of the JAR in the image, such as `{}`",
                    usual(reader.mode)
                )
                .into(),
            }
        }
        JarProblem::NoFile if !["local:", "file:"].iter().any(|local| uri.starts_with(local)) => {
            "write the name of the JAR at the end of the address".into()
        }
        JarProblem::NoScheme { .. } | JarProblem::Relative | JarProblem::NoFile => {
            format!("write the path of the JAR in the image, such as `{}`", usual(reader.mode))
                .into()
        }
        JarProblem::LetterCase(scheme) => {
            let rest = uri.split_once(':').map_or("", |(_, rest)| rest);
            write(format!("{scheme}:{rest}")).safe()
        }
        JarProblem::Scheme(_) => format!(
            "put the JAR into the image and write its path, such as `{}`",
            usual(reader.mode)
        )
        .into(),
        JarProblem::RawHttp => "use `https`, or set `user.artifacts.raw-http-enabled: true`".into(),
        JarProblem::Host(host) => {
            let (scheme, rest) = uri.split_once("//").unwrap_or_default();
            match reader.problem(&format!("{scheme}///{rest}")) {
                None => write(format!("{scheme}///{rest}")),
                Some(_) => format!(
                    "write three slashes before `{}`, and a path such as `{}`",
                    shown(host),
                    usual(reader.mode)
                )
                .into(),
            }
        }
        JarProblem::NoStore => "write the bucket or host after `//`".into(),
        JarProblem::Hidden => {
            let file = uri.rsplit('/').next().unwrap_or_default();
            format!(
                "put the JAR into another folder of the image, such as `local:///opt/flink/job/{}`, \
                 or mount a volume with it at `{}`",
                shown(file),
                example.trim_start_matches("local://").trim_end_matches("/job.jar")
            )
            .into()
        }
    }
}

/// The advice to write an address, which is shown without its password.
fn write(address: String) -> Advice {
    let text = shown(&redaction::uri(&address));
    let words = format!("write `{text}`");
    if text == address { Advice::replace(&address).in_words(words) } else { words.into() }
}

/// The usual address of a JAR in this mode.
fn usual(mode: Mode) -> &'static str {
    match mode {
        Mode::Native => "local:///opt/flink/usrlib/job.jar",
        Mode::Standalone => "local:///opt/flink/job/job.jar",
    }
}
