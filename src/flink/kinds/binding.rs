//! `v1 Binding`: the request of a scheduler that puts a pod on a node. It runs nothing by itself; a
//! rule judges who sends it.

use crate::flink::{FlinkContext, Workload};
use crate::resource::Resource;
use serde_json::Value;

pub(crate) fn lower(_: &Resource, _: &Value, _: &FlinkContext) -> Workload {
    Workload::default()
}
