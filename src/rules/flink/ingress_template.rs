//! `flink/ingress-template`

use crate::flink::operator::ingress::{TemplateProblem, template_problem};
use crate::rules::words::shown;
use crate::rules::{Findings, Level, Rule, Subject};

/// Ingress templates from which the operator cannot make an Ingress.
pub static RULE: Rule = Rule {
    id: "flink/ingress-template",
    level: Level::Error,
    since: "0.1.0",
    title: "Ingress templates",
    tenant_fields: &["network.ingressHosts"],
    as_is: false,
    page: include_str!("ingress_template.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(cluster) = subject.operators_cluster() else { return };
    if cluster.field("/ingress").is_none() {
        return;
    }
    let template = cluster.field("/ingress/template");
    let message = match template.map(|template| template.as_str()) {
        None => "the ingress has no `template`, which sets its host and path".to_owned(),
        Some(None) => "the ingress template is not a string".to_owned(),
        Some(Some(text)) => match template_problem(text) {
            None => return,
            Some(problem) => {
                let problem = match problem {
                    TemplateProblem::OpenBracket => "a bracket is not closed",
                    TemplateProblem::Address => "the text in brackets is not an IPv6 address",
                    TemplateProblem::AfterBrackets => "only a port may follow the brackets",
                    TemplateProblem::Port => "the port is not a number",
                };
                format!("the ingress template `{}` is not a URL: {problem}", shown(text))
            }
        },
    };
    let allowed = subject.tenant.spec.network.ingress_hosts.iter().flatten().next();
    let host =
        allowed.map_or_else(|| "flink.example.com".into(), |host| host.replace('*', "flink"));
    findings.at(cluster.at("/ingress/template")).message(message).help(format!(
        "write a host and a path, such as `{host}/{{{{namespace}}}}/{{{{name}}}}(/|$)(.*)`"
    ));
}
