//! Random configurations: mostly such that Flink could start, spelled in every way that its users
//! know and some that they do not.

use crate::seeded::Seeded;
use crate::spellings::{
    double, few_cores, fraction, integer, part, pick, quantity, segment, total,
};
use std::collections::BTreeMap;
use std::fmt::Write;

/// What is asked about which options.
pub struct Question {
    pub about: &'static str,
    pub options: BTreeMap<&'static str, String>,
}

impl Question {
    /// As a line for `AskFlink`.
    pub fn line(&self) -> String {
        let mut line = self.about.to_owned();
        for (key, value) in &self.options {
            write!(line, "&{}={}", encoded(key), encoded(value)).unwrap();
        }
        line
    }
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// A key, how its values are made, and how often of a hundred it is there.
type Option_ = (&'static str, fn(&mut Seeded) -> String, usize);

const JOB_MANAGER: [Option_; 12] = [
    ("jobmanager.memory.process.size", total, 60),
    ("jobmanager.memory.flink.size", total, 25),
    ("jobmanager.memory.heap.size", part, 25),
    ("jobmanager.memory.off-heap.size", part, 20),
    ("jobmanager.memory.jvm-metaspace.size", part, 20),
    ("jobmanager.memory.jvm-overhead.min", part, 15),
    ("jobmanager.memory.jvm-overhead.max", part, 15),
    ("jobmanager.memory.jvm-overhead.fraction", fraction, 15),
    ("jobmanager.memory.enable-jvm-direct-memory-limit", |_| "true".into(), 5),
    ("jobmanager.heap.size", total, 10),
    ("jobmanager.heap.mb", integer, 10),
    ("taskmanager.memory.process.size", total, 5),
];

const TASK_MANAGER: [Option_; 25] = [
    ("taskmanager.memory.process.size", total, 60),
    ("taskmanager.memory.flink.size", total, 25),
    ("taskmanager.memory.task.heap.size", part, 25),
    ("taskmanager.memory.managed.size", part, 25),
    ("taskmanager.memory.size", part, 8),
    ("taskmanager.memory.managed.fraction", fraction, 15),
    ("taskmanager.memory.framework.heap.size", part, 12),
    ("taskmanager.memory.framework.off-heap.size", part, 12),
    ("taskmanager.memory.task.off-heap.size", part, 12),
    ("taskmanager.memory.network.min", part, 15),
    ("taskmanager.memory.network.max", part, 15),
    ("taskmanager.memory.network.fraction", fraction, 15),
    ("taskmanager.network.memory.min", part, 5),
    ("taskmanager.network.memory.max", part, 5),
    ("taskmanager.network.memory.fraction", fraction, 5),
    ("taskmanager.network.numberOfBuffers", integer, 12),
    ("taskmanager.memory.segment-size", segment, 10),
    ("taskmanager.memory.jvm-metaspace.size", part, 15),
    ("taskmanager.memory.jvm-overhead.min", part, 12),
    ("taskmanager.memory.jvm-overhead.max", part, 12),
    ("taskmanager.memory.jvm-overhead.fraction", fraction, 12),
    ("taskmanager.heap.size", total, 8),
    ("taskmanager.heap.mb", integer, 8),
    ("taskmanager.numberOfTaskSlots", integer, 10),
    ("jobmanager.memory.process.size", total, 5),
];

const CPU: [Option_; 4] = [
    ("taskmanager.cpu.cores", double, 40),
    ("kubernetes.taskmanager.cpu.amount", double, 40),
    ("kubernetes.taskmanager.cpu", double, 30),
    ("taskmanager.numberOfTaskSlots", integer, 60),
];

const SLOTS: [Option_; 1] = [("taskmanager.numberOfTaskSlots", integer, 95)];

const SEGMENT: [Option_; 1] = [("taskmanager.memory.segment-size", segment, 98)];

/// The last three are only asked with values that are read: what is not is told as an invalid
/// value, of which this is no test.
const LIMITS: [Option_; 9] = [
    ("taskmanager.memory.process.size", |random| format!("{}m", 1200 + random.below(4000)), 100),
    ("taskmanager.numberOfTaskSlots", |random| (1 + random.below(5)).to_string(), 70),
    ("kubernetes.taskmanager.cpu.amount", few_cores, 60),
    ("slotmanager.number-of-slots.min", |random| random.below(12).to_string(), 35),
    ("slotmanager.number-of-slots.max", |random| random.below(30).to_string(), 40),
    ("slotmanager.min-total-resource.cpu", few_cores, 20),
    (
        "slotmanager.max-total-resource.cpu",
        |random| format!("{}.{}", random.below(20), random.below(10)),
        30,
    ),
    ("slotmanager.min-total-resource.memory", |random| format!("{}m", random.below(9000)), 20),
    ("slotmanager.max-total-resource.memory", |random| format!("{}m", random.below(30_000)), 30),
];

const GPU: [Option_; 7] = [
    ("taskmanager.memory.process.size", |_| "2g".into(), 100),
    (
        "external-resources",
        |random| {
            pick(
                random,
                &["gpu", "gpu;fpga", "fpga", "none", "gpu;gpu", " gpu ; fpga ", "gpu,fpga", "GPU"],
            )
        },
        90,
    ),
    (
        "external-resource.gpu.amount",
        |random| pick(random, &["1", "2", "0", "-1", "+3", "007", "1000000"]),
        85,
    ),
    (
        "external-resource.gpu.kubernetes.config-key",
        |random| pick(random, &["nvidia.com/gpu", "amd.com/gpu"]),
        85,
    ),
    ("external-resource.fpga.amount", |random| pick(random, &["1", "4"]), 70),
    (
        "external-resource.fpga.kubernetes.config-key",
        |random| pick(random, &["intel.com/fpga"]),
        70,
    ),
    ("external-resource.gpu.driver-factory.class", |_| "x.Y".into(), 20),
];

const FACTORS: [Option_; 5] = [
    ("taskmanager.memory.process.size", |random| format!("{}m", 1200 + random.below(4000)), 100),
    ("taskmanager.cpu.cores", few_cores, 50),
    ("kubernetes.taskmanager.cpu.amount", few_cores, 50),
    (
        "kubernetes.taskmanager.cpu.limit-factor",
        |random| {
            pick(random, &["1", "1.0", "1.5", "2", "0.99", "0", "-1", "1e1", "0x1p1", "NaN", " 3 "])
        },
        60,
    ),
    (
        "kubernetes.taskmanager.memory.limit-factor",
        |random| pick(random, &["1", "1.1", "1.5", "1.05f", "0.5", "2.25"]),
        60,
    ),
];

const FIELD: [Option_; 1] = [("memory", quantity, 100)];

const QUESTIONS: [(&str, &[Option_], usize); 11] = [
    ("jm", &JOB_MANAGER, 22),
    ("jm-script", &JOB_MANAGER, 8),
    ("tm", &TASK_MANAGER, 32),
    ("tm-script", &TASK_MANAGER, 8),
    ("cpu", &CPU, 8),
    ("slots", &SLOTS, 2),
    ("segment", &SEGMENT, 3),
    ("limits", &LIMITS, 9),
    ("gpu", &GPU, 4),
    ("factors", &FACTORS, 4),
    ("field", &FIELD, 6),
];

/// So many questions.
pub fn questions(count: usize, seed: u64) -> Vec<Question> {
    let mut random = Seeded(seed);
    (0..count).map(|_| question(&mut random)).collect()
}

fn question(random: &mut Seeded) -> Question {
    let mut left = random.below(QUESTIONS.iter().map(|(_, _, weight)| weight).sum());
    let (about, options, _) = QUESTIONS
        .iter()
        .find(|(_, _, weight)| match left.checked_sub(*weight) {
            Some(rest) => {
                left = rest;
                false
            }
            None => true,
        })
        .unwrap();
    // Few options are more likely to go together than many.
    let share = 40 + random.below(80);
    let mut chosen = BTreeMap::new();
    for (key, value, often) in *options {
        let often = if *often == 100 { 100 } else { often * share / 100 };
        if random.below(100) < often {
            chosen.insert(*key, value(random));
        }
    }
    Question { about, options: chosen }
}
