//! `networking.k8s.io Ingress`, and the Ingress that an operator creates from a custom resource. It
//! runs nothing, but it exposes pods under host names.

use crate::flink::exposures::{self, Backend, Exposure, ExposureKind, Target};
use crate::flink::operator::ingress::host_of_template;
use crate::flink::{FlinkContext, Workload};
use crate::resource::fields::{elements, elements_at};
use crate::resource::{Resource, pointer};
use serde_json::Value;

pub(crate) fn lower(resource: &Resource, object: &Value, context: &FlinkContext) -> Workload {
    let mut exposure = Exposure {
        kind: ExposureKind::Ingress,
        pointer: "/spec".into(),
        belongs_to_flink: context.is_maintained(resource),
        ..Exposure::default()
    };
    let mut backends = Vec::new();
    let default = ["defaultBackend", "backend"].map(|field| format!("/spec/{field}"));
    for place in default {
        if let Some(backend) = pointer::at(object, &place).filter(|backend| backend.is_object()) {
            // The default backend gets all requests that match no rule.
            exposure.hosts.push((String::new(), place));
            backends.extend(Backend::read(backend));
        }
    }
    for (index, rule) in elements_at(object, "/spec/rules").iter().enumerate() {
        let host = rule.get("host").and_then(Value::as_str).unwrap_or_default();
        exposure.hosts.push((host.to_owned(), format!("/spec/rules/{index}/host")));
        let of_paths =
            elements_at(rule, "/http/paths").iter().filter_map(|path| path.get("backend"));
        backends.extend(of_paths.filter_map(Backend::read));
    }
    let place = "/metadata/annotations";
    let annotations = pointer::at(object, place);
    for (key, value) in annotations.and_then(Value::as_object).into_iter().flatten() {
        backends.extend(exposures::backends(key, value.as_str().unwrap_or_default()));
    }
    exposure.target = Target::Services(backends);
    tls(object, "/spec/tls", &mut exposure);
    let class = pointer::at(object, "/spec/ingressClassName").and_then(Value::as_str);
    exposure.read_annotations(annotations, place, class.unwrap_or_default());
    Workload { exposures: vec![exposure], ..Workload::default() }
}

/// The Ingress that the Flink operator creates from a FlinkDeployment's `ingress` at `place`.
pub(super) fn of_operator(
    object: &Value,
    place: &str,
    name: &str,
    namespace: &str,
) -> Option<Exposure> {
    let ingress = pointer::at(object, place).filter(|ingress| ingress.is_object())?;
    let mut exposure = Exposure {
        kind: ExposureKind::Ingress,
        pointer: place.to_owned(),
        target: Target::OwnRestPort,
        ..Exposure::default()
    };
    let template = ingress.get("template").and_then(Value::as_str).unwrap_or_default();
    // An invalid template has a finding of its own.
    if !template.is_empty() {
        let host = host_of_template(template).unwrap_or_default();
        exposure.hosts.push((filled(host, name, namespace), format!("{place}/template")));
    }
    tls(object, &format!("{place}/tls"), &mut exposure);
    let class = ingress.get("className").and_then(Value::as_str).unwrap_or_default();
    exposure.read_annotations(ingress.get("annotations"), &format!("{place}/annotations"), class);
    Some(exposure)
}

/// The Ingress that Spotify's operator creates from a JobManager's `ingress`.
pub(super) fn of_spotify(object: &Value, name: &str) -> Option<Exposure> {
    let place = "/spec/jobManager/ingress";
    let ingress = pointer::at(object, place).filter(|ingress| ingress.is_object())?;
    let mut exposure = Exposure {
        kind: ExposureKind::Ingress,
        pointer: place.to_owned(),
        target: Target::OwnRestPort,
        ..Exposure::default()
    };
    let format = ingress.get("hostFormat").and_then(Value::as_str).unwrap_or_default();
    exposure.hosts.push((format.replace("{{$clusterName}}", name), format!("{place}/hostFormat")));
    exposure.read_annotations(ingress.get("annotations"), &format!("{place}/annotations"), "");
    Some(exposure)
}

/// The operator replaces the names in any letter case.
fn filled(host: &str, name: &str, namespace: &str) -> String {
    // An unknown name is some label.
    let known = |name: &str| if name.is_empty() { "x".to_owned() } else { name.to_owned() };
    let fill = |text: &str, placeholder: &str, value: &str| {
        let (lower, mut filled, mut from) = (text.to_ascii_lowercase(), String::new(), 0);
        for (start, _) in lower.match_indices(placeholder) {
            filled.push_str(text.get(from..start).unwrap_or_default());
            filled.push_str(value);
            from = start.saturating_add(placeholder.len());
        }
        filled.push_str(text.get(from..).unwrap_or_default());
        filled
    };
    fill(&fill(host, "{{name}}", &known(name)), "{{namespace}}", &known(namespace))
}

fn tls(object: &Value, place: &str, exposure: &mut Exposure) {
    for (index, entry) in elements_at(object, place).iter().enumerate() {
        for (number, host) in elements(entry, "hosts").iter().enumerate() {
            exposure.hosts.push((
                host.as_str().unwrap_or_default().to_owned(),
                format!("{place}/{index}/hosts/{number}"),
            ));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lowered(spec: Value) -> Exposure {
        let object = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "x"}, "spec": spec});
        let resource = Resource::from_manifest(object).unwrap();
        lower(&resource, &resource.object, &FlinkContext::default()).exposures.remove(0)
    }

    #[test]
    fn every_host_of_an_ingress_counts() {
        let backend = json!({"service": {"name": "etl-rest", "port": {"number": 80}}});
        let exposure = lowered(json!({
            "defaultBackend": backend,
            "rules": [{"host": "a.example.com", "http": {"paths": [{"backend": backend}]}}, {"http": {"paths": []}}],
            "tls": [{"hosts": ["b.example.com"]}, {"secretName": "s"}]}));
        let hosts: Vec<_> =
            exposure.hosts.iter().map(|(host, place)| format!("{host} {place}")).collect();
        assert_eq!(
            hosts,
            [
                " /spec/defaultBackend",
                "a.example.com /spec/rules/0/host",
                " /spec/rules/1/host",
                "b.example.com /spec/tls/0/hosts/0"
            ]
        );
        let Target::Services(backends) = &exposure.target else { panic!("no Services") };
        assert!(backends.len() == 2 && backends.iter().all(|one| one.service == "etl-rest"));
    }

    #[test]
    fn ingress_template_is_filled_as_by_the_operator() {
        for (template, host) in [
            ("flink.example.com/{{namespace}}/{{name}}(/|$)(.*)", "flink.example.com"),
            ("{{name}}.{{Namespace}}.example.com", "etl.prod.example.com"),
            ("https://user@{{NAME}}.example.com:8443/x", "etl.example.com"),
            ("/{{namespace}}/{{name}}", ""),
            ("a@b@c.example.com/x", ""),
            ("good.example.com@evil.io/", "evil.io"),
        ] {
            let object = json!({"spec": {"ingress": {"template": template}}});
            let exposure = of_operator(&object, "/spec/ingress", "etl", "prod").unwrap();
            assert_eq!(
                exposure.hosts,
                [(host.to_owned(), "/spec/ingress/template".to_owned())],
                "{template}"
            );
        }
        assert_eq!(of_operator(&json!({"spec": {}}), "/spec/ingress", "etl", "prod"), None);
    }
}
