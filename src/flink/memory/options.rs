//! The memory options, read as Flink does.

use super::arithmetic::share;
use super::java::{double_text, parse_float, parse_int};
use super::refusal::{Fault, Refusal, shown};
use crate::flink::config::FlinkConfig;
use crate::flink::memory_size::{human_readable, parse_memory_size};
use crate::flink::version::FlinkVersion;
use std::borrow::Cow;

/// An option that holds a size.
pub(super) struct SizeOption {
    /// Its name and its deprecated names.
    pub keys: &'static [&'static str],
    /// Its default in bytes; `None` if Flink derives it.
    pub default: Option<u64>,
}

/// A share and its limits.
pub(super) struct RangeOptions {
    /// Minimum.
    pub min: SizeOption,
    /// Maximum.
    pub max: SizeOption,
    /// Name and deprecated names of the share.
    pub fraction: &'static [&'static str],
    /// The share's default.
    pub default: f32,
}

/// A mebibyte.
pub(super) const MIB: u64 = 1 << 20;

/// An option without a default.
pub(super) const fn derived(keys: &'static [&'static str]) -> SizeOption {
    SizeOption { keys, default: None }
}

/// An option with a default in bytes.
pub(super) const fn size(keys: &'static [&'static str], default: u64) -> SizeOption {
    SizeOption { keys, default: Some(default) }
}

/// The name of an option with these names.
pub(super) fn name(keys: &'static [&'static str]) -> &'static str {
    keys.first().copied().unwrap_or_default()
}

/// The configuration as one role's process reads it.
pub(super) struct Reader<'a> {
    config: Cow<'a, FlinkConfig>,
    /// The version; if it is unknown, 1.20, which reads every name.
    pub version: FlinkVersion,
    /// An option and the legacy option that replaces it if it is unset.
    stand_in: Option<(&'static str, &'static str)>,
    /// An option under its written name, and the size to try instead.
    trial: Option<(String, u64)>,
}

impl<'a> Reader<'a> {
    /// Reads `config` as the given version does.
    pub fn new(config: &'a FlinkConfig, version: Option<FlinkVersion>) -> Self {
        Self {
            config: Cow::Borrowed(config),
            version: version.unwrap_or(FlinkVersion::new(1, 20)),
            stand_in: None,
            trial: None,
        }
    }

    /// Uses Flink 1.x's `heap.size` or `heap.mb` (`legacy`) for `target` if that is not set.
    pub fn with_legacy_heap(
        mut self,
        legacy: [&'static str; 2],
        target: &SizeOption,
    ) -> Result<Self, Refusal> {
        let [heap, heap_mb] = legacy;
        if !self.is_one_x() || self.is_set(target.keys) {
            return Ok(self);
        }
        let (key, bytes) = if let Some(value) = self.config.get(heap) {
            (heap, size_of(value, heap, heap)?)
        } else if let Some(mebibytes) = self.int(heap_mb)? {
            let message = || {
                format!(
                    "Configured total process memory size ({mebibytes}MB) must not be less than 0."
                )
            };
            let negative = |_| {
                Refusal::new(
                    Fault::Contradiction,
                    message(),
                    format!("`{heap_mb}` is negative"),
                    heap_mb,
                )
            };
            (heap_mb, u64::try_from(mebibytes).map_err(negative)? * MIB)
        } else {
            return Ok(self);
        };
        self.config.to_mut().set(name(target.keys), bytes.to_string(), None);
        self.stand_in = Some((name(target.keys), key));
        Ok(self)
    }

    /// Whether this is Flink 1.x.
    pub fn is_one_x(&self) -> bool {
        self.version.major < 2
    }

    /// Whether an option is set under any of its names.
    pub fn is_set(&self, keys: &[&str]) -> bool {
        self.config.first(keys).is_some()
    }

    /// The name under which an option is written, or else its current name.
    pub fn written(&self, keys: &'static [&'static str]) -> String {
        self.written_as(keys).into()
    }

    fn written_as(&self, keys: &'static [&'static str]) -> &str {
        let key = self.config.first(keys).map_or(name(keys), |(key, _)| key);
        match self.stand_in {
            Some((target, legacy)) if target == key => legacy,
            _ => key,
        }
    }

    /// The option with this prefix that has the largest size.
    pub fn largest(&self, prefix: &str) -> Option<String> {
        let sizes = self.config.iter().filter(|(key, _)| key.starts_with(prefix));
        let sizes =
            sizes.filter_map(|(key, entry)| Some((parse_memory_size(&entry.value).ok()?, key)));
        sizes.max().map(|(_, key)| key.to_owned())
    }

    /// Replaces the value of an option, given by its written name, to test another size.
    pub fn try_size(&mut self, option: &str, bytes: u64) {
        match &mut self.trial {
            Some((trial, size)) if trial == option => *size = bytes,
            trial => *trial = Some((option.to_owned(), bytes)),
        }
    }

    /// Reads a size.
    pub fn size(&self, option: &SizeOption) -> Result<u64, Refusal> {
        if let Some((trial, size)) = &self.trial
            && self.written_as(option.keys) == trial
        {
            return Ok(*size);
        }
        match (self.config.first(option.keys), option.default) {
            (Some((_, entry)), _) => {
                size_of(&entry.value, name(option.keys), self.written_as(option.keys))
            }
            (None, Some(default)) => Ok(default),
            (None, None) => {
                let name = name(option.keys);
                Err(Refusal::new(
                    Fault::Missing,
                    cannot_read(name),
                    format!("`{name}` is not set"),
                    name,
                ))
            }
        }
    }

    /// Reads a size for which Flink's message does not name the option.
    pub fn plain_size(&self, option: &SizeOption) -> Result<u64, Refusal> {
        self.size(option).map_err(|refusal| match self.config.first(option.keys) {
            Some((_, entry)) => could_not_parse(&entry.value, name(option.keys), &refusal.option),
            None => refusal,
        })
    }

    /// Reads a whole number.
    pub fn int(&self, key: &'static str) -> Result<Option<i32>, Refusal> {
        let Some(value) = self.config.get(key) else { return Ok(None) };
        parse_int(value).map(Some).ok_or_else(|| could_not_parse(value, key, key))
    }

    /// Reads a share with its limits, which must not contradict each other.
    pub fn range(&self, options: &RangeOptions) -> Result<Range, Refusal> {
        let (min, max) = (self.size(&options.min)?, self.size(&options.max)?);
        let fraction = match self.config.first(options.fraction) {
            Some((key, entry)) => parse_float(&entry.value)
                .ok_or_else(|| could_not_parse(&entry.value, name(options.fraction), key))?,
            None => options.default,
        };
        let in_range = (0.0..1.0).contains(&fraction);
        if min <= max && in_range {
            return Ok(Range { min, max, fraction: f64::from(fraction) });
        }
        let message = format!(
            "Inconsistently configured {} ({}) and its min ({}), max ({}) value",
            described(options.fraction, &double_text(shortest(options.default))),
            double_text(f64::from(fraction)),
            human_readable(min),
            human_readable(max)
        );
        let culprit = match in_range {
            false => options.fraction,
            true if self.is_set(options.max.keys) => options.max.keys,
            true => options.min.keys,
        };
        let culprit = self.written(culprit);
        let problem = if in_range {
            format!(
                "`{culprit}` sets the minimum ({}) above the maximum ({})",
                shown(min),
                shown(max)
            )
        } else {
            format!(
                "`{culprit}` is {}, but must be at least 0 and below 1",
                double_text(f64::from(fraction))
            )
        };
        Err(Refusal::new(Fault::Contradiction, message, problem, culprit))
    }
}

/// A float as the double with the same decimal text: 0.1 and not 0.10000000149011612.
fn shortest(float: f32) -> f64 {
    float.to_string().parse().unwrap_or_default()
}

fn size_of(value: &str, key: &str, written: &str) -> Result<u64, Refusal> {
    parse_memory_size(value).map_err(|cause| {
        Refusal::new(
            Fault::Unreadable,
            format!("{} Caused by: {cause}", cannot_read(key)),
            format!("`{written}`: {cause}"),
            written,
        )
    })
}

fn cannot_read(key: &str) -> String {
    format!("Cannot read memory size from config option '{key}'.")
}

/// The refusal of a value that is not a number.
pub(super) fn could_not_parse(value: &str, key: &str, written: &str) -> Refusal {
    let value: String = value.chars().take(64).collect();
    let message = format!("Could not parse value '{value}' for key '{key}'.");
    Refusal::new(
        Fault::Unreadable,
        message,
        format!("`{written}` is `{value}`, which is not a number"),
        written,
    )
    .bare()
}

/// An option as in Flink's messages.
pub(super) fn described(keys: &'static [&'static str], default: &str) -> String {
    let fallbacks: Vec<String> =
        keys.iter().skip(1).map(|key| format!("{{key={key}, isDeprecated=true}}")).collect();
    format!(
        "Key: '{}' , default: {default} (fallback keys: [{}])",
        name(keys),
        fallbacks.join(", ")
    )
}

/// A share of some memory within limits.
pub(super) struct Range {
    /// Minimum.
    pub min: u64,
    /// Maximum.
    pub max: u64,
    fraction: f64,
}

impl Range {
    /// The share of a total.
    pub fn of(&self, whole: u64, option: &str) -> Result<u64, Refusal> {
        share(whole, self.fraction, option).map(|size| size.clamp(self.min, self.max))
    }

    /// The size to add to `rest` so that it is the share of their sum.
    pub fn on_top_of(&self, rest: u64, option: &str) -> Result<u64, Refusal> {
        share(rest, self.fraction / (1.0 - self.fraction), option)
            .map(|size| size.clamp(self.min, self.max))
    }

    /// Whether a size from another calculation is within the limits.
    pub fn contains(&self, size: u64) -> bool {
        (self.min..=self.max).contains(&size)
    }
}
