//! Values of single fields and options.

use flinkgate::flink::image::{ImageRef, glob, untagged};
use flinkgate::flink::memory_size::{human_readable, parse_memory_size, parse_resource_memory};
use flinkgate::flink::operator::excluded_periods::is_period;
use flinkgate::flink::values::{self, ValueType};
use flinkgate::flink::version::FlinkVersion;
use flinkgate::resource::quantity::Quantity;

const TYPES: [ValueType; 13] = [
    ValueType::Boolean,
    ValueType::Integer,
    ValueType::Long,
    ValueType::Float,
    ValueType::Double,
    ValueType::Text,
    ValueType::Duration,
    ValueType::MemorySize,
    ValueType::Enum,
    ValueType::List,
    ValueType::EnumList,
    ValueType::Map,
    ValueType::MapList,
];

/// Values of every type of option, in the versions that read them differently.
pub fn option_values(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    let mut is_read = false;
    for version in [FlinkVersion::new(1, 16), FlinkVersion::new(1, 20), FlinkVersion::new(2, 2)] {
        for kind in TYPES {
            let result = values::check(kind, "a|b", &text, version);
            is_read |= result.is_ok() && kind != ValueType::Text;
        }
        let duration = values::check(ValueType::Duration, "", &text, version);
        assert_eq!(duration.is_ok(), values::parse_duration(&text, version).is_some(), "{text}");
        let size = values::check(ValueType::MemorySize, "", &text, version);
        assert_eq!(size.is_ok(), parse_memory_size(&text).is_ok(), "{text}");
    }
    let maps = values::list_of_map_pairs(&text).len() + values::map_pairs(&text).len();
    assert!(maps <= 4 * text.len() + 4);
    assert!(values::list_elements(&text).len() <= text.len() + 1);
    let _ = is_period(&text);
    let _ = (FlinkVersion::parse(&text), FlinkVersion::parse_release(&text));
    is_read
}

/// References of images: they match patterns made of their own parts.
pub fn images(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    let bare = untagged(&text);
    assert!(text.starts_with(bare));
    assert!(glob("*", &text) && glob(&format!("{text}*"), &text) || text.contains('*'), "{text}");
    let Some(image) = ImageRef::parse(&text) else { return false };
    assert!(image.matches("*"), "{text}");
    assert!(image.matches(bare) && image.matches(&text), "{text}");
    // In lower case, some hosts are no longer recognised as such.
    if !image.registry.contains(['.', ':']) && image.registry != "localhost" {
        return true;
    }
    let name = format!("{}/{}", image.registry, image.repository);
    assert!(image.matches(&name), "{text}");
    assert!(image.matches(&format!("{}/*", image.registry)), "{text}");
    // A longer host is another one.
    assert!(!image.matches(&format!("x{name}")), "{text}");
    let canonical = match (image.tag, image.digest) {
        (_, Some(digest)) => format!("{name}@{digest}"),
        (Some(tag), None) => format!("{name}:{tag}"),
        (None, None) => name,
    };
    let again = ImageRef::parse(&canonical).unwrap_or_else(|| panic!("{text}: {canonical}"));
    assert_eq!((&again.registry, &again.repository), (&image.registry, &image.repository));
    assert_eq!(again.floating(), image.floating(), "{text}");
    true
}

/// Quantities: what is written and read again is the same, and sums are exact.
pub fn quantities(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    let Ok(quantity) = Quantity::parse(&text) else { return false };
    assert_eq!(Quantity::parse(&quantity.to_string()), Ok(quantity), "{text}");
    let _ = (quantity.as_cores_f64(), quantity.display_bytes(), quantity.checked_mul(u64::MAX));
    if let Some(twice) = quantity.checked_add(quantity) {
        assert_eq!(twice.checked_sub(quantity), Some(quantity), "{text}");
        assert_eq!(quantity.checked_mul(2), Some(twice), "{text}");
    }
    if !quantity.is_negative() {
        let units = quantity.units_ceil();
        let whole = Quantity::from_units(units);
        assert!(whole >= quantity || units >= i64::MAX as u64, "{text}");
    }
    true
}

/// Memory sizes of Flink and of its operator: bytes are read as they are.
pub fn memory_sizes(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    let (flink, operator) = (parse_memory_size(&text), parse_resource_memory(&text));
    if let Ok(bytes) = &flink {
        assert_eq!(operator, flink, "{text}");
        assert_eq!(parse_memory_size(&format!(" {bytes} b ")), flink, "{text}");
    }
    if let Ok(bytes) = operator {
        assert_eq!(parse_memory_size(&bytes.to_string()), Ok(bytes), "{text}");
        assert!(human_readable(bytes).contains(&bytes.to_string()));
    }
    operator.is_ok()
}
