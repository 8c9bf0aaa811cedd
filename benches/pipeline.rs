//! The pipeline alone, without HTTP and TLS: what one review costs on one core, all rules on.
//!
//! `cargo bench --bench pipeline`. `review/…` starts at the body's bytes and ends with the
//! answer's; `gate/…` leaves the protocol out; `lower` and `check` are parts of it. `input` and
//! `policy/…` are what users' policies add.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use criterion::{Criterion, criterion_group, criterion_main};
use flinkgate::admission::answer::Webhook;
use flinkgate::admission::response::Reply;
use flinkgate::admission::review::Review;
use flinkgate::kinds;
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::rego::input::{Input, TenantInput};
use flinkgate::rego::{Needs, PolicySet, library};
use flinkgate::rules::{self, Subject};
use flinkgate::tenant::PreparedTenant;
use std::hint::black_box;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn pipeline(criterion: &mut Criterion) {
    let (gate, _) = Gate::load(&["examples/tenants".into()], &[], Unassigned::Warn).unwrap();
    for (name, file) in [
        ("pod-3KB-create", "taskmanager-pod-create.json"),
        ("flinkdeployment-9KB-update", "flinkdeployment-update.json"),
    ] {
        let body = std::fs::read(format!("benches/data/{file}")).unwrap();
        let resource = Review::parse(&body).unwrap().resource().unwrap();
        let mutated = gate.mutated(&resource);
        let complete = flinkgate::resource::Resource { object: mutated, ..resource.clone() };
        criterion.bench_function(&format!("parse/{name}"), |bencher| {
            bencher.iter(|| Review::parse(black_box(&body)).unwrap().resource().unwrap())
        });
        // Lowering, sizes, memory, and the built-in rules.
        let tenant = PreparedTenant::new(gate.tenants().iter().next().unwrap());
        criterion.bench_function(&format!("check/{name}"), |bencher| {
            bencher.iter(|| {
                let workload = kinds::lower(black_box(&complete), &complete.object).unwrap();
                rules::check(&Subject::new(&complete, &complete.object, &workload, &tenant))
            })
        });
        criterion.bench_function(&format!("lower/{name}"), |bencher| {
            bencher.iter(|| kinds::lower(black_box(&resource), &resource.object))
        });
        for webhook in [Webhook::Mutate, Webhook::Validate] {
            let case = if webhook == Webhook::Mutate { &resource } else { &complete };
            criterion.bench_function(&format!("gate/{}/{name}", webhook.as_str()), |bencher| {
                bencher.iter(|| webhook.ask(&gate, black_box(case)))
            });
            criterion.bench_function(&format!("review/{}/{name}", webhook.as_str()), |bencher| {
                bencher.iter(|| {
                    let mut review = Review::parse(black_box(&body)).unwrap();
                    let resource = review.resource().unwrap();
                    let answer = webhook.ask(&gate, &resource);
                    serde_json::to_vec(&Reply::new(&review, webhook, &resource, &answer)).unwrap()
                })
            });
        }
    }
}

/// What `input` costs, and each of the library's policies by itself, on the FlinkDeployment.
fn policies(criterion: &mut Criterion) {
    let (gate, _) = Gate::load(&["examples/tenants".into()], &[], Unassigned::Warn).unwrap();
    let body = std::fs::read("benches/data/flinkdeployment-update.json").unwrap();
    let resource = Review::parse(&body).unwrap().resource().unwrap();
    let workload = kinds::lower(&resource, &resource.object).unwrap();
    let tenant = gate.tenants().iter().next().unwrap();
    let (prepared, seen) = (PreparedTenant::new(tenant), TenantInput::of(tenant));
    let subject = Subject::new(&resource, &resource.object, &workload, &prepared);
    let needs = Needs { object: true, old_object: true, used: true };
    let input = || Input::of(black_box(&subject), Some(&seen), needs).value().unwrap();
    criterion.bench_function("input", |bencher| bencher.iter(input));
    let input = input();
    for policy in library::policies() {
        let set = PolicySet::load(&[format!("library/{}", policy.name).into()]).unwrap();
        criterion.bench_function(&format!("policy/{}", policy.name), |bencher| {
            bencher.iter(|| set.evaluate(black_box(input.clone())))
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(30).measurement_time(std::time::Duration::from_secs(2)).warm_up_time(std::time::Duration::from_millis(500));
    targets = pipeline, policies
}
criterion_main!(benches);
