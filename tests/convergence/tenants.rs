//! Random tenants: every field of the spec in FlinkTenant's definition, with values from
//! `tests/data/convergence/tenant.yaml`.

use super::manifests::read;
use super::seeded::Seeded;
use crate::tenant_schema;
use flinkgate::tenant::FlinkTenantSpec;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How many tenants of a hundred have a field.
const PER_CENT: usize = 35;

/// Values of a tenant's fields by the path of the field.
pub struct TenantFields(BTreeMap<String, Vec<Value>>);

impl TenantFields {
    /// Reads the values of all fields.
    pub fn load() -> Self {
        let mut fields: BTreeMap<String, Vec<Value>> =
            serde_json::from_value(read("tests/data/convergence/tenant.yaml")).unwrap();
        let known = tenant_schema::fields();
        fields.retain(|path, _| known.contains(path));
        Self(fields)
    }

    /// The fields of a tenant that have no values.
    pub fn missing(&self) -> Vec<String> {
        tenant_schema::fields()
            .into_iter()
            .filter(|path| !path.starts_with("namespaces.") && !self.0.contains_key(path))
            .collect()
    }

    /// A random tenant that owns every namespace.
    pub fn any(&self, dice: &mut Seeded) -> (Value, FlinkTenantSpec) {
        let mut spec = json!({"namespaces": {"names": ["*"]}});
        for (path, values) in &self.0 {
            if dice.below(100) < PER_CENT {
                let value = values[dice.below(values.len())].clone();
                let place = path.split('.').fold(&mut spec, |spec, field| &mut spec[field]);
                *place = value;
            }
        }
        // A volume needs its claim.
        if let Some(volume) = spec.pointer_mut("/storage/checkpoints/volume") {
            let claim = volume
                .as_object_mut()
                .unwrap()
                .entry("claimName")
                .or_insert_with(|| json!("{cluster}-state"));
            assert!(claim.is_string());
        }
        let parsed = serde_json::from_value(spec.clone())
            .unwrap_or_else(|error| panic!("{error}: {spec:#}"));
        (spec, parsed)
    }
}
