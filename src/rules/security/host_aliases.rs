//! `security/host-aliases`

use crate::flink::claims::CLAIMS_OPTION;
use crate::flink::map_options::map_entries;
use crate::flink::pods::Pods;
use crate::resource::fields::{elements, text};
use crate::rules::words::{alternatives, matches_any, shown};
use crate::rules::{Advice, Findings, Level, Rule, Subject};
use serde_json::Value;
use std::fmt::Arguments;

/// Host aliases that the tenant does not allow.
pub static RULE: Rule = Rule {
    id: "security/host-aliases",
    level: Level::Error,
    since: "0.1.0",
    title: "Allowed host aliases",
    tenant_fields: &["security.hostAliases"],
    as_is: false,
    page: include_str!("host_aliases.md"),
    check,
};

/// Files that decide what a host name is. A volume over one of them replaces the kubelet's.
const RESOLVER_FILES: [&str; 4] =
    ["/etc/hosts", "/etc/resolv.conf", "/etc/host.conf", "/etc/nsswitch.conf"];

/// Options that mount objects into Flink's pods: `name:/path,…`.
const MOUNTING_OPTIONS: [&str; 2] = ["kubernetes.secrets", CLAIMS_OPTION];

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(allowed) = &subject.tenant.spec.security.host_aliases else { return };
    for pods in &subject.pods {
        for (i, alias) in elements(pods.spec(), "hostAliases").iter().enumerate() {
            for (j, host) in elements(alias, "hostnames").iter().enumerate() {
                let place = format_args!("/spec/hostAliases/{i}/hostnames/{j}");
                check_name(pods, "host alias", host, place, allowed, findings);
            }
        }
        // The kubelet writes it into the pod's `/etc/hosts`, with the pod's own address.
        if let Some(host) = pods.spec().get("hostnameOverride").filter(|host| !host.is_null()) {
            let place = format_args!("/spec/hostnameOverride");
            check_name(pods, "host name", host, place, allowed, findings);
        }
        check_dns(pods, allowed, findings);
        check_mounts(pods, findings);
    }
    if !subject.options_make_pods() {
        return;
    }
    for option in MOUNTING_OPTIONS {
        for pair in map_entries(&subject.workload.config, option) {
            if hides_resolver(&pair.value)
                && let Some(place) = subject.written(pair.option, pair.entry)
            {
                report_mount(place.to_owned(), &pair.value, findings);
            }
        }
    }
}

fn check_name(
    pods: &Pods<'_>,
    noun: &str,
    host: &Value,
    within: Arguments<'_>,
    allowed: &[String],
    findings: &mut Findings,
) {
    let host = host.as_str().unwrap_or_default();
    if matches_any(allowed, host) {
        return;
    }
    findings
        .at(pods.place(within))
        .message(format!("{noun} `{}` is not allowed", shown(host)))
        .advise(Advice::remove_in_words(match allowed {
            [] => "remove it: the tenant allows none".to_owned(),
            some => format!("remove it: the tenant allows {}", alternatives(some)),
        }))
        .found(host);
}

/// A name server of the pod's own gives every name any address, and a search domain gives short
/// names one.
fn check_dns(pods: &Pods<'_>, allowed: &[String], findings: &mut Findings) {
    let dns = pods.spec().get("dnsConfig").unwrap_or(&Value::Null);
    for (index, server) in elements(dns, "nameservers").iter().enumerate() {
        let server = server.as_str().unwrap_or_default();
        findings
            .at(pods.place(format_args!("/spec/dnsConfig/nameservers/{index}")))
            .message(format!("name server `{}` is not allowed", shown(server)))
            .advise(Advice::remove_above(
                1,
                "remove `nameservers`: the cluster's DNS resolves names",
            ))
            .found(server);
    }
    for (index, domain) in elements(dns, "searches").iter().enumerate() {
        let place = format_args!("/spec/dnsConfig/searches/{index}");
        check_name(pods, "search domain", domain, place, allowed, findings);
    }
    if text(pods.spec(), "dnsPolicy") == "None" {
        findings
            .at(pods.place("/spec/dnsPolicy"))
            .message(
                "DNS policy `None` is not allowed, because the pod brings its own name servers",
            )
            .advise(Advice::remove("dnsPolicy").then(", or set it to `ClusterFirst`"))
            .wanted("ClusterFirst")
            .found("None");
    }
}

fn check_mounts(pods: &Pods<'_>, findings: &mut Findings) {
    for container in &pods.containers {
        let mounts = container.spec.map(|spec| elements(spec, "volumeMounts")).unwrap_or_default();
        for (index, mount) in mounts.iter().enumerate() {
            let path = text(mount, "mountPath");
            if hides_resolver(path) {
                let container = container.place(pods.set.path());
                report_mount(format!("{container}/volumeMounts/{index}/mountPath"), path, findings);
            }
        }
    }
}

fn report_mount(place: String, path: &str, findings: &mut Findings) {
    findings
        .at(place)
        .message(format!(
            "a volume at `{}` replaces the files that decide the addresses of host names",
            shown(path)
        ))
        .help("mount it at another path".to_owned())
        .found(shown(path));
}

/// Whether a path is one of [`RESOLVER_FILES`], or the folder with them. The kubelet resolves dots,
/// and takes a relative path from the root.
fn hides_resolver(path: &str) -> bool {
    if !path.contains("etc") {
        return false;
    }
    let mut segments = Vec::new();
    for segment in path.trim().split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    let is_it = |file: &str| file.split('/').skip(1).eq(segments.iter().copied());
    is_it("/etc") || RESOLVER_FILES.into_iter().any(is_it)
}
