//! What an update adds to the findings about an object. Controllers and kubelets change labels and
//! annotations of objects that are wrong in other ways, or that their tenant allowed before.

use super::Gate;
use crate::quota::Usage;
use crate::resource::{Resource, pointer};
use crate::rules::Finding;
use std::collections::HashSet;
use std::time::Instant;

impl Gate {
    /// Removes the findings that the old object has too, and with the same value at their place.
    pub(super) fn remove_old(
        &self,
        findings: &mut Vec<Finding>,
        resource: &Resource,
        until: Option<Instant>,
    ) {
        let Some(old) = &resource.old_object else { return };
        let unchanged = Resource {
            kind: resource.kind.clone(),
            of: resource.of.clone(),
            operation: resource.operation,
            namespace: resource.namespace.clone(),
            name: resource.name.clone(),
            sub_resource: resource.sub_resource.clone(),
            dry_run: resource.dry_run,
            user: resource.user.clone(),
            object: old.clone(),
            old_object: Some(old.clone()),
        };
        let Some(case) = self.lower_admitted(&unchanged) else { return };
        let before = self.all_findings(&case, &Usage::default(), until, true);
        // The help may name other labels that changed.
        let before: HashSet<_> = before
            .iter()
            .map(|then| (&*then.rule, then.pointer.as_str(), then.message.as_str()))
            .collect();
        // A finding about a whole map or object names what is wrong in its message.
        let value = |object| {
            move |place: &str| {
                pointer::at(object, place).filter(|value| !value.is_object() && !value.is_array())
            }
        };
        let is_same = |place: &str| value(&resource.object)(place) == value(old)(place);
        let was_true = |now: &Finding| {
            before.contains(&(&*now.rule, now.pointer.as_str(), now.message.as_str()))
        };
        findings.retain(|finding| !was_true(finding) || !is_same(&finding.pointer));
    }
}
