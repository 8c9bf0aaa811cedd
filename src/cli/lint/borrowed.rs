//! Findings about options that a workload reads from a ConfigMap of the same input: they are findings
//! of the ConfigMap, and each is there once, however many workloads read it.

use super::judge::Linted;
use crate::cli::input::Manifest;
use crate::flink::FlinkContext;
use crate::flink::config_file::keys_of_config_map;
use crate::flink::config_sources::{ConfigSource, of_template, pod_templates};
use crate::report::{Diagnostic, ObjectRef};
use crate::resource::yaml::Span;
use crate::resource::{Resource, pointer};
use crate::rules::makes_superfluous;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Namespace and name of a ConfigMap.
pub(super) type ConfigMapName = (String, String);

/// A finding about an option that another object has.
#[derive(Debug)]
pub(super) struct Borrowed {
    diagnostic: Diagnostic,
    config_map: ConfigMapName,
    /// The key of the ConfigMap; `None` where it may be any.
    key: Option<String>,
}

/// A ConfigMap with Flink's configuration.
#[derive(Debug)]
pub(super) struct ConfigMapPlace {
    file: Arc<str>,
    object: ObjectRef,
    /// Its keys, each with its pointer and place.
    keys: BTreeMap<String, (String, Span)>,
}

/// Notes where a ConfigMap with Flink's configuration is.
pub(super) fn note(manifest: &Manifest, context: &FlinkContext, linted: &mut Linted) {
    let Resource { kind, namespace, name, object, .. } = &manifest.resource;
    if !kind.group.is_empty()
        || kind.kind != "ConfigMap"
        || !context.configuration().has_config_map(namespace, name)
    {
        return;
    }
    let keys = keys_of_config_map(object).into_iter().map(|key| {
        let place = pointer::join("/data", key);
        let span = manifest.span(&place);
        (key.to_owned(), (place, span))
    });
    let (file, object) = (manifest.file.clone(), manifest.object_ref());
    let place = ConfigMapPlace { file, object, keys: keys.collect() };
    linted.config_maps.entry((namespace.clone(), name.clone())).or_default().push(place);
}

/// Parts findings about options of ConfigMaps from all others.
pub(super) fn part(manifest: &Manifest, found: Vec<Diagnostic>, linted: &mut Linted) {
    // Most have none, and then no source is looked for.
    let sources = match found.iter().any(|diagnostic| diagnostic.facts.key.is_some()) {
        true => sources(&manifest.resource),
        false => BTreeMap::new(),
    };
    for diagnostic in found {
        let source = sources.get(&diagnostic.pointer).filter(|_| diagnostic.facts.key.is_some());
        match source {
            Some((config_map, key)) => {
                let config_map = (manifest.resource.namespace.clone(), config_map.clone());
                linted.borrowed.push(Borrowed { diagnostic, config_map, key: key.clone() });
            }
            None => linted.diagnostics.push(diagnostic),
        }
    }
}

/// What the pods of an object read as Flink's configuration, by the place that names it: a ConfigMap and
/// its key.
fn sources(resource: &Resource) -> BTreeMap<String, (String, Option<String>)> {
    let mut found = BTreeMap::new();
    for (base, template) in pod_templates(&resource.object) {
        of_template(template, |ConfigSource { config_map, key, place, .. }| {
            let key = key.map(|key| key.into_owned());
            found.entry(format!("{base}{place}")).or_insert((config_map.to_owned(), key));
        });
    }
    found
}

/// Puts findings at the ConfigMaps that the input has, unless one is there that says the same.
pub(super) fn settle(linted: &mut Linted) {
    let borrowed = std::mem::take(&mut linted.borrowed);
    if borrowed.is_empty() {
        return;
    }
    let mut known = Known::default();
    for (index, diagnostic) in linted.diagnostics.iter().enumerate() {
        known.add(index, diagnostic);
    }
    let mut superfluous = Vec::new();
    for Borrowed { mut diagnostic, config_map, key } in borrowed {
        let places = linted.config_maps.get(&config_map).map(Vec::as_slice).unwrap_or_default();
        // Overlays have a ConfigMap often. The nearest is in the same file.
        let nearest = places.iter().find(|place| place.file == diagnostic.file);
        if let Some(place) = nearest.or(places.first()) {
            place.take(&mut diagnostic, key.as_deref());
        }
        let others = known.at(&diagnostic);
        let is_superfluous =
            others.iter().filter_map(|index| linted.diagnostics.get(*index)).any(|other| {
                other.rule == diagnostic.rule && other.level >= diagnostic.level
                    || makes_superfluous(
                        (&other.rule, other.level),
                        (&diagnostic.rule, diagnostic.level),
                    )
            });
        if is_superfluous {
            continue;
        }
        superfluous.extend(others.iter().copied().filter(|index| {
            linted.diagnostics.get(*index).is_some_and(|other| {
                other.rule == diagnostic.rule
                    || makes_superfluous(
                        (&diagnostic.rule, diagnostic.level),
                        (&other.rule, other.level),
                    )
            })
        }));
        known.add(linted.diagnostics.len(), &diagnostic);
        linted.diagnostics.push(diagnostic);
    }
    superfluous.sort_unstable();
    let mut index = 0;
    linted.diagnostics.retain(|_| {
        let is_kept = superfluous.binary_search(&index).is_err();
        index += 1;
        is_kept
    });
}

impl ConfigMapPlace {
    /// Moves a finding here. A text of an unknown key is the first one.
    fn take(&self, diagnostic: &mut Diagnostic, key: Option<&str>) {
        let named = key.and_then(|key| self.keys.get(key));
        let Some((pointer, span)) = named.or(self.keys.values().next()) else { return };
        diagnostic.file = self.file.clone();
        diagnostic.object = Some(self.object.clone());
        diagnostic.pointer.clone_from(pointer);
        diagnostic.span = *span;
    }
}

/// The findings about options, by file, place and option.
#[derive(Default)]
struct Known(BTreeMap<(Arc<str>, String, usize, String), Vec<usize>>);

impl Known {
    fn add(&mut self, index: usize, diagnostic: &Diagnostic) {
        if let Some(key) = Self::key(diagnostic) {
            self.0.entry(key).or_default().push(index);
        }
    }

    fn at(&self, diagnostic: &Diagnostic) -> Vec<usize> {
        let key = Self::key(diagnostic);
        key.and_then(|key| self.0.get(&key)).cloned().unwrap_or_default()
    }

    fn key(diagnostic: &Diagnostic) -> Option<(Arc<str>, String, usize, String)> {
        let Diagnostic { file, pointer, span, facts, .. } = diagnostic;
        Some((file.clone(), pointer.clone(), span.line, facts.key.clone()?))
    }
}
