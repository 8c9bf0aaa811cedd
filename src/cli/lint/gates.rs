//! The gates of a run: one for each set of tenants, policies and versions that configurations name.

use super::configured;
use super::foreign::ForeignPolicies;
use super::nothing::Nothing;
use crate::cli::args::{OnlyTenantArgs, OperatorArgs, TenantArgs};
use crate::cli::gate;
use crate::cli::input::{Manifest, Texts};
use crate::cli::settings::{GateSettings, Settings, UnknownRules};
use crate::flink::budgets::NamespaceObjects;
use crate::flink::network::NamespaceNetwork;
use crate::kinds;
use crate::pipeline::Gate;
use crate::rego::foreign::{Choice, load};
use crate::report::RuleInfo;
use crate::rules::notices::NOTICES;
use std::collections::BTreeMap;

/// What objects are judged by.
pub(super) struct Pair {
    /// The tenants and policies in force.
    pub(super) in_force: Gate,
    /// The same with those of the input, which are judged as if they were applied in their order;
    /// `None` if the input has none.
    configured: Option<Gate>,
    /// Policies of other tools.
    pub(super) foreign: ForeignPolicies,
    /// The number of the quotas to which the objects count: those of one set of tenants.
    pub(super) quota: usize,
}

impl Pair {
    pub(super) fn configured(&self) -> &Gate {
        self.configured.as_ref().unwrap_or(&self.in_force)
    }
}

/// All gates of a run.
pub(super) struct Gates {
    pairs: Vec<Pair>,
    /// The number of the pair, by the number of the settings.
    of_settings: BTreeMap<usize, usize>,
}

impl Gates {
    /// The gates of the settings that hold for files and for the whole run.
    ///
    /// # Errors
    /// When a tenant, a policy or the operator's configuration cannot be used or is none, or a
    /// configuration names an unknown rule.
    pub(super) fn load(texts: &Texts, choice: &Choice) -> anyhow::Result<Self> {
        let surrounding = texts.surrounding();
        let mut gates = Self { pairs: Vec::new(), of_settings: BTreeMap::new() };
        let (mut loaded, mut unknown) = (Vec::<&GateSettings>::new(), Vec::new());
        for (number, settings) in texts.settings_in_use() {
            let known = loaded.iter().position(|other| **other == settings.gate);
            let pair = match known {
                Some(pair) => pair,
                None => {
                    let first = loaded.iter().position(|other| other.shares_quota(&settings.gate));
                    let quota = first.unwrap_or(loaded.len());
                    gates.pairs.push(pair(settings, (quota, choice), texts, &surrounding)?);
                    loaded.push(&settings.gate);
                    loaded.len().saturating_sub(1)
                }
            };
            gates.of_settings.insert(number, pair);
            if let Some(pair) = gates.pairs.get(pair) {
                unknown.extend(settings.rules.unknown(&rule_ids(pair)));
            }
        }
        unknown.sort();
        unknown.dedup();
        if unknown.is_empty() { Ok(gates) } else { Err(UnknownRules(unknown).into()) }
    }

    /// The gates for the files with these settings.
    pub(super) fn of(&self, settings: usize) -> Option<&Pair> {
        self.pairs.get(*self.of_settings.get(&settings)?)
    }

    /// All gates.
    pub(super) fn all(&self) -> impl Iterator<Item = &Pair> {
        self.pairs.iter()
    }

    /// The documentation of all rules, each once.
    pub(super) fn rules(&self) -> Vec<RuleInfo> {
        let rules = self.pairs.iter().flat_map(|pair| {
            let foreign = pair.foreign.policies().rules().map(gate::rule_info);
            gate::rules(&pair.in_force).into_iter().chain(foreign)
        });
        let rules: BTreeMap<String, RuleInfo> = rules.map(|rule| (rule.id.clone(), rule)).collect();
        rules.into_values().collect()
    }
}

/// The ids that a configuration or a suppression can name.
pub(super) fn rule_ids(pair: &Pair) -> Vec<&str> {
    let catalog = pair.configured().policies().catalog().iter();
    let foreign = pair.foreign.policies().rules();
    let ids = catalog.chain(foreign).map(|rule| rule.id.as_str());
    ids.chain(NOTICES.iter().map(|notice| notice.id)).collect()
}

fn pair(
    settings: &Settings,
    (quota, choice): (usize, &Choice),
    texts: &Texts,
    surrounding: &[Manifest],
) -> anyhow::Result<Pair> {
    let of = settings.gate.clone();
    if !settings.allow_empty {
        Nothing::check_paths(&of, choice)?;
    }
    let operator =
        OperatorArgs { operator_config: of.operator_config, operator_version: of.operator_version };
    let context = operator.context(surrounding)?.with_assumed_version(of.flink_version);
    let resources = || surrounding.iter().map(|manifest| &manifest.resource);
    let objects = NamespaceObjects::of_input(resources(), |resource| {
        kinds::lower_with_context(resource, &resource.object, &context)
    });
    let networks = NamespaceNetwork::of_input(resources(), |resource| {
        kinds::lower_with_context(resource, &resource.object, &context)
    });
    let context = context.with_neighbours(objects).with_networks(networks);
    let tenants = TenantArgs { tenants: of.tenants };
    let only = OnlyTenantArgs { tenant: of.tenant };
    let policies = load(&of.policies, choice)?;
    let gate = gate::load(&tenants, &only, policies.own, of.unassigned, context, || {
        texts.mentioning("Namespace")
    })?;
    let foreign = ForeignPolicies::new(policies.foreign, texts);
    let in_force = gate.with_completed_files();
    let configured = configured::gate(&in_force, texts);
    Ok(Pair { in_force, configured, foreign, quota })
}
