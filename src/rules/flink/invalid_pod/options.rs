//! Options from which Flink makes parts of its pods.

use super::words::Words;
use crate::flink::Role;
use crate::flink::map_options::map_entries;
use crate::kubernetes::validation::{Fault, Form, Place};
use crate::rules::Subject;

/// Options of a role that are maps, with the forms of their keys and values.
const MAPS: [[(&str, Form, Option<Form>); 3]; 2] = [
    [
        ("kubernetes.jobmanager.labels", Form::Key, Some(Form::LabelValue)),
        ("kubernetes.jobmanager.node-selector", Form::Key, Some(Form::LabelValue)),
        ("kubernetes.jobmanager.annotations", Form::AnnotationKey, None),
    ],
    [
        ("kubernetes.taskmanager.labels", Form::Key, Some(Form::LabelValue)),
        ("kubernetes.taskmanager.node-selector", Form::Key, Some(Form::LabelValue)),
        ("kubernetes.taskmanager.annotations", Form::AnnotationKey, None),
    ],
];

/// Options of a role that are variables: the rest of the key is the variable's name.
const VARIABLES: [&str; 2] = ["containerized.master.env.", "containerized.taskmanager.env."];

/// Visits what the API server refuses of the labels, annotations, node selectors and variables that
/// the author's options give the pods.
pub fn check(subject: &Subject<'_>, mut visit: impl FnMut(String, &Words)) {
    let config = &subject.workload.config;
    for (role, _) in subject.roles_made_from_options() {
        let index = usize::from(role != Role::JobManager);
        for (option, key_form, value_form) in MAPS.get(index).into_iter().flatten() {
            for pair in map_entries(config, option) {
                let Some(place) = subject.written(pair.option, pair.entry) else { continue };
                let at = Place::ROOT;
                let at = at.field(option);
                let texts = [(&pair.key, Some(*key_form)), (&pair.value, *value_form)];
                let wrong = texts
                    .into_iter()
                    .find_map(|(text, form)| form.filter(|form| !form.fits(text)).zip(Some(text)));
                if let Some((form, text)) = wrong {
                    visit(
                        place.to_owned(),
                        &Words::of(Fault::Malformed(text, form), &at, "").about(pair.option),
                    );
                }
            }
        }
        let Some(prefix) = VARIABLES.get(index) else { continue };
        for (key, entry) in config.under(prefix) {
            let name = key.strip_prefix(prefix).unwrap_or_default();
            if !Form::NewVariable.fits(name)
                && let Some(place) = subject.written(key, entry)
            {
                let at = Place::ROOT;
                let at = at.field(key);
                let fault = Fault::Malformed(name, Form::NewVariable);
                visit(place.to_owned(), &Words::of(fault, &at, "").about(key));
            }
        }
    }
}
