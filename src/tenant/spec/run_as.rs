//! `spec.security.runAs`: what Flink's containers run as.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// User and group `flink` of Flink's official images.
const FLINK_ID: i64 = 9999;

/// The largest id of a user or group that Kubernetes accepts.
pub const MAX_ID: i64 = i32::MAX as i64;

/// The word that leaves users and groups to the image and the cluster.
const NONE: &str = "none";

/// What Flink's containers run as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub enum RunAs {
    /// What the image and the cluster say: OpenShift gives each namespace a range of its own.
    Image,
    /// These ids.
    Ids(Ids),
}

/// The ids of a container and of its volumes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ids {
    /// The user; the image's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<i64>,
    /// The group; the image's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<i64>,
    /// The group that owns the pod's volumes; the group, or else the user, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fs_group: Option<i64>,
}

impl RunAs {
    /// The ids of a tenant's setting. Volumes have a group wherever any id is known: Flink could not
    /// write its state otherwise.
    pub fn ids(setting: Option<Self>) -> Ids {
        match setting {
            None => Ids { user: Some(FLINK_ID), group: Some(FLINK_ID), fs_group: Some(FLINK_ID) },
            Some(Self::Image) => Ids::default(),
            Some(Self::Ids(ids)) => {
                Ids { fs_group: ids.fs_group.or(ids.group).or(ids.user), ..ids }
            }
        }
    }
}

/// A value that is neither the word nor ids.
#[derive(Debug, thiserror::Error)]
pub enum RunAsError {
    /// Another type, or another word.
    #[error(
        "`{0}` is not what containers can run as: write `none`, or `user`, `group` and `fsGroup`"
    )]
    Other(Value),
    /// A field that does not exist, or has another type.
    #[error(transparent)]
    Field(#[from] serde_json::Error),
}

impl TryFrom<Value> for RunAs {
    type Error = RunAsError;

    fn try_from(value: Value) -> Result<Self, RunAsError> {
        match value {
            Value::String(word) if word == NONE => Ok(Self::Image),
            Value::Object(_) => Ok(Self::Ids(serde_json::from_value(value)?)),
            other => Err(RunAsError::Other(other)),
        }
    }
}

impl From<RunAs> for Value {
    fn from(run_as: RunAs) -> Self {
        let RunAs::Ids(Ids { user, group, fs_group }) = run_as else { return NONE.into() };
        let fields = [("user", user), ("group", group), ("fsGroup", fs_group)];
        let given = fields.into_iter().filter_map(|(name, id)| Some((name.to_owned(), id?.into())));
        Self::Object(given.collect::<Map<_, _>>())
    }
}

impl JsonSchema for RunAs {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RunAs".into()
    }

    // A structural schema has no type for a word or an object. The webhook checks the rest.
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let id = |description: &str| json!({"type": "integer", "format": "int64", "minimum": 0, "maximum": MAX_ID, "description": description});
        schemars::json_schema!({
            "x-kubernetes-preserve-unknown-fields": true,
            "example": NONE,
            "properties": {
                "user": id("The user; the image's when absent."),
                "group": id("The group; the image's when absent."),
                "fsGroup": id("The group that owns the pod's volumes; the group, or else the user, when absent.")
            }
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_word_and_ids() {
        let read = |value: Value| serde_json::from_value::<RunAs>(value);
        for value in [
            json!("none"),
            json!({}),
            json!({"user": 185}),
            json!({"user": 1, "group": 0, "fsGroup": 3}),
        ] {
            assert_eq!(serde_json::to_value(read(value.clone()).unwrap()).unwrap(), value);
        }
        for value in
            [json!("None"), json!(9999), json!(null), json!({"uid": 1}), json!({"user": "1"})]
        {
            assert!(read(value.clone()).is_err(), "{value}");
        }
    }

    #[test]
    fn volumes_have_a_group_where_any_id_is_known() {
        let group =
            |value: Value| RunAs::ids(Some(serde_json::from_value(value).unwrap())).fs_group;
        assert_eq!(RunAs::ids(None).fs_group, Some(9999));
        assert_eq!(group(json!({"user": 185})), Some(185));
        assert_eq!(group(json!({"user": 185, "group": 0})), Some(0));
        assert_eq!(group(json!({"user": 185, "fsGroup": 7})), Some(7));
        assert_eq!(group(json!("none")), None);
    }
}
