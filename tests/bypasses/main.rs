//! What tenants and configuration may try, by topic: each case is refused, and its honest look-alike
//! is admitted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../cases/mod.rs"]
mod cases;
#[path = "../fake_cluster/mod.rs"]
mod fake_cluster;
#[path = "../manifests/mod.rs"]
mod manifests;
#[path = "../convergence/objects.rs"]
#[allow(dead_code)]
mod objects;
#[path = "../rule_examples/mod.rs"]
mod rule_examples;
#[path = "../seeded/mod.rs"]
mod seeded;
#[path = "../serve_support/mod.rs"]
mod serve_support;
#[path = "../tenant_schema/mod.rs"]
mod tenant_schema;
#[path = "../convergence/tenants.rs"]
#[allow(dead_code)]
mod tenants;

mod callers;
mod cel;
mod config_maps;
mod configuration;
mod doors;
mod exposures;
mod guarantees;
mod guarantees_generated;
mod holds_options;
mod label_keys;
mod leaving;
mod line_ends;
mod links;
mod metadata;
mod option_carriers;
mod option_kinds;
mod option_names;
mod option_text;
mod options;
mod pod_makers;
mod requesters;
mod resting;
mod secrets;
mod selected_pods;
mod statuses;
mod sub_resources;
mod taken_names;
mod tenant_fields;
mod terminal_output;
mod webhook_rules;
