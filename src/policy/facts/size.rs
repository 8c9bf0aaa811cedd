//! `flink.size` and `flink.memory`: numbers as rules compare them.

use super::{object, path};
use crate::flink::Workload;
use regorus::Value;

/// `{problems: [{message, path}], …}`.
pub fn size(workload: &Workload) -> Value {
    let problems = workload.size.problems.iter();
    let problems =
        problems.map(|problem| object([("message", Value::from(problem.message.as_str())), ("path", Value::from(path(&problem.pointer)))]));
    object([("problems", Value::from(problems.collect::<Vec<_>>()))])
}
