//! Lists that the operator's merge of two templates mixes up or shortens.

use super::Reports;
use crate::flink::workload::MergedTemplate;
use crate::kubernetes::validation::Place;
use crate::resource::pointer;
use crate::resource::steps::step;
use crate::rules::Advice;
use crate::rules::words::shown;
use serde_json::Value;

/// The option by which lists are merged by name.
const MERGE_BY_NAME: &str = "kubernetes.operator.pod-template.merge-arrays-by-name";

/// Fields that tell the elements of lists apart.
const IDENTITIES: [&str; 4] = ["name", "key", "topologyKey", "ip"];

/// Deepest level that is merged.
const DEEPEST: usize = 64;

/// Reports lists of both templates whose elements do not belong together.
pub fn check(object: &Value, merged: &MergedTemplate, reports: &mut Reports<'_, '_>) {
    let at = |place: &str| pointer::at(object, place).unwrap_or(&Value::Null);
    let walk = Walk { role_place: &merged.role, by_name: merged.by_name };
    walk.value(at(&merged.common), at(&merged.role), &Place::ROOT, DEEPEST, reports);
}

struct Walk<'w> {
    role_place: &'w str,
    by_name: bool,
}

impl Walk<'_> {
    fn value(
        &self,
        common: &Value,
        role: &Value,
        at: &Place<'_>,
        depth: usize,
        reports: &mut Reports<'_, '_>,
    ) {
        if depth == 0 {
            return;
        }
        let (Value::Object(common), Value::Object(role)) = (common, role) else { return };
        for (name, role) in role {
            step();
            let Some(common) = common.get(name) else { continue };
            let at = at.field(name);
            match (common, role) {
                (Value::Array(common), Value::Array(role)) => {
                    self.list(common, role, &at, depth, reports);
                }
                (common, role) => self.value(common, role, &at, depth - 1, reports),
            }
        }
    }

    fn list(
        &self,
        common: &[Value],
        role: &[Value],
        at: &Place<'_>,
        depth: usize,
        reports: &mut Reports<'_, '_>,
    ) {
        let are_named = common.iter().chain(role).all(|element| name(element).is_some());
        if self.by_name && are_named {
            return self.list_by_name(common, role, at, depth, reports);
        }
        for (index, (common, role)) in common.iter().zip(role).enumerate() {
            step();
            if common == role {
                continue;
            }
            let place = at.index(index);
            match (identity(common), identity(role)) {
                // Of two volumes with different sources, `flink/invalid-pod` reports the result.
                (Some(first), Some(second)) if first != second => {
                    if at.name() != "volumes" || source(common) == source(role) {
                        self.report(first, second, are_named, &place, reports);
                    }
                    return;
                }
                _ if !common.is_object() && !role.is_object() => {
                    if let Some(finding) = reports.at(self.place(at)) {
                        let list = at.name();
                        finding
                            .message(format!(
                                "the operator keeps `{list}` of the common pod template, and only adds elements beyond its end"
                            ))
                            .help(format!("write `{list}` in one of the two pod templates only"));
                    }
                    return;
                }
                _ => self.value(common, role, &place, depth - 1, reports),
            }
        }
    }

    fn list_by_name(
        &self,
        common: &[Value],
        role: &[Value],
        at: &Place<'_>,
        depth: usize,
        reports: &mut Reports<'_, '_>,
    ) {
        // With few elements in real templates; long lists are not searched.
        const MOST: usize = 200;
        if common.len() > MOST || role.len() > MOST {
            return;
        }
        for (index, element) in role.iter().enumerate() {
            step();
            let place = at.index(index);
            let same = |other: &&Value| name(other) == name(element);
            if role.iter().take(index).any(|other| same(&other))
                && let Some(own) = name(element)
                && let Some(finding) = reports.at(self.place(&place))
            {
                finding
                    .message(format!(
                        "`{own}` is in `{}` twice, and the merge by name keeps only the last one",
                        at.name()
                    ))
                    .help(format!("write `{}` in one of the two pod templates only", at.name()));
                return;
            }
            if let Some(common) = common.iter().find(same) {
                self.value(common, element, &place, depth - 1, reports);
            }
        }
    }

    fn report(
        &self,
        first: &str,
        second: &str,
        are_named: bool,
        at: &Place<'_>,
        reports: &mut Reports<'_, '_>,
    ) {
        let list = at.list();
        let (first, second) = (shown(first), shown(second));
        let Some(finding) = reports.at(self.place(at)) else { return };
        let help = if are_named {
            Advice::set_option(MERGE_BY_NAME, true)
        } else {
            format!("write `{list}` in one of the two pod templates only").into()
        };
        finding
            .message(format!(
                "the operator merges `{list}` by position: `{second}` overwrites `{first}` of the common pod template"
            ))
            .advise(help);
    }

    fn place(&self, at: &Place<'_>) -> String {
        format!("{}{}", self.role_place, at.to_pointer())
    }
}

fn name(element: &Value) -> Option<&str> {
    element.get("name").and_then(Value::as_str)
}

fn identity(element: &Value) -> Option<&str> {
    IDENTITIES.iter().find_map(|field| element.get(field).and_then(Value::as_str))
}

/// Where a volume's content comes from.
fn source(volume: &Value) -> Option<&str> {
    let fields = volume.as_object()?;
    fields.keys().map(String::as_str).find(|name| *name != "name")
}
