//! Claims that pods mount: by volumes, and by Flink's option for them.

use super::super::as_text;
use super::{Found, Subject, is_any, shown, texts, use_one_of};
use crate::flink::claims::claim_for;
use crate::flink::map_options::map_entries;
use crate::kubernetes::references::{ReferenceKind, references};
use serde_json::Value as Json;

pub(super) fn judge(subject: &Subject<'_>, found: &mut Found) {
    let storage = &subject.tenant["storage"];
    let Some(list) = texts(&storage["claims"]["names"]) else { return };
    // The claim that every cluster is given, as a pattern.
    let checkpoints = as_text(&storage["checkpoints"]["volume"]["claimName"])
        .map(|pattern| claim_for(pattern, "*"));
    let is_allowed = |name: &str| {
        is_any(&list, name)
            || checkpoints.as_deref().is_some_and(|pattern| is_any(&[pattern], name))
    };
    for set in &subject.workload.pods {
        let spec = set.template(subject.root).get("spec").unwrap_or(&Json::Null);
        references(spec, ReferenceKind::Claim, |name, place| {
            if !is_allowed(name) {
                let message = format!(
                    "pods of role {} must not have the PersistentVolumeClaim {:?}",
                    set.role.as_str(),
                    shown(name)
                );
                let place = format!("{}{place}", set.path());
                found.add("claims", &place, message, use_one_of(&list));
            }
        });
    }
    if !subject.options_make_pods() {
        return;
    }
    for pair in map_entries(&subject.workload.config, "kubernetes.persistent-volume-claims") {
        if !is_allowed(&pair.key)
            && let Some(place) = subject.written(pair.option, pair.entry)
        {
            let message = format!(
                "option {} must not give pods the PersistentVolumeClaim {:?}",
                pair.option,
                shown(&pair.key)
            );
            found.add("claims", place, message, use_one_of(&list));
        }
    }
}
