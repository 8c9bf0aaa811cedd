//! Whole inputs of `lint`: many objects of one namespace that refer to each other. What each object
//! is compared with is looked up, so twice as many objects take at most twice the work.

use crate::measure::gate;
use flinkgate::flink::FlinkContext;
use flinkgate::flink::budgets::NamespaceObjects;
use flinkgate::flink::config_sources::pod_templates;
use flinkgate::flink::network::NamespaceNetwork;
use flinkgate::kinds;
use flinkgate::pipeline::InputUsage;
use flinkgate::resource::{Resource, steps};
use serde_json::{Value, json};
use std::sync::Arc;

/// An input of `n` objects of each kind.
type Input = fn(usize) -> Vec<Value>;

const INPUTS: &[(&str, Input)] = &[
    ("Services that select one JobManager each", |n| {
        each(n, |i| {
            vec![
                job_manager(i, json!({"app": format!("a{i}")})),
                service(i, json!({"app": format!("a{i}")}), 8081),
            ]
        })
    }),
    ("Services that select all JobManagers, by other ports", |n| {
        each(n, |i| {
            vec![job_manager(i, json!({"app": "a"})), service(i, json!({"app": "a"}), 6123 + i % 3)]
        })
    }),
    ("Services with different selectors that select all JobManagers", |n| {
        each(n, |i| vec![job_manager(i, bits(usize::MAX)), service(i, bits(i), 6123)])
    }),
    ("Services that select nothing", |n| {
        each(n, |i| {
            vec![
                job_manager(i, json!({"app": "a"})),
                service(i, json!({"app": format!("x{i}")}), 8081),
            ]
        })
    }),
    ("Services by labels that come later", |n| {
        each(n, |i| {
            vec![
                job_manager(i, json!({"app": "a"})),
                service(i, json!({"pod-template-hash": format!("{i}")}), 6123),
            ]
        })
    }),
    ("Services of one name", |n| {
        each(n, |i| vec![job_manager(i, bits(usize::MAX)), service(0, bits(i), 6123)])
    }),
    ("Services of FlinkDeployments", |n| {
        each(n, |i| {
            vec![
                deployment(i, json!({})),
                service(i, json!({"app": format!("d{i}"), "component": "jobmanager"}), 6123),
            ]
        })
    }),
    ("Services and reporters", |n| {
        each(n, |i| {
            vec![
                deployment(
                    i,
                    json!({"rest.port": "1-65535", "metrics": {"reporter": reporters(20)}}),
                ),
                service(i, json!({"component": "jobmanager", "app": format!("d{i}")}), 9000 + i),
            ]
        })
    }),
    ("Ingresses of one Service", |n| {
        let mut all = each(n, |i| vec![ingress(i, vec![("s0", i)])]);
        let mut wide = service(0, json!({"app": "a"}), 1);
        wide["spec"]["ports"] = (0..n)
            .map(|i| json!({"port": i, "targetPort": 6123, "name": format!("p{i}")}))
            .collect();
        all.extend([wide, job_manager(0, json!({"app": "a"}))]);
        all
    }),
    ("Ingresses of one Service, by all its ports", |n| {
        let mut wide = service(0, json!({"app": "a"}), 1);
        wide["spec"]["ports"] = (0..n)
            .map(|i| json!({"port": i, "targetPort": 6123, "name": format!("p{i}")}))
            .collect();
        vec![
            wide,
            job_manager(0, json!({"app": "a"})),
            ingress(0, (0..n).map(|i| ("s0", i)).collect()),
        ]
    }),
    ("Ingresses of operators' Services", |n| {
        each(n, |i| {
            vec![deployment(i, json!({})), ingress(i, vec![("x-x-x-x-x-x-x-x-x-x-x-x-x", 1)])]
        })
    }),
    ("Services that are aliases", |n| {
        each(n, |i| {
            vec![
                json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": format!("s{}", i + 1), "namespace": "strict"}, "spec": {"type": "ExternalName", "externalName": format!("s{i}.strict.svc")}}),
                ingress(i, vec![("s1", 1)]),
            ]
        })
    }),
    ("budgets that cover one object each", |n| {
        each(n, |i| {
            vec![
                job_manager(i, json!({"app": format!("a{i}")})),
                budget(i, json!({"matchLabels": {"app": format!("a{i}")}})),
            ]
        })
    }),
    ("budgets that cover all objects", |n| {
        each(n, |i| {
            vec![
                job_manager(i, json!({"app": "a"})),
                budget(i, json!({"matchLabels": {"app": "a"}})),
            ]
        })
    }),
    ("budgets with different selectors that cover all objects", |n| {
        each(n, |i| {
            vec![job_manager(i, bits(usize::MAX)), budget(i, json!({"matchLabels": bits(i)}))]
        })
    }),
    ("budgets by expressions", |n| {
        each(n, |i| {
            vec![
                job_manager(i, json!({"app": "a"})),
                budget(
                    i,
                    json!({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": [format!("x{i}")]}]}),
                ),
            ]
        })
    }),
    ("budgets that cover nothing", |n| {
        each(n, |i| {
            vec![
                job_manager(i, json!({"app": "a"})),
                budget(
                    i,
                    json!({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}, {"key": format!("k{i}"), "operator": "DoesNotExist"}]}),
                ),
            ]
        })
    }),
    ("budgets of FlinkDeployments", |n| {
        each(n, |i| {
            vec![
                deployment(i, json!({})),
                budget(
                    i,
                    json!({"matchLabels": {"component": "jobmanager", "app": format!("d{i}")}}),
                ),
            ]
        })
    }),
    ("session jobs of one cluster", |n| {
        let mut all = each(n, |i| {
            vec![
                json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkSessionJob", "metadata": {"name": format!("j{i}"), "namespace": "strict"}, "spec": {"deploymentName": "d0", "job": {"jarURI": "local:///a.jar"}}}),
            ]
        });
        all.push(deployment(0, json!({})));
        all
    }),
    ("pods that mount ConfigMaps", |n| {
        each(n, |i| {
            vec![
                json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("c{i}"), "namespace": "strict"}, "data": {"config.yaml": "taskmanager.numberOfTaskSlots: 1\n"}}),
                mounting(i, json!({"configMap": {"name": format!("c{i}")}})),
            ]
        })
    }),
    ("pods that mount one ConfigMap by different keys", |n| {
        let mut all = each(n, |i| {
            vec![mounting(
                i,
                json!({"configMap": {"name": "c", "items": [{"key": format!("k{i}"), "path": "config.yaml"}]}}),
            )]
        });
        all.push(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "strict"}, "data": map(n, "taskmanager.numberOfTaskSlots: 1\n")}));
        all
    }),
    ("pods that mount one ConfigMap of many keys", |n| {
        let mut all = each(n, |i| vec![mounting(i, json!({"configMap": {"name": "c"}}))]);
        all.push(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "strict"}, "data": map(n, "a: 1\n")}));
        all
    }),
    ("pods that mount claims", |n| {
        each(n, |i| {
            vec![
                json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": format!("c{i}"), "namespace": "strict"}, "spec": {"accessModes": ["ReadWriteOnce"]}}),
                mounting(i, json!({"persistentVolumeClaim": {"claimName": format!("c{i}")}})),
            ]
        })
    }),
    ("objects that an operator made", |n| {
        let mut all = each(n, |i| {
            let mut made = job_manager(i, json!({"app": "d0"}));
            made["metadata"]["ownerReferences"] = json!([{"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "name": "d0", "uid": "1"}]);
            vec![made]
        });
        all.push(deployment(0, json!({})));
        all
    }),
    ("pods of extended resources", |n| {
        each(n, |i| {
            vec![
                json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": format!("p{i}"), "namespace": "strict"}, "spec": {"containers": [{"name": "a", "resources": {"limits": {format!("example.com/r{i}"): "1"}}}]}}),
            ]
        })
    }),
];

fn each(n: usize, objects: impl Fn(usize) -> Vec<Value>) -> Vec<Value> {
    (0..n).flat_map(objects).collect()
}

fn map(n: usize, value: &str) -> Value {
    (0..n).map(|i| (format!("k{i}"), json!(value))).collect()
}

/// A label for each bit of a number.
fn bits(number: usize) -> Value {
    (0..11)
        .filter(|bit| number >> bit & 1 == 1)
        .map(|bit| (format!("b{bit}"), json!("x")))
        .collect()
}

fn reporters(n: usize) -> Value {
    (0..n).map(|i| (format!("r{i}"), json!({"factory.class": "PrometheusReporterFactory", "port": format!("{}-{}", 9000 + 2 * i, 9001 + 2 * i)}))).collect()
}

fn job_manager(i: usize, labels: Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": format!("m{i}"), "namespace": "strict"},
        "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {
            "containers": [{"name": "jobmanager", "image": "flink:1.20", "args": ["jobmanager"], "ports": [{"name": "x", "containerPort": 6123}]}]}}}})
}

fn mounting(i: usize, volume: Value) -> Value {
    let mut object = job_manager(i, json!({"app": "a"}));
    let spec = &mut object["spec"]["template"]["spec"];
    spec["containers"][0]["volumeMounts"] = json!([{"name": "v", "mountPath": "/opt/flink/conf"}]);
    let mut volume = volume;
    volume["name"] = json!("v");
    spec["volumes"] = json!([volume]);
    object
}

fn deployment(i: usize, options: Value) -> Value {
    json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {"name": format!("d{i}"), "namespace": "strict"},
        "spec": {"image": "flink:1.20", "flinkVersion": "v1_20", "serviceAccount": "flink", "flinkConfiguration": options,
            "jobManager": {"replicas": 2}, "taskManager": {}}})
}

fn service(i: usize, selector: Value, port: usize) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": format!("s{i}"), "namespace": "strict"},
        "spec": {"type": "LoadBalancer", "selector": selector, "ports": [{"port": port}]}})
}

fn ingress(i: usize, backends: Vec<(&str, usize)>) -> Value {
    let paths: Vec<_> = backends
        .into_iter()
        .map(|(name, port)| json!({"path": "/", "backend": {"service": {"name": name, "port": {"number": port}}}}))
        .collect();
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": format!("i{i}"), "namespace": "strict"},
        "spec": {"rules": [{"host": "a.strict.example.com", "http": {"paths": paths}}]}})
}

fn budget(i: usize, selector: Value) -> Value {
    json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": format!("b{i}"), "namespace": "strict"},
        "spec": {"maxUnavailable": 1, "selector": selector}})
}

/// Steps, allocations and allocated bytes of a lint.
fn cost(objects: Vec<Value>) -> [u64; 3] {
    let resources: Vec<Resource> =
        objects.into_iter().map(|object| Resource::from_manifest(object).unwrap()).collect();
    let before = steps::count();
    let counted = allocation_counter::measure(|| lint(&resources));
    [steps::count() - before, counted.count_total, counted.bytes_total]
}

/// What `lint` does with the objects of an input: see `src/cli/lint/`.
fn lint(resources: &[Resource]) {
    let mut context = FlinkContext::default();
    for resource in resources {
        let (namespace, name, object) = (&resource.namespace, &resource.name, &resource.object);
        match resource.kind.kind.as_str() {
            "ConfigMap" => context.configuration_mut().add_config_map(namespace, name, object),
            kind @ "FlinkDeployment" => {
                context.add_object(kind, namespace, name, Some(object.clone()));
            }
            _ => {}
        }
        for (_, template) in pod_templates(object) {
            context.configuration_mut().add_readers(namespace, template);
        }
        context.add_claim(namespace, name, object);
    }
    let lower = |one: &Resource| kinds::lower_with_context(one, &one.object, &context);
    let objects = NamespaceObjects::of_input(resources.iter(), lower);
    let networks = NamespaceNetwork::of_input(resources.iter(), lower);
    let context = context.with_neighbours(objects).with_networks(networks);
    let gate = gate().with_context(Arc::new(context));
    let mut usage = InputUsage::default();
    for resource in resources {
        usage.add(&gate.case(resource, false).unwrap());
    }
    for resource in resources {
        let case = gate.case(resource, false).unwrap();
        let others = usage.others(&case);
        gate.judge(case, &others);
    }
}

#[test]
fn twice_the_objects_take_at_most_twice_the_work() {
    let mut failures = Vec::new();
    for (name, input) in INPUTS {
        cost(input(1));
        let mut before: Option<[u64; 3]> = None;
        for n in [32, 64, 128, 256] {
            let start = std::time::Instant::now();
            let after = cost(input(n));
            if std::env::var_os("SHOW_COSTS").is_some() {
                println!("{name} {n} {:?} {after:?}", start.elapsed());
            }
            if let Some(before) = before {
                for (what, before, after, constant) in [
                    ("steps", before[0], after[0], 20_000),
                    ("allocations", before[1], after[1], 150),
                    ("bytes", before[2], after[2], 40_000),
                ] {
                    if after > before * 21 / 10 + constant {
                        failures.push(format!("{name}, {n} objects: {what}: {before} -> {after}"));
                    }
                }
            }
            before = Some(after);
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
