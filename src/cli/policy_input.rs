//! `flinkgate input`: what policies see of objects.

use super::args::{ManifestArgs, OnlyTenantArgs, OperatorArgs, TenantArgs};
use super::input::{Input, Manifest};
use super::{Exit, Outcome, gate, terminal};
use crate::admission::review::Review;
use crate::pipeline::{InputUsage, Unassigned};
use crate::rego::PolicySet;
use crate::rego::input::Input as PolicyInput;
use crate::resource::Resource;
use anyhow::Context;
use std::borrow::Cow;
use std::path::PathBuf;

const EXAMPLES: &str = "Examples:
  What policies see of a FlinkDeployment of tenant `payments`:
    flinkgate input etl.yaml --tenants tenants/ --tenant payments

  One part of it:
    flinkgate input etl.yaml | jq .flink.size

  What they see of a request that an API server sent:
    flinkgate input review.json --tenants tenants/

docs/reference/input.md describes every field.";

/// Arguments of `flinkgate input`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Files with manifests or AdmissionReviews, or `-` for standard input
    ///
    /// Policies see a manifest after mutation, as if it were created, and the object of an
    /// AdmissionReview as it is.
    #[arg(value_name = "FILE", default_value = "-")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    seen: SeenArgs,
}

/// What decides how policies see objects.
#[derive(Debug, clap::Args)]
pub(super) struct SeenArgs {
    #[command(flatten)]
    tenants: TenantArgs,
    #[command(flatten)]
    only: OnlyTenantArgs,
    #[command(flatten)]
    operator: OperatorArgs,
}

impl SeenArgs {
    /// The `input` of each object that policies see, as `write` gives it. `unseen` gets the others.
    pub(super) fn documents<T>(
        &self,
        input: &Input<Vec<Manifest>>,
        unseen: impl Fn(&str),
        write: impl Fn(&PolicyInput<'_>) -> serde_json::Result<T>,
    ) -> anyhow::Result<Vec<T>> {
        let context = self.operator.context(input.manifests())?;
        let policies = PolicySet::built_in()?;
        let gate = gate::load(
            &self.tenants,
            &self.only,
            policies,
            Unassigned::default(),
            context,
            || input.manifests().cloned().collect(),
        )?;
        let requests = input.manifests().map(request).collect::<anyhow::Result<Vec<_>>>()?;
        let (mut cases, mut usage) = (Vec::new(), InputUsage::default());
        for request in &requests {
            match gate.case(&request.resource, request.is_review) {
                Some(case) => {
                    usage.add(&case);
                    cases.push(case);
                }
                None => unseen(&request.name),
            }
        }
        let document = |case| {
            let used = usage.others(&case);
            Ok(gate.input(&case, &used, &write)?)
        };
        cases.into_iter().map(document).collect()
    }
}

/// Runs the command.
///
/// # Errors
/// When tenants cannot be loaded, an AdmissionReview is malformed, or nothing can be written.
pub fn run(args: Args) -> Outcome {
    let input = Input::read(&ManifestArgs::of(&args.files))?;
    input.complain(&input.report());
    let unseen = |name: &str| terminal::report(&format!("note: policies do not see {name}"));
    let documents = args
        .seen
        .documents(&input, unseen, |input| Ok(serde_json::to_string_pretty(input)? + "\n"))?;
    terminal::print(&documents.concat())?;
    Ok(if input.unreadable.is_empty() { Exit::Fine } else { Exit::CouldNotRun })
}

/// One object as it comes to the gate.
struct Request<'a> {
    resource: Cow<'a, Resource>,
    /// The object and its file, for people.
    name: String,
    /// Whether it is the object of an AdmissionReview, which mutation has passed.
    is_review: bool,
}

/// The object of a manifest, or of the AdmissionReview in it.
fn request(manifest: &Manifest) -> anyhow::Result<Request<'_>> {
    let Manifest { file, resource, .. } = manifest;
    if resource.kind.kind != "AdmissionReview" {
        let name = format!("{} in `{file}`", manifest.object_ref());
        return Ok(Request { resource: Cow::Borrowed(resource), name, is_review: false });
    }
    let body = serde_json::to_vec(&resource.object)?;
    let reviewed = Review::parse(&body).with_context(|| format!("`{file}`"))?.resource();
    let reviewed = reviewed.with_context(|| format!("`{file}`"))?;
    let name = format!("the object of the AdmissionReview in `{file}`");
    Ok(Request { resource: Cow::Owned(reviewed), name, is_review: true })
}
