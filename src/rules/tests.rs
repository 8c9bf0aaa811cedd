//! What holds for every built-in rule. Their examples are run by `tests/rules_end_to_end.rs`.

use super::notices::NOTICES;
use super::{Documentation, RULES, all, documentation};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Words that a reader whose first language is not English has to look up or read twice.
const OLD_WORDS: [&str; 14] = [
    "anew",
    "beside",
    "for ever",
    "goes before",
    "grave",
    "lies in",
    "nobody",
    "shall",
    "somebody",
    "stands",
    "thereof",
    "told",
    "whoever",
    "whose a",
];

/// A file of the checkout.
fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn every_rule_is_in_the_file_of_its_id() {
    for (rule, documentation) in all().map(|rule| (rule, documentation_of(rule.id))) {
        let code = fs::read_to_string(file(&documentation.path)).expect(rule.id);
        assert!(code.contains(&format!("id: \"{}\",", rule.id)), "{}", documentation.path);
        assert!(code.starts_with(&format!("//! `{}`\n", rule.id)), "{}", documentation.path);
        let page = fs::read_to_string(file(&documentation.path).with_extension("md"));
        assert_eq!(page.expect(rule.id), rule.page, "{}", rule.id);
    }
}

#[test]
fn every_page_belongs_to_a_rule() {
    let known: BTreeSet<PathBuf> =
        all().map(|rule| file(&documentation_of(rule.id).path).with_extension("md")).collect();
    for family in fs::read_dir(file("src/rules")).unwrap().map(|entry| entry.unwrap().path()) {
        for page in fs::read_dir(&family).into_iter().flatten().map(|entry| entry.unwrap().path()) {
            let is_page = page.extension().is_some_and(|extension| extension == "md");
            assert!(!is_page || known.contains(&page), "{} has no rule", page.display());
        }
    }
}

#[test]
fn rules_of_a_family_are_sorted_by_id() {
    for family in RULES {
        assert!(family.is_sorted_by_key(|rule| rule.id), "{family:?}");
        assert!(family.windows(2).all(|pair| pair[0].family() == pair[1].family()), "{family:?}");
    }
    let families = RULES.iter().filter_map(|family| family.first());
    assert!(families.is_sorted_by_key(|rule| rule.family()));
}

#[test]
fn notices_are_sorted_and_no_rules() {
    assert!(NOTICES.is_sorted_by_key(|notice| notice.id));
    for notice in NOTICES {
        assert!(all().all(|rule| rule.id != notice.id), "{}", notice.id);
    }
}

#[test]
fn every_tenant_field_is_in_the_schema() {
    let definition = serde_json::to_value(crate::tenant::crd::definition()).unwrap();
    let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    let spec = &schema["properties"]["spec"];
    assert!(spec["properties"].is_object());
    for rule in all() {
        for field in rule.tenant_fields {
            let found = field.split('.').fold(spec, |schema, name| &schema["properties"][name]);
            assert_ne!(*found, Value::Null, "{}: FlinkTenant has no field {field}", rule.id);
        }
        let distinct: BTreeSet<_> = rule.tenant_fields.iter().collect();
        assert_eq!(distinct.len(), rule.tenant_fields.len(), "{}", rule.id);
    }
}

#[test]
fn pages_use_plain_words() {
    let notices = NOTICES.iter().map(|notice| notice.documentation());
    for rule in documentation::built_in().iter().cloned().chain(notices) {
        let text = format!(
            " {}\n{}\n{} ",
            rule.title,
            rule.description,
            rule.help.as_deref().unwrap_or_default()
        );
        let text = text.to_lowercase().replace(|c: char| !c.is_alphanumeric(), " ");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in OLD_WORDS {
            let found = format!(" {text} ").contains(&format!(" {word} "));
            assert!(!found, "{}: write another word for {word:?} in its page", rule.id);
        }
    }
}

fn documentation_of(id: &str) -> &'static Documentation {
    documentation::built_in().iter().find(|rule| rule.id == id).unwrap()
}
